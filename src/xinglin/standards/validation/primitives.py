"""The primitive types: how each is written (http://hl7.org/fhir/R4/datatypes.html#primitive)."""

import binascii
import re
from calendar import monthrange
from collections.abc import Callable, Mapping
from decimal import Decimal
from math import isfinite
from typing import Any, Final, NamedTuple

from xinglin.core.i18n import Phrase

Accepts = Callable[[Any], bool]

MAX_STRING: Final = 1024 * 1024
"""Longest string, in characters."""

_YEAR = r"([0-9]([0-9]([0-9][1-9]|[1-9]0)|[1-9]00)|[1-9]000)"
_DAY = r"(0[1-9]|1[0-2])-(0[1-9]|[12][0-9]|3[01])"
_TIME = r"([01][0-9]|2[0-3]):[0-5][0-9]:([0-5][0-9]|60)(\.[0-9]+)?"
_ZONE = r"(Z|[+-]((0[0-9]|1[0-3]):[0-5][0-9]|14:00))"
_UUID = "[0-9a-f]{8}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{12}"
_OID = r"[0-2](\.(0|[1-9][0-9]*))+"

_instant = re.compile(f"{_YEAR}-{_DAY}T{_TIME}{_ZONE}").fullmatch
_date_time = re.compile(f"{_YEAR}(-(0[1-9]|1[0-2])|-{_DAY}(T{_TIME}{_ZONE})?)?").fullmatch
_date = re.compile(f"{_YEAR}(-(0[1-9]|1[0-2])|-{_DAY})?").fullmatch
_time = re.compile(_TIME).fullmatch
_code = re.compile(r"\S+(\s\S+)*").fullmatch
_id = re.compile(r"[A-Za-z0-9\-.]{1,64}").fullmatch
_oid = re.compile("urn:oid:" + _OID).fullmatch
_uuid = re.compile("urn:uuid:" + _UUID).fullmatch
_uri = re.compile(r"\S+").fullmatch
_control = re.compile(r"[\x00-\x08\x0b\x0c\x0e-\x1f]").search

MOST_DIGITS: Final = 1_000
"""How many digits a decimal may have, and how far from the point it may begin (docs/spec-readings.md)."""
_BEYOND: Final = 10**MOST_DIGITS


class Primitive(NamedTuple):
    """How values of one primitive type are written: the JSON type, the check, and the rule in words."""

    json: Phrase
    accepts: Accepts
    hint: Phrase


def _day_exists(text: str) -> bool:
    """Whether a date that fits the form exists; only days from the 29th on can fail."""
    return text[8:10] < "29" or int(text[8:10]) <= monthrange(int(text[:4]), int(text[5:7]))[1]


def is_instant(value: Any) -> bool:
    """Whether `value` is a moment with a time zone."""
    return type(value) is str and _instant(value) is not None and _day_exists(value)


def is_date_time(value: Any) -> bool:
    """Whether `value` is a date, or a moment with a time zone."""
    return type(value) is str and _date_time(value) is not None and _day_exists(value)


def is_date(value: Any) -> bool:
    """Whether `value` is a year, a month or a day."""
    return type(value) is str and _date(value) is not None and _day_exists(value)


def is_time(value: Any) -> bool:
    """Whether `value` is a time of day with seconds."""
    return type(value) is str and _time(value) is not None


def is_string(value: Any) -> bool:
    """Whether `value` is a string with content and without control characters."""
    return type(value) is str and 0 < len(value) <= MAX_STRING and _control(value) is None


def is_code(value: Any) -> bool:
    """Whether `value` is a code: no white space around it, single spaces inside."""
    return type(value) is str and _code(value) is not None


def is_id(value: Any) -> bool:
    """Whether `value` is an id of up to 64 letters, digits, dots and dashes."""
    return type(value) is str and _id(value) is not None


def is_uri(value: Any) -> bool:
    """Whether `value` is a URI; those in urn:uuid: and urn:oid: must be whole."""
    if type(value) is not str or _uri(value) is None:
        return False
    if value.startswith("urn:uuid:"):
        return _uuid(value.lower()) is not None  # lower case is for the type uuid; HL7's own URIs have both
    return not value.startswith(("oid:", "uuid:")) and (
        not value.startswith("urn:oid:") or _oid(value) is not None
    )


def is_oid(value: Any) -> bool:
    """Whether `value` is an OID in its URN form."""
    return type(value) is str and _oid(value) is not None


def is_uuid(value: Any) -> bool:
    """Whether `value` is a UUID in its URN form, in lower case."""
    return type(value) is str and _uuid(value) is not None


def is_base64(value: Any) -> bool:
    """Whether `value` is base64; white space inside is allowed."""
    if type(value) is not str or not value:
        return False
    try:
        binascii.a2b_base64("".join(value.split()), strict_mode=True)
    except (binascii.Error, ValueError):
        return False
    return True


def is_boolean(value: Any) -> bool:
    """Whether `value` is true or false."""
    return value is True or value is False


def is_decimal(value: Any) -> bool:
    """Whether `value` is a number that can be stored and reckoned with: see MOST_DIGITS."""
    if value.__class__ is int:
        return -_BEYOND < value < _BEYOND
    if isinstance(value, Decimal):
        return value.is_finite() and abs(value.adjusted()) <= MOST_DIGITS and len(str(value)) <= MOST_DIGITS
    return isinstance(value, float) and isfinite(value)


def _primitive(json: str, accepts: Accepts, hint: str) -> Primitive:
    return Primitive(Phrase(json), accepts, Phrase(hint))


def _integer(least: int) -> Accepts:
    def accepts(value: Any) -> bool:
        return type(value) is int and least <= value <= 2_147_483_647

    return accepts


PRIMITIVES: Final[Mapping[str, Primitive]] = {
    "boolean": _primitive("true or false", is_boolean, "true or false"),
    "integer": _primitive("a number", _integer(-2_147_483_648), "a whole number of at most 32 bits"),
    "unsignedInt": _primitive("a number", _integer(0), "a whole number from 0 to 2147483647"),
    "positiveInt": _primitive("a number", _integer(1), "a whole number from 1 to 2147483647"),
    "decimal": _primitive(
        "a number", is_decimal, "a number of at most 1000 digits, and at most 1000 places from the point"
    ),
    "string": _primitive("a string", is_string, "at least one character, no control characters, up to 1 MB"),
    "markdown": _primitive(
        "a string", is_string, "at least one character, no control characters, up to 1 MB"
    ),
    "xhtml": _primitive("a string", is_string, "a div element"),
    "code": _primitive("a string", is_code, "no white space around it and only single spaces inside"),
    "id": _primitive("a string", is_id, "1 to 64 of A-Z, a-z, 0-9, - and ."),
    "uri": _primitive(
        "a string", is_uri, "no white space; urn:uuid: and urn:oid: followed by a whole UUID or OID"
    ),
    "url": _primitive("a string", is_uri, "an absolute URL without white space"),
    "canonical": _primitive("a string", is_uri, "a URI without white space"),
    "oid": _primitive("a string", is_oid, "urn:oid: followed by an OID"),
    "uuid": _primitive("a string", is_uuid, "urn:uuid: followed by a UUID in lower case"),
    "base64Binary": _primitive("a string", is_base64, "base64"),
    "instant": _primitive(
        "a string", is_instant, "YYYY-MM-DDThh:mm:ss with a time zone, and a day that exists"
    ),
    "dateTime": _primitive(
        "a string",
        is_date_time,
        "YYYY, YYYY-MM, YYYY-MM-DD or YYYY-MM-DDThh:mm:ss with a time zone, and a day that exists",
    ),
    "date": _primitive("a string", is_date, "YYYY, YYYY-MM or YYYY-MM-DD, and a day that exists"),
    "time": _primitive("a string", is_time, "hh:mm:ss"),
}
"""Every primitive type of R4 by name."""


def json_kind(value: Any) -> Phrase:
    """Name the JSON type of `value` for a message."""
    match value:
        case None:
            return Phrase("null")
        case bool():
            return Phrase("true or false")
        case str():
            return Phrase("a string")
        case dict():
            return Phrase("an object")
        case list():
            return Phrase("an array")
        case _:
            return Phrase("a number")
