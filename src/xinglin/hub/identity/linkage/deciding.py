"""Decide which weighed pairs are links: one to one between two files without duplicates, or whole persons."""

from collections.abc import Callable, Iterable, Mapping, Sequence
from typing import Final, TypeAlias

Edge: TypeAlias = tuple[int, int, float]
"""Two people (numbers) and the weight of their pair (bits)."""

REPEATED: Final = 0.02
"""Files are without duplicates where at most so few linked records have a second certain partner."""
CERTAIN: Final = 6.6
"""Weight (bits) of a pair that is hardly by mistake: probability 0.99."""
LARGEST: Final = 60
"""Records of one person at most; more are one only where every pair was compared and agrees."""


def one_to_one(edges: Iterable[Edge], threshold: float) -> list[Edge]:
    """Give each person the best partner that is left, the heaviest pairs first."""
    taken: set[int] = set()
    links: list[Edge] = []
    for a, b, weight in sorted(edges, key=lambda edge: (-edge[2], edge[0], edge[1])):
        if a not in taken and b not in taken:
            taken.update((a, b))
            if weight >= threshold:
                links.append((a, b, weight))
    return links


def are_without_duplicates(edges: Sequence[Edge]) -> bool:
    """Whether two files seem to have nobody twice: hardly a record has two certain partners."""
    partners: dict[int, int] = {}
    for a, b, weight in edges:
        if weight >= CERTAIN:
            partners[a] = partners.get(a, 0) + 1
            partners[b] = partners.get(b, 0) + 1
    repeated = sum(1 for count in partners.values() if count > 1)
    return repeated <= REPEATED * max(1, len(partners))


def clusters(edges: Iterable[Edge], threshold: float) -> list[list[int]]:
    """Join people over links of at least `threshold`; only clusters of two and more."""
    parent: dict[int, int] = {}
    for a, b, weight in edges:
        if weight >= threshold:
            one, other = _root(parent, a), _root(parent, b)
            if one != other:
                parent[max(one, other)] = min(one, other)
    found: dict[int, list[int]] = {}
    for person in parent:
        found.setdefault(_root(parent, person), []).append(person)
    for root, members in found.items():
        if root not in members:
            members.append(root)
    return [sorted(members) for members in found.values()]


def _root(parent: dict[int, int], person: int) -> int:
    parent.setdefault(person, person)
    while parent[person] != person:
        parent[person] = parent[parent[person]]
        person = parent[person]
    return person


def consistent(
    members: Sequence[int], weights: Mapping[tuple[int, int], float], threshold: float
) -> list[list[int]]:
    """Split a cluster whose pairs contradict each other: join the heaviest pairs first, groups by their mean.

    Two groups join while the mean weight over all pairs between them reaches the threshold, so that one weak
    link doesn't make one person of two. `weights` has every pair (a < b) of the members.
    """
    groups = [[one] for one in members]
    while len(groups) > 1:
        best = max(
            (
                (_mean(groups[i], groups[j], weights), -i, -j)
                for i in range(len(groups))
                for j in range(i + 1, len(groups))
            ),
        )
        if best[0] < threshold:
            break
        i, j = -best[1], -best[2]
        groups[i] = sorted(groups[i] + groups[j])
        del groups[j]
    return groups


def _mean(one: Sequence[int], other: Sequence[int], weights: Mapping[tuple[int, int], float]) -> float:
    values = [weights[min(a, b), max(a, b)] for a in one for b in other]
    return sum(values) / len(values)


Weigh: TypeAlias = Callable[[list[tuple[int, int]]], dict[tuple[int, int], float]]
"""Weighs pairs that blocking didn't find."""


def persons(edges: Sequence[Edge], threshold: float, weigh: Weigh) -> list[Edge]:
    """Decide whole persons: every pair within each, with its weight."""
    known = {(a, b): weight for a, b, weight in edges}
    found = clusters(edges, threshold)
    wanted = [
        (a, b)
        for members in found
        if 2 < len(members) <= LARGEST
        for at, a in enumerate(members)
        for b in members[at + 1 :]
        if (a, b) not in known
    ]
    known |= weigh(wanted) if wanted else {}
    links: list[Edge] = []
    for members in found:
        for group in _groups(members, known, threshold):
            links += [
                (a, b, known[a, b]) for at, a in enumerate(group) for b in group[at + 1 :] if (a, b) in known
            ]
    return sorted(links)


def _groups(members: list[int], known: Mapping[tuple[int, int], float], threshold: float) -> list[list[int]]:
    if len(members) == 2:
        return [members]
    if len(members) > LARGEST:
        return [[a, b] for (a, b) in _best_pairs(members, known, threshold)]
    pairs = [known[a, b] for at, a in enumerate(members) for b in members[at + 1 :]]
    return [members] if min(pairs) >= threshold else consistent(members, known, threshold)


def _best_pairs(
    members: list[int], known: Mapping[tuple[int, int], float], threshold: float
) -> list[tuple[int, int]]:
    inside = set(members)
    edges = [(a, b, weight) for (a, b), weight in known.items() if a in inside and b in inside]
    return [(a, b) for a, b, _ in one_to_one(edges, threshold)]
