"""Administrative divisions: the table, its gaps, and what codes named when."""

import pytest

from xinglin.standards.identifiers import SCHEMES, Fault, Identifier, Kind, history, lookup

DIVISION = SCHEMES[Kind.DIVISION]


def test_one_code_names_one_place_after_another():
    assert [(one.name, one.since, one.until) for one in history("419001")] == [
        ("义马市", 1986, 1989),
        ("济源市", 1997, None),
    ]
    assert lookup("419001", 1987).name == "义马市"
    assert lookup("419001", 1992).name == "济源市"
    assert lookup("419001", 2020).path == ("河南省", "济源市")


@pytest.mark.parametrize(
    ("code", "path"),
    [
        ("110101", ("北京市", "东城区")),
        ("360000", ("江西省",)),
        ("360100", ("江西省", "南昌市")),
        ("360102", ("江西省", "南昌市", "东湖区")),
        ("330113", ("浙江省", "杭州市", "临平区")),
        ("232761", ("黑龙江省", "大兴安岭地区", "加格达奇区")),
        ("659001", ("新疆维吾尔自治区", "石河子市")),
    ],
)
def test_path_leaves_out_what_only_groups(code, path):
    assert lookup(code, 2026).path == path


def test_jiangxi_is_complete(shared):
    """Every division of a public list of Jiangxi is in the table, by the same name, and still in use."""
    import csv

    source = shared("reference/national/code_tables/gbt2260_jiangxi.csv")
    with source.open(encoding="utf-8-sig") as handle:
        rows = [(row["code"], row["name"]) for row in csv.DictReader(handle)]
    assert len(rows) == 112
    for code, name in rows:
        found = lookup(code.ljust(6, "0"), 2026)
        assert (found.name, found.current) == (name, True), code


@pytest.mark.parametrize(
    ("text", "value", "level"),
    [
        ("36", "360000", "province"),
        ("3601", "360100", "prefecture"),
        ("360102", "360102", "county"),
        ("360102.0", "360102", "county"),
        ("３６０１０２", "360102", "county"),
        ("360102000000", "360102", "county"),
        ("360102001", "360102001", "township"),
        ("360102001000", "360102001", "township"),
        ("360102001003", "360102001003", "village"),
    ],
)
def test_codes_of_every_level(text, value, level):
    found = DIVISION.parse(text, strict=True)
    assert isinstance(found, Identifier)
    assert (found.value, found.parts["level"]) == (value, level)


@pytest.mark.parametrize(
    ("text", "rule"),
    [
        ("", "empty"),
        ("36010", "length"),
        ("38", "province"),
        ("36010A", "characters"),
        ("3.6E+11", "rounded"),
    ],
)
def test_what_is_wrong_is_told(text, rule):
    found = DIVISION.parse(text)
    assert isinstance(found, Fault)
    assert found.rule == rule


def test_unknown_divisions():
    assert DIVISION.is_valid("360199")
    assert not DIVISION.is_valid("360199", strict=True)
    assert lookup("360199", 2026).path == ("江西省", "南昌市")
    assert history("999999") == ()


@pytest.mark.parametrize(
    ("code", "year", "path"),
    [
        ("329012", 1990, ("江苏省", "昆山市")),
        ("339011", 1992, ("浙江省", "诸暨市")),
        ("517002", 1996, ("四川省", "涪陵市", "枳城区")),
    ],
)
def test_codes_that_lasted_a_few_years_are_known(code, year, path):
    """Those born then carry them for life."""
    assert lookup(code, year).path == path
    assert not lookup(code, year).current


def test_our_rows_are_still_needed():
    """A row goes when the library has it, unless it corrects the library's characters."""
    import csv
    from importlib.resources import files

    from stdnum import numdb

    source = files("xinglin.standards.identifiers") / "data" / "divisions.csv"
    with source.open(encoding="utf-8") as handle:
        rows = list(csv.DictReader(handle))
    for row in rows:
        known = any("county" in properties for _, properties in numdb.get("cn/loc").info(row["code"]))
        assert not known or "simplified characters" in row["source"], row
        assert row["confidence"].startswith(("read", "unverified"))
        assert row["source"]
        assert row["edition"]
