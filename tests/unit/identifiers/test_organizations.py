"""Codes of organisations."""

import pytest
from stdnum.cn import uscc

from xinglin.standards.identifiers import SCHEMES, Fault, Identifier, Kind
from xinglin_demo import identifiers as demo

CREDIT = SCHEMES[Kind.CREDIT_CODE]
ORGANIZATION = SCHEMES[Kind.ORGANIZATION_CODE]
INSTITUTION = SCHEMES[Kind.HEALTH_INSTITUTION]


def rule(scheme, text: str, **terms: bool) -> str:
    found = scheme.parse(text, **terms)
    assert isinstance(found, Fault), found
    return found.rule


def test_credit_code_tells_authority_division_and_organisation():
    found = CREDIT.parse("9111 0000-600037341l")
    assert isinstance(found, Identifier)
    assert found.value == "91110000600037341L"
    assert found.parts == {"authority": "9", "category": "1", "organization-code": "600037341"}
    assert found.division is not None
    assert found.division.name == "北京市"


@pytest.mark.parametrize("kind", ["Y1", "A1", "N2", "52"])
def test_authorities_with_letters_are_understood(kind):
    """python-stdnum takes digits only in the first eight places."""
    body = f"{kind}360102PDY000011"
    assert CREDIT.is_valid(body + uscc.calc_check_digit(body), strict=True)


def test_bodies_of_the_whole_country():
    body = "11100000PDY000011"
    found = CREDIT.parse(body + uscc.calc_check_digit(body), strict=True)
    assert isinstance(found, Identifier)
    assert found.division is not None
    assert found.division.path == ("全国",)


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("", "empty"),
        ("91110000600037341", "length"),
        ("91110000600037341I", "characters"),
        ("911100006000S7341L", "characters"),
        ("91110000600037342L", "check"),
        ("9.1110000600037E+17", "rounded"),
    ],
)
def test_credit_code_faults(text, expected):
    assert rule(CREDIT, text) == expected


def test_credit_code_of_no_province():
    body = "91380000600037341"
    assert rule(CREDIT, body + uscc.calc_check_digit(body)) == "province"


def test_demo_institutions_are_read_but_not_strictly():
    code = demo.credit_code("12", "A00000011")
    assert CREDIT.is_valid(code)
    assert rule(CREDIT, code, strict=True) == "division"


@pytest.mark.parametrize("code", ["D2143569X", "D2143569-X", "d2143569x"])
def test_organisation_code_of_the_standards_example(code):
    assert ORGANIZATION.is_valid(code)


@pytest.mark.parametrize(
    ("text", "expected"),
    [("D21435691", "check"), ("D2143569", "length"), ("D214356?X", "characters"), ("D2143569XX", "length")],
)
def test_organisation_code_faults(text, expected):
    assert rule(ORGANIZATION, text) == expected


def test_zeros_lost_in_a_spreadsheet_come_back():
    whole = next(
        code for code in (f"{n:09d}" for n in range(1_000_000, 1_000_100)) if ORGANIZATION.is_valid(code)
    )
    assert ORGANIZATION.normalise(str(int(whole))) == whole
    assert ORGANIZATION.normalise(f"{int(whole)}.0") == whole
    assert ORGANIZATION.normalise("1234567") == "1234567"


def test_health_institution_code_has_parts():
    found = INSTITUTION.parse("PDY00001-X 360102 11 A100 1", strict=True)
    assert isinstance(found, Identifier)
    assert found.parts == {
        "organization-code": "PDY00001X",
        "economic-type": "11",
        "category": "A100",
        "management": "1",
    }
    assert rule(INSTITUTION, "PDY00001136010211A1001") == "check-organization"
    assert rule(INSTITUTION, "PDY00001X3601O211A1001") == "province"


def test_public_codes_are_shown_whole_but_only_when_right():
    assert CREDIT.mask("91110000600037341L") == "91110000600037341L"
    assert CREDIT.mask("11010519491231002X") == "*" * 18
