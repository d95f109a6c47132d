"""Which of two versions of a record is the later one: the source's time decides, then the order of arrival.

A record from intake says where it came from: `meta.source` is `urn:xinglin:source:<source>:<delivery>#<item>`
(in an archive `#<file>.<item>`), the extension SOURCE_TIME of `meta` is the time its source gives for it, and
the tag MENTIONED marks records that are known from mention in passing only.
"""

import re
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any, Final, cast

from xinglin.core.exact_json import Json, dumps
from xinglin.standards.confidentiality import without_labels
from xinglin.standards.conversion import Fact, Mode

SOURCE_TIME: Final = "urn:xinglin:source-time"
TAGS: Final = "urn:xinglin:tag"
MENTIONED: Final[Json] = {"system": TAGS, "code": "mentioned"}

_SOURCE = re.compile(
    r"urn:xinglin:source:(?P<source>[^:#]+):(?P<delivery>\d+)#(?:(?P<file>\d+)\.)?(?P<item>\d+)"
)


@dataclass(frozen=True, slots=True)
class Stamp:
    """Where a version of a record came from."""

    source: str
    delivery: int = 0
    file: int = 0
    item: int = 0
    time: datetime | None = None
    mentioned: bool = False

    def later_than(self, other: "Stamp") -> bool:
        """Tell whether this is the later state; full knowledge is later than mention at any time."""
        if self.mentioned != other.mentioned:
            return other.mentioned
        if self.time and other.time and self.time != other.time:
            return self.time > other.time
        return self.arrival >= other.arrival

    @property
    def arrival(self) -> tuple[int, int, int]:
        """The order of arrival."""
        return (self.delivery, self.file, self.item)

    def of(self, fact: Fact) -> "Stamp":
        """Give the stamp of a fact that came at this place."""
        return Stamp(self.source, *self.arrival, fact.time, fact.mode is Mode.MENTION)


def stamped(resource: Json, stamp: Stamp) -> Json:
    """Give the resource saying where it came from."""
    meta = _bare_meta(resource.get("meta", {}))
    place = f"{stamp.file}.{stamp.item}" if stamp.file else f"{stamp.item}"
    meta["source"] = f"urn:xinglin:source:{stamp.source}:{stamp.delivery}#{place}"
    if stamp.time is not None:
        meta["extension"] = [
            *meta.get("extension", ()),
            {"url": SOURCE_TIME, "valueInstant": _exactly(stamp.time)},
        ]
    if stamp.mentioned:
        meta["tag"] = [*meta.get("tag", ()), MENTIONED]
    return resource | {"meta": meta}


def stamp_of(content: Json) -> Stamp:
    """Read where a stored version came from; of one that didn't come by intake nothing is known but ""."""
    meta: Json = content.get("meta", {})
    source = meta.get("source")
    found = _SOURCE.fullmatch(source) if isinstance(source, str) else None
    times = [_moment(one) for one in _listed(meta, "extension") if _is_source_time(one)]
    time = times[0] if times else None
    mentioned = MENTIONED in _listed(meta, "tag")
    if found is None:
        return Stamp("", time=time, mentioned=mentioned)
    numbers = (int(found["delivery"]), int(found["file"] or 0), int(found["item"]))
    return Stamp(found["source"], *numbers, time, mentioned)


def said(content: Json) -> bytes:
    """Give what a record says apart from where it came from and its labels; equal texts say the same."""
    content = without_labels(content)
    meta = _bare_meta(content.get("meta", {}))
    head = {"resourceType": content["resourceType"], "id": content.get("id"), "meta": meta}
    return dumps(head | {name: value for name, value in content.items() if name not in head})


def _bare_meta(meta: Mapping[str, Any]) -> Json:
    bare = {
        n: v for n, v in meta.items() if n not in ("versionId", "lastUpdated", "source", "extension", "tag")
    }
    extensions = [one for one in _listed(meta, "extension") if not _is_source_time(one)]
    tags = [one for one in _listed(meta, "tag") if one != MENTIONED]
    return bare | ({"extension": extensions} if extensions else {}) | ({"tag": tags} if tags else {})


def _listed(meta: Mapping[str, Any], name: str) -> list[Any]:
    """Give an array; where a source's records aren't checked, anything may stand in its place."""
    value = meta.get(name, [])
    return cast("list[Any]", value) if isinstance(value, list) else [value]


def _is_source_time(extension: Any) -> bool:
    return isinstance(extension, dict) and cast("Json", extension).get("url") == SOURCE_TIME


def _exactly(moment: datetime) -> str:
    """Write an instant to the microsecond: two states within a millisecond have an order too."""
    return moment.astimezone(UTC).isoformat().replace("+00:00", "Z")


def _moment(extension: Json) -> datetime | None:
    try:
        moment = datetime.fromisoformat(str(extension.get("valueInstant")))
    except ValueError:
        return None
    return moment if moment.tzinfo else None
