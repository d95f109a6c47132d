"""Choose the pairs that are compared: those that agree on a rule of `blocking.yaml`, within a budget."""

from dataclasses import dataclass
from functools import cache
from typing import TYPE_CHECKING, Final, cast

from xinglin.hub.identity.linkage.tables import shipped
from xinglin.standards.persons import RULES

if TYPE_CHECKING:
    from collections.abc import Collection, Sequence

    from xinglin.hub.identity.linkage.engine import Engine

LEAST_BUDGET: Final = 400_000
"""Pairs that a rule may make however small the files are."""
PER_PERSON: Final = 3
"""Pairs that a rule may make for each record."""


@dataclass(frozen=True, slots=True)
class Rule:
    """Two people are compared who agree on all of `on` (the second person's columns: `other`)."""

    on: tuple[str, ...]
    other: tuple[str, ...]

    @property
    def columns(self) -> set[str]:
        """The columns it needs."""
        return {one.partition(":")[0] for one in (*self.on, *self.other)}


@cache
def file_rules() -> tuple[Rule, ...]:
    """Give the rules for files."""
    return tuple(Rule(tuple(row["on"]), tuple(row.get("other", row["on"]))) for row in _table()["rules"])


@cache
def person_rules() -> tuple[Rule, ...]:
    """Give the rules for persons: those of `standards.persons`, then those that only bulk can afford."""
    wide = tuple(tuple(row["on"]) for row in _table()["wide"])
    return tuple(Rule(columns, columns) for columns in (*RULES, *wide))


def _table() -> dict[str, list[dict[str, list[str]]]]:
    return cast("dict[str, list[dict[str, list[str]]]]", shipped("blocking.yaml"))


def block(engine: "Engine", columns: "Collection[str]", rules: "Sequence[Rule]") -> int:
    """Make the table `pair` (a < b, numbers of `person`; of two files a is the left) and give its size."""
    people, sides = engine.rows("select count(*), count(distinct side) from person")[0]
    budget = max(LEAST_BUDGET, PER_PERSON * people)
    used = [rule for rule in rules if rule.columns <= set(columns)]
    for at, rule in enumerate(used):
        _apply(engine, at, rule, budget, is_linking=sides > 1)
    blocks = [f"block{at}" for at in range(len(used))]
    found = [f"select a, b from {name}" for name in blocks] or [
        "select n as a, n as b from person where false"
    ]
    engine.make("pair", f"select distinct a, b from ({' union all '.join(found)})")
    engine.drop(*blocks)
    return int(engine.rows("select count(*) from pair")[0][0])


def _apply(engine: "Engine", at: int, rule: Rule, budget: int, *, is_linking: bool) -> None:
    """Make the table `block{at}` of the pairs that a rule affords."""
    one, other, sizes = f"one{at}", f"other{at}", f"size{at}"
    engine.make(one, _keys(engine, rule.on))
    engine.make(other, _keys(engine, rule.other))
    # a block's pairs: those of left and right records, or of all with all
    size = (
        "l.lefts * r.rights + l.rights * r.lefts"
        if is_linking
        else "(l.lefts + l.rights) * (r.lefts + r.rights)"
    )
    counts = (
        "select h, count(*) filter (where side = 0) as lefts, count(*) filter (where side = 1) as rights"
        " from {} group by h"
    )
    engine.make(
        sizes,
        f"select l.h, {size} as pairs from ({counts.format(one)}) l join ({counts.format(other)}) r"
        " on l.h = r.h where l.lefts + l.rights + r.lefts + r.rights > 2",
    )
    apart = " and l.side <> r.side" if is_linking else ""
    order = "l.n < r.n" if rule.on == rule.other else "l.n <> r.n"
    engine.make(
        f"block{at}",
        f"select least(l.n, r.n) as a, greatest(l.n, r.n) as b from {one} l"
        f" join {sizes} s on s.h = l.h and s.pairs <= {_largest(engine, sizes, budget)}"
        f" join {other} r on r.h = l.h and {order}{apart}",
    )
    engine.drop(one, other, sizes)


def _keys(engine: "Engine", columns: tuple[str, ...]) -> str:
    parts: list[str] = []
    for one in columns:
        column, _, length = one.partition(":")
        # a value that is shorter than the cut isn't one
        parts.append(
            f"case when length({column}) >= {length} then left({column}, {length}) end" if length else column
        )
    known = " and ".join(f"{part} is not null" for part in parts)
    return f"select {engine.hashed}({', '.join(parts)}) as h, n, side from person where {known}"


def _largest(engine: "Engine", sizes: str, budget: int) -> int:
    """Give how many pairs a block may make so that all that make no more stay within the budget."""
    found = engine.rows(
        f"select max(pairs) from (select pairs, sum(pairs) over (order by pairs, h) as total from {sizes})"
        f" where total <= {2 * budget}"
    )
    return int(found[0][0] or 0)
