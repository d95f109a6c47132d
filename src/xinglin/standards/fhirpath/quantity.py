"""Quantities: a decimal with a UCUM unit or a calendar duration (http://hl7.org/fhirpath/N1/#quantity)."""

import re
from dataclasses import dataclass
from decimal import Decimal
from fractions import Fraction
from typing import Final

from xinglin.standards.fhirpath import ucum
from xinglin.standards.fhirpath.tokens import escape

CALENDAR_UNITS: Final = ("year", "month", "week", "day", "hour", "minute", "second", "millisecond")
CALENDAR_WORDS: Final = {w: u for u in CALENDAR_UNITS for w in (u, u + "s")}
"""Every word for a calendar duration, with its singular."""
DEFINITE: Final = {"week": "wk", "day": "d", "hour": "h", "minute": "min", "second": "s", "millisecond": "ms"}
"""Calendar durations that are the same as a UCUM unit; a year or month has no fixed length."""
_UCUM_CALENDAR: Final = {"a": "year", "mo": "month", **{code: unit for unit, code in DEFINITE.items()}}
_TEXT = re.compile(r"([+-]?\d+(?:\.\d+)?)\s*(?:'([^']+)'|([a-zA-Z]+))?", re.ASCII)


@dataclass(frozen=True, slots=True)
class Quantity:
    """`value` of `unit`: a UCUM code, or where `calendar` a singular word such as "year"."""

    value: Decimal
    unit: str
    calendar: bool = False

    @classmethod
    def parse(cls, text: str) -> "Quantity | None":
        """Read "4 'mg'", "4 days" or "4"; None where `text` is none of these."""
        match = _TEXT.fullmatch(text.strip())
        if match is None:
            return None
        number, unit, word = match.groups()
        if word is None:
            return cls(Decimal(number), unit or "1")
        return cls(Decimal(number), CALENDAR_WORDS[word], calendar=True) if word in CALENDAR_WORDS else None

    def text(self) -> str:
        """Write the form that `parse` and `toString()` know."""
        if self.calendar:
            return f"{self.value:f} {self.unit}{'' if self.value == 1 else 's'}"
        return f"{self.value:f} '{self.unit}'"

    def literal(self) -> str:
        """Write the form that stands in an expression."""
        return self.text() if self.calendar else f"{self.value:f} '{escape(self.unit, chr(39))}'"

    @property
    def code(self) -> str | None:
        """The UCUM unit that is meant; None for calendar years and months."""
        return DEFINITE.get(self.unit) if self.calendar else self.unit

    @property
    def duration(self) -> str | None:
        """The calendar word to add to a date; None where the unit has no calendar meaning."""
        if self.calendar or self.unit in CALENDAR_WORDS:
            return CALENDAR_WORDS[self.unit]
        return None if self.unit in {"a", "mo"} else _UCUM_CALENDAR.get(self.unit)

    def ratio_to(self, other: "Quantity") -> Fraction | None:
        """Say how many of `other`'s unit one of mine is; None where they measure different things."""
        if self.unit == other.unit and self.calendar == other.calendar:
            return Fraction(1)
        mine, theirs = self.code, other.code
        if mine is None or theirs is None:
            return _calendar_ratio(self, other)
        return ucum.ratio(mine, theirs)

    def compare(self, other: "Quantity") -> int | None:
        """Give -1, 0 or 1; None where the units can't be compared."""
        both = _same_scale(self, other)
        if both is None:
            return None
        return (both[0] > both[1]) - (both[0] < both[1])

    def equivalent(self, other: "Quantity") -> bool:
        """Compare in the coarser unit, rounded to the fewer decimal places."""
        mine, theirs = _loosened(self), _loosened(other)
        ratio = mine.ratio_to(theirs)
        if ratio is None or not ratio:
            return mine.compare(theirs) == 0
        coarse, fine = (mine, theirs) if abs(ratio) >= 1 else (theirs, mine)
        ratio = ratio if abs(ratio) >= 1 else 1 / ratio
        places = min(_places(mine.value), _places(theirs.value))
        return round(Fraction(coarse.value), places) == round(Fraction(fine.value) / ratio, places)


def _same_scale(left: Quantity, right: Quantity) -> tuple[Fraction | Decimal, Fraction | Decimal] | None:
    if left.unit == right.unit and left.calendar == right.calendar:
        return left.value, right.value
    mine, theirs = left.code, right.code
    if mine is None or theirs is None:
        ratio = _calendar_ratio(left, right)
        return None if ratio is None else (Fraction(left.value) * ratio, Fraction(right.value))
    a, b = ucum.canonical(left.value, mine), ucum.canonical(right.value, theirs)
    return None if a is None or b is None or a[1] != b[1] else (a[0], b[0])


def _calendar_ratio(left: Quantity, right: Quantity) -> Fraction | None:
    if not (left.calendar and right.calendar):
        return None
    months = {"year": 12, "month": 1}
    if left.unit in months and right.unit in months:
        return Fraction(months[left.unit], months[right.unit])
    return None


def _loosened(quantity: Quantity) -> Quantity:
    """For equivalence a calendar year or month is as good as UCUM's."""
    code = {"year": "a", "month": "mo"}.get(quantity.unit) if quantity.calendar else None
    return Quantity(quantity.value, code) if code else quantity


def _places(value: Decimal) -> int:
    exponent = value.normalize().as_tuple().exponent
    return max(0, -exponent) if isinstance(exponent, int) else 0
