"""The comparisons of `comparisons.yaml`: levels of nearness, as SQL and in Python."""

from collections.abc import Iterable
from dataclasses import dataclass
from functools import cache
from importlib.resources import files
from typing import cast

from ruamel.yaml import YAML

from xinglin.hub.identity.linkage.predicates import Name, Row, Test, holds, sql_of

MISSING = -1
"""The level where a side doesn't know, or another comparison has counted it already."""
ELSE = 0
"""The level where nothing nearer holds."""


@dataclass(frozen=True, slots=True)
class Level:
    """One step of nearness; `silent` ones count as missing."""

    test: Test
    label: str
    silent: bool


@dataclass(frozen=True, slots=True)
class Comparison:
    """What is compared on `column`: its levels, nearest first."""

    name: str
    column: str
    frequency: bool
    shared: bool
    levels: tuple[Level, ...]

    @property
    def speaking(self) -> tuple[Level, ...]:
        """The levels that count, nearest first: they have the numbers `size - 1` down to 1."""
        return tuple(level for level in self.levels if not level.silent)

    @property
    def size(self) -> int:
        """How many levels a model has for this: those that count, and ELSE."""
        return len(self.speaking) + 1

    def number(self, level: Level) -> int:
        """Give a level's number: higher is nearer."""
        return MISSING if level.silent else len(self.speaking) - self.speaking.index(level)

    def label(self, number: int) -> str:
        """Name a level by its number (an English message id)."""
        return self.speaking[len(self.speaking) - number].label if number > ELSE else "different"

    def level(self, left: Row, right: Row) -> int:
        """Compare two people: the number of the first level that holds."""
        if left.get(self.column) is None or right.get(self.column) is None:
            return MISSING
        return next((self.number(one) for one in self.levels if holds(one.test, left, right)), ELSE)

    def sql(self, left: Name, right: Name) -> str:
        """Write the comparison as an SQL expression that gives the level's number."""
        unknown = f"{left(self.column)} is null or {right(self.column)} is null"
        cases = "".join(
            f" when {sql_of(one.test, left, right)} then {self.number(one)}" for one in self.levels
        )
        return f"(case when {unknown} then {MISSING}{cases} else {ELSE} end)::tinyint"


@cache
def comparisons() -> tuple[Comparison, ...]:
    """Give every comparison there is."""
    text = (files("xinglin.hub.identity.linkage") / "comparisons.yaml").read_text("utf-8")
    table = cast("dict[str, list[dict[str, object]]]", YAML(typ="safe", pure=True).load(text))
    return tuple(_comparison(one) for one in table["comparisons"])


def of_columns(present: Iterable[str]) -> tuple[Comparison, ...]:
    """Give the comparisons whose column is among those `present`."""
    known = set(present)
    return tuple(one for one in comparisons() if one.column in known)


def levels_of(left: Row, right: Row, compared: Iterable[Comparison]) -> dict[str, int]:
    """Compare two people by every comparison: name to level."""
    return {one.name: one.level(left, right) for one in compared}


def _comparison(row: dict[str, object]) -> Comparison:
    column = str(row["column"])
    levels = cast("list[dict[str, object]]", row["levels"])
    return Comparison(
        str(row["name"]),
        column,
        bool(row.get("frequency")),
        bool(row.get("shared")),
        tuple(_level(one, column) for one in levels),
    )


def _level(row: dict[str, object], column: str) -> Level:
    test = Test(
        str(row["test"]),
        str(row["on"]),
        str(row.get("other", column)),
        float(cast("float", row.get("at", 1.0))),
    )
    return Level(test, str(row.get("label", "")), bool(row.get("silent")))
