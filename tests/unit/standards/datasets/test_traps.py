"""The traps of Chinese national data sets, each with a small table in and resources out."""

import io
from datetime import timedelta, timezone
from typing import Any

import pytest

from xinglin.core.exact_json import Json
from xinglin.standards.conversion import Item, Origin
from xinglin.standards.datasets import Table, lay_out, shipped
from xinglin.standards.datasets.check import sample
from xinglin.standards.datasets.csv_format import TableCsv
from xinglin.standards.datasets.errors import LostDigits, NoKey, WrongCell
from xinglin.standards.datasets.model import columns_of
from xinglin.standards.identifiers import invented_resident

ZONE = timezone(timedelta(hours=8))
PERSON = invented_resident(7)
LAB = (
    "检验报告单编号,检验项目代码,检验项目名称,门（急）诊号,患者姓名,"
    "检验定量结果,检验定量结果计量单位,检验结果代码"
)
PERSONAL = "健康档案编号,姓名,性别代码,出生日期,身份证件类别代码,身份证件号码"


def items(table: str, namespace: str = "county", **declared: str) -> list[Item]:
    origin = Origin(
        "s",
        "i",
        "i",
        namespace,
        ZONE,
        declared={key.replace("__", "."): one for key, one in declared.items()},
    )
    table_csv = TableCsv()
    return [
        item
        for piece in table_csv.pieces(io.BytesIO(table.encode()), origin)
        for item in table_csv.items(piece, origin)
    ]


def resources(item: Item, kind: str) -> list[Json]:
    assert item.error is None, item.error
    return [fact.resource for fact in item.facts if fact.resource["resourceType"] == kind]


def one(item: Item, kind: str) -> Json:
    (found,) = resources(item, kind)
    return found


def kept(resource: Json) -> dict[str, str]:
    return {
        entry["url"].removeprefix("urn:xinglin:dataset:"): entry["valueString"]
        for entry in resource.get("extension", [])
    }


def lab(code: str, **declared: str) -> Item:
    (item,) = items(f"{LAB}\nR1,GLU,葡萄糖,M1,张三,9.1,mmol/L,{code}\n", **declared)
    return item


@pytest.mark.parametrize(
    ("flag", "code", "meaning"),
    [
        ("WS363", "1", "N"),
        ("WS363", "2", "A"),
        ("WS365", "1", "A"),
        ("WS365", "2", "N"),
        ("WS365", "3", "IND"),
    ],
)
def test_1_abnormal_flag_is_read_by_the_declared_table(flag: str, code: str, meaning: str) -> None:
    result = one(lab(code, **{"abnormal-flag": flag}), "Observation")
    assert [entry["coding"][0]["code"] for entry in result["interpretation"]] == [meaning]


def test_1_undeclared_abnormal_flag_gives_no_interpretation_and_stays() -> None:
    item = lab("2")
    result = one(item, "Observation")
    assert "interpretation" not in result
    assert kept(result)["HDSD00.05.050"] == "2"
    assert item.unknown == ["检验结果代码: 2"]


@pytest.mark.parametrize(("edition", "display"), [("2011", True), ("2023", False), (None, False)])
def test_2_dosage_form_has_a_meaning_only_in_its_edition(edition: str | None, display: bool) -> None:
    mapping = shipped()["ws365-outpatient"]
    assert mapping.columns["药物剂型代码"].table == "CV08.50.002"
    from xinglin.standards.datasets.codes import table_of

    declared = {"edition.CV08.50.002": edition} if edition else {}
    table = table_of("CV08.50.002", declared.get, "")
    assert table is not None
    assert (table.lookup("01") is not None) == display


def test_3_a_resident_number_has_one_system_whatever_way_it_is_written() -> None:
    wide = PERSON.translate({ord(str(digit)): chr(0xFF10 + digit) for digit in range(10)})
    first, second = items(f"{PERSONAL}\n,张三,1,,01,{PERSON}\n,张三,1,,01,{wide}\n")
    assert one(first, "Patient")["identifier"][0]["system"] == "urn:oid:2.16.156.10011.1.3"
    assert one(first, "Patient")["id"] == one(second, "Patient")["id"]


def test_4_local_numbers_of_two_institutions_are_two_records() -> None:
    table = f"{LAB}\n1001,GLU,葡萄糖,1001,张三,5,mmol/L,\n"
    here, there = items(table, "a")[0], items(table, "b")[0]
    assert one(here, "Patient")["id"] != one(there, "Patient")["id"]
    assert one(here, "Patient")["identifier"][0]["system"] != one(there, "Patient")["identifier"][0]["system"]
    assert "2.16.156" not in one(here, "Patient")["identifier"][0]["system"]


def test_4_numbers_of_two_sorts_are_two_people() -> None:
    header = "检验报告单编号,检验项目代码,门（急）诊号,住院号,患者姓名"
    first, second = items(f"{header}\nR1,A,1001,,张三\nR2,A,,1001,李四\n")
    assert one(first, "Patient")["id"] != one(second, "Patient")["id"]


def test_5_widths_of_the_data_set_hold_and_longer_values_stay() -> None:
    header = "门（急）诊号,就诊日期时间,患者姓名,初步诊断-西医诊断编码,体格检查"
    (item,) = items(
        f"{header}\n{'1' * 18},20240102T083000,张三,E11.900x0021,好\n", mapping="ws445-outpatient"
    )
    assert one(item, "Condition")["code"]["coding"][0]["code"] == "E11.900x0021"


def test_6_frequency_is_a_code_in_ws445_and_words_in_ws365() -> None:
    (coded,) = items("处方编号,药物名称,门（急）诊号,药物使用频次代码\n1,阿司匹林,M1,01\n")
    timing = one(coded, "MedicationRequest")["dosageInstruction"][0]["timing"]
    assert timing["repeat"] == {"frequency": 2, "period": 1, "periodUnit": "d"}
    header = "门诊记录表编号,就诊日期时间,本人姓名,身份证件号码,药物名称,药物使用频率,咨询问题"
    (worded,) = items(f"{header}\nM1,20240102T083000,张三,{PERSON},阿司匹林,早晚饭后,咳嗽\n")
    assert one(worded, "MedicationStatement")["dosage"][0]["timing"] == {"code": {"text": "早晚饭后"}}


def test_7_one_data_element_with_two_meanings_is_told_apart_by_the_column() -> None:
    columns = shipped()["ws445-person"].columns
    assert columns["工作单位名称"].element == "DE02.01.004.00"  # 出生地类别代码 in WS 363
    header = "患者姓名,性别代码,患者身份证件号码,DE02.01.004.00,建档者姓名"
    (item,) = items(f"{header}\n张三,1,{PERSON},杏林村卫生室,李四\n")
    assert kept(one(item, "Patient"))["HDSD00.02.019"] == "杏林村卫生室"


def test_7_a_data_element_used_twice_in_a_set_names_no_column() -> None:
    header = "处方编号,药物名称,门（急）诊号,DE02.01.039.00"
    (item,) = items(f"{header}\n1,阿司匹林,M1,王五\n")
    assert kept(one(item, "MedicationRequest"))["column:DE02.01.039.00"] == "王五"
    assert "DE02.01.039.00: -" in item.unknown


def test_9_sex_0_and_9_are_unknown_and_an_odd_code_is_kept() -> None:
    table = f"{PERSONAL}\n,甲,0,,01,{invented_resident(1)}\n,乙,9,,01,{invented_resident(2)}\n"
    found = items(f"{table},丙,3,,01,{invented_resident(3)}\n")
    assert [one(item, "Patient").get("gender") for item in found] == ["unknown", "unknown", None]
    assert kept(one(found[2], "Patient"))["HDSD00.01.003"] == "3"
    assert found[2].unknown == ["性别代码: 3"]


def test_10_lost_zeros_come_back_where_the_width_is_certain() -> None:
    header = "姓名,性别代码,身份证件号码,身份证件类别代码,婚姻状况代码,民族"
    (item,) = items(f"{header}\n张三,1,{PERSON},1,20,1\n", mapping="ws365-person")
    assert one(item, "Patient")["identifier"][0]["system"] == "urn:oid:2.16.156.10011.1.3"
    assert kept(one(item, "Patient"))["HDSD00.01.012"] == "01"


def test_10_a_code_of_variable_width_is_left_alone() -> None:
    header = "门诊记录表编号,就诊日期时间,本人姓名,身份证件号码,医疗付款方式代码,咨询问题"
    (item,) = items(f"{header}\nM1,20240102T083000,张三,{PERSON},1,咳嗽\n")
    assert kept(one(item, "Encounter"))["HDSD00.01.569"] == "1"


@pytest.mark.parametrize("number", ["3.68121E+17", "3.68121190001060E+17"])
def test_10_a_rounded_resident_number_is_refused_with_a_remedy(number: str) -> None:
    (item,) = items(f"{PERSONAL}\n,张三,1,,01,{number}\n")
    assert item.error is not None
    assert item.error.code == "XL7207"
    assert number.encode() in item.raw


def test_11_suspect_data_elements_are_not_used() -> None:
    assert shipped()["ws365-outpatient"].columns["药物类型"].element == ""


FLAGS: list[tuple[dict[str, str], str, bool | None]] = [
    ({}, "T", True),
    ({}, "F", False),
    ({}, "1", None),
    ({"flag": "0/1"}, "1", True),
    ({"flag": "0/1"}, "0", False),
    ({"flag": "1/2"}, "1", True),
    ({"flag": "1/2"}, "2", False),
    ({"flag": "Y/N"}, "N", False),
    ({"flag": "0/1", "flag.HDSD00.99.001": "1/2"}, "2", False),
    ({"flag": "0/1"}, "2", None),
]


@pytest.mark.parametrize(("declared", "cell", "value"), FLAGS)
def test_13_flags_are_read_as_declared(declared: dict[str, str], cell: str, value: bool | None) -> None:
    from xinglin.standards.datasets import Table, lay_out
    from xinglin.standards.datasets.load import read_mapping

    mapping = read_mapping(
        """
mapping: flags
title: t
standard: s
data-set: d
source: s
confidence: read
columns:
  编号: {id: HDSD00.99.000, type: S1 AN..18}
  标志: {id: HDSD00.99.001, type: L T/F}
resources:
  person: {resource: Patient, key: [$编号], set: {active: $标志}}
""",
        "flags.yaml",
        {},
    )
    origin = Origin("s", "i", "i", "n", ZONE, declared=declared)
    facts, unknown = Table(mapping, lay_out(["编号", "标志"], mapping, {}), origin).read(["1", cell])
    resource: dict[str, Any] = facts[0].resource
    assert resource.get("active") is value
    assert (kept(resource).get("HDSD00.99.001") == cell) == (value is None)
    assert bool(unknown) == (value is None)


def test_15_a_reference_range_is_taken_only_from_an_extra_column() -> None:
    assert "referenceRange" not in one(lab("1"), "Observation")
    (item,) = items(f"{LAB},参考范围\nR1,GLU,葡萄糖,M1,张三,9.1,mmol/L,,3.9-6.1\n")
    assert one(item, "Observation")["referenceRange"] == [{"text": "3.9-6.1"}]


@pytest.mark.parametrize("value", ["2,25", "1,234", "<2,25"])
def test_a_decimal_comma_in_a_result_is_refused(value: str) -> None:
    (item,) = items(f'{LAB}\nR1,CA,钙,M1,张三,"{value}",mmol/L,1\n')
    assert isinstance(item.error, WrongCell)
    assert item.error.expression == "检验定量结果"


@pytest.mark.parametrize("value", ["弱阳性,复查", "2、25", "1.5-2,3"])
def test_words_and_ranges_stay_text(value: str) -> None:
    (item,) = items(f'{LAB}\nR1,CA,钙,M1,张三,"{value}",mmol/L,1\n')
    assert one(item, "Observation")["valueString"] == value


@pytest.mark.parametrize("name", sorted(shipped()))
def test_a_record_of_nobody_is_refused(name: str) -> None:
    """Every data set about a person: a whole row is taken, and without its numbers and name it is not."""
    mapping = shipped()[name]
    people = [block for block in mapping.blocks if block.resource == "Patient"]
    if not people:
        assert name == "drug-circulation"
        return
    header, row = sample(mapping)
    telling = {
        column
        for block in people
        for element in ("identifier", "name")
        for column in columns_of(block.tree.elements[element])
    }
    table = Table(mapping, lay_out(header, mapping, {}), Origin("s", "i", "i", "county", ZONE))
    assert any(fact.resource["resourceType"] == "Patient" for fact in table.read(row)[0])
    nobody = ["" if title in telling else cell for title, cell in zip(header, row, strict=True)]
    with pytest.raises(NoKey) as refused:
        table.read(nobody)
    assert refused.value.expression


def test_a_result_without_a_person_is_refused_by_the_person() -> None:
    (item,) = items("检验报告单编号,检验项目代码,性别代码,检验定量结果\nL3,A6,1,5\n")
    assert isinstance(item.error, NoKey)
    assert item.error.params["resource"] == "Patient"
    assert "患者姓名" in str(item.error.expression)


def test_a_rounded_number_names_its_column_as_the_place() -> None:
    (item,) = items(f"{PERSONAL}\n,张三,1,19600102,01,3.68121E+17\n")
    assert isinstance(item.error, LostDigits)
    assert item.error.expression == "身份证件号码"
