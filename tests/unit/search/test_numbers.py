"""Numbers and quantities on one scale."""

from decimal import Decimal

import pytest

from xinglin.core.exact_json import ExactDecimal
from xinglin.standards.search.numbers import (
    LEAST,
    MOST,
    Interval,
    approximately,
    number_interval,
    precision_range,
    quantity_interval,
    range_interval,
    read_number,
    sampled_interval,
    ucum_unit,
)


@pytest.mark.parametrize(
    ("text", "low", "high"),
    [
        ("100", "99.5", "100.5"),
        ("100.00", "99.995", "100.005"),
        ("1e2", "95", "105"),
        ("5.4", "5.35", "5.45"),
        ("5.40e-3", "0.005395", "0.005405"),
        ("-1", "-1.5", "-0.5"),
        ("0", "-0.5", "0.5"),
    ],
)
def test_digits_tell_the_range(text: str, low: str, high: str) -> None:
    assert precision_range(text) == Interval(Decimal(low), Decimal(high))


@pytest.mark.parametrize("text", ["", "x", "NaN", "Infinity", "1_000", " 1", "1e999", "1e-999"])
def test_what_is_no_number(text: str) -> None:
    with pytest.raises(ValueError):  # noqa: PT011 - the message is the text itself
        read_number(text)


def test_about_is_within_a_tenth() -> None:
    assert approximately(Decimal(-10)) == Interval(Decimal(-11), Decimal(-9))


def test_units_are_brought_to_base_units() -> None:
    grams, milligrams = ucum_unit("g/L"), ucum_unit("mg/dL")
    assert grams is not None
    assert milligrams is not None
    assert grams.key == milligrams.key
    assert grams.convert(Decimal("0.054")) == milligrams.convert(Decimal("5.4"))
    assert grams.convert(MOST) == MOST


def test_temperatures_have_another_zero() -> None:
    celsius, fahrenheit = ucum_unit("Cel"), ucum_unit("[degF]")
    assert celsius is not None
    assert fahrenheit is not None
    assert celsius.convert(Decimal(37)) == fahrenheit.convert(Decimal("98.6")) == Decimal("310.15")


def test_units_that_measure_only_themselves() -> None:
    international, plain = ucum_unit("k[iU]/L"), ucum_unit("10*3/L")
    assert international is not None
    assert plain is not None
    assert international.key != plain.key
    assert ucum_unit("nonsense") is None
    assert ucum_unit("") is None


def test_comparators_open_an_end() -> None:
    assert quantity_interval({"value": 5, "comparator": "<"}) == Interval(LEAST, Decimal(5))
    assert quantity_interval({"value": ExactDecimal("5.0"), "comparator": ">="}) == Interval(Decimal(5), MOST)
    assert quantity_interval({"unit": "mg"}) is None


def test_ranges_and_samples() -> None:
    assert range_interval({"low": {"value": 1}}) == Interval(Decimal(1), MOST)
    assert range_interval({"high": {"value": 1}}) == Interval(LEAST, Decimal(1))
    assert range_interval({}) is None
    samples = {"origin": {"value": 10}, "factor": 2, "data": "1 E -3 L"}
    assert sampled_interval(samples) == Interval(Decimal(4), Decimal(12))
    assert sampled_interval({"origin": {"value": 1}, "data": "E"}) is None
    assert number_interval(True) is None
