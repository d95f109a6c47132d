"""Names of laboratory items, taken apart: the name proper, abbreviations, specimen; no method, no filler.

What hospitals add, leave out and mistype is in `data/words.csv`.
"""

import re
import unicodedata
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from functools import cache, lru_cache
from typing import Protocol, cast

from xinglin.core.tables import rows_of

_BRACKETS = re.compile(r"[(\[{【<《](?P<inside>[^()\[\]{}【】<>《》]*)[)\]}】>》]")
_LATIN = re.compile(r"[0-9a-z][0-9a-z+\-./:%#']*")
_CHINESE = re.compile(r"[\u3400-\u9fff]")
_DROPPED = re.compile(r"[\s\-_·,，.。:：;；'\"“”*、/()\[\]{}|+^]")
_ROMAN = str.maketrans({sign: str(place % 12 + 1) for place, sign in enumerate("ⅠⅡⅢⅣⅤⅥⅦⅧⅨⅩⅪⅫⅰⅱⅲⅳⅴⅵⅶⅷⅸⅹⅺⅻ")})


@dataclass(frozen=True, slots=True)
class Parts:
    """A name taken apart.

    `texts` are its readings without specimen, method and filler: outside brackets, inside, all together;
    `latin` are its words in Latin letters, squeezed; `specimen` is empty where the name names none.
    """

    texts: tuple[str, ...]
    latin: frozenset[str]
    specimen: str


@lru_cache(maxsize=16384)
def take_apart(name: str) -> Parts:
    """Take a name apart. Never raises."""
    plain = plain_text(name)
    insides: list[str] = []

    def keep(match: re.Match[str]) -> str:
        insides.append(match["inside"])
        return " "

    outside = _BRACKETS.sub(keep, plain)
    if not squeeze(outside):
        outside, insides = " ".join(insides), []
    specimen, named = "", list[str]()
    for text in (outside, *insides):
        found, rest = _without_specimen(text)
        specimen = specimen or found
        named.append(_without_filler(rest))
    texts = [text for text in (*named, _without_filler(plain)) if text]
    latin = {squeeze(word) for text in (outside, *insides) for word in _LATIN.findall(text)}
    return Parts(
        texts=tuple(dict.fromkeys(texts)),
        latin=frozenset(word for word in latin if word),
        specimen=specimen,
    )


def plain_text(text: str) -> str:
    """Fold widths, case, traditional characters, Roman numbers and Greek letters."""
    folded = unicodedata.normalize("NFKC", text.translate(_ROMAN)).lower()
    return _same(_simplifier().convert(folded))


def squeeze(text: str) -> str:
    """Drop spaces, hyphens and other signs; `%` and `#` stay, they tell shares from counts."""
    return _DROPPED.sub("", text)


@lru_cache(maxsize=16384)
def pinyin(text: str) -> str:
    """Give the sound without tones: what an input method turns into another character sounds the same."""
    if not _CHINESE.search(text):
        return ""
    import pypinyin

    return " ".join(pypinyin.lazy_pinyin(text))


@lru_cache(maxsize=1024)
def specimen_of(text: str) -> str:
    """Give the standard name of a specimen; the text itself where it isn't known."""
    plain = plain_text(text)
    return next((means for word, means in _specimens() if word in plain), plain)


def _without_specimen(text: str) -> tuple[str, str]:
    if any(word in text for word in _words("not-specimen")):
        return "", text
    for word, means in _specimens():
        if text.strip().startswith(word):
            rest = text.strip()[len(word) :]
            return means, rest
        if text.strip() == word or text.strip().endswith(f"-{word}"):
            return means, text.strip()[: -len(word)]
    return "", text


def _without_filler(text: str) -> str:
    text = squeeze(text)
    for word in _words("method"):
        if text.endswith(word):
            text = text[: -len(word)]
            break
    for _ in range(2):
        for word in _words("ending"):
            if text.endswith(word) and len(text) > len(word):
                text = text[: -len(word)]
                break
    return text


def _same(text: str) -> str:
    for word, means in _words("same").items():
        if word in text and not (len(means) > len(word) and means in text):
            text = text.replace(word, means)
    return text


class _Converter(Protocol):
    def convert(self, text: str) -> str: ...


@cache
def _simplifier() -> _Converter:
    import opencc  # slow to load, so only when first met

    return cast("_Converter", opencc.OpenCC("t2s"))


@cache
def _specimens() -> Sequence[tuple[str, str]]:
    return sorted(_words("specimen").items(), key=lambda one: -len(one[0]))


@cache
def _words(kind: str) -> Mapping[str, str]:
    table = rows_of("xinglin.standards.labitems", "data", "words.csv")
    rows = [(row["word"].lower(), row["means"]) for row in table if row["kind"] == kind]
    return dict(sorted(rows, key=lambda one: -len(one[0])))
