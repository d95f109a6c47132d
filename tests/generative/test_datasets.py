"""Tables of any content: nothing is lost, nothing but our own errors is raised, pieces don't matter."""

import io
from contextlib import suppress
from datetime import timedelta, timezone

from hypothesis import given, settings
from hypothesis import strategies as st

from xinglin.core.errors import IntakeError
from xinglin.standards.conversion import Origin
from xinglin.standards.datasets import csv_format, shipped
from xinglin.standards.datasets.csv_format import TableCsv
from xinglin.standards.datasets.cutting import lines, rows
from xinglin.standards.datasets.expressions import WrongExpression, condition, parse
from xinglin.standards.datasets.values import BadValue, to_date, to_moment, to_number, to_quantity

shipped()  # read once, before examples are timed
ZONE = timezone(timedelta(hours=8))
ORIGIN = Origin("s", "i", "i", "n", ZONE)
HEADER = "本人姓名,性别代码,出生日期,身份证件号码,工作单位名称\n".encode()
HOSTILE = st.text(alphabet="\",\n\r|;\t张1 \\'é囖\x00", max_size=60)
WRITTEN = st.text(alphabet="0123456789-/.年月日T: Z+<≤eE０１ ", max_size=24)


@given(st.binary(max_size=300))
def test_any_bytes_are_read_or_refused(raw: bytes) -> None:
    table = TableCsv()
    table.recognises(raw)
    for piece in table.pieces(io.BytesIO(HEADER + raw), ORIGIN):
        assert all(item.facts or item.error is not None for item in table.items(piece, ORIGIN))


@given(st.lists(HOSTILE, max_size=8), st.integers(1, 5))
def test_no_byte_is_lost_and_pieces_do_not_matter(texts: list[str], size: int) -> None:
    raw = HEADER + "\n".join(texts).encode()
    whole, few = list(_items(raw, csv_format.ROWS)), list(_items(raw, size))
    assert whole == few
    body = raw[len(HEADER) :]
    assert b"".join(item[1].strip() for item in whole) == b"".join(
        cut.raw.strip() for cut in rows(lines([body], b"\n"), ",", "utf-8")
    )
    assert b"".join(cut.raw for cut in rows(lines([HEADER, body]), ",", "utf-8")) == raw


def _items(raw: bytes, size: int) -> list[tuple[int, bytes, int, bool]]:
    table = TableCsv()
    before, csv_format.ROWS = csv_format.ROWS, size  # type: ignore[misc]
    try:
        pieces = list(table.pieces(io.BytesIO(raw), ORIGIN))
    finally:
        csv_format.ROWS = before  # type: ignore[misc]
    return [
        (item.number, item.raw, item.line, item.error is None)
        for piece in pieces
        for item in table.items(piece, ORIGIN)
    ]


@settings(max_examples=400)
@given(WRITTEN)
def test_values_are_read_or_refused(text: str) -> None:
    for read in (
        to_date,
        to_number,
        lambda one: to_moment(one, ZONE),
        lambda one: to_moment(one, ZONE, serial=True),
    ):
        with suppress(BadValue):
            read(text)
    to_quantity(text, "", "")


@given(st.text(alphabet="$%ab |=->\"'{}n+or", max_size=30))
def test_expressions_are_read_or_refused(text: str) -> None:
    for read in (parse, condition):
        with suppress(WrongExpression):
            read(text)


@given(st.lists(st.text(max_size=12), min_size=1, max_size=12))
def test_any_header_is_known_or_refused(cells: list[str]) -> None:
    raw = (",".join(cells) + "\n1,2,3\n").encode("utf-8", "replace")
    with suppress(IntakeError):
        list(TableCsv().pieces(io.BytesIO(raw), ORIGIN))
