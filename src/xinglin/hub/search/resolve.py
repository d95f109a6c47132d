"""From a search tree to SQL: chains and `_has` are looked up first where they find little.

A short list of keys is what the index of keys answers best, and what the planner can judge. Conditions that
find more than `LOOKED_UP` records are followed from the other side, within the statement.
"""

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, field
from typing import LiteralString, cast

from xinglin.core.exact_json import Json, loads
from xinglin.hub.database import Connection
from xinglin.hub.search.errors import TooManyToCheck
from xinglin.hub.search.parameters import Parameters
from xinglin.hub.search.rows import TEXT_MOST
from xinglin.hub.search.sql import Compiler, Seeing, Sql, anything, backward, everything, forward, selves
from xinglin.hub.store import Store, Stored
from xinglin.standards.search import Lowering, Matcher, Surroundings, keys
from xinglin.standards.search import conditions as c
from xinglin.standards.search.matches import MAX_LEVELS, part_of
from xinglin.standards.search.query import Branch, Chain, Criterion, Has, Test
from xinglin.standards.search.values import Reference

LOOKED_UP = 2_000
"""How many records a condition may find to be looked up first."""

CHECKED = 5_000
"""How many records are read at most to check a condition within a chain."""


@dataclass
class Prepared:
    """What records of a type must fulfil: `conditions` and `more`, and of those found, `checks`."""

    type: str
    conditions: list[c.Condition] = field(default_factory=list[c.Condition])
    more: list[Sql] = field(default_factory=list[Sql])
    checks: list[Test] = field(default_factory=list[Test])

    @property
    def empty(self) -> bool:
        """Whether nothing can be found."""
        return any(isinstance(one, c.Nothing) for one in self.conditions)

    def sql(self, compiler: Compiler) -> Sql:
        """Give the condition on row `r`."""
        return everything([compiler.records(self.type, c.All(tuple(self.conditions))), *self.more])

    def passes(self, matcher: Matcher, content: Json) -> bool:
        """Tell whether a record found answers what the index can't tell."""
        return all(matcher.test(one, content) for one in self.checks)


class Resolver:
    """Prepares branches of searches on one connection."""

    def __init__(
        self,
        connection: Connection,
        store: Store,
        parameters: Parameters,
        around: Surroundings,
        seen: Seeing | None = None,
    ) -> None:
        self.compiler = Compiler(store.types, seen)
        self.matcher = Matcher(parameters.registry, around)
        self._connection = connection
        self._store = store
        self._hierarchies: dict[tuple[str, str], list[str]] = {}
        self.lowering = Lowering(parameters.extractor, around, self._hierarchy)

    def _hierarchy(self, address: str, modifier: str) -> Iterable[str]:
        return self._hierarchies.get((address, modifier), [address])

    async def branch(self, branch: Branch) -> Prepared:
        """Prepare a branch."""
        prepared = Prepared(branch.type)
        if branch.within is not None:
            lowered = self.lowering.branch(Branch(branch.type, (), branch.within))
            prepared.conditions.append(lowered.condition)
        for criterion in branch.criteria:
            await self._add(prepared, criterion)
        return prepared

    async def _add(self, prepared: Prepared, criterion: Criterion) -> None:
        match criterion:
            case Test():
                await self._climb(criterion)
                lowered = self.lowering.criterion(prepared.type, criterion)
                prepared.conditions.append(lowered.condition)
                if not lowered.exact or is_cut(lowered.condition):
                    prepared.checks.append(criterion)
            case Chain():
                await self._add_chain(prepared, criterion)
            case Has():
                await self._add_has(prepared, criterion)

    async def _add_chain(self, prepared: Prepared, chain: Chain) -> None:
        wanted: set[int] = set()
        followed: list[Sql] = []
        for target, inner in chain.targets:
            salts = self.lowering.salts(prepared.type, chain.parameter, target)
            other = Prepared(target)
            await self._add(other, inner)
            if not salts or other.empty:
                continue
            found = await self._look_up(other, "r.self_key")
            if found is None:
                followed.append(forward(salts, other.sql(self.compiler)))
            else:
                wanted.update(cast("int", row[0]) ^ salt for row in found for salt in salts)
        if not followed:
            prepared.conditions.append(c.Keys(frozenset(wanted)) if wanted else c.Nothing())
            return
        if wanted:
            followed.append(self.compiler.condition(c.Keys(frozenset(wanted))))
        prepared.more.append(anything(followed))

    async def _add_has(self, prepared: Prepared, has: Has) -> None:
        salts = self.lowering.salts(has.type, has.parameter, prepared.type)
        other = Prepared(has.type)
        await self._add(other, has.inner)
        if not salts or other.empty:
            prepared.conditions.append(c.Nothing())
            return
        found = await self._look_up(other, "r.refs, r.keys")
        if found is None:
            prepared.more.append(backward(salts, other.sql(self.compiler)))
            return
        wanted = {
            ref
            for refs, own, *_ in cast("list[tuple[list[int], list[int]]]", found)
            for ref in refs
            if not {ref ^ salt for salt in salts}.isdisjoint(own)
        }
        if wanted:
            prepared.more.append(selves(wanted))
        else:
            prepared.conditions.append(c.Nothing())

    async def _look_up(self, other: Prepared, columns: LiteralString) -> Sequence[Sequence[object]] | None:
        """Give what a condition finds; None where that is too much, unless it must be read to be checked."""
        condition = other.sql(self.compiler)
        limit = CHECKED if other.checks else LOOKED_UP
        body: LiteralString = ", r.type, r.id, r.version, r.body" if other.checks else ""
        cursor = await self._connection.execute(
            f"SELECT {columns}{body} FROM resource r WHERE {condition.text} LIMIT %s",
            [*condition.args, limit + 1],
            binary=True,
            prepare=False,
        )
        rows = await cursor.fetchall()
        if not other.checks:
            return None if len(rows) > limit else rows
        if len(rows) > limit:
            raise TooManyToCheck(limit=limit, type=other.type)
        bodies = await self._store.open_bodies(self._connection, [cast("Stored", row[-4:]) for row in rows])
        return [
            row for row, body in zip(rows, bodies, strict=True) if other.passes(self.matcher, loads(body))
        ]

    async def _climb(self, test: Test) -> None:
        """Learn the hierarchies that `:above` and `:below` of references speak of."""
        if test.parameter.kind != "reference" or test.modifier not in {"above", "below"}:
            return
        for wanted in test.values:
            if isinstance(wanted, Reference):
                for address in _addresses(wanted, test, self.matcher.registry.types):
                    if (address, test.modifier) not in self._hierarchies:
                        found = await self._reach(address, test.modifier)
                        self._hierarchies[address, test.modifier] = found

    async def _reach(self, address: str, modifier: str) -> list[str]:
        kind = address.partition("/")[0]
        parameter = part_of(self.matcher.registry, kind)
        if parameter is None:
            return [address]
        salts = self.lowering.salts(kind, parameter, kind)
        found, waiting = {address}, [address]
        for _ in range(MAX_LEVELS):
            near = await (self._parts if modifier == "below" else self._wholes)(kind, waiting, salts)
            waiting = [one for one in near if one not in found]
            if not waiting:
                break
            found.update(waiting)
        return sorted(found)

    async def _parts(self, kind: str, addresses: Sequence[str], salts: Sequence[int]) -> list[str]:
        wanted = [keys.reference(one) ^ salt for one in addresses for salt in salts]
        seen = self.compiler.records(kind, c.Keys(frozenset(wanted)))
        rows = await self._connection.execute(
            f"SELECT r.id FROM resource r WHERE {seen.text}", list(seen.args), prepare=False
        )
        return [f"{kind}/{id_}" for (id_,) in await rows.fetchall()]

    async def _wholes(self, kind: str, addresses: Sequence[str], salts: Sequence[int]) -> list[str]:
        starts = [keys.reference(one) for one in addresses]
        seen = self.compiler.records(kind, c.Anything())
        rows = await self._connection.execute(
            "SELECT r.id FROM resource r WHERE r.self_key IN ("
            "SELECT f.ref FROM resource r CROSS JOIN unnest(r.refs) AS f(ref)"
            " WHERE r.self_key = ANY(%s::bigint[])"
            " AND r.keys && ARRAY(SELECT f.ref # s FROM unnest(%s::bigint[]) AS t(s))"
            f" AND {seen.text}) AND {seen.text}",
            [starts, list(salts), *seen.args, *seen.args],
            prepare=False,
        )
        return [f"{kind}/{id_}" for (id_,) in await rows.fetchall()]


def _addresses(wanted: Reference, test: Test, types: frozenset[str]) -> Iterator[str]:
    if wanted.identity:
        yield from (f"{one}/{wanted.identity}" for one in test.parameter.targets or sorted(types))
    elif wanted.address.partition("/")[0] in types:
        yield wanted.address


def is_cut(condition: c.Condition) -> bool:
    """Tell whether the index holds less of some text than is asked for."""
    match condition:
        case c.Strings():
            return condition.mode == "contains" or len(condition.text) > TEXT_MOST
        case c.Display():
            return len(condition.text) > TEXT_MOST
        case c.All() | c.Either():
            return any(is_cut(one) for one in condition.parts)
        case _:
            return False
