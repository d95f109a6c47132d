"""The tables of the deterministic step: which equal numbers link, and what evidently parts two people."""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from functools import cache
from typing import Final

from xinglin.core.tables import rows_of
from xinglin.hub.identity.errors import FaultyIdentityTable
from xinglin.standards.persons import COLUMNS, FIELDS

LOCAL: Final = "local"
"""In place of a column: numbers that one institution gives."""
LINK: Final = "link"
"""In place of a column: what the institution itself says, in `Patient.link`."""
DIFFERENCES: Final = frozenset({"name", "birth", "sex", "identity", "newborn", "order"})
NEEDS: Final = frozenset({"name", "birth", "checked", "person"})


@dataclass(frozen=True, slots=True)
class Rule:
    """Two records with one value in `column` are one person's, if all of `needs` agree.

    Where `wants` don't agree, or all differences of one of `guards` are there, a person looks at the pair. A
    number that `people` evidently different persons bear isn't trusted any more.
    """

    id: str
    column: str
    needs: frozenset[str]
    wants: frozenset[str]
    guards: tuple[frozenset[str], ...]
    people: int
    name: Mapping[str, str]


@cache
def rules() -> tuple[Rule, ...]:
    """Give the rules in their order: the first that speaks counts. Raises FaultyIdentityTable."""
    found: list[Rule] = []
    for number, row in numbered_rows("rules.csv"):
        needs, wants = frozenset(row["needs"].split()), frozenset(row["wants"].split())
        guards = tuple(frozenset(one.split("+")) for one in row["guards"].split())
        known = row["column"] in (*COLUMNS, LOCAL, LINK) and NEEDS.issuperset(needs | wants)
        if not known or not DIFFERENCES.issuperset(one for guard in guards for one in guard):
            raise FaultyIdentityTable(file="rules.csv", row=number, detail=row["rule"])
        name = {"en": row["name_en"], "zh": row["name_zh"]}
        found.append(Rule(row["rule"], row["column"], needs, wants, guards, int(row["people"]), name))
    return tuple(found)


@cache
def parting() -> tuple[frozenset[str], ...]:
    """Give the sets of differences each of which parts two people evidently. Raises FaultyIdentityTable."""
    found: list[frozenset[str]] = []
    for number, row in numbered_rows("differences.csv"):
        together = frozenset(row["together"].split())
        if not together or not DIFFERENCES.issuperset(together):
            raise FaultyIdentityTable(file="differences.csv", row=number, detail=row["together"])
        found.append(together)
    return tuple(found)


@dataclass(frozen=True, slots=True)
class Doubt:
    """A pair that a person looks at though the model would link it, unless a personal number agrees.

    `levels`: by field the levels at which it lies, all together; `frequent`: only of given names many bear.
    """

    id: str
    levels: Mapping[str, range]
    frequent: bool


@cache
def doubts() -> tuple[Doubt, ...]:
    """Give the doubts. Raises FaultyIdentityTable."""
    found: list[Doubt] = []
    for number, row in numbered_rows("doubts.csv"):
        between: dict[str, range] = {}
        for one in row["levels"].split():
            field, _, text = one.partition(":")
            least, _, most = text.partition("-")
            if field not in FIELDS or not (least + most).isdigit():
                raise FaultyIdentityTable(file="doubts.csv", row=number, detail=one)
            between[field] = range(int(least), int(most or least) + 1)
        found.append(Doubt(row["doubt"], between, row["frequent"] == "yes"))
    return tuple(found)


@cache
def frequent_given() -> frozenset[str]:
    """Give the given names that very many bear."""
    return frozenset(row["given"] for _, row in numbered_rows("frequent_given.csv"))


@cache
def first_model() -> Mapping[str, Mapping[int, tuple[float, float]]]:
    """Give m and u by field and level of the model that holds until one is trained."""
    found: dict[str, dict[int, tuple[float, float]]] = {}
    for _, row in numbered_rows("first_model.csv"):
        found.setdefault(row["field"], {})[int(row["level"])] = (float(row["m"]), float(row["u"]))
    return found


def numbered_rows(name: str) -> Iterator[tuple[int, dict[str, str]]]:
    """Give the rows of `data/<name>` with their numbers in the file."""
    yield from enumerate(rows_of("xinglin.hub.identity", "data", name), 2)
