"""What is known of a document while it is read."""

from dataclasses import dataclass, field

from xinglin.core.exact_json import Json
from xinglin.standards.cda.numbers import Number
from xinglin.standards.cda.tables import DocumentType
from xinglin.standards.cda.times import Stamp, read_time
from xinglin.standards.cda.xml import Node, attribute, children
from xinglin.standards.conversion import Fact, Mode, Origin


@dataclass(slots=True)
class Reading:
    """A document and what came of it so far: `facts`, and `words` on what wasn't understood.

    `key` identifies the document within the institution, `family` all its versions. `subject`, `encounter`
    and `custodian` are References.
    """

    root: Node
    origin: Origin
    type: DocumentType
    key: tuple[str, ...]
    family: tuple[str, ...]
    stamp: Stamp | None
    numbers: list[Number] = field(default_factory=list[Number])
    subject: Json = field(default_factory=dict[str, object])
    encounter: Json | None = None
    custodian: Json | None = None
    facts: list[Fact] = field(default_factory=list[Fact])
    words: dict[str, None] = field(default_factory=dict[str, None])
    kept: set[str] = field(default_factory=set[str])
    seen: dict[tuple[str, ...], int] = field(default_factory=dict[tuple[str, ...], int])

    def add(self, resource: Json, mode: Mode = Mode.FULL, lists: tuple[str, ...] = ()) -> Json:
        """Keep a record, and give a Reference to it. A record that is there already isn't doubled."""
        reference = {"reference": f"{resource['resourceType']}/{resource['id']}"}
        if reference["reference"] not in self.kept:
            self.kept.add(reference["reference"])
            self.facts.append(Fact(resource, self.stamp.moment if self.stamp else None, mode, lists))
        return reference

    def note(self, what: str) -> None:
        """Say, once, what was kept without being understood."""
        self.words[what] = None

    @property
    def unknown(self) -> list[str]:
        """Words on what wasn't understood."""
        return list(self.words)

    def id(self, kind: str, *key: str) -> str:
        """Give the id of a record that belongs to this document; the same key again gives another id.

        Versions of one document share it, so that a corrected item takes the place of the first.
        """
        whole = (kind, *self.family, *key)
        self.seen[whole] = self.seen.get(whole, 0) + 1
        return self.origin.id(*whole, str(self.seen[whole]))

    def time(self, node: Node | None, name: str = "value") -> Stamp | None:
        """Read a TS; one that can't be read is noted."""
        text = attribute(node, name)
        found = read_time(text, self.origin.zone)
        if text and found is None:
            self.note(f"time of {len(text)} characters")
        return found

    def period(self, node: Node | None) -> Json | None:
        """Read an IVL_TS as a Period; a single time is its start."""
        starts = [self.time(one) for one in children(node, "low")] or [self.time(node)]
        ends = [self.time(one) for one in children(node, "high")]
        start, end = next(iter(starts), None), next(iter(ends), None)
        parts = {"start": start.text if start else None, "end": end.text if end else None}
        if start and end and start.moment > end.moment:
            self.note("period that ends before it starts")
            return None
        return {name: part for name, part in parts.items() if part} or None
