"""Dates and times of HL7 v2 (DTM, TS, DT, TM; v2.8.2, 2A) as FHIR writes them, in the precision they have."""

import re
from datetime import UTC, datetime, time, timedelta, timezone, tzinfo
from functools import lru_cache
from typing import Final, NamedTuple

_MOMENT: Final = re.compile(
    r"(\d{4})(?:(\d\d)(?:(\d\d)(?:(\d\d)(?:(\d\d)(?:(\d\d)(?:\.(\d{1,6}))?)?)?)?)?)?([+-]\d{4})?"
)
_TIME: Final = re.compile(r"(\d\d):?(\d\d)(?::?(\d\d)(?:\.(\d{1,6}))?)?(?:[+-]\d{4})?")
_LARGEST_OFFSET: Final = timedelta(hours=14)


class Moment(NamedTuple):
    """What FHIR writes, and the instant at which it begins."""

    text: str
    at: datetime

    @property
    def has_time(self) -> bool:
        """Whether a time of day is known."""
        return "T" in self.text


@lru_cache(maxsize=8192)
def moment(text: str, zone: tzinfo) -> Moment | None:
    """Read a date and time; without an offset it is read in `zone`. None where it isn't one.

    Of a time that is known to the hour alone only the date is given: FHIR can't say it.
    """
    found = _MOMENT.fullmatch(text.strip())
    if not found:
        return None
    year, month, day, hour, minute, second, fraction, offset = found.groups()
    try:
        at = datetime(
            int(year),
            int(month or 1),
            int(day or 1),
            int(hour or 0),
            int(minute or 0),
            int(second or 0),
            int((fraction or "0").ljust(6, "0")),
            _offset(offset) if offset else zone,
        )
        shift = at.utcoffset() or timedelta()
        at.astimezone(UTC)
    except (ValueError, OverflowError):
        return None
    if abs(shift) > _LARGEST_OFFSET:
        return None
    date = "-".join(part for part in (year, month, day) if part)
    if minute is None:
        return Moment(date, at)
    clock = f"{hour}:{minute}:{second or '00'}{'.' + fraction if fraction else ''}"
    return Moment(f"{date}T{clock}{_written(shift)}", at)


def _offset(text: str) -> timezone:
    if int(text[3:]) > 59:
        raise ValueError(text)
    shift = timedelta(hours=int(text[1:3]), minutes=int(text[3:]))
    return timezone(-shift if text[0] == "-" else shift)


def _written(shift: timedelta) -> str:
    minutes = round(shift.total_seconds() / 60)
    return f"{'-' if minutes < 0 else '+'}{abs(minutes) // 60:02d}:{abs(minutes) % 60:02d}"


def clock(text: str) -> str | None:
    """Read a time of day as a FHIR time; None where it isn't one."""
    found = _TIME.fullmatch(text.strip())
    if not found:
        return None
    hour, minute, second, fraction = found.groups()
    try:
        time(int(hour), int(minute), int(second or 0))
    except ValueError:
        return None
    return f"{hour}:{minute}:{second or '00'}{'.' + fraction if fraction else ''}"
