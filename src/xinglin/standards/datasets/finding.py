"""Finding the header of a text table: its line, its delimiter, and the data set it belongs to."""

import codecs
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Final

from xinglin.standards.conversion import Origin
from xinglin.standards.conversion.text import NAMES
from xinglin.standards.datasets.errors import AmbiguousTable, MissingColumns, UnknownTable
from xinglin.standards.datasets.header import Layout, rank, score
from xinglin.standards.datasets.model import DataMapping
from xinglin.standards.datasets.registry import choose

DELIMITERS: Final = (",", "\t", ";", "|")
CHARSETS: Final = ("utf-8", "gb18030")
"""Character sets of which one is found where none is declared."""
SEARCHED: Final = 20
"""Lines among which the header is looked for; titles and notes may stand above it."""


@dataclass(frozen=True, slots=True)
class Header:
    """A header that was understood: the line it stands in (from 0), the delimiter, the data set."""

    line: int
    delimiter: str
    mapping: DataMapping
    layout: Layout


def charset_of(raw: bytes, declared: str | None) -> str:
    """Tell the character set: by the mark, as declared, else UTF-8 where it can be, else GB 18030."""
    if raw.startswith(codecs.BOM_UTF8):
        return "utf-8"
    if declared:
        name = NAMES.get(declared.upper(), declared)
        return "utf-8" if name.lower().startswith("utf-16") else name
    try:
        raw.decode("utf-8")
    except UnicodeDecodeError as error:
        # A beginning of a file may end within a character.
        return "utf-8" if error.start > len(raw) - 4 and error.start > 0 else "gb18030"
    return "utf-8"


def split(text: str, delimiter: str) -> list[str]:
    """Split a row into cells; what Python's csv refuses (a bare CR, a long cell) is text like any other."""
    text = text.rstrip("\r\n")
    if '"' not in text:
        return text.split(delimiter)
    cells: list[str] = []
    at = 0
    while at >= 0:
        quoted, at = _quoted(text, at + 1) if text.startswith('"', at) else ("", at)
        end = text.find(delimiter, at)
        cells.append(quoted + (text[at:] if end < 0 else text[at:end]))
        at = end + 1 if end >= 0 else -1
    return cells


def _quoted(text: str, at: int) -> tuple[str, int]:
    """Read to the closing quote; give what it holds and where it ends."""
    parts: list[str] = []
    while (end := text.find('"', at)) >= 0:
        parts.append(text[at:end])
        if not text.startswith('"', end + 1):
            return "".join(parts), end + 1
        parts.append('"')
        at = end + 2
    return "".join([*parts, text[at:]]), len(text)


def find(start: Sequence[str], mappings: Mapping[str, DataMapping], origin: Origin) -> Header:
    """Find the header among the first lines.

    Raises UnknownTable, MissingColumns, AmbiguousTable, UnknownMapping.
    """
    candidates = choose(mappings, origin.declared)
    best: Header | None = None
    rival: DataMapping | None = None
    for number, line in enumerate(start[:SEARCHED]):
        for delimiter in DELIMITERS:
            ranked = _ranked(line, delimiter, candidates, origin)
            if ranked and (best is None or score(*ranked[0]) > score(best.mapping, best.layout)):
                best = Header(number, delimiter, *ranked[0])
                tied = len(ranked) > 1 and score(*ranked[1]) == score(*ranked[0])
                rival = ranked[1][0] if tied else None
    if best is None:
        raise UnknownTable(lines=SEARCHED)
    lacking = best.layout.lacks(best.mapping)
    if lacking:
        told = ", ".join(lacking)
        raise MissingColumns(mapping=best.mapping.name, columns=told, expression=told)
    if rival is not None:
        raise AmbiguousTable(mappings=f"{best.mapping.name}, {rival.name}")
    return best


def _ranked(
    line: str, delimiter: str, candidates: Iterable[DataMapping], origin: Origin
) -> list[tuple[DataMapping, Layout]]:
    cells = split(line.lstrip("\ufeff"), delimiter)
    return rank(cells, candidates, origin.declared) if len(cells) > 1 else []
