"""The words of terminology: concepts, systems that hold them, and a library that holds systems."""

from collections.abc import Mapping as ReadOnly
from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import NamedTuple, Protocol, cast

from xinglin.core.exact_json import Json


class Coded(NamedTuple):
    """A code and its system."""

    system: str
    code: str


@dataclass(frozen=True, slots=True)
class Designation:
    """Another name of a concept; `language` is BCP 47, empty where it isn't said."""

    value: str
    language: str = ""
    use: Json | None = None

    def as_json(self) -> Json:
        """Give the FHIR element."""
        made: Json = {"language": self.language} if self.language else {}
        if self.use:
            made["use"] = self.use
        return {**made, "value": self.value}


@dataclass(frozen=True, slots=True)
class Property:
    """A value of a concept's property; `kind` is the element's name, such as `valueCode`."""

    code: str
    kind: str
    value: object

    @property
    def text(self) -> str:
        """The value as filters see it; of a Coding, the code."""
        if isinstance(self.value, bool):
            return "true" if self.value else "false"
        if isinstance(self.value, dict):
            return str(cast("Json", self.value).get("code", ""))
        return str(self.value)


@dataclass(frozen=True, slots=True)
class Concept:
    """One concept of a code system. `parents` are codes of the same system."""

    code: str
    display: str = ""
    definition: str = ""
    designations: tuple[Designation, ...] = ()
    properties: tuple[Property, ...] = ()
    parents: tuple[str, ...] = ()

    def values(self, name: str) -> list[str]:
        """Give the values of property `name` as texts."""
        return [one.text for one in self.properties if one.code == name]

    @property
    def abstract(self) -> bool:
        """Whether the concept is a heading that isn't to be chosen."""
        return "true" in (*self.values("notSelectable"), *self.values("abstract"))

    @property
    def inactive(self) -> bool:
        """Whether the concept is no longer in use (http://hl7.org/fhir/R4/codesystem.html#status)."""
        return "true" in self.values("inactive") or bool(
            {"retired", "inactive", "entered-in-error"} & set(self.values("status"))
        )

    def name(self, language: str, own: str = "") -> str:
        """Give the name in `language` (empty: any); `own` is the language of `display`, where known."""
        if language and not _speaks(own, language):
            for one in self.designations:
                if _speaks(one.language, language):
                    return one.value
        return self.display


def _speaks(found: str, wanted: str) -> bool:
    """Tell whether `zh-CN` will do for somebody who wants `zh`, and the other way round."""
    return bool(found) and found.partition("-")[0].lower() == wanted.partition("-")[0].lower()


@dataclass(frozen=True, slots=True)
class Head:
    """What a CodeSystem says of itself."""

    url: str
    version: str = ""
    name: str = ""
    title: str = ""
    content: str = "complete"
    case_sensitive: bool = True
    hierarchy: str = ""
    language: str = ""
    properties: ReadOnly[str, Json] = field(default_factory=dict[str, Json])

    @classmethod
    def of(cls, resource: Json) -> "Head":
        """Read it from a CodeSystem."""
        return cls(
            url=resource.get("url", ""),
            version=resource.get("version", ""),
            name=resource.get("name", ""),
            title=resource.get("title", ""),
            content=resource.get("content", "complete"),
            case_sensitive=resource.get("caseSensitive", True),
            hierarchy=resource.get("hierarchyMeaning", ""),
            language=resource.get("language", ""),
            properties={one["code"]: one for one in resource.get("property", ()) if "code" in one},
        )


class Filter(NamedTuple):
    """A condition of a value set (http://hl7.org/fhir/R4/valueset-definitions.html#ValueSet.compose.include.filter)."""

    property: str
    op: str
    value: str


@dataclass(frozen=True, slots=True)
class Selection:
    """Which concepts of a system are wanted; every condition given must hold.

    `words` are what some name must begin with, as `lexemes.words_of` gives them.
    """

    filters: tuple[Filter, ...] = ()
    words: tuple[str, ...] = ()
    codes: tuple[str, ...] | None = None
    active: bool = False


@dataclass(frozen=True, slots=True)
class Selected:
    """A page of what was selected, and how many there are in all."""

    total: int
    concepts: Sequence[Concept]


class System(Protocol):
    """A code system whose concepts can be asked for."""

    @property
    def head(self) -> Head:
        """What it says of itself."""
        ...

    async def find(self, codes: Sequence[str]) -> ReadOnly[str, Concept]:
        """Give the concepts of those `codes` that exist, by the code as asked."""
        ...

    async def select(self, selection: Selection, offset: int, most: int) -> Selected:
        """Give concepts in the system's order. Raises BadFilter or NotListable."""
        ...

    async def children(self, code: str, /) -> Sequence[str]:
        """Give the codes right below `code`."""
        ...

    async def is_below(self, code: str, ancestor: str, /) -> bool:
        """Tell whether `code` is a descendant of `ancestor`, and not the same."""
        ...


@dataclass(frozen=True, slots=True)
class Mapping:
    """One line of a concept map; `target_code` is None where the source has no counterpart."""

    map_url: str
    source: Coded
    target_system: str
    target_code: str | None
    target_display: str
    equivalence: str
    products: tuple[Json, ...] = ()
    source_display: str = ""


@dataclass(frozen=True, slots=True)
class MapQuery:
    """Which concept maps are meant; empty: any. `source` and `target` are value sets."""

    url: str = ""
    version: str = ""
    source: str = ""
    target: str = ""


class Library(Protocol):
    """Knows code systems, value sets and concept maps."""

    async def system(self, url: str, version: str = "") -> System | None:
        """Give a code system, the newest where no version is said; None where it isn't known."""
        ...

    async def value_set(self, url: str, version: str = "") -> Json | None:
        """Give a ValueSet, the newest where no version is said; None where it isn't known."""
        ...

    async def maps(self, query: MapQuery) -> Sequence[Json]:
        """Give the ConceptMaps meant, without their elements' lines."""
        ...

    async def mappings(
        self, maps: Sequence[Json], codings: Sequence[Coded], *, reverse: bool
    ) -> Sequence[Mapping]:
        """Give the lines of `maps` that start (`reverse`: end) at one of `codings`."""
        ...
