"""What is known while one message is read: its event, whom it is about, and the records made so far."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Final

from xinglin.core.exact_json import Json
from xinglin.standards.conversion import Fact, Mode, Origin
from xinglin.standards.hl7v2.message import Segment
from xinglin.standards.hl7v2.text import unescape

SEGMENT: Final = "urn:xinglin:hl7v2:segment"
"""Extension: a segment that isn't understood, whole."""
FIELD: Final = "urn:xinglin:hl7v2:"
"""Extensions `urn:xinglin:hl7v2:PID-27`: a field without a place in FHIR, or not understood, as written."""

LONGEST_STRING: Final = 1_000_000
"""Characters of a FHIR string at most (http://hl7.org/fhir/R4/datatypes.html#string); longer ones are cut."""


@dataclass(frozen=True, slots=True)
class Timing:
    """When and how much of a medicine: the field or segment that said it, its words, and what it means.

    `parallel`: the next timing goes on at the same time.
    """

    place: str
    words: str
    dosage: Json
    parallel: bool = False


_NUMBERED: Final = ("identifier[system,value]", "extension{url}")
_LISTS: Final = {
    "Patient": (*_NUMBERED, "link"),
    "Encounter": (*_NUMBERED, "participant{type}", "location{status}", "period", "hospitalization"),
    "DiagnosticReport": (*_NUMBERED, "result", "basedOn", "specimen"),
}
"""What is joined of records that messages tell in parts: a field that isn't sent changes nothing."""


class Made:
    """A record under construction."""

    __slots__ = ("gaps", "lists", "mode", "removed", "resource")

    def __init__(self, resource: Json, mode: Mode, lists: tuple[str, ...] = ()) -> None:
        """Begin with what is there."""
        self.resource = resource
        self.mode = mode
        self.lists = lists
        self.removed: tuple[str, ...] = ()
        self.gaps: tuple[str, ...] = ()


class Context:
    """One message's state."""

    def __init__(
        self,
        origin: Origin,
        event: Mapping[str, str],
        *,
        time: datetime | None,
        control: str,
        codec: str = "utf-8",
    ) -> None:
        """Begin a message whose MSH-10 is `control`."""
        self.origin = origin
        self.event = event
        self.time = time
        self.sent = time
        self.control = control
        self.codec = codec
        self.made: dict[tuple[str, str], Made] = {}
        self.unknown: dict[str, None] = {}
        self.references: dict[tuple[str, str], Json | None] = {}
        self.patient: Json | None = None
        self.encounter: Json | None = None
        self.order: Json | None = None
        self.request: Json | None = None
        self.report: Json | None = None
        self.document: Json | None = None
        self.owner: Json | None = None
        self.appointment: Json | None = None
        self.specimen: Json | None = None
        self.common: Segment | None = None
        self.merged_visit: Segment | None = None
        self.referral: Json | None = None
        self.person: Segment | None = None
        self.pending: list[Segment] = []
        self.homeless: list[Segment] = []
        self.timings: dict[str, list[Timing]] = {}
        self.results: dict[tuple[str, ...], int] = {}
        self.groups = 0

    @property
    def full(self) -> Mode:
        """How patient and visit are stated: as far as they are sent by events about them, else in passing.

        An empty field means no change (v2.8.2, 2.5.3), so that no message tells all that is known.
        """
        return Mode.MERGE if self.event["patient"] == "full" else Mode.MENTION

    def text(self, value: str) -> str:
        """Give a value without escape sequences and outer spaces; "" for the explicit null."""
        if value == '""':
            return ""
        return (unescape(value, self.codec) if "\\" in value else value).strip()

    def make(self, kind: str, *key: str, mode: Mode = Mode.FULL, lists: tuple[str, ...] = ()) -> Json:
        """Begin the record of type `kind` known by `key`; the same again where the message has it."""
        if mode is Mode.MERGE and not lists:
            lists = _LISTS.get(kind, _NUMBERED)
        name = self.origin.id(kind, *key)
        known = self.made.get((kind, name))
        if known is None:
            known = self.made[kind, name] = Made({"resourceType": kind, "id": name}, mode, lists)
        elif known.mode is Mode.MENTION and mode is not Mode.MENTION:
            known.mode, known.lists = mode, lists
        return known.resource

    def part(self, record: Json) -> Made | None:
        """Give what is known of a record that is told in part; None of others."""
        made = self.made.get((record.get("resourceType", ""), record.get("id", "")))
        return made if made and made.mode is Mode.MERGE else None

    def remove(self, record: Json, *paths: str) -> None:
        """Take elements away from what is known of a record that is told in part."""
        made = self.part(record)
        if made:
            made.removed += paths

    def guess(self, record: Json, *names: str) -> None:
        """Let elements that the sender didn't state, but FHIR demands, only fill gaps."""
        made = self.part(record)
        if made:
            made.gaps += names

    def note(self, what: str) -> None:
        """List something that is kept but not understood."""
        if len(self.unknown) < 100:
            self.unknown[what] = None

    def keep_field(self, record: Json, place: str, value: str) -> None:
        """Keep a field as written where FHIR has no place for it, or its value isn't understood."""
        text = value.strip()
        if text:
            _extend(record, FIELD + place, text)
            self.note(place)

    def keep_segment(self, segment: Segment) -> None:
        """Keep a segment that isn't understood, whole, on the record that the message is about."""
        record = self.owner or self.encounter or self.patient
        known = self.made.get((record["resourceType"], record["id"])) if record else None
        if record is None or (known and known.mode is Mode.MENTION):
            # What is only mentioned isn't stored where it is known already, and the segment with it.
            self.homeless.append(segment)
        else:
            _extend(record, SEGMENT, segment.text)
        self.note(segment.name)

    def house(self) -> None:
        """Put segments that have no record yet on the first that the message is about."""
        told = [one.resource for one in self.made.values() if one.mode is not Mode.MENTION]
        main = next(iter(told), None) or self.patient
        main = main or next((one.resource for one in self.made.values()), None)
        for segment in self.homeless if main is not None else ():
            _extend(main or {}, SEGMENT, segment.text)

    def facts(self) -> list[Fact]:
        """Give all records made."""
        return [
            Fact(one.resource, self.time, one.mode, one.lists, one.removed, one.gaps)
            for one in self.made.values()
        ]


def _extend(record: Json, url: str, text: str) -> None:
    known: list[Json] = record.setdefault("extension", [])
    for start in range(0, len(text), LONGEST_STRING):
        extension = {"url": url, "valueString": text[start : start + LONGEST_STRING]}
        if extension not in known:
            known.append(extension)


def reference(record: Json) -> Json:
    """Give a Reference to a record."""
    return {"reference": f"{record['resourceType']}/{record['id']}"}
