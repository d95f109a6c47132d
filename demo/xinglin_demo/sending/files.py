"""Writing files so that the same content always gives the same bytes."""

# xlsxwriter carries few types.
# pyright: reportUnknownMemberType=false

import csv
import io
import zipfile
from collections.abc import Iterable, Mapping, Sequence
from datetime import datetime

import xlsxwriter

Cells = Mapping[str, str]
"""A row by its columns; columns that it doesn't name stay empty."""

LONG_AGO = datetime(1980, 1, 1)


def as_csv(rows: Iterable[Cells], *, charset: str = "utf-8", delimiter: str = ",") -> bytes:
    """Write rows under all columns that any of them has, in the order in which they first appear."""
    rows = list(rows)
    text = io.StringIO()
    writer = csv.DictWriter(text, _columns(rows), restval="", delimiter=delimiter, lineterminator="\r\n")
    writer.writeheader()
    writer.writerows(rows)
    return text.getvalue().encode(charset)


def as_xlsx(title: str, rows: Iterable[Cells]) -> bytes:
    """Write rows as a workbook with one sheet, every cell as text."""
    rows = list(rows)
    columns = _columns(rows)
    data = io.BytesIO()
    book = xlsxwriter.Workbook(data, {"in_memory": True})
    book.set_properties({"created": LONG_AGO})
    sheet = book.add_worksheet(title)
    for at, line in enumerate([columns, *([row.get(column, "") for column in columns] for row in rows)]):
        for place, cell in enumerate(line):
            if cell:
                sheet.write_string(at, place, cell)
    book.close()
    return data.getvalue()


def as_zip(members: Iterable[tuple[str, bytes]]) -> bytes:
    """Pack files."""
    data = io.BytesIO()
    with zipfile.ZipFile(data, "w", zipfile.ZIP_DEFLATED) as archive:
        for name, content in members:
            archive.writestr(zipfile.ZipInfo(name, LONG_AGO.timetuple()[:6]), content, zipfile.ZIP_DEFLATED)
    return data.getvalue()


def _columns(rows: Sequence[Cells]) -> list[str]:
    return list(dict.fromkeys(column for row in rows for column in row))
