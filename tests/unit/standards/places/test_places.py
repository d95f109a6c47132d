"""The tree of places, and finding an address in it."""

import csv
from importlib.resources import files

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from xinglin.standards.places import Level, became, children, find, location, path, place
from xinglin.standards.places.tables import changes, rows, townships, uncoded, villages
from xinglin.standards.places.tree import provinces
from xinglin.standards.validation import validator

JIANGXI = "360000"


def counties() -> list[str]:
    return [one.code for city in children(JIANGXI) for one in children(city.code)]


def test_jiangxi_is_whole() -> None:
    assert len(children(JIANGXI)) == 11
    assert len(counties()) == 100  # 101 until Wanli became part of Xinjian in 2019
    assert set(townships()) == set(counties())
    assert sum(len(inner) for inner in townships().values()) == 1767
    assert all(villages(code) for inner in townships().values() for code in inner)


def test_every_country_wide_county_has_a_way_up() -> None:
    for province in provinces():
        for upper in children(province.code):
            assert path(upper.code)[0].level is Level.PROVINCE
            assert path(upper.code)[0].code == province.code


@pytest.mark.parametrize("table", ["townships.csv", "villages.csv", "names.csv", "changes.csv"])
def test_rows_say_where_they_are_from(table: str) -> None:
    known = {row["key"] for row in rows("sources.csv")}
    for row in rows(table):
        assert row["confidence"] in {"read", "inferred", "unverified"}
        assert set(row["source"].split(" and ")) <= known or row["confidence"] == "unverified"


def test_codes_that_ended_became_codes_that_are_known() -> None:
    for code in changes():
        assert place(code), code
        assert became(code)[-1].current, code


def test_names_without_a_code_lie_in_counties_of_today() -> None:
    assert set(uncoded()) <= set(counties())


@pytest.mark.parametrize(
    ("code", "names"),
    [
        ("360102002001", ["江西省", "南昌市", "东湖区", "滕王阁街道", "民巷社区居委会"]),
        ("360783", ["江西省", "赣州市", "龙南市"]),
        ("110101", ["北京市", "东城区"]),
        ("429004", ["湖北省", "仙桃市"]),
        ("360101", []),  # 市辖区 groups districts and is no place
        ("369999", []),
        ("360102999", []),
        ("36", []),
        ("٣٦٠١٠٢", []),
        ("", []),
    ],
)
def test_path(code: str, names: list[str]) -> None:
    assert [one.name for one in path(code)] == names


def test_what_a_county_was_called() -> None:
    before = place("360122", 2010)
    assert before
    assert (before.name, before.until) == ("新建县", 2015)
    assert [one.code for one in became("362128")] == ["360727", "360783"]
    assert became("360102") == ()


@pytest.mark.parametrize(
    ("text", "code", "rest"),
    [
        ("江西省南昌市东湖区滕王阁街道民巷社区居委会12号", "360102002001", "12号"),
        ("江西省 南昌市 东湖区 滕王阁街道 民巷社区 12号", "360102002001", "12号"),
        ("江西省南昌市东湖区", "360102", ""),
        ("江西南昌青山湖区湖坊镇", "360111104", ""),
        ("南昌县莲塘镇", "360121100", ""),
        ("南昌", "360100", ""),  # the city and the county: what they have in common
        ("上海路12号", None, "上海路12号"),
        ("北京西路", None, "北京西路"),
        ("鼓楼区", None, ""),
        ("湖北省仙桃市", "429004", ""),
        ("莲塘镇", None, "莲塘镇"),
        ("", None, ""),
    ],
)
def test_find(text: str, code: str | None, rest: str) -> None:
    found = find(text)
    assert (found.place.code if found.place else None, found.rest) == (code, rest)


def test_find_says_what_it_can_not_tell() -> None:
    assert len(find("鼓楼区").alternatives) > 1
    assert find("江西省昌江区吕蒙乡3号").uncoded == "吕蒙乡"
    assert find("江西省昌江区吕蒙乡3号").rest == "3号"


def test_find_follows_a_county_to_its_new_name() -> None:
    found = find("江西省上饶县枫岭头镇")
    assert found.former
    assert found.place
    assert (found.former.code, found.place.code) == ("361121", "361104107")


def test_find_within() -> None:
    assert find("莲塘镇", within=JIANGXI).place == place("360121100")
    nothing = find("杏林大道8号", within="360102")
    assert (nothing.place, nothing.rest) == (place("360102"), "杏林大道8号")


def test_every_township_is_found_by_its_whole_address() -> None:
    for county in counties():
        for one in children(county):
            whole = "".join(step.name for step in path(one.code))
            found = find(whole)
            assert found.place == one, whole


@settings(deadline=None)  # the first address makes the index
@given(st.text(max_size=600), st.sampled_from(["", JIANGXI, "360102", "999999", "x"]))
def test_find_never_fails(text: str, within: str) -> None:
    found = find(text, within)
    assert found.place is None or place(found.place.code)


@pytest.mark.parametrize(
    "code", ["360000", "360100", "360102", "360402", "360122", "360102002", "360102002001"]
)
def test_location_is_valid(code: str) -> None:
    found = place(code)
    assert found
    made = location(found)
    assert not [one for one in validator().validate(made) if one.severity == "error"]
    assert made["status"] == ("inactive" if code == "360122" else "active")
    assert ("partOf" in made) is (code != JIANGXI)


def test_the_tables_are_the_only_files() -> None:
    names = {one.name for one in (files("xinglin.standards.places") / "data").iterdir()}
    assert names == {"townships.csv", "villages.csv", "names.csv", "changes.csv", "sources.csv"}
    with (files("xinglin.standards.places") / "data" / "townships.csv").open(encoding="utf-8") as handle:
        codes = [row["code"] for row in csv.DictReader(handle)]
    assert codes == sorted(set(codes))
