"""Orders, reports and results of every value type."""

from collections.abc import Callable
from decimal import Decimal
from typing import Any

import pytest

from xinglin.standards.conversion import Mode

PID = "PID|1||100^^^JXYY^MR||张^三"
ORC = "ORC|RE|O1^HIS|F1^LIS||CM"
OBR = "OBR|1|O1^HIS|F1^LIS|24323-8^生化^LN|||20260401080000|||||||||D01^李^四||||||20260401100000||HM|F"
Reader = Callable[..., Any]


def _value(read: Reader, kind: str, value: str, units: str = "", rest: str = "") -> dict[str, Any]:
    found = read(PID, ORC, OBR, f"OBX|1|{kind}|X1^项目^L||{value}|{units}|{rest}|||F", event="ORU^R01")
    record = found.one("Observation")
    return {name: one for name, one in record.items() if name.startswith("value") or name == "component"}


MMOL = {"unit": "mmol/L", "system": "http://unitsofmeasure.org", "code": "mmol/L"}


@pytest.mark.parametrize(
    ("kind", "value", "expected"),
    [
        ("NM", "5.10", {"valueQuantity": {"value": Decimal("5.10"), **MMOL}}),
        ("NM", "<0.5", {"valueQuantity": {"value": Decimal("0.5"), "comparator": "<", **MMOL}}),
        ("NM", "≥10", {"valueQuantity": {"value": Decimal(10), "comparator": ">=", **MMOL}}),
        ("NM", "阴性", {"valueString": "阴性"}),
        ("ST", "阴性(-)", {"valueString": "阴性(-)"}),
        ("TX", "第一行~第二行", {"valueString": "第一行\n第二行"}),
        ("FT", r"第一行\.br\第二行", {"valueString": "第一行\n第二行"}),
        ("SN", ">^100", {"valueQuantity": {"value": Decimal(100), "comparator": ">", **MMOL}}),
        (
            "SN",
            "^1^:^128",
            {
                "valueRatio": {
                    "numerator": {"value": Decimal(1), **MMOL},
                    "denominator": {"value": Decimal(128), **MMOL},
                }
            },
        ),
        (
            "SN",
            "^2^-^4",
            {
                "valueRange": {
                    "low": {"value": Decimal(2), **MMOL},
                    "high": {"value": Decimal(4), **MMOL},
                }
            },
        ),
        ("SN", "^2^+", {"valueString": "2 +"}),
        ("DT", "20260401", {"valueDateTime": "2026-04-01"}),
        ("TS", "202604010800", {"valueDateTime": "2026-04-01T08:00:00+08:00"}),
        ("DTM", "202604", {"valueDateTime": "2026-04"}),
        ("TM", "0830", {"valueTime": "08:30:00"}),
        ("TM", "soon", {"valueString": "soon"}),
        (
            "CWE",
            "260373001^检出^SCT^1^阳性^L",
            {
                "valueCodeableConcept": {
                    "coding": [
                        {"system": "http://snomed.info/sct", "code": "260373001", "display": "检出"},
                        {"system": "urn:xinglin:code:jx-hospital:result", "code": "1", "display": "阳性"},
                    ],
                    "text": "检出",
                }
            },
        ),
    ],
)
def test_values_by_their_type(read: Reader, kind: str, value: str, expected: dict[str, Any]):
    assert _value(read, kind, value, "mmol/L") == expected


def test_units_of_ucum_say_so(read: Reader):
    found = _value(read, "NM", "5", "mmol/L^毫摩尔/升^UCUM")
    assert found["valueQuantity"]["system"] == "http://unitsofmeasure.org"
    assert found["valueQuantity"]["code"] == "mmol/L"


def test_several_numbers_become_components(read: Reader):
    found = _value(read, "NM", "60~120")
    assert [one["valueQuantity"]["value"] for one in found["component"]] == [60, 120]


@pytest.mark.parametrize(
    ("written", "expected"),
    [
        ("3.9-6.1", (Decimal("3.9"), Decimal("6.1"))),
        ("3.9--6.1", (Decimal("3.9"), Decimal("6.1"))),
        ("3.9~6.1", (Decimal("3.9"), Decimal("6.1"))),
        ("-2-3", (Decimal(-2), Decimal(3))),
        ("<5", (None, None)),
        ("≤5", (None, Decimal(5))),
        (">=1.5", (Decimal("1.5"), None)),
        ("阴性", (None, None)),
        ("6-3", (None, None)),
    ],
)
def test_reference_ranges_keep_their_text(
    read: Reader, written: str, expected: tuple[Decimal | None, Decimal | None]
):
    found = read(PID, ORC, OBR, f"OBX|1|NM|X1^项目^L||5||{written}|||", event="ORU^R01").one("Observation")
    (range_,) = found["referenceRange"]
    assert range_["text"] == written
    assert (range_.get("low", {}).get("value"), range_.get("high", {}).get("value")) == expected


@pytest.mark.parametrize(
    ("flag", "status"),
    [("F", "final"), ("C", "corrected"), ("D", "entered-in-error"), ("P", "preliminary"), ("", "unknown")],
)
def test_the_state_of_a_result(read: Reader, flag: str, status: str):
    found = read(PID, ORC, OBR, f"OBX|1|NM|X1^项目^L||5||||||{flag}", event="ORU^R01")
    assert found.one("Observation")["status"] == status


def test_flags_are_mapped_and_what_they_were_is_kept(read: Reader):
    found = read(PID, ORC, OBR, "OBX|1|NM|X1^项目^L||5|||H~?odd|||F", event="ORU^R01").one("Observation")
    codes = [[one["code"] for one in entry["coding"]] for entry in found["interpretation"]]
    assert codes == [["H", "H"], ["?odd"]]
    assert (
        found["interpretation"][0]["coding"][1]["system"] == "http://terminology.hl7.org/CodeSystem/v2-0078"
    )


def test_a_correction_is_the_same_result_and_a_repetition_another(read: Reader):
    def ids(*results: str) -> list[str]:
        return [one["id"] for one in read(PID, ORC, OBR, *results, event="ORU^R01").all("Observation")]

    first = ids(
        "OBX|1|NM|X1^项目^L||5||||||F", "OBX|2|NM|X1^项目^L||6||||||F", "OBX|3|NM|X1^项目^L|a|6||||||F"
    )
    assert len(set(first)) == 3
    assert ids("OBX|1|NM|X1^项目^L||7||||||C") == first[:1]


def test_order_and_report_meet_in_the_request(read: Reader):
    ordered = read(PID, "ORC|NW|O1^HIS", "OBR|1|O1^HIS||24323-8^生化^LN", event="OML^O21", control="M0")
    reported = read(PID, ORC, OBR, "OBX|1|NM|X1^项目^L||5||||||F", event="ORU^R01")
    request, report = ordered.one("ServiceRequest"), reported.one("DiagnosticReport")
    assert request["status"] == "active"
    assert ordered.fact(request).mode is Mode.FULL
    assert report["basedOn"] == [{"reference": f"ServiceRequest/{request['id']}"}]
    assert reported.fact(reported.one("ServiceRequest")).mode is Mode.MENTION
    assert report["status"] == "final"
    assert report["result"] == [{"reference": f"Observation/{reported.one('Observation')['id']}"}]


def test_an_order_is_cancelled_without_detail(read: Reader):
    found = read(PID, "ORC|CA|O1^HIS", event="ORM^O01")
    assert found.one("ServiceRequest")["status"] == "revoked"


def test_a_vital_sign_takes_its_form_or_keeps_a_local_code(read: Reader):
    right = read(PID, ORC, OBR, "OBX|1|NM|8867-4^心率^LN||72|次/分|||||F", event="ORU^R01").one("Observation")
    assert right["valueQuantity"]["code"] == "/min"
    assert right["category"][0]["coding"][0]["code"] == "vital-signs"
    wrong = read(PID, ORC, OBR, "OBX|1|ST|8867-4^心率^LN||偏快||||||F", event="ORU^R01").one("Observation")
    assert wrong["code"]["coding"][0]["system"] == "urn:xinglin:code:jx-hospital:vital-sign"


def test_files_and_pointers_keep_their_content(read: Reader):
    pdf = read(PID, ORC, OBR, "OBX|1|ED|R^报告^L||LIS^AP^PDF^Base64^JVBERi0=||||||F", event="ORU^R01")
    assert pdf.one("DiagnosticReport")["presentedForm"] == [
        {"contentType": "application/pdf", "data": "JVBERi0=", "title": "报告"}
    ]
    link = read(
        PID, ORC, OBR, r"OBX|1|RP|R^影像^L||http://pacs/x?a=1\T\b=2^PACS^IM^JPEG||||||F", event="ORU^R01"
    )
    (extension,) = link.one("Observation")["extension"]
    assert extension["valueAttachment"] == {"contentType": "image/jpeg", "url": "http://pacs/x?a=1&b=2"}
    broken = read(PID, ORC, OBR, "OBX|1|ED|R^报告^L||LIS^AP^PDF^Base64^%%%||||||F", event="ORU^R01")
    assert "OBX-5" in broken.item.unknown


def test_remarks_and_specimens_belong_to_what_stands_before(read: Reader):
    found = read(
        PID,
        ORC,
        OBR,
        "OBX|1|NM|X1^项目^L||5||||||F",
        "NTE|1||溶血",
        "SPM|1|^S9&LIS||BLD^血^HL70487|||||||||||||20260401",
        event="ORU^R01",
    )
    assert found.one("Observation")["note"] == [{"text": "溶血"}]
    specimen = found.one("Specimen")
    assert specimen["collection"]["collectedDateTime"] == "2026-04-01"
    assert found.one("DiagnosticReport")["specimen"] == [{"reference": f"Specimen/{specimen['id']}"}]


@pytest.mark.parametrize("units", ["10^9/L", "10^9/L^10^9/L^L", r"10\S\9/L", "x10^9/L"])
def test_a_power_of_ten_keeps_its_ten_without_escapes(read: Reader, units: str) -> None:
    """9/L would be another unit: 12 of them are 1.08e-7 times 10*9/L."""
    assert _value(read, "NM", "12.0", units)["valueQuantity"]["unit"].removeprefix("x") == "10^9/L"
