"""Text made comparable: without case, accents, width, punctuation or the two ways to write Chinese.

The specification asks for case, accents, punctuation and white space to be ignored
(http://hl7.org/fhir/R4/search.html#string); the Chinese parts and `:pinyin` are ours.
"""

import re
import unicodedata
from functools import cache, lru_cache
from itertools import product
from typing import Protocol, cast

_CACHED = 1 << 15

_HAN = re.compile("[\u3400-\u4dbf\u4e00-\u9fff\uf900-\ufaff\U00020000-\U0003ffff]")
_HAN_OR_NOT = re.compile(f"{_HAN.pattern}+|(?:(?!{_HAN.pattern}).)+", re.DOTALL)
_NAME_LENGTH = 4
"""Up to this many characters a text may be a name: all readings count, not only the usual ones."""
MAX_READINGS = 8


@lru_cache(maxsize=_CACHED)
def fold(text: str) -> str:
    """Make `text` comparable; folding twice changes nothing."""
    if text.isascii():
        return " ".join(text.translate(_ASCII).split())
    if _HAN.search(text):
        text = _simplifier().convert(text)
    text = unicodedata.normalize("NFKC", unicodedata.normalize("NFKC", text).casefold())
    if _HAN.search(text):
        text = _simplifier().convert(text)
    plain = (char for char in unicodedata.normalize("NFD", text) if _is_kept(char))
    return " ".join(unicodedata.normalize("NFC", "".join(plain)).split())


def has_han(text: str) -> bool:
    """Tell whether `text` holds a Chinese character."""
    return not text.isascii() and _HAN.search(text) is not None


@lru_cache(maxsize=_CACHED)
def pinyin_forms(text: str) -> tuple[str, ...]:
    """Give how folded Chinese `text` may be typed in pinyin without tones: whole and by initials.

    张三 gives "zhangsan" and "zs". Short texts give each reading (单 is dan, chan or shan), at most 8.
    """
    syllables = _syllables(text)
    forms: dict[str, None] = {}
    for _, reading in zip(range(MAX_READINGS), product(*syllables), strict=False):
        forms["".join(reading)] = None
        forms["".join(syllable[:1] for syllable in reading)] = None
    return tuple(forms)


def pinyin_query(text: str) -> str:
    """Give what to look for among `pinyin_forms`: letters as typed, Chinese by its usual reading."""
    folded = fold(text.replace("ü", "v").replace("Ü", "v"))
    if has_han(folded):
        return "".join(reading[0] for reading in _syllables(folded))
    return folded.replace(" ", "")


def words(text: str) -> tuple[str, ...]:
    """Give the distinct words of folded `text`; Chinese runs give each two neighbouring characters."""
    found: dict[str, None] = {}
    for run in runs(text):
        if _HAN.match(run) and len(run) > 1:
            found.update((run[start : start + 2], None) for start in range(len(run) - 1))
        else:
            found[run] = None
    return tuple(found)


def runs(text: str) -> list[str]:
    """Give the words of folded `text`, runs of Chinese characters whole."""
    return [match.group() for match in _RUN.finditer(text)]


_RUN = re.compile(f"{_HAN.pattern}+|(?:(?!{_HAN.pattern})\\w)+")


def _is_kept(char: str) -> bool:
    """Leave out accents, punctuation, and control characters that aren't white space."""
    category = unicodedata.category(char)
    return char.isspace() or (category[0] != "P" and category not in {"Mn", "Cc", "Cf"})


_ASCII = {code: chr(code).lower() if _is_kept(chr(code)) else None for code in range(128)}
"""What `fold` makes of each ASCII character."""


class _Converter(Protocol):
    def convert(self, text: str) -> str: ...


@cache
def _simplifier() -> _Converter:
    # Imported when first met, like pypinyin: together they take longer to load than all the rest.
    import opencc

    return cast("_Converter", opencc.OpenCC("t2s"))


def _syllables(text: str) -> list[list[str]]:
    """Give the readings of each character, the usual one first; anything not Chinese stands as it is."""
    found: list[list[str]] = []
    for run in _HAN_OR_NOT.findall(text):
        if _HAN.match(run):
            found += _readings(run, every=len(text) <= _NAME_LENGTH)
        else:
            found += [[char] for char in run if char != " "]
    return found


def _readings(han: str, *, every: bool) -> list[list[str]]:
    import pypinyin

    usual = pypinyin.lazy_pinyin(han)
    if not every:
        return [[one] for one in usual]
    all_of = pypinyin.pinyin(han, style=pypinyin.Style.NORMAL, heteronym=True)
    return [list(dict.fromkeys([first, *others])) for first, others in zip(usual, all_of, strict=True)]
