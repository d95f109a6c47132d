"""How values are written for a reader: dates, moments, numbers, quantities, names.

Dates are written as GB/T 7408 has them in Chinese and with the month's name in English, so that nobody takes
the day for the month. Nothing is made more exact than it is: a month stays a month.
"""

from collections.abc import Mapping, Sequence
from datetime import date, datetime, timedelta
from decimal import Decimal
from typing import Any, Final, cast
from zoneinfo import ZoneInfo

from xinglin.core.i18n import Phrase

NONE: Final = "–"
"""Stands where there is nothing to say."""

MONTHS: Final = ("Jan", "Feb", "Mar", "Apr", "May", "Jun", "Jul", "Aug", "Sep", "Oct", "Nov", "Dec")
UNITS: Final = ("B", "kB", "MB", "GB", "TB")


def day(value: date | str | None, language: str, zone: ZoneInfo) -> str:
    """Write a date, a part of one (`1956`, `1956-03`), or the day of a moment in `zone`."""
    if not value:
        return NONE
    if isinstance(value, datetime):
        value = value.astimezone(zone).date()
    if isinstance(value, str):
        if len(value) > 10:
            return day(_moment(value), language, zone)
        parts = value.split("-")
    else:
        parts = value.isoformat().split("-")
    return _written(parts, language)


def _written(parts: Sequence[str], language: str) -> str:
    if language == "zh":
        return {1: "{0}年", 2: "{0}年{1}月", 3: "{0}-{1}-{2}"}[len(parts)].format(*parts)
    year, *rest = parts
    if not rest:
        return year
    month = MONTHS[int(rest[0]) - 1]
    return f"{int(rest[1])} {month} {year}" if len(rest) > 1 else f"{month} {year}"


def moment(value: datetime | str | None, language: str, zone: ZoneInfo) -> str:
    """Write a moment to the minute in `zone`; of what is only a date, the date."""
    if not value:
        return NONE
    if isinstance(value, str):
        if len(value) <= 10:
            return day(value, language, zone)
        value = _moment(value)
    local = value.astimezone(zone)
    return f"{day(local.date(), language, zone)} {local:%H:%M}"


def _moment(text: str) -> datetime:
    return datetime.fromisoformat(text)


def ago(value: datetime | None, language: str, at: datetime) -> str:
    """Say how long ago something was, in the largest unit that is at least one."""
    if value is None:
        return Phrase("never").text(language)
    gone = max(at - value, timedelta())
    for seconds, text in (
        (86_400, Phrase("{count} days ago", count=gone.days)),
        (3_600, Phrase("{count} hours ago", count=gone.seconds // 3_600)),
        (60, Phrase("{count} minutes ago", count=gone.seconds // 60)),
    ):
        if gone.total_seconds() >= seconds:
            return text.text(language)
    return Phrase("just now").text(language)


def number(value: float | Decimal | None, digits: int | None = None) -> str:
    """Write a number with separators between thousands; exact decimals keep the digits they have."""
    if value is None:
        return NONE
    return f"{value:,}" if digits is None else f"{value:,.{digits}f}"


def percent(value: float | Decimal | None, digits: int = 1) -> str:
    """Write a share given in hundredths."""
    return NONE if value is None else f"{value:.{digits}f}%"


def size(value: float | None) -> str:
    """Write a number of bytes in the unit that suits it (powers of 1,000)."""
    if value is None:
        return NONE
    unit = 0
    while value >= 1_000 and unit < len(UNITS) - 1:
        value, unit = value / 1_000, unit + 1
    return f"{value:.0f} {UNITS[unit]}" if not unit or value >= 100 else f"{value:.1f} {UNITS[unit]}"


def quantity(value: Mapping[str, Any] | None) -> str:
    """Write a FHIR Quantity: its comparator, value as it stands, and unit."""
    if not value or value.get("value") is None:
        return NONE
    exact: Any = value["value"]
    written = getattr(exact, "literal", None) or str(exact)
    unit = value.get("unit") or value.get("code") or ""
    return f"{value.get('comparator', '')}{written}{' ' if unit and unit != '%' else ''}{unit}"


def person_name(value: Any) -> str:
    """Write a FHIR HumanName, or the one in use of several: as text, else the family name first."""
    names = [one for one in (cast("list[Any]", value) if isinstance(value, list) else [value]) if one]
    if not names:
        return NONE
    wanted: Mapping[str, Any] = min(names, key=_rank)
    if wanted.get("text"):
        return str(wanted["text"])
    family, given = str(wanted.get("family") or ""), [str(one) for one in wanted.get("given") or ()]
    parts = [family, *given]
    latin = all(one.isascii() for one in parts)
    return (" ".join([*given, family]) if latin else "".join(parts)).strip() or NONE


def _rank(name: Mapping[str, Any]) -> int:
    return {"official": 0, "usual": 1, None: 2}.get(name.get("use"), 3)
