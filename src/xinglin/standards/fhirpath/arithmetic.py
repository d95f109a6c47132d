"""Arithmetic on system values (http://hl7.org/fhirpath/N1/#math-2). None stands for an empty result."""

from collections.abc import Callable
from decimal import Context, Decimal, DecimalException, DivisionByZero, InvalidOperation, Overflow
from typing import Any, Final

from xinglin.core.i18n import Phrase
from xinglin.standards.fhirpath.errors import EvaluationError
from xinglin.standards.fhirpath.quantity import Quantity
from xinglin.standards.fhirpath.temporal import Temporal, Time
from xinglin.standards.fhirpath.values import MAX_ADJUSTED, system_name

CONTEXT: Final = Context(
    prec=40, Emax=MAX_ADJUSTED, Emin=-MAX_ADJUSTED, traps=[InvalidOperation, DivisionByZero, Overflow]
)
MAX_STRING: Final = 1_000_000
"""Longest string an expression may make, in characters."""
_LEAST, _MOST = -(2**31), 2**31 - 1


def bounded(text: str) -> str:
    """Give `text` back. Raises EvaluationError where it is longer than any honest expression makes."""
    if len(text) > MAX_STRING:
        raise EvaluationError(detail=Phrase("a text grew longer than {limit} characters", limit=MAX_STRING))
    return text


def _refuse(operator: str, left: Any, right: Any) -> EvaluationError:
    operation = f"{system_name(left)} {operator} {system_name(right)}"
    return EvaluationError(detail=Phrase("{operation} has no meaning", operation=operation))


def _number(value: Any) -> bool:
    return isinstance(value, (int, Decimal)) and not isinstance(value, bool)


def _whole(value: int) -> int | None:
    return value if _LEAST <= value <= _MOST else None


def _numbers(operator: str, left: Any, right: Any) -> int | Decimal | None:
    """Compute with two numbers; None on overflow or division by zero."""
    try:
        if isinstance(left, int) and isinstance(right, int) and operator in "+-*":
            return _whole({"+": left + right, "-": left - right, "*": left * right}[operator])
        a, b = Decimal(left), Decimal(right)
        compute: dict[str, Callable[[Decimal, Decimal], Decimal]] = {
            "+": CONTEXT.add, "-": CONTEXT.subtract, "*": CONTEXT.multiply, "/": CONTEXT.divide,
            "div": CONTEXT.divide_int, "mod": CONTEXT.remainder,
        }  # fmt: skip
        value = compute[operator](a, b)
    except DecimalException:
        return None
    if operator == "div":
        return _whole(int(value))
    return int(value) if operator == "mod" and isinstance(left, int) and isinstance(right, int) else value


def add(left: Any, right: Any) -> Any:
    """Compute `left + right`."""
    if _number(left) and _number(right):
        return _numbers("+", left, right)
    if isinstance(left, str) and isinstance(right, str):
        return bounded(left + right)
    if isinstance(left, Temporal) and isinstance(right, Quantity):
        return shift(left, right, 1)
    if isinstance(left, Quantity) and isinstance(right, Quantity):
        return _sum(left, right, "+")
    raise _refuse("+", left, right)


def subtract(left: Any, right: Any) -> Any:
    """Compute `left - right`."""
    if _number(left) and _number(right):
        return _numbers("-", left, right)
    if isinstance(left, Temporal) and isinstance(right, Quantity):
        return shift(left, right, -1)
    if isinstance(left, Quantity) and isinstance(right, Quantity):
        return _sum(left, right, "-")
    raise _refuse("-", left, right)


def shift(moment: Temporal, amount: Quantity, sign: int) -> Temporal | None:
    """Add a duration to a date or time; fractions are dropped, as for calendars."""
    unit = amount.duration
    if unit is None:
        detail = Phrase(
            "a quantity in '{unit}' can't be added to a {type}", unit=amount.unit, type=moment.system
        )
        raise EvaluationError(detail=detail)
    if type(moment) is Time and unit in {"year", "month", "week", "day"}:
        raise EvaluationError(detail=Phrase("a time of day can't move by a {unit}", unit=unit))
    if abs(amount.value) > 10**15:
        return None
    return moment.plus(int(amount.value) * sign, unit)


def _sum(left: Quantity, right: Quantity, operator: str) -> Quantity | None:
    ratio = right.ratio_to(left)
    if ratio is None:
        return None
    other = (
        right.value
        if ratio == 1
        else CONTEXT.divide(right.value * ratio.numerator, Decimal(ratio.denominator))
    )
    value = _numbers(operator, left.value, other)
    return None if value is None else Quantity(Decimal(value), left.unit, left.calendar)


def multiply(left: Any, right: Any) -> Any:
    """Compute `left * right`."""
    if _number(left) and _number(right):
        return _numbers("*", left, right)
    return _scaled("*", left, right)


def divide(left: Any, right: Any) -> Any:
    """Compute `left / right`, always a decimal or quantity."""
    if _number(left) and _number(right):
        return _numbers("/", left, right)
    return _scaled("/", left, right)


def _scaled(operator: str, left: Any, right: Any) -> Quantity | None:
    if isinstance(left, Quantity) and _number(right):
        value, unit, calendar = _numbers(operator, left.value, right), left.unit, left.calendar
    elif isinstance(right, Quantity) and _number(left):
        value = _numbers(operator, left, right.value)
        unit, calendar = (
            (right.unit, right.calendar)
            if operator == "*"
            else ("/" + _grouped(right.code or right.unit), False)
        )
    elif isinstance(left, Quantity) and isinstance(right, Quantity):
        value, unit, calendar = (
            _numbers(operator, left.value, right.value),
            _unit(left, operator, right),
            False,
        )
    else:
        raise _refuse(operator, left, right)
    return None if value is None else Quantity(Decimal(value), unit, calendar)


def _unit(left: Quantity, operator: str, right: Quantity) -> str:
    mine, theirs = left.code or left.unit, right.code or right.unit
    if theirs == "1":
        return mine
    if operator == "/" and mine == theirs:
        return "1"
    theirs = _grouped(theirs)
    if operator == "*":
        return theirs if mine == "1" else f"{mine}.{theirs}"
    return f"{mine}/{theirs}"


def _grouped(unit: str) -> str:
    return f"({unit})" if any(c in unit for c in "./") else unit


def _whole_division(operator: str) -> Callable[[Any, Any], Any]:
    def compute(left: Any, right: Any) -> Any:
        if _number(left) and _number(right):
            return _numbers(operator, left, right)
        raise _refuse(operator, left, right)

    return compute


def negate(value: Any) -> Any:
    """Compute `-value`."""
    if _number(value):
        return -value
    if isinstance(value, Quantity):
        return Quantity(-value.value, value.unit, value.calendar)
    raise EvaluationError(detail=Phrase("a {type} has no sign", type=system_name(value)))


def signed(value: Any) -> Any:
    """Compute `+value`. Raises EvaluationError where `value` isn't a number."""
    negate(value)
    return value


def concatenate(left: Any, right: Any) -> str:
    """Compute `left & right`."""
    if isinstance(left, str) and isinstance(right, str):
        return bounded(left + right)
    raise _refuse("&", left, right)


OPERATIONS: Final[dict[str, Callable[[Any, Any], Any]]] = {
    "+": add,
    "-": subtract,
    "*": multiply,
    "/": divide,
    "div": _whole_division("div"),
    "mod": _whole_division("mod"),
}
"""The arithmetic operators by their sign."""
