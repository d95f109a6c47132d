"""The tables behind the lifelong record, read once; each row says where it comes from."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from decimal import Decimal
from functools import cache
from typing import Final

from xinglin.core.tables import rows_of
from xinglin.standards.search.dates import SECOND

MINUTE: Final = 60 * SECOND

Path = tuple[str, ...]
"""Names of members, from the record down."""


@dataclass(frozen=True, slots=True)
class Shape:
    """Where a resource type keeps what the timeline shows: its kind, code, start, end and institution."""

    type: str
    kind: str
    code: str
    starts: tuple[Path, ...]
    ends: tuple[Path, ...]
    provider: str


@dataclass(frozen=True, slots=True)
class Rule:
    """When two records of `type` (of encounter class `class_`; "": any) tell the same fact.

    `must`: what has to agree. `time`: how many microseconds apart they may be; `tolerance`: how far values
    may differ, as a part of the larger. `same_source`: may records of one source be one fact? ("exact":
    only when their times are the same). `first`: by what the record that is shown is chosen.
    """

    type: str
    class_: str
    must: frozenset[str]
    time: int
    tolerance: Decimal
    same_source: str
    first: tuple[str, ...]


Rules = Mapping[str, Sequence[Rule]]
"""Rules by type, those of a class first."""


@cache
def shapes() -> Mapping[str, Shape]:
    """Give by resource type how it is read."""
    return {row["type"]: _shape(row) for row in rows("kinds.csv")}


@cache
def kinds() -> tuple[str, ...]:
    """Give the kinds of entries."""
    return tuple(dict.fromkeys(shape.kind for shape in shapes().values()))


@cache
def rules(use: str) -> Rules:
    """Give the rules for a use: `fact` (a timeline's entries) or `list` (a summary's lists)."""
    found: dict[str, list[Rule]] = {}
    for row in rows("same_facts.csv"):
        if row["use"] == use:
            found.setdefault(row["type"], []).append(_rule(row))
    return {kind: sorted(several, key=lambda one: one.class_ == "") for kind, several in found.items()}


@cache
def system_names() -> Mapping[str, str]:
    """Give the one name of code systems that have several."""
    return {row["system"]: row["one"] for row in rows("code_systems.csv")}


def rows(name: str) -> list[dict[str, str]]:
    """Read a table that is shipped."""
    return list(rows_of("xinglin.hub.lifelong", "tables", name))


def _shape(row: Mapping[str, str]) -> Shape:
    return Shape(
        row["type"], row["kind"], row["code"], _paths(row["starts"]), _paths(row["ends"]), row["provider"]
    )


def _paths(cell: str) -> tuple[Path, ...]:
    return tuple(tuple(path.split(".")) for path in cell.split("|") if path)


def _rule(row: Mapping[str, str]) -> Rule:
    return Rule(
        type=row["type"],
        class_=row["class"],
        must=frozenset(row["must"].split("|")),
        time=int(row["time_minutes"]) * MINUTE,
        tolerance=Decimal(row["value_tolerance"]),
        same_source=row["same_source"],
        first=tuple(row["first"].split("|")),
    )
