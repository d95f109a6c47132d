"""What is compared, in levels of nearness, as SQL: for files in any script, and for the features of persons.

`of_files` are the comparisons of `comparisons.yaml` on `columns.COLUMNS`; `of_persons` say
`standards.persons.levels` in SQL (`persons.yaml`) on its columns. Both are checked against Python by tests.
"""

import re
from collections.abc import Collection, Mapping
from dataclasses import dataclass
from functools import cache
from typing import Final, cast

from xinglin.core.i18n import translate
from xinglin.hub.identity.linkage.predicates import Row, Test, holds, sql_of
from xinglin.hub.identity.linkage.tables import shipped
from xinglin.standards.persons import meanings

MISSING: Final = -1
"""The level where a side doesn't know, or another comparison has counted it already."""
ELSE: Final = 0
"""The level where nothing nearer holds."""

_SIDE: Final = re.compile(r"\b([lr])\.([a-z_0-9]+)")
_ONE_OFF: Final = re.compile(r"\{one_off:([a-z_]+)\}")


@dataclass(frozen=True, slots=True)
class Comparison:
    """One comparison: it is silent where `unknown` holds, else the first of `cases` gives the level.

    `frequency` is the column whose value's frequency counts on full agreement, or "". `shared`: people of
    one household often agree. `labels` name the levels from 0 (different) up, as English message ids.
    """

    name: str
    needs: tuple[str, ...]
    unknown: str
    cases: tuple[tuple[str, int], ...]
    labels: tuple[str, ...]
    frequency: str
    shared: bool

    @property
    def size(self) -> int:
        """How many levels a model has for this."""
        return len(self.labels)

    def label(self, level: int, language: str) -> str:
        """Name a level in `language` ("en" or "zh")."""
        if (told := meanings().get((self.name, level))) and told.name() == self.labels[level]:
            return told.name(language)
        return translate(self.labels[level], language)

    def sql(self) -> str:
        """Write the comparison of people `l` and `r` as an expression that gives the level's number."""
        cases = "".join(f" when {condition} then {number}" for condition, number in self.cases)
        return f"(case when {self.unknown} then {MISSING}{cases} else {ELSE} end)::tinyint"


def for_splink(condition: str) -> str:
    """Write a condition with Splink's names of columns: `surname_l` instead of `l.surname`."""
    return _SIDE.sub(r"\2_\1", condition)


@dataclass(frozen=True, slots=True)
class FileLevel:
    """One step of nearness between rows of files; a silent one counts as missing."""

    test: Test
    number: int
    label: str


@dataclass(frozen=True, slots=True)
class FileComparison:
    """A comparison of files with its predicates, for comparing in Python."""

    name: str
    column: str
    levels: tuple[FileLevel, ...]

    def level(self, left: Row, right: Row) -> int:
        """Compare two rows: the number of the first level that holds."""
        if left.get(self.column) is None or right.get(self.column) is None:
            return MISSING
        return next((one.number for one in self.levels if holds(one.test, left, right)), ELSE)


def _table(name: str) -> list[dict[str, object]]:
    content = cast("dict[str, list[dict[str, object]]]", shipped(name))
    return content["comparisons"]


def _file_levels(row: Mapping[str, object]) -> tuple[FileLevel, ...]:
    listed = cast("list[dict[str, object]]", row["levels"])
    speaking = [one for one in listed if not one.get("silent")]
    numbers = {id(one): len(speaking) - at for at, one in enumerate(speaking)}
    column = str(row["column"])
    return tuple(
        FileLevel(
            Test(
                str(one["test"]),
                str(one["on"]),
                str(one.get("other", column)),
                float(cast("float", one.get("at", 1.0))),
            ),
            numbers.get(id(one), MISSING),
            str(one.get("label", "")),
        )
        for one in listed
    )


@cache
def file_comparisons() -> tuple[FileComparison, ...]:
    """Give the comparisons of files, with their predicates."""
    return tuple(
        FileComparison(str(row["name"]), str(row["column"]), _file_levels(row))
        for row in _table("comparisons.yaml")
    )


@cache
def _of_files() -> tuple[Comparison, ...]:
    found: list[Comparison] = []
    for one, row in zip(file_comparisons(), _table("comparisons.yaml"), strict=True):
        speaking = [level for level in one.levels if level.number != MISSING]
        found.append(
            Comparison(
                one.name,
                (one.column,),
                f"l.{one.column} is null or r.{one.column} is null",
                tuple((sql_of(level.test), level.number) for level in one.levels),
                ("different", *(level.label for level in reversed(speaking))),
                one.column if row.get("frequency") else "",
                bool(row.get("shared")),
            )
        )
    return tuple(found)


@cache
def _of_persons() -> tuple[Comparison, ...]:
    return tuple(_of_person(row) for row in _table("persons.yaml"))


def _of_person(row: Mapping[str, object]) -> Comparison:
    name = str(row["name"])
    levels = cast("dict[int, str]", row["levels"])
    return Comparison(
        name,
        tuple(cast("list[str]", row["needs"])),
        str(row["unknown"]),
        tuple(
            (f"coalesce({_ONE_OFF.sub(_one_off, condition)}, false)", number)
            for number, condition in sorted(levels.items(), reverse=True)
        ),
        tuple(meanings()[name, number].name() for number in range(len(levels) + 1)),
        str(row.get("frequency", "")),
        bool(row.get("shared")),
    )


def _one_off(found: re.Match[str]) -> str:
    """Say in SQL that two texts are one slip apart, in characters.

    DuckDB's distances count bytes, which is the same for ASCII; other texts are compared from each place on.
    """
    one, other = f"l.{found[1]}", f"r.{found[1]}"
    either = (
        f"substr({one}, i + 2) = substr({other}, i + 2) or substr({one}, i + 2) = substr({other}, i + 1)"
        f" or substr({one}, i + 1) = substr({other}, i + 2)"
        f" or (substr({one}, i + 1, 1) = substr({other}, i + 2, 1)"
        f" and substr({one}, i + 2, 1) = substr({other}, i + 1, 1)"
        f" and substr({one}, i + 3) = substr({other}, i + 3))"
    )
    return (
        f"case when abs(length({one}) - length({other})) > 1 then false"
        f" when strlen({one}) = length({one}) and strlen({other}) = length({other})"
        f" then case when levenshtein({one}, {other}) <= 2 then damerau_levenshtein({one}, {other}) <= 1"
        f" else false end else len(list_filter(range(0, greatest(length({one}), length({other}))),"
        f" lambda i: left({one}, i) = left({other}, i) and ({either}))) > 0 end"
    )


def of_files(present: Collection[str]) -> tuple[Comparison, ...]:
    """Give the comparisons of files whose columns are `present`."""
    return tuple(one for one in _of_files() if set(one.needs) <= set(present))


def of_persons(present: Collection[str]) -> tuple[Comparison, ...]:
    """Give the comparisons of persons whose columns are `present`."""
    return tuple(one for one in _of_persons() if set(one.needs) <= set(present))
