"""Dates as ranges, and how ranges compare (http://hl7.org/fhir/R4/search.html#date and #prefix).

An instant is a whole number of microseconds since 1970-01-01T00:00:00Z. A range is half open: [low, high).
"""

import re
from collections.abc import Callable, Mapping
from datetime import UTC, date, datetime, timedelta
from functools import cache, lru_cache
from typing import NamedTuple
from zoneinfo import ZoneInfo

DEFAULT_ZONE = "Asia/Shanghai"
"""The zone of dates and times that state none."""

SECOND = 1_000_000
MIN_TIME = -(1 << 62)
"""Before everything: the low end of a period without a start."""
MAX_TIME = 1 << 62
"""After everything: the high end of a period without an end."""

_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)
_MICROSECOND = timedelta(microseconds=1)
_FORM = re.compile(
    r"(\d{4})(?:-(\d\d)(?:-(\d\d)(?:T(\d\d):(\d\d)(?::(\d\d)(?:\.(\d+))?)?(Z|[+-]\d\d:\d\d)?)?)?)?"
)
_CACHED = 1 << 16


class Range(NamedTuple):
    """From `low` up to, not including, `high`, in microseconds since 1970 UTC."""

    low: int
    high: int


EVER = Range(MIN_TIME, MAX_TIME)


@cache
def _zone(name: str) -> ZoneInfo:
    return ZoneInfo(name)


@lru_cache(maxsize=_CACHED)
def date_range(text: str, zone: str = DEFAULT_ZONE) -> Range:
    """Give the time that a FHIR date, dateTime or instant covers by its precision.

    `zone` (an IANA name) holds where the text states none. Raises ValueError where `text` isn't a date.
    """
    match = _FORM.fullmatch(text)
    if match is None:
        raise ValueError(text)
    year, month, day, hour, minute, second, fraction, offset = match.groups()
    if hour is None:
        return _days(int(year), int(month or 0), int(day or 0), _zone(zone))
    leap = second == "60"
    moment = datetime.fromisoformat(
        f"{year}-{month}-{day}T{hour}:{minute}:{'59' if leap else second or '00'}{offset or ''}"
    )
    low = _micros(moment if offset else moment.replace(tzinfo=_zone(zone))) + (SECOND if leap else 0)
    if second is None:
        return Range(low, low + 60 * SECOND)
    if fraction is None:
        return Range(low, low + SECOND)
    digits = min(len(fraction), 6)
    low += int(fraction[:6].ljust(6, "0"))
    return Range(low, low + 10 ** (6 - digits))


def _days(year: int, month: int, day: int, zone: ZoneInfo) -> Range:
    first = date(year, month or 1, day or 1)
    if day:
        following = None if first == date.max else first + timedelta(days=1)
    elif month:
        following = _first_of(year + month // 12, month % 12 + 1)
    else:
        following = _first_of(year + 1, 1)
    high = MAX_TIME if following is None else _midnight(following, zone)
    return Range(_midnight(first, zone), high)


def _first_of(year: int, month: int) -> date | None:
    return date(year, month, 1) if year <= date.max.year else None


def _midnight(day: date, zone: ZoneInfo) -> int:
    return _micros(datetime(day.year, day.month, day.day, tzinfo=zone))


def _micros(moment: datetime) -> int:
    return (moment - _EPOCH) // _MICROSECOND


def to_micros(moment: datetime) -> int:
    """Give an aware datetime in microseconds since 1970 UTC."""
    return _micros(moment)


def approximately(wanted: Range, now: int) -> Range:
    """Widen `wanted` by a tenth of its distance from `now` (microseconds), for the prefix `ap`."""
    gap = max(abs(now - wanted.low), abs(now - wanted.high)) // 10 if EVER.low < wanted.low else 0
    return Range(wanted.low - gap, wanted.high + gap)


COMPARISONS: Mapping[str, Callable[[Range, Range], bool]] = {
    "eq": lambda wanted, found: wanted.low <= found.low and found.high <= wanted.high,
    "ne": lambda wanted, found: not (wanted.low <= found.low and found.high <= wanted.high),
    "gt": lambda wanted, found: found.high > wanted.high,
    "lt": lambda wanted, found: found.low < wanted.low,
    "ge": lambda wanted, found: found.high > wanted.high or found.low >= wanted.low,
    "le": lambda wanted, found: found.low < wanted.low or found.high <= wanted.high,
    "sa": lambda wanted, found: found.low >= wanted.high,
    "eb": lambda wanted, found: found.high <= wanted.low,
    # The range wanted has been widened by `approximately`.
    "ap": lambda wanted, found: found.low < wanted.high and found.high > wanted.low,
}
"""By prefix: does the range found in a record answer the range wanted?"""
