"""FHIR systems for China: which URI means which identifier or code system (`data/systems.csv`).

Two OIDs exist for the resident identity number (the health authority's and HL7 China's): both are
understood, and `preferred` gives the one to write. An OID of a number that one institution gives (`local`)
names the sort of number, not who gave it, so two hospitals' numbers can be equal: never match by it alone.
"""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from functools import cache
from typing import Final, cast

from xinglin.core.exact_json import Json
from xinglin.core.tables import rows_of
from xinglin.standards.identifiers.faults import Fault
from xinglin.standards.identifiers.kinds import Kind
from xinglin.standards.identifiers.model import Identifier
from xinglin.standards.identifiers.schemes import SCHEMES

DOCUMENT_SYSTEM: Final = "urn:oid:2.16.156.10011.2.3.1.1"
"""Code system of identity document kinds (CV02.01.101, WS 364.3-2011)."""
_EDITION_2011: Final = "WS 364.3-2011"
_OID_ARC: Final = "2.16."


@dataclass(frozen=True, slots=True)
class System:
    """A URI and what it means: `kinds` of identifiers, the likeliest first, or the `standard` of codes."""

    uri: str
    kinds: tuple[Kind, ...]
    standard: str | None
    preferred: bool
    name_zh: str
    name_en: str
    source: str
    edition: str
    confidence: str


def _rows(name: str) -> Iterator[Mapping[str, str]]:
    return rows_of("xinglin.standards.identifiers", "data", name)


@cache
def systems() -> Mapping[str, System]:
    """Give the whole table by URI."""
    return {row["system"]: _system(row) for row in _rows("systems.csv")}


def _system(row: Mapping[str, str]) -> System:
    is_code = row["role"] == "code"
    return System(
        uri=row["system"],
        kinds=() if is_code else tuple(map(Kind, row["kind"].split())),
        standard=row["kind"] if is_code else None,
        preferred=row["preferred"] == "yes",
        name_zh=row["name_zh"],
        name_en=row["name_en"],
        source=row["source"],
        edition=row["edition"],
        confidence=row["confidence"],
    )


@cache
def _documents() -> Mapping[tuple[str, str], tuple[Kind, ...]]:
    return {
        (row["edition"], row["code"]): tuple(map(Kind, row["kind"].split())) for row in _rows("documents.csv")
    }


def find(system: str) -> System | None:
    """Find the row of a system URI; an OID may come bare, as CDA and HL7 v2 write it."""
    name = system.strip()
    return systems().get(f"urn:oid:{name}" if name.startswith(_OID_ARC) else name)


def preferred(system: str) -> str:
    """Give the URI to write for what `system` means; `system` itself where the table doesn't know it."""
    found = find(system)
    if found is None or found.preferred:
        return found.uri if found else system
    same = (
        one.uri
        for one in systems().values()
        if one.preferred and (one.kinds, one.standard) == (found.kinds, found.standard)
    )
    return next(same, found.uri)


def kind_of(system: str | None, value: str) -> Kind | None:
    """Tell the kind of `value` in `system`; None where that isn't known.

    One system can hold several kinds (a residence permit stands where an identity number does): the first
    that understands the value is it, or the likeliest. Without a system only a check character can tell.
    """
    if system is None:
        return _proven(value)
    found = find(system)
    return _choose(found.kinds, value) if found else None


def kind_of_document(code: str, value: str, edition: str = _EDITION_2011) -> Kind | None:
    """Tell the kind of `value` from the code of the document kind beside it (身份证件类别).

    `edition` is `WS 364.3-2011` (CV02.01.101) or `RC038-2023`: the same digit means other documents in them.
    """
    kinds = _documents().get((edition, code.zfill(2) if edition == _EDITION_2011 else code))
    return _choose(kinds, value) if kinds else None


def _choose(kinds: tuple[Kind, ...], value: str) -> Kind | None:
    fitting = (kind for kind in kinds if SCHEMES[kind].is_valid(value))
    return next(fitting, kinds[0] if kinds else None)


_PROVABLE: Final = (
    Kind.RESIDENT,
    Kind.HK_MACAO_RESIDENCE,
    Kind.TAIWAN_RESIDENCE,
    Kind.PERMANENT_RESIDENCE,
    Kind.CREDIT_CODE,
)


def _proven(value: str) -> Kind | None:
    if len(SCHEMES[Kind.RESIDENT].normalise(value)) != 18:
        return None
    kinds = [kind for kind in _PROVABLE if SCHEMES[kind].is_valid(value)]
    return kinds[0] if len(kinds) == 1 else None


def read(identifier: Json) -> Identifier | Fault | None:
    """Understand a FHIR Identifier; None where its kind isn't known, or it has no value.

    The kind comes from `system`, else from a document kind in `type.coding`, else from a check character.
    """
    value: object = identifier.get("value")
    if not isinstance(value, str):
        return None
    system: object = identifier.get("system")
    kind = kind_of(system, value) if isinstance(system, str) else _kind_by_type(identifier, value)
    return SCHEMES[kind].parse(value) if kind else None


def _kind_by_type(identifier: Json, value: str) -> Kind | None:
    concept: object = identifier.get("type")
    codings: object = cast("Json", concept).get("coding") if isinstance(concept, dict) else None
    for coding in cast("list[object]", codings) if isinstance(codings, list) else []:
        entry = cast("Json", coding) if isinstance(coding, dict) else {}
        code: object = entry.get("code")
        if entry.get("system") == DOCUMENT_SYSTEM and isinstance(code, str):
            return kind_of_document(code, value)
    return kind_of(None, value)
