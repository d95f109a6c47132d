"""Who belongs together: from links and decisions to persons. Pure; the order of arrival is no matter.

Decisions that hold two records together join first. Then links join, the strongest first, unless the two
persons that would become one hold records that a decision keeps apart or that evidently are two people's.
Where somebody has decided that records are one person's though they differ, evident differences tell nothing
any more about that person, so there only decisions keep a link from joining.
"""

from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Final

LARGEST: Final = 64
"""So many records rules and model join to one person at most; decisions may join more."""

Pair = tuple[str, str]
"""Two ids, the lesser first."""


@dataclass(frozen=True, slots=True)
class Edge:
    """Two records that a rule or the model would link; `weight` orders links of one sort (bits)."""

    pair: Pair
    how: str
    weight: float = 0.0

    @property
    def rank(self) -> tuple[bool, float, Pair]:
        """The order in which links join: rules first, then by weight; the ids settle what is left."""
        return (self.how != "rule", -self.weight, self.pair)


@dataclass(frozen=True, slots=True)
class Constraints:
    """Which pairs decisions hold together and which apart; no pair stands in both."""

    together: frozenset[Pair] = frozenset()
    apart: frozenset[Pair] = frozenset()


@dataclass
class Partition:
    """Persons, each a sorted tuple of ids, and the links that would have joined what must stay apart."""

    persons: list[tuple[str, ...]]
    blocked: list[Edge] = field(default_factory=list[Edge])


def ordered(one: str, other: str) -> Pair:
    """Give a pair with the lesser id first."""
    return (one, other) if one < other else (other, one)


def partition(
    nodes: Iterable[str],
    edges: Sequence[Edge],
    constraints: Constraints,
    evidently_apart: Callable[[str, str], bool],
) -> Partition:
    """Join records to persons. Links and decisions on ids that aren't among `nodes` count for nothing."""
    persons = {one: [one] for one in sorted(set(nodes))}
    for first, second in sorted(constraints.together):
        if first in persons and second in persons:
            _join(persons, first, second)
    vouched = {one for pair in constraints.together if persons.keys() >= set(pair) for one in pair}
    blocked: list[Edge] = []
    for edge in sorted(edges, key=lambda one: one.rank):
        one, other = (persons.get(id_) for id_ in edge.pair)
        if one is None or other is None or one is other:
            continue
        differ = evidently_apart if vouched.isdisjoint(one) and vouched.isdisjoint(other) else _never
        if _may_join(one, other, constraints, differ):
            _join(persons, *edge.pair)
        else:
            blocked.append(edge)
    return Partition(_distinct(persons), blocked)


def contradiction(nodes: Iterable[str], constraints: Constraints) -> Pair | None:
    """Give a pair that decisions keep apart and, through others, hold together; None where there is none."""
    found = partition(nodes, (), constraints, _never)
    person = {id_: members for members in found.persons for id_ in members}
    for first, second in sorted(constraints.apart):
        if first in person and person[first] is person.get(second):
            return first, second
    return None


def _never(_one: str, _other: str) -> bool:
    return False


def _may_join(
    one: Sequence[str],
    other: Sequence[str],
    constraints: Constraints,
    evidently_apart: Callable[[str, str], bool],
) -> bool:
    if len(one) + len(other) > LARGEST:
        return False
    crossing = [(a, b) for a in one for b in other]
    if any(ordered(a, b) in constraints.apart for a, b in crossing):
        return False
    return not any(evidently_apart(a, b) for a, b in crossing)


def _join(persons: dict[str, list[str]], first: str, second: str) -> None:
    one, other = persons[first], persons[second]
    if one is other:
        return
    one.extend(other)
    for id_ in other:
        persons[id_] = one


def _distinct(persons: Mapping[str, list[str]]) -> list[tuple[str, ...]]:
    seen: dict[int, tuple[str, ...]] = {}
    for members in persons.values():
        if id(members) not in seen:
            seen[id(members)] = tuple(sorted(members))
    return sorted(seen.values())
