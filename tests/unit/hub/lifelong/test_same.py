"""Same facts: what is joined, what never is, and that the order records come in doesn't matter."""

import csv
from collections.abc import Sequence
from datetime import UTC, datetime
from decimal import Decimal
from importlib.resources import files
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st
from lxml import etree

from xinglin.core.exact_json import ExactDecimal
from xinglin.hub.lifelong import narrative, tables
from xinglin.hub.lifelong.agree import agree, reasons
from xinglin.hub.lifelong.answers import timeline_as_json
from xinglin.hub.lifelong.gathering import Person
from xinglin.hub.lifelong.links import Linked
from xinglin.hub.lifelong.places import Places
from xinglin.hub.lifelong.same import Fact, same_facts
from xinglin.hub.lifelong.sections import chosen, sections
from xinglin.hub.lifelong.sources import Told
from xinglin.hub.lifelong.statements import Statement, statement
from xinglin.hub.lifelong.timeline import Timeline
from xinglin.hub.lifelong.units import target_units
from xinglin.hub.lifelong.values import Value, item_of, same_value
from xinglin.hub.records import Key, Record
from xinglin.standards.definitions import structure
from xinglin.standards.fhirpath.ucum import canonical

Json = dict[str, Any]
RULES = tables.rules("fact")
PATIENT = Record(Key("Patient", "p"), 1, datetime(2026, 3, 2, tzinfo=UTC), 1, b"{}")
PERSON = Person(Linked(None, (PATIENT.key,)), PATIENT, [])
LISTS = tables.rules("list")
UCUM = "http://unitsofmeasure.org"
LOINC = "http://loinc.org"
ICD10 = "http://hl7.org/fhir/sid/icd-10"
OID = "urn:oid:2.16.156.10011.2.3.3.11"
PLACES = Places({name: (f"CODE-{name}", f"Hospital {name}") for name in ("lab", "his", "town")}, {})
ACT = "http://terminology.hl7.org/CodeSystem/v3-ActCode"


def said(content: Json, source: str = "his") -> Statement:
    """Give what a record says, sent by a source."""
    head = {"id": "x", "meta": {"source": f"urn:xinglin:source:{source}:1#1"}} if source else {"id": "x"}
    found = statement(head | content, 1, PLACES, "Asia/Shanghai")
    assert found is not None
    return found


def joined(
    *contents: Json, rules: tables.Rules = RULES, sources: Sequence[str] = ("his", "lab", "town")
) -> int:
    """Tell how many facts records from different sources tell."""
    every = [said({"id": f"x{n}"} | one, sources[n % len(sources)]) for n, one in enumerate(contents)]
    return len(same_facts(every, rules))


def result(value: str, unit: str, time: str, code: str = "14749-6", **other: Any) -> Json:
    """Make a result."""
    return {
        "resourceType": "Observation",
        "status": "final",
        "code": {"coding": [{"system": LOINC, "code": code}]},
        "effectiveDateTime": time,
        "valueQuantity": {"value": ExactDecimal(value), "unit": unit, "system": UCUM, "code": unit},
    } | other


def words(text: str, time: str) -> Json:
    """Make a result in words."""
    return {
        "resourceType": "Observation",
        "status": "final",
        "code": {"text": "尿蛋白"},
        "effectiveDateTime": time,
        "valueString": text,
    }


def pressure(systolic: int, diastolic: int, time: str) -> Json:
    """Make a blood pressure."""

    def part(code: str, value: int) -> Json:
        return {
            "code": {"coding": [{"system": LOINC, "code": code}]},
            "valueQuantity": {"value": value, "system": UCUM, "code": "mm[Hg]"},
        }

    return {
        "resourceType": "Observation",
        "status": "final",
        "code": {"coding": [{"system": LOINC, "code": "85354-9"}]},
        "effectiveDateTime": time,
        "component": [part("8480-6", systolic), part("8462-4", diastolic)],
    }


def condition(code: str, day: str, system: str = ICD10, text: str = "") -> Json:
    """Make a diagnosis."""
    concept: Json = {"coding": [{"system": system, "code": code}]} | ({"text": text} if text else {})
    return {"resourceType": "Condition", "code": concept, "recordedDate": day}


def encounter(class_: str, start: str, **other: Any) -> Json:
    """Make a visit."""
    head: Json = {"resourceType": "Encounter", "status": "finished", "class": {"system": ACT, "code": class_}}
    return head | {"period": {"start": start}} | other


def dose(time: str, amount: int | None = None, code: str = "C09AA02") -> Json:
    """Make an order of a medicine."""
    head: Json = {
        "resourceType": "MedicationRequest",
        "status": "active",
        "intent": "order",
        "authoredOn": time,
    }
    coded: Json = {
        "medicationCodeableConcept": {"coding": [{"system": "http://www.whocc.no/atc", "code": code}]}
    }
    given_: Json = {
        "dosageInstruction": [{"doseAndRate": [{"doseQuantity": {"value": amount, "unit": "mg"}}]}]
    }
    return head | coded | (given_ if amount is not None else {})


TEN, TEN_05, TEN_20 = (f"2026-03-02T10:{minute}:00+08:00" for minute in ("00", "05", "20"))
NUMBER = [{"system": "urn:xinglin:id:his:inpatient", "value": "1"}]
OTHER_NUMBER = [{"system": "urn:xinglin:id:his:inpatient", "value": "2"}]

CASES: list[tuple[str, Json, Json, bool]] = [
    ("the lab and the hospital", result("5.0", "mmol/L", TEN), result("5.0", "mmol/L", TEN_05), True),
    ("another unit", result("90", "mg/dL", TEN), result("5.0", "mmol/L", TEN_05), True),
    ("rounded", result("5.04", "mmol/L", TEN), result("5.0", "mmol/L", TEN_05), True),
    ("another value", result("5.2", "mmol/L", TEN), result("5.0", "mmol/L", TEN_05), False),
    ("another value in another unit", result("95", "mg/dL", TEN), result("5.0", "mmol/L", TEN_05), False),
    ("too long after", result("5.0", "mmol/L", TEN), result("5.0", "mmol/L", TEN_20), False),
    ("only the day is known", result("5.0", "mmol/L", TEN), result("5.0", "mmol/L", "2026-03-02"), True),
    ("another day", result("5.0", "mmol/L", TEN), result("5.0", "mmol/L", "2026-03-05"), False),
    ("another item", result("5.0", "mmol/L", TEN), result("5.0", "mmol/L", TEN, code="2345-7"), False),
    ("an unknown unit", result("5.0", "mmol/L", TEN), result("5.0", "{drops}", TEN), False),
    ("no time", result("5.0", "mmol/L", ""), result("5.0", "mmol/L", ""), False),
    ("a wrong time", result("5.0", "mmol/L", "x"), result("5.0", "mmol/L", "x"), False),
    ("words", words("阴性 ", TEN), words("阴性", TEN), True),
    ("other words", words("阳性", TEN), words("阴性", TEN), False),
    ("words and a number", words("5.0", TEN), result("5.0", "mmol/L", TEN), False),
    ("blood pressure", pressure(140, 90, TEN), pressure(140, 90, TEN_05), True),
    ("another blood pressure", pressure(140, 90, TEN), pressure(140, 95, TEN_05), False),
    ("diagnosis", condition("I10", "2026-03-02"), condition("I10", "2026-03-03"), True),
    ("ICD-10 by its OID", condition("I10", "2026-03-02"), condition("I10", "2026-03-02", OID), True),
    ("another diagnosis", condition("I10", "2026-03-02"), condition("I11", "2026-03-02"), False),
    ("one name, two codes", condition("I10", "2026-03-02", text="A"),
     condition("I11", "2026-03-02", text="A"), False),
    ("one name, codes of two systems", condition("I10", "2026-03-02", text="高血压"),
     condition("17", "2026-03-02", "urn:xinglin:code:his:diagnosis", text="高血压"), True),
    ("a later visit", condition("I10", "2026-03-02"), condition("I10", "2026-05-02"), False),
    ("two days' stay", encounter("IMP", TEN), encounter("IMP", "2026-03-02"), True),
    ("stay and clinic", encounter("IMP", TEN), encounter("AMB", TEN), False),
    ("two stays", encounter("IMP", TEN, identifier=NUMBER),
     encounter("IMP", TEN_05, identifier=OTHER_NUMBER), False),
    ("clerk and doctor", encounter("AMB", TEN), encounter("AMB", TEN_20), True),
    ("two departments", encounter("AMB", TEN, serviceType={"text": "内科"}),
     encounter("AMB", TEN_20, serviceType={"text": "外科"}), False),
    ("an order", dose(TEN, 5), dose(TEN_20, 5), True),
    ("an order without its dose", dose(TEN), dose(TEN_20, 5), True),
    ("another dose", dose(TEN, 10), dose(TEN_20, 5), False),
]  # fmt: skip


@pytest.mark.parametrize(
    ("one", "other", "same"), [case[1:] for case in CASES], ids=[case[0] for case in CASES]
)
def test_what_is_one_fact(one: Json, other: Json, same: bool) -> None:
    # Stays and visits are one only within an institution, so both come from sources of the same one.
    hospital = Places({"his": ("CODE", "Hospital"), "lab": ("CODE", "Hospital")}, {})
    pair = [
        statement(
            one | {"id": "x", "meta": {"source": "urn:xinglin:source:his:1#1"}}, 1, hospital, "Asia/Shanghai"
        ),
        statement(
            other | {"id": "y", "meta": {"source": "urn:xinglin:source:lab:1#1"}},
            1,
            hospital,
            "Asia/Shanghai",
        ),
    ]
    known = [one for one in pair if one is not None]
    assert len(same_facts(known, RULES)) == (1 if same else 2)
    assert len(same_facts(known[::-1], RULES)) == (1 if same else 2)


def verified(kind: str, code: str, **other: Any) -> Json:
    """Say how a thing stands."""
    return {kind: {"coding": [{"code": code}]}} | other


CONTRADICTIONS: list[tuple[str, Json, Json, Json]] = [
    ("confirmed and refuted", condition("I10", "2026-03-02"),
     verified("verificationStatus", "confirmed"), verified("verificationStatus", "refuted")),
    ("said and refuted", condition("I10", "2026-03-02"), {}, verified("verificationStatus", "refuted")),
    ("active and resolved elsewhere", condition("I10", "2026-03-02"),
     verified("clinicalStatus", "active"), verified("clinicalStatus", "resolved")),
    ("active and abated elsewhere", condition("I10", "2026-03-02"),
     verified("clinicalStatus", "active"), {"abatementDateTime": "2026-03-02"}),
    ("active and stopped", dose(TEN, 5), {}, {"status": "stopped"}),
    ("active and on hold", dose(TEN, 5), {}, {"status": "on-hold"}),
    ("given and forbidden", dose(TEN, 5), {}, {"doNotPerform": True}),
    ("done and not done", {"resourceType": "Procedure", "code": {"text": "x"}, "performedDateTime": TEN},
     {"status": "completed"}, {"status": "not-done"}),
    ("vaccinated and not", {"resourceType": "Immunization", "vaccineCode": {"text": "x"},
     "occurrenceDateTime": TEN}, {"status": "completed"}, {"status": "not-done"}),
]  # fmt: skip


@pytest.mark.parametrize("rules", [RULES, LISTS], ids=["fact", "list"])
@pytest.mark.parametrize(
    ("base", "one", "other"), [case[1:] for case in CONTRADICTIONS], ids=[case[0] for case in CONTRADICTIONS]
)
def test_contradictions_are_two_facts(base: Json, one: Json, other: Json, rules: tables.Rules) -> None:
    assert joined(base | one, base | other, rules=rules) == 2
    assert joined(base | other, base | one, rules=rules) == 2
    if base["resourceType"] != "MedicationRequest" or rules is RULES:
        assert joined(base | one, base | one, rules=rules) == 1


def at(name: str, *texts: str) -> Json:
    """Say where or how in words."""
    return {name: [{"text": text} for text in texts]}


KNEE: Json = {
    "resourceType": "Procedure",
    "status": "completed",
    "code": {"text": "x"},
    "performedDateTime": TEN,
}
SHOT: Json = {"resourceType": "Immunization", "vaccineCode": {"text": "x"}, "occurrenceDateTime": TEN}
GIVEN: Json = {
    "resourceType": "MedicationAdministration",
    "medicationCodeableConcept": {"text": "吗啡"},
    "effectiveDateTime": TEN,
}
TAKEN: Json = GIVEN | {"resourceType": "MedicationStatement"}
HANDED: Json = {
    "resourceType": "MedicationDispense",
    "medicationCodeableConcept": {"text": "吗啡"},
    "whenHandedOver": TEN,
}
SCT = "http://snomed.info/sct"
FRACTURE = condition("S72.9", "2026-03-02")


def sided(code: str) -> Json:
    """Give a body site with its side in an extension."""
    side = {"url": "http://a.org/side", "valueCodeableConcept": {"coding": [{"system": SCT, "code": code}]}}
    return {"bodySite": [{"text": "膝", "extension": [side]}]}


def by(way: str, **other: Any) -> list[Json]:
    """Give a dosage by a route."""
    return [{"route": {"text": way}} | other]


APART: list[tuple[str, Json, Json, Json]] = [
    ("knees", KNEE, at("bodySite", "左膝"), at("bodySite", "右膝")),
    ("sides by code", KNEE, sided("7771000"), sided("24028007")),
    ("one side and both", KNEE, at("bodySite", "左膝"), at("bodySite", "左膝", "右膝")),
    ("both in a word", FRACTURE, {"bodySite": [{"text": "双侧"}]}, {"bodySite": [{"text": "左侧"}]}),
    ("side in the record's extension", KNEE, {"extension": [{"url": "u", "valueString": "left"}]},
     {"extension": [{"url": "u", "valueString": "right"}]}),
    ("side in the words of a code", FRACTURE,
     {"code": FRACTURE["code"] | {"text": "左股骨骨折"}},
     {"code": FRACTURE["code"] | {"text": "右股骨骨折"}}),
    ("side in English", FRACTURE,
     {"code": FRACTURE["code"] | {"text": "Fracture, LEFT femur"}},
     {"code": FRACTURE["code"] | {"text": "fracture of right femur"}}),
    ("side in the code's words and at the site", FRACTURE,
     {"code": FRACTURE["code"] | {"text": "左股骨骨折"}}, at("bodySite", "右")),
    ("sites by code", KNEE, {"bodySite": [{"coding": [{"system": SCT, "code": "1"}]}]},
     {"bodySite": [{"coding": [{"system": SCT, "code": "2"}]}]}),
    ("one code, other words", KNEE,
     {"bodySite": [{"text": "上叶", "coding": [{"system": SCT, "code": "1"}]}]},
     {"bodySite": [{"text": "下叶", "coding": [{"system": SCT, "code": "1"}]}]}),
    ("eyes", result("5.0", "mmol/L", TEN), {"bodySite": {"text": "左眼"}}, {"bodySite": {"text": "右眼"}}),
    ("specimens", result("5.0", "mmol/L", TEN), {"specimen": {"reference": "Specimen/1"}},
     {"specimen": {"reference": "Specimen/2"}}),
    ("kinds of specimens", result("5.0", "mmol/L", TEN), {"specimen": {"display": "血"}},
     {"specimen": {"display": "脑脊液"}}),
    ("methods", result("5.0", "mmol/L", TEN), {"method": {"text": "指血"}}, {"method": {"text": "静脉血"}}),
    ("sites of a shot", SHOT, {"site": {"text": "左上臂"}}, {"site": {"text": "右上臂"}}),
    ("routes of a shot", SHOT, {"route": {"text": "肌肉"}}, {"route": {"text": "皮下"}}),
    ("routes of an order", dose(TEN), {"dosageInstruction": by("口服")}, {"dosageInstruction": by("静脉")}),
    ("routes of a medicine taken", TAKEN, {"dosage": by("口服")}, {"dosage": by("静脉")}),
    ("routes of a medicine given", GIVEN, {"dosage": by("口服")[0]}, {"dosage": by("静脉")[0]}),
    ("routes of a dispensing", HANDED, {"dosageInstruction": by("口服")}, {"dosageInstruction": by("静脉")}),
    ("eyes of a drop", GIVEN, {"dosage": {"site": {"text": "左眼"}}}, {"dosage": {"site": {"text": "右眼"}}}),
]  # fmt: skip


@pytest.mark.parametrize(
    ("base", "one", "other"), [case[1:] for case in APART], ids=[case[0] for case in APART]
)
def test_another_place_on_the_body_or_way_is_another_fact(base: Json, one: Json, other: Json) -> None:
    sources = ["his", "lab"]
    for rules in (RULES, LISTS):
        if base["resourceType"] not in rules:
            continue
        assert joined(base | one, base | other, rules=rules, sources=sources) == 2
        assert joined(base | other, base | one, rules=rules, sources=sources) == 2
        alone = base["resourceType"].startswith("Medication") and rules is LISTS
        hospital = ["his"] if alone else sources
        assert joined(base | one, base | one, rules=rules, sources=hospital) == 1
        assert joined(base | one, base, rules=rules, sources=hospital) == 1
    assert joined(base | one, base | other, base, sources=["his", "lab", "town"]) == 2


def test_a_side_in_a_medicines_name_is_none() -> None:
    coded = [{"system": "http://www.whocc.no/atc", "code": "J01MA12"}]
    names = ("左氧氟沙星", "右旋体 J01MA12")
    every = [dose(TEN) | {"medicationCodeableConcept": {"text": name, "coding": coded}} for name in names]
    assert joined(*every) == 1
    brightly = [FRACTURE | {"code": FRACTURE["code"] | {"text": text}} for text in ("bright", "leftover")]
    assert joined(*brightly) == 1


def test_one_institution_may_say_that_its_diagnosis_is_over() -> None:
    said_ = [verified("clinicalStatus", code) for code in ("active", "resolved")]
    every = [condition("I10", "2026-03-02") | one for one in said_]
    assert joined(*every, rules=LISTS, sources=["his"]) == 1


def test_visits_of_two_institutions_are_two() -> None:
    assert joined(encounter("IMP", TEN), encounter("IMP", TEN)) == 2


def test_one_source_that_says_it_twice_means_two_unless_the_time_is_the_same() -> None:
    assert joined(result("5.0", "mmol/L", TEN), result("5.0", "mmol/L", TEN_05), sources=["lab"]) == 2
    assert joined(result("5.0", "mmol/L", TEN), result("5.0", "mmol/L", TEN), sources=["lab"]) == 1


def test_agreement_in_a_chain_joins_only_what_agrees_throughout() -> None:
    times = [f"2026-03-02T10:{minute}:00+08:00" for minute in ("00", "08", "16")]
    assert joined(*(result("5.0", "mmol/L", time) for time in times)) == 2


def test_lists_join_a_disease_over_the_years_and_show_the_latest() -> None:
    every = [said(condition("I10", f"20{year}-03-02") | {"id": f"c{year}"}, "his") for year in range(10, 20)]
    (fact,) = same_facts(every, LISTS)
    assert fact.shown.key.id == "c19"
    assert len(fact.statements) == 10


def test_the_settled_and_then_the_fuller_record_is_shown() -> None:
    preliminary = said(
        result("5.0", "mmol/L", TEN, status="preliminary", note=[], method={}) | {"id": "a"}, "lab"
    )
    final = said(result("5.0", "mmol/L", TEN) | {"id": "b"}, "his")
    fuller = said(result("5.0", "mmol/L", TEN, method={}) | {"id": "c"}, "town")
    (fact,) = same_facts([preliminary, final, fuller], RULES)
    assert [one.key.id for one in fact.statements] == ["c", "b", "a"]


def test_it_says_why() -> None:
    one, other = said(result("90", "mg/dL", TEN), "lab"), said(result("5.0", "mmol/L", TEN_05), "his")
    (rule,) = RULES["Observation"]
    assert [reason.text("zh") for reason in reasons(one, other, rule)] == [
        "同一代码 http://loinc.org|14749-6", "相差 5 分钟", "数值相差不超过 1.0 %",
    ]  # fmt: skip


def test_a_flood_of_one_item_at_one_moment_stays_quick() -> None:
    every = [said(result(str(n + 1), "mmol/L", TEN) | {"id": f"r{n:05}"}, "lab") for n in range(3_000)]
    assert len(same_facts(every, RULES)) >= 2_000
    months = [f"20{n // 12:02}-{n % 12 + 1:02}-01" for n in range(1_000)]
    chronic = [said(condition("N18", day) | {"id": f"c{day}"}, "his") for day in months]
    assert len(same_facts(chronic * 5, LISTS)) == 1


VALUES = st.sampled_from(["4.95", "4.99", "5.0", "5.04", "5.2", "89", "90", "91", "1E+999", "-5.0", "0"])
UNITS = st.sampled_from(["mmol/L", "mg/dL", "g/L", "{drops}", "Cel", "[degF]", ""])
TIMES = st.sampled_from([
    *(f"2026-03-02T10:{minute:02}:00+08:00" for minute in range(0, 60, 4)),
    "2026-03-02", "2026-03", "2026", "2026-03-02T23:58:00+08:00", "2026-03-03", "", "nonsense",
])  # fmt: skip
SITES: list[Json] = [
    {"bodySite": {"text": "左臂"}},
    {"bodySite": {"text": "右臂"}},
    {"bodySite": {"text": "臂"}, "specimen": {"display": "血"}},
    {"specimen": {"reference": "Specimen/1"}, "method": {"text": "指血"}},
]
RECORDS = st.builds(
    lambda value, unit, time, code, source, status, number, where: (
        result(
            value,
            unit,
            time,
            code,
            status=status,
            identifier=[{"system": "s", "value": number}] if number else [],
            **where,
        ),
        source,
    ),
    VALUES,
    UNITS,
    TIMES,
    st.sampled_from(["14749-6", "2345-7"]),
    st.sampled_from(["lab", "his", "town", ""]),
    st.sampled_from(["final", "preliminary"]),
    st.sampled_from(["", "", "", "1", "2"]),
    st.sampled_from([{}, {}, *SITES]),
)


def groups(facts: Sequence[Fact]) -> set[tuple[str, ...]]:
    """Give which records are one fact, the one shown first."""
    return {tuple(one.key.id for one in fact.statements) for fact in facts}


@given(st.lists(RECORDS, max_size=14), st.randoms())
def test_partition_whatever_the_order(records: list[tuple[Json, str]], chance: Any) -> None:
    every = [said(content | {"id": f"r{n}"}, source) for n, (content, source) in enumerate(records)]
    facts = same_facts(every, RULES)
    told = [one.key.id for fact in facts for one in fact.statements]
    assert sorted(told) == sorted(one.key.id for one in every)
    chance.shuffle(every)
    assert groups(same_facts(every, RULES)) == groups(facts)


@given(st.lists(RECORDS, max_size=14))
def test_every_two_records_of_a_fact_agree(records: list[tuple[Json, str]]) -> None:
    every = [said(content | {"id": f"r{n}"}, source) for n, (content, source) in enumerate(records)]
    for fact in same_facts(every, RULES):
        for one in fact.statements:
            for other in fact.statements:
                if one is not other and fact.rule is not None:
                    assert agree(one, other, fact.rule)
                    assert _close(one.value, other.value)


def _close(one: Value | None, other: Value | None) -> bool:
    """Tell, by another way than the code's, whether values differ by no more than the table allows."""
    assert one is not None and other is not None  # noqa: PT018
    if one.number == other.number and one.unit == other.unit:
        return True
    assert one.number is not None and other.number is not None  # noqa: PT018
    if one.unit == other.unit:
        low, high = sorted((abs(one.number), abs(other.number)))
        return one.number * other.number >= 0 and high - low <= high / 100
    item = item_of(frozenset({"http://loinc.org|14749-6"}))
    ways = [item.conversion(value.unit) if item else None for value in (one, other)]
    if None in ways:
        mine, theirs = canonical(one.number, one.unit), canonical(other.number, other.unit)
        assert mine is not None and theirs is not None  # noqa: PT018
        return abs(mine[0] - theirs[0]) <= max(abs(mine[0]), abs(theirs[0])) / 100
    left, right = (way.exact(value.number) for way, value in zip(ways, (one, other), strict=True) if way)
    return abs(left - right) <= max(abs(left), abs(right)) / 100


@given(RECORDS, RECORDS)
def test_agreement_is_symmetric(one: tuple[Json, str], other: tuple[Json, str]) -> None:
    mine, theirs = (said(content, source) for content, source in (one, other))
    (rule,) = RULES["Observation"]
    assert agree(mine, theirs, rule) == agree(theirs, mine, rule)
    assert same_value(mine.value, theirs.value, None, Decimal("0.01")) == same_value(
        theirs.value, mine.value, None, Decimal("0.01")
    )


MEMBERS = ("coding", "code", "value", "system", "text", "start", "reference")
JUNK = st.recursive(
    st.none() | st.booleans() | st.integers(-5, 5) | st.text(max_size=4),
    lambda inner: st.lists(inner, max_size=2) | st.dictionaries(st.sampled_from(MEMBERS), inner, max_size=3),
    max_leaves=6,
)


@given(
    st.sampled_from(sorted(tables.shapes())),
    st.dictionaries(
        st.sampled_from([
            "code", "status", "class", "period", "identifier", "component", "valueQuantity",
            "valueCodeableConcept", "medicationReference", "dosageInstruction", "dosage", "serviceProvider",
            "performer", "encounter", "meta", "contained", "category", "verificationStatus",
            "effectiveDateTime", "type", "custodian", "serviceType", "masterIdentifier", "recordedDate",
            "referenceRange", "bodySite", "specimen", "route", "method", "site", "extension",
        ]),
        JUNK,
        max_size=6,
    ),
)  # fmt: skip
def test_records_of_any_shape_are_read(kind: str, content: Json) -> None:
    found = statement({**content, "resourceType": kind, "id": "x"}, 1, PLACES, "Asia/Shanghai")
    if found is None:
        return
    (fact,) = same_facts([found], RULES)
    assert fact.statements == (found,)
    page = Timeline(
        PERSON, [fact], {found.key: [Told(found.key, found.sender)]}, 1, 1, target_units([found]), None
    )
    for language in ("zh", "en"):
        assert timeline_as_json(page, language)["entries"][0]["title"]
    for section in sections():
        assert chosen(section, [fact], "2026-03-02") in ([], [fact])
    etree.fromstring(narrative.facts([fact], left_out=1, language="zh", today="2026-03-02")["div"])


def test_tables_are_whole() -> None:
    folder = files("xinglin.hub.lifelong") / "tables"
    names = [one.name for one in folder.iterdir() if one.name.endswith(".csv")]
    assert len(names) == 9
    for name in names:
        with (folder / name).open(encoding="utf-8") as handle:
            header, *lines = list(csv.reader(handle))
        assert header[-3:] == ["source", "edition", "confidence"]
        assert lines
        for line in lines:
            assert len(line) == len(header), (name, line)
            assert line[-1] in ("read", "inferred", "unverified")
            assert line[-3]


def test_rules_name_what_the_code_knows() -> None:
    known = {"code", "class", "time", "value", "parts", "number", "sender", "department", "dose"}
    for rule in (rule for use in (RULES, LISTS) for several in use.values() for rule in several):
        assert rule.type in tables.shapes()
        assert rule.must <= known
        assert set(rule.first) == {"settled", "detail", "recent"}
        assert rule.same_source in ("yes", "exact", "no")
        assert rule.must & {"code", "class", "number"}
        assert rule.same_source != "exact" or "time" in rule.must


def test_shapes_name_elements_that_exist() -> None:
    for shape in tables.shapes().values():
        found = structure(shape.type)
        assert found is not None
        paths = {one["path"].removeprefix(f"{shape.type}.") for one in found["snapshot"]["element"]}
        tops = {path.partition(".")[0] for path in paths}
        named = [path[0] for path in (*shape.starts, *shape.ends)]
        for name in [*named, *filter(None, (shape.code, shape.provider))]:
            choice = any(name.startswith(top.removesuffix("[x]")) for top in tops if top.endswith("[x]"))
            assert name in tops or choice, (shape.type, name)
