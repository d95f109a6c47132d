"""Chinese surnames: which there are, how they are read, and where in a full name the given name begins."""

import re
from dataclasses import dataclass
from functools import cache
from typing import Final

from xinglin.standards.persons.tables import table

_LONGEST_FULL: Final = 4
"""Characters of the longest usual Han name (a double surname and two more)."""
_LETTERS: Final = re.compile("[a-z]+")
"""Pinyin in place of one character that couldn't be typed."""


@dataclass(frozen=True, slots=True)
class Surname:
    """A surname, its pinyin with tones, other readings in use, and where that comes from."""

    surname: str
    pinyin: str
    also: tuple[str, ...]
    source: str
    edition: str
    confidence: str


@cache
def surnames() -> dict[str, Surname]:
    """Give the whole table by surname (simplified characters)."""
    return {
        row["surname"]: Surname(
            row["surname"],
            row["pinyin"],
            tuple(row["also"].split()),
            row["source"],
            row["edition"],
            row["confidence"],
        )
        for row in table("surnames")
    }


@cache
def _readings() -> dict[str, str]:
    return {name: row.pinyin for name, row in surnames().items()}


def reading(surname: str) -> str | None:
    """Give the pinyin of `surname` with tones; None where the table doesn't have it."""
    return _readings().get(surname)


def split(name: str) -> tuple[str | None, str | None]:
    """Split a cleaned full name into surname and given name; either is None where it can't be told.

    With `·`, or where no known surname begins it, a name has no surname: that is how minorities' and
    foreign names in Chinese characters are written. In letters the surname is the last word, or the first
    before a comma.
    """
    if not name:
        return None, None
    if name[0] < "\u0300":
        return _split_letters(name)
    if "·" in name:
        return None, name
    known = _readings()
    if len(name) > 2 and name[:2] in known:
        return name[:2], name[2:]
    if name in known and len(name) > 1:
        return name, None
    if name[0] not in known or len(_LETTERS.sub("x", name)) > _LONGEST_FULL:
        return (name[:4], name[4:]) if name[:4] in known and len(name) > 4 else (None, name)
    return name[0], name[1:] or None


def _split_letters(name: str) -> tuple[str | None, str | None]:
    if name[0] == "?" or not name.isascii():
        return None, name
    before, comma, after = name.partition(",")
    if comma:
        return before.strip() or None, after.strip() or None
    first, _, last = name.rpartition(" ")
    return last or None, first.strip() or None
