"""For whom a source may speak: its own institution, and those under it in the registry.

What is asked of a record is in whose name it is kept: the institution that provided a visit or holds a
document (`data/speaking.csv`). Who performed something isn't: a hospital reports what an outside laboratory
measured. Institutions that aren't registered can't be judged, so they are let pass. A source that delivers
for others, such as a regional platform, declares their codes: `speaks-for=CODE CODE …`, or `speaks-for=all`.
"""

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from functools import cache, lru_cache
from typing import Any, Final, cast

from xinglin.core.exact_json import Json
from xinglin.core.tables import rows_of
from xinglin.hub.database import Connection
from xinglin.hub.intake.sources import LOCAL, Source
from xinglin.hub.records import Key
from xinglin.hub.registries import find, records
from xinglin.hub.registries.errors import SpeaksForAnother
from xinglin.hub.store import Store
from xinglin.standards.identifiers import Identifier, Kind, read

SPEAKS_FOR: Final = "speaks-for"
ALL: Final = "all"
_CODES: Final = frozenset({Kind.CREDIT_CODE, Kind.HEALTH_INSTITUTION})


@dataclass(frozen=True, slots=True)
class Statement:
    """What one item of a delivery says: records in somebody's name, and all it names to tell whose.

    `named` are its records by `Type/id` or `fullUrl`.
    """

    said: Sequence[Json]
    named: Mapping[str, Json] = field(default_factory=dict[str, Json])


def codes_of(source: Source) -> frozenset[str]:
    """Give the codes of those for whom a source may speak, with all under them; `all` is everybody."""
    if source.id == LOCAL.id:
        return frozenset({ALL})
    declared = source.declared.get(SPEAKS_FOR, "").replace(",", " ").split()
    own = {source.institution, source.institution_code or source.institution}
    return frozenset(own | set(declared))


def may_speak(source: Source, line: Sequence[str]) -> bool:
    """Tell whether a source may speak for an institution; `line` is its code and those above it.

    An empty line, of an institution that isn't registered, says yes.
    """
    codes = codes_of(source)
    return not line or ALL in codes or not codes.isdisjoint(line)


@cache
def _elements() -> Mapping[str, Sequence[str]]:
    """Give, by resource type, the elements that say in whose name a record is kept."""
    found: dict[str, list[str]] = {}
    for row in rows_of("xinglin.hub.registries", "data", "speaking.csv"):
        found.setdefault(row["type"], []).append(row["element"])
    return found


async def overreach(
    store: Store, connection: Connection, source: Source, items: Sequence[Statement]
) -> list[SpeaksForAnother | None]:
    """Give, for each item, why the source may not say it; None where it may."""
    mine = codes_of(source)
    if ALL in mine:
        return [None] * len(items)
    # What one line of a file names may stand in another; `fullUrl`s mean something in their own bundle only.
    shared = {
        name: one for item in items for name, one in item.named.items() if name.startswith("Organization/")
    }
    claims = [[claim for claim in _claims(item, shared) if not claim.codes & mine] for item in items]
    stored = await _stored(store, connection, [c.stored for some in claims for c in some if c.stored])
    for claim in (claim for some in claims for claim in some):
        claim.codes |= _codes(stored.get(claim.stored, {}))
        claim.ids |= {records.organization_id(code) for code in claim.codes}
    lines = await find.lines(
        store, connection, sorted({id_ for some in claims for c in some for id_ in c.ids})
    )
    faults = [[_fault(claim, lines, source) for claim in some] for some in claims]
    return [next((fault for fault in some if fault is not None), None) for some in faults]


@dataclass
class _Claim:
    """An institution in whose name a record is: `codes` it has, `ids` it may be registered under.

    `stored` is the id of an Organization that came earlier and may tell its code.
    """

    record: Json
    name: str
    codes: set[str] = field(default_factory=set[str])
    ids: set[str] = field(default_factory=set[str])
    stored: str = ""


def _claims(item: Statement, shared: Mapping[str, Json]) -> Iterator[_Claim]:
    named = {**shared, **item.named}
    for record in item.said:
        for element in _elements().get(str(record.get("resourceType")), ()):
            for reference in _references(record.get(element)):
                yield _claim(record, reference, named)


def _claim(record: Json, reference: Json, named: Mapping[str, Json]) -> _Claim:
    claim = _Claim(record, str(reference.get("display", "")))
    target = reference.get("reference")
    identifier = reference.get("identifier")
    claim.codes |= _codes({"identifier": [identifier]})
    organization = named.get(target) if isinstance(target, str) else None
    if organization is not None:
        claim.codes |= _codes(organization)
        claim.name = claim.name or str(organization.get("name", ""))
    if isinstance(target, str) and target.startswith("Organization/"):
        id_ = target.split("/")[1]
        claim.ids.add(id_)
        claim.stored = "" if claim.codes else id_
    return claim


def _references(value: Any) -> Iterable[Json]:
    found = cast("list[Any]", value) if isinstance(value, list) else [value]
    return [cast("Json", one) for one in found if isinstance(one, dict)]


def _codes(organization: Json) -> set[str]:
    """Give an Organization's codes in their normal form."""
    found = {
        _code(one["system"], one["value"])
        for one in _references(organization.get("identifier"))
        if isinstance(one.get("system"), str) and isinstance(one.get("value"), str)
    }
    return found - {""}


@lru_cache(maxsize=4_096)
def _code(system: str, value: str) -> str:
    """Give an institution's code in its normal form; "" where it is none. The same few come all the time."""
    number = read({"system": system, "value": value})
    return number.value if isinstance(number, Identifier) and number.kind in _CODES else ""


async def _stored(store: Store, connection: Connection, ids: Sequence[str]) -> dict[str, Json]:
    if not ids:
        return {}
    current = await store.current(connection, [Key("Organization", id_) for id_ in set(ids)])
    return {key.id: record.content for key, record in current.items() if not record.deleted}


def _fault(claim: _Claim, lines: Mapping[str, Sequence[str]], source: Source) -> SpeaksForAnother | None:
    for id_ in sorted(claim.ids):
        line = lines.get(id_, ())
        if not may_speak(source, line):
            record = f"{claim.record['resourceType']}/{claim.record.get('id', '')}"
            return SpeaksForAnother(record=record, name=claim.name or line[0], code=line[0])
    return None
