"""Where the hub got a record from, as one key beside the record: what `View.origins` is asked by.

A record says it in `meta.source`: `urn:xinglin:source:his:17#0.3` (a delivery of the source "his") or
`urn:xinglin:client:app-7` (a program). Records stored before this key was kept have none until they are
indexed again (`xinglin reindex --everything`).
"""

import re
from collections.abc import Iterable
from typing import Final

from xinglin.core.exact_json import Json
from xinglin.standards.search import keys

PREFIX: Final = "urn:xinglin:"
PLACE: Final = "Resource.meta.source(origin)"

_SOURCE: Final = re.compile(r"urn:xinglin:((?:source|client):[^:#]+)(?:[:#].*)?", re.DOTALL)


def origin_of(content: Json) -> str | None:
    """Give the origin of a record, such as "source:his" or "client:app-7"; None where it says none."""
    meta: object = content.get("meta")
    source = meta.get("source") if isinstance(meta, dict) else None  # pyright: ignore[reportUnknownMemberType, reportUnknownVariableType]
    found = _SOURCE.fullmatch(source) if isinstance(source, str) else None
    return found[1] if found else None


def origin_key(origin: str) -> int:
    """Give the key that records of an origin have."""
    return keys.uri(PREFIX + origin) ^ keys.salt(PLACE)


def origin_keys(origins: Iterable[str]) -> frozenset[int]:
    """Give the keys of several origins."""
    return frozenset(map(origin_key, origins))
