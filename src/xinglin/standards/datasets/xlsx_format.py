"""The format `table-xlsx`: the same tables as workbooks of Excel (xlsx, xls, xlsb) and OpenDocument (ods)."""

import csv
import io
import zipfile
from collections.abc import Iterator, Sequence
from datetime import date, datetime, time, timedelta
from itertools import chain, islice
from typing import Any, BinaryIO, ClassVar, Final

from python_calamine import CalamineError, CalamineWorkbook

from xinglin.core.i18n import Phrase
from xinglin.standards.conversion import Origin, Piece
from xinglin.standards.datasets.csv_format import TableCsv, cut_pieces
from xinglin.standards.datasets.cutting import Cut
from xinglin.standards.datasets.errors import (
    AmbiguousTable,
    MissingColumns,
    PersonOnly,
    TooLargeWorkbook,
    UnknownTable,
    UnreadableWorkbook,
)
from xinglin.standards.datasets.finding import SEARCHED, Spotter, find

LARGEST: Final = 200_000_000
"""Bytes of a workbook as a file."""
UNPACKED: Final = 1_000_000_000
"""Bytes that its parts may have unpacked: a million rows of fifty columns have less."""
_ZIP: Final = b"PK\x03\x04"
_OLD: Final = b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1"
_SURE_DIGITS: Final = 1e15
"""Excel keeps fifteen digits; longer whole numbers have lost their last ones."""


class TableXlsx(TableCsv):
    """Reads every sheet of a workbook as a table; pieces are the rows as CSV."""

    name: str = "table-xlsx"
    serial: ClassVar[bool] = True

    def recognises(self, start: bytes) -> bool:
        """Tell whether a file begins like a workbook."""
        if start.startswith(_OLD):
            return True
        return start.startswith(_ZIP) and any(
            mark in start for mark in (b"xl/", b"[Content_Types].xml", b"opendocument.spreadsheet")
        )

    def pieces(self, stream: BinaryIO, origin: Origin) -> Iterator[Piece]:
        """Cut the sheets of a workbook between rows. Raises IntakeError where it can't be read."""
        raw = stream.read(LARGEST + 1)
        _refuse_bombs(raw)
        item = 1
        try:
            book = CalamineWorkbook.from_filelike(io.BytesIO(raw))
            names = list(book.sheet_names)
        except (CalamineError, ValueError, OSError) as error:
            raise UnreadableWorkbook(detail=type(error).__name__) from None
        for name in names:
            for piece in self._sheet(book, name, origin, item):
                yield piece
                item += piece.body.count(b"\n")
        if item == 1:
            raise UnknownTable(lines=SEARCHED)

    def _sheet(self, book: CalamineWorkbook, name: str, origin: Origin, item: int) -> Iterator[Piece]:
        try:
            rows = iter(book.get_sheet_by_name(name).iter_rows())
            lines = (_line(row) for row in rows)
            start = list(islice(lines, SEARCHED))
        except (CalamineError, ValueError) as error:
            raise UnreadableWorkbook(detail=type(error).__name__) from None
        if not any(line.strip(b",\n") for line in start):
            return
        at = self._header_line(start, origin)
        head = start[at]
        cuts = (Cut(row, number, 1) for number, row in enumerate(_blanked(start[at + 1 :], lines)))
        yield from cut_pieces(cuts, head, at + 2, Spotter(self._mappings(), origin, "utf-8", head, ","), item)

    def _header_line(self, start: Sequence[bytes], origin: Origin) -> int:
        """Find the header's line; a sheet without one is read from its first line, and each row refused."""
        try:
            return find([line.decode() for line in start], self._mappings(), origin).line
        except (UnknownTable, MissingColumns, PersonOnly, AmbiguousTable):
            return 0


def _refuse_bombs(raw: bytes) -> None:
    if len(raw) > LARGEST:
        raise TooLargeWorkbook(size=len(raw) // 1_000_000, limit=LARGEST // 1_000_000)
    if not raw.startswith(_ZIP):
        return
    try:
        with zipfile.ZipFile(io.BytesIO(raw)) as packed:
            size = sum(one.file_size for one in packed.infolist())
    except (zipfile.BadZipFile, ValueError, NotImplementedError):
        raise UnreadableWorkbook(detail=Phrase("it isn't a whole workbook")) from None
    if size > UNPACKED:
        raise TooLargeWorkbook(size=size // 1_000_000, limit=UNPACKED // 1_000_000)


def _blanked(start: Sequence[bytes], rest: Iterator[bytes]) -> Iterator[bytes]:
    """Give rows; a blank one keeps its place, so that lines count right."""
    return (row if row.strip(b",\n") else b"\n" for row in chain(start, rest))


def _line(row: Sequence[Any]) -> bytes:
    """Write a row as CSV, one line."""
    text = io.StringIO()
    csv.writer(text, lineterminator="\n").writerow([_cell(cell) for cell in row])
    return text.getvalue().encode("utf-8", "replace")


def _cell(cell: Any) -> str:
    """Write a cell as text: whole numbers without a fraction, rounded ones as Excel shows them."""
    if isinstance(cell, str):
        return cell.replace("\r\n", " ").replace("\n", " ").replace("\r", " ")
    if isinstance(cell, bool):
        return "T" if cell else "F"
    if isinstance(cell, float):
        if cell.is_integer():
            return str(int(cell)) if abs(cell) < _SURE_DIGITS else f"{cell:.14E}"
        return repr(cell)
    if isinstance(cell, datetime):
        return cell.isoformat(sep=" ") if cell.time() != time() else cell.date().isoformat()
    if isinstance(cell, (date, time)):
        return cell.isoformat()
    return str(cell) if isinstance(cell, (int, timedelta)) else ""
