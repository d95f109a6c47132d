"""Tables as CSV: those that are shipped, and strictly read ones that a site may have changed.

In a strictly read table each row says where it comes from (`source`, `edition`) and how surely that is known
(`confidence`); what is wrong with a row is told with file, row and column.
"""

import csv
import io
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from decimal import Decimal, InvalidOperation
from importlib.resources import files
from pathlib import Path
from typing import Final

from xinglin.core.errors import XinglinError
from xinglin.core.i18n import Phrase

MOST_BYTES: Final = 5_000_000
CONFIDENCE: Final = ("read", "inferred", "unverified")
CITED: Final = ("source", "edition", "confidence")
NAMES: Final = ("name_zh", "name_en")
MEANING: Final = ("meaning_zh", "meaning_en")

Row = Mapping[str, str]


def text_of(package: str, *place: str) -> str:
    """Give the text of a file that is shipped in a package."""
    return files(package).joinpath(*place).read_text(encoding="utf-8")


def rows_of(package: str, *place: str) -> Iterator[dict[str, str]]:
    """Give the rows of a table that is shipped in a package."""
    return csv.DictReader(io.StringIO(text_of(package, *place), newline=""))


@dataclass(frozen=True, slots=True)
class Shape:
    """What a table looks like: its columns, those that name a row, may be empty, or hold numbers."""

    columns: tuple[str, ...]
    key: tuple[str, ...] = ()
    optional: tuple[str, ...] = ()
    numbers: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class Line:
    """A row of a table, and where it stands: the file's name and the line, from 1.

    `faulty` is the error for what is wrong with it; its text has the places file, row, column and detail.
    """

    file: str
    number: int
    cells: Row
    faulty: type[XinglinError]

    def fault(self, column: str, detail: Phrase | str) -> XinglinError:
        """Give what is wrong with a cell."""
        return self.faulty(file=self.file, row=self.number, column=column, detail=detail)

    def choice(self, column: str, words: Iterable[str]) -> str:
        """Give a cell that must be one of `words`. Raises `faulty`."""
        value, words = self.cells[column], tuple(words)
        if value not in words:
            raise self.fault(column, Phrase("it must be one of {words}", words=", ".join(words)))
        return value

    def key(self, shape: Shape) -> tuple[str, ...]:
        """Give what names the row."""
        return tuple(self.cells[column] for column in shape.key)


def read(file: str, text: str, shape: Shape, faulty: type[XinglinError]) -> list[Line]:
    """Read and check one table. Raises `faulty` with row and column; row 0 is the file itself."""
    lines: dict[tuple[str, ...], Line] = {}
    try:
        reader = csv.DictReader(io.StringIO(text.removeprefix("\ufeff"), newline=""), strict=True)
        _check_header(Line(file, 1, {}, faulty), reader.fieldnames or [], shape)
        for row in reader:
            line = _line(Line(file, reader.line_num, {}, faulty), row, shape)
            key = line.key(shape) or (str(reader.line_num),)
            if key in lines:
                raise line.fault(shape.key[0], Phrase("{value} stands twice", value=" ".join(key)))
            lines[key] = line
    except csv.Error as error:
        raise faulty(file=file, row=0, column="-", detail=str(error)) from None
    return list(lines.values())


def _check_header(line: Line, header: Sequence[str], shape: Shape) -> None:
    for column in shape.columns:
        if column not in header:
            raise line.fault(column, Phrase("the column is missing"))
    for column in header:
        if column not in shape.columns:
            raise line.fault(column, Phrase("there is no such column"))


def _line(place: Line, row: Mapping[str | None, object], shape: Shape) -> Line:
    cells = {column: str(row.get(column) or "").strip() for column in shape.columns}
    line = Line(place.file, place.number, cells, place.faulty)
    if None in row or None in row.values():
        raise line.fault("-", Phrase("the row hasn't as many cells as the header"))
    for column, value in cells.items():
        if not value and column not in shape.optional:
            raise line.fault(column, Phrase("the cell is empty"))
        if value and column in shape.numbers and not _is_number(value):
            raise line.fault(column, Phrase("{value} is no number", value=value))
    line.choice("confidence", CONFIDENCE)
    return line


def _is_number(text: str) -> bool:
    try:
        return Decimal(text).is_finite()
    except InvalidOperation:
        return False


def read_file(path: Path, shape: Shape, faulty: type[XinglinError], most: int = MOST_BYTES) -> list[Line]:
    """Read and check a site's table. Raises `faulty`."""
    with path.open("rb") as handle:
        raw = handle.read(most + 1)
    try:
        if len(raw) <= most:
            return read(path.name, raw.decode("utf-8"), shape, faulty)
        detail = Phrase("the file is larger than {most} bytes", most=most)
    except UnicodeDecodeError:
        detail = Phrase("the file isn't UTF-8")
    raise faulty(file=path.name, row=0, column="-", detail=detail)
