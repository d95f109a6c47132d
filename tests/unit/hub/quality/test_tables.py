"""A site's tables: laid over the shipped ones, or refused with row and column."""

import contextlib
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from xinglin.core.tables import MOST_BYTES
from xinglin.hub.quality import ruleset, tables
from xinglin.hub.quality.errors import FaultyTable
from xinglin.hub.quality.ruleset import check
from xinglin.hub.quality.score import card

HEADER = ",".join(tables.SHAPES[tables.RULES].columns)
GOOD = {
    "id": "visit-type",
    "name_zh": "就诊有类型",
    "name_en": "A visit has a type",
    "dimension": "completeness",
    "severity": "minor",
    "type": "Encounter",
    "kind": "fhirpath",
    "scope": "",
    "test": "type.exists()",
    "counted_zh": "全部就诊",
    "counted_en": "all visits",
    "indicator": "",
    "source": "own",
    "edition": "1",
    "confidence": "read",
}
SQL = (
    "SELECT r.id, false AS fails FROM quality_record r"
    " WHERE r.institution = %(institution)s AND r.day = %(day)s"
)


def table(folder: Path, **cells: str) -> Path:
    path = folder / "own.csv"
    row = ",".join('"' + value.replace('"', '""') + '"' for value in (GOOD | cells).values())
    path.write_text(f"{HEADER}\n{row}\n", encoding="utf-8")
    return path


def test_a_rule_is_added(tmp_path: Path) -> None:
    assert check(table(tmp_path)).rules["visit-type"].name["zh"] == "就诊有类型"


def test_a_rule_takes_the_place_of_the_shipped_one_or_switches_it_off(tmp_path: Path) -> None:
    shipped = ruleset.build({})
    assert check(table(tmp_path, id="visit-class")).rules["visit-class"].test == "type.exists()"
    off = check(table(tmp_path, id="visit-class", severity="off"))
    assert shipped.rules.keys() - off.rules.keys() == {"visit-class"}


@pytest.mark.parametrize(
    ("cells", "column"),
    [
        ({"id": "Visit Type"}, "id"),
        ({"name_zh": ""}, "name_zh"),
        ({"dimension": "beauty"}, "dimension"),
        ({"severity": "huge"}, "severity"),
        ({"type": "Visit"}, "type"),
        ({"kind": "python"}, "kind"),
        ({"indicator": "rate"}, "indicator"),
        ({"confidence": "sure"}, "confidence"),
        ({"test": "type.exists("}, "test"),
        ({"test": "nothing.exists()"}, "test"),
        ({"test": "period.start <= {no_such}"}, "test"),
        ({"scope": "statuss = 'finished'"}, "scope"),
        ({"kind": "sql", "test": "DELETE FROM resource"}, "test"),
        ({"kind": "sql", "test": SQL + "; DROP TABLE resource"}, "test"),
        ({"kind": "sql", "test": SQL + " AND id LIKE 'a%'"}, "test"),
        ({"kind": "sql", "test": SQL + " AND id = %(nothing)s"}, "test"),
        ({"kind": "sql", "test": "SELECT id, true AS fails FROM quality_record"}, "test"),
        ({"kind": "sql", "test": SQL, "scope": "status = 'finished'"}, "scope"),
    ],
)
def test_a_faulty_row_is_named(tmp_path: Path, cells: dict[str, str], column: str) -> None:
    with pytest.raises(FaultyTable) as caught:
        check(table(tmp_path, **cells))
    assert caught.value.params["row"] == 2
    assert caught.value.params["column"] == column
    for language in ("zh", "en"):
        assert caught.value.text(language)


@pytest.mark.parametrize(
    "raw",
    [
        b"",
        b"id,name\n1,2\n",
        HEADER.encode() + b"\nonly,three,cells\n",
        HEADER.encode() + b'\n"never closed\n',
        HEADER.encode("utf-16"),
        "编号,名称\n".encode("gb18030"),
        HEADER.encode() + b",more\n",
        b"x" * (MOST_BYTES + 1),
    ],
)
def test_a_file_that_is_no_table_is_refused(tmp_path: Path, raw: bytes) -> None:
    path = tmp_path / "own.csv"
    path.write_bytes(raw)
    with pytest.raises(FaultyTable):
        check(path)


@given(st.text())
def test_any_text_is_read_or_refused(text: str) -> None:
    for name in tables.SHAPES:
        with contextlib.suppress(FaultyTable):
            tables.read(name, text)


def test_one_rule_cannot_stand_twice(tmp_path: Path) -> None:
    path = table(tmp_path)
    path.write_text(
        path.read_text(encoding="utf-8") + path.read_text(encoding="utf-8").splitlines()[1] + "\n"
    )
    with pytest.raises(FaultyTable, match="stands twice"):
        check(path)


def test_scores_are_weighted_by_severity_and_dimension() -> None:
    """Completeness: a critical rule (5) at 50 %, a minor one (1) at 80 %."""
    rules = ruleset.build({})
    found = card(
        rules, {"patient-name": (10, 5), "patient-phone": (10, 2), "visit-order": (4, 4), "gone": (1, 1)}
    )
    assert found.dimensions["completeness"] == pytest.approx((5 * 50 + 1 * 80) / 6)
    assert found.dimensions["consistency"] == 0
    assert found.dimensions["timeliness"] is None
    assert found.overall == pytest.approx((3 * 55 + 2 * 0) / 5)
    assert [rule.id for rule, _ in found.worst(rules, 9)] == ["visit-order", "patient-name", "patient-phone"]
    assert card(rules, {}).overall is None
