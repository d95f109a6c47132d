"""How a name sounds: pinyin without tones, and a coarser key that southern accents don't change.

Surnames are read by the table of surnames, as many have a reading of their own (单 is Shàn, not dān); other
characters by pypinyin. Letters stay as they are, so that `王yan` sounds like 王𬭊 does.
"""

import re
import unicodedata
from functools import cache, lru_cache
from typing import Final

from pypinyin import lazy_pinyin

from xinglin.standards.persons.characters import UNKNOWN, is_han
from xinglin.standards.persons.surnames import reading
from xinglin.standards.persons.tables import table

_SYLLABLE: Final = re.compile(r"(zh|ch|sh|[bpmfdtnlgkhjqxrzcsyw]?)(.+)")


def toneless(pinyin: str) -> str:
    """Take the tones off; ü becomes v, as keyboards have it."""
    plain = pinyin.replace("ü", "v").replace("ǖ", "v").replace("ǘ", "v").replace("ǚ", "v").replace("ǜ", "v")
    return "".join(c for c in unicodedata.normalize("NFD", plain) if not unicodedata.combining(c))


@lru_cache(maxsize=32_768)
def _syllable(character: str) -> str:
    return lazy_pinyin(character)[0] if is_han(character) else character


@lru_cache(maxsize=16_384)
def surname_syllables(surname: str) -> tuple[str, ...]:
    """Give the toneless syllables of a surname, by its own reading; letters as they are."""
    read = reading(surname)
    if read is None:
        return given_syllables(surname)
    return (toneless(read),) if len(surname) == 1 else _cut(toneless(read), surname)


def _cut(read: str, surname: str) -> tuple[str, ...]:
    # Only the key of similar sounds needs the cut: find it by the characters' readings, else leave it whole.
    plain = tuple(map(_syllable, surname))
    if "".join(plain) == read:
        return plain
    for at in range(1, len(read)):
        if read[at:] == plain[-1] or read[:at] == plain[0]:
            return read[:at], read[at:]
    return (read,)


def given_syllables(given: str) -> tuple[str, ...]:
    """Give the toneless syllables of a given name; runs of letters and unknown characters as they are."""
    return tuple(_syllable(c) for c in given if c not in "· ")


@cache
def _rules(part: str) -> tuple[tuple[str, str], ...]:
    rows = [(row["written"], row["heard"]) for row in table("similar_sounds") if row["part"] == part]
    return tuple(sorted(rows, key=lambda row: -len(row[0])))


@lru_cache(maxsize=8_192)
def heard(syllable: str) -> str:
    """Give what stands for all syllables that southern accents don't tell from `syllable`."""
    if len(syllable) < 2 or not syllable.isascii():
        return syllable
    for written, to in _rules("initial"):
        if syllable.startswith(written) and len(syllable) > len(written) - (written == "hu"):
            # hu is fu, huang is fang, hui is fei: the u goes with the h, unless nothing else is left.
            rest = syllable[len(written) :]
            syllable = to + (
                {"": "u", "i": "ei", "o": "o", "n": "en"}.get(rest, rest) if written == "hu" else rest
            )
            break
    for written, to in _rules("final"):
        if syllable.endswith(written):
            return syllable[: -len(written)] + to
    return syllable


def sound(syllables: tuple[str, ...]) -> str | None:
    """Join the syllables; None where a character isn't known, or there is nothing."""
    joined = "".join(syllables)
    return None if not joined or UNKNOWN in joined else joined


def likeness(syllables: tuple[str, ...]) -> str | None:
    """Join what is heard of each syllable; None where a character isn't known, or there is nothing."""
    joined = "".join(map(heard, syllables))
    return None if not joined or UNKNOWN in joined else joined
