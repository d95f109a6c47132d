"""Documents, medicines, vaccines, appointments, charges, referrals, problems."""

import base64
from collections.abc import Callable
from decimal import Decimal
from typing import Any

import pytest

PID = "PID|1||100^^^JXYY^MR||张^三||||||||||||A9^^^JXYY^AN"
Reader = Callable[..., Any]


def test_a_document_has_its_text_and_what_it_replaces(read: Reader):
    lines = (
        "TXA|1|DS^出院小结^L|TX|202604010800||||||||D2^EMR|D1^EMR||||AU",
        "OBX|1|TX|t||第一段",
        "OBX|2|TX|t||第二段",
    )
    found = read("EVN|T10", PID, *lines, event="MDM^T10").one("DocumentReference")
    (content,) = found["content"]
    assert base64.b64decode(content["attachment"]["data"]).decode() == "第一段\n第二段"
    assert found["docStatus"] == "final"
    assert found["relatesTo"][0]["code"] == "replaces"
    older = read("EVN|T02", PID, lines[0].replace("D2^EMR|D1^EMR", "D1^EMR|"), event="MDM^T02").one(
        "DocumentReference"
    )
    assert found["relatesTo"][0]["target"]["reference"] == f"DocumentReference/{older['id']}"


def test_a_prescription_and_what_was_dispensed_meet(read: Reader):
    order = "ORC|NW|R1^HIS||||||||||D01^李^四"
    drug = "RXE|^TID^D3|XA01^阿莫西林胶囊^L|0.5|1|g^克||饭后服|||24|粒"
    prescribed = read(PID, order, drug, "RXR|PO^口服^L", "TQ1|1||||||20260401|20260404", event="RDE^O11").one(
        "MedicationRequest"
    )
    (dosage,) = prescribed["dosageInstruction"]
    assert dosage["doseAndRate"][0]["doseRange"]["high"]["value"] == Decimal(1)
    assert dosage["route"]["coding"][0]["code"] == "PO"
    assert dosage["timing"]["repeat"]["boundsPeriod"] == {"start": "2026-04-01", "end": "2026-04-04"}
    assert prescribed["dispenseRequest"]["quantity"] == {"value": Decimal(24), "unit": "粒"}
    assert prescribed["requester"]["display"] == "李四"
    dispensed = read(
        PID,
        order.replace("NW", "RE"),
        drug,
        "RXD|1|XA01^阿莫西林胶囊^L|202604011100|24|粒||R1-1",
        event="RDS^O13",
    ).one("MedicationDispense")
    assert dispensed["authorizingPrescription"] == [{"reference": f"MedicationRequest/{prescribed['id']}"}]


def test_a_vaccine_and_one_refused(read: Reader):
    found = read(
        PID,
        "ORC|RE||I1^EPI",
        "RXA|0|1|20260401||03^麻腮风^L|0.5|mL||00^New^NIP001||||||LOT1|20270101|||CP|CP",
        "ORC|RE||I2^EPI",
        "RXA|0|1|20260401||04^乙肝^L|999||||||||||||||RE",
        event="VXU^V04",
    )
    given, refused = found.all("Immunization")
    assert (given["status"], given["lotNumber"], given["primarySource"]) == ("completed", "LOT1", True)
    assert refused["status"] == "not-done"
    assert "doseQuantity" not in refused


@pytest.mark.parametrize(
    ("event", "status"),
    [("S12", "booked"), ("S15", "cancelled"), ("S17", "entered-in-error"), ("S26", "noshow")],
)
def test_an_appointment_by_its_event(read: Reader, event: str, status: str):
    sch = "SCH||F7^APP|||||复诊^复诊^L||30|min|^^^202604031000"
    found = read(sch, PID, "RGS|1", "AIP|1||D01^李^四", "AIL|1||门诊^3", event=f"SIU^{event}").one(
        "Appointment"
    )
    assert found["status"] == status
    assert found["start"] == "2026-04-03T10:00:00+08:00"
    assert found["end"] == "2026-04-03T10:30:00+08:00"
    assert len(found["participant"]) == 3


def test_an_appointment_without_a_time_is_a_proposal(read: Reader):
    found = read("SCH||F7^APP", PID, event="SIU^S12").one("Appointment")
    assert found["status"] == "proposed"


def test_charges_stand_on_the_account(read: Reader):
    found = read(
        "EVN|P03",
        PID,
        "FT1|1|T1||20260401|20260401|CG|B001^血常规^L|||1|25.00&CNY",
        "IN1|1|310^职工医保^L|YB01^^^YB|南昌市医保局||||||||20260101||||张^三|SEL",
        event="DFT^P03",
    )
    charge, account = found.one("ChargeItem"), found.one("Account")
    assert charge["priceOverride"] == {"value": Decimal("25.00"), "currency": "CNY"}
    assert charge["account"] == [{"reference": f"Account/{account['id']}"}]
    assert account["coverage"] == [{"coverage": {"reference": f"Coverage/{found.one('Coverage')['id']}"}}]


def test_a_referral_goes_from_one_to_another(read: Reader):
    found = read(
        "RF1|A|S|Med^内科^HL70281|||R77^HIS|20260401",
        "PRD|RP|李^四|||||D01",
        "PRD|RT|王^五|||||D09",
        PID,
        event="REF^I12",
    ).one("ServiceRequest")
    assert (found["status"], found["priority"]) == ("active", "stat")
    assert found["requester"]["display"] == "李四"
    assert found["performer"][0]["display"] == "王五"


def test_problems_diagnoses_allergies_and_procedures(read: Reader):
    problem = read(PID, "PRB|AD|202604010800|I10^高血压^I10|P1|||20200101", event="PPR^PC1").one("Condition")
    assert problem["clinicalStatus"]["coding"][0]["code"] == "active"
    deleted = read(PID, "PRB|DE|202604010800|I10^高血压^I10|P1", event="PPR^PC3").one("Condition")
    assert deleted["id"] == problem["id"]
    assert deleted["verificationStatus"]["coding"][0]["code"] == "entered-in-error"
    found = read(
        "EVN|A60", PID, "IAM|1|DA|A01^青霉素^L|SV|皮疹|A", "IAM|2|FA|F01^花生^L|MO||D", event="ADT^A60"
    ).all("AllergyIntolerance")
    assert found[0]["criticality"] == "high"
    assert found[0]["reaction"][0]["severity"] == "severe"
    assert found[1]["verificationStatus"]["coding"][0]["code"] == "entered-in-error"
    older = read(
        "EVN|A28", PID, "DG1|1|I10|I10|高血压||F", "PR1|1||47.0^阑尾切除^L||20260401", event="ADT^A28"
    )
    assert older.one("Condition")["code"]["coding"][0]["system"] == "http://hl7.org/fhir/sid/icd-10"
    assert older.one("Procedure")["performedDateTime"] == "2026-04-01"
