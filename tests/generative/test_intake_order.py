"""The same facts in any order, in one delivery or many, end in the same present state, and none is lost."""

from dataclasses import replace

from hypothesis import given
from hypothesis import strategies as st
from tests.unit.hub.intake.test_settle import Past, full, gone, mention, part

from xinglin.hub.intake.order import said
from xinglin.standards.conversion import Fact, Mode

texts = st.sampled_from("abc")
hours = st.integers(1, 8)
timed = st.builds(full, texts, hours)
deletions = st.builds(gone, hours)
mentions = st.builds(mention, st.just("m"), st.none() | hours)


def at_different_times(facts: list[Fact]) -> list[Fact]:
    """Keep the first of the facts that claim one time."""
    seen: dict[object, Fact] = {}
    for number, fact in enumerate(facts):
        seen.setdefault(fact.time if fact.mode is not Mode.MENTION else number, fact)
    return list(seen.values())


def delivered(facts: list[Fact], cuts: list[bool]) -> Past:
    """Deliver the facts; a cut begins another delivery."""
    past, waiting = Past(), list[Fact]()
    for fact, cut in zip(facts, cuts, strict=False):
        waiting.append(fact)
        if cut:
            past.deliver(*waiting)
            waiting = []
    past.deliver(*waiting, *facts[len(cuts) :])
    return past


orders = st.lists(timed | deletions | mentions, min_size=1, max_size=7).map(at_different_times)
cuts = st.lists(st.booleans(), max_size=7)


@given(orders.flatmap(lambda facts: st.tuples(st.just(facts), st.permutations(facts))), cuts, cuts)
def test_any_order_ends_alike(
    orders: tuple[list[Fact], list[Fact]], one: list[bool], two: list[bool]
) -> None:
    first, second = (delivered(facts, cut) for facts, cut in zip(orders, (one, two), strict=True))
    assert first.present == second.present
    last = max((f for f in orders[0] if f.mode is not Mode.MENTION), key=lambda f: f.time, default=None)
    if last is not None:
        expected = None if last.mode is Mode.DELETE else last.resource["code"]["text"]
        assert first.present == expected


@given(st.lists(timed | st.builds(full, texts) | deletions | mentions, min_size=1, max_size=7), cuts)
def test_every_state_is_kept(facts: list[Fact], cut: list[bool]) -> None:
    past = delivered(facts, cut)
    kept = {said(version.content) for version in past.versions if not version.deleted}
    assert {said(fact.resource) for fact in facts if fact.mode is Mode.FULL} <= kept


@given(orders, cuts)
def test_the_same_again_changes_nothing(facts: list[Fact], cut: list[bool]) -> None:
    """Also in another file, cut in another way. What has no time is as new as its arrival."""
    past = delivered(facts, cut)
    before, present = len(past.versions), past.present
    for fact in facts:
        past.deliver(fact)
    past.deliver(*facts)
    assert (len(past.versions), past.present) == (before, present), past.texts


@given(
    st.lists(timed | deletions | mentions | st.builds(full, texts), min_size=2, max_size=7),
    st.integers(0, 6),
)
def test_a_mention_changes_nothing_that_is_known(facts: list[Fact], place: int) -> None:
    plain = [fact for fact in facts if fact.mode is not Mode.MENTION]
    place = min(place, len(plain))
    with_mention = [*plain[:place], mention("m", 4), *plain[place:]]
    if any(fact.mode is Mode.FULL for fact in plain):
        assert delivered(with_mention, [True] * 8).present == delivered(plain, [True] * 8).present


elements = st.sampled_from(["created", "language", "implicitRules"])


@given(
    st.lists(st.tuples(elements, hours), min_size=1, max_size=5, unique_by=lambda pair: pair[0]).flatmap(
        lambda parts: st.tuples(st.just(parts), st.permutations(parts))
    )
)
def test_parts_that_say_different_things_join_in_any_order(orders: tuple[list, list]) -> None:
    """Parts that name one element at different times don't: `test_where_the_order_of_arrival_shows`."""
    ends = []
    for parts in orders:
        past = Past()
        for name, hour in parts:
            past.deliver(part(hour, **{name: "x"}))
        ends.append({n: past.versions[-1].content.get(n) for n in ("created", "language", "implicitRules")})
    assert ends[0] == ends[1]


def test_ties_go_by_arrival() -> None:
    one, other = full("a", 1), full("b", 1)
    assert delivered([one, other], []).present == "b"
    assert delivered([other, one], []).present == "a"
    assert delivered([one, replace(other, time=None)], []).present == "b"
