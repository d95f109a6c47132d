"""What must not be claimed: allergies that are none, operations not done yet; words that say more."""

from collections.abc import Callable
from decimal import Decimal
from typing import Any

import pytest

PID = "PID|1||100^^^JXYY^MR||张^三"
SNOMED = "http://snomed.info/sct"
Reader = Callable[..., Any]


@pytest.mark.parametrize(
    ("allergen", "code"),
    [
        ("NKA^无已知过敏^L", "716186003"),
        ("X1^否认过敏史^L", "716186003"),
        ("无", "716186003"),
        ("nkda", "409137002"),
        ("^否认药物过敏史", "409137002"),
        ("NKFA", "429625007"),
    ],
)
def test_no_known_allergy_is_no_allergy(read: Reader, allergen: str, code: str):
    found = read("EVN|A28", PID, f"AL1|2|FA|{allergen}", event="ADT^A28")
    record = found.one("AllergyIntolerance")
    assert record["code"]["coding"][0] == {"system": SNOMED, "code": code}
    assert "category" not in record
    assert record["clinicalStatus"]["coding"][0]["code"] == "active"
    assert "AL1-2" in found.item.unknown


def test_an_allergy_stays_one(read: Reader):
    record = read("EVN|A28", PID, "AL1|1|FA|F01^无花果^L", event="ADT^A28").one("AllergyIntolerance")
    assert record["category"] == ["food"]
    assert record["code"]["coding"][0]["code"] == "F01"


@pytest.mark.parametrize(
    ("day", "action", "status"),
    [
        ("20260402", "", "preparation"),
        ("20260401", "", "completed"),
        ("", "", "unknown"),
        ("20260402", "D", "entered-in-error"),
    ],
)
def test_an_operation_to_come_is_not_done(read: Reader, day: str, action: str, status: str):
    line = f"PR1|1||79.35^切开复位^I9C||{day}||||||||||||||P1|{action}"
    assert read("EVN|A28", PID, line, event="ADT^A28").one("Procedure")["status"] == status


def test_the_description_is_the_text_where_it_says_more(read: Reader):
    found = read(
        "EVN|A28",
        PID,
        "DG1|1||C50.9^乳腺恶性肿瘤^I10|左侧乳腺癌|20260301|F",
        "DG1|2||J18^肺炎待查^I10|肺炎|20260301|F",
        "PR1|1||85.21^乳房病损切除^I9C|左乳肿物切除|20260302",
        event="ADT^A28",
    )
    first, second = found.all("Condition")
    assert first["code"]["text"] == "左侧乳腺癌"
    assert first["code"]["coding"][0]["display"] == "乳腺恶性肿瘤"
    assert second["code"]["text"] == "肺炎待查"
    assert found.one("Procedure")["code"]["text"] == "左乳肿物切除"


@pytest.mark.parametrize(
    ("written", "code"),
    [
        ("mmol/L", "mmol/L"),
        ("μmol/L", "umol/L"),
        ("10^9/L", "10*9/L"),
        ("级", None),
        ("mg/dL^^UCUM", "mg/dL"),
    ],
)
def test_units_that_are_known_have_their_ucum_code(read: Reader, written: str, code: str | None):
    line = f"OBX|1|NM|GLU^糖^L||5.6|{written}|3.9-6.1||||F"
    value = read(PID, "OBR|1||F1|BC^生化^L", line, event="ORU^R01").one("Observation")
    quantity = value["valueQuantity"]
    assert quantity["value"] == Decimal("5.6")
    assert quantity["unit"] == written.split("^^", maxsplit=1)[0]
    assert quantity.get("code") == code
    assert quantity.get("system") == ("http://unitsofmeasure.org" if code else None)
    assert value["referenceRange"][0]["high"].get("code") == code
