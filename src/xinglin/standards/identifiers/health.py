"""Numbers of people in health care and insurance, of which little but the width is public.

- Resident health record number (DE01.00.009.00, N17): division (6), township (3), village (3), serial (5).
  Width: WS 363.2; parts: 城乡居民健康档案管理服务规范 (confidence: unverified).
- Medical insurance number (`hi_no`, 4101): up to 30 characters.
- Resident health card (DE01.00.021.00): up to 18 characters.
- Numbers that one institution gives: any text up to 64 characters; case and zeros are kept.
"""

import re
from functools import partial
from typing import Final

from xinglin.core.i18n import Phrase
from xinglin.standards.identifiers.divisions import is_province, lookup
from xinglin.standards.identifiers.eighteen import require
from xinglin.standards.identifiers.faults import WrongForm
from xinglin.standards.identifiers.kinds import Kind
from xinglin.standards.identifiers.model import Identifier, Scheme, Terms
from xinglin.standards.identifiers.text import compact, is_rounded, spread

_RECORD: Final = re.compile(r"[0-9]{17}")
_PLAIN: Final = re.compile(r"[0-9A-Z]+")


def _read_record(text: str, terms: Terms) -> Identifier:
    require(text, _RECORD, (17,), 17)
    if not is_province(text[:2]):
        raise WrongForm("province", places="1-2")
    division = lookup(text[:6], terms.today.year)
    if terms.strict and not division.known:
        raise WrongForm("division", places="1-6")
    parts = {"township": text[:9], "village": text[:12], "serial": text[12:]}
    return Identifier(Kind.HEALTH_RECORD, text, division=division, parts=parts)


def _invented_record(seed: int) -> str:
    serial, county, city = spread(seed, 100_000, 60, 9)
    return f"36{81 + city}{21 + county}101201{serial:05d}"


def _read_plain(text: str, _: Terms, kind: Kind, longest: int) -> Identifier:
    if is_rounded(text):
        raise WrongForm("rounded")
    if len(text) > longest:
        raise WrongForm("length", found=len(text), expected=f"≤ {longest}")
    if not _PLAIN.fullmatch(text):
        raise WrongForm("form", form=Phrase("letters A-Z and digits"))
    return Identifier(kind, text)


def _read_local(text: str, _: Terms, kind: Kind) -> Identifier:
    if len(text) > 64:
        raise WrongForm("length", found=len(text), expected="≤ 64")
    return Identifier(kind, text)


def _test(seed: int) -> str:
    """Nothing about these numbers is agreed, so a word says that they are for tests."""
    return f"TEST{seed % 100_000_000:08d}"


def _plain_scheme(kind: Kind, longest: int) -> Scheme:
    return Scheme(
        kind=kind, read=partial(_read_plain, kind=kind, longest=longest), invent=_test, shown=(0, 2)
    )


def _local_scheme(kind: Kind) -> Scheme:
    return Scheme(
        kind=kind, read=partial(_read_local, kind=kind), invent=_test, clean=str.strip, shown=(0, 2)
    )


HEALTH_RECORD: Final = Scheme(
    kind=Kind.HEALTH_RECORD, read=_read_record, invent=_invented_record, clean=compact, shown=(2, 2)
)
INSURED: Final = _plain_scheme(Kind.INSURED, 30)
HEALTH_CARD: Final = _plain_scheme(Kind.HEALTH_CARD, 18)
SOCIAL_SECURITY_CARD: Final = _plain_scheme(Kind.SOCIAL_SECURITY_CARD, 18)
PRACTITIONER: Final = _local_scheme(Kind.PRACTITIONER)
LOCAL: Final = _local_scheme(Kind.LOCAL)
