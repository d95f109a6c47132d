"""What a national code table is."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field

from xinglin.core.exact_json import Json


@dataclass(frozen=True, slots=True)
class Concept:
    """A code and its meaning; `en` is None where no sure English name is known.

    `confidence` is `read` (seen in a public copy of the standard) or `inferred`.
    """

    code: str
    zh: str
    en: str | None
    source: str
    confidence: str


@dataclass(frozen=True, slots=True)
class Target:
    """What a code is in an international code system (`equivalence`: FHIR ConceptMapEquivalence)."""

    system: str
    code: str
    equivalence: str
    source: str
    confidence: str

    def coding(self) -> Json:
        """Give the Coding, without a display."""
        return {"system": self.system, "code": self.code}


@dataclass(frozen=True, slots=True)
class CodeTable:
    """A code table in one edition (`edition` None: the sender declares none, and the editions differ).

    `concepts` is empty where the standard names the table but its codes could not be read. `complete` says
    whether all codes of the standard are here.
    """

    id: str
    edition: str | None
    title_zh: str
    title_en: str
    standard: str
    uri: str
    complete: bool
    source: str
    confidence: str
    note: str = ""
    concepts: Mapping[str, Concept] = field(default_factory=dict[str, Concept])
    targets: Mapping[str, Sequence[Target]] = field(default_factory=dict[str, Sequence[Target]])

    @property
    def width(self) -> int | None:
        """Give the number of characters that every code has; None where they differ."""
        widths = {len(code) for code in self.concepts}
        return widths.pop() if len(widths) == 1 else None

    def lookup(self, code: str) -> Concept | None:
        """Give what a code means; None where this edition doesn't know it."""
        return self.concepts.get(code)

    def coding(self, code: str) -> Json:
        """Give the Coding of a code as it was sent; a display only where the code is known."""
        made: Json = {"system": self.uri}
        if self.edition:
            made["version"] = self.edition
        made["code"] = code
        if concept := self.lookup(code):
            made["display"] = concept.zh
        return made

    def target(self, code: str, system: str) -> Target | None:
        """Give what a code is in the international `system`; None where nothing is known."""
        return next((one for one in self.targets.get(code, ()) if one.system == system), None)
