"""Residence permits (居住证) of Hong Kong, Macao and Taiwan residents: numbers like those of GB 11643.

The division is 810000 (Hong Kong), 820000 (Macao) or 830000 (Taiwan); given since 2018-09-01
(国办发〔2018〕81号, as told by public pages).
"""

from collections.abc import Callable
from functools import partial
from typing import Final

from xinglin.standards.identifiers.divisions import lookup
from xinglin.standards.identifiers.eighteen import check_eighteen, closed, long_dead_day
from xinglin.standards.identifiers.faults import WrongForm
from xinglin.standards.identifiers.kinds import Kind
from xinglin.standards.identifiers.model import Identifier, Scheme, Terms
from xinglin.standards.identifiers.text import spread

_SINCE: Final = 2018


def _read(text: str, terms: Terms, kind: Kind, origins: tuple[str, ...]) -> Identifier:
    born, sex = check_eighteen(text, terms)
    if text[:6] not in origins:
        raise WrongForm("division", places="1-6")
    division = lookup(text[:6], _SINCE)
    return Identifier(kind, text, born, sex, division, parts={"sequence": text[14:17]})


def _invented(seed: int, origins: tuple[str, ...]) -> str:
    """Nobody born before 1850 lived when the first permit was given."""
    day, rest = long_dead_day(seed)
    sequence, origin = spread(rest, 999, len(origins))
    return closed(f"{origins[origin]}{day:%Y%m%d}{sequence + 1:03d}")


def _scheme(kind: Kind, *origins: str) -> Scheme:
    read: Callable[[str, Terms], Identifier] = partial(_read, kind=kind, origins=origins)
    return Scheme(kind=kind, read=read, invent=partial(_invented, origins=origins), shown=(2, 1))


HK_MACAO_RESIDENCE: Final = _scheme(Kind.HK_MACAO_RESIDENCE, "810000", "820000")
TAIWAN_RESIDENCE: Final = _scheme(Kind.TAIWAN_RESIDENCE, "830000")
