"""Dates, date-times and times of any precision, compared and added to as FHIRPath says.

http://hl7.org/fhirpath/N1/#date, #datetime, #time, #datetime-equality, #datetimetime-arithmetic
"""

import calendar
import re
from dataclasses import dataclass
from datetime import datetime, timedelta
from decimal import Decimal
from typing import ClassVar, Self

_DATE = r"(\d{4})(?:-(\d\d)(?:-(\d\d))?)?"
_TIME = r"(\d\d)(?::(\d\d)(?::(\d\d(?:\.\d+)?))?)?"
_ZONE = r"(Z|[+-]\d\d:\d\d)?"
_LEAST = (1, 1, 1, 0, 0, Decimal(0))
# How many of the next smaller unit make one, for quantities finer than a partial date: N1 counts a month as
# 30 days and a year as 365 days here.
_FIXED_DAYS = {"year": 365, "month": 30}
_DEFINITE_MILLISECONDS = {
    "week": 604_800_000, "day": 86_400_000, "hour": 3_600_000,
    "minute": 60_000, "second": 1_000, "millisecond": 1,
}  # fmt: skip
UNITS = ("year", "month", "day", "hour", "minute", "second")
_WIDEST_ZONES = timedelta(hours=26)

Part = int | Decimal


@dataclass(frozen=True, slots=True)
class Temporal:
    """What dates and times share.

    `parts` holds year, month, day, hour, minute (int) and second (Decimal) as far as known; times begin with
    the hour. `zone` is the offset from UTC in minutes, None where none was given.
    """

    parts: tuple[Part, ...]
    zone: int | None = None

    system: ClassVar[str]
    first: ClassVar[int]
    pattern: ClassVar[re.Pattern[str]]

    @classmethod
    def parse(cls, text: str) -> Self | None:
        """Read the ISO 8601 form; None where `text` isn't one or no such day or hour exists."""
        match = cls.pattern.fullmatch(text)
        if match is None:
            return None
        values = match.groups()
        zone = values[6] if cls is DateTime else None
        parts = [
            Decimal(v) if i + cls.first == 5 else int(v)
            for i, v in enumerate(values[: 6 - cls.first])
            if v is not None
        ]
        return cls(tuple(parts), _minutes(zone)) if _exists(tuple(parts), cls.first) else None

    @property
    def precision(self) -> int:
        """The number of digits, as `precision()` counts them: 4 for a year, 17 for milliseconds."""
        return sum(c.isdigit() for c in self.text().partition("Z")[0][: self._zone_start()])

    def _zone_start(self) -> int:
        text = self.text()
        return len(text) - 6 if self.zone and text[-3] == ":" else len(text)

    def text(self) -> str:
        """Write the ISO 8601 form."""
        date = (
            "-".join(f"{p:0{4 if i == 0 else 2}d}" for i, p in enumerate(self.parts[:3]))
            if not self.first
            else ""
        )
        clock = ":".join(_two(p) for p in self.parts[3 - self.first :])
        return date + ("T" if date and clock else "") + clock + _zone_text(self.zone)

    def literal(self) -> str:
        """Write the form that stands in an expression."""
        text = self.text()
        if self.first:
            return f"@T{text}"
        return f"@{text}T" if type(self) is DateTime and len(self.parts) <= 3 else f"@{text}"

    def compare(self, other: "Temporal") -> int | None:
        """Give -1, 0 or 1; None where precision or time zones don't allow an answer."""
        left, right = self, other
        if left.zone != right.zone and len(left.parts) > 3 and len(right.parts) > 3:
            if left.zone is None or right.zone is None:
                return _compare_unzoned(left, right)
            left, right = left._in_utc(), right._in_utc()
        for a, b in zip(left.parts, right.parts, strict=False):
            if a != b:
                return -1 if a < b else 1
        return 0 if len(left.parts) == len(right.parts) else None

    def equivalent(self, other: "Temporal") -> bool:
        """Say whether both name the same time with the same precision."""
        return len(self.parts) == len(other.parts) and self.compare(other) == 0

    def _instant(self) -> datetime:
        year, month, day, hour, minute, second = (*self.parts, *_LEAST[len(self.parts) :])
        micro = int(Decimal(second) * 1_000_000)
        # Year 0 and seconds of 60 are refused when read; datetime holds everything else.
        return datetime(int(year), int(month), int(day), int(hour), int(minute)) + timedelta(
            microseconds=micro
        )

    def _in_utc(self) -> "Temporal":
        try:
            moment = self._instant() - timedelta(minutes=self.zone or 0)
        except OverflowError:
            return self
        second = Decimal(moment.second) + Decimal(self.parts[5]) % 1 if len(self.parts) > 5 else Decimal(0)
        parts = (moment.year, moment.month, moment.day, moment.hour, moment.minute, second)
        return type(self)(parts[: len(self.parts)], 0)

    def plus(self, amount: int, unit: str) -> Self | None:
        """Add an `amount` of a calendar `unit` (singular); None where the result leaves years 1 to 9999."""
        if self.first:
            return self._time_plus(amount, unit)
        finest = UNITS[len(self.parts) - 1]
        amount, unit = _coarsen(amount, unit, finest)
        try:
            if unit in _FIXED_DAYS:
                return self._months_plus(amount * (12 if unit == "year" else 1))
            shift = timedelta(milliseconds=amount * _DEFINITE_MILLISECONDS[unit])
            return self._from_instant(self._instant() + shift)
        except OverflowError:
            return None

    def _months_plus(self, months: int) -> Self | None:
        year, month, *rest = (*self.parts, 1)[: max(2, len(self.parts))]
        count = int(year) * 12 + int(month) - 1 + months
        year, month = divmod(count, 12)
        if not 1 <= year <= 9999:
            return None
        if rest:
            rest[0] = min(int(rest[0]), calendar.monthrange(year, month + 1)[1])
        return type(self)((year, month + 1, *rest)[: len(self.parts)], self.zone)

    def _from_instant(self, moment: datetime) -> Self:
        parts: tuple[Part, ...] = (moment.year, moment.month, moment.day, moment.hour, moment.minute)
        if len(self.parts) > 5:
            digits = max(0, -int(Decimal(self.parts[5]).as_tuple().exponent))
            if moment.microsecond:
                digits = max(digits, 3)
            second = Decimal(moment.second) + Decimal(moment.microsecond) / 1_000_000
            parts = (*parts, second.quantize(Decimal(1).scaleb(-digits)))
        return type(self)(parts[: len(self.parts)], self.zone)

    def _time_plus(self, amount: int, unit: str) -> Self | None:
        if unit not in {"hour", "minute", "second", "millisecond"}:
            return None
        amount, unit = _coarsen(amount, unit, UNITS[len(self.parts) + 2])
        day = DateTime((2000, 1, 1, *self.parts))
        shift = timedelta(milliseconds=amount * _DEFINITE_MILLISECONDS[unit] % 86_400_000)
        return type(self)(day._from_instant(day._instant() + shift).parts[3:])


@dataclass(frozen=True, slots=True)
class Date(Temporal):
    """A day, a month or a year."""

    system: ClassVar[str] = "Date"
    first: ClassVar[int] = 0
    pattern: ClassVar[re.Pattern[str]] = re.compile(_DATE, re.ASCII)


@dataclass(frozen=True, slots=True)
class DateTime(Temporal):
    """A moment, or any coarser part of one."""

    system: ClassVar[str] = "DateTime"
    first: ClassVar[int] = 0
    pattern: ClassVar[re.Pattern[str]] = re.compile(_DATE + r"(?:T(?:" + _TIME + _ZONE + r")?)?", re.ASCII)


@dataclass(frozen=True, slots=True)
class Time(Temporal):
    """A time of day."""

    system: ClassVar[str] = "Time"
    first: ClassVar[int] = 3
    pattern: ClassVar[re.Pattern[str]] = re.compile(_TIME, re.ASCII)


def _two(part: Part) -> str:
    if isinstance(part, int):
        return f"{part:02d}"
    whole, dot, fraction = f"{part:f}".partition(".")
    return whole.zfill(2) + dot + fraction


def _minutes(zone: str | None) -> int | None:
    if zone is None:
        return None
    if zone == "Z":
        return 0
    minutes = int(zone[1:3]) * 60 + int(zone[4:6])
    return -minutes if zone[0] == "-" else minutes


def _zone_text(zone: int | None) -> str:
    if not zone:
        return "" if zone is None else "Z"
    hours, minutes = divmod(abs(zone), 60)
    return f"{'-' if zone < 0 else '+'}{hours:02d}:{minutes:02d}"


def _exists(parts: tuple[Part, ...], first: int) -> bool:
    full = parts if not first else (2000, 1, 1, *parts)
    year, month, day, hour, minute, second = (*full, *_LEAST[len(full) :])
    if not (1 <= year <= 9999 and 1 <= month <= 12 and hour <= 24 and minute < 60 and second < 60):
        return False
    if hour == 24:
        return False
    return 1 <= day <= calendar.monthrange(int(year), int(month))[1]


def _compare_unzoned(left: Temporal, right: Temporal) -> int | None:
    """Compare where just one has a time zone: only a difference no two zones on Earth can make is certain."""
    difference = left._in_utc()._instant() - right._in_utc()._instant()  # pyright: ignore[reportPrivateUsage]
    if abs(difference) <= _WIDEST_ZONES:
        return None
    return -1 if difference < timedelta(0) else 1


def _coarsen(amount: int, unit: str, finest: str) -> tuple[int, str]:
    """Turn an amount finer than the date's precision into one of that precision, rounding towards zero."""
    rank = {"year": 0, "month": 1, "week": 2, "day": 2, "hour": 3, "minute": 4, "second": 5, "millisecond": 5}
    if rank[unit] <= rank[finest]:
        return amount, unit
    if unit == "month":
        return int(amount / 12), "year"
    milliseconds = amount * _DEFINITE_MILLISECONDS[unit]
    per = (
        _DEFINITE_MILLISECONDS["day"] * _FIXED_DAYS[finest]
        if finest in _FIXED_DAYS
        else _DEFINITE_MILLISECONDS[finest]
    )
    whole = abs(milliseconds) // per
    return (whole if milliseconds >= 0 else -whole), finest
