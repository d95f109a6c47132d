"""What rules and the first model say of two records."""

from datetime import date
from typing import Any

import pytest

from xinglin.hub.identity import tables
from xinglin.hub.identity.comparing import Compared, apart, compared, differences, judge, trusted, unpack
from xinglin.hub.identity.rows import Judged
from xinglin.hub.identity.scoring import first
from xinglin.standards.identifiers import invented_resident
from xinglin.standards.search.keys import digest

TODAY = date(2026, 11, 22)
IDENTITY = "urn:oid:2.16.156.10011.1.3"
HOSPITAL = "urn:xinglin:id:hospital:pi"


def record(
    id_: str,
    name: str | None = "王小芳",
    birth: str | None = "1949-07-03",
    *,
    seed: int | None = None,
    local: str | None = None,
    **more: Any,
) -> Compared:
    patient: dict[str, Any] = {"resourceType": "Patient", "id": id_, "identifier": []} | more
    if name:
        patient["name"] = [{"text": name}]
    if birth:
        patient["birthDate"] = birth
    if seed is not None:
        patient["identifier"] += [{"system": IDENTITY, "value": invented_resident(seed)}]
    if local:
        patient["identifier"] += [{"system": HOSPITAL, "value": local}]
    return compared(patient, TODAY, {"one": "hospital", "its-lab": "hospital", "two": "clinic"})


def sent(by: str) -> dict[str, Any]:
    return {"source": f"urn:xinglin:source:{by}:1#1"}


def said(one: Compared, other: Compared, worn: set[int] | None = None) -> Judged:
    found = judge(one, other, worn or set(), first())
    turned = judge(other, one, worn or set(), first())
    assert (found.verdict, found.rule) == (turned.verdict, turned.rule)
    return found


CASES = [
    ("one number", record("a", seed=1), record("b", seed=1), "link", "resident"),
    ("nothing else", record("a", None, None, seed=1), record("b", None, None, seed=1), "review", "resident"),
    (
        "no name on one",
        record("a", birth=None, seed=1),
        record("b", "无名氏", None, seed=1),
        "review",
        "resident",
    ),
    (
        "a baby without a birth",
        record("a", birth=None, seed=1),
        record("b", "王小芳婴", None, seed=1),
        "review",
        "resident",
    ),
    ("no birth", record("a", birth=None, seed=1), record("b", birth=None, seed=1), "link", "resident"),
    (
        "a card of the other sex",
        record("a", seed=1, gender="female"),
        record("b", seed=1, gender="male"),
        "review",
        "resident",
    ),
    ("a borrowed card", record("a", seed=1), record("b", "李建国", seed=1), "review", "resident"),
    ("another birth", record("a", seed=1), record("b", birth="1985-12-11", seed=1), "review", "resident"),
    ("a newborn", record("a", seed=1), record("b", "王小芳之女", None, seed=1), "none", None),
    ("one hospital number", record("a", local="7"), record("b", local="7"), "link", "number"),
    (
        "a hospital number again",
        record("a", local="7"),
        record("b", "李建国", "1985-12-11", local="7"),
        "review",
        "number",
    ),
    ("two numbers", record("a", seed=1), record("b", seed=2), "none", None),
    (
        "told by its own institution",
        record("a", None, meta=sent("one")),
        record(
            "b",
            "王晓芳",
            link=[{"other": {"reference": "Patient/a"}, "type": "replaces"}],
            meta=sent("its-lab"),
        ),
        "link",
        "told",
    ),
    (
        "told, but of another birth",
        record("a", meta=sent("one")),
        record(
            "b",
            birth="1985-12-11",
            link=[{"other": {"reference": "Patient/a"}, "type": "replaces"}],
            meta=sent("one"),
        ),
        "review",
        "told",
    ),
    (
        "told by another institution",
        record("a", None, meta=sent("one")),
        record("b", link=[{"other": {"reference": "Patient/a"}, "type": "replaces"}], meta=sent("two")),
        "review",
        "told",
    ),
    (
        "told by nobody known",
        record("a", None),
        record("b", link=[{"other": {"reference": "Patient/a"}, "type": "replaces"}]),
        "review",
        "told",
    ),
    (
        "told, but evidently two",
        record("a"),
        record("b", "李建国", "1985-12-11", link=[{"other": {"reference": "Patient/a"}, "type": "seealso"}]),
        "review",
        "told",
    ),
    ("strangers", record("a"), record("b", "李建国", "1985-12-11"), "none", None),
]


@pytest.mark.parametrize(("name", "one", "other", "verdict", "rule"), CASES, ids=[case[0] for case in CASES])
def test_verdicts(name: str, one: Compared, other: Compared, verdict: str, rule: str | None) -> None:
    found = said(one, other)
    assert (found.verdict, found.rule) == (verdict, rule)


def test_a_worn_number_counts_for_nothing() -> None:
    one, other = record("a", seed=1), record("b", "李建国", "1985-12-11", seed=1)
    worn = {digest(key) for _, key in one.rule_keys()}
    assert said(one, other, worn).verdict == "none"
    assert trusted(one, worn).features.identity is None
    assert trusted(one, set()) is one


def test_the_owner_of_a_worn_number_stays_one_person() -> None:
    born = invented_resident(1)[6:14]
    birth = f"{born[:4]}-{born[4:6]}-{born[6:]}"
    one, other = record("a", birth=birth, seed=1), record("b", birth=None, seed=1)
    worn = {digest(key) for _, key in one.rule_keys()}
    assert said(one, other, worn).verdict == "link"
    assert said(record("c", birth=None, seed=1), other, worn).verdict != "link"
    assert said(record("c", "李建国", None, seed=1), other, worn).verdict != "link"


HOUSE = "江西省南昌市南昌县悬壶镇桃溪村三组12号"


def at_home(house: str = HOUSE, phone: str = "13800138002", sex: str = "female") -> dict[str, Any]:
    return {
        "gender": sex,
        "telecom": [{"system": "phone", "value": phone}],
        "address": [{"text": house}],
    }


@pytest.mark.parametrize(
    ("name", "other"), [("赵佳", "赵嘉"), ("徐静", "徐婧"), ("张雨涵", "张语涵"), ("赵明明", "赵明亮")]
)
def test_twins_whose_names_sound_alike_are_never_linked_at_once(name: str, other: str) -> None:
    one, two = (record(i, n, "2015-03-05", **at_home()) for i, n in (("a", name), ("b", other)))
    assert said(one, two).verdict == "review"
    same = record("c", name, "2015-03-05", **at_home())
    assert said(one, same).verdict == "link"


def test_namesakes_of_another_house_and_telephone() -> None:
    one = record("a", "李桂英", "1950-05-06", **at_home())
    elsewhere = at_home("江西省南昌市南昌县悬壶镇桃溪村五组2号", "13911145678")
    assert said(one, record("b", "李桂英", "1950-05-06", **elsewhere)).verdict == "review"
    assert said(one, record("c", "李桂英", "1950-05-06", **at_home(phone="13911145678"))).verdict == "link"


def test_packing_loses_nothing() -> None:
    one = record(
        "a", seed=1, local="7", gender="female", telecom=[{"system": "phone", "value": "13800001001"}]
    )
    assert unpack(one.pack()) == one
    assert one.numbers == (f"{HOSPITAL}|7",)


def test_records_of_any_shape() -> None:
    odd = {"resourceType": "Patient", "id": "a", "identifier": [7, {"value": "x"}], "link": {"other": 1}}
    found = compared(odd, TODAY)
    assert found.numbers == found.links == ()
    assert found.keys()


def test_what_parts_people() -> None:
    twins = [record("a", "王大双", multipleBirthInteger=1), record("b", "王小双", multipleBirthInteger=2)]
    assert "order" in differences(twins[0].features, twins[1].features)
    assert apart(frozenset({"order"}))
    assert not apart(frozenset({"name"}))
    assert not apart(frozenset())


def test_every_row_of_the_tables_can_be_read() -> None:
    assert {one.id for one in tables.rules()} >= {"resident", "insured", "card", "number", "told"}
    assert all(one.name["en"] and one.name["zh"] for one in tables.rules())
    for levels in tables.first_model().values():
        assert abs(sum(m for m, _ in levels.values()) - 1) < 0.01


def test_what_is_shown_adds_up() -> None:
    family: Any = {
        "telecom": [{"system": "phone", "value": "13800138000"}],
        "address": [{"text": "浙江省杭州市西湖区文三路 90 号 3 幢 201 室"}],
    }
    one, other = record("a", **family), record("b", name="王小明", **family)
    said = judge(one, other, (), first())
    assert said.weight is not None
    shown = {part["field"]: part["weight"] for part in said.evidence["fields"]}
    assert shown["household"] < 0
    assert shown["prior"] < 0
    assert sum(shown.values()) == pytest.approx(said.weight, abs=0.05)
