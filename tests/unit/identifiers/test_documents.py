"""Travel permits, passports, health records, and numbers of which little is known."""

import pytest

from xinglin.standards.identifiers import SCHEMES, Fault, Identifier, Kind


@pytest.mark.parametrize(
    ("kind", "text", "value", "parts"),
    [
        (Kind.HK_MACAO_TRAVEL, "h1234567801", "H12345678", {"renewals": "01"}),
        (Kind.HK_MACAO_TRAVEL, "M 1234 5678", "M12345678", {}),
        (Kind.TAIWAN_TRAVEL, "01234567", "01234567", {}),
        (Kind.TAIWAN_TRAVEL, "0123456701(B)", "01234567", {"renewals": "01"}),
        (Kind.TAIWAN_TRAVEL, "0123456701（B）", "01234567", {"renewals": "01"}),
        (Kind.PASSPORT, "e12345678", "E12345678", {}),
        (Kind.PASSPORT, "EA1234567", "EA1234567", {}),
        (Kind.INSURED, "3601 0000 1234", "360100001234", {}),
        (Kind.LOCAL, " 00a-17 ", "00a-17", {}),
    ],
)
def test_normal_form(kind, text, value, parts):
    found = SCHEMES[kind].parse(text)
    assert isinstance(found, Identifier)
    assert (found.value, dict(found.parts)) == (value, parts)


@pytest.mark.parametrize(
    ("kind", "text", "rule"),
    [
        (Kind.HK_MACAO_TRAVEL, "X12345678", "form"),
        (Kind.HK_MACAO_TRAVEL, "H123456789", "form"),
        (Kind.TAIWAN_TRAVEL, "1234567", "form"),
        (Kind.PASSPORT, "PASSPORT", "form"),
        (Kind.PASSPORT, "E1234567890", "form"),
        (Kind.PASSPORT, "1.2E+08", "rounded"),
        (Kind.HEALTH_RECORD, "3601021012000001", "length"),
        (Kind.HEALTH_RECORD, "38010210120100001", "province"),
        (Kind.INSURED, "1" * 31, "length"),
        (Kind.INSURED, "36010000?", "form"),
        (Kind.INSURED, "3.60E+17", "rounded"),
        (Kind.LOCAL, "x" * 65, "length"),
        (Kind.LOCAL, "x" * 1000, "length"),
    ],
)
def test_what_is_wrong_is_told(kind, text, rule):
    found = SCHEMES[kind].parse(text)
    assert isinstance(found, Fault)
    assert found.rule == rule


def test_renewed_card_is_the_same_person():
    scheme = SCHEMES[Kind.HK_MACAO_TRAVEL]
    first, second = scheme.parse("H1234567800"), scheme.parse("H1234567801")
    assert isinstance(first, Identifier)
    assert isinstance(second, Identifier)
    assert first.value == second.value


def test_health_record_names_its_places():
    found = SCHEMES[Kind.HEALTH_RECORD].parse("36010210120100017")
    assert isinstance(found, Identifier)
    assert found.division is not None
    assert found.division.path == ("江西省", "南昌市", "东湖区")
    assert found.parts == {"township": "360102101", "village": "360102101201", "serial": "00017"}
    invented = SCHEMES[Kind.HEALTH_RECORD]
    assert not invented.is_valid(invented.invented(3), strict=True)


@pytest.mark.parametrize(("text", "shown"), [("12", "**"), ("12345", "*****"), ("123456", "****56")])
def test_short_numbers_are_hidden_whole(text, shown):
    assert SCHEMES[Kind.LOCAL].mask(text) == shown
