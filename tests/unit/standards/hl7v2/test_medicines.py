"""Doses, times and conditions of medicines; vaccines that weren't given."""

from collections.abc import Callable, Sequence
from decimal import Decimal
from typing import Any

import pytest

from xinglin.core.exact_json import Json

PID = "PID|1||100^^^JXYY^MR||张^三"
Reader = Callable[..., Any]


def _prescribed(read: Reader, *lines: str) -> tuple[Json, Sequence[str]]:
    found = read(PID, *lines, event="RDE^O11")
    return found.one("MedicationRequest"), found.item.unknown


def test_each_timing_has_its_own_dose_and_period(read: Reader):
    record, _ = _prescribed(
        read,
        "ORC|NW|Y3^HIS",
        "RXE||A3^泼尼松^L|5||mg",
        "TQ1|1|10^mg|QD||||20260501|20260503||||S",
        "TQ1|2|5^mg|QD||||20260504|20260506",
        "RXR|PO",
    )
    told = [
        (one["sequence"], one["doseAndRate"][0]["doseQuantity"], one["timing"]["repeat"]["boundsPeriod"])
        for one in record["dosageInstruction"]
    ]
    assert told == [
        (1, {"value": Decimal(10), "unit": "mg"}, {"start": "2026-05-01", "end": "2026-05-03"}),
        (2, {"value": Decimal(5), "unit": "mg"}, {"start": "2026-05-04", "end": "2026-05-06"}),
    ]
    assert [one["route"]["text"] for one in record["dosageInstruction"]] == ["PO", "PO"]


def test_what_an_older_field_adds_to_changing_doses_stays(read: Reader):
    record, unknown = _prescribed(
        read,
        "ORC|NW|Y7^HIS",
        "RXE|^QD&0800^^^^PRN^疼痛|A3^泼尼松^L|5||mg",
        "TQ1|1|10^mg|QD||||20260501|20260503",
        "TQ1|2|5^mg|QD||||20260504|20260506",
    )
    assert [one["asNeededCodeableConcept"]["text"] for one in record["dosageInstruction"]] == ["疼痛", "疼痛"]
    assert list(unknown) == ["RXE-1"]


def test_timings_that_contradict_are_told_in_words_only(read: Reader):
    older = "^BID^D7^20260501^20260508"
    record, unknown = _prescribed(
        read,
        f"ORC|NW|RX1^HIS|||||{older}",
        f"RXE|{older}|A1^阿莫西林胶囊^L|0.5||g||口服^饭后",
        "TQ1|1|0.5^g|TID^一日三次^L|||7^d|20260501|20260508",
        "RXR|PO^口服^HL70162",
    )
    (dosage,) = record["dosageInstruction"]
    assert "timing" not in dosage
    assert "BID" in dosage["text"]
    assert "TID 一日三次" in dosage["text"]
    assert dosage["text"].startswith("口服 饭后")
    assert dosage["doseAndRate"][0]["doseQuantity"] == {"value": Decimal("0.5"), "unit": "g"}
    assert {"RXE-1", "TQ1", "ORC-7"} <= set(unknown)


@pytest.mark.parametrize("quantity", ["10^mg", "2"])
def test_doses_that_contradict_are_told_in_words_only(read: Reader, quantity: str):
    record, unknown = _prescribed(
        read, "ORC|NW|Y4^HIS", "RXE||A3^泼尼松^L|5||mg", f"TQ1|1|{quantity}|QD||||20260501|20260503"
    )
    (dosage,) = record["dosageInstruction"]
    assert "doseAndRate" not in dosage
    assert dosage["timing"]["code"]["text"] == "QD"
    assert "5 mg" in dosage["text"]
    assert quantity.replace("^", " ") in dosage["text"]
    assert "TQ1" in unknown


@pytest.mark.parametrize(("quantity", "most"), [("5", "10"), ("1", ""), ("5^mg", "")])
def test_a_quantity_that_says_the_same_changes_nothing(read: Reader, quantity: str, most: str):
    record, unknown = _prescribed(
        read, "ORC|NW|Y5^HIS", f"RXE||A3^泼尼松^L|5|{most}|mg", f"TQ1|1|{quantity}|QD"
    )
    (dosage,) = record["dosageInstruction"]
    (dose,) = dosage["doseAndRate"]
    assert ("doseRange" in dose) == bool(most)
    assert dose.get("doseQuantity", {}).get("unit", "mg") == "mg"
    assert list(unknown) == []


@pytest.mark.parametrize(
    ("lines", "needed"),
    [
        (
            ("RXE|1^Q8H^^^^PRN^疼痛|A2^布洛芬^L|1||片",),
            {"asNeededCodeableConcept": {"text": "疼痛"}},
        ),
        (("RXE|1^QOD^^^^PRN|A2^布洛芬^L|1||片",), {"asNeededBoolean": True}),
        (("RXE|1^PRNQ6H|A2^布洛芬^L|1||片",), {"asNeededBoolean": True}),
        (("RXE||A2^布洛芬^L|1||片", "TQ1|1||必要时"), {"asNeededBoolean": True}),
        (
            ("RXE||A2^吗啡^L|5||mg", "TQ1|1|5^mg|Q4H|||3^d|20260501|20260504|S~PRN|疼痛|最多6次"),
            {"asNeededCodeableConcept": {"text": "疼痛"}},
        ),
        (("RXE|1^Q8H^^^^R^血压高于110|A2^布洛芬^L|1||片",), {}),
    ],
)
def test_as_needed_stays_as_needed(read: Reader, lines: tuple[str, ...], needed: Json):
    record, _ = _prescribed(read, "ORC|NW|Y2^HIS", *lines)
    (dosage,) = record["dosageInstruction"]
    assert {name: one for name, one in dosage.items() if name.startswith("asNeeded")} == needed
    assert "timing" in dosage


def test_all_instructions_stay_with_their_codes(read: Reader):
    record, _ = _prescribed(read, "ORC|NW|Y1^HIS", "RXE||A1^吗啡^L|5||mg||M1^痛时服^L~M2^勿与酒同服^L")
    (dosage,) = record["dosageInstruction"]
    assert dosage["text"] == "痛时服; 勿与酒同服"
    assert [one["coding"][0]["code"] for one in dosage["additionalInstruction"]] == ["M1", "M2"]


def test_components_without_a_place_are_kept(read: Reader):
    timing = "^BID^D7^20260501^20260508^^^^^^^14"
    record, unknown = _prescribed(read, "ORC|NW|Y6^HIS", f"RXE|{timing}|A1^吗啡^L|5||mg")
    (dosage,) = record["dosageInstruction"]
    assert {"url": "urn:xinglin:hl7v2:RXE-1", "valueString": timing} in dosage["extension"]
    assert dosage["timing"]["repeat"]["boundsPeriod"] == {"start": "2026-05-01", "end": "2026-05-08"}
    assert list(unknown) == ["RXE-1"]


@pytest.mark.parametrize(
    ("amount", "refusal", "completion", "action", "status", "listed"),
    [
        ("999", "00^Parental refusal^NIP002", "", "", "not-done", []),
        ("999", "00^Parental decision^NIP002", "RE", "A", "not-done", []),
        ("0.5", "00^Parental decision^NIP002", "CP", "A", "not-done", ["RXA-20"]),
        ("999", "", "NA", "A", "not-done", []),
        ("0.5", "", "PA", "A", "completed", []),
        ("0.5", "", "", "A", "completed", []),
        ("999", "", "", "A", "completed", ["RXA-20"]),
        ("0.5", "", "RE", "D", "entered-in-error", []),
        ("0.5", "", "??", "A", None, ["RXA-20"]),
    ],
)
def test_a_vaccine_that_was_not_given_is_not_done(
    read: Reader,
    amount: str,
    refusal: str,
    completion: str,
    action: str,
    status: str | None,
    listed: list[str],
):
    fields = f"RXA|0|1|20260430||03^MMR^CVX|{amount}||||||||||||{refusal}||{completion}|{action}"
    found = read(PID, "ORC|RE||W2^T", fields, event="VXU^V04")
    record = found.one("Immunization")
    assert record.get("status") == status
    assert list(found.item.unknown) == listed
    if status == "not-done":
        assert record["statusReason"]["coding"][0]["code"] in ("00", completion)


def test_a_timing_that_says_nothing_is_no_instruction(read: Reader):
    record, _ = _prescribed(read, "ORC|NW|Y8^HIS|||||1", "RXE|1|A1^吗啡^L", "TQ1|")
    assert "dosageInstruction" not in record
