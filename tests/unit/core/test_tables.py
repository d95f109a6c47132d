"""Every shipped table says where its rows come from; a site's is read whole, or refused with its place."""

import csv
import re
from io import StringIO
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

import xinglin
from xinglin.core.tables import CITED, Shape, read, read_file
from xinglin.standards.confidentiality.errors import FaultyLabelTable as Faulty

SHIPPED = sorted(Path(xinglin.__file__).parent.rglob("*.csv"))
OURS = {
    "trust/policy/data/cases.csv": "what our own policies must decide",
    "standards/places/data/sources.csv": "a list of sources itself",
}
"""Tables that nothing outside stands behind."""

SURE = re.compile(r"(read|inferred|unverified)\b")
SHAPE = Shape(("name", "weight", "note", *CITED), ("name",), ("note", "edition"), ("weight",))
HEADER = ",".join(SHAPE.columns)


@pytest.mark.parametrize("path", SHIPPED, ids=lambda path: "/".join(path.parts[-4:]))
def test_rows_tell_where_they_come_from(path: Path):
    name = path.relative_to(Path(xinglin.__file__).parent).as_posix()
    with path.open(encoding="utf-8-sig", newline="") as lines:
        reader = csv.DictReader(lines, strict=True)
        rows = list(reader)
    assert rows
    for row in rows:
        assert None not in row, row
        assert None not in row.values(), row
    if name in OURS:
        return
    assert {*CITED} <= {*(reader.fieldnames or ())}
    for row in rows:
        assert row["source"], row
        assert SURE.match(row["confidence"]), row


def test_a_row_is_read_with_its_place():
    (line,) = read("own.csv", f"\ufeff{HEADER}\n王, 1.5 ,,own,,read\n", SHAPE, Faulty)
    assert (line.file, line.number, line.cells["weight"]) == ("own.csv", 2, "1.5")
    assert line.key(SHAPE) == ("王",)


@pytest.mark.parametrize(
    ("text", "row", "column"),
    [
        ("", 1, "name"),
        (HEADER + ",more\n", 1, "more"),
        (HEADER + "\nx,1\n", 2, "-"),
        (HEADER + "\nx,1,,own,,read,more\n", 2, "-"),
        (HEADER + "\n,1,,own,,read\n", 2, "name"),
        (HEADER + "\nx,much,,own,,read\n", 2, "weight"),
        (HEADER + "\nx,NaN,,own,,read\n", 2, "weight"),
        (HEADER + "\nx,1,,own,,surely\n", 2, "confidence"),
        (HEADER + "\nx,1,,own,,read\ny,1,,own,,read\nx,2,,own,,read\n", 4, "name"),
        (HEADER + '\n"x\n', 0, "-"),
    ],
)
def test_what_is_wrong_is_told_with_its_place(text: str, row: int, column: str):
    with pytest.raises(Faulty) as caught:
        read("own.csv", text, SHAPE, Faulty)
    assert (caught.value.params["row"], caught.value.params["column"]) == (row, column)


@pytest.mark.parametrize("raw", [HEADER.encode("utf-16"), b"\xff", b"x" * 101])
def test_a_file_that_is_no_text_or_too_large_is_refused(tmp_path: Path, raw: bytes):
    path = tmp_path / "own.csv"
    path.write_bytes(raw)
    with pytest.raises(Faulty) as caught:
        read_file(path, SHAPE, Faulty, most=100)
    assert caught.value.params["row"] == 0


@given(st.lists(st.tuples(*[st.text(st.characters(codec="utf-8"), max_size=8)] * len(SHAPE.columns))))
def test_any_table_is_read_whole_or_refused(rows: list[tuple[str, ...]]):
    text = StringIO(newline="")
    csv.writer(text).writerows([SHAPE.columns, *rows])
    try:
        lines = read("own.csv", text.getvalue(), SHAPE, Faulty)
    except Faulty:
        return
    assert [tuple(line.cells.values()) for line in lines] == [
        tuple(cell.strip() for cell in row) for row in rows
    ]
