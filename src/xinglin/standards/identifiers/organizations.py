"""Codes of organisations: GB 32100, GB 11714, WS 218 and the medical insurance's.

- Unified social credit code (GB 32100-2015): registering authority (1), category (1), division (6),
  organisation code (9), check character.
- Organisation code (GB 11714-1997): eight digits or letters and a check character, written with a hyphen.
- Health institution code (WS 218-2002): organisation code (9), division (6), economic type (2), category
  (4), management class (1). Source: public legal dictionary (uianet.net), read; the printed standard
  wasn't.
- Institution code of the medical insurance (fixmedins_code): 12 characters; nothing else of it is public.
"""

import re
from typing import Final

from xinglin.standards.identifiers.checks import CREDIT_ALPHABET, credit_check, organization_check
from xinglin.standards.identifiers.divisions import Division, is_province, lookup
from xinglin.standards.identifiers.faults import WrongForm
from xinglin.standards.identifiers.kinds import Kind
from xinglin.standards.identifiers.model import Identifier, Scheme, Terms
from xinglin.standards.identifiers.text import compact, digits, is_rounded, spread

_ALPHANUMERIC: Final = "0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZ"
_LOST_ZEROS: Final = re.compile(r"[0-9]{4,7}[0-9X]")
_NOWHERE: Final = "368921"
"""A division that GB/T 2260 can't assign (docs/decisions/001-demo-identifiers.md)."""


def _require(text: str, length: int, alphabet: str) -> None:
    if is_rounded(text):
        raise WrongForm("rounded")
    if len(text) != length:
        raise WrongForm("length", found=len(text), expected=length)
    for place, character in enumerate(text, 1):
        if character not in alphabet:
            raise WrongForm("characters", place=place)


def _division(code: str, terms: Terms, places: str) -> Division:
    if not code.isdigit() or not is_province(code[:2]):
        raise WrongForm("province", places=places)
    division = lookup(code, terms.today.year)
    if terms.strict and not division.known:
        raise WrongForm("division", places=places)
    return division


def _read_credit(text: str, terms: Terms) -> Identifier:
    _require(text, 18, CREDIT_ALPHABET)
    if text[17] != credit_check(text[:17]):
        raise WrongForm("check")
    parts = {"authority": text[0], "category": text[1], "organization-code": text[8:17]}
    # 100000 stands for the country: bodies registered with a central authority.
    division = (
        Division("100000", "全国", ("全国",)) if text[2:8] == "100000" else _division(text[2:8], terms, "3-8")
    )
    return Identifier(Kind.CREDIT_CODE, text, division=division, parts=parts)


def _read_organization(text: str, _: Terms) -> Identifier:
    _require(text, 9, _ALPHANUMERIC)
    if text[8] != organization_check(text[:8]):
        raise WrongForm("check")
    return Identifier(Kind.ORGANIZATION_CODE, text)


def _read_institution(text: str, terms: Terms) -> Identifier:
    _require(text, 22, _ALPHANUMERIC)
    if text[8] != organization_check(text[:8]):
        raise WrongForm("check-organization")
    parts = {
        "organization-code": text[:9],
        "economic-type": text[15:17],
        "category": text[17:21],
        "management": text[21],
    }
    return Identifier(
        Kind.HEALTH_INSTITUTION, text, division=_division(text[9:15], terms, "10-15"), parts=parts
    )


def _read_insurance(text: str, _: Terms) -> Identifier:
    _require(text, 12, _ALPHANUMERIC)
    return Identifier(Kind.INSURANCE_INSTITUTION, text)


def _organization_text(text: str) -> str:
    """Give back zeros that a spreadsheet took from the front, where the check character agrees."""
    cleaned = digits(text)
    padded = cleaned.rjust(9, "0")
    if _LOST_ZEROS.fullmatch(cleaned) and organization_check(padded[:8]) == padded[8]:
        return padded
    return cleaned


def _own(seed: int) -> str:
    """PDY00001 to PDY99999 are for everybody's own use (GB 11714-1997, 3): no organisation has them."""
    body = f"PDY{seed % 99_999 + 1:05d}"
    return body + organization_check(body)


def _invented_credit(seed: int) -> str:
    body = f"12{_NOWHERE}{_own(seed)}"
    return body + credit_check(body)


def _invented_institution(seed: int) -> str:
    return f"{_own(seed)}{_NOWHERE}11A1001"


def _invented_insurance(seed: int) -> str:
    """H, a division that can't be, five digits: the usual shape (confidence: unverified)."""
    (serial,) = spread(seed, 100_000)
    return f"H{_NOWHERE}{serial:05d}"


CREDIT_CODE: Final = Scheme(kind=Kind.CREDIT_CODE, read=_read_credit, invent=_invented_credit, shown=None)
ORGANIZATION_CODE: Final = Scheme(
    kind=Kind.ORGANIZATION_CODE, read=_read_organization, invent=_own, clean=_organization_text, shown=None
)
HEALTH_INSTITUTION: Final = Scheme(
    kind=Kind.HEALTH_INSTITUTION, read=_read_institution, invent=_invented_institution, shown=None
)
INSURANCE_INSTITUTION: Final = Scheme(
    kind=Kind.INSURANCE_INSTITUTION,
    read=_read_insurance,
    invent=_invented_insurance,
    clean=compact,
    shown=None,
)
