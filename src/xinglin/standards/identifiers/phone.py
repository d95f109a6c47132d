"""Telephone numbers by libphonenumber (`phonenumbers`): any country's, read as one dials them in China.

The normal form is E.164 (`+8613812345678`), with `;ext=` before an extension (RFC 3966). Ranges come from
the library's metadata and change; a number out of every range is refused only by `strict` reading.
"""

import re
from typing import Final

import phonenumbers
from phonenumbers import PhoneNumber, PhoneNumberFormat, PhoneNumberType, ValidationResult

from xinglin.standards.identifiers.faults import WrongForm
from xinglin.standards.identifiers.kinds import Kind
from xinglin.standards.identifiers.model import LONGEST, Identifier, Scheme, Terms
from xinglin.standards.identifiers.text import compact

_EXTENSION: Final = re.compile(
    r"^(.*[0-9])\s*(?:转|轉|分机|ext\.?|(?<=[0-9]{7})[-\u2010-\u2015])\s*([0-9]{1,6})$", re.IGNORECASE
)
_NAMES: Final = {
    PhoneNumberType.MOBILE: "mobile",
    PhoneNumberType.FIXED_LINE: "fixed",
    PhoneNumberType.TOLL_FREE: "toll-free",
}
_CHINA: Final = 86
_SHORTEST: Final = 9
"""Digits of the shortest Chinese number with its area code (two and seven)."""
_MOBILE: Final = re.compile(r"1[3-9]")
_FORM: Final = "0791-8xxxxxxx, 138xxxxxxxx, +852 xxxx xxxx"


def _number(text: str) -> PhoneNumber:
    plain = _plain(text)
    # The library reads names before a number and letters on keys; neither is a number that somebody meant.
    if any(character.isalpha() for character in plain.partition(";ext=")[0]):
        raise WrongForm("form", form=_FORM)
    try:
        number = phonenumbers.parse(plain, "CN")
    except phonenumbers.NumberParseException:
        raise WrongForm("form", form=_FORM) from None
    possible = phonenumbers.is_possible_number_with_reason(number)
    national = phonenumbers.national_significant_number(number)
    if number.country_code == _CHINA and len(national) < _SHORTEST:
        raise WrongForm("area-code")
    is_cut = number.country_code == _CHINA and _MOBILE.match(national) and len(national) != 11
    if possible != ValidationResult.IS_POSSIBLE or is_cut:
        raise WrongForm("form", form=_FORM)
    return number


def _plain(text: str) -> str:
    """Write an extension as the library knows it: after `转`, or after a last hyphen behind seven digits."""
    plain = text.strip().strip("'\"‘’“”").removesuffix(".0")
    found = _EXTENSION.match(plain)
    return f"{found[1]};ext={found[2]}" if found else plain


def _e164(number: PhoneNumber) -> str:
    written = phonenumbers.format_number(number, PhoneNumberFormat.E164)
    return f"{written};ext={number.extension}" if number.extension else written


def _clean(text: str) -> str:
    try:
        return _e164(_number(text[:LONGEST]))
    except WrongForm:
        return compact(text)


def _read(text: str, terms: Terms) -> Identifier:
    number = _number(text)
    known = phonenumbers.is_valid_number(number)
    if terms.strict and not known:
        raise WrongForm("unassigned")
    parts = {
        "type": _NAMES.get(phonenumbers.number_type(number), "other"),
        "country": f"+{number.country_code}",
        "range": "in use" if known else "unknown",
    }
    if number.extension:
        parts["extension"] = number.extension
    return Identifier(Kind.PHONE, _e164(number), parts=parts)


def _invented(seed: int) -> str:
    """No mobile range begins 154 in libphonenumber. None is kept for examples: never dial these."""
    return f"+86154{seed % 100_000_000:08d}"


PHONE: Final = Scheme(kind=Kind.PHONE, read=_read, invent=_invented, clean=_clean, shown=(6, 2))
