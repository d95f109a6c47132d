"""Validation at the door: errors refuse, warnings are told; $validate stores nothing."""

import base64
import json

from starlette.testclient import TestClient
from tests.support import client_of

from xinglin.core.settings import Settings

WRONG = {"resourceType": "Patient", "gender": "blue", "contact": [{"gender": "male"}]}
GOOD = {"resourceType": "Patient", "gender": "male"}
JSON_PATCH = {"Content-Type": "application/json-patch+json"}


def findings(response) -> dict[str, list[str]]:
    """Rule and expression of each issue of an OperationOutcome."""
    issues = response.json()["issue"]
    return {i["details"]["coding"][0]["code"]: i.get("expression", []) for i in issues if "details" in i}


def is_empty(client: TestClient) -> bool:
    return "entry" not in client.get("/fhir/_history").json()


def test_errors_refuse_every_way_in(client: TestClient) -> None:
    for refused in (
        client.post("/fhir/Patient", json=WRONG),
        client.put("/fhir/Patient/a", json={**WRONG, "id": "a"}),
    ):
        assert refused.status_code == 422
        found = findings(refused)
        assert found["binding-required"] == ["Patient.gender"]
        assert found["pat-1"] == ["Patient.contact[0]"]
    assert is_empty(client)


def test_a_transaction_names_the_entry(client: TestClient) -> None:
    entries = [{"request": {"method": "POST", "url": "Patient"}, "resource": r} for r in (GOOD, WRONG)]
    refused = client.post("/fhir", json={"resourceType": "Bundle", "type": "transaction", "entry": entries})
    assert refused.status_code == 422
    assert findings(refused)["binding-required"] == ["Bundle.entry[1].resource.gender"]
    assert is_empty(client)
    done = client.post("/fhir", json={"resourceType": "Bundle", "type": "batch", "entry": entries}).json()
    assert [e["response"]["status"][:3] for e in done["entry"]] == ["201", "422"]


def test_a_patch_may_not_make_a_record_wrong(client: TestClient) -> None:
    client.put("/fhir/Patient/a", json={**GOOD, "id": "a"})
    operations = [{"op": "replace", "path": "/gender", "value": "blue"}]
    assert client.patch("/fhir/Patient/a", json=operations, headers=JSON_PATCH).status_code == 422
    binary = {"resourceType": "Binary", "data": base64.b64encode(json.dumps(operations).encode()).decode()}
    entry = {"request": {"method": "PATCH", "url": "Patient/a"}, "resource": binary}
    bundle = {"resourceType": "Bundle", "type": "transaction", "entry": [entry]}
    assert client.post("/fhir", json=bundle).status_code == 422
    assert client.get("/fhir/Patient/a").json()["gender"] == "male"


def test_warnings_are_told_on_request(client: TestClient) -> None:
    coded = {**GOOD, "maritalStatus": {"coding": [{"system": "urn:local", "code": "1"}]}}
    told = client.post("/fhir/Patient", json=coded, headers={"Prefer": "return=OperationOutcome"})
    assert told.status_code == 201
    assert findings(told)["binding-extensible"] == ["Patient.maritalStatus"]


def test_a_site_may_take_records_as_they_come(settings: Settings) -> None:
    lenient = {name: getattr(settings, name) for name in settings.__struct_fields__} | {"validation": "none"}
    with client_of(Settings(**lenient)) as client:
        assert client.post("/fhir/Patient", json=WRONG).status_code == 201


def test_validate_operation(client: TestClient) -> None:
    found = client.post("/fhir/Patient/$validate", json=WRONG, headers={"Accept-Language": "zh"})
    assert found.status_code == 200
    assert findings(found)["pat-1"] == ["Patient.contact[0]"]
    assert any("\u4e00" <= c <= "\u9fff" for c in found.json()["issue"][0]["diagnostics"])
    parameters = {
        "resourceType": "Parameters",
        "parameter": [
            {"name": "resource", "resource": GOOD},
            {"name": "profile", "valueUri": "http://hl7.org/fhir/StructureDefinition/bodyweight"},
        ],
    }
    assert "profile-type" in findings(client.post("/fhir/Patient/$validate", json=parameters))
    assert is_empty(client)
    client.put("/fhir/Patient/a", json={**GOOD, "id": "a"})
    assert client.get("/fhir/Patient/a/$validate").json()["resourceType"] == "OperationOutcome"
    assert client.post("/fhir/Observation/$validate", json=GOOD).status_code == 400
    assert (
        client.post(
            "/fhir/Patient/$validate", json={"resourceType": "Parameters", "parameter": 7}
        ).status_code
        == 400
    )
