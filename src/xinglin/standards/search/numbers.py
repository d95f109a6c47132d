"""Numbers and quantities on one scale (http://hl7.org/fhir/R4/search.html#number, #quantity).

Numbers in records are exact; the precision of a number asked for makes a range of it. Quantities with a UCUM
unit are compared in base units, to 12 significant digits.
"""

from collections.abc import Callable, Mapping
from decimal import ROUND_HALF_EVEN, Context, Decimal, InvalidOperation
from fractions import Fraction
from functools import lru_cache
from typing import Any, NamedTuple

from xinglin.standards.fhirpath import ucum
from xinglin.standards.search import keys

UCUM = "http://unitsofmeasure.org"
LEAST = Decimal("-Infinity")
MOST = Decimal("Infinity")

_CACHED = 1 << 12
_EXACT = Context(prec=60)
_COMPARED = Context(prec=12, rounding=ROUND_HALF_EVEN)
MAX_EXPONENT = 300
"""Numbers beyond 10^±300 aren't compared; FHIR asks for 18 digits only."""


class Interval(NamedTuple):
    """From `low` to `high`; a number in a record has both ends equal and included."""

    low: Decimal
    high: Decimal


class Unit(NamedTuple):
    """How to bring a UCUM unit to base units: value * factor + offset, in the unit numbered `key`."""

    factor: Decimal
    offset: Decimal
    key: int

    def convert(self, value: Decimal) -> Decimal:
        """Give `value` in base units, to 12 significant digits; infinities stay."""
        if not value.is_finite():
            return value
        return _COMPARED.plus(_EXACT.add(_EXACT.multiply(value, self.factor), self.offset))


def read_number(text: str) -> Decimal:
    """Read a FHIR decimal. Raises ValueError where `text` is none, or too large or small to compare."""
    try:
        value = Decimal(text)
    except InvalidOperation:
        raise ValueError(text) from None
    if not value.is_finite() or abs(value.adjusted()) > MAX_EXPONENT or "_" in text or text.strip() != text:
        raise ValueError(text)
    return value


def precision_range(text: str) -> Interval:
    """Give the half-open range that the number `text` stands for by its digits: "5.4" is [5.35, 5.45).

    "1e2" is [95, 105) as in the specification's table: a whole number before the exponent counts as having
    one more digit.
    """
    value = read_number(text)
    exponent = int(value.as_tuple().exponent)
    mantissa, mark, _ = text.lower().partition("e")
    if mark and "." not in mantissa:
        exponent -= 1
    half = Decimal((0, (5,), exponent - 1))
    return Interval(_EXACT.subtract(value, half), _EXACT.add(value, half))


def approximately(value: Decimal) -> Interval:
    """Give the closed range within a tenth of `value`, for the prefix `ap`."""
    tenth = _EXACT.divide(abs(value), Decimal(10))
    return Interval(_EXACT.subtract(value, tenth), _EXACT.add(value, tenth))


COMPARISONS: Mapping[str, Callable[[Decimal, Interval, Interval], bool]] = {
    "eq": lambda _, wanted, found: wanted.low <= found.low and found.high < wanted.high,
    "ne": lambda _, wanted, found: not (wanted.low <= found.low and found.high < wanted.high),
    "gt": lambda value, _, found: found.high > value,
    "lt": lambda value, _, found: found.low < value,
    "ge": lambda value, _, found: found.high >= value,
    "le": lambda value, _, found: found.low <= value,
    "sa": lambda value, _, found: found.low > value,
    "eb": lambda value, _, found: found.high < value,
    "ap": lambda _, wanted, found: found.low <= wanted.high and found.high >= wanted.low,
}
"""By prefix: does what a record holds answer the value asked for, or the range that stands for?"""


@lru_cache(maxsize=_CACHED)
def ucum_unit(code: str) -> Unit | None:
    """Give how to convert the UCUM unit `code`; None where it isn't one."""
    found = ucum.unit(code)
    if found is None:
        return None
    dimension = ".".join(f"{name}{power}" for name, power in found.dimension)
    return Unit(
        _decimal_of(found.factor), _decimal_of(found.zero * found.factor), keys.canonical_unit(dimension)
    )


def _decimal_of(fraction: Fraction) -> Decimal:
    return _EXACT.divide(Decimal(fraction.numerator), Decimal(fraction.denominator))


def quantity_interval(quantity: Mapping[str, Any]) -> Interval | None:
    """Give the numbers a FHIR Quantity stands for; `<5` is everything up to 5. None where it has no value."""
    value = _decimal(quantity.get("value"))
    if value is None:
        return None
    comparator = quantity.get("comparator", "")
    return Interval(
        LEAST if comparator[:1] == "<" else value,
        MOST if comparator[:1] == ">" else value,
    )


def range_interval(found: Mapping[str, Any]) -> Interval | None:
    """Give the numbers a FHIR Range covers; open where an end is missing."""
    low = _value_of(found.get("low"))
    high = _value_of(found.get("high"))
    if low is None and high is None:
        return None
    return Interval(LEAST if low is None else low, MOST if high is None else high)


def sampled_interval(found: Mapping[str, Any]) -> Interval | None:
    """Give the least and greatest value of a FHIR SampledData; E, L and U are left out."""
    origin = _value_of(found.get("origin"))
    factor = _decimal(found.get("factor", 1))
    points = [_point(one) for one in str(found.get("data", "")).split()]
    numbers = [one for one in points if one is not None]
    if origin is None or factor is None or not numbers:
        return None
    values = [_EXACT.add(origin, _EXACT.multiply(factor, one)) for one in numbers]
    return Interval(min(values), max(values))


def _value_of(quantity: Mapping[str, Any] | None) -> Decimal | None:
    return _decimal(quantity.get("value")) if quantity else None


def _point(text: str) -> Decimal | None:
    try:
        return read_number(text)
    except ValueError:
        return None


def number_interval(value: object) -> Interval | None:
    """Give a JSON number as an interval of one point."""
    number = _decimal(value)
    return None if number is None else Interval(number, number)


def _decimal(value: object) -> Decimal | None:
    if isinstance(value, Decimal):
        return value
    return Decimal(value) if isinstance(value, int) and not isinstance(value, bool) else None
