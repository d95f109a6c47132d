"""Tables as files, values made plain, and addresses put in order."""

import csv
import io
from datetime import UTC, datetime
from zoneinfo import ZoneInfo

import msgspec
import pytest
from python_calamine import CalamineWorkbook

from xinglin.core.i18n import Phrase
from xinglin.portal.environment import Templates
from xinglin.portal.exporting import as_csv, as_excel, file_name
from xinglin.portal.plain import plain
from xinglin.web.columns import Column, Table, paged

ZONE = ZoneInfo("Asia/Shanghai")
TABLE = Table(
    "t",
    "Sources",
    (Column("name", "Name"), Column("items", "Items", "number"), Column("at", "Since", "moment")),
)
ROWS = [
    {"name": "=HYPERLINK(1)", "items": 3, "at": datetime(2026, 1, 2, 20, tzinfo=UTC)},
    {"name": "-5", "items": None, "at": None},
]
DATA = {"t": paged(ROWS, total=2)}


def test_csv_is_harmless_and_chinese() -> None:
    text = as_csv(TABLE, DATA, "zh", ZONE)
    assert text.startswith(b"\xef\xbb\xbf"), "Excel reads UTF-8 only by its mark"
    lines = list(csv.reader(io.StringIO(text.decode("utf-8-sig"))))
    assert lines[0] == ["姓名", "条目", "登录时间"]
    assert lines[1] == ["'=HYPERLINK(1)", "3", "2026-01-03T04:00:00+08:00"]
    assert lines[2] == ["-5", "", ""], "a number stays one"


def test_excel_holds_values_and_no_formulas() -> None:
    book = CalamineWorkbook.from_filelike(io.BytesIO(as_excel([TABLE, TABLE], DATA, "en", ZONE)))
    assert book.sheet_names == ["1 Sources", "2 Sources"]
    head, first, _ = book.get_sheet_by_index(0).to_python()
    assert head == ["Name", "Items", "Since"]
    assert first == ["=HYPERLINK(1)", 3, datetime(2026, 1, 3, 4)]


@pytest.mark.parametrize(
    ("stem", "name"),
    [("/", "xinglin-home.csv"), ("/sources/a b", "xinglin-sources-a_b.csv"), ('/x"\r\n', "xinglin-x___.csv")],
)
def test_file_names(stem: str, name: str) -> None:
    assert file_name(stem, "csv") == name


def test_values_become_plain() -> None:
    class One(msgspec.Struct):
        told: Phrase
        many: tuple[int, ...]

    given = {"one": One(Phrase("Sources"), (1, 2)), "set": {"b", "a"}, 3: None}
    assert plain(given, "zh") == {"one": {"told": "来源", "many": [1, 2]}, "set": ["a", "b"], "3": None}


def test_json_in_pages_cant_end_its_element() -> None:
    made = Templates([], "Asia/Shanghai")
    data = {"title": "</script><b>", "options": {"a": "</script><!--&"}, "table": [["", "x"], ["a", 1]]}
    template = made._environments["en"].from_string(  # pyright: ignore[reportPrivateUsage]
        '{% from "parts/chart.html" import chart %}{{ chart("c", data) }}'
    )
    html = template.render(data=data)
    assert html.count("</script>") == 1
    assert "<b>" not in html
