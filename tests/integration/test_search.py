"""Search over HTTP: every parameter type and modifier by a table, and the answer's shape."""

import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any
from urllib.parse import quote

import pytest
from starlette.testclient import TestClient
from tests.databases import new_database
from tests.support import client_of

from xinglin.core.settings import Settings
from xinglin.hub.embedded import EmbeddedServer

Json = dict[str, Any]
LOINC = "http://loinc.org"
UCUM = "http://unitsofmeasure.org"
MRN = "http://hospital.example/mrn"


def patient(id_: str, **more: object) -> Json:
    return {"resourceType": "Patient", "id": id_, **more}


def observation(id_: str, code: str, **more: object) -> Json:
    coding = {"system": LOINC, "code": code, "display": f"Test {code}"}
    return {
        "resourceType": "Observation",
        "id": id_,
        "status": "final",
        "code": {"coding": [coding]},
        **more,
    }


def quantity(value: float, unit: str) -> Json:
    return {"value": value, "unit": unit, "system": UCUM, "code": unit}


def ref(address: str) -> Json:
    return {"reference": address}


RECORDS: list[Json] = [
    {"resourceType": "Organization", "id": "city", "name": "City hospital"},
    {"resourceType": "Organization", "id": "ward", "name": "Ward seven", "partOf": ref("Organization/city")},
    patient(
        "zhang",
        name=[{"family": "张", "given": ["三"]}],
        gender="male",
        birthDate="1950-03-01",
        identifier=[
            {
                "type": {
                    "coding": [{"system": "http://terminology.hl7.org/CodeSystem/v2-0203", "code": "MR"}]
                },
                "system": MRN,
                "value": "A1",
            }
        ],
        managingOrganization=ref("Organization/ward"),
        meta={"tag": [{"system": "urn:tags", "code": "pilot"}]},
    ),
    patient(
        "jose",
        name=[{"family": "García", "given": ["José", "Luis"]}],
        gender="male",
        birthDate="1980",
        identifier=[{"system": MRN, "value": "B2"}],
        managingOrganization=ref("Organization/city"),
    ),
    patient("nobody"),
    {
        "resourceType": "Encounter",
        "id": "visit",
        "status": "finished",
        "class": {"system": "http://terminology.hl7.org/CodeSystem/v3-ActCode", "code": "AMB"},
        "subject": ref("Patient/zhang"),
        "period": {"start": "2024-02-28T23:00:00+08:00", "end": "2024-03-02"},
    },
    observation(
        "weight",
        "29463-7",
        subject=ref("Patient/zhang"),
        encounter=ref("Encounter/visit"),
        effectiveDateTime="2024-03-01T08:30:00+08:00",
        valueQuantity=quantity(70.5, "kg"),
    ),
    observation(
        "glucose",
        "2345-7",
        subject=ref("Patient/zhang"),
        effectiveDateTime="2024-03",
        valueQuantity=quantity(180, "mg/dL"),
    ),
    observation("note", "8302-2", subject={"identifier": {"system": MRN, "value": "A1"}}, valueString="高"),
    observation(
        "other",
        "2345-7",
        subject=ref("Patient/jose"),
        effectiveDateTime="2023-12-31T23:30:00-05:00",
        valueQuantity=quantity(90, "mg/dL"),
        text={"status": "generated", "div": '<div xmlns="http://www.w3.org/1999/xhtml">fasting sample</div>'},
    ),
    {
        "resourceType": "RiskAssessment",
        "id": "risk",
        "status": "final",
        "subject": ref("Patient/jose"),
        "prediction": [{"probabilityDecimal": 0.25}],
    },
    {
        "resourceType": "ValueSet",
        "id": "vs",
        "url": "http://site.example/vs/a/b",
        "status": "active",
        "version": "2",
    },
]

TABLE = [
    # string
    ("Patient?name=garc", "jose"),
    ("Patient?name=GARCÍA", "jose"),
    ("Patient?name=arc", ""),
    ("Patient?name:contains=arc", "jose"),
    ("Patient?given:exact=José", "jose"),
    ("Patient?given:exact=jose", ""),
    ("Patient?family=張", "zhang"),
    ("Patient?name:pinyin=zs", "zhang"),
    ("Patient?name:pinyin=zhangs", "zhang"),
    ("Patient?name:missing=true", "nobody"),
    ("Patient?name=张,garc", "jose zhang"),
    ("Patient?given=luis&family=gar", "jose"),
    # token
    ("Patient?gender=male", "jose zhang"),
    ("Patient?gender:not=male", "nobody"),
    ("Patient?gender=http://hl7.org/fhir/administrative-gender|male", "jose zhang"),
    ("Patient?gender:missing=false", "jose zhang"),
    (f"Patient?identifier={MRN}|a1", "zhang"),
    (f"Patient?identifier={MRN}|", "jose zhang"),
    ("Patient?identifier=|A1", ""),
    ("Patient?identifier:of-type=http://terminology.hl7.org/CodeSystem/v2-0203|MR|A1", "zhang"),
    ("Observation?code:text=test 23", "glucose other"),
    ("Patient?gender:in=http://hl7.org/fhir/ValueSet/administrative-gender", "jose zhang"),
    ("Patient?gender:not-in=http://hl7.org/fhir/ValueSet/administrative-gender", "nobody"),
    ("Patient?_tag=urn:tags|pilot", "zhang"),
    ("Patient?_id=jose,zhang,none", "jose zhang"),
    ("Patient?_id:not=jose", "nobody zhang"),
    # reference
    ("Observation?subject=Patient/zhang", "glucose weight"),
    ("Observation?subject=zhang", "glucose weight"),
    ("Observation?patient=http://hub/fhir/Patient/zhang", ""),
    ("Observation?subject:Patient=jose", "other"),
    (f"Observation?subject:identifier={MRN}|A1", "note"),
    ("Organization?partof:below=city", "ward"),
    ("Patient?organization:below=Organization/city", "jose zhang"),
    ("Patient?organization:above=Organization/ward", "jose zhang"),
    ("Patient?organization:above=Organization/city", "jose"),
    # date
    ("Observation?date=2024-03", "glucose weight"),
    ("Observation?date=2024-03-01", "weight"),
    ("Observation?date=ne2024-03", "other"),
    ("Observation?date=gt2024-02", "glucose weight"),
    ("Observation?date=ge2024-03-01", "glucose weight"),
    ("Observation?date=lt2024-01-02", "other"),
    ("Observation?date=le2024-01-01", "other"),
    ("Observation?date=sa2024-02-29", "glucose weight"),
    ("Observation?date=eb2024-03-01T08:30:01%2B08:00", "other weight"),
    ("Observation?date=ge2024-03-01&date=lt2024-03-02", "glucose weight"),
    ("Encounter?date=2024-03-01", ""),
    ("Encounter?date=ap2024-03-01", "visit"),
    ("Encounter?date=ge2024-02-28&date=le2024-03-02", "visit"),
    ("Patient?birthdate=1950-03-01", "zhang"),
    ("Patient?birthdate=lt1980", "zhang"),
    ("Patient?_lastUpdated=gt2020-01-01&gender=male", "jose zhang"),
    ("Patient?_lastUpdated=lt2020-01-01", ""),
    # number, quantity
    ("RiskAssessment?probability=0.25", "risk"),
    ("RiskAssessment?probability=gt0.2", "risk"),
    ("RiskAssessment?probability=lt0.2", ""),
    (f"Observation?value-quantity=70.5|{UCUM}|kg", "weight"),
    (f"Observation?value-quantity=70500|{UCUM}|g", "weight"),
    (f"Observation?value-quantity=gt1|{UCUM}|g/L", "glucose"),
    ("Observation?value-quantity=ge90||mg/dL", "glucose other"),
    ("Observation?value-quantity=180", "glucose"),
    ("Observation?value-quantity=ap92", "other"),
    # composite
    ("Observation?code-value-quantity=2345-7$gt100", "glucose"),
    ("Observation?code-value-quantity=29463-7$gt100", ""),
    ("Observation?combo-code-value-quantity=2345-7$lt100", "other"),
    # uri
    ("ValueSet?url=http://site.example/vs/a/b", "vs"),
    ("ValueSet?url:below=http://site.example/vs", "vs"),
    ("ValueSet?url:above=http://site.example/vs/a/b/c", "vs"),
    # full text
    ("Observation?_text=fasting", "other"),
    ("Observation?_content=高", "note"),
    # chains
    ("Observation?patient.name=garc", "other"),
    ("Observation?subject:Patient.gender=male", "glucose other weight"),
    ("Observation?patient.organization.name=ward", "glucose weight"),
    ("Observation?patient.organization.partof.name=city", "glucose weight"),
    ("Observation?patient.name:contains=arc", "other"),
    ("Patient?_has:Observation:patient:code=2345-7", "jose zhang"),
    ("Patient?_has:Observation:patient:value-quantity=gt100", "zhang"),
    ("Patient?_has:Observation:patient:encounter.class=AMB", "zhang"),
    ("Organization?_has:Patient:organization:_has:Observation:patient:code=29463-7", "ward"),
    ("Observation?patient._has:Encounter:patient:class=AMB", "glucose weight"),
]


@pytest.fixture(scope="module")
def hub(server: EmbeddedServer, home: Path) -> Iterator[TestClient]:
    """A hub with RECORDS, for tests that only read."""
    with (
        new_database(server) as url,
        client_of(Settings(database_url=url, language="en", validation="none", home=str(home))) as client,
    ):
        entries = [
            {"resource": one, "request": {"method": "PUT", "url": f"{one['resourceType']}/{one['id']}"}}
            for one in RECORDS
        ]
        made = client.post("/fhir", json={"resourceType": "Bundle", "type": "transaction", "entry": entries})
        assert made.status_code == 200, made.text
        yield client


@pytest.fixture
def settings(database: str, home: Path) -> Settings:
    """Settings without validation: these records are about searching only."""
    return Settings(database_url=database, language="en", validation="none", home=str(home))


def ids(response: Any, mode: str = "match") -> list[str]:
    assert response.status_code == 200, response.text
    bundle = response.json()
    assert (bundle["resourceType"], bundle["type"]) == ("Bundle", "searchset")
    return [e["resource"]["id"] for e in bundle.get("entry", []) if e["search"]["mode"] == mode]


def problem(response: Any) -> tuple[int, str]:
    return response.status_code, response.json()["issue"][0]["details"]["coding"][0]["code"]


@pytest.mark.parametrize(("search", "expected"), TABLE)
def test_table(hub: TestClient, search: str, expected: str) -> None:
    found = hub.get(f"/fhir/{search}")
    assert sorted(ids(found)) == expected.split()
    assert found.json()["total"] == len(expected.split())
    kind, _, query = search.partition("?")
    posted = hub.post(
        f"/fhir/{kind}/_search", content=query, headers={"Content-Type": "application/x-www-form-urlencoded"}
    )
    assert ids(posted) == ids(found)
    again = hub.get(next(one["url"] for one in found.json()["link"] if one["relation"] == "self"))
    assert ids(again) == ids(found)


@pytest.mark.parametrize(
    ("search", "expected"),
    [
        ("Observation?_sort=date", "other glucose weight note"),
        ("Observation?_sort=-date", "weight glucose other note"),
        ("Observation?_sort=value-quantity", "weight other glucose note"),
        ("Observation?_sort=code,-date", "glucose other weight note"),
        ("Observation?_sort=-code", "note weight glucose other"),
        ("Observation?_sort=patient,-_id", "other weight glucose note"),
        ("Patient?_sort=family", "jose zhang nobody"),
        ("Patient?_sort=gender,-birthdate", "jose zhang nobody"),
        ("Patient?_sort=-_id", "zhang nobody jose"),
        ("?_type=Patient,Organization&_sort=_id", "city jose nobody ward zhang"),
    ],
)
@pytest.mark.parametrize("count", [1, 2, 10])
def test_order_and_pages(hub: TestClient, search: str, expected: str, count: int) -> None:
    path: str | None = (
        f"/fhir/{search}&_count={count}" if search[0] != "?" else f"/fhir{search}&_count={count}"
    )
    found: list[str] = []
    while path:
        page = hub.get(path)
        assert len(ids(page)) <= count
        found += ids(page)
        path = next((one["url"] for one in page.json()["link"] if one["relation"] == "next"), None)
    assert found == expected.split()


@pytest.mark.parametrize(
    ("search", "matches", "included"),
    [
        ("Observation?_id=weight&_include=Observation:patient", "weight", "zhang"),
        ("Observation?_id=weight&_include=Observation:subject:Group", "weight", ""),
        ("Observation?_id=weight&_include=*", "weight", "visit zhang"),
        ("Observation?_id=weight&_include=Observation:*", "weight", "visit zhang"),
        (
            "Observation?_id=weight&_include=Observation:patient&_include:iterate=Patient:*,Organization:partof",
            "weight",
            "city ward zhang",
        ),
        (
            "Observation?code=2345-7&_include=Observation:patient&_include=Patient:organization",
            "glucose other",
            "jose zhang",
        ),
        ("Patient?_id=zhang&_revinclude=Observation:patient", "zhang", "glucose weight"),
        ("Patient?_id=zhang&_revinclude=Observation:*", "zhang", "glucose weight"),
        ("Patient?_id=zhang&_revinclude=*", "zhang", "glucose visit weight"),
        (
            "Organization?_id=city&_revinclude=Organization:partof&_revinclude:iterate=Patient:organization",
            "city",
            "jose ward zhang",
        ),
    ],
)
def test_what_comes_along(hub: TestClient, search: str, matches: str, included: str) -> None:
    answer = hub.get(f"/fhir/{search}")
    assert sorted(ids(answer)) == matches.split()
    assert sorted(ids(answer, "include")) == included.split()


def test_totals(hub: TestClient) -> None:
    assert "total" not in hub.get("/fhir/Observation?_count=1").json()
    assert hub.get("/fhir/Observation?_count=1&_total=accurate").json()["total"] == 4
    assert hub.get("/fhir/Observation?_count=1&_total=estimate").json()["total"] == 4
    counted = hub.get("/fhir/Observation?_summary=count&_content=高").json()
    assert counted["total"] == 1
    assert "entry" not in counted
    assert "entry" not in hub.get("/fhir/Observation?_count=0").json()


def only(response: Any) -> Json:
    return response.json()["entry"][0]["resource"]


def test_parts_of_records(hub: TestClient) -> None:
    elements = only(hub.get("/fhir/Observation?_id=weight&_elements=value,subject"))
    assert set(elements) == {"resourceType", "id", "meta", "status", "code", "subject", "valueQuantity"}
    assert elements["meta"]["tag"][0]["code"] == "SUBSETTED"
    summary = only(hub.get("/fhir/Observation?_id=other&_summary=true"))
    assert "valueQuantity" in summary
    assert "text" not in summary
    assert set(only(hub.get("/fhir/Observation?_id=other&_summary=text"))) == {
        *("resourceType", "id", "meta", "text", "status", "code"),
    }
    assert "text" not in only(hub.get("/fhir/Observation?_id=other&_summary=data"))
    whole = only(hub.get("/fhir/Observation?_id=other&_summary=false"))
    assert "text" in whole
    assert "tag" not in whole["meta"]


def test_compartments(hub: TestClient) -> None:
    assert sorted(ids(hub.get("/fhir/Patient/zhang/Observation"))) == ["glucose", "weight"]
    assert ids(hub.get("/fhir/Patient/zhang/Observation?code=2345-7")) == ["glucose"]
    assert sorted(ids(hub.get("/fhir/Patient/zhang/*"))) == ["glucose", "visit", "weight", "zhang"]
    assert sorted(ids(hub.get("/fhir/Encounter/visit/*"))) == ["visit", "weight"]


def test_everything(hub: TestClient) -> None:
    whole = hub.get("/fhir/Patient/zhang/$everything")
    assert ids(whole)[0] == "zhang"
    assert sorted(ids(whole)) == ["glucose", "visit", "weight", "zhang"]
    assert ids(whole, "include") == ["ward"]
    path, found = "/fhir/Patient/zhang/$everything?_count=1", []
    while path:
        page = hub.get(path)
        found += ids(page)
        path = next((one["url"] for one in page.json()["link"] if one["relation"] == "next"), "")
    assert found == ids(whole)
    assert ids(hub.get("/fhir/Patient/zhang/$everything?_type=Encounter")) == ["visit"]
    assert ids(hub.get("/fhir/Patient/zhang/$everything?_since=2099-01-01T00:00:00Z")) == []
    assert sorted(ids(hub.get("/fhir/Encounter/visit/$everything"))) == ["visit", "weight"]
    assert hub.get("/fhir/Patient/none/$everything").status_code == 404
    assert problem(hub.get("/fhir/Patient/zhang/$everything?foo=1")) == (400, "XL6001")


def test_lastn(client: TestClient) -> None:
    client.put("/fhir/Patient/p", json=patient("p"))
    for number in range(4):
        for code in ("718-7", "2345-7"):
            one = observation(
                f"{code}-{number}", code, subject=ref("Patient/p"), effectiveDateTime=f"2024-01-0{number + 1}"
            )
            assert client.put(f"/fhir/Observation/{one['id']}", json=one).status_code == 201
    latest = client.get("/fhir/Observation/$lastn?patient=p")
    assert sorted(ids(latest)) == ["2345-7-3", "718-7-3"]
    several = client.get("/fhir/Observation/$lastn?patient=Patient/p&max=2&code=718-7")
    assert ids(several) == ["718-7-3", "718-7-2"]
    assert problem(client.get("/fhir/Observation/$lastn?max=2")) == (400, "XL6004")
    assert problem(client.get("/fhir/Observation/$lastn?patient=p&max=all")) == (400, "XL6003")


@pytest.mark.parametrize(
    ("search", "code"),
    [
        ("Patient?brithdate=1950", "XL6001"),
        ("Patient?name:below=a", "XL6002"),
        ("Patient?birthdate=yesterday", "XL6003"),
        ("Patient?name=", "XL6004"),
        ("Patient?_sort=colour", "XL6001"),
        ("Patient?_count=-1", "XL6003"),
        ("Patient?_include=Patient:name", "XL6010"),
        ("Patient?gender:in=http://nowhere.example/vs", "XL6014"),
        ("Dragon?name=a", "XL3005"),
        ("Patient/zhang/Dragon", "XL3005"),
        ("Organization/city/Patient", "XL6008"),
        ("Patient?_page=zzzz", "XL6016"),
        ("Patient?_page=", "XL6016"),
    ],
)
def test_what_is_refused(hub: TestClient, search: str, code: str) -> None:
    refused = hub.get(f"/fhir/{search}")
    assert problem(refused)[1] == code
    assert 400 <= refused.status_code < 500


def test_lenient_handling_says_what_it_left_out(hub: TestClient) -> None:
    answer = hub.get("/fhir/Patient?colour=red&gender=male", headers={"Prefer": "handling=lenient"})
    assert sorted(ids(answer)) == ["jose", "zhang"]
    (note,) = (e["resource"] for e in answer.json()["entry"] if e["search"]["mode"] == "outcome")
    assert "colour" in note["issue"][0]["diagnostics"]
    assert "colour" not in answer.json()["link"][0]["url"]


HOSTILE = (
    "'; DROP TABLE resource; --",
    "%s",
    "%(low)s",
    "{}",
    "\\",
    "\x00",
    "') OR 1=1 --",
    "$1",
    '"',
    "\ud7ff",
    "%",
)
NAMES = (
    *(
        "name",
        "name:contains",
        "name:exact",
        "name:pinyin",
        "gender",
        "identifier",
        "_id",
        "_tag",
        "_profile",
    ),
    *(
        "birthdate",
        "organization",
        "organization:identifier",
        "organization.name",
        "_has:Observation:patient:code",
    ),
    *("_sort", "_page", "_include", "_elements", "_content", "_text", "_source", "language", "_lastUpdated"),
)


@pytest.mark.parametrize("name", NAMES)
def test_values_never_become_sql(hub: TestClient, name: str) -> None:
    for value in HOSTILE:
        answer = hub.get(f"/fhir/Patient?{name}={quote(value)}")
        assert answer.status_code in {200, 400, 404}, (value, answer.text)
        odd = hub.get(f"/fhir/Patient?{quote(name + value)}=1")
        assert odd.status_code in {200, 400, 404}, (value, odd.text)
    assert len(ids(hub.get("/fhir/Patient"))) == 3


def test_tokens_are_for_their_own_search(hub: TestClient) -> None:
    page = hub.get("/fhir/Patient?_count=1").json()
    link = next(one["url"] for one in page["link"] if one["relation"] == "next")
    token = link.partition("_page=")[2]
    assert problem(hub.get(f"/fhir/Observation?_count=1&_page={token}")) == (400, "XL6016")
    for changed in (token[:-3], token + "A", token[::-1], "W10", token.replace(token[5], "_")):
        assert hub.get(f"/fhir/Patient?_count=1&_page={changed}").status_code == 400


def test_paging_while_data_changes(client: TestClient) -> None:
    """Records that stay are found once, whatever happens around them."""
    for number in range(30):
        client.put(
            f"/fhir/Patient/p{number:02d}", json=patient(f"p{number:02d}", birthDate=f"19{number + 10}")
        )
    for sort in ("", "&_sort=birthdate", "&_sort=-birthdate"):
        path, found, step = f"/fhir/Patient?gender:missing=true&_count=4{sort}", [], 0
        while path:
            page = client.get(path)
            found += ids(page)
            path = next((one["url"] for one in page.json()["link"] if one["relation"] == "next"), "")
            client.delete(f"/fhir/Patient/p{step:02d}")
            client.put(
                f"/fhir/Patient/q{step}{len(sort)}", json=patient(f"q{step}{len(sort)}", gender="other")
            )
            step += 1
        assert len(found) == len(set(found))
        assert {f"p{number:02d}" for number in range(12, 30)} <= set(found)
        for number in range(12):
            client.put(
                f"/fhir/Patient/p{number:02d}", json=patient(f"p{number:02d}", birthDate=f"19{number + 10}")
            )


def test_searches_in_bundles(client: TestClient) -> None:
    entries = [
        {"request": {"method": "GET", "url": "Patient?gender=male"}},
        {
            "request": {"method": "POST", "url": "Patient"},
            "resource": {"resourceType": "Patient", "gender": "male"},
        },
        {"request": {"method": "GET", "url": "/Patient?_summary=count"}},
    ]
    for kind in ("transaction", "batch"):
        made = client.post("/fhir", json={"resourceType": "Bundle", "type": kind, "entry": entries})
        assert made.status_code == 200, made.text
        first = made.json()["entry"][0]["resource"]
        assert first["type"] == "searchset"
        assert first["total"] == (1 if kind == "transaction" else 2), "searches see what the bundle wrote"


def test_a_search_that_costs_too_much(settings: Settings, monkeypatch: pytest.MonkeyPatch) -> None:
    values = {name: getattr(settings, name) for name in settings.__struct_fields__}
    tight = Settings(
        **(values | {"search_timeout_seconds": 1, "search_page_most": 2, "search_include_most": 2})
    )
    with client_of(tight) as client:
        for number in range(5):
            client.put(f"/fhir/Patient/{number}", json=patient(str(number)))
            one = observation(str(number), "718-7", subject=ref("Patient/0"))
            client.put(f"/fhir/Observation/{number}", json=one)
        assert len(ids(client.get("/fhir/Patient?_count=100"))) == 2
        assert problem(client.get("/fhir/Patient?_id=0&_revinclude=Observation:patient")) == (400, "XL6019")
        hub = client.app.state.hub  # type: ignore[attr-defined]
        slow = hub.store.records

        async def sleepy(connection: Any, rows: Any) -> Any:
            await connection.execute("SELECT pg_sleep(30)")
            return await slow(connection, rows)

        monkeypatch.setattr(hub.store, "records", sleepy)
        assert problem(client.get("/fhir/Patient?gender:missing=true")) == (503, "XL6015")
        monkeypatch.undo()
        assert len(ids(client.get("/fhir/Patient?gender:missing=true"))) == 2, "the hub goes on"


def test_the_capability_statement_lists_what_can_be_searched(hub: TestClient) -> None:
    statement = hub.get("/fhir/metadata").json()
    (found,) = (one for one in statement["rest"][0]["resource"] if one["type"] == "Patient")
    assert {"name", "birthdate", "_id", "_text", "_has"} <= {one["name"] for one in found["searchParam"]}
    for include in found["searchInclude"]:
        assert hub.get(f"/fhir/Patient?_include={include}").status_code == 200, include
    for include in found["searchRevInclude"][:40]:
        assert hub.get(f"/fhir/Patient?_revinclude={include}").status_code == 200, include
    assert "everything" in {one["name"] for one in found["operation"]}
    assert json.dumps(statement)
