"""Who belongs together, from links and decisions."""

from itertools import pairwise

from hypothesis import given
from hypothesis import strategies as st

from xinglin.hub.identity.partition import (
    LARGEST,
    Constraints,
    Edge,
    Pair,
    contradiction,
    ordered,
    partition,
)

ids = st.sampled_from("abcdef")
pairs = st.tuples(ids, ids).filter(lambda p: p[0] < p[1])


def joined(edges: list[Edge], constraints: Constraints, differ: frozenset[Pair]) -> list[tuple[str, ...]]:
    return partition("abcdef", edges, constraints, lambda a, b: ordered(a, b) in differ).persons


def together(persons: list[tuple[str, ...]], pair: Pair) -> bool:
    return any(pair[0] in one and pair[1] in one for one in persons)


def test_a_link_doesnt_join_people_who_evidently_differ() -> None:
    edges = [Edge(("a", "b"), "model", 20.0), Edge(("b", "c"), "model", 9.0)]
    assert joined(edges, Constraints(), frozenset({("a", "c")}))[:2] == [("a", "b"), ("c",)]
    found = partition("abc", edges, Constraints(), lambda *pair: pair == ("a", "c"))
    assert [one.pair for one in found.blocked] == [("b", "c")]


def test_rules_come_before_the_model() -> None:
    edges = [Edge(("a", "b"), "model", 50.0), Edge(("b", "c"), "rule", 1.0)]
    assert ("b", "c") in joined(edges, Constraints(), frozenset({("a", "c")}))


def test_a_decision_says_more_than_differences() -> None:
    edges = [Edge(("a", "b"), "rule")]
    held = Constraints(together=frozenset({("a", "c")}))
    assert ("a", "b", "c") in joined(edges, held, frozenset({("b", "c")}))


def test_no_person_grows_without_bound() -> None:
    nodes = [f"{n:04d}" for n in range(3 * LARGEST)]
    edges = [Edge((one, other), "rule") for one, other in pairwise(nodes)]
    found = partition(nodes, edges, Constraints(), lambda *_: False)
    assert max(map(len, found.persons)) <= LARGEST


@given(
    st.lists(st.builds(Edge, pairs, st.sampled_from(["rule", "model"]), st.floats(0, 30)), max_size=12),
    st.frozensets(pairs, max_size=4),
    st.frozensets(pairs, max_size=4),
    st.frozensets(pairs, max_size=4),
)
def test_what_always_holds(
    edges: list[Edge], hold: frozenset[Pair], part: frozenset[Pair], differ: frozenset[Pair]
) -> None:
    constraints = Constraints(hold - part, part)
    found = joined(edges, constraints, differ)
    assert sorted(one for person in found for one in person) == list("abcdef")
    assert all(together(found, pair) for pair in constraints.together)
    if contradiction("abcdef", constraints) is None:
        assert not any(together(found, pair) for pair in constraints.apart)
    if not constraints.together:
        assert not any(together(found, pair) for pair in differ)
    assert joined(list(reversed(edges)), constraints, differ) == found
