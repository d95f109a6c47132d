"""The shipped rules: each is right about a record that passes and one that fails."""

import re
from datetime import UTC, date, datetime
from typing import Any
from zoneinfo import ZoneInfo

import pytest

from xinglin.hub.quality import ruleset
from xinglin.hub.quality.derived import VARIABLES, variables
from xinglin.hub.quality.judge import Judge
from xinglin.standards.identifiers import SCHEMES, Kind, invented_resident

Json = dict[str, Any]
RULES = ruleset.build({})
ZONE = ZoneInfo("Asia/Shanghai")
JUDGE = Judge(RULES, ZONE)
RECEIVED = datetime(2026, 3, 2, 4, tzinfo=UTC)
NUMBER = invented_resident(7, sex="female", born=date(1988, 7, 3))
OTHER = invented_resident(9, sex="female", born=date(1988, 7, 3))
ORGANIZATION = SCHEMES[Kind.CREDIT_CODE].invented(1)
IDENTITY = "urn:oid:2.16.156.10011.1.3"
ICD = "urn:oid:2.16.156.10011.2.3.3.11"
UCUM = "http://unitsofmeasure.org"


def identity(*numbers: str) -> list[Json]:
    return [{"system": IDENTITY, "value": number} for number in numbers]


def coded(system: str, code: str, **more: str) -> Json:
    return {"coding": [{"system": system, "code": code, **more}]}


def lab(value: int | None = 5, low: int = 4, high: int = 6, flag: str = "N", **more: Any) -> Json:
    found: Json = {
        "category": [coded("c", "laboratory")],
        "code": coded("http://loinc.org", "2345-7"),
        "referenceRange": [{"low": {"value": low}, "high": {"value": high}}],
        "interpretation": [coded("i", flag)],
    }
    if value is not None:
        found["valueQuantity"] = {"value": value, "unit": "mmol/L", "system": UCUM, "code": "mmol/L"}
    return {key: one for key, one in (found | more).items() if one is not None}


def pressure(systolic: int, diastolic: int) -> Json:
    parts = (("8480-6", systolic), ("8462-4", diastolic))
    return {
        "category": [coded("c", "vital-signs")],
        "component": [
            {"code": coded("http://loinc.org", code), "valueQuantity": {"value": value, "unit": "mmHg"}}
            for code, value in parts
        ],
    }


def dose(value: int) -> Json:
    return {"dosageInstruction": [{"doseAndRate": [{"doseQuantity": {"value": value, "unit": "mg"}}]}]}


PASS, FAIL, OUT = "pass", "fail", "out"
CASES: list[tuple[str, str, Json]] = [
    ("patient-name", PASS, {"name": [{"text": "王芳"}]}),
    ("patient-name", FAIL, {"name": [{"use": "official"}]}),
    ("patient-name-real", PASS, {"name": [{"text": "王芳"}]}),
    ("patient-name-real", FAIL, {"name": [{"text": "无名氏"}]}),
    ("patient-name-real", FAIL, {"name": [{"family": "XXX"}]}),
    ("patient-name-real", OUT, {}),
    ("patient-sex-known", FAIL, {"gender": "unknown"}),
    ("patient-birth-day", PASS, {"birthDate": "1988-07-03"}),
    ("patient-birth-day", FAIL, {"birthDate": "1988"}),
    ("patient-age", PASS, {"birthDate": "1988-07-03"}),
    ("patient-age", FAIL, {"birthDate": "1788-07-03"}),
    ("patient-age", FAIL, {"birthDate": "2026-03-03"}),
    ("patient-age", PASS, {"birthDate": "2026-03-02"}),
    ("patient-identity", PASS, {"identifier": identity(NUMBER)}),
    ("patient-identity", FAIL, {"identifier": [{"system": "urn:xinglin:id:a:patient", "value": "7"}]}),
    ("patient-identity-valid", PASS, {"identifier": identity(NUMBER)}),
    ("patient-identity-valid", FAIL, {"identifier": identity(NUMBER[:-1] + "?")}),
    ("patient-identity-valid", FAIL, {"identifier": identity(NUMBER, "1" * 18)}),
    ("patient-identity-valid", OUT, {}),
    ("patient-identity-born", PASS, {"identifier": identity(NUMBER), "birthDate": "1988-07-03"}),
    ("patient-identity-born", FAIL, {"identifier": identity(NUMBER), "birthDate": "1988-03-07"}),
    ("patient-identity-sex", PASS, {"identifier": identity(NUMBER), "gender": "female"}),
    ("patient-identity-sex", FAIL, {"identifier": identity(NUMBER), "gender": "male"}),
    ("patient-identity-sex", OUT, {"identifier": identity(NUMBER), "gender": "unknown"}),
    ("patient-identity-once", PASS, {"identifier": identity(NUMBER, NUMBER)}),
    ("patient-identity-once", FAIL, {"identifier": identity(NUMBER, OTHER)}),
    ("patient-phone-valid", PASS, {"telecom": [{"system": "phone", "value": "13800138000"}]}),
    ("patient-phone-valid", FAIL, {"telecom": [{"system": "phone", "value": "12"}]}),
    ("patient-phone-valid", OUT, {"telecom": [{"system": "email", "value": "a@b"}]}),
    ("patient-address-division", PASS, {"address": [{"state": "杏林省", "district": "橘井县"}]}),
    ("patient-address-division", FAIL, {"address": [{"text": "桃花村"}]}),
    ("patient-death-order", PASS, {"birthDate": "1950-01-01", "deceasedDateTime": "2020-01-01"}),
    ("patient-death-order", FAIL, {"birthDate": "1950-01-01", "deceasedDateTime": "1949-01-01"}),
    ("visit-class", PASS, {"resourceType": "Encounter", "class": {"code": "AMB"}}),
    ("visit-class", FAIL, {"resourceType": "Encounter", "class": {"display": "门诊"}}),
    (
        "visit-end",
        FAIL,
        {"resourceType": "Encounter", "status": "finished", "period": {"start": "2026-03-01"}},
    ),
    ("visit-end", OUT, {"resourceType": "Encounter", "status": "in-progress"}),
    (
        "visit-order",
        PASS,
        {"resourceType": "Encounter", "period": {"start": "2026-03-01", "end": "2026-03-01T09:00:00Z"}},
    ),
    (
        "visit-order",
        FAIL,
        {"resourceType": "Encounter", "period": {"start": "2026-03-02", "end": "2026-03-01"}},
    ),
    (
        "visit-stay-length",
        FAIL,
        {
            "resourceType": "Encounter",
            "class": {"code": "IMP"},
            "period": {"start": "2024-03-01", "end": "2026-03-01"},
        },
    ),
    (
        "visit-diagnosis",
        PASS,
        {"resourceType": "Encounter", "status": "finished", "reasonCode": [{"text": "咳嗽"}]},
    ),
    ("visit-diagnosis", FAIL, {"resourceType": "Encounter", "status": "finished"}),
    ("visit-timely", PASS, {"resourceType": "Encounter", "period": {"end": "2026-03-01T23:00:00+08:00"}}),
    ("visit-timely", FAIL, {"resourceType": "Encounter", "period": {"end": "2026-02-27T10:00:00+08:00"}}),
    ("visit-timely", OUT, {"resourceType": "Encounter", "period": {"end": "2016-02-27T10:00:00+08:00"}}),
    ("visit-timely", OUT, {"resourceType": "Encounter", "period": {"end": "2026-02"}}),
    ("visit-future", FAIL, {"resourceType": "Encounter", "period": {"start": "2026-03-09T10:00:00+08:00"}}),
    *(
        ("diagnosis-coded", PASS, {"resourceType": "Condition", "code": coded(ICD, code)})
        for code in ("I10", "I10.x00", "I10.x00x002", "J06.900", "E11.9", "A17.0+", "G01*")
    ),
    *(
        ("diagnosis-coded", FAIL, {"resourceType": "Condition", "code": coded(ICD, code)})
        for code in ("I1", "高血压", "i10", "I10.")
    ),
    ("diagnosis-coded", FAIL, {"resourceType": "Condition", "code": {"text": "高血压"}}),
    (
        "diagnosis-coded",
        OUT,
        {"resourceType": "Condition", "code": coded("urn:oid:2.16.156.10011.2.3.3.14", "BNW010")},
    ),
    ("diagnosis-code-form", FAIL, {"resourceType": "Condition", "code": coded(ICD, "I1O")}),
    (
        "diagnosis-order",
        FAIL,
        {"resourceType": "Condition", "onsetDateTime": "2026-02-02", "abatementDateTime": "2026-02-01"},
    ),
    ("lab-item-standard", PASS, lab()),
    ("lab-item-standard", FAIL, lab(code=coded("urn:xinglin:code:a:lab-item", "GLU"))),
    ("lab-value", PASS, lab(None, valueString="阴性")),
    ("lab-value", FAIL, lab(None)),
    ("lab-unit", PASS, lab()),
    ("lab-unit", FAIL, lab(valueQuantity={"value": 5})),
    ("lab-range", FAIL, lab(referenceRange=None)),
    ("lab-flag", FAIL, lab(interpretation=None)),
    ("lab-flag-agrees", PASS, lab(5, flag="N")),
    ("lab-flag-agrees", PASS, lab(7, flag="H")),
    ("lab-flag-agrees", PASS, lab(3, flag="LL")),
    ("lab-flag-agrees", PASS, lab(4, flag="N")),
    ("lab-flag-agrees", FAIL, lab(7, flag="N")),
    ("lab-flag-agrees", FAIL, lab(5, flag="H")),
    ("lab-flag-agrees", FAIL, lab(3, flag="H")),
    ("lab-flag-agrees", OUT, lab(5, flag="POS")),
    ("lab-flag-agrees", OUT, lab(5, referenceRange=[{"text": "4-6"}])),
    ("lab-issued-order", FAIL, lab(effectiveDateTime="2026-03-01T09:00:00Z", issued="2026-03-01T08:00:00Z")),
    ("vital-pressure-order", PASS, pressure(120, 80)),
    ("vital-pressure-order", FAIL, pressure(80, 120)),
    ("vital-unit", PASS, pressure(120, 80)),
    ("vital-unit", FAIL, {"category": [coded("c", "vital-signs")], "valueQuantity": {"value": 37}}),
    (
        "specimen-order",
        FAIL,
        {
            "resourceType": "Specimen",
            "receivedTime": "2026-03-01",
            "collection": {"collectedDateTime": "2026-03-02"},
        },
    ),
    (
        "report-content",
        PASS,
        {"resourceType": "DiagnosticReport", "status": "final", "conclusion": "未见异常"},
    ),
    ("report-content", FAIL, {"resourceType": "DiagnosticReport", "status": "final"}),
    ("report-content", OUT, {"resourceType": "DiagnosticReport", "status": "registered"}),
    ("report-order", FAIL, {"resourceType": "DiagnosticReport"}),
    (
        "medicine-coded",
        FAIL,
        {"resourceType": "MedicationRequest", "medicationCodeableConcept": {"text": "阿司匹林"}},
    ),
    (
        "medicine-coded",
        OUT,
        {"resourceType": "MedicationRequest", "medicationReference": {"reference": "Medication/a"}},
    ),
    ("medicine-dose", PASS, {"resourceType": "MedicationRequest", **dose(5)}),
    ("medicine-dose-positive", FAIL, {"resourceType": "MedicationRequest", **dose(0)}),
    (
        "medicine-frequency",
        PASS,
        {"resourceType": "MedicationRequest", "dosageInstruction": [{"asNeededBoolean": True}]},
    ),
    (
        "procedure-order",
        FAIL,
        {"resourceType": "Procedure", "performedPeriod": {"start": "2026-02-02", "end": "2026-02-01"}},
    ),
    ("procedure-order", OUT, {"resourceType": "Procedure", "performedDateTime": "2026-02-02"}),
    (
        "immunisation-time",
        FAIL,
        {"resourceType": "Immunization", "status": "completed", "occurrenceDateTime": "2026"},
    ),
    (
        "document-content",
        PASS,
        {"resourceType": "DocumentReference", "content": [{"attachment": {"url": "Binary/a"}}]},
    ),
    ("institution-code", PASS, {"resourceType": "Organization", "identifier": [{"value": ORGANIZATION}]}),
    ("institution-code", FAIL, {"resourceType": "Organization", "identifier": [{"value": "1"}]}),
]
KINDS = {"patient": "Patient", "lab": "Observation", "vital": "Observation"}


@pytest.mark.parametrize(("rule", "expected", "content"), CASES)
def test_a_rule_is_right_about_its_cases(rule: str, expected: str, content: Json) -> None:
    verdict = JUDGE.judge(
        {"resourceType": KINDS.get(rule.split("-", maxsplit=1)[0], ""), "id": "a"} | content, RECEIVED
    )
    found = FAIL if rule in verdict.failed else PASS if rule in verdict.tested else OUT
    assert found == expected
    assert not verdict.unanswered


def test_there_are_rules_for_every_dimension_and_indicator() -> None:
    assert len(RULES.rules) > 60
    assert {rule.dimension for rule in RULES.rules.values()} == set(RULES.dimensions)
    assert {rule.indicator for rule in RULES.rules.values()} - {""} == set(RULES.indicators)


def test_rules_use_variables_that_exist() -> None:
    named = {
        name
        for rule in RULES.of_kind("fhirpath")
        for name in re.findall(r"%(\w+)", f"{rule.scope} {rule.test}")
    }
    assert named == set(VARIABLES)
    for kind in {rule.type for rule in RULES.rules.values()}:
        event = RULES.events.get(kind)
        assert set(variables({"resourceType": kind}, event, RECEIVED, ZONE)) == set(VARIABLES)


@pytest.mark.parametrize(
    ("start", "day"),
    [
        ("2026-03-01T23:30:00Z", date(2026, 3, 2)),
        ("2026-03-01", date(2026, 3, 1)),
        ("2026-03", date(2026, 3, 2)),
        ("2026-04-01", date(2026, 3, 2)),
        ("1066-10-14", date(2026, 3, 2)),
        ("0001-01-01T00:00:00+14:00", date(2026, 3, 2)),
        ("9999-12-31T23:59:59-12:00", date(2026, 3, 2)),
        ("not a day", date(2026, 3, 2)),
    ],
)
def test_a_record_is_counted_on_a_day_that_can_be(start: str, day: date) -> None:
    verdict = JUDGE.judge({"resourceType": "Encounter", "id": "a", "period": {"start": start}}, RECEIVED)
    assert verdict.day == day
