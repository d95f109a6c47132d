"""Tables for the registries: read, checked, written."""

from contextlib import suppress
from pathlib import Path

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from xinglin.core.exact_json import Json
from xinglin.hub.intake.sources import LOCAL, Source
from xinglin.hub.registries import departments, devices, institutions, practitioners, sheet, tables
from xinglin.hub.registries.errors import UnusableRegister
from xinglin.hub.registries.institutions import Institution, refuse_wrong_trees
from xinglin.hub.registries.sheet import Column, Row
from xinglin.hub.registries.speaking import may_speak
from xinglin.standards.conversion.text import Undecided, UndecodableText
from xinglin.standards.identifiers import SCHEMES, Kind
from xinglin.standards.validation import validator

ONE, TWO, THREE = (SCHEMES[Kind.CREDIT_CODE].invented(number) for number in (71, 72, 73))
VILLAGE = SCHEMES[Kind.HEALTH_INSTITUTION].invented(74)
MODULES = {
    "institutions": (institutions.COLUMNS, institutions.check),
    "departments": (departments.COLUMNS, lambda row: departments.check(row, {ONE: ""})),
    "practitioners": (practitioners.COLUMNS, lambda row: practitioners.check(row, {ONE: ""})),
    "devices": (devices.COLUMNS, lambda row: devices.check(row, {ONE: ""})),
}
SMALL = (Column("name", ("名称",), required=True), Column("code", ("代码",)))


def errors(record: Json) -> list[str]:
    return [one.text() for one in validator().validate(record) if one.severity == "error"]


def row(**cells: str) -> Row:
    return Row(2, cells)


@pytest.mark.parametrize(
    ("text", "code"),
    [
        ("A100", "A100"),
        ("综合医院", "A100"),
        ("乡镇卫生院", "C220"),
        ("妇产(科)医院", "A518"),
        ("卫健委", "administration"),
    ],
)
def test_kinds(text: str, code: str) -> None:
    found = tables.kind(text)
    assert found
    assert found.code == code


@pytest.mark.parametrize("text", ["", "牙科", "A", "A999", "医院"])
def test_kinds_that_are_in_no_table(text: str) -> None:
    assert tables.kind(text) is None


def test_grades_titles_and_roles() -> None:
    found = [
        tables.grade("三甲"),
        tables.grade("二级乙等"),
        tables.title("主任医师"),
        tables.role("乡村医生"),
    ]
    assert [one.code if one else None for one in found] == ["3A", "2B", "1", "doctor"]


@given(st.dictionaries(st.sampled_from(["name", "code"]), st.text(max_size=60)))
@settings(suppress_health_check=[HealthCheck.function_scoped_fixture])
def test_what_is_written_is_read(tmp_path: Path, cells: dict[str, str]) -> None:
    cells = {name: " ".join(value.replace("\x00", "").split()) for name, value in cells.items()}
    cells["name"] = "x" + cells.get("name", "")
    table = tmp_path / "x.csv"
    table.write_text(sheet.write(SMALL, [cells]), encoding="utf-8", errors="replace", newline="")
    (found,) = sheet.read(table, SMALL)
    again = {name: value.encode(errors="replace").decode() for name, value in cells.items()}
    assert {name: value for name, value in found.cells.items() if value} == {
        n: v for n, v in again.items() if v
    }


@pytest.mark.parametrize("value", ["=1+1", "+86", "-x", "@x", "plain", "'", "'=x"])
def test_no_cell_is_a_formula(tmp_path: Path, value: str) -> None:
    text = sheet.write(SMALL, [{"name": "n", "code": value}])
    assert f",{value[0]}" not in text or value[0] not in "=+-@"
    table = tmp_path / "x.csv"
    table.write_text(text, encoding="utf-8")
    assert sheet.read(table, SMALL)[0]["code"] == value.removeprefix("'") if value == "'=x" else True


@given(st.binary(max_size=400))
@settings(suppress_health_check=[HealthCheck.function_scoped_fixture])
def test_any_bytes_are_read_or_refused(tmp_path: Path, content: bytes) -> None:
    table = tmp_path / "x.csv"
    table.write_bytes(content)
    with suppress(UnusableRegister, UndecodableText, Undecided):
        sheet.read(table, SMALL)


@pytest.mark.parametrize("sort", MODULES)
@given(data=st.data())
@settings(deadline=None)  # the first address makes the index of places
def test_any_row_is_checked(sort: str, data: st.DataObject) -> None:
    columns, check = MODULES[sort]
    values = st.sampled_from(
        ["", ONE, "active", "男", "综合医院", "360102", "2024-01-01", "\x00", "9" * 400]
    ) | st.text(max_size=30)
    one = row(**{column.name: data.draw(values) for column in columns})
    check(one)
    assert all(finding.text("zh") and finding.advice("zh") for finding in one.findings)


def test_an_institution_is_known_by_either_code() -> None:
    clinic = row(
        institution_code=VILLAGE, name="x", kind="村卫生室", parent=ONE, address="江西省南昌县向塘镇1号"
    )
    made = institutions.check(clinic)
    assert not clinic.findings
    assert (made.key, made.parent) == (VILLAGE, ONE)
    assert made.place
    assert made.place.name == "向塘镇"
    assert not errors(institutions.organization(made))
    assert not errors(institutions.site(made))


def test_an_address_names_the_place_below_the_code() -> None:
    one = row(credit_code=ONE, name="x", kind="A100", division="360121", address="江西省南昌县莲塘镇1号")
    place = institutions.check(one).place
    assert place
    assert place.code == "360121100"
    other = row(credit_code=ONE, name="x", kind="A100", division="360121", address="示例路1号")
    place = institutions.check(other).place
    assert place
    assert place.code == "360121"


@pytest.mark.parametrize(
    ("cells", "column"),
    [
        ({"name": "x", "kind": "A100"}, "credit_code"),
        ({"credit_code": ONE, "kind": "A100"}, "name"),
        ({"credit_code": ONE, "name": "x"}, "kind"),
        ({"credit_code": ONE, "name": "x", "kind": "A100", "parent": ONE}, "parent"),
        ({"credit_code": ONE, "name": "x", "kind": "A100", "parent": "1"}, "parent"),
        ({"credit_code": ONE, "name": "x", "kind": "A100", "grade": "五星"}, "grade"),
        ({"credit_code": ONE, "name": "x", "kind": "A100", "division": "369999"}, "division"),
        ({"credit_code": ONE, "name": "x", "kind": "A100", "division": "3601020"}, "division"),
        ({"credit_code": ONE, "name": "x", "kind": "A100", "state": "gone"}, "state"),
    ],
)
def test_wrong_institutions(cells: dict[str, str], column: str) -> None:
    one = row(**cells)
    institutions.check(one)
    assert [finding.params["column"] for finding in one.findings if finding.code == "XL7751"] == [column]


def tree(*pairs: tuple[str, str]) -> list[tuple[Row, Institution]]:
    return [(row(), Institution(key=key, name="x", parent=parent)) for key, parent in pairs]


@pytest.mark.parametrize(
    ("pairs", "known", "refused"),
    [
        ([("a", ""), ("b", "a"), ("c", "b")], {}, []),
        ([("b", "a"), ("c", "b")], {}, ["b", "c"]),
        ([("b", "a"), ("c", "b")], {"a": ""}, []),
        ([("a", "b"), ("b", "a"), ("c", "a")], {}, ["a", "b", "c"]),
        ([("a", "c")], {"a": "", "b": "a", "c": "b"}, ["a"]),
        ([("a", "x"), ("b", "a")], {"a": ""}, ["a"]),
    ],
)
def test_trees(pairs: list[tuple[str, str]], known: dict[str, str], refused: list[str]) -> None:
    rows = tree(*pairs)
    refuse_wrong_trees(rows, known)
    assert [one.key for line, one in rows if line.refused] == refused


@pytest.mark.parametrize(
    ("cells", "column"),
    [
        ({"name": "x", "role": "医师"}, "number"),
        ({"name": "x", "number": "1"}, "role"),
        ({"name": "x", "number": "1", "role": "医师", "since": "2024-02-30"}, "since"),
        ({"name": "x", "number": "1", "role": "医师", "since": "2024-02-03", "until": "20230101"}, "until"),
        ({"name": "x", "number": "1", "role": "医师", "sex": "?"}, "sex"),
    ],
)
def test_wrong_people(cells: dict[str, str], column: str) -> None:
    one = row(institution=ONE, **cells)
    practitioners.check(one, {ONE: ""})
    assert [finding.params["column"] for finding in one.findings] == [column]


def test_a_title_that_is_in_no_table_is_kept() -> None:
    one = row(institution=ONE, number="1", name="x", role="院长", title="名医", until="2020-01-01")
    post = practitioners.check(one, {ONE: ""})
    assert {finding.code for finding in one.findings} == {"XL7752"}
    made, role = practitioners.practitioner(post), practitioners.post(post)
    assert made["qualification"] == [{"code": {"text": "名医"}}]
    assert (role["code"], role["active"]) == ([{"text": "院长"}], False)
    assert not errors(made)
    assert not errors(role)


def source(**other: object) -> Source:
    declared = {key: value for key, value in other.items() if isinstance(value, str)}
    return Source(id="s", institution=ONE, institution_name="x", declared=declared)


@pytest.mark.parametrize(
    ("declared", "line", "expected"),
    [
        ("", (), True),
        ("", (ONE,), True),
        ("", (TWO, ONE), True),
        ("", (THREE, TWO, ONE), True),
        ("", (TWO,), False),
        ("", (TWO, THREE), False),
        (TWO, (TWO,), True),
        (f"{THREE}, {TWO}", (VILLAGE, TWO), True),
        ("all", (TWO,), True),
        ("al", (TWO,), False),
    ],
)
def test_may_speak(declared: str, line: tuple[str, ...], expected: bool) -> None:
    assert may_speak(source(**{"speaks-for": declared}), line) is expected


def test_the_operator_may_speak_for_all() -> None:
    assert may_speak(LOCAL, (TWO,))
