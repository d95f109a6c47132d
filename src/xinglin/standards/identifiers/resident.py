"""Resident identity number (公民身份号码): GB 11643-1999, and its 15-digit form of 1989.

Six digits of division, birth date, three of sequence (odd for men), check character (ISO 7064 MOD 11-2).
The old form has two digits of year and no check character; `parse` gives the 18 characters it became in
1999.
"""

import re
from datetime import date
from typing import Final

from xinglin.core.i18n import Phrase
from xinglin.standards.identifiers.divisions import is_province, lookup
from xinglin.standards.identifiers.eighteen import (
    birth_date,
    check_eighteen,
    closed,
    invented_day,
    require,
    sex_of,
)
from xinglin.standards.identifiers.faults import WrongForm
from xinglin.standards.identifiers.kinds import NAMES, Kind
from xinglin.standards.identifiers.model import Identifier, Scheme, Sex, Terms
from xinglin.standards.identifiers.text import spread

_OLD: Final = re.compile(r"[0-9]{15}")
_CENTENARIANS: Final = ("996", "997", "998", "999")
"""Sequences of the old form for people born before 1900 (public code; GB 11643-1989 not read)."""
FIRST_ISSUED: Final = 1984
"""Year of the first identity cards: a division that ended before it is in no number."""
_OTHERS: Final = {
    "81": Kind.HK_MACAO_RESIDENCE,
    "82": Kind.HK_MACAO_RESIDENCE,
    "83": Kind.TAIWAN_RESIDENCE,
}


def _read(text: str, terms: Terms) -> Identifier:
    if text[:2] in _OTHERS and len(text) == 18:
        raise WrongForm("other-kind", other=Phrase(NAMES[_OTHERS[text[:2]]]))
    if len(text) == 18 and text[0] == "9":
        raise WrongForm("other-kind", other=Phrase(NAMES[Kind.PERMANENT_RESIDENCE]))
    if len(text) == 15:
        return _read_old(text, terms)
    if len(text) != 18:
        require(text, _OLD, (15,), Phrase("{one} or {other}", one=15, other=18))
    born, sex = check_eighteen(text, terms)
    return _told(text, born, sex, terms, {"sequence": text[14:17]})


def _read_old(text: str, terms: Terms) -> Identifier:
    require(text, _OLD, (15,), 15)
    century = "18" if text[12:] in _CENTENARIANS else "19"
    born = birth_date(century + text[6:12], terms, "7-12")
    whole = closed(f"{text[:6]}{century}{text[6:]}")
    return _told(whole, born, sex_of(text[14]), terms, {"sequence": text[12:], "written": text})


def _told(whole: str, born: date, sex: Sex, terms: Terms, parts: dict[str, str]) -> Identifier:
    if not is_province(whole[:2]):
        raise WrongForm("province", places="1-2")
    division = lookup(whole[:6], max(born.year, FIRST_ISSUED))
    if terms.strict and not division.known:
        raise WrongForm("division", places="1-6")
    return Identifier(Kind.RESIDENT, whole, born, sex, division, "CHN", parts)


def short_form(value: str) -> str | None:
    """Give the 15 digits that `value` (18 characters) had before 1999; None if it can't have had any.

    For finding records written in the old form. Two numbers can share one short form only if they differ by
    a century.
    """
    sequence = value[14:17]
    expected = "18" if sequence in _CENTENARIANS else "19"
    return value[:6] + value[8:17] if value[6:8] == expected else None


def invented(seed: int, *, sex: Sex | None = None, born: date | None = None) -> str:
    """Give the number of somebody who can't exist, of `sex` and `born` that day where given.

    The division begins 3681 to 3689: GB/T 2260-2007, 3.2 gives the third and fourth digit a meaning from 01
    to 70 and for 90 only (docs/decisions/001-demo-identifiers.md). The first 53,000 seeds give different
    numbers whatever is asked; without `born` the first 2,000 million do.
    """
    day, rest = invented_day(seed)
    if born is not None:
        day, rest = born, seed
    sequence, county, city = spread(rest, 499, 60, 9)
    last = {"male": 1, "female": 2, None: 1 + rest // (499 * 540) % 2}[sex]
    return closed(f"36{81 + city}{21 + county}{day:%Y%m%d}{sequence * 2 + last:03d}")


RESIDENT: Final = Scheme(kind=Kind.RESIDENT, read=_read, invent=invented, shown=(2, 1))
