"""Administrative division codes as identifiers: GB/T 2260 down to the county, statistics codes below it.

2, 4 or 6 digits; 9 with the township and 12 with the village (GB/T 10114 and the statistics bureau). Zeros
at the end that only fill up are dropped below the county, so `360102000000` is `360102`. Townships have no
table here: their county is looked up, their name isn't.
"""

import re
from typing import Final

from xinglin.core.i18n import Phrase
from xinglin.standards.identifiers.divisions import is_province, lookup
from xinglin.standards.identifiers.eighteen import require
from xinglin.standards.identifiers.faults import WrongForm
from xinglin.standards.identifiers.kinds import Kind
from xinglin.standards.identifiers.model import Identifier, Scheme, Terms
from xinglin.standards.identifiers.text import digits, spread

_DIGITS: Final = re.compile(r"[0-9]+")
_LENGTHS: Final = (2, 4, 6, 9, 12)


def _clean(text: str) -> str:
    cleaned = digits(text)
    if not cleaned.isascii() or not cleaned.isdigit() or len(cleaned) not in _LENGTHS:
        return cleaned
    cleaned = cleaned.ljust(6, "0")
    while len(cleaned) > 6 and cleaned.endswith("000"):
        cleaned = cleaned[:-3]
    return cleaned


def _read(text: str, terms: Terms) -> Identifier:
    require(text, _DIGITS, _LENGTHS, Phrase("{one} or {other}", one="2, 4, 6, 9", other=12))
    if not is_province(text[:2]):
        raise WrongForm("province", places="1-2")
    division = lookup(text[:6], terms.today.year)
    if terms.strict and not division.known:
        raise WrongForm("division", places="1-6")
    return Identifier(Kind.DIVISION, text, division=division, parts={"level": _level(text)})


def _level(code: str) -> str:
    if len(code) > 6:
        return "village" if len(code) == 12 else "township"
    return "province" if code.endswith("0000") else "prefecture" if code.endswith("00") else "county"


def _invented(seed: int) -> str:
    """Third and fourth digit from 81 to 89, which GB/T 2260 can't assign."""
    county, city = spread(seed, 60, 9)
    return f"36{81 + city}{21 + county}"


DIVISION: Final = Scheme(kind=Kind.DIVISION, read=_read, invent=_invented, clean=_clean, shown=None)
