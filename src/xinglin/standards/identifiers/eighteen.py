"""Eighteen characters in the manner of GB 11643: six for the origin, birth date, sequence, check character.

Shared by the resident identity number, the residence permits and the 2023 permanent residence number.
"""

import re
from datetime import date
from typing import Final

from xinglin.standards.identifiers.checks import resident_check
from xinglin.standards.identifiers.faults import WrongForm
from xinglin.standards.identifiers.model import Sex, Terms
from xinglin.standards.identifiers.text import is_rounded, spread

_FORM: Final = re.compile(r"[0-9]{17}[0-9X]")
_FIRST_YEAR: Final = 1800
_BORN_FIRST: Final = date(1900, 1, 1).toordinal()
_BORN_DAYS: Final = date(2020, 12, 31).toordinal() - _BORN_FIRST + 1
_LONG_DEAD_FIRST: Final = date(1800, 1, 1).toordinal()
_LONG_DEAD_DAYS: Final = date(1849, 12, 31).toordinal() - _LONG_DEAD_FIRST + 1


def require(text: str, form: re.Pattern[str], lengths: tuple[int, ...], expected: object) -> None:
    """Refuse what spreadsheets rounded, what isn't one of `lengths` long, and what doesn't fit `form`."""
    if is_rounded(text):
        raise WrongForm("rounded")
    if len(text) not in lengths:
        raise WrongForm("length", found=len(text), expected=expected)
    if not form.fullmatch(text):
        raise WrongForm("characters", place=_first_wrong(text))


def _first_wrong(text: str) -> int:
    """Give the place (from 1) of the first character that isn't a digit; the last may be X."""
    body = text[:-1] + "0" if text.endswith("X") else text
    return next((at for at, c in enumerate(body, 1) if c not in "0123456789"), len(text))


def check_eighteen(text: str, terms: Terms) -> tuple[date, Sex]:
    """Check form, check character and birth date of `text`; give the birth date and the sex it tells."""
    require(text, _FORM, (18,), 18)
    if text[17] != resident_check(text[:17]):
        # Fifteen digits survive in a spreadsheet's number; the others become 0.
        raise WrongForm("rounded" if text.endswith("000") else "check")
    return birth_date(text[6:14], terms, "7-14"), sex_of(text[16])


def birth_date(digits: str, terms: Terms, places: str) -> date:
    """Read eight digits as a day between 1800 and today."""
    try:
        born = date(int(digits[:4]), int(digits[4:6]), int(digits[6:8]))
    except ValueError:
        raise WrongForm("date-impossible", places=places) from None
    if born.year < _FIRST_YEAR:
        raise WrongForm("date-impossible", places=places)
    if born > terms.today:
        raise WrongForm("date-future", places=places)
    return born


def sex_of(digit: str) -> Sex:
    """Give the sex that the sequence's last digit tells: odd for men, even for women."""
    return "male" if int(digit) % 2 else "female"


def closed(body: str) -> str:
    """Put the check character behind 17 digits."""
    return body + resident_check(body)


def invented_day(seed: int) -> tuple[date, int]:
    """Give a day from 1900 to 2020 and what is left of `seed`."""
    (days,) = spread(seed, _BORN_DAYS)
    return date.fromordinal(_BORN_FIRST + days), seed // _BORN_DAYS


def long_dead_day(seed: int) -> tuple[date, int]:
    """Give a day from 1800 to 1849 and what is left of `seed`: nobody born then had a document of today."""
    (days,) = spread(seed, _LONG_DEAD_DAYS)
    return date.fromordinal(_LONG_DEAD_FIRST + days), seed // _LONG_DEAD_DAYS
