"""What survives into the golden Patient."""

from datetime import UTC, datetime
from typing import Any

import pytest

from xinglin.hub.identity.golden import Spoken, golden, golden_id, rules


def said(id_: str, day: int, trust: int = 50, **content: Any) -> Spoken:
    patient = {"resourceType": "Patient", "id": id_} | content
    return Spoken(id_, patient, trust, datetime(2026, 1, day, tzinfo=UTC))


def test_the_most_trusted_then_the_most_recent_name() -> None:
    one = said("a", 3, name=[{"text": "王芳"}])
    two = said("b", 1, 80, name=[{"text": "王方"}])
    three = said("c", 5, name=[{"text": "汪芳"}])
    assert golden("g", [one, two, three])["name"][0]["text"] == "王方"
    assert golden("g", [one, three])["name"][0]["text"] == "汪芳"


@pytest.mark.parametrize(
    ("told", "family", "given_"),
    [
        ({"text": "黄海燕"}, "黄", ["海燕"]),
        ({"family": "黃海燕"}, "黃", ["海燕"]),
        ({"text": "欧阳海", "family": "欧阳"}, "欧阳", ["海"]),
        ({"text": "诸葛孔明", "family": "诸葛孔明"}, "诸葛", ["孔明"]),
        ({"family": "欧阳"}, "欧阳", None),
        ({"text": "王丽之女"}, None, None),
        ({"text": "阿依古丽·买买提"}, None, None),
        ({"text": "无名氏"}, None, None),
        ({"text": "Smith, John"}, None, None),
        ({"text": "王小明", "family": "李"}, "李", None),
        ({"family": "王", "given": ["小", "明"]}, "王", ["小", "明"]),
    ],
)
def test_a_whole_name_is_told_apart(told: dict[str, Any], family: str | None, given_: Any) -> None:
    (name,) = golden("g", [said("a", 1, name=[told])])["name"]
    assert (name.get("family"), name.get("given")) == (family, given_)
    assert name.get("text") == told.get(
        "text", told.get("family") if "given" not in told and given_ else None
    )


def test_a_birth_date_mistyped_once_is_outvoted() -> None:
    many = [said("a", 1, birthDate="1949-07-03"), said("b", 2, birthDate="1949-07-03")]
    assert golden("g", [*many, said("c", 9, birthDate="1949-03-07")])["birthDate"] == "1949-07-03"


def test_numbers_are_all_kept_once() -> None:
    number, other = {"system": "s", "value": "1"}, {"system": "s", "value": "2"}
    made = golden("g", [said("a", 1, identifier=[number, other]), said("b", 2, identifier=[number])])
    assert sorted(one["value"] for one in made["identifier"]) == ["1", "2"]


def test_a_death_told_isnt_undone_by_silence() -> None:
    made = golden("g", [said("a", 1, deceasedBoolean=True), said("b", 2, deceasedBoolean=False)])
    assert made["deceasedBoolean"] is True
    assert "multipleBirthBoolean" not in made


def test_order_of_sources_is_no_matter() -> None:
    some = [
        said("a", 1, gender="male"),
        said("b", 1, gender="female"),
        said("c", 2, telecom=[{"value": "1"}, 7]),
    ]
    assert golden("g", some) == golden("g", some[::-1])
    assert [one["other"]["reference"] for one in golden("g", some)["link"]] == [f"Patient/{i}" for i in "abc"]


def test_ids_and_rules() -> None:
    assert golden_id("a") == golden_id("a") != golden_id("b")
    assert len(golden_id("a")) <= 64
    assert {"name", "birthDate", "identifier"} <= {one.element for one in rules()}
