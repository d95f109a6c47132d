"""What concepts are found by."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from xinglin.standards.terminology.errors import BadResource
from xinglin.standards.terminology.lexemes import (
    ancestors_of,
    lexemes,
    matches,
    natural,
    prefix_parents,
    words_of,
)
from xinglin.standards.terminology.model import Concept, Designation

CONCEPT = Concept(
    "I10.x00", "2型糖尿病性高血压", designations=(Designation("Essential hypertension (β-type)", "en"),)
)


@pytest.mark.parametrize(
    ("text", "found"),
    [
        ("高血压", True),
        ("糖尿病 高血压", True),
        ("xueya", True),
        ("gxy", True),
        ("I10", True),
        ("i10.X", True),
        ("hyper", True),
        ("essential hyp", True),
        ("ESSENTIAL", True),
        ("低血压", False),
        ("hypotension", False),
        ("10", False),
        ("", True),
        ("2型", True),
    ],
)
def test_words(text: str, found: bool) -> None:
    assert matches(words_of(text), lexemes(CONCEPT)) == found


@given(st.text(max_size=40))
def test_a_name_is_found_by_itself(text: str) -> None:
    assert matches(words_of(text), lexemes(Concept("x", text)))


@given(st.text(min_size=1, max_size=40))
def test_words_hold_no_marks(text: str) -> None:
    """A search text can't reach the keys that stand for ancestors and properties."""
    assert not any(word[0] < " " for word in words_of(text))


def test_prefix_parents() -> None:
    found = prefix_parents(["A00", "A00.0", "A00.000x001", "B1"])
    assert found == {"A00.0": "A00", "A00.000x001": "A00.0"}


@given(
    st.dictionaries(
        st.sampled_from("abcdefgh"), st.lists(st.sampled_from("abcdefgh"), max_size=3).map(tuple), max_size=8
    )
)
def test_ancestors_are_all_that_can_be_reached(parents: dict[str, tuple[str, ...]]) -> None:
    above = ancestors_of(parents)
    assert above.keys() == parents.keys()
    for code, found in above.items():
        reached: set[str] = set()
        waiting = list(parents[code])
        while waiting:
            one = waiting.pop()
            if one not in reached:
                reached.add(one)
                waiting += parents.get(one, ())
        assert found == reached - {code}


def test_versions_in_their_natural_order() -> None:
    assert sorted(["2.10", "2.9", "10", "2.9a", ""], key=natural) == ["", "2.9", "2.9a", "2.10", "10"]


def test_a_hierarchy_without_end_is_refused() -> None:
    chain = {str(one): (str(one + 1),) for one in range(5_000)}
    with pytest.raises(BadResource):
        ancestors_of(chain)
    with pytest.raises(BadResource):
        ancestors_of({**chain, "5000": ("0",)})
