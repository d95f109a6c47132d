"""UCUM units, exactly."""

from decimal import Decimal
from fractions import Fraction

import pytest

from xinglin.standards.fhirpath import ucum


@pytest.mark.parametrize(
    ("one", "other", "ratio"),
    [
        ("kg", "g", Fraction(1000)),
        ("mg/dL", "g/L", Fraction(1, 100)),
        ("10*9/L", "10*3/uL", Fraction(1)),
        ("10^9/L", "/pL", Fraction(1, 1000)),
        ("mm[Hg]", "kPa", Fraction(133322, 1000000)),
        ("[lb_av]", "g", Fraction(45359237, 100000)),
        ("umol/L", "mmol/L", Fraction(1, 1000)),
        ("mL/min/{1.73_m2}", "mL/min", Fraction(1)),
        ("%", "1", Fraction(1, 100)),
        ("wk", "d", Fraction(7)),
        ("[in_i]", "cm", Fraction(254, 100)),
        ("U/L", "kat/L", Fraction(1, 60000000)),
        ("m.s-2", "m/s2", Fraction(1)),
        ("J", "kg.m2/s2", Fraction(1)),
        ("(m/s)/s", "m/s2", Fraction(1)),
    ],
)
def test_ratio(one: str, other: str, ratio: Fraction) -> None:
    assert ucum.ratio(one, other) == ratio


@pytest.mark.parametrize(
    ("one", "other"), [("kg", "m"), ("[iU]", "mg"), ("[pH]", "1"), ("B[W]", "W"), ("Cel", "m")]
)
def test_what_measures_different_things_has_no_ratio(one: str, other: str) -> None:
    assert ucum.ratio(one, other) is None


@pytest.mark.parametrize(
    "code", ["", "foo", "m/", "/", "(m", "m)", "k g", "mg/dL ", "m{", "[x]", "10*x", "m9999", "杏"]
)
def test_what_is_no_unit(code: str) -> None:
    assert not ucum.is_known(code)


def test_temperatures_have_a_zero() -> None:
    celsius, fahrenheit = (ucum.canonical(Decimal(v), u) for v, u in (("37", "Cel"), ("98.6", "[degF]")))
    assert celsius == fahrenheit == (Fraction(31015, 100), (("K", 1),))


def test_values_of_absurd_size_are_not_converted() -> None:
    assert ucum.canonical(Decimal("1e999999"), "g") is None
