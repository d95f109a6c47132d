"""Choose the pairs that are compared: those that agree on a rule of `blocking.yaml`, within a budget."""

from dataclasses import dataclass
from functools import cache
from typing import TYPE_CHECKING, Final, cast

from xinglin.hub.identity.linkage.database import number, rows
from xinglin.hub.identity.linkage.tables import shipped
from xinglin.standards.persons import RULES

if TYPE_CHECKING:
    from collections.abc import Collection, Sequence

    from duckdb import DuckDBPyConnection

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


def block(connection: "DuckDBPyConnection", columns: "Collection[str]", rules: "Sequence[Rule]") -> int:
    """Make the table `pair` (a < b, numbers of `person`; of two files a is the left) and give its size."""
    people = number(connection, "select count(*) from person")
    is_linking = number(connection, "select count(distinct side) from person") > 1
    budget = max(LEAST_BUDGET, PER_PERSON * people)
    connection.execute("create table block (a integer, b integer)")
    for rule in rules:
        if rule.columns <= set(columns):
            _apply(connection, rule, budget, is_linking=is_linking)
    connection.execute("create table pair as select distinct a, b from block")
    connection.execute("drop table block")
    return number(connection, "select count(*) from pair")


def _apply(connection: "DuckDBPyConnection", rule: Rule, budget: int, *, is_linking: bool) -> None:
    connection.execute(f"create temp table k1 as {_keys(rule.on)}")
    connection.execute(f"create temp table k2 as {_keys(rule.other)}")
    # a block's pairs: those of left and right records, or of all with all
    size = (
        "l.lefts * r.rights + l.rights * r.lefts"
        if is_linking
        else "(l.lefts + l.rights) * (r.lefts + r.rights)"
    )
    counts = (
        "select h, count(*) filter (side = 0) as lefts, count(*) filter (side = 1) as rights"
        " from {} group by h"
    )
    connection.execute(
        f"create temp table size as select l.h, {size} as pairs"
        f" from ({counts.format('k1')}) l join ({counts.format('k2')}) r using (h)"
        " where l.lefts + l.rights + r.lefts + r.rights > 2"
    )
    apart = " and l.side <> r.side" if is_linking else ""
    order = "l.n < r.n" if rule.on == rule.other else "l.n <> r.n"
    connection.execute(
        "insert into block select least(l.n, r.n), greatest(l.n, r.n) from k1 l"
        f" join size on size.h = l.h and size.pairs <= ? join k2 r on r.h = l.h and {order}{apart}",
        [_largest(connection, budget)],
    )
    for table in ("k1", "k2", "size"):
        connection.execute(f"drop table {table}")


def _keys(columns: tuple[str, ...]) -> str:
    parts: list[str] = []
    for one in columns:
        column, _, length = one.partition(":")
        # a value that is shorter than the cut isn't one
        parts.append(
            f"case when length({column}) >= {length} then left({column}, {length}) end" if length else column
        )
    known = " and ".join(f"{part} is not null" for part in parts)
    return f"select hash({', '.join(parts)}) as h, n, side from person where {known}"


def _largest(connection: "DuckDBPyConnection", budget: int) -> int:
    """Give how many pairs a block may make so that all that make no more stay within the budget."""
    sums = rows(
        connection,
        "select max(pairs) from (select pairs, sum(pairs) over (order by pairs, h) as total from size)"
        " where total <= ?",
        2 * budget,
    )
    return int(sums[0][0] or 0)
