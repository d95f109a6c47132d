"""Counts always add up."""

from hypothesis import given
from hypothesis import strategies as st

from xinglin.hub.intake.counts import Counts, total

steps = st.one_of(
    st.tuples(st.just("take"), st.integers(0, 9), st.integers(0, 9)),
    st.tuples(st.just("refuse"), st.sampled_from(["XL7003", "XL5010"]), st.integers(1, 9)),
)


@given(st.lists(st.lists(steps, max_size=5), max_size=4))
def test_they_add_up(parts: list[list[tuple]]) -> None:
    made = []
    for part in parts:
        counts = Counts()
        for name, one, other in part:
            if name == "take":
                counts.take(accepted=one, unchanged=other, unknown=["x"])
            else:
                counts.refuse(one, other)
        made.append({"received": counts.received, "accepted": counts.accepted, "unchanged": counts.unchanged,
                     "refused": counts.refused, "by_reason": counts.by_reason})  # fmt: skip
    sum_ = total(made)
    assert sum_.received == sum_.accepted + sum_.unchanged + sum_.refused
    assert sum_.refused == sum(sum_.by_reason.values())
    again = sum_.again()
    assert (again.received, again.accepted) == (sum_.received, 0)
    assert again.received == again.unchanged + again.refused


def test_what_is_taken_back_is_gone() -> None:
    counts = Counts()
    counts.refuse("XL7003", 2)
    counts.refuse("XL7003", -2)
    assert total([{"by_reason": counts.by_reason}]).by_reason == {}
    assert Counts().by_reason == {}, "no two share their tables"
