"""What comes with Xinglin and is kept in memory.

The FHIR specification's systems, sets and maps, those of packages, UCUM and its kin, and the code tables of
Chinese data sets.
"""

from collections.abc import Callable, Iterable, Mapping, Sequence
from functools import cached_property

from xinglin.core.exact_json import Json
from xinglin.standards.definitions import Definitions, r4
from xinglin.standards.terminology import reading
from xinglin.standards.terminology.lexemes import natural
from xinglin.standards.terminology.memory import GrammarSystem, MemorySystem
from xinglin.standards.terminology.model import Coded, MapQuery, System
from xinglin.standards.terminology.model import Mapping as MapLine
from xinglin.standards.validation.terminology import GRAMMARS

TITLES = {
    "urn:ietf:bcp:47": "Languages (BCP 47)",
    "urn:ietf:bcp:13": "MIME types (BCP 13)",
    "urn:iso:std:iso:4217": "Currencies (ISO 4217)",
    "http://unitsofmeasure.org": "UCUM",
}


class BuiltIn:
    """A library in memory: `definitions` and further resources, which win over them."""

    def __init__(
        self,
        definitions: Definitions | None = None,
        resources: Callable[[], Iterable[Json]] = lambda: (),
    ) -> None:
        """Know `definitions` (R4's own if None) and `resources`: CodeSystems, ValueSets, ConceptMaps.

        The latter are read when something is first asked.
        """
        self._definitions = definitions or r4()
        self._resources = resources
        self._systems: dict[str, System] = {
            url: GrammarSystem(url, TITLES.get(url, url), good) for url, good in GRAMMARS.items()
        }

    @cached_property
    def _given(self) -> Mapping[tuple[str, str], Sequence[Json]]:
        found: dict[tuple[str, str], list[Json]] = {}
        for one in self._resources():
            found.setdefault((one["resourceType"], one.get("url", "")), []).append(one)
        for editions in found.values():
            editions.sort(key=lambda one: natural(one.get("version", "")))
        return found

    def _newest(self, kind: str, url: str, version: str) -> Json | None:
        editions = self._given.get((kind, url), ())
        return next((one for one in reversed(editions) if version in {"", one.get("version", "")}), None)

    def code_systems(self) -> list[Json]:
        """Give the code systems laid over the definitions, for a list."""
        return [one for (kind, _), every in self._given.items() if kind == "CodeSystem" for one in every]

    async def system(self, url: str, version: str = "") -> System | None:
        """Give a code system, the newest edition where no version is said; None where it isn't known."""
        canonical = f"{url}|{version}" if version else url
        if canonical in self._systems:
            return self._systems[canonical]
        resource = self._newest("CodeSystem", url, version) or self._definitions.code_system(canonical)
        if resource is None or not resource.get("concept"):
            return None
        # Only what exists is kept, so that questions about any number of unknown systems cost no memory.
        found = self._systems[canonical] = MemorySystem(resource)
        return found

    async def value_set(self, url: str, version: str = "") -> Json | None:
        """Give a ValueSet; None where it isn't known, or not in that version."""
        canonical = f"{url}|{version}" if version else url
        return self._newest("ValueSet", url, version) or self._definitions.value_set(canonical)

    @cached_property
    def _maps(self) -> list[Json]:
        bodies = [
            pack.get("ConceptMap", key) for pack in self._definitions.packs for key in pack.keys("ConceptMap")
        ]
        given = [every[-1] for (kind, _), every in self._given.items() if kind == "ConceptMap"]
        return bodies + given

    @cached_property
    def _lines(self) -> Mapping[int, list[MapLine]]:
        return {id(one): list(reading.mappings_of(one)) for one in self._maps}

    async def maps(self, query: MapQuery) -> Sequence[Json]:
        """Give the ConceptMaps meant."""
        return [one for one in self._maps if is_meant(one, query)]

    async def mappings(
        self, maps: Sequence[Json], codings: Sequence[Coded], *, reverse: bool
    ) -> Sequence[MapLine]:
        """Give the lines of `maps` that start (`reverse`: end) at one of `codings`."""
        wanted = set(codings)
        return [
            line
            for one in maps
            for line in (self._lines.get(id(one)) or reading.mappings_of(one))
            if (Coded(line.target_system, line.target_code or "") if reverse else line.source) in wanted
        ]


def is_meant(resource: Json, query: MapQuery) -> bool:
    """Tell whether a ConceptMap is one that `query` means."""
    source = resource.get("sourceUri") or resource.get("sourceCanonical") or ""
    target = resource.get("targetUri") or resource.get("targetCanonical") or ""
    return (
        query.url in {"", resource.get("url")}
        and query.version in {"", resource.get("version", "")}
        and query.source in {"", source, source.partition("|")[0]}
        and query.target in {"", target, target.partition("|")[0]}
    )
