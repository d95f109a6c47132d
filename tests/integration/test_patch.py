"""patch over HTTP: JSON Patch and FHIRPath Patch, plain and conditional on a version."""

import json

from starlette.testclient import TestClient

PATIENT = {
    "resourceType": "Patient",
    "id": "a",
    "gender": "male",
    "extension": [{"url": "urn:x", "valueDecimal": 1.5}],
}
JSON_PATCH = {"Content-Type": "application/json-patch+json"}


def put(client: TestClient) -> None:
    body = json.dumps(PATIENT).replace("1.5", "1.10")
    assert client.put("/fhir/Patient/a", content=body).status_code == 201


def codes(response) -> tuple[int, str]:
    return response.status_code, response.json()["issue"][0]["details"]["coding"][0]["code"]


def test_json_patch(client: TestClient) -> None:
    put(client)
    operations = [{"op": "replace", "path": "/gender", "value": "female"}]
    changed = client.patch("/fhir/Patient/a", json=operations, headers=JSON_PATCH)
    assert (changed.status_code, changed.headers["ETag"]) == (200, 'W/"2"')
    assert b'"valueDecimal":1.10' in changed.content, "what isn't patched keeps its digits"
    assert changed.json()["gender"] == "female"


def test_fhirpath_patch(client: TestClient) -> None:
    put(client)
    parts = [
        {"name": "type", "valueCode": "replace"},
        {"name": "path", "valueString": "Patient.gender"},
        {"name": "value", "valueCode": "other"},
    ]
    parameters = {"resourceType": "Parameters", "parameter": [{"name": "operation", "part": parts}]}
    changed = client.patch("/fhir/Patient/a", json=parameters)
    assert (changed.status_code, changed.json()["gender"]) == (200, "other")


def test_patches_that_change_nothing_or_cannot(client: TestClient) -> None:
    put(client)
    same = [{"op": "test", "path": "/gender", "value": "male"}]
    assert client.patch("/fhir/Patient/a", json=same, headers=JSON_PATCH).headers["ETag"] == 'W/"1"'
    other = [{"op": "test", "path": "/gender", "value": "female"}]
    assert codes(client.patch("/fhir/Patient/a", json=other, headers=JSON_PATCH)) == (422, "XL3057")
    renamed = [{"op": "replace", "path": "/id", "value": "b"}]
    assert codes(client.patch("/fhir/Patient/a", json=renamed, headers=JSON_PATCH)) == (400, "XL3023")
    stale = JSON_PATCH | {"If-Match": 'W/"7"'}
    assert codes(client.patch("/fhir/Patient/a", json=same, headers=stale)) == (412, "XL3020")
    assert codes(client.patch("/fhir/Patient/b", json=same, headers=JSON_PATCH)) == (404, "XL3010")
    assert codes(client.patch("/fhir/Patient/a", json=7, headers=JSON_PATCH)) == (400, "XL3055")
    assert codes(client.patch("/fhir/Patient/a", json=PATIENT)) == (400, "XL3006")
    client.delete("/fhir/Patient/a")
    assert codes(client.patch("/fhir/Patient/a", json=same, headers=JSON_PATCH)) == (410, "XL3011")
