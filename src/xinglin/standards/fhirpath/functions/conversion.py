"""Conversions (http://hl7.org/fhirpath/N1/#conversion): `toX()` and `convertsToX()`."""

import re
from collections.abc import Callable
from decimal import Decimal
from typing import Any

from xinglin.standards.fhirpath.functions.registry import ANY, TEXT, scalar
from xinglin.standards.fhirpath.quantity import CALENDAR_WORDS, Quantity
from xinglin.standards.fhirpath.temporal import Date, DateTime, Temporal, Time
from xinglin.standards.fhirpath.values import sane

_INTEGER = re.compile(r"[+-]?\d{1,10}", re.ASCII)
_DECIMAL = re.compile(r"[+-]?\d{1,200}(\.\d{1,200})?", re.ASCII)
_TRUE = frozenset({"true", "t", "yes", "y", "1", "1.0"})
_FALSE = frozenset({"false", "f", "no", "n", "0", "0.0"})


def to_boolean(value: Any) -> bool | None:
    """Read as a boolean; None where it isn't one."""
    if isinstance(value, bool):
        return value
    if isinstance(value, str):
        text = value.casefold()
        return True if text in _TRUE else False if text in _FALSE else None
    if isinstance(value, (int, Decimal)) and value in {0, 1}:
        return value == 1
    return None


def to_integer(value: Any) -> int | None:
    """Read as an integer; None where it isn't one."""
    if isinstance(value, int):
        return int(value)
    if isinstance(value, str) and _INTEGER.fullmatch(value):
        number = int(value)
        return number if -(2**31) <= number < 2**31 else None
    return None


def to_decimal(value: Any) -> Decimal | None:
    """Read as a decimal; None where it isn't one."""
    if isinstance(value, (int, Decimal)):
        return sane(Decimal(value))
    return Decimal(value) if isinstance(value, str) and _DECIMAL.fullmatch(value) else None


def to_string(value: Any) -> str | None:
    """Write as a string; None for complex elements."""
    if isinstance(value, bool):
        return "true" if value else "false"
    if isinstance(value, (str, int)):
        return str(value)
    if isinstance(value, Decimal):
        return f"{sane(value):f}"
    if isinstance(value, (Temporal, Quantity)):
        return value.text()
    return None


def to_date(value: Any) -> Date | None:
    """Read as a date; the time of day is dropped."""
    if isinstance(value, DateTime):
        return Date(value.parts[:3])
    if isinstance(value, str):
        moment = DateTime.parse(value)
        return Date(moment.parts[:3]) if moment else None
    return value if isinstance(value, Date) else None


def to_date_time(value: Any) -> DateTime | None:
    """Read as a date-time."""
    if isinstance(value, Date):
        return DateTime(value.parts)
    if isinstance(value, str):
        return DateTime.parse(value)
    return value if isinstance(value, DateTime) else None


def to_time(value: Any) -> Time | None:
    """Read as a time of day."""
    if isinstance(value, str):
        return Time.parse(value.removeprefix("T"))
    return value if isinstance(value, Time) else None


def to_quantity(value: Any, unit: str | None = None) -> Quantity | None:
    """Read as a quantity, in `unit` where given and possible."""
    if isinstance(value, bool):
        found: Quantity | None = Quantity(Decimal(int(value)).quantize(Decimal("1.0")), "1")
    elif isinstance(value, (int, Decimal)):
        found = Quantity(Decimal(value), "1")
    elif isinstance(value, str):
        found = Quantity.parse(value)
    else:
        found = value if isinstance(value, Quantity) else None
    return found if found is None or unit is None else _in_unit(found, unit)


def _in_unit(quantity: Quantity, unit: str) -> Quantity | None:
    target = Quantity(Decimal(0), CALENDAR_WORDS.get(unit, unit), calendar=unit in CALENDAR_WORDS)
    ratio = quantity.ratio_to(target)
    if ratio is None:
        return None
    value = sane(quantity.value) * ratio.numerator / ratio.denominator if ratio != 1 else quantity.value
    return Quantity(value, target.unit, target.calendar)


def _declare(name: str, convert: Callable[..., Any], *, unit: bool = False) -> None:
    extra = (TEXT,) if unit else ()
    scalar(f"to{name}", ANY, *extra, least=0, gives=name)(convert)

    def possible(value: Any, *arguments: Any) -> bool:
        return convert(value, *arguments) is not None

    scalar(f"convertsTo{name}", ANY, *extra, least=0, gives="Boolean")(possible)


_declare("Boolean", to_boolean)
_declare("Integer", to_integer)
_declare("Decimal", to_decimal)
_declare("String", to_string)
_declare("Date", to_date)
_declare("DateTime", to_date_time)
_declare("Time", to_time)
_declare("Quantity", to_quantity, unit=True)
