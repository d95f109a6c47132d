"""Learn a model from the data at hand, without any known truth.

Splink gives the first estimate (`starting`). Then expectation maximisation (Dempster, Laird, Rubin 1977) runs
over all candidate pairs, of three classes: one person, chance, and one household. What chance and households
look like is learned among the pairs that blocking found, so a blocked pair isn't taken for a random one.
"""

import math
from collections.abc import Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Final

from xinglin.core import clock
from xinglin.core.i18n import Phrase
from xinglin.hub.identity.linkage.comparisons import Comparison
from xinglin.hub.identity.linkage.database import number, rows
from xinglin.hub.identity.linkage.engine import Engine
from xinglin.hub.identity.linkage.errors import NothingToLearn
from xinglin.hub.identity.linkage.model import Learned, Model
from xinglin.hub.identity.linkage.scoring import frequency_figures, levels_sql
from xinglin.hub.identity.linkage.starting import Start, start

if TYPE_CHECKING:
    from duckdb import DuckDBPyConnection

SAMPLE: Final = 1_500_000
"""Candidate pairs that learning looks at."""
ROUNDS: Final = 60
CLOSE: Final = 1e-4
"""Learning ends when no share moves by more."""
DIFFERENT: Final = 0
"""The level of values that have nothing in common."""
SMOOTHING: Final = 0.1
"""Pairs added to each level, so that what wasn't seen isn't impossible."""


@dataclass
class State:
    """Shares of the classes, and of levels within each class: [match, chance, household]."""

    classes: list[float]
    shares: dict[str, list[list[float]]]


def train(engine: Engine, compared: Sequence[Comparison], pairs: int) -> Model:
    """Train on the tables `person` (with frequencies) and `pair`, of `pairs` rows. Raises NothingToLearn."""
    connection = engine.local
    if not pairs:
        raise NothingToLearn(detail=Phrase("no two people agree on enough to be compared"))
    if not compared:
        raise NothingToLearn(detail=Phrase("no column can be compared"))
    begun = start(connection, compared)
    _count_patterns(engine, compared, min(1.0, SAMPLE / pairs))
    state = _begin(begun, compared)
    rounds, moved = 0, 1.0
    while moved >= CLOSE and rounds < ROUNDS:
        moved = _round(connection, state, compared)
        rounds += 1
    connection.execute("drop table pattern")
    people = number(connection, "select count(*) from person")
    return Model(
        *state.classes,
        comparisons=[_learned(connection, one, state) for one in compared],
        people=people,
        pairs=pairs,
        trained=clock.instant(clock.now()),
        splink=begun.version,
        rounds=rounds,
    )


def _count_patterns(engine: Engine, compared: Sequence[Comparison], share: float) -> None:
    """Make the local table `pattern`: how many pairs of a sample have the same levels."""
    names = ", ".join(f"g_{one.name}" for one in compared)
    # plain arithmetic draws the same pairs in every engine
    drawn = f"(p.a::bigint * 7919 + p.b::bigint * 104729) % 100000 < {math.ceil(share * 100_000)}"
    engine.compare(
        "part",
        lambda paired: (
            f"select {names}, count(*) as c from (select {levels_sql(compared)} from {paired}"
            f" where {drawn}) group by {names}"
        ),
    )
    engine.local.execute(
        f"create temp table pattern as select {names}, sum(c)::double as c from part group by {names}"
    )
    engine.local.execute("drop table part")


def _begin(begun: Start, compared: Sequence[Comparison]) -> State:
    shares: dict[str, list[list[float]]] = {}
    for one in compared:
        usual = _usual(one.size)
        m = _filled(begun.m.get(one.name, []), usual)
        u = _filled(begun.u.get(one.name, []), usual[::-1])
        shares[one.name] = [m, u, list(m) if one.shared else list(u)]
    return State([0.1, 0.8, 0.1], shares)


def _usual(size: int) -> list[float]:
    """Give shares for a comparison of which nothing is known: the nearer, the more."""
    weights = [4.0**level for level in range(size)]
    return [weight / sum(weights) for weight in weights]


def _filled(values: Sequence[float | None], usual: Sequence[float]) -> list[float]:
    found = [value or usual[at] / 100 for at, value in enumerate(values)] or list(usual)
    return [value / sum(found) for value in found]


def _round(connection: "DuckDBPyConnection", state: State, compared: Sequence[Comparison]) -> float:
    """Go once through expectation and maximisation; give how far the shares moved."""
    logs = [
        " + ".join(
            [repr(math.log(state.classes[k])), *(_log(one, state.shares[one.name][k]) for one in compared)]
        )
        for k in range(3)
    ]
    connection.execute(
        "create or replace temp table post as select *, c * exp(l0 - top) / total as w0,"
        " c * exp(l1 - top) / total as w1, c * exp(l2 - top) / total as w2 from (select *,"
        " exp(l0 - top) + exp(l1 - top) + exp(l2 - top) as total from (select *, greatest(l0, l1, l2) as top"
        f" from (select *, {logs[0]} as l0, {logs[1]} as l1, {logs[2]} as l2 from pattern)))"
    )
    parts = [
        f"select '{one.name}', g_{one.name}, sum(w0), sum(w1), sum(w2) from post"
        f" where g_{one.name} >= 0 group by 2"
        for one in compared
    ]
    counts = rows(connection, " union all ".join(parts))
    sums = rows(connection, "select sum(w0), sum(w1), sum(w2) from post")[0]
    moved = _maximise(state, compared, counts, [float(value) for value in sums])
    connection.execute("drop table post")
    return moved


def _log(one: Comparison, shares: Sequence[float]) -> str:
    listed = ", ".join(repr(math.log(share)) for share in shares)
    return f"([0.0, {listed}])[g_{one.name} + 2]"


def _maximise(
    state: State,
    compared: Sequence[Comparison],
    counts: Sequence[tuple[object, ...]],
    sums: Sequence[float],
) -> float:
    found = {one.name: [[SMOOTHING] * one.size for _ in range(3)] for one in compared}
    for name, level, *weights in counts:
        for k, weight in enumerate(weights):
            found[str(name)][k][int(str(level))] += float(str(weight))
    moved = 0.0
    for one in compared:
        if not one.shared:  # what a household doesn't share agrees there as often as by chance
            chance, household = found[one.name][1:]
            both = [a + b for a, b in zip(chance, household, strict=True)]
            found[one.name][1:] = [both, list(both)]
        for k in range(3):
            values = found[one.name][k]
            fresh = [value / sum(values) for value in values]
            moved = max(moved, *(abs(a - b) for a, b in zip(fresh, state.shares[one.name][k], strict=True)))
            state.shares[one.name][k] = fresh
    total = sum(sums)
    classes = [max(value / total, 1e-9) for value in sums]
    moved = max(moved, *(abs(a - b) for a, b in zip(classes, state.classes, strict=True)))
    state.classes = classes
    return moved


def _learned(connection: "DuckDBPyConnection", one: Comparison, state: State) -> Learned:
    chance, values = frequency_figures(connection, one.frequency) if one.frequency else (0.0, 0)
    m, u, h = state.shares[one.name]
    # Few pairs can make a difference look like a sign of one person; it never is one.
    u = [max(m[DIFFERENT], u[DIFFERENT]), *u[DIFFERENT + 1 :]]
    return Learned(one.name, m, u, h, one.shared, chance, values)
