"""One page of the records found, in order, from any place on.

Where the first sort key has an index of its own, the statement is written so that the planner may walk that
index in order and stop when the page is full, or find the records first and sort them, as it judges.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any, LiteralString, cast

from xinglin.hub.database import Connection
from xinglin.hub.records import Key, Record
from xinglin.hub.search.order import Driver, Place, SortKey, after
from xinglin.hub.search.resolve import Prepared
from xinglin.hub.search.sql import (
    TRUE,
    Compiler,
    Seeing,
    Sql,
    anything,
    date_row,
    everything,
    fill,
    join,
    keys,
    listed,
)
from xinglin.hub.store import Store
from xinglin.standards.search import conditions as c

_COLUMNS: LiteralString = "r.type, r.id, r.version, r.updated, r.seq, r.body"
_LINKS: LiteralString = ", r.self_key, r.keys, r.refs"
_NAMES: tuple[LiteralString, ...] = ("k0", "k1", "k2", "k3", "k4", "k5", "k6", "k7")
"""Of sort keys, as many as a search may have."""


@dataclass(frozen=True, slots=True)
class Hit:
    """A record found, its place, and what it refers to where that was asked for."""

    record: Record
    place: Place
    self_key: int = 0
    keys: Sequence[int] = ()
    refs: Sequence[int] = ()


@dataclass(frozen=True)
class Finder:
    """Finds the records that answer any of `prepared`; with `links`, also what they refer to."""

    connection: Connection
    store: Store
    prepared: Sequence[Prepared]
    order: Sequence[SortKey] = ()
    links: bool = False
    extra: Sequence[Sql] = ()
    seen: Seeing | None = None

    @property
    def _compiler(self) -> Compiler:
        return Compiler(self.store.types, self.seen)

    @property
    def _several(self) -> bool:
        return len(self.prepared) > 1 or any(one.type == "Resource" for one in self.prepared)

    def condition(self) -> Sql:
        """Give what row `r` must fulfil."""
        groups: dict[object, list[Prepared]] = {}
        for one in self.prepared:
            if not one.empty:
                groups.setdefault(_shared(one), []).append(one)
        others = [self._together(several) for several in groups.values()]
        return everything([anything(others), *self.extra])

    def _together(self, several: Sequence[Prepared]) -> Sql:
        """Compartments: one look into the index of keys for all types that ask the same besides."""
        if len(several) == 1:
            return several[0].sql(self._compiler)
        wanted = frozenset(key for one in several for key in cast("c.Keys", one.conditions[0]).keys)
        types = sorted(self.store.types[one.type] for one in several)
        rest = Prepared("Resource", several[0].conditions[1:], several[0].more)
        return everything(
            [Sql("r.type = ANY(%s::smallint[])", (types,)), keys(wanted), rest.sql(self._compiler)]
        )

    async def fetch(self, place: Place | None, most: int) -> list[Hit]:
        """Give at most `most` records after `place`."""
        driver = self.order[0].driver if self.order and not self._several else None
        if driver is None:
            return await self._run(self._plain(place, most, self.condition()))
        found: list[Hit] = []
        if place is None or place.values[0] is not None:
            found = await self._run(self._driven(driver, place, most))
            place = None
        if len(found) < most:
            missing = fill("{} AND NOT {}", self.condition(), driver.present)
            found += await self._run(self._plain(place, most - len(found), missing))
        return found

    def _plain(self, place: Place | None, most: int, condition: Sql) -> Sql:
        names = [Sql(f"r.{name}") for name in _NAMES[: len(self.order)]]
        beyond = TRUE if place is None else self._after(place, names)
        if not self.order:
            return self._ordered(fill("resource r WHERE {} AND {}", condition, beyond), names, most)
        columns = [
            fill(f"{{}} AS {name}", key.expression) for name, key in zip(_NAMES, self.order, strict=False)
        ]
        source = fill(
            "(SELECT r.*, {} FROM resource r WHERE {}) AS r WHERE {}", listed(columns), condition, beyond
        )
        return self._ordered(source, names, most)

    def _ordered(self, source: Sql, names: Sequence[Sql], most: int) -> Sql:
        columns = "".join([f", {name.text}" for name in names])
        order: list[LiteralString] = [
            f"{name.text} {key.direction}" for name, key in zip(names, self.order, strict=True)
        ]
        if self._several:
            order.append("r.type")
        order.append("r.id")
        links = _LINKS if self.links else ""
        return Sql(
            f"SELECT {_COLUMNS}{links}{columns} FROM {source.text} ORDER BY {', '.join(order)} LIMIT %s",
            (*source.args, most),
        )

    def _driven(self, driver: Driver, place: Place | None, most: int) -> Sql:
        arms = [self._arm(driver, number, place, most) for number in range(len(driver.arms))]
        names = [Sql(f"r.{name}") for name in _NAMES[: len(self.order)]]
        return self._ordered(fill("({}) AS r", join(" UNION ALL ", arms)), names, most)

    def _arm(self, driver: Driver, number: int, place: Place | None, most: int) -> Sql:
        first = self.order[0]
        names = [Sql(f"d.{driver.column}"), *(one.expression for one in self.order[1:])]
        parts = [
            driver.arms[number],
            self._with_row(driver.place, short=number == 0 and first.kind == "date"),
        ]
        if place is not None:
            parts.append(self._after(place, names))
            bound: LiteralString = "<=" if first.descending else ">="
            parts.append(Sql(f"d.{driver.column} {bound} %s::{first.cast}", (place.values[0],)))
        columns = [Sql(f"{_COLUMNS}{_LINKS}")]
        columns += [fill(f"{{}} AS {name}", one) for name, one in zip(_NAMES, names, strict=False)]
        order: list[LiteralString] = [
            f"{name} {key.direction}" for name, key in zip(_NAMES, self.order, strict=False)
        ]
        # This column is never null: without NULLS LAST the index has its order.
        order[0] = "k0 DESC" if first.descending else "k0"
        return fill(
            f"SELECT {{}} FROM {driver.table} d JOIN resource r ON r.seq = d.seq WHERE {{}} "
            f"ORDER BY {', '.join([*order, 'r.id'])} LIMIT {{}}",
            listed(columns),
            everything(parts),
            Sql("%s", (most,)),
        )

    def _with_row(self, place: int, *, short: bool) -> Sql:
        """Give the condition; of short dates, what concerns the row that gives the order is asked of it."""
        if not short:
            return self.condition()
        (only,) = self.prepared
        own = [one for one in only.conditions if isinstance(one, c.Dates) and one.places == (place,)]
        others = [one for one in only.conditions if one not in own]
        rest = Prepared(only.type, others, only.more, only.checks)
        asked = [date_row(one, short=True) for one in own]
        return everything([*asked, rest.sql(self._compiler), *self.extra])

    def _after(self, place: Place, names: Sequence[Sql]) -> Sql:
        if self._several:
            last = Sql("(r.type, r.id) > (%s::smallint, %s)", (self.store.types.get(place.type, 0), place.id))
        else:
            last = Sql("r.id > %s", (place.id,))
        return after(self.order, names, place, last)

    async def _run(self, statement: Sql) -> list[Hit]:
        cursor = await self.connection.execute(
            statement.text, list(statement.args), binary=True, prepare=False
        )
        rows = cast("list[tuple[Any, ...]]", await cursor.fetchall())
        names = self.store.type_names
        records = await self.store.records(self.connection, [(names[row[0]], *row[1:6]) for row in rows])
        start = 9 if self.links else 6
        return [
            Hit(
                record,
                Place(tuple(row[start:]), record.key.type, record.key.id),
                *(row[6:9] if self.links else ()),
            )
            for record, row in zip(records, rows, strict=True)
        ]

    async def keys(self, most: int) -> list[Key]:
        """Give at most `most` records' keys, in any order."""
        condition = self.condition()
        cursor = await self.connection.execute(
            f"SELECT r.type, r.id FROM resource r WHERE {condition.text} LIMIT %s",
            [*condition.args, most],
            binary=True,
            prepare=False,
        )
        rows = cast("list[tuple[int, str]]", await cursor.fetchall())
        return [Key(self.store.type_names[kind], id_) for kind, id_ in rows]


def _shared(prepared: Prepared) -> object:
    """Give what must be equal for branches to be asked together: all but the type and the first keys."""
    first = prepared.conditions[0] if prepared.conditions else None
    if not isinstance(first, c.Keys) or prepared.type == "Resource":
        return prepared.type
    return (*prepared.conditions[1:], *prepared.more)
