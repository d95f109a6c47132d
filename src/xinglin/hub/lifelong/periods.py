"""Until when a medicine goes, as far as its order says."""

from collections.abc import Mapping
from datetime import date, timedelta
from decimal import Decimal
from typing import Final

from xinglin.core.exact_json import Json
from xinglin.hub.lifelong.elements import member

_DAYS: Final[Mapping[str, int]] = {"d": 1, "wk": 7}
"""UCUM units of whole days; months differ in length, so they aren't counted."""
_LONGEST: Final = 3_650


def period_end(content: Json) -> str | None:
    """Give the day on which an order's supply ends: its start and the days supplied; None where unknown."""
    start = content.get("authoredOn")
    if not isinstance(start, str) or len(start) < 10:
        return None
    days = _days(member(member(content.get("dispenseRequest")).get("expectedSupplyDuration")))
    if days is None:
        return None
    try:
        return (date.fromisoformat(start[:10]) + timedelta(days=days)).isoformat()
    except (ValueError, OverflowError):
        return None


def _days(duration: Json) -> int | None:
    value, unit = duration.get("value"), str(duration.get("code") or "")
    if isinstance(value, bool) or not isinstance(value, int | Decimal) or unit not in _DAYS:
        return None
    if not 0 < value <= _LONGEST or value != int(value):
        return None
    return int(value) * _DAYS[unit]
