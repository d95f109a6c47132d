"""The mapping language: what docs/mapping-language.md says, and how mistakes are told."""

import re
from datetime import timedelta, timezone
from pathlib import Path

import pytest

from xinglin.core.errors import IntakeError
from xinglin.core.exact_json import Json
from xinglin.standards.conversion import Fact, Origin
from xinglin.standards.datasets import DataMapping, Table, lay_out, shipped
from xinglin.standards.datasets.check import check, sample
from xinglin.standards.datasets.errors import UnreadableMapping, WrongMapping
from xinglin.standards.datasets.functions import FUNCTIONS
from xinglin.standards.datasets.load import read_mapping
from xinglin.standards.datasets.registry import known, shared_maps
from xinglin.standards.datasets.sorts import number_type
from xinglin.standards.validation import validator

PAGE = Path("docs/mapping-language.md").read_text(encoding="utf-8")
BLOCKS = re.findall(r"```yaml\n(.*?)```", PAGE, re.DOTALL)
ORIGIN = Origin("s", "i", "i", "n", timezone(timedelta(hours=8)), declared={"word": "said"})
HEAD = "mapping: m\ntitle: t\nstandard: s\ndata-set: d\nsource: s\nconfidence: read\n"
COLUMNS = """columns:
  编号: {id: X.1, type: S1 AN..18}
  名称: {id: X.2, type: S1 AN..50, repeats: 3}
  值: {id: X.3, type: "N N..10"}
  单位: {id: X.4, type: S1 A..20}
  时间: {id: X.5, type: DT DT15}
  过敏: {id: X.6, type: S1 AN..50, separators: "、,"}
"""


def mapping(body: str, text: str = HEAD + COLUMNS) -> DataMapping:
    return read_mapping(text + body, "m.yaml", shared_maps(), shipped())


def facts(body: str, row: dict[str, str]) -> list[Fact]:
    one = mapping(body)
    table = Table(one, lay_out(list(row), one, {}), ORIGIN)
    return list(table.read(list(row.values()))[0])


def observation(elements: str, **row: str) -> Json:
    body = "resources:\n  o:\n    resource: Observation\n    key: [$编号]\n    set:\n"
    text = body + "".join(f"      {line}\n" for line in elements.splitlines())
    return facts(text, {"编号": "1", **row})[-1].resource


def kept(resource: Json) -> set[str]:
    return {one["valueString"] for one in resource["extension"]}


def test_the_example_of_the_page_is_right() -> None:
    example = read_mapping(BLOCKS[0], "example.yaml", shared_maps())
    assert check(example) == []
    row = {"门诊号": "M1", "患者姓名": "张三", "性别代码": "1", "就诊日期时间": "20240102T083000"}
    row |= {"诊断编码1": "I10", "诊断名称1": "高血压", "诊断编码2": "E11", "初诊标志代码": "1"}
    facts, _ = Table(example, lay_out(list(row), example, {}), ORIGIN).read(list(row.values()))
    kinds = [fact.resource["resourceType"] for fact in facts]
    assert kinds == ["Patient", "Condition", "Condition", "Encounter"]
    visit = facts[-1].resource
    assert [one["rank"] for one in visit["diagnosis"]] == [1, 2]
    assert visit["diagnosis"][1]["condition"]["reference"] == f"Condition/{facts[2].resource['id']}"
    assert visit["extension"] == [{"url": "urn:xinglin:dataset:HDSD00.03.010", "valueString": "1"}]
    assert all(one.severity != "error" for fact in facts for one in validator().validate(fact.resource))


def test_the_page_names_every_function() -> None:
    told = set(re.findall(r"`([a-zA-Z-]+)[^`]*`", PAGE))
    assert set(FUNCTIONS) <= told


def test_a_site_gives_its_own_names_and_declarations() -> None:
    own = read_mapping(BLOCKS[2], "own.yaml", shared_maps(), shipped())
    header = ["BGDH", "XMMC", "检验结果代码", "门诊号"]
    facts, unknown = Table(own, lay_out(header, own, {}), ORIGIN).read(["R1", "GLU", "2", "M1"])
    assert facts[-1].resource["interpretation"][0]["coding"][0]["code"] == "A"
    assert unknown == []


def test_an_object_appears_only_with_a_value() -> None:
    text = "status: final\ncode: {text: x}\nvalueQuantity: {value: $值, unit: kg}\nnote: [{text: $单位}]"
    assert "valueQuantity" not in observation(text)
    assert observation(text, 值="5")["valueQuantity"]["unit"] == "kg"
    assert "note" not in observation(text)


def test_first_that_has_a_value_and_the_other_is_kept() -> None:
    text = "code: {text: $名称 or $单位}"
    assert kept(observation(text, 名称="a", 单位="b")) == {"1", "b"}
    assert observation(text, 名称="", 单位="b")["code"]["text"] == "b"
    assert kept(observation(text, 名称="", 单位="b")) == {"1"}


def test_templates_declarations_and_numbers() -> None:
    text = 'code: {text: "${名称}（${时间 | day}）"}\nstatus: "%word"\nvalueInteger: $值 | whole'
    found = observation(text, 名称="a", 时间="20240102T080000", 值="7")
    assert found["code"]["text"] == "a（2024-01-02）"
    assert found["status"] == "said"
    assert found["valueInteger"] == 7


def test_a_unit_without_a_value_is_kept() -> None:
    found = observation("valueQuantity: $值 | quantity unit=$单位", 值="", 单位="kg")
    assert kept(found) == {"1", "kg"}


def test_conditions() -> None:
    text = "component:\n- $when: $单位 in kg g and not $名称\n  code: {text: $值}"
    assert "component" in observation(text, 单位="g", 值="1", 名称="")
    hidden = observation(text, 单位="g", 值="1", 名称="x")
    assert "component" not in hidden
    assert kept(hidden) == {"1", "g", "x"}


def test_a_resource_for_each_repetition_and_for_each_value_of_a_cell() -> None:
    body = """main: p
resources:
  p: {resource: Patient, key: [$编号], set: {active: true}}
  c:
    resource: Condition
    each: [名称]
    key: [$编号, $n]
    set: {code: {text: $名称}, subject: ->p}
  a:
    resource: AllergyIntolerance
    each: [过敏]
    key: [$编号, $过敏]
    set: {code: {text: $过敏}, patient: ->p}
"""
    found = facts(body, {"编号": "1", "名称1": "a", "名称2": "b", "过敏": "虾、蟹,花粉"})
    texts = [fact.resource["code"]["text"] for fact in found if "code" in fact.resource]
    assert texts == ["a", "b", "虾", "蟹", "花粉"]
    assert len({fact.resource["id"] for fact in found}) == 6


def compiled(body: str) -> Table:
    one = mapping(body)
    return Table(one, lay_out(["编号"], one, {}), ORIGIN)


@pytest.mark.parametrize(
    ("body", "line", "told"),
    [
        ("resources:\n  p: {resource: Patient, key: [$编], set: {}}", 15, "no column 编"),
        ("resources:\n  p: {resource: Patient, key: [$编号 | fly], set: {}}", 15, "no function fly"),
        (
            "resources:\n  p:\n    resource: Patient\n    key: [$编号]\n    set:\n      active: ->q",
            19,
            "called q",
        ),
        ("resources:\n  p: {resource: Patient, key: [], set: {}}", 15, "needs a key"),
        ("resources:\n  p: {resource: Patient, key: [$编号], set: {}, mood: x}", 15, '"mood"'),
        ("resources:\n  p: {resource: Patient, key: [$编号], mode: x, set: {}}", 15, "a mode is"),
        ("main: q\nresources:\n  p: {resource: Patient, key: [$编号], set: {}}", 14, "called q"),
        (
            "maps:\n  a: {table: T, edition: E, codes: {01: x}}\nresources:\n  p: {resource: Patient, key: [$编号], set: {}}",  # noqa: E501
            15,
            "between quotes",
        ),
        (
            "resources:\n  p:\n    resource: Patient\n    key: [$编号]\n    set: {active: '$编号 x'}",
            18,
            '"x" stands',
        ),
        (
            "resources:\n  p:\n    resource: Patient\n    key: [$编号]\n    when: $编号 is x\n    set: {}",
            18,
            "condition",
        ),
    ],
)
def test_mistakes_are_told_with_their_line(body: str, line: int, told: str) -> None:
    with pytest.raises(WrongMapping) as caught:
        compiled(body)
    assert told in str(caught.value)
    assert caught.value.params["line"] == line


@pytest.mark.parametrize("text", ["a: [1", "- a\n", "a: 1\na: 2\n", "a: *x", "\0", "x" * 1_000_001])
def test_what_is_no_yaml_map_is_refused(text: str) -> None:
    with pytest.raises(UnreadableMapping):
        read_mapping(text, "m.yaml", {})


@pytest.mark.parametrize(
    ("elements", "told"),
    [
        ("{names: [{text: $名称}]}", "Patient has no element names"),
        ("{name: {text: $名称}}", "name is a list"),
        ("{birthDate: [$时间]}", "birthDate isn't a list"),
        ("{link: [{type: seealso}]}", "Patient.link needs the element other"),
        ("{name: [{text: $姓}]}", "no column 姓"),
        ("{gender: $名称}", "gender"),
    ],
)
def test_check_finds_what_is_wrong(elements: str, told: str) -> None:
    one = mapping(f"resources:\n  p: {{resource: Patient, key: [$编号], set: {elements}}}")
    problems = check(one)
    assert any(told in str(problem.text) and problem.severity == "error" for problem in problems), problems


@pytest.mark.parametrize("name", sorted(shipped()))
def test_shipped_mappings_are_right(name: str) -> None:
    assert [str(one.text) for one in check(shipped()[name]) if one.severity == "error"] == []


@pytest.mark.parametrize("name", sorted(shipped()))
def test_nothing_in_a_row_vanishes(name: str) -> None:
    """Every cell of a row with a text of its own stands somewhere in what the row gives."""
    one = shipped()[name]
    header, row = sample(one)
    for at, title in enumerate(header):
        if one.columns[title].kind == "S1" and row[at] == "1":
            row[at] = f"值{at}號"
    found, _ = Table(one, lay_out(header, one, {}), ORIGIN).read(row)
    text = str([fact.resource for fact in found])
    assert [
        title for at, title in enumerate(header) if row[at].startswith("值") and row[at] not in text
    ] == []


def test_a_site_mapping_comes_before_a_shipped_one(tmp_path: Path) -> None:
    (tmp_path / "a.yaml").write_text(
        "mapping: ws445-lab\nextends: ws445-lab\ntitle: ours\n", encoding="utf-8"
    )
    assert known(tmp_path)["ws445-lab"].title == "ours"
    assert known(tmp_path / "none")["ws445-lab"].title == "检验记录"


def test_sorts_of_numbers() -> None:
    assert number_type("medical-record")["coding"][0]["code"] == "MR"
    assert number_type("ward-round") == {"text": "ward-round"}


def test_errors_have_codes_of_their_own() -> None:
    from xinglin.standards.datasets import errors

    own = [one for one in vars(errors).values() if isinstance(one, type) and issubclass(one, IntakeError)]
    codes = [one.code for one in own if one is not IntakeError]
    assert len(codes) == len(set(codes))
    assert all("XL7200" <= code <= "XL7249" for code in codes)
