"""Mathematics (http://hl7.org/fhirpath/N1/#math) and the boundaries of imprecise values (http://hl7.org/fhirpath/#utility-functions)."""

import calendar
from collections.abc import Callable
from decimal import ROUND_CEILING, ROUND_DOWN, ROUND_FLOOR, ROUND_HALF_UP, Decimal, DecimalException
from functools import partial
from typing import Any

from xinglin.core.i18n import Phrase
from xinglin.standards.fhirpath.arithmetic import CONTEXT
from xinglin.standards.fhirpath.functions.registry import INTEGER, MEASURE, NUMBER, QUANTITY, Accepts, scalar
from xinglin.standards.fhirpath.quantity import Quantity
from xinglin.standards.fhirpath.temporal import Date, DateTime, Temporal, Time

MAX_PLACES = 31
"""Most decimal places a boundary may be asked for."""
_BOUNDED = Accepts(
    Phrase("a decimal, quantity, date or time"),
    lambda v: isinstance(v, (int, Decimal, Quantity, Temporal)) and not isinstance(v, bool),
)
_WIDTHS = {4: 1, 6: 2, 8: 3, 10: 4, 12: 5, 14: 6, 17: 6}
"""Digits of a date-time, and how many parts that is."""


_Change = Callable[[Any], int | Decimal]


def _of_quantity(value: Any, change: _Change) -> Any:
    if isinstance(value, Quantity):
        return Quantity(Decimal(change(value.value)), value.unit, value.calendar)
    return change(value)


@scalar("abs", MEASURE)
def absolute(value: Any) -> Any:
    """Give the value without its sign."""
    return _of_quantity(value, abs)


def _integral(value: int | Decimal, rounding: str) -> int:
    return value if isinstance(value, int) else int(value.to_integral_value(rounding=rounding))


@scalar("ceiling", MEASURE)
def ceiling(value: Any) -> Any:
    """Give the least integer that isn't less."""
    return _of_quantity(value, partial(_integral, rounding=ROUND_CEILING))


@scalar("floor", MEASURE)
def floor(value: Any) -> Any:
    """Give the greatest integer that isn't greater."""
    return _of_quantity(value, partial(_integral, rounding=ROUND_FLOOR))


@scalar("truncate", MEASURE)
def truncate(value: Any) -> Any:
    """Give the integer part."""
    return _of_quantity(value, partial(_integral, rounding=ROUND_DOWN))


@scalar("round", MEASURE, INTEGER, least=0)
def round_(value: Any, places: int = 0) -> Any:
    """Round to `places`, halves away from zero."""
    if not 0 <= places <= MAX_PLACES:
        return None
    return _of_quantity(value, partial(_to_places, places=places, rounding=ROUND_HALF_UP))


def _to_places(value: int | Decimal, places: int, rounding: str) -> Decimal:
    value = Decimal(value)
    digits = max(CONTEXT.prec, abs(value.adjusted()) + places + 2)
    context = CONTEXT.copy()
    context.prec = digits
    return value.quantize(Decimal(1).scaleb(-places), rounding=rounding, context=context)


def _computed(name: str, compute: Callable[[Decimal], Decimal | None]) -> None:
    def function(value: int | Decimal) -> Decimal | None:
        try:
            return compute(Decimal(value))
        except DecimalException:
            return None

    scalar(name, NUMBER, gives="Decimal")(function)


_computed("sqrt", lambda v: v.sqrt(CONTEXT) if v >= 0 else None)
_computed("ln", lambda v: v.ln(CONTEXT) if v > 0 else None)
_computed("exp", lambda v: v.exp(CONTEXT) if abs(v) < 1000 else None)


@scalar("log", NUMBER, NUMBER, gives="Decimal")
def log(value: int | Decimal, base: int | Decimal) -> Decimal | None:
    """Give the logarithm to `base`."""
    if value <= 0 or base <= 0 or base == 1:
        return None
    found = CONTEXT.divide(Decimal(value).ln(CONTEXT), Decimal(base).ln(CONTEXT))
    # Two logarithms lose the last digits: 16.log(2) is 4, not 3.999….
    return _to_places(found, 30, ROUND_HALF_UP).normalize(CONTEXT)


@scalar("power", NUMBER, NUMBER)
def power(value: int | Decimal, exponent: int | Decimal) -> int | Decimal | None:
    """Raise to `exponent`; None where that isn't a real number or too large."""
    try:
        found = CONTEXT.power(Decimal(value), Decimal(exponent))
    except DecimalException:
        return None
    whole = isinstance(value, int) and isinstance(exponent, int) and exponent >= 0
    if whole:
        return int(found) if abs(found) < 2**31 else None
    return found


@scalar("precision", _BOUNDED, gives="Integer")
def precision(value: Any) -> int | None:
    """Give the number of decimal places, or of digits of a date or time."""
    if isinstance(value, Temporal):
        return value.precision
    if isinstance(value, Quantity):
        value = value.value
    return _places(Decimal(value))


def _places(value: Decimal) -> int:
    exponent = value.as_tuple().exponent
    return max(0, -exponent) if isinstance(exponent, int) else 0


@scalar("lowBoundary", _BOUNDED, INTEGER, least=0)
def low_boundary(value: Any, digits: int | None = None) -> Any:
    """Give the least value that would be written so."""
    return _boundary(value, digits, high=False)


@scalar("highBoundary", _BOUNDED, INTEGER, least=0)
def high_boundary(value: Any, digits: int | None = None) -> Any:
    """Give the greatest value that would be written so."""
    return _boundary(value, digits, high=True)


def _boundary(value: Any, digits: int | None, *, high: bool) -> Any:
    if isinstance(value, Temporal):
        return _temporal_boundary(value, digits, high=high)
    places = 8 if digits is None else digits
    if not 0 <= places <= MAX_PLACES:
        return None
    return _of_quantity(value, partial(_decimal_boundary, places=places, high=high))


def _decimal_boundary(value: int | Decimal, places: int, *, high: bool) -> Decimal:
    value = Decimal(value)
    half = Decimal(5).scaleb(-_places(value) - 1)
    found = value + half if high else value - half
    # Away from zero halves round up, towards zero all is cut off: the reading of the official cases.
    outward = high != (found < 0)
    return _to_places(found, places, ROUND_HALF_UP if outward else ROUND_DOWN)


def _temporal_boundary(value: Temporal, digits: int | None, *, high: bool) -> Temporal | None:
    kind = type(value)
    digits = digits if digits is not None else {Date: 8, DateTime: 17, Time: 9}[kind]  # type: ignore[index]
    if kind is Time:
        parts = {2: 1, 4: 2, 6: 3, 9: 3}.get(digits)
        return None if parts is None else Time(_filled(value.parts, parts, digits == 9, high, 3))
    parts = _WIDTHS.get(digits)
    if parts is None or (kind is Date and parts > 3):
        return None
    filled = _filled(value.parts, parts, digits == 17, high, 0)
    zone = value.zone
    if zone is None and parts > 3:
        zone = -12 * 60 if high else 14 * 60
    return kind(filled, zone if parts > 3 else None)


def _filled(
    parts: tuple[Any, ...], count: int, milliseconds: bool, high: bool, first: int
) -> tuple[Any, ...]:
    """Give `count` parts, those missing at their least or greatest."""
    known = list(parts)
    if not first and len(known) == 4:
        # FHIR has no hour without minutes: `T08` is 08:00.
        known.append(0)
    while len(known) + first < 6:
        position = len(known) + first
        most = 12 if position == 1 else 59 if position > 3 else 23
        if position == 2:
            most = calendar.monthrange(int(known[0]), int(known[1]))[1]
        known.append(most if high else 1 if position < 3 else 0)
    second = Decimal(known[-1])
    if milliseconds and second.as_tuple().exponent == 0:
        known[-1] = second + Decimal("0.999") if high else second.quantize(Decimal("0.001"))
    elif milliseconds:
        known[-1] = second.quantize(Decimal("0.001"), rounding=ROUND_DOWN)
    else:
        known[-1] = second.quantize(Decimal(1), rounding=ROUND_DOWN)
    return tuple(known[:count])


@scalar("comparable", QUANTITY, QUANTITY, gives="Boolean")
def comparable(value: Quantity, other: Quantity) -> bool:
    """Say whether both measure the same kind of thing."""
    return value.ratio_to(other) is not None
