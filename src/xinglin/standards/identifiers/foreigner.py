"""Foreigners' permanent residence number (外国人永久居留身份证): 18 characters since 2023-12-01, 15 before.

New: 9, province of application (2), nationality (3, ISO 3166-1 numeric), birth date (8), sequence (3, odd
for men), check character as in GB 11643. Source: National Immigration Administration, rules for reading the
new card (2023), as reprinted by a maker of card readers (eastcoms.com, 2023-10-20: first digit, length and
check character), the places as read in two independent open validators.

Old: nationality (3 letters), division (4), birth date (YYMMDD), sex (1), check digit with weights 7, 3, 1.
Source: one open validator with one example; confidence: unverified. So its check digit is asked only of
`strict` reading.
"""

import re
from datetime import date
from typing import Final

from xinglin.core.i18n import Phrase
from xinglin.standards.identifiers.checks import travel_check
from xinglin.standards.identifiers.divisions import is_province, lookup
from xinglin.standards.identifiers.eighteen import (
    birth_date,
    check_eighteen,
    closed,
    long_dead_day,
    require,
    sex_of,
)
from xinglin.standards.identifiers.faults import WrongForm
from xinglin.standards.identifiers.kinds import Kind
from xinglin.standards.identifiers.model import Identifier, Scheme, Terms
from xinglin.standards.identifiers.text import spread

_OLD: Final = re.compile(r"[A-Z]{3}[0-9]{12}")
_FIRST_CARD: Final = 2004
"""Year in which the first permanent residence cards were given (confidence: unverified)."""


def _read(text: str, terms: Terms) -> Identifier:
    if len(text) == 15:
        return _read_old(text, terms)
    if len(text) != 18:
        require(text, _OLD, (15,), Phrase("{one} or {other}", one=15, other=18))
    born, sex = check_eighteen(text, terms)
    if text[0] != "9":
        raise WrongForm("characters", place=1)
    if not is_province(text[1:3]):
        raise WrongForm("province", places="2-3")
    division = lookup(f"{text[1:3]}0000", max(born.year, _FIRST_CARD))
    return Identifier(
        Kind.PERMANENT_RESIDENCE, text, born, sex, division, text[3:6], {"sequence": text[14:17]}
    )


def _read_old(text: str, terms: Terms) -> Identifier:
    if not text[:3].isalpha() or not text[:3].isascii():
        raise WrongForm("characters", place=1)
    if not _OLD.fullmatch(text):
        raise WrongForm(
            "characters", place=next(at for at, c in enumerate(text, 1) if at > 3 and c not in "0123456789")
        )
    if terms.strict and text[14] != travel_check(text[:14]):
        raise WrongForm("check")
    if not is_province(text[3:5]):
        raise WrongForm("province", places="4-5")
    born = birth_date(_century(text[7:13], terms.today) + text[7:13], terms, "8-13")
    division = lookup(f"{text[3:7]}00", max(born.year, _FIRST_CARD))
    return Identifier(Kind.PERMANENT_RESIDENCE, text, born, sex_of(text[13]), division, text[:3])


def _century(yymmdd: str, today: date) -> str:
    """Take the later century that doesn't lie in the future: the old form has none."""
    return "20" if yymmdd <= f"{today:%y%m%d}" else "19"


def _invented(seed: int) -> str:
    """ISO 3166-1 leaves the numbers 900 to 999 to users, so no country has them."""
    day, rest = long_dead_day(seed)
    sequence, nationality = spread(rest, 999, 100)
    return closed(f"936{900 + nationality}{day:%Y%m%d}{sequence + 1:03d}")


PERMANENT_RESIDENCE: Final = Scheme(kind=Kind.PERMANENT_RESIDENCE, read=_read, invent=_invented, shown=(1, 1))
