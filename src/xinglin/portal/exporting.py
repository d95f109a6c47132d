"""Tables as files: CSV for any program, Excel for people.

A cell is text, a number or a date, never a formula, whoever sent what stands in it.
"""

# xlsxwriter's types are partial.
# pyright: reportUnknownMemberType=false

import csv
import io
from collections.abc import Mapping, Sequence
from datetime import date, datetime
from typing import Any, Final
from zoneinfo import ZoneInfo

import xlsxwriter

from xinglin.core.i18n import translate
from xinglin.web.columns import EXPORT_MOST, Table

FORMULAS: Final = ("=", "+", "-", "@", "\t", "\r")
"""How a text begins that a spreadsheet would take for a formula
(https://owasp.org/www-community/attacks/CSV_Injection)."""

NAME_MOST: Final = 31
"""Letters of a sheet's name, which may not have these signs."""
NAME_REFUSED: Final = str.maketrans(dict.fromkeys("[]:*?/\\", " "))

WIDTHS: Final = {"number": 12, "percent": 10, "bytes": 12, "date": 12, "moment": 18}


def as_csv(table: Table, data: Mapping[str, Any], language: str, zone: ZoneInfo) -> bytes:
    """Write a table as CSV in UTF-8, marked so that spreadsheets read it right."""
    out = io.StringIO(newline="")
    writer = csv.writer(out)
    writer.writerow([translate(one.title, language) for one in table.columns])
    for row in _rows(table, data):
        writer.writerow([_harmless(_text(row.get(one.name), zone)) for one in table.columns])
    return out.getvalue().encode("utf-8-sig")


def as_excel(tables: Sequence[Table], data: Mapping[str, Any], language: str, zone: ZoneInfo) -> bytes:
    """Write tables as the sheets of a workbook."""
    out = io.BytesIO()
    options = {"in_memory": True, "strings_to_formulas": False, "strings_to_urls": False}
    with xlsxwriter.Workbook(out, options) as book:
        head = book.add_format({"bold": True, "bottom": 1})
        forms = {
            "date": book.add_format({"num_format": "yyyy-mm-dd"}),
            "moment": book.add_format({"num_format": "yyyy-mm-dd hh:mm"}),
        }
        for number, table in enumerate(tables, 1):
            title = translate(table.title, language).translate(NAME_REFUSED)
            sheet = book.add_worksheet(f"{number} {title}"[:NAME_MOST].strip())
            sheet.freeze_panes(1, 0)
            for place, column in enumerate(table.columns):
                sheet.set_column(place, place, WIDTHS.get(column.kind, 24), forms.get(column.kind))
                sheet.write_string(0, place, translate(column.title, language), head)
            for line, row in enumerate(_rows(table, data), 1):
                for place, column in enumerate(table.columns):
                    _write(sheet, line, place, row.get(column.name), zone)
    return out.getvalue()


def _write(sheet: Any, line: int, place: int, value: Any, zone: ZoneInfo) -> None:
    match value:
        case None | "":
            return
        case bool():
            sheet.write_boolean(line, place, value)
        case datetime():
            sheet.write_datetime(line, place, value.astimezone(zone).replace(tzinfo=None))
        case date():
            sheet.write_datetime(line, place, value)
        case int() | float():
            sheet.write_number(line, place, value)
        case _ if hasattr(value, "as_tuple"):
            sheet.write_number(line, place, float(value))
        case _:
            sheet.write_string(line, place, _text(value, zone))


def _rows(table: Table, data: Mapping[str, Any]) -> Sequence[Mapping[str, Any]]:
    return data[table.name]["rows"][:EXPORT_MOST]


def _text(value: Any, zone: ZoneInfo) -> str:
    match value:
        case None:
            return ""
        case datetime():
            return value.astimezone(zone).isoformat(timespec="seconds")
        case list() | tuple():
            return "; ".join(str(one) for one in value)  # pyright: ignore[reportUnknownVariableType, reportUnknownArgumentType]
        case _:
            return str(value)


def _harmless(text: str) -> str:
    """Put a sign before what a spreadsheet would carry out; a number stays a number."""
    if not text.startswith(FORMULAS):
        return text
    try:
        float(text)
    except ValueError:
        return f"'{text}"
    return text


def file_name(stem: str, ending: str) -> str:
    """Give a name for a file that is taken away from an address."""
    name = "-".join(part for part in stem.split("/") if part) or "home"
    kept = "".join(sign if sign.isascii() and (sign.isalnum() or sign in "-._") else "_" for sign in name)
    return f"xinglin-{kept[:80]}.{ending}"
