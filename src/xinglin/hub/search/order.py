"""The order of results: sort keys, then type and id, so that no two records share a place.

A record with several values is placed by its least when ascending, its greatest when descending; one without
any comes last. http://hl7.org/fhir/R4/search.html#_sort
"""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from decimal import Decimal, InvalidOperation
from typing import Any, LiteralString

from xinglin.hub.search.rows import GREATEST, LEAST, even, number_place, odd
from xinglin.hub.search.sql import Sql, anything, everything, fill
from xinglin.standards.search import Lowering, Query, Registry
from xinglin.standards.search.query import Sort

Value = int | str | Decimal | datetime | None


@dataclass(frozen=True, slots=True)
class Place:
    """Where a page ended: the last record's sort values, type and id."""

    values: tuple[Value, ...]
    type: str
    id: str


@dataclass(frozen=True, slots=True)
class Driver:
    """An index in the order of a sort key: rows `d` of `table` at each of `arms` (a place, and what else)."""

    table: LiteralString
    column: LiteralString
    place: int
    arms: tuple[Sql, ...]
    present: Sql


@dataclass(frozen=True, slots=True)
class SortKey:
    """One sort key: an expression over row `r`."""

    expression: Sql
    descending: bool
    kind: str
    cast: LiteralString
    driver: Driver | None = None

    @property
    def direction(self) -> LiteralString:
        """How ORDER BY says it."""
        return "DESC NULLS LAST" if self.descending else "ASC NULLS LAST"


_TABLES: dict[str, tuple[LiteralString, LiteralString, LiteralString]] = {
    "date": ("search_date", "low", "bigint"),
    "number": ("search_number", "low", "numeric"),
    "quantity": ("search_number", "low", "numeric"),
    "string": ("search_string", "text", "text"),
}


def sort_keys(query: Query, lowering: Lowering) -> list[SortKey] | None:
    """Give the sort keys of a search; None where one has no order in the index."""
    found = [_sort_key(one, query, lowering) for one in query.sort]
    keys = [one for one in found if one is not None]
    return keys if len(keys) == len(found) else None


def sort_kinds(query: Query, registry: Registry) -> list[str]:
    """Give what kinds of values `Place.values` has."""
    special = {"_id": "text", "_lastUpdated": "moment"}
    return [special.get(one.code) or _kind(one, query, registry) for one in query.sort]


def _kind(sort: Sort, query: Query, registry: Registry) -> str:
    kinds = {found.kind for one in query.branches if (found := registry.get(one.type, sort.code))}
    return kinds.pop() if len(kinds) == 1 and kinds <= _TABLES.keys() else "text"


def _sort_key(sort: Sort, query: Query, lowering: Lowering) -> SortKey | None:
    if sort.code == "_id":
        return SortKey(Sql("r.id"), sort.descending, "text", "text")
    if sort.code == "_lastUpdated":
        return SortKey(Sql("r.updated"), sort.descending, "moment", "timestamptz")
    kind = _kind(sort, query, lowering.extractor.registry)
    if kind not in _TABLES:
        return None
    types = [one.type for one in query.branches]
    table, column, cast = _TABLES[kind]
    lookups = [at for one in types for at in lowering.lookups(one, sort.code)]
    if kind == "string" and any(at.blind for at in lookups):
        return None  # the index tells no order of texts that are hidden
    ids = list(dict.fromkeys(at.id for at in lookups))
    places = _places(kind, ids)
    which: LiteralString = "max" if sort.descending else "min"
    expression = Sql(
        f"(SELECT {which}(d.{column}) FROM {table} d WHERE d.seq = r.seq AND d.place = ANY(%s::bigint[]))",
        (places,),
    )
    driver = _driver(kind, ids[0], table, column, sort) if len(ids) == 1 and len(types) == 1 else None
    return SortKey(expression, sort.descending, kind, cast, driver)


def _places(kind: str, ids: Sequence[int]) -> list[int]:
    if kind == "date":
        return [place for one in ids for place in (even(one), odd(one))]
    return [one if kind == "string" else number_place(one, 0) for one in ids]


def _driver(kind: str, place: int, table: LiteralString, column: LiteralString, sort: Sort) -> Driver:
    edge = Sql("d.edge & %s <> 0", (GREATEST if sort.descending else LEAST,))
    places = _places(kind, [place])
    present = Sql(
        f"EXISTS (SELECT FROM {table} d WHERE d.seq = r.seq AND d.place = ANY(%s::bigint[]))", (places,)
    )
    arms = [everything([Sql("d.place = %s", (one,)), edge]) for one in places]
    if kind == "date":  # the first holds single dates only
        arms[0] = Sql("d.place = %s", (places[0],))
    return Driver(table, column, place, tuple(arms), present)


def after(keys: Sequence[SortKey], names: Sequence[Sql], place: Place, last: Sql) -> Sql:
    """Give what comes after `place`; `names` say what the keys are called, `last` compares type and id."""
    found = last
    for key, name, value in reversed(list(zip(keys, names, place.values, strict=True))):
        null = fill("{} IS NULL", name)
        if value is None:
            found = everything([null, found])
            continue
        given = Sql(f"%s::{key.cast}", (value,))
        beyond = fill("{} < {}" if key.descending else "{} > {}", name, given)
        same = everything([fill("{} = {}", name, given), found])
        found = anything([beyond, null, same])
    return found


def read_value(kind: str, value: Any) -> Value:
    """Read a sort value from a page token. Raises ValueError."""
    if value is None:
        return None
    if kind == "date" and isinstance(value, int) and abs(value) < 1 << 63:
        return value
    if not isinstance(value, str) or "\0" in value:
        raise ValueError(value)
    match kind:
        case "text" | "string":
            return value
        case "moment":
            moment = datetime.fromisoformat(value)
            if moment.tzinfo is None:
                raise ValueError(value)
            return moment
        case "number" | "quantity":
            try:
                return Decimal(value)
            except InvalidOperation:
                raise ValueError(value) from None
        case _:
            raise ValueError(value)


def write_value(value: Value) -> int | str | None:
    """Write a sort value for a page token."""
    return (
        value.isoformat()
        if isinstance(value, datetime)
        else str(value)
        if isinstance(value, Decimal)
        else value
    )
