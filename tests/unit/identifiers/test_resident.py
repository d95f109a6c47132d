"""Resident identity numbers, and the permits whose numbers look like them."""

from datetime import date

import pytest

from xinglin.standards.identifiers import SCHEMES, Fault, Identifier, Kind, invented_resident, short_form
from xinglin_demo import identifiers as demo

RESIDENT = SCHEMES[Kind.RESIDENT]
EXAMPLE = "11010519491231002X"
"""The example in GB 11643-1999."""
TODAY = date(2026, 11, 21)


def parse(kind: Kind, text: str, **terms: object) -> Identifier:
    found = SCHEMES[kind].parse(text, today=TODAY, **terms)
    assert isinstance(found, Identifier), found.text()
    return found


def rule(kind: Kind, text: str, **terms: object) -> str:
    found = SCHEMES[kind].parse(text, today=TODAY, **terms)
    assert isinstance(found, Fault), found
    return found.rule


@pytest.mark.parametrize(
    "written",
    [
        "11010519491231002X",
        "11010519491231002x",
        "１１０１０５１９４９１２３１００２Ｘ",
        " 110105 19491231 002X ",
        "110105-19491231-002x",
        "110105—19491231—002X",
        "'11010519491231002X",
        "“11010519491231002X”",
        "\ufeff11010519491231002X\u200b",
        "110105491231002",
    ],
)
def test_every_way_of_writing_it_is_one_number(written):
    found = parse(Kind.RESIDENT, written)
    assert (found.value, found.born, found.sex) == (EXAMPLE, date(1949, 12, 31), "female")
    assert found.division is not None
    assert found.division.path == ("北京市", "朝阳区")


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("", "empty"),
        ("  ", "empty"),
        ("1101051949123100", "length"),
        ("11010519491231002X1", "length"),
        ("11010519491231O02X", "characters"),
        ("110105194912310021", "check"),
        ("11010519491331002X", "check"),
        ("1.10105E+17", "rounded"),
        ("110105194912310000", "rounded"),
        ("110105491331002", "date-impossible"),
        ("11010549123100A", "characters"),
        ("991010491231002", "province"),
        ("无", "length"),
        ("1" * 100_000, "length"),
    ],
)
def test_what_is_wrong_is_told(text, expected):
    assert rule(Kind.RESIDENT, text) == expected


@pytest.mark.parametrize(
    ("body", "expected"),
    [
        ("11010519490230002", "date-impossible"),
        ("11010517991231002", "date-impossible"),
        ("11010520261122002", "date-future"),
        ("38010519491231002", "province"),
    ],
)
def test_a_right_check_character_is_not_enough(body, expected):
    assert rule(Kind.RESIDENT, body + demo.resident_check(body)) == expected


def test_fault_never_tells_the_number_nor_the_right_check_character():
    found = RESIDENT.parse("110105194912310021")
    assert isinstance(found, Fault)
    for text in (found.text("en"), found.advice("en"), found.text("zh"), found.advice("zh"), repr(found)):
        assert "110105" not in text
        assert "X" not in text


def test_people_are_older_than_their_county():
    """360102 has been in the table since 1983; python-stdnum refuses those born before."""
    found = parse(
        Kind.RESIDENT, "360102197001010010"[:17] + demo.resident_check("36010219700101001"), strict=True
    )
    assert found.division is not None
    assert found.division.name == "东湖区"


def test_division_is_named_as_when_the_number_was_given():
    body = "11022119850101001"
    found = parse(Kind.RESIDENT, body + demo.resident_check(body), strict=True)
    assert found.division is not None
    assert (found.division.name, found.division.until, found.division.current) == ("昌平县", 1999, False)


def test_unknown_county_is_refused_only_by_strict_reading():
    number = demo.resident_number(5, "female", date(1980, 5, demo.birth_day(5)))
    found = parse(Kind.RESIDENT, number)
    assert found.division is not None
    assert not found.division.known
    assert found.division.path == ("江西省",)
    assert rule(Kind.RESIDENT, number, strict=True) == "division"


def test_centenarians_of_the_old_form_were_born_before_1900():
    assert parse(Kind.RESIDENT, "110105950101997").born == date(1895, 1, 1)


def test_short_form_and_back():
    assert short_form(EXAMPLE) == "110105491231002"
    assert parse(Kind.RESIDENT, "110105491231002").value == EXAMPLE
    assert short_form("110105200501010011") is None


@pytest.mark.parametrize(
    ("text", "kind"),
    [
        ("810000199408230021", Kind.HK_MACAO_RESIDENCE),
        ("830000199201300022", Kind.TAIWAN_RESIDENCE),
    ],
)
def test_residence_permits_are_another_kind(text, kind):
    """Specimen numbers that id-validator's documentation shows."""
    found = parse(kind, text)
    assert found.division is not None
    assert found.division.path in {("香港特别行政区",), ("台湾",)}
    assert rule(Kind.RESIDENT, text) == "other-kind"


def test_permit_of_one_place_is_not_another_places():
    assert rule(Kind.TAIWAN_RESIDENCE, "810000199408230021") == "division"


def test_permanent_residence_of_2023():
    found = parse(Kind.PERMANENT_RESIDENCE, "911124198108030024")
    assert (found.nationality, found.born, found.sex) == ("124", date(1981, 8, 3), "female")
    assert found.division is not None
    assert found.division.name == "北京市"
    assert rule(Kind.RESIDENT, "911124198108030024") == "other-kind"
    assert rule(Kind.PERMANENT_RESIDENCE, "911124198108030025") == "check"


def test_old_permanent_residence():
    found = parse(Kind.PERMANENT_RESIDENCE, "kaz 1100 901231 05", strict=True)
    assert (found.value, found.nationality) == ("KAZ110090123105", "KAZ")
    assert (found.born, found.sex) == (date(1990, 12, 31), "female")
    assert rule(Kind.PERMANENT_RESIDENCE, "KAZ110090123106", strict=True) == "check"
    assert rule(Kind.PERMANENT_RESIDENCE, "KAZ110090133105") == "date-impossible"
    assert rule(Kind.PERMANENT_RESIDENCE, "1AZ110090123105") == "characters"
    assert rule(Kind.PERMANENT_RESIDENCE, "KAZ1100901231A5") == "characters"


@pytest.mark.parametrize(
    ("text", "shown"),
    [
        (EXAMPLE, "11***************X"),
        ("110105491231002", "11************2"),
        ("110105194912310021", "*" * 18),
        ("张三", "**"),
        ("", ""),
    ],
)
def test_mask_hides_birth_date_sex_and_county(text, shown):
    assert RESIDENT.mask(text) == shown


def test_invented_people_have_the_sex_and_birth_date_asked_for():
    number = invented_resident(7, sex="male", born=date(2001, 2, 3))
    found = parse(Kind.RESIDENT, number)
    assert (found.born, found.sex) == (date(2001, 2, 3), "male")
    assert 81 <= int(number[2:4]) <= 89


def test_invented_people_differ():
    assert len({invented_resident(seed) for seed in range(60_000)}) == 60_000
    same_day = {invented_resident(seed, sex="female", born=date(1999, 9, 9)) for seed in range(53_000)}
    assert len(same_day) == 53_000
