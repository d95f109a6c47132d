"""Finding the header of a text table: its line, its delimiter, and the data set it belongs to."""

import codecs
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Final

from xinglin.standards.conversion import Origin
from xinglin.standards.conversion.text import NAMES
from xinglin.standards.datasets.errors import AmbiguousTable, MissingColumns, PersonOnly, UnknownTable
from xinglin.standards.datasets.header import Layout, lay_out, person_columns, rank, score, titles_of
from xinglin.standards.datasets.model import DataMapping
from xinglin.standards.datasets.registry import choose

DELIMITERS: Final = (",", "\t", ";", "|")
CHARSETS: Final = ("utf-8", "gb18030")
"""Character sets of which one is found where none is declared."""
SEARCHED: Final = 20
"""Lines among which the header is looked for; titles and notes may stand above it."""
_NEAREST: Final = 3
_FEWEST: Final = 2


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

    Raises UnknownTable, MissingColumns, PersonOnly, AmbiguousTable, UnknownMapping.
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
        # A better header below a whole one begins another table; the rows between belong to the first.
        if best and best.line == number and best.layout.is_header and not best.layout.lacks(best.mapping):
            break
    if best is None:
        raise UnknownTable(lines=SEARCHED)
    lacking = best.layout.lacks(best.mapping)
    if lacking:
        told = ", ".join(lacking)
        raise MissingColumns(mapping=best.mapping.name, columns=told, expression=told)
    if "mapping" not in origin.declared:
        _refuse_person_only(best, candidates, origin)
    if rival is not None:
        raise AmbiguousTable(mappings=f"{best.mapping.name}, {rival.name}")
    return best


def _ranked(
    line: str, delimiter: str, candidates: Iterable[DataMapping], origin: Origin
) -> list[tuple[DataMapping, Layout]]:
    cells = split(line.lstrip("\ufeff"), delimiter)
    return rank(cells, candidates, origin.declared) if len(cells) > 1 else []


def _refuse_person_only(found: Header, candidates: Iterable[DataMapping], origin: Origin) -> None:
    """Refuse a header that fits a data set by the person's columns alone: most of it would be lost."""
    layout = found.layout
    if layout.is_header or not set(layout.places) <= person_columns(found.mapping):
        return
    near = [
        (len(other.places), mapping, other)
        for mapping in candidates
        if mapping is not found.mapping
        and not set((other := lay_out(layout.header, mapping, origin.declared)).places)
        <= person_columns(mapping)
    ]
    near.sort(key=lambda one: (-one[0], len(one[2].lacks(one[1])), one[1].name))
    nearest = "; ".join(
        f"{mapping.name} (- {', '.join(lacking)})" if (lacking := other.lacks(mapping)) else mapping.name
        for _, mapping, other in near[:_NEAREST]
    )
    strange = ", ".join(layout.header[at] for at in layout.strange)
    raise PersonOnly(mapping=found.mapping.name, columns=strange, nearest=nearest or "-", expression=strange)


class Spotter:
    """Tells header lines below a table's own: systems repeat them on pages, and join files with them."""

    def __init__(
        self, mappings: Mapping[str, DataMapping], origin: Origin, charset: str, head: bytes, delimiter: str
    ) -> None:
        """Take what `find` took, the table's own header line, and how rows are written."""
        self._candidates = [*choose(mappings, origin.declared)]
        self._declared = origin.declared
        self._charset, self._delimiter = charset, delimiter
        own = (value for key, value in origin.declared.items() if key.startswith("column."))
        ours = (key[7:] for key in origin.declared if key.startswith("column."))
        titles = {*own, *ours, *split(head.decode(charset, "replace").lstrip("\ufeff"), delimiter)}.union(
            *map(titles_of, self._candidates)
        )
        # A quick look, for every row: only one with a column's title as a cell is read closely.
        self._titles = {
            title.replace(" ", "").encode(charset, "replace") for title in titles if title.strip()
        }
        self._mark = delimiter.encode()

    def __call__(self, raw: bytes) -> bool:
        """Tell whether most cells of a row are titles of one data set's columns."""
        cells = raw.replace(b'"', b"").replace(b" ", b"").strip().split(self._mark)
        if len(cells) < _FEWEST or self._titles.isdisjoint(cells):
            return False
        text = split(raw.decode(self._charset, "replace"), self._delimiter)
        return any(lay_out(text, one, self._declared).is_header for one in self._candidates)
