"""Numbers of a person in the form in which they are compared, read fast.

What is plainly right is understood here; everything else goes to `standards.identifiers`. Fillers that forms
are closed with (`000000000000000000`, `13800000000`) count as not given.
"""

import re
from dataclasses import dataclass
from typing import Final

from xinglin.standards.identifiers import SCHEMES, Kind, short_form
from xinglin.standards.identifiers.checks import resident_check

_EIGHTEEN: Final = re.compile(
    r"[1-9][0-9]{5}(?:18|19|20)[0-9]{2}(?:0[1-9]|1[0-2])(?:0[1-9]|[12][0-9]|3[01])[0-9]{3}[0-9X]"
)
_FIFTEEN: Final = re.compile(r"[1-9][0-9]{7}(?:0[1-9]|1[0-2])(?:0[1-9]|[12][0-9]|3[01])[0-9]{3}")
_MOBILE: Final = re.compile(r"(?:\+?86[ -]?)?(1[3-9][0-9])[ -]?([0-9]{4})[ -]?([0-9]{4})")
_FILLER: Final = re.compile(r"(.)\1+")
_RUN: Final = re.compile(r"(.)\1{6,}")
_DIGIT: Final = re.compile(r"[0-9]")
_WEIGHTS: Final = (7, 9, 10, 5, 8, 4, 2, 1, 6, 3, 7, 9, 10, 5, 8, 4, 2)
_CHECKS: Final = "10X98765432"
_SHORTEST: Final = 4


@dataclass(frozen=True, slots=True)
class IdentityNumber:
    """A resident identity number as written, in 18 characters where it can be.

    `checked`: its check character agrees and its date can be, so it was hardly mistyped. `short` is its old
    form of 15 digits, which old records have; None where it can't have had one.
    """

    value: str
    short: str | None
    checked: bool
    born: str | None
    """Birth date in the number, as YYYYMMDD; None unless `checked`."""
    sex: str | None

    def forms(self) -> tuple[str, str | None, int]:
        """Give the number, its short form and 1 where it is checked."""
        return self.value, self.short, int(self.checked)


def identity_number(text: str) -> IdentityNumber | None:
    """Read a resident identity number; None where there is none, or only a filler."""
    value = text if text.isascii() and text.isalnum() else SCHEMES[Kind.RESIDENT].normalise(text[:100])
    value = value.upper()
    if len(value) < _SHORTEST or _FILLER.fullmatch(value[2:]) or "*" in value or not _DIGIT.search(value):
        return None
    if _EIGHTEEN.fullmatch(value):
        total = sum(int(digit) * weight for digit, weight in zip(value, _WEIGHTS, strict=False))
        checked = _CHECKS[total % 11] == value[17]
        sex = ("male" if int(value[16]) % 2 else "female") if checked else None
        return IdentityNumber(value, short_form(value), checked, value[6:14] if checked else None, sex)
    if _FIFTEEN.fullmatch(value):
        body = f"{value[:6]}19{value[6:]}"
        return IdentityNumber(body + resident_check(body), value, checked=False, born=None, sex=None)
    return IdentityNumber(value, None, checked=False, born=None, sex=None)


def is_resident(text: str) -> bool:
    """Tell fast whether `text` is plainly a resident identity number with its check character right.

    Residence permits have the same form but begin with 81 to 83, the permanent residence number with 9.
    """
    if len(text) != 18 or not text.isascii() or text[0] in "89":
        return False
    found = identity_number(text)
    return found is not None and found.checked


def phone_number(text: str) -> str | None:
    """Read a telephone number: 11 digits of a mobile, else E.164; None for none and for fillers."""
    found = _MOBILE.fullmatch(text.strip())
    value = (
        found[1] + found[2] + found[3] if found else SCHEMES[Kind.PHONE].normalise(text).removeprefix("+86")
    )
    if len(value) < _SHORTEST or _RUN.search(value[3:]) or not _DIGIT.search(value):
        return None
    return value


def plain_number(text: str) -> str | None:
    """Read another number (insurance, card): upper-case, without spaces and hyphens; None for fillers."""
    value = SCHEMES[Kind.INSURED].normalise(text[:100])
    return None if len(value) < _SHORTEST or _FILLER.fullmatch(value) else value
