"""Partial dates as ranges of time."""

from calendar import monthrange
from datetime import UTC, datetime, timedelta

_ANY_ZONE = timedelta(hours=14)


def may_precede(start: str, end: str) -> bool:
    """Whether some moment of `start` isn't after some moment of `end`.

    Text that is no dateTime decides nothing. A date without a time says nothing of the zone it was meant
    in, so any is allowed.
    """
    try:
        return _earliest(start) <= _latest(end)
    except (ValueError, OverflowError):
        return True


def _earliest(text: str) -> datetime:
    if "T" in text:
        return _moment(text)
    return _moment((text + "-01-01")[:10] + "T00:00:00Z") - _ANY_ZONE


def _latest(text: str) -> datetime:
    if "T" in text:
        return _moment(text)
    month = (text + "-12")[:7]
    last = f"{month}-{monthrange(int(month[:4]), int(month[5:]))[1]:02}"
    return _moment((text if len(text) == 10 else last) + "T23:59:59Z") + _ANY_ZONE


def _moment(text: str) -> datetime:
    parsed = datetime.fromisoformat(text.replace(":60", ":59"))
    return parsed if parsed.tzinfo else parsed.replace(tzinfo=UTC)
