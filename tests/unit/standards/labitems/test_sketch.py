"""Sketches of values."""

import math

from hypothesis import given
from hypothesis import strategies as st

from xinglin.core.exact_json import dumps, loads
from xinglin.standards.labitems import Sketch

VALUES = st.lists(st.floats(min_value=0.001, max_value=1e6), min_size=1, max_size=100)


def sketch(values: list[float]) -> Sketch:
    found = Sketch()
    for value in values:
        found.add(value)
    return found


@given(VALUES, st.floats(min_value=0, max_value=1))
def test_quantiles_are_right_within_a_twentieth(values: list[float], share: float) -> None:
    found = sketch(values).quantile(share)
    right = sorted(values)[math.floor(share * (len(values) - 1))]
    assert found is not None
    assert abs(found - right) <= 0.051 * right


@given(VALUES, VALUES)
def test_joining_is_adding(one: list[float], other: list[float]) -> None:
    joined = sketch(one)
    joined.join(sketch(other))
    assert joined == sketch(one + other)
    assert Sketch.of(joined.plain()) == joined


def test_strange_values() -> None:
    found = sketch([math.inf, math.nan, -5.0, 0.0])
    assert found.count == 2
    assert found.quantile(0.5) == -5.0
    assert Sketch().quantile(0.5) is None
    assert Sketch.of(loads(dumps(Sketch().plain()))) == Sketch()
    assert sketch([1.0, 2.0, 100.0]).between(0.5, 3) == 2 / 3
