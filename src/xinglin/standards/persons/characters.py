"""Characters of names as institutions write them, brought to one form.

Traditional characters become simplified (OpenCC), full-width ones ASCII, every middle dot `·`, and what
stands for a character that couldn't be typed becomes `?`: `*`, `□`, the replacement character, and code
points for private use, where GBK systems keep rare characters of their own.
"""

import re
import unicodedata
from functools import cache, lru_cache
from typing import Final, Protocol, cast

from xinglin.standards.persons.tables import table

UNKNOWN: Final = "?"
"""Stands in a name for one character that isn't known."""
LONGEST: Final = 200
"""Characters of a name that are read; registers allow 100."""

_DOTS: Final = re.compile(r"\s*[·•․‧∙⋅・･．.。﹒ㆍ]\s*")
_UNKNOWNS: Final = re.compile(r"[?*×□■○◇�\U0001f7e7\ue000-\uf8ff\U000f0000-\U0010fffd]")
_REMARK: Final = re.compile(r"[(\[【][^)\]】]*[)\]】]?")
_BETWEEN_HAN: Final = re.compile(r"(?<=[^\x00-\x7f]) +| +(?=[^\x00-\x7f])")
_UNSEEN: Final = re.compile(r"[\x00-\x1f\x7f\u200b-\u200f\u2060\ufeff]")
_PLAIN: Final = re.compile(r"[\u4e00-\u9fff]{1,4}")


class _Converter(Protocol):
    def convert(self, text: str) -> str: ...


@cache
def _converter() -> _Converter:
    import opencc  # slow to load, so only when first met

    return cast("_Converter", opencc.OpenCC("t2s"))


@lru_cache(maxsize=32_768)
def simplified(character: str) -> str:
    """Give the simplified form of one character."""
    return _converter().convert(character)


@lru_cache(maxsize=32_768)
def is_han(character: str) -> bool:
    """Tell whether `character` is a Chinese character, of any plane."""
    return "\u3400" <= character <= "\u9fff" or "\uf900" <= character <= "\ufaff" or character >= "\U00020000"


def clean(text: str) -> str:
    """Give the form of a name in which names are compared; "" where nothing is left.

    Remarks in brackets go, Latin letters become lower-case, spaces stay only between words of letters.
    Doing it twice changes nothing more.
    """
    if _PLAIN.fullmatch(text):
        return "".join(map(simplified, text))
    text = _UNSEEN.sub("", unicodedata.normalize("NFKC", text[:LONGEST]))
    text = _REMARK.sub("", _UNKNOWNS.sub(UNKNOWN, text)).lower()
    text = _BETWEEN_HAN.sub("", " ".join(text.split()))
    if not text.isascii():
        text = _DOTS.sub("·", text).strip("·")
    # Dropping can bring a letter and an accent together, so compose once more.
    text = unicodedata.normalize("NFKC", "".join(map(simplified, text)))
    return text.strip(" ·,;'\"-_/")


@cache
def _look_alikes() -> dict[int, str]:
    found: dict[int, str] = {}
    for row in table("similar_shapes"):
        characters = row["characters"]
        found.update((ord(character), characters[-1]) for character in characters)
    return found


def shape(text: str) -> str:
    """Put for each character the one that stands for all it is mistaken for or replaced by (own table)."""
    return text.translate(_look_alikes())
