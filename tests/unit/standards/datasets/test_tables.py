"""Text tables and workbooks: delimiters, character sets, moved headers, quotes, bad input."""

import codecs
import io
import zipfile
from datetime import date, datetime, timedelta, timezone

import pytest
import xlsxwriter

from xinglin.core.errors import IntakeError
from xinglin.core.exact_json import Json
from xinglin.standards.conversion import Item, Origin
from xinglin.standards.datasets.csv_format import ROWS, TableCsv
from xinglin.standards.datasets.errors import (
    AmbiguousTable,
    LongRow,
    MissingColumns,
    OpenQuote,
    PersonOnly,
    TooLargeWorkbook,
    TooManyCells,
    UnknownMapping,
    UnknownTable,
    UnreadableWorkbook,
)
from xinglin.standards.datasets.xlsx_format import TableXlsx
from xinglin.standards.identifiers import invented_resident

ZONE = timezone(timedelta(hours=8))
HEADER = "本人姓名,性别代码,出生日期,身份证件号码"


def origin(charset: str | None = None, **declared: str) -> Origin:
    return Origin("s", "i", "i", "n", ZONE, charset, declared)


def read(raw: bytes, charset: str | None = None, form: TableCsv | None = None, **declared: str) -> list[Item]:
    table = form or TableCsv()
    who = origin(charset, **declared)
    return [item for piece in table.pieces(io.BytesIO(raw), who) for item in table.items(piece, who)]


def person(number: int, name: str = "张三", born: str = "19600102") -> str:
    return f"{name},1,{born},{invented_resident(number)}"


def patient(item: Item) -> Json:
    assert item.error is None, item.error
    return item.facts[0].resource


def workbook(rows: list[list[object]]) -> bytes:
    raw = io.BytesIO()
    book = xlsxwriter.Workbook(raw)
    sheet = book.add_worksheet()
    form = book.add_format({"num_format": "yyyy-mm-dd"})
    for at, row in enumerate(rows):
        for place, cell in enumerate(row):
            if isinstance(cell, (date, datetime)):
                sheet.write_datetime(at, place, cell, form)
            else:
                sheet.write(at, place, cell)
    book.close()
    return raw.getvalue()


@pytest.mark.parametrize("delimiter", [",", "\t", ";", "|"])
@pytest.mark.parametrize("charset", ["utf-8", "utf-8-sig", "gb18030", "utf-16", "utf-16-le"])
@pytest.mark.parametrize("end", ["\n", "\r\n"])
def test_every_delimiter_and_character_set(delimiter: str, charset: str, end: str) -> None:
    # 囖 ends with the byte of | in GB 18030.
    text = end.join([HEADER, person(1, "囖三"), person(2, "王㐂")]).replace(",", delimiter) + end
    raw = text.encode(charset)
    if charset == "utf-16-le":
        raw = codecs.BOM_UTF16_LE + raw
    assert TableCsv().recognises(raw)
    found = read(raw)
    assert [patient(item)["name"] for item in found] == [[{"text": "囖三"}], [{"text": "王㐂"}]]
    assert [(item.number, item.line) for item in found] == [(1, 2), (2, 3)]


def test_carriage_returns_alone_end_lines() -> None:
    assert len(read("\r".join([HEADER, person(1), person(2)]).encode())) == 2


def test_the_header_may_stand_below_titles_and_columns_in_any_order() -> None:
    title = "某县居民表,,,\n导出时间：2024-01-02,,,\n\n"
    text = f"{title}身份证件号码,备注列,姓名\n{invented_resident(1)},甲,张三\n"
    (item,) = read(text.encode("gb18030"), mapping="ws365-person")
    assert patient(item)["name"] == [{"text": "张三"}]
    assert item.line == 5
    assert item.unknown == ["备注列: -"]
    assert patient(item)["extension"][0]["valueString"] == "甲"


def test_columns_by_internal_id_by_data_element_and_by_declared_name() -> None:
    text = f"HDSD00.01.002,DE02.01.040.00,CSRQ,hdsd00.01.006\n{person(1)}\n"
    (item,) = read(text.encode(), **{"column.CSRQ": "HDSD00.01.004"})
    assert patient(item)["birthDate"] == "1960-01-02"
    assert patient(item)["gender"] == "male"


def test_unknown_columns_are_told_once() -> None:
    text = f"{HEADER},其他\n" + "".join(f"{person(n)},x\n" for n in range(ROWS + 10))
    told = [item.number for item in read(text.encode()) if item.unknown]
    assert told == [1]


@pytest.mark.parametrize(
    ("text", "error"),
    [
        ("甲,乙\n1,2\n", UnknownTable),
        ("", UnknownTable),
        ("处方编号,门（急）诊号,患者姓名,药物使用次剂量,药物使用剂量单位\n1,2,张三,1,片\n", MissingColumns),
        ("\n" * 25 + HEADER + "\n" + "x,1,19600102,\n", UnknownTable),
    ],
)
def test_tables_that_are_not_understood_are_refused_whole(text: str, error: type[IntakeError]) -> None:
    with pytest.raises(error):
        read(text.encode())


def test_missing_columns_are_named() -> None:
    with pytest.raises(MissingColumns, match="药物名称"):
        read("处方编号,门（急）诊号,患者姓名,药物使用次剂量,药物使用剂量单位\n1,2,张三,1,片\n".encode())


def test_an_unknown_mapping_is_refused() -> None:
    with pytest.raises(UnknownMapping):
        read(f"{HEADER}\n{person(1)}\n".encode(), mapping="nobody")


def test_a_quoted_line_break_stays_in_its_row() -> None:
    text = f'{HEADER},工作单位名称\n{person(1)},"一行\n""二""行，\n三行"\n{person(2)},x\n'
    first, second = read(text.encode())
    assert patient(first)["extension"][0]["valueString"] == '一行\n"二"行，\n三行'
    assert (first.line, second.line) == (2, 5)
    assert first.raw.count(b"\n") == 3


def test_a_quote_left_open_spoils_its_line_only() -> None:
    lines = [person(n) for n in range(5)]
    lines[2] = '"' + lines[2]
    found = read("\n".join([HEADER, *lines]).encode())
    assert [type(item.error) for item in found] == [type(None)] * 2 + [OpenQuote] + [type(None)] * 2


def test_a_quote_within_a_cell_is_text() -> None:
    found = read(f"{HEADER}\n{person(1, '张' + chr(34))}\n{person(2)}\n".encode())
    assert [patient(item)["name"][0]["text"] for item in found] == ['张"', "张三"]


def test_pieces_are_cut_between_rows_and_say_the_same_every_time() -> None:
    rows = [f'{person(n)},"a\nb"' if n % 7 == 0 else f"{person(n)},c" for n in range(2 * ROWS + 100)]
    raw = (f"{HEADER},工作单位名称\n" + "\n".join(rows) + "\n").encode("gb18030")
    table = TableCsv()
    pieces = list(table.pieces(io.BytesIO(raw), origin()))
    assert len(pieces) == 3
    assert b"".join(piece.body for piece in pieces) == raw.split(b"\n", 1)[1]
    numbers = [item.number for piece in reversed(pieces) for item in table.items(piece, origin())]
    assert sorted(numbers) == list(range(1, len(rows) + 1))
    for piece in pieces:
        first = next(iter(table.items(piece, origin())))
        assert (first.number, first.line) == (piece.item, piece.line)


def test_a_row_in_another_character_set_is_refused_alone() -> None:
    raw = f"{HEADER}\n{person(1)}\n".encode() + person(2).encode("gb18030") + f"\n{person(3)}\n".encode()
    found = read(raw, "utf-8")
    assert [item.error.code if item.error else None for item in found] == [None, "XL7001", None]


def test_rows_that_cannot_be_read_say_why() -> None:
    text = f"{HEADER}\n{person(1)},多,的\n{person(2, born='19601332')}\n张三,1,19600102,\n\n{person(3)}\n"
    found = read(text.encode())
    errors = [item.error for item in found]
    assert isinstance(errors[0], TooManyCells)
    assert errors[1] is not None
    assert errors[1].expression == "出生日期"
    assert errors[2] is not None
    assert errors[2].code == "XL7209"
    assert errors[3] is None
    assert found[3].line == 6


def test_the_row_as_it_came_is_kept() -> None:
    raw = f"{HEADER}\r\n{person(1)}\r\n".encode("gb18030")
    (item,) = read(raw)
    assert item.raw == f"{person(1)}\r\n".encode("gb18030")


def test_words_for_nothing_are_nothing_where_declared() -> None:
    text = f"{HEADER},本人电话号码\n张三,1,NULL,{invented_resident(1)},无\n".encode()
    assert "telecom" not in patient(read(text, missing="NULL,无")[0])


@pytest.mark.parametrize(
    "start", [b"{}", b"<a/>", b"MSH|^~\\&|a|b", b"PK\x03\x04", b"\x00\x01\x02", b"one line"]
)
def test_other_formats_are_not_taken_for_tables(start: bytes) -> None:
    assert not TableCsv().recognises(start)


def test_a_row_with_a_cell_too_many_hides_no_table() -> None:
    text = f"{HEADER}\n张三,1,,\n张三,1,2,3,4,5,6,7,8,9\n"
    assert TableCsv().recognises(text.encode())


# Workbooks


def test_a_workbook_gives_what_a_text_table_gives() -> None:
    raw = workbook([["居民表"], [], HEADER.split(","), ["张三", 1, date(1960, 1, 2), invented_resident(1)]])
    assert TableXlsx().recognises(raw[:65_536])
    (item,) = read(raw, form=TableXlsx())
    (same,) = read(f"{HEADER}\n{person(1)}\n".encode())
    assert item.line == 4
    assert patient(item) == patient(same)


def test_day_numbers_are_dates_in_a_workbook_and_by_declaration_only() -> None:
    raw = workbook([[*HEADER.split(",")], ["张三", 1, 21917, invented_resident(1)]])
    assert patient(read(raw, form=TableXlsx())[0])["birthDate"] == "1960-01-02"
    text = f"{HEADER}\n{person(1, born='21917')}\n".encode()
    assert read(text)[0].error is not None
    assert patient(read(text, dates="excel")[0])["birthDate"] == "1960-01-02"


def test_a_number_that_excel_rounded_is_refused() -> None:
    raw = workbook([[*HEADER.split(",")], ["张三", 1, date(1960, 1, 2), 368121196001020010]])
    (item,) = read(raw, form=TableXlsx())
    assert item.error is not None
    assert item.error.code == "XL7207"


def test_every_sheet_is_read_and_numbers_go_on() -> None:
    raw = io.BytesIO()
    book = xlsxwriter.Workbook(raw)
    for sheet in range(2):
        page = book.add_worksheet()
        page.write_row(0, 0, HEADER.split(","))
        page.write_row(1, 0, ["张三", "1", "19600102", invented_resident(sheet)])
    book.add_worksheet().write_row(0, 0, ["说明", "无"])
    book.add_worksheet()
    book.close()
    assert [item.number for item in read(raw.getvalue(), form=TableXlsx())] == [1, 2]


@pytest.mark.parametrize("raw", [b"PK\x03\x04 broken", b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1 broken"])
def test_a_broken_workbook_is_refused(raw: bytes) -> None:
    with pytest.raises(UnreadableWorkbook):
        read(raw, form=TableXlsx())


def test_a_zip_bomb_is_refused_before_it_is_unpacked() -> None:
    raw = io.BytesIO()
    with (
        zipfile.ZipFile(raw, "w", zipfile.ZIP_DEFLATED) as packed,
        packed.open("xl/worksheets/sheet1.xml", "w") as part,
    ):
        for _ in range(1_100):
            part.write(b"\0" * 1_000_000)
    with pytest.raises(TooLargeWorkbook):
        read(raw.getvalue(), form=TableXlsx())


def test_a_header_that_fits_two_data_sets_alike_is_refused() -> None:
    from dataclasses import replace

    from xinglin.standards.datasets import shipped

    one = shipped()["ws365-person"]
    table = TableCsv(lambda: {"a": replace(one, name="a"), "b": replace(one, name="b")})
    with pytest.raises(AmbiguousTable, match="a, b"):
        read(f"{HEADER}\n{person(1)}\n".encode(), form=table)
    assert read(f"{HEADER}\n{person(1)}\n".encode(), form=table, mapping="b")[0].error is None


PRESCRIPTIONS = "处方编号,药物名称,门诊号\n"
MOVED = "药物名称,处方编号,门诊号\n"


def drugs(found: list[Item]) -> list[tuple[int, int, str]]:
    """Give number, line and drug of each row."""
    assert [item.error for item in found] == [None] * len(found)
    return [
        (
            item.number,
            item.line,
            next(
                fact.resource["medicationCodeableConcept"]["text"]
                for fact in item.facts
                if fact.resource["resourceType"] == "MedicationRequest"
            ),
        )
        for item in found
    ]


@pytest.mark.parametrize(
    "second", [PRESCRIPTIONS, MOVED, '"药物名称","处方编号",门诊号\n', "药品名称,处方号 ,门诊号\n"]
)
def test_a_header_below_rows_is_never_a_row(second: str) -> None:
    row = "R7,头孢,MZ7\n" if second == PRESCRIPTIONS else "头孢,R7,MZ7\n"
    raw = f"{PRESCRIPTIONS}R6,阿莫,MZ7\n{second}{row}".encode()
    assert drugs(read(raw)) == [(1, 2, "阿莫"), (2, 4, "头孢")]
    assert drugs(read(raw.decode().encode("gb18030"), "gb18030")) == [(1, 2, "阿莫"), (2, 4, "头孢")]
    marked = codecs.BOM_UTF8 + raw
    assert drugs(read(marked)) == [(1, 2, "阿莫"), (2, 4, "头孢")]


def test_headers_are_seen_in_every_piece() -> None:
    many = "".join(f"R{n},药{n},MZ{n}\n" for n in range(ROWS + 5))
    moved = "".join(f"药{n},R{n},MZ{n}\n" for n in range(ROWS + 5))
    found = drugs(read(f"{PRESCRIPTIONS}{many}{MOVED}{moved}{PRESCRIPTIONS}{many}".encode()))
    count = ROWS + 5
    assert [drug for _, _, drug in found] == [f"药{n}" for n in range(count)] * 3
    assert [number for number, _, _ in found] == list(range(1, 3 * count + 1))
    assert [found[at][1] for at in (0, count, 2 * count)] == [2, count + 3, 2 * count + 4]


def test_a_workbook_with_a_header_in_its_middle() -> None:
    table = [PRESCRIPTIONS.strip().split(","), ["R6", "阿莫", "MZ7"], [], MOVED.strip().split(",")]
    found = read(workbook([*table, ["头孢", "R7", "MZ7"]]), form=TableXlsx())
    assert drugs(found) == [(1, 2, "阿莫"), (2, 5, "头孢")]


def test_rows_below_a_header_that_lacks_columns_are_refused() -> None:
    first, second = read(f"{PRESCRIPTIONS}R6,阿莫,MZ7\n门诊号,处方编号,患者姓名\nMZ7,R7,张三\n".encode())
    assert first.error is None
    assert isinstance(second.error, MissingColumns)
    assert second.error.expression == "药物名称"


def test_rows_above_a_fuller_header_stay_rows() -> None:
    fuller = "处方编号,药物名称,门诊号,患者姓名,处方开立日期\nR7,头孢,MZ7,张三,20260301\n"
    assert drugs(read(f"{PRESCRIPTIONS}R6,阿莫,MZ7\n{fuller}".encode())) == [(1, 2, "阿莫"), (2, 4, "头孢")]


def test_a_row_that_holds_a_title_by_chance_is_a_row() -> None:
    lab = "检验报告单编号,检验项目代码,检验项目名称,门诊号,检验定量结果\n"
    (item,) = read(f"{lab}L1,A1,体温,MZ1,36.5\n".encode())
    assert item.error is None


LAB_WITHOUT_REPORTS = "身份证件号码,本人姓名,性别代码,项目名称,项目代码,结果,单位,检验时间"


def test_a_table_that_only_names_people_is_no_table_of_people() -> None:
    raw = f"{LAB_WITHOUT_REPORTS}\n{invented_resident(1)},张三,1,葡萄糖,A1,5.1,mmol/L,20260301\n".encode()
    with pytest.raises(PersonOnly) as refused:
        read(raw)
    assert "ws445-lab (- 检验报告单编号)" in str(refused.value.params["nearest"])
    (item,) = read(raw, mapping=str(refused.value.params["mapping"]))
    assert patient(item)["name"] == [{"text": "张三"}]


def test_a_huge_cell_is_told_as_a_long_line() -> None:
    raw = f"{PRESCRIPTIONS}R8,{'药' * 500_000},MZ8\nR9,头孢,MZ9\n".encode()
    assert TableCsv().recognises(raw[:65_536])
    found = read(raw)
    assert isinstance(found[0].error, LongRow)
    assert found[-1].error is None


def test_a_repeated_header_in_the_sources_own_words_is_never_a_row() -> None:
    own = {"column.RX No": "处方编号", "column.drug": "药物名称", "column.visit": "门诊号"}
    head = "rx no,Drug,Visit\n"
    raw = f"{head}R6,阿莫,MZ7\n{head}R7,头孢,MZ7\n".encode()
    assert drugs(read(raw, **own)) == [(1, 2, "阿莫"), (2, 4, "头孢")]
