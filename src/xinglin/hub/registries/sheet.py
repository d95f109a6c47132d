"""Tables that an operator fills in: CSV with a header, columns by their Chinese or English name."""

import csv
import io
import unicodedata
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Final

from xinglin.core.errors import XinglinError
from xinglin.core.i18n import Phrase
from xinglin.hub.registries.errors import DoubtfulRow, UnusableRegister, WrongRow
from xinglin.standards.conversion.text import decode

MOST_BYTES: Final = 256 * 2**20
_LONGEST_CELL: Final = 2_000
_FORMULA: Final = ("=", "+", "-", "@", "\t", "\r")
"""What a spreadsheet would take for a formula at the beginning of a cell."""


@dataclass(frozen=True, slots=True)
class Column:
    """A column: its English and Chinese names, and whether a table must have it."""

    name: str
    chinese: tuple[str, ...]
    required: bool = False


@dataclass
class Row:
    """A row by column name, with what was found in it. `line` counts from 1, the header being the first."""

    line: int
    cells: Mapping[str, str]
    findings: list[XinglinError] = field(default_factory=list[XinglinError])

    def __getitem__(self, column: str) -> str:
        """Give a cell; "" where the table doesn't have the column, or nothing stands there."""
        return self.cells.get(column, "")

    def wrong(self, column: str, detail: Phrase) -> None:
        """Note why the row can't be registered."""
        self.findings.append(WrongRow(line=self.line, column=column, detail=detail))

    def doubt(self, column: str, detail: Phrase) -> None:
        """Note what to look at."""
        self.findings.append(DoubtfulRow(line=self.line, column=column, detail=detail))

    @property
    def refused(self) -> bool:
        """Whether it can't be registered."""
        return any(isinstance(one, WrongRow) for one in self.findings)


def read(path: Path, columns: Sequence[Column]) -> list[Row]:
    """Read a table in UTF-8 or GB 18030. Raises UnusableRegister, or OSError for the path."""
    if path.stat().st_size > MOST_BYTES:
        raise UnusableRegister(
            file=path.name, detail=Phrase("it has more than {most} bytes", most=MOST_BYTES)
        )
    text = decode(path.read_bytes())
    try:
        return list(_rows(path.name, csv.reader(io.StringIO(text, newline=""), strict=True), columns))
    except csv.Error as error:
        raise UnusableRegister(file=path.name, detail=Phrase("it isn't CSV: {why}", why=error)) from None


def _rows(file: str, lines: Iterator[list[str]], columns: Sequence[Column]) -> Iterator[Row]:
    header = next(lines, list[str]())
    names = _header(file, header, columns)
    line = 1
    for cells in lines:
        line += 1
        if not any(cell.strip() for cell in cells):
            continue
        row = Row(line, {name: _cell(cells[at]) for at, name in names.items() if at < len(cells)})
        if len(cells) > len(header):
            row.wrong("-", Phrase("there are more cells than the header has"))
        for name, value in row.cells.items():
            if len(value) > _LONGEST_CELL:
                row.wrong(name, Phrase("there are more than {most} characters", most=_LONGEST_CELL))
        yield row


def _header(file: str, header: Sequence[str], columns: Sequence[Column]) -> dict[int, str]:
    known = {_plain(name): one.name for one in columns for name in (one.name, *one.chinese)}
    found: dict[int, str] = {}
    for at, title in enumerate(header):
        name = known.get(_plain(title))
        if name is None:
            raise UnusableRegister(file=file, detail=Phrase('the column "{name}" isn\'t known', name=title))
        if name in found.values():
            raise UnusableRegister(file=file, detail=Phrase('the column "{name}" is there twice', name=title))
        found[at] = name
    for one in columns:
        if one.required and one.name not in found.values():
            raise UnusableRegister(file=file, detail=Phrase('the column "{name}" is missing', name=one.name))
    return found


def _plain(title: str) -> str:
    return "".join(unicodedata.normalize("NFKC", title).strip("\ufeff").split()).casefold()


def _cell(text: str) -> str:
    stripped = text.strip()
    return stripped[1:] if stripped.startswith("'") and stripped[1:].startswith(_FORMULA) else stripped


def write(columns: Sequence[Column], rows: Iterable[Mapping[str, str]]) -> str:
    """Write a table as CSV with a byte order mark, as spreadsheets need it to read Chinese."""
    stream = io.StringIO()
    writer = csv.DictWriter(stream, [one.name for one in columns], restval="", lineterminator="\n")
    writer.writeheader()
    for row in rows:
        writer.writerow({name: _harmless(value) for name, value in row.items()})
    return "\ufeff" + stream.getvalue()


def _harmless(value: str) -> str:
    return f"'{value}" if value.startswith(_FORMULA) else value
