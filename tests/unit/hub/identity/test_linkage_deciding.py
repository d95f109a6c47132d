"""From weighed pairs to links."""

from hypothesis import given
from hypothesis import strategies as st

from xinglin.hub.identity.linkage.deciding import (
    are_without_duplicates,
    clusters,
    consistent,
    one_to_one,
    persons,
)

EDGES = st.lists(
    st.tuples(st.integers(1, 6), st.integers(7, 12), st.floats(-10, 30)),
    max_size=30,
    unique_by=lambda e: e[:2],
)


def nobody(wanted: list[tuple[int, int]]) -> dict[tuple[int, int], float]:
    return dict.fromkeys(wanted, -9.0)


@given(EDGES)
def test_one_to_one_gives_nobody_two_partners(edges: list[tuple[int, int, float]]) -> None:
    links = one_to_one(edges, 0.0)
    assert len({a for a, _, _ in links}) == len({b for _, b, _ in links}) == len(links)
    assert all(weight >= 0 for _, _, weight in links)
    # whoever is left could only have had a partner who got a better one
    best = {person: weight for a, b, weight in links for person in (a, b)}
    for a, b, weight in edges:
        if weight >= 0:
            assert max(best.get(a, -99), best.get(b, -99)) >= weight


@given(EDGES)
def test_persons_are_closed_and_every_link_is_inside_one(edges: list[tuple[int, int, float]]) -> None:
    links = persons(edges, 0.0, nobody)
    pairs = {(a, b) for a, b, _ in links}
    for a, b in pairs:
        for c, d in pairs:
            if a == c and b < d:
                assert (b, d) in pairs
    assert all(any({a, b} <= set(one) for one in clusters(edges, 0.0)) for a, b in pairs)


def test_a_weak_bridge_between_two_persons_breaks() -> None:
    edges = [(1, 2, 20.0), (3, 4, 20.0), (2, 3, 1.0)]
    assert persons(edges, 0.0, nobody) == [(1, 2, 20.0), (3, 4, 20.0)]
    everybody = persons(edges, 0.0, lambda wanted: dict.fromkeys(wanted, 2.0))
    assert {(a, b) for a, b, _ in everybody} == {(1, 2), (1, 3), (1, 4), (2, 3), (2, 4), (3, 4)}


def test_a_pair_that_alone_is_weak_is_kept_where_the_person_as_a_whole_is_sure() -> None:
    weights = {(1, 2): 15.0, (2, 3): 12.0, (1, 3): -3.0}
    assert consistent([1, 2, 3], weights, 0.0) == [[1, 2, 3]]


def test_too_many_records_for_one_person_become_pairs() -> None:
    edges = [(a, b, float(a)) for a in range(1, 80) for b in range(a + 1, 81)]
    links = persons(edges, 0.0, nobody)
    assert len(links) == 40
    assert len({one for a, b, _ in links for one in (a, b)}) == 80


def test_files_with_second_partners_have_duplicates() -> None:
    pairs = [(n, 1000 + n, 12.0) for n in range(100)]
    assert are_without_duplicates(pairs)
    assert not are_without_duplicates([*pairs, *((n, 2000 + n, 12.0) for n in range(30))])
    assert are_without_duplicates([*pairs, *((n, 2000 + n, 3.0) for n in range(30))])
    assert are_without_duplicates([])
