"""The lifelong record on a real database: several Patients of one person, each fact once, and who said so."""

import json
import random
from datetime import date
from typing import Any

import pytest
from starlette.testclient import TestClient
from tests.support import run

from xinglin.core.settings import Settings
from xinglin.hub.changes import Change, Delete, Update
from xinglin.hub.hub import Hub
from xinglin.hub.lifelong import gathering
from xinglin.hub.lifelong.answers import ask_timeline
from xinglin.hub.lifelong.timeline import Asked
from xinglin.hub.records import Key
from xinglin.standards.validation import validator

Json = dict[str, Any]
UCUM = "http://unitsofmeasure.org"
ICD10 = "http://hl7.org/fhir/sid/icd-10"
IPS_ABSENT = "http://hl7.org/fhir/uv/ips/CodeSystem/absent-unknown-uv-ips"
PATIENTS = ("a", "b", "c")


async def put(hub: Hub, *contents: Json) -> None:
    """Store records."""
    changes: list[Change] = [
        Update(one["resourceType"], key=Key(one["resourceType"], one["id"]), content=one) for one in contents
    ]
    await hub.change_all(changes)


async def institutions(hub: Hub, *names: str) -> None:
    """Register sources, each of an institution of its own."""
    async with hub.database.connection() as connection:
        for name in names:
            await connection.execute(
                "INSERT INTO source (id, institution, institution_name, system, namespace, formats, ids,"
                " validation, contact, declared)"
                " VALUES (%s, %s, %s, '', %s, '{}', 'own', 'none', '', '{}')",
                [name, f"CODE-{name}", f"Hospital {name}", name],
            )


async def link(hub: Hub, golden: str, *patients: str) -> None:
    """Say that Patients are one person."""
    async with hub.database.connection() as connection:
        for patient in patients:
            await connection.execute(
                "INSERT INTO person_link (patient, golden, how, seq) VALUES (%s, %s, 'rule', 0)",
                [patient, golden],
            )
        await connection.execute(
            "INSERT INTO person_golden (golden, seq, active) VALUES (%s, 0, true)", [golden]
        )


def of(kind: str, id_: str, patient: str, source: str = "", **other: Any) -> Json:
    """Make a record about a Patient, as intake would store it."""
    meta = {"meta": {"source": f"urn:xinglin:source:{source}:7#1"}} if source else {}
    about = "patient" if kind in ("AllergyIntolerance", "Immunization") else "subject"
    return {"resourceType": kind, "id": id_, **meta, about: {"reference": f"Patient/{patient}"}} | other


def result(id_: str, patient: str, source: str, value: float, unit: str, time: str, **other: Any) -> Json:
    """Make a glucose result."""
    return of(
        *("Observation", id_, patient, source),
        status="final",
        code={"coding": [{"system": "http://loinc.org", "code": "14749-6"}], "text": "葡萄糖"},
        effectiveDateTime=time,
        valueQuantity={"value": value, "unit": unit, "system": UCUM, "code": unit},
        **other,
    )


def visit(id_: str, patient: str, source: str, start: str, code: str = "AMB", **other: Any) -> Json:
    """Make a visit."""
    system = "http://terminology.hl7.org/CodeSystem/v3-ActCode"
    told = {"status": "finished", "class": {"system": system, "code": code}, "period": {"start": start}}
    return of("Encounter", id_, patient, source, **told, **other)


def diagnosis(id_: str, patient: str, source: str, code: str, day: str, **other: Any) -> Json:
    """Make a diagnosis."""
    coded = {"coding": [{"system": ICD10, "code": code}], "text": f"Disease {code}"}
    return of("Condition", id_, patient, source, code=coded, recordedDate=day, **other)


async def fill(hub: Hub) -> None:
    """Put in one person of three Patients from three institutions, and somebody else."""
    await institutions(hub, "lab", "his", "town")
    people = [{"resourceType": "Patient", "id": id_, "name": [{"text": "王建国"}]} for id_ in PATIENTS]
    golden = {"resourceType": "Patient", "id": "g", "name": [{"text": "王建国"}], "gender": "male"}
    await put(hub, *people, golden, {"resourceType": "Patient", "id": "other"})
    await link(hub, "g", *PATIENTS)
    await put(
        hub,
        visit("e1", "a", "his", "2026-03-01T09:00:00+08:00", "IMP"),
        visit(
            "e2", "a", "his", "2026-03-01", "IMP", hospitalization={"preAdmissionIdentifier": {"value": "x"}}
        ),
        visit("e3", "c", "town", "2026-05-02T10:00:00+08:00"),
        diagnosis("d1", "a", "his", "I10", "2026-03-01"),
        diagnosis("d2", "c", "town", "I10", "2026-05-02"),
        result("r1", "b", "lab", 90, "mg/dL", "2026-03-02T08:00:00+08:00"),
        result("r2", "a", "his", 5.0, "mmol/L", "2026-03-02T08:04:00+08:00"),
        result("r3", "a", "his", 7.9, "mmol/L", "2026-03-03T08:00:00+08:00"),
        result("r9", "other", "his", 9.9, "mmol/L", "2026-03-03T08:00:00+08:00"),
        of(
            *("MedicationRequest", "m1", "c", "town"),
            status="active",
            intent="order",
            medicationCodeableConcept={"text": "氨氯地平片"},
            authoredOn="2026-05-02T10:10:00+08:00",
            dispenseRequest={
                "expectedSupplyDuration": {"value": 30, "unit": "天", "system": UCUM, "code": "d"}
            },
        ),
    )


def ask(client: TestClient, path: str) -> Any:
    """Ask and read the JSON."""
    answer = client.get(path)
    assert answer.status_code == 200, answer.text
    return answer.json()


@pytest.fixture
def person(settings: Settings, client: TestClient) -> TestClient:
    """A client of a hub that knows the person."""
    run(settings, fill)
    return client


def test_any_of_the_patients_gives_the_whole_person(person: TestClient) -> None:
    for id_ in ("a", "b", "c", "g"):
        found = ask(person, f"/person/{id_}/timeline")
        assert found["person"] == "Patient/g"
        assert sorted(found["patients"]) == ["Patient/a", "Patient/b", "Patient/c"]
        assert (found["total"], found["records"]) == (7, 9)
        assert "r9" not in json.dumps(found)


def test_a_fact_told_twice_shows_once_with_both_sources_and_why(person: TestClient) -> None:
    entries = ask(person, "/person/g/timeline?kind=result")["entries"]
    (twice,) = [one for one in entries if len(one["sources"]) > 1]
    assert {one["record"] for one in twice["sources"]} == {"Observation/r1", "Observation/r2"}
    assert {one["name"] for one in twice["sources"]} == {"Hospital lab", "Hospital his"}
    assert {one["delivery"] for one in twice["sources"]} == {7}
    why = twice["sources"][1]["why"]
    assert why == ["same code http://loinc.org|14749-6", "4 minutes apart", "values within 1.0 %"]
    assert "why" not in twice["sources"][0]


def test_newest_first_and_page_by_page(person: TestClient) -> None:
    whole = ask(person, "/person/g/timeline")["entries"]
    starts = [one["start"][:10] for one in whole]
    assert starts == sorted(starts, reverse=True)
    paged, after = [], ""
    for _ in range(10):
        page = ask(person, f"/person/g/timeline?count=2{after}")
        paged += page["entries"]
        if page["next"] is None:
            break
        after = f"&after={page['next']}"
    assert paged == whole


FILTERS = [
    ("kind=visit", {"e1", "e3"}),
    ("kind=visit,medicine", {"e1", "e3", "m1"}),
    ("kind=visit&kind=medicine", {"e1", "e3", "m1"}),
    ("from=2026-05", {"d2", "e3", "m1"}),
    ("to=2026-03-02", {"d1", "e1", "r1"}),
    ("from=2026-03-03&to=2026-03-03", {"r3"}),
    ("institution=Hospital+town", {"d2", "e3", "m1"}),
    ("institution=CODE-lab", {"r1"}),
    ("institution=nowhere", set()),
    ("code=I10", {"d1", "d2"}),
]


def test_filters(person: TestClient) -> None:
    # Of two records that tell one fact either may be shown.
    same = {"e2": "e1", "r2": "r1"}
    for query, expected in FILTERS:
        entries = ask(person, f"/person/g/timeline?{query}")["entries"]
        ids = [one["record"].partition("/")[2] for one in entries]
        assert {same.get(one, one) for one in ids} == expected, query
        assert len(ids) == len(expected)


WRONG = {
    "kind=nonsense": "XL7770",
    "from=yesterday": "XL7770",
    "to=2026-13-01": "XL7770",
    "count=0": "XL3070",
    "count=99999": "XL3070",
    "count=x": "XL3070",
    "after=x": "XL7770",
    "after=1:2": "XL7770",
    "after=-:a:b": "XL7770",
    "unknown=1": "XL7770",
}


def test_wrong_filters_are_told(person: TestClient) -> None:
    for query, code in WRONG.items():
        answer = person.get(f"/person/g/timeline?{query}")
        assert answer.status_code == 400, query
        assert answer.json()["issue"][0]["details"]["coding"][0]["code"] == code, query


def test_questions_show_in_the_metrics(person: TestClient) -> None:
    before = person.get("/metrics").text
    assert person.get("/person/g/timeline").headers["content-type"] == "application/json; charset=utf-8"
    name = 'xinglin_http_requests_total{interaction="person-timeline",method="GET",status="200"}'
    counted = [
        next((float(line.split()[-1]) for line in text.splitlines() if line.startswith(name)), 0.0)
        for text in (before, person.get("/metrics").text)
    ]
    assert counted[1] == counted[0] + 1


def test_an_unknown_person(person: TestClient) -> None:
    assert person.get("/person/nobody/timeline").status_code == 404
    assert person.get("/fhir/Patient/nobody/$summary").status_code == 404


def test_a_deleted_patient_is_gone(person: TestClient, settings: Settings) -> None:
    async def delete(hub: Hub) -> None:
        await hub.change_all([Delete("Patient", key=Key("Patient", "other"))])

    run(settings, delete)
    assert person.get("/person/other/timeline").status_code == 410


def test_results_are_in_one_unit_and_flagged_by_the_senders_range(
    client: TestClient, settings: Settings
) -> None:
    low_high = {"low": {"value": 70, "unit": "mg/dL"}, "high": {"value": 110, "unit": "mg/dL"}}

    async def fill(hub: Hub) -> None:
        await put(
            hub,
            {"resourceType": "Patient", "id": "a"},
            result("r1", "a", "", 180, "mg/dL", "2026-03-02T08:00:00+08:00", referenceRange=[low_high]),
            result("r2", "a", "", 5.0, "mmol/L", "2026-03-03T08:00:00+08:00"),
            result("r3", "a", "", 5.5, "mmol/L", "2026-03-04T08:00:00+08:00"),
            result("r4", "a", "", 5.5, "{strips}", "2026-03-05T08:00:00+08:00"),
        )

    run(settings, fill)
    value = ask(client, "/person/a/timeline?to=2026-03-02")["entries"][0]["value"]
    assert (value["number"], value["unit"], value["sent"]) == (9.99, "mmol/L", "180 mg/dL")
    assert (value["flag"], value["flagged_by"]) == ("H", "range")
    assert (value["range"]["low"], value["range"]["high"]) == (3.89, 6.11)
    series = ask(client, "/person/a/series?code=14749-6")["series"]
    assert [(one["unit"], len(one["points"])) for one in series] == [("mmol/L", 3), ("{strips}", 1)]
    assert [point["number"] for point in series[0]["points"]] == [9.99, 5.0, 5.5]
    assert ask(client, "/person/a/series?code=1-1")["series"] == []


def test_a_record_that_two_sources_wrote_names_both(client: TestClient, settings: Settings) -> None:
    async def fill(hub: Hub) -> None:
        await institutions(hub, "adt", "page")
        await put(hub, {"resourceType": "Patient", "id": "a"})
        await put(hub, visit("e1", "a", "adt", "2026-03-01T09:00:00+08:00", "IMP"))
        await put(hub, visit("e1", "a", "page", "2026-03-01", "IMP"))

    run(settings, fill)
    (entry,) = ask(client, "/person/a/timeline")["entries"]
    assert [(one["source"], one.get("earlier")) for one in entry["sources"]] == [
        ("page", None),
        ("adt", True),
    ]


def test_what_was_taken_back_is_not_shown(client: TestClient, settings: Settings) -> None:
    wrong = {
        "coding": [
            {
                "system": "http://terminology.hl7.org/CodeSystem/condition-ver-status",
                "code": "entered-in-error",
            }
        ]
    }

    async def fill(hub: Hub) -> None:
        await put(
            hub,
            {"resourceType": "Patient", "id": "a"},
            {**result("r1", "a", "", 5, "mmol/L", "2026-03-02"), "status": "entered-in-error"},
            diagnosis("d1", "a", "", "I10", "2026-03-02", verificationStatus=wrong),
            diagnosis("d2", "a", "", "I11", "2026-03-02"),
        )

    run(settings, fill)
    assert [one["record"] for one in ask(client, "/person/a/timeline")["entries"]] == ["Condition/d2"]


def test_too_many_records_are_refused(person: TestClient, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(gathering, "MOST", 5)
    answer = person.get("/person/g/timeline")
    assert answer.status_code == 422
    assert answer.json()["issue"][0]["details"]["coding"][0]["code"] == "XL7771"


def test_pages_are_the_same_whatever_order_records_came_in(settings: Settings) -> None:
    records = [
        result(
            f"r{number}",
            "a",
            ("lab", "his", "town")[number % 3],
            5 + number % 4 / 20,
            "mmol/L",
            f"2026-03-02T08:{number:02d}:00+08:00",
        )
        for number in range(30)
    ]

    def told(order: list[Json]) -> list[Any]:
        async def work(hub: Hub) -> Json:
            await put(hub, {"resourceType": "Patient", "id": "a"})
            for one in order:
                await put(hub, one)
            return await ask_timeline(hub, "a", Asked(count=500), "en")

        found = run(settings, work)
        return [(one["record"], [source["record"] for source in one["sources"]]) for one in found["entries"]]

    first = told(records)
    random.Random(1).shuffle(records)
    assert told([{**one, "language": "zh"} for one in records]) == first


def summary_of(client: TestClient, id_: str) -> Json:
    """Ask for a summary that must be valid."""
    found = ask(client, f"/fhir/Patient/{id_}/$summary")
    faults = [one for one in validator().validate(found) if one.severity == "error"]
    assert not faults, [(one.location, one.text("en")) for one in faults]
    return found


def section_of(document: Json, loinc: str) -> Json:
    """Give a section by its code."""
    return next(
        one
        for one in document["entry"][0]["resource"]["section"]
        if one["code"]["coding"][0]["code"] == loinc
    )


IPS_RULES = {
    # From the guide as remembered (http://hl7.org/fhir/uv/ips 1.1.0); nobody has looked it up: unverified.
    "a document with identifier and timestamp": lambda d: (
        d["type"] == "document" and d["identifier"]["value"] and d["timestamp"]
    ),
    "the composition first": lambda d: d["entry"][0]["resource"]["resourceType"] == "Composition",
    "the composition is a patient summary": lambda d: (
        d["entry"][0]["resource"]["type"]["coding"][0]["code"] == "60591-5"
    ),
    "a title, a date, an author, a status": lambda d: all(
        d["entry"][0]["resource"].get(name) for name in ("title", "date", "author", "status")
    ),
    "problems, medicines and allergies are required": lambda d: all(
        section_of(d, code) for code in ("11450-4", "10160-0", "48765-2")
    ),
    "every section has a title, a code and a text": lambda d: all(
        one["title"] and one["code"] and one["text"]["div"] for one in d["entry"][0]["resource"]["section"]
    ),
    "a required section has entries": lambda d: all(
        section_of(d, code)["entry"] for code in ("11450-4", "10160-0", "48765-2")
    ),
    "the subject and all entries can be found": lambda d: _references(d) <= _addresses(d),
    "addresses are unique": lambda d: len({one["fullUrl"] for one in d["entry"]}) == len(d["entry"]),
    "all entries are about the subject": lambda d: (
        {
            (one["resource"].get("subject") or one["resource"].get("patient") or {}).get("reference")
            for one in d["entry"]
            if one["resource"]["resourceType"] not in ("Patient", "Organization")
        }
        == {d["entry"][0]["resource"]["subject"]["reference"]}
    ),
}


def _references(document: Json) -> set[str]:
    composition = document["entry"][0]["resource"]
    targets = [composition["subject"], *composition["author"]]
    targets += [entry for section in composition["section"] for entry in section.get("entry", ())]
    return {one["reference"] for one in targets}


def _addresses(document: Json) -> set[str]:
    found = {one["fullUrl"] for one in document["entry"]}
    return found | {"/".join(one.split("/")[-2:]) for one in found if one.startswith("http")}


@pytest.mark.parametrize("id_", ["b", "other"])
def test_summary_keeps_the_rules_of_the_ips(person: TestClient, id_: str) -> None:
    document = summary_of(person, id_)
    assert [name for name, holds in IPS_RULES.items() if not holds(document)] == []


def test_summary_over_all_patients_names_each_fact_once(person: TestClient) -> None:
    document = summary_of(person, "c")
    assert document["entry"][1]["resource"]["id"] == "g"
    problems = section_of(document, "11450-4")
    assert [one["reference"] for one in problems["entry"]] == ["Condition/d2"]
    assert "Hospital his" in problems["text"]["div"]
    assert "Hospital town" in problems["text"]["div"]
    results = section_of(document, "30954-2")
    assert [one["reference"] for one in results["entry"]] == ["Observation/r3"]


def test_what_nobody_said_stays_unknown(person: TestClient) -> None:
    document = summary_of(person, "other")
    text = json.dumps(document)
    assert "no-known" not in text
    codes = {
        coding["code"]
        for one in document["entry"]
        for concept in (one["resource"].get("code"), one["resource"].get("medicationCodeableConcept"))
        if concept
        for coding in concept.get("coding", ())
        if coding.get("system") == IPS_ABSENT
    }
    assert codes == {"no-problem-info", "no-medication-info", "no-allergy-info"}
    assert section_of(document, "11369-6")["emptyReason"]["coding"][0]["code"] == "unavailable"


def test_medicines_whose_supply_has_ended_are_not_taken_at_present(
    client: TestClient, settings: Settings
) -> None:
    def order(id_: str, day: str, **other: Any) -> Json:
        supply = {"expectedSupplyDuration": {"value": 14, "unit": "d", "system": UCUM, "code": "d"}}
        told: Json = {"status": "active", "intent": "order", "authoredOn": day, "dispenseRequest": supply}
        return of("MedicationRequest", id_, "a", "", medicationCodeableConcept={"text": id_}, **told | other)

    async def fill(hub: Hub) -> None:
        await put(
            hub,
            {"resourceType": "Patient", "id": "a"},
            order("old", "2020-01-01"),
            order("now", date.today().isoformat()),
            order("open", "2020-01-01", dispenseRequest={}),
            order("not", "2020-01-01", dispenseRequest={}, doNotPerform=True),
            order("plan", "2020-01-01", dispenseRequest={}, intent="plan"),
            order("stopped", "2020-01-01", dispenseRequest={}, status="stopped"),
        )

    run(settings, fill)
    entries = section_of(ask(client, "/fhir/Patient/a/$summary"), "10160-0")["entry"]
    assert [one["reference"] for one in entries] == ["MedicationRequest/now", "MedicationRequest/open"]


def test_summary_by_post_and_with_parameters(person: TestClient) -> None:
    assert person.post("/fhir/Patient/g/$summary").status_code == 200
    profile = "http://hl7.org/fhir/uv/ips/StructureDefinition/Bundle-uv-ips"
    posted: Json = {
        "resourceType": "Parameters",
        "parameter": [{"name": "profile", "valueCanonical": profile}],
    }
    assert person.post("/fhir/Patient/g/$summary", json=posted).status_code == 200
    assert person.get(f"/fhir/Patient/g/$summary?profile={profile}").status_code == 200
    posted["parameter"].append({"name": "graph", "valueString": "x"})
    for answer in (
        person.post("/fhir/Patient/g/$summary", json=posted),
        person.post("/fhir/Patient/g/$summary", json={"resourceType": "Patient"}),
        person.post("/fhir/Patient/g/$summary", json=["x"]),
        person.post("/fhir/Patient/g/$summary", json={"resourceType": "Parameters", "parameter": ["x"]}),
        person.post("/fhir/Patient/g/$summary", json={"resourceType": "Parameters", "parameter": {"a": 1}}),
        person.get("/fhir/Patient/g/$summary?profile=x"),
    ):
        assert answer.status_code == 400, answer.text


def test_hostile_text_stays_text(client: TestClient, settings: Settings) -> None:
    async def fill(hub: Hub) -> None:
        name = "<script>alert('&')</script>"
        await put(
            hub,
            {"resourceType": "Patient", "id": "a", "name": [{"text": name}]},
            diagnosis("d1", "a", "", "I10", "2026-03-02") | {"code": {"text": name}},
        )

    run(settings, fill)
    document = summary_of(client, "a")
    assert "<script" not in section_of(document, "11450-4")["text"]["div"]
    assert "<script" not in document["entry"][0]["resource"]["text"]["div"]
