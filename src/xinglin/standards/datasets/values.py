"""Cells as values: dates, times, numbers, flags, quantities. What can't be read raises BadValue."""

import re
import unicodedata
from datetime import date, datetime, timedelta, tzinfo
from decimal import Decimal, InvalidOperation
from typing import Any, Final

from xinglin.core.exact_json import ExactDecimal, Json
from xinglin.core.i18n import Phrase
from xinglin.standards.conversion.comparators import compared

UCUM: Final = "http://unitsofmeasure.org"
_PLAIN_DATE: Final = re.compile(r"([12]\d{3})(\d\d)?(\d\d)?")
_PARTED_DATE: Final = re.compile(r"([12]\d{3})(?:[-/.年](\d\d?)(?:[-/.月](\d\d?)日?|月)?|年)")
_MOMENT: Final = re.compile(
    r"([12]\d{3}(?:\d{4}|[-/.年]\d\d?[-/.月]\d\d?日?))"
    r"[Tt\s]*(\d\d?)[:时]?(\d\d)?(?:[:分]?(\d\d)(\.\d{1,9})?秒?|分)?\s*(Z|[+-]\d\d:?\d\d)?"
)
_NUMBER: Final = re.compile(r"[+-]?(?:[0-9]{1,30}(?:\.[0-9]{1,20})?|\.[0-9]{1,20})")
_GROUPED: Final = re.compile(r"[+-]?[1-9][0-9]{0,2}(?:(?:,[0-9]{3}){2,9}|(?:,[0-9]{3}){1,9}\.[0-9]{1,20})")
"""Thousands set off by commas, beyond doubt: 1,234.5 or 1,234,567. 1,234 alone may be 1.234."""
_COMMAS: Final = re.compile(r"[+-]?[0-9.]*,[0-9.,]*")
_MARKED: Final = ("<super>", "<sub>", "<circle>", "<fraction>")
"""Characters that mean more than their digit: 10² isn't 102."""
_DAY_NUMBER: Final = re.compile(r"[1-9][0-9]{4}(?:\.[0-9]{1,15})?")
_SERIAL: Final = re.compile(r"\d{1,6}(?:\.\d{1,15})?")
_EPOCH: Final = datetime(1899, 12, 30)  # day 0 of Excel; 1900-02-29 makes earlier days doubtful
_FIRST_SURE: Final = 61
"""The first serial number after the day that only Excel knows, 29 February 1900."""
FLAGS: Final = {
    "T/F": {"T": True, "F": False},
    "0/1": {"0": False, "1": True},
    "1/2": {"1": True, "2": False},
    "2/1": {"2": True, "1": False},
    "Y/N": {"Y": True, "N": False},
}
"""How sources write `标志` fields: the standard's way first (WS 363-2011: T/F); others by declaration."""


class BadValue(ValueError):
    """A cell that can't be read; `detail` says why, without the cell's content."""

    def __init__(self, detail: Phrase) -> None:
        super().__init__(str(detail))
        self.detail = detail


class AmbiguousNumber(BadValue):
    """A number with a comma that may stand for a decimal point or set off thousands."""

    def __init__(self) -> None:
        super().__init__(
            Phrase("its comma may be a decimal point; write it with a point and without separators")
        )


def narrow(text: str) -> str:
    """Write full-width digits, letters and signs as ASCII."""
    return text if text.isascii() else "".join(map(_narrow, text)).strip()


def _narrow(one: str) -> str:
    marked = unicodedata.decomposition(one).startswith(_MARKED)
    return one if marked else unicodedata.normalize("NFKC", one)


def to_date(text: str, *, serial: bool = False) -> str:
    """Give a FHIR date: `20240131`, `2024-1-31`, `2024/01/31`, `2024年1月31日`; also without day or month.

    `serial` allows Excel's day numbers.
    """
    text = narrow(text)
    found = _PLAIN_DATE.fullmatch(text) if text.isdigit() and len(text) in {4, 6, 8} else None
    found = found or _PARTED_DATE.fullmatch(text)
    if found is None:
        if serial and _SERIAL.fullmatch(text):
            return from_serial(text).date().isoformat()
        return to_moment(text, None)[:10]
    year, month, day = found.groups()
    try:
        whole = date(int(year), int(month or 1), int(day or 1)).isoformat()
    except ValueError:
        raise BadValue(Phrase("there is no such day")) from None
    return whole if day else whole[:7] if month else whole[:4]


def to_moment(text: str, zone: tzinfo | None, *, serial: bool = False) -> str:
    """Give a FHIR dateTime: `20240131T083000`, `2024-01-31 08:30:00`, and dates as `to_date` reads them.

    A time without a zone is in `zone`; seconds that aren't given are 0, as FHIR asks for them.
    """
    text = narrow(text)
    if serial and _SERIAL.fullmatch(text) and not (text.isdigit() and len(text) in {4, 6}):
        moment = from_serial(text)
        if "." not in text:
            return moment.date().isoformat()
        return moment.replace(tzinfo=zone).isoformat(timespec="seconds")
    found = _MOMENT.fullmatch(text)
    if found is None:
        if _PLAIN_DATE.fullmatch(text) or _PARTED_DATE.fullmatch(text):
            return to_date(text)
        if not serial and _DAY_NUMBER.fullmatch(text):
            raise BadValue(
                Phrase("it looks like Excel's number of a day, which is read if `dates=excel` is declared")
            )
        raise BadValue(Phrase("it isn't a date or time"))
    day, hour, minute, second, fraction, offset = found.groups()
    if minute is None:
        raise BadValue(Phrase("it isn't a date or time"))
    try:
        whole = datetime.fromisoformat(f"{to_date(day)}T{int(hour):02}:{minute}:{second or '00'}")
    except ValueError:
        raise BadValue(Phrase("there is no such time")) from None
    text = whole.isoformat() + (fraction or "")
    if offset:
        return text + (offset if ":" in offset or offset == "Z" else f"{offset[:3]}:{offset[3:]}")
    return text + _offset(whole, zone)


def _offset(moment: datetime, zone: tzinfo | None) -> str:
    if zone is None:
        return "Z"
    return moment.replace(tzinfo=zone).isoformat()[-6:]


def from_serial(text: str) -> datetime:
    """Give the local time that Excel means by a day number (1900 date system)."""
    days = Decimal(text)
    if days < _FIRST_SURE:
        raise BadValue(Phrase("it isn't a date or time"))
    seconds = int((days * 86_400).to_integral_value())
    try:
        return _EPOCH + timedelta(seconds=seconds)
    except OverflowError:
        raise BadValue(Phrase("there is no such day")) from None


def to_datetime(text: str, zone: tzinfo) -> datetime | None:
    """Give a FHIR date or dateTime as a moment; None where it doesn't name a day."""
    if len(text) < 10:
        return None
    try:
        moment = datetime.fromisoformat(text)
    except ValueError:
        return None
    return moment if moment.tzinfo else moment.replace(tzinfo=zone)


def to_number(text: str) -> Decimal:
    """Give an exact decimal. Commas are read only where they can't be decimal points."""
    text = narrow(text)
    if "," in text:
        if not _GROUPED.fullmatch(text):
            raise AmbiguousNumber if _COMMAS.fullmatch(text) else BadValue(Phrase("it isn't a number"))
        text = text.replace(",", "")
    if not _NUMBER.fullmatch(text):
        raise BadValue(Phrase("it isn't a number"))
    literal = text.removeprefix("+")
    if literal.lstrip("-").startswith(".") or _leads_with_zero(literal):
        return Decimal(literal)
    return ExactDecimal(literal)


def _leads_with_zero(literal: str) -> bool:
    whole = literal.lstrip("-").partition(".")[0]
    return len(whole) > 1 and whole[0] == "0"


def to_quantity(text: str, unit: str, ucum: str = "") -> Json | None:
    """Give a Quantity with its comparator; None where `text` isn't a number with or without one.

    `unit` is shown; `ucum` is the UCUM code where it is known. Raises AmbiguousNumber.
    """
    sign, number = compared(narrow(text))
    try:
        value = to_number(number)
    except AmbiguousNumber:
        raise
    except (BadValue, InvalidOperation):
        return None
    quantity: dict[str, Any] = {"value": value}
    if sign:
        quantity["comparator"] = sign
    if unit:
        quantity["unit"] = unit
    if ucum:
        quantity["system"] = UCUM
        quantity["code"] = ucum
    return quantity
