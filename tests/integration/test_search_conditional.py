"""Conditional interactions: none, one or several matches, and many at once."""

import asyncio
from typing import Any

import pytest
from starlette.testclient import TestClient
from tests.support import run

from xinglin.core.settings import Settings
from xinglin.hub.changes import Create, Update
from xinglin.hub.hub import Hub

Json = dict[str, Any]
CRITERIA = "identifier=urn:mrn|1"


def patient(**more: object) -> Json:
    return {"resourceType": "Patient", "identifier": [{"system": "urn:mrn", "value": "1"}], **more}


@pytest.mark.parametrize("method", ["POST", "PUT"])
def test_a_transaction_stores_a_missing_record_once(client: TestClient, method: str) -> None:
    """Two entries with one condition that finds nothing would make two records of one person."""
    request = {"method": method, "url": "Patient" if method == "POST" else f"Patient?{CRITERIA}"}
    if method == "POST":
        request["ifNoneExist"] = CRITERIA
    entries = [{"request": request, "resource": patient()}] * 2
    refused = client.post("/fhir", json={"resourceType": "Bundle", "type": "transaction", "entry": entries})
    assert problem(refused) == (400, "XL3025")
    assert refused.json()["issue"][0]["expression"] == ["Bundle.entry[1]"]
    assert client.get("/fhir/Patient?_summary=count").json()["total"] == 0
    client.put("/fhir/Patient/p", json=patient(id="p"))
    again = client.post("/fhir", json={"resourceType": "Bundle", "type": "transaction", "entry": entries})
    assert again.status_code == (200 if method == "POST" else 400), (
        "two creates that find a record only read it"
    )


@pytest.fixture(params=[0, 1, 2])
def matches(request: Any, client: TestClient) -> int:
    """How many records the condition finds."""
    for number in range(request.param):
        client.put(f"/fhir/Patient/p{number}", json=patient(id=f"p{number}"))
    return request.param


def problem(response: Any) -> tuple[int, str]:
    return response.status_code, response.json()["issue"][0]["details"]["coding"][0]["code"]


def test_create(client: TestClient, matches: int) -> None:
    made = client.post("/fhir/Patient", json=patient(), headers={"If-None-Exist": CRITERIA})
    assert made.status_code == (201, 200, 412)[matches]
    if matches == 1:
        assert made.json()["id"] == "p0"
    total = client.get("/fhir/Patient?_summary=count").json()["total"]
    assert total == (1, 1, 2)[matches]


def test_update(client: TestClient, matches: int) -> None:
    made = client.put(f"/fhir/Patient?{CRITERIA}", json=patient(gender="male"))
    assert made.status_code == (201, 200, 412)[matches]
    if matches < 2:
        assert [e["resource"]["id"] for e in client.get("/fhir/Patient?gender=male").json()["entry"]] == [
            made.json()["id"]
        ]


def test_patch(client: TestClient, matches: int) -> None:
    done = client.patch(
        f"/fhir/Patient?{CRITERIA}",
        content=b'[{"op": "add", "path": "/gender", "value": "male"}]',
        headers={"Content-Type": "application/json-patch+json"},
    )
    assert done.status_code == (404, 200, 412)[matches]


def test_delete(client: TestClient, matches: int) -> None:
    done = client.delete(f"/fhir/Patient?{CRITERIA}")
    assert done.status_code == (204, 204, 412)[matches]
    total = client.get(f"/fhir/Patient?{CRITERIA}&_summary=count").json()["total"]
    assert total == (0, 0, 2)[matches]


def test_references_in_transactions(client: TestClient, matches: int) -> None:
    observation = {
        "resourceType": "Observation",
        "status": "final",
        "code": {"text": "x"},
        "subject": {"reference": f"Patient?{CRITERIA}"},
    }
    entry = {"resource": observation, "request": {"method": "POST", "url": "Observation"}}
    done = client.post("/fhir", json={"resourceType": "Bundle", "type": "transaction", "entry": [entry]})
    assert done.status_code == (412, 200, 412)[matches]
    if matches == 1:
        found = client.get("/fhir/Observation?subject=Patient/p0").json()["entry"]
        assert found[0]["resource"]["subject"]["reference"] == "Patient/p0"


def test_a_transaction_finds_what_was_there_before_it(client: TestClient) -> None:
    """http://hl7.org/fhir/R4/http.html#trules: conditions are resolved before anything is written."""
    entries = [
        {"resource": patient(), "request": {"method": "POST", "url": "Patient", "ifNoneExist": CRITERIA}},
        {"resource": patient(), "request": {"method": "POST", "url": "Patient"}},
    ]
    body = {"resourceType": "Bundle", "type": "transaction", "entry": entries}
    assert [e["response"]["status"][:3] for e in client.post("/fhir", json=body).json()["entry"]] == [
        "201",
        "201",
    ]
    assert client.post("/fhir", json=body).status_code == 412, "now there are two"


@pytest.mark.parametrize(
    "criteria", ["colour=red", "identifier=", "birthdate=x", "name:below=1", "gender:in=x"]
)
def test_conditions_that_cant_be_read(client: TestClient, criteria: str) -> None:
    """An unknown parameter left out would find, and change, the wrong records."""
    client.put("/fhir/Patient/a", json=patient(id="a"))
    for answer in (
        client.delete(f"/fhir/Patient?{criteria}"),
        client.post("/fhir/Patient", json=patient(), headers={"If-None-Exist": criteria}),
    ):
        status, code = problem(answer)
        assert status == 400
        assert code.startswith("XL60")
    assert client.get("/fhir/Patient?_summary=count").json()["total"] == 1


def test_twenty_at_once_make_one_record(settings: Settings) -> None:
    async def story(hub: Hub) -> None:
        created = Create("Patient", criteria=CRITERIA, content=patient())
        done = await asyncio.gather(*(hub.change(created) for _ in range(20)))
        assert len({one.record.key for one in done if one.record}) == 1
        updated = Update(
            "Patient",
            criteria="identifier=urn:mrn|2",
            content={
                "resourceType": "Patient",
                "identifier": [{"system": "urn:mrn", "value": "2"}],
            },
        )
        done = await asyncio.gather(*(hub.change(updated) for _ in range(20)))
        assert len({one.record.key for one in done if one.record}) == 1

    run(settings, story)
