"""Mainland travel permits (来往内地通行证, 来往大陆通行证) and passports.

Hong Kong and Macao: H or M, eight digits for life and, on cards of 1999 to 2013, two digits of how often it
was renewed (Ministry of Public Security, rules of 2010, read in two reprints). Taiwan: eight digits, before
2015 with two more and a letter in brackets (lengths read in open validators; meaning unverified). Passport:
up to nine letters and digits (ICAO Doc 9303-4); none of these carries a check character.
"""

import re
from typing import Final

from xinglin.core.i18n import Phrase
from xinglin.standards.identifiers.faults import WrongForm
from xinglin.standards.identifiers.kinds import Kind
from xinglin.standards.identifiers.model import Identifier, Scheme, Terms
from xinglin.standards.identifiers.text import compact, is_rounded, spread

_HK_MACAO: Final = re.compile(r"([HM][0-9]{8})([0-9]{2})?")
_TAIWAN: Final = re.compile(r"([0-9]{8})(?:([0-9]{2})(?:\(?[A-Z]\)?)?)?")
_PASSPORT: Final = re.compile(r"(?=.*[0-9])[A-Z0-9]{5,9}")
_REGIONS: Final = {"H": "HKG", "M": "MAC"}


def _read_hk_macao(text: str, _: Terms) -> Identifier:
    found = _HK_MACAO.fullmatch(text)
    if found is None:
        raise WrongForm("form", form=Phrase("H or M and 8 or 10 digits"))
    # The first nine characters stay for life: they are the identifier, the renewals only tell which card.
    parts = {"renewals": found[2]} if found[2] else {}
    return Identifier(Kind.HK_MACAO_TRAVEL, found[1], nationality=_REGIONS[text[0]], parts=parts)


def _read_taiwan(text: str, _: Terms) -> Identifier:
    found = _TAIWAN.fullmatch(text)
    if found is None:
        raise WrongForm("form", form=Phrase("8 digits, or 10 digits and a letter on old cards"))
    parts = {"renewals": found[2]} if found[2] else {}
    return Identifier(Kind.TAIWAN_TRAVEL, found[1], nationality="TWN", parts=parts)


def _read_passport(text: str, _: Terms) -> Identifier:
    if is_rounded(text):
        raise WrongForm("rounded")
    if not _PASSPORT.fullmatch(text):
        raise WrongForm("form", form=Phrase("5 to 9 letters A-Z and digits"))
    return Identifier(Kind.PASSPORT, text)


def _invented_hk_macao(seed: int) -> str:
    """Eighty renewals don't fit into the years from 1999 to 2013."""
    number, renewals, letter = spread(seed, 100_000_000, 20, 2)
    return f"{'HM'[letter]}{number:08d}{80 + renewals}"


def _invented_taiwan(seed: int) -> str:
    """Old form with eighty or more renewals."""
    number, renewals = spread(seed, 100_000_000, 20)
    return f"{number:08d}{80 + renewals}"


def _invented_passport(seed: int) -> str:
    """Chinese passports skip the letters I and O (confidence: unverified), so none begins EO."""
    return f"EO{seed % 10_000_000:07d}"


HK_MACAO_TRAVEL: Final = Scheme(
    kind=Kind.HK_MACAO_TRAVEL, read=_read_hk_macao, invent=_invented_hk_macao, shown=(1, 2)
)
TAIWAN_TRAVEL: Final = Scheme(
    kind=Kind.TAIWAN_TRAVEL, read=_read_taiwan, invent=_invented_taiwan, shown=(0, 2), clean=compact
)
PASSPORT: Final = Scheme(kind=Kind.PASSPORT, read=_read_passport, invent=_invented_passport, shown=(1, 2))
