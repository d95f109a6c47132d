"""What is known of FHIR R4 and of the packages laid over it."""

from collections.abc import Iterable, Iterator, Mapping, Sequence
from functools import cache, cached_property, lru_cache
from pathlib import Path
from threading import RLock

import msgspec

from xinglin.core import exact_json
from xinglin.standards.definitions.pack import Pack
from xinglin.standards.definitions.snapshots import with_snapshot
from xinglin.standards.definitions.types import Json, TypeInfo, TypeModel

_R4_PACK = Path(__file__).parent / "data" / "fhir-r4-4.0.1.pack"
_TYPE_URL = "http://hl7.org/fhir/StructureDefinition/"
_R4_VERSION = "4.0.1"
_CACHED_BODIES = 64


class Definitions:
    """FHIR definitions from one or more packs; later packs win over earlier ones.

    Bodies are decoded on demand and shared: callers must not change them.
    """

    def __init__(self, packs: Sequence[Pack]) -> None:
        """Use `packs`, of which the first is the FHIR specification itself."""
        self.packs = tuple(packs)
        self._made: dict[str, Json | None] = {}
        self._making: set[str] = set()
        self._turn = RLock()
        self._body = lru_cache(maxsize=_CACHED_BODIES)(self._find)

    def with_packages(self, packs: Iterable[Path]) -> "Definitions":
        """Lay package packs (see `package_add`) over these definitions."""
        return Definitions([*self.packs, *(Pack(path) for path in packs)])

    def _find(self, kind: str, key: str) -> Json | None:
        for pack in reversed(self.packs):
            found = pack.get(kind, key)
            if found is not None:
                return found
        return None

    def _canonical(self, kind: str, url: str) -> Json | None:
        plain, _, version = url.partition("|")
        found = self._body(kind, plain)
        if found is not None and version and not _same_version(found.get("version", version), version):
            return None
        return found

    def structure(self, url_or_type: str) -> Json | None:
        """Give a StructureDefinition by canonical (`|version` allowed) or type name; None where unknown.

        One that came without a snapshot gets one where its base is known.
        """
        url = url_or_type if ":" in url_or_type else _TYPE_URL + url_or_type
        found = self._canonical("StructureDefinition", url)
        if found is None or "snapshot" in found:
            return found
        with self._turn:
            return self._complete(found["url"], found)

    def _complete(self, url: str, found: Json) -> Json:
        """Give `found` its snapshot; profiles that stand on each other in a circle stay without."""
        if url in self._making:
            return found
        if url not in self._made:
            self._making.add(url)
            try:
                self._made[url] = with_snapshot(found, self.structure)
            finally:
                self._making.discard(url)
        return self._made[url] or found

    def value_set(self, url: str) -> Json | None:
        """Give a ValueSet by canonical; None where unknown."""
        return self._canonical("ValueSet", url)

    def code_system(self, url: str) -> Json | None:
        """Give a CodeSystem by canonical; None where unknown."""
        return self._canonical("CodeSystem", url)

    def kind_of(self, canonical: str) -> str | None:
        """Say what resource type the definition of `canonical` is; None where it is unknown."""
        plain = canonical.partition("|")[0]
        for pack in reversed(self.packs):
            for kind in pack.kinds:
                if plain in pack.keys(kind):
                    return kind
        return None

    def urls(self, kind: str) -> Iterator[str]:
        """Give canonical URLs of one kind of definition ("ValueSet", …)."""
        seen: set[str] = set()
        for pack in self.packs:
            for key in pack.keys(kind):
                if key not in seen:
                    seen.add(key)
                    yield key

    def compartment(self, name: str) -> Json:
        """Give the CompartmentDefinition of `name` ("Patient", …). Raises KeyError where there is none."""
        found = self._body("CompartmentDefinition", name)
        if found is None:
            raise KeyError(name)
        return found

    @cached_property
    def types(self) -> Mapping[str, TypeInfo]:
        """Every type by name, backbone elements by path ("Observation.component")."""
        tables = [pack.raw("table", "types") or b"{}" for pack in self.packs]
        if len(tables) == 1:
            return TypeModel(tables[0])
        merged: dict[str, msgspec.Raw] = {}
        for table in tables:
            merged.update(msgspec.json.decode(table, type=dict[str, msgspec.Raw]))
        return TypeModel(msgspec.json.encode(merged))

    @cached_property
    def search_parameters(self) -> Sequence[Json]:
        """Every SearchParameter, compact."""
        by_url: dict[str, Json] = {}
        for pack in self.packs:
            text = pack.raw("table", "search-parameters")
            if text is not None:
                by_url.update((one["url"], one) for one in exact_json.loads(text))
        return tuple(by_url.values())

    @cached_property
    def resource_types(self) -> frozenset[str]:
        """Names of the concrete resource types."""
        tables: list[list[str]] = [pack.get("table", "resources") or [] for pack in self.packs]
        return frozenset(name for table in tables for name in table)

    def is_subtype(self, name: str, base: str) -> bool:
        """Whether type `name` is `base` or specialises it."""
        current: str | None = name
        while current is not None:
            if current == base:
                return True
            info = self.types.get(current)
            current = info.base if info else None
        return False


def _same_version(known: str, wanted: str) -> bool:
    """Compare versions as far as the one asked for goes: `4.0` means any 4.0.x.

    R4 itself binds to v3 value sets by `|4.0.1` though they bear versions of their own.
    """
    return wanted in {_R4_VERSION, known} or known.startswith(wanted + ".")


@cache
def r4() -> Definitions:
    """Give the FHIR R4 (4.0.1) specification alone; opened once a process."""
    return Definitions([Pack(_R4_PACK)])
