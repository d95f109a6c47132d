"""What a summary and the screen say of what was refuted, contradicted, stopped or long not confirmed."""

import re
from datetime import date, timedelta
from typing import Any

import pytest
from starlette.testclient import TestClient
from tests.integration.test_lifelong import diagnosis, institutions, of, put, section_of, summary_of
from tests.support import run

from xinglin.core.settings import Settings
from xinglin.hub.hub import Hub
from xinglin.hub.lifelong.overview import ask_overview

Json = dict[str, Any]
PROBLEMS, MEDICINES, ALLERGIES = "11450-4", "10160-0", "48765-2"
SCT = "http://snomed.info/sct"


def filled(settings: Settings, *contents: Json) -> None:
    """Put in Patient a and records."""

    async def work(hub: Hub) -> None:
        await institutions(hub, "his", "lab")
        await put(hub, {"resourceType": "Patient", "id": "a"}, *contents)

    run(settings, work)


def entries(client: TestClient, loinc: str) -> list[str]:
    """Give a section's entries."""
    return [one["reference"].partition("/")[2] for one in section_of(summary_of(client, "a"), loinc)["entry"]]


def lines(client: TestClient, loinc: str, language: str = "en") -> list[list[str]]:
    """Give the lines of a section's narrative: cells of rows, then paragraphs."""
    client.headers["Accept-Language"] = language
    text = section_of(summary_of(client, "a"), loinc)["text"]["div"]
    found = re.findall(r"<(?:tr|p)>(.*?)</(?:tr|p)>", text)
    return [[cell for cell in re.split(r"<[^>]+>", one) if cell] for one in found]


def shown(settings: Settings, title: str, language: str = "en") -> list[str]:
    """Give a section's lines on the screen."""

    async def work(hub: Hub) -> list[str]:
        found = await ask_overview(hub, "a", language)
        return [words for one in found.lists if one.title == title for _, words in one.lines]

    return run(settings, work)


def stands(kind: str, verification: str, clinical: str = "") -> Json:
    """Say how a diagnosis or an allergy stands."""
    base = "http://terminology.hl7.org/CodeSystem/"
    ver = "condition-ver-status" if kind == "condition" else "allergyintolerance-verification"
    told: Json = {"verificationStatus": {"coding": [{"system": base + ver, "code": verification}]}}
    if clinical:
        told["clinicalStatus"] = {"coding": [{"system": f"{base}{kind}-clinical", "code": clinical}]}
    return told


def allergy(id_: str, text: str, day: str, source: str = "his", *stand: str, code: str = "") -> Json:
    """Make an allergy."""
    concept: Json = {"text": text} | ({"coding": [{"system": SCT, "code": code}]} if code else {})
    told = stands("allergyintolerance", *(stand or ("confirmed", "active")))
    return of("AllergyIntolerance", id_, "a", source, code=concept, recordedDate=day, **told)


def test_what_was_refuted_is_listed_last_and_said_so(client: TestClient, settings: Settings) -> None:
    filled(
        settings,
        diagnosis("d1", "a", "lab", "I21", "2024-06-02", **stands("condition", "refuted")),
        diagnosis("d2", "a", "his", "I10", "2020-01-01", **stands("condition", "confirmed", "active")),
        allergy("al1", "青霉素", "2024-01-01", "his", "refuted", "inactive"),
    )
    assert entries(client, PROBLEMS) == ["d2", "d1"]
    assert [row[2:] for row in lines(client, PROBLEMS)] == [
        ["value", "status", "told by"],
        ["Hospital his"],
        ["refuted", "Hospital lab"],
    ]
    assert entries(client, ALLERGIES) == ["al1"]
    assert "已否定; 非活动" in lines(client, ALLERGIES, "zh")[1]
    assert shown(settings, "Problems") == ["Disease I10", "Disease I21 (refuted)"]
    assert shown(settings, "过敏与不良反应", "zh") == ["青霉素 (已否定; 非活动)"]


def test_certainties_that_differ_are_all_named(client: TestClient, settings: Settings) -> None:
    filled(
        settings,
        allergy("al1", "头孢", "2020-01-01"),
        allergy("al2", "头孢", "2021-01-01", "lab", "unconfirmed", "active"),
        allergy("al3", "磺胺", "2020-01-01"),
    )
    assert [row[2] for row in lines(client, ALLERGIES)[1:]] == [
        "unconfirmed; confirmed; active",
        "Hospital his",
    ]


def test_where_all_is_plain_no_column_says_so(client: TestClient, settings: Settings) -> None:
    filled(settings, allergy("al1", "头孢", "2020-01-01"))
    assert "status" not in lines(client, ALLERGIES)[0]
    assert shown(settings, "Allergies and intolerances") == ["头孢"]


@pytest.mark.parametrize("code", ["716186003", "409137002", "429625007"])
def test_no_known_allergy_beside_one_is_contradicted(
    client: TestClient, settings: Settings, code: str
) -> None:
    none = allergy("none", "No known allergy", "2024-01-01", "lab", code=code)
    filled(settings, none, allergy("al1", "头孢", "2020-01-01"))
    assert entries(client, ALLERGIES) == ["al1"]
    assert lines(client, ALLERGIES)[-1] == [
        "Contradicted by the above: No known allergy (2024-01-01, Hospital lab)"
    ]
    assert lines(client, ALLERGIES, "zh")[-1][0].startswith("与上述内容矛盾")
    assert shown(settings, "Allergies and intolerances") == [
        "头孢",
        "Contradicted by the above: No known allergy",
    ]


@pytest.mark.parametrize("stand", [("refuted", "inactive"), ("confirmed", "resolved")])
def test_no_known_allergy_stands_beside_what_is_over_or_refuted(
    client: TestClient, settings: Settings, stand: tuple[str, ...]
) -> None:
    none = allergy("none", "No known allergy", "2024-01-01", "lab", code="716186003")
    filled(settings, none, allergy("al1", "头孢", "2020-01-01", "his", *stand))
    assert entries(client, ALLERGIES) == ["none", "al1"]


TODAY = date.today()
UCUM = "http://unitsofmeasure.org"


def order(id_: str, days_ago: int, source: str = "his", **other: Any) -> Json:
    """Make an order of warfarin, for 30 days or (`days=0`) without an end."""
    days = other.pop("days", 30)
    supply = {"expectedSupplyDuration": {"value": days, "unit": "d", "system": UCUM, "code": "d"}}
    told: Json = {
        "status": "active",
        "intent": "order",
        "medicationCodeableConcept": {"text": "华法林钠片"},
        "authoredOn": (TODAY - timedelta(days=days_ago)).isoformat(),
        "dosageInstruction": [{"text": "3mg qd"}],
    }
    ends: Json = {"dispenseRequest": supply} if days else {}
    return of("MedicationRequest", id_, "a", source, **told | ends | other)


NUMBER: Json = {"identifier": [{"system": "urn:xinglin:id:his:order", "value": "7"}]}
PLAIN: Json = {"identifier": [{"value": "7"}]}
ELSE: Json = {"medicationCodeableConcept": {"text": "地高辛片"}}

ENDS: list[tuple[str, Json, Json, list[str]]] = [
    ("completed later", {}, {"status": "completed"}, ["m1"]),
    ("expired later", {}, {"days": 3}, ["m1"]),
    ("stopped, another order", {}, {"status": "stopped"}, ["m1"]),
    ("stopped, this order", NUMBER, {"status": "stopped", **NUMBER}, []),
    ("stopped by a number of nobody's", PLAIN, {"status": "stopped", **PLAIN}, ["m1"]),
    ("another medicine of one prescription", NUMBER, {"status": "stopped", **NUMBER, **ELSE}, ["m1"]),
    ("another dose under one number", NUMBER,
     {"status": "stopped", "dosageInstruction": [{"text": "5mg qd"}], **NUMBER}, ["m1"]),
    ("completed, this order", NUMBER, {"status": "completed", **NUMBER}, ["m1"]),
    ("cancelled, this order", NUMBER, {"status": "cancelled", **NUMBER}, []),
    ("cancelled, another order", NUMBER, {"status": "cancelled"}, ["m1"]),
    ("taken back, under one number", NUMBER, {"status": "entered-in-error", **NUMBER}, ["m1"]),
]  # fmt: skip


@pytest.mark.parametrize(
    ("first", "later", "listed"), [case[1:] for case in ENDS], ids=[case[0] for case in ENDS]
)
def test_what_is_over_never_hides_what_is_taken(
    client: TestClient, settings: Settings, first: Json, later: Json, listed: list[str]
) -> None:
    filled(settings, order("m1", 10, **first), order("m2", 5, **later))
    assert [one for one in entries(client, MEDICINES) if one.startswith("m")] == listed
    assert shown(settings, "Medicines") == ["华法林钠片"] * len(listed)


def test_orders_long_not_confirmed_stand_apart(client: TestClient, settings: Settings) -> None:
    old = (TODAY - timedelta(days=400)).isoformat()
    filled(
        settings,
        order("m1", 400, days=0),
        order("m2", 300, days=0, **ELSE),
        order("m3", 400, days=500, medicationCodeableConcept={"text": "阿司匹林"}),
        order("m4", 0, days=0, medicationCodeableConcept={"text": "旧"}, authoredOn=f"{TODAY.year - 3}"),
    )
    assert entries(client, MEDICINES) == ["m2", "m3", "m1", "m4"]
    told = lines(client, MEDICINES)
    assert [len(one) for one in told] == [4, 4, 4, 1, 5, 5, 5]
    assert told[3][0].startswith("Ordered long ago without an end")
    assert told[5][3] == f"not confirmed since {old}"
    assert told[6][3] == f"not confirmed since {TODAY.year - 3}"
    assert lines(client, MEDICINES, "zh")[5][3] == f"自 {old} 起未再确认"
    assert shown(settings, "Medicines")[2] == f"华法林钠片 (not confirmed since {old})"
    assert shown(settings, "现用药物", "zh")[2] == f"华法林钠片 (自 {old} 起未再确认)"


def test_a_new_order_confirms_the_old_one(client: TestClient, settings: Settings) -> None:
    filled(settings, order("m1", 400, days=0), order("m2", 5))
    assert entries(client, MEDICINES) == ["m2"]
    assert "not confirmed" not in str(lines(client, MEDICINES))
