"""batch and transaction: order, references, atomicity."""

import base64
import gzip
import json
import re
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest
from starlette.testclient import TestClient
from tests.support import client_of

from xinglin.core.exact_json import loads
from xinglin.core.settings import Settings

UUID = "urn:uuid:00000000-0000-4000-8000-00000000000{}"


def entry(
    method: str, url: str, resource: dict | None = None, full_url: str | None = None, **request: str
) -> dict:
    made: dict = {"request": {"method": method, "url": url, **request}}
    if resource is not None:
        made["resource"] = resource
    if full_url is not None:
        made["fullUrl"] = full_url
    return made


def post(client: TestClient, *entries: dict, kind: str = "transaction", **headers: str):
    return client.post(
        "/fhir", json={"resourceType": "Bundle", "type": kind, "entry": list(entries)}, headers=headers
    )


def statuses(response) -> list[str]:
    assert response.status_code == 200, response.text
    return [e["response"]["status"][:3] for e in response.json().get("entry", [])]


def observation(subject: str, **more: object) -> dict:
    return {
        "resourceType": "Observation",
        "status": "final",
        "code": {"text": "x"},
        "subject": {"reference": subject},
        **more,
    }


def patient(**more: object) -> dict:
    return {"resourceType": "Patient", **more}


def problem(response) -> tuple[int, str, str]:
    issue = response.json()["issue"][0]
    return response.status_code, issue["details"]["coding"][0]["code"], issue["expression"][0]


def test_references_to_other_entries_become_ids(client: TestClient) -> None:
    """In any order, forwards and backwards, also within a narrative and with a fragment."""
    text = {
        "status": "generated",
        "div": f'<div xmlns="http://www.w3.org/1999/xhtml"><a href="{UUID.format(1)}">p</a></div>',
    }
    made = post(
        client,
        entry(
            "POST",
            "Observation",
            observation(UUID.format(1), text=text, derivedFrom=[{"reference": UUID.format(3)}]),
            UUID.format(2),
        ),
        entry("POST", "Patient", patient(), UUID.format(1)),
        entry("PUT", "Observation/o", observation(UUID.format(1), id="o"), UUID.format(3)),
    )
    assert statuses(made) == ["201", "201", "201"]
    places = [e["response"]["location"].partition("/_history")[0] for e in made.json()["entry"]]
    first = client.get(f"/fhir/{places[0]}").json()
    assert first["subject"]["reference"] == places[1]
    assert first["derivedFrom"][0]["reference"] == "Observation/o"
    assert f'href="{places[1]}"' in first["text"]["div"]


def test_a_failing_entry_undoes_the_rest(client: TestClient) -> None:
    refused = post(
        client,
        entry("POST", "Patient", patient()),
        entry("PUT", "Patient/a", patient(id="a"), ifMatch='W/"3"'),
    )
    assert problem(refused) == (412, "XL3020", "Bundle.entry[1]")
    refused = post(client, entry("POST", "Patient", patient()), entry("GET", "Patient/none"))
    assert problem(refused) == (404, "XL3010", "Bundle.entry[1]")
    assert "entry" not in client.get("/fhir/_history").json()


@pytest.mark.parametrize(
    ("bad", "code", "place"),
    [
        ({}, "XL3030", "Bundle.entry[1]"),
        (entry("FETCH", "Patient/1"), "XL3030", "Bundle.entry[1]"),
        (entry("POST", "Patient/1", patient()), "XL3030", "Bundle.entry[1].request.url"),
        (entry("PUT", "Patient", patient(id="b")), "XL3030", "Bundle.entry[1].request.url"),
        (entry("PUT", "Patient/b", patient(id="c")), "XL3023", "Bundle.entry[1]"),
        (entry("POST", "Patient"), "XL3004", "Bundle.entry[1]"),
        (entry("POST", "Dragon", patient()), "XL3005", "Bundle.entry[1]"),
        (entry("POST", "Observation", patient()), "XL3006", "Bundle.entry[1]"),
        (entry("PUT", "Patient/a", patient(id="a", gender="male")), "XL3025", "Bundle.entry[1]"),
        (entry("DELETE", "Patient/a"), "XL3025", "Bundle.entry[1]"),
        (entry("GET", "Patient/a/$everything/x"), "XL3030", "Bundle.entry[1].request.url"),
        (
            entry("PATCH", "Patient/b", {"resourceType": "Binary", "data": "###"}),
            "XL3030",
            "Bundle.entry[1].resource.data",
        ),
    ],
)
def test_bad_entries(client: TestClient, bad: dict, code: str, place: str) -> None:
    refused = post(client, entry("PUT", "Patient/a", patient(id="a")), bad)
    assert problem(refused)[1:] == (code, place)
    assert client.get("/fhir/Patient/a").status_code == 404


def test_every_method_in_one_transaction(client: TestClient) -> None:
    """Reads see what the transaction wrote, wherever they stand in it."""
    for id_ in ("old", "patched"):
        client.put(f"/fhir/Patient/{id_}", json=patient(id=id_, gender="male"))
    operations = json.dumps([{"op": "replace", "path": "/gender", "value": "female"}]).encode()
    binary = {
        "resourceType": "Binary",
        "contentType": "application/json-patch+json",
        "data": base64.b64encode(operations).decode(),
    }
    done = post(
        client,
        entry("GET", "Patient/new"),
        entry("DELETE", "Patient/old"),
        entry("PUT", "Patient/new", patient(id="new")),
        entry("PATCH", "Patient/patched", binary),
        entry("GET", "Patient/patched/_history/1"),
    )
    assert statuses(done) == ["200", "204", "201", "200", "200"]
    entries = done.json()["entry"]
    assert entries[0]["resource"]["id"] == "new"
    assert entries[4]["resource"]["gender"] == "male"
    assert client.get("/fhir/Patient/patched").json()["gender"] == "female"
    assert client.get("/fhir/Patient/old").status_code == 410


def test_a_batch_goes_on_after_a_failure(client: TestClient) -> None:
    done = post(
        client,
        entry("GET", "Patient/a"),
        entry("PUT", "Patient/a", patient(id="wrong")),
        entry("PUT", "Patient/a", patient(id="a")),
        {"request": {}},
        kind="batch",
    )
    assert statuses(done) == ["200", "400", "201", "400"]
    assert (
        done.json()["entry"][1]["response"]["outcome"]["issue"][0]["details"]["coding"][0]["code"] == "XL3023"
    )
    assert done.json()["entry"][0]["resource"]["id"] == "a", "reads come last"


def test_other_bundles_and_sizes(settings: Settings) -> None:
    small = {name: getattr(settings, name) for name in settings.__struct_fields__} | {"max_bundle_entries": 2}
    with client_of(Settings(**small)) as client:
        assert problem(post(client, kind="collection"))[:2] == (400, "XL3032")
        refused = post(client, *[entry("POST", "Patient", patient())] * 3)
        assert problem(refused)[:2] == (413, "XL3031")
        wrong = client.post("/fhir", json={"resourceType": "Bundle", "type": "batch", "entry": [7]})
        assert problem(wrong)[:2] == (400, "XL3030")
        assert statuses(post(client)) == []


@pytest.mark.slow
def test_synthea_goes_in_and_comes_out_equal(settings: Settings, shared: Callable[[str], Path]) -> None:
    """120 transactions of invented people post without an error; every record reads back as it was sent."""
    expected: dict[str, dict] = {}
    with client_of(settings) as client:
        for file in sorted(shared("data/synthea").glob("*.json.gz")):
            text = gzip.decompress(file.read_bytes())
            answer = client.post("/fhir", content=text)
            assert answer.status_code == 200, (file.name, answer.text[:500])
            answers = loads(answer.content)["entry"]
            places = [e["response"]["location"].partition("/_history")[0] for e in answers]
            expected |= dict(zip(places, as_stored(text, places), strict=True))
        found = {f"{r['resourceType']}/{r['id']}": r for r in everything(client)}
    assert len(found) == len(expected) > 30_000
    for place, record in expected.items():
        assert found[place].pop("meta")["versionId"] == "1"
        assert repr(found[place]) == repr(record)  # repr tells 1.10 from 1.1


def as_stored(text: bytes, places: list[str]) -> list[dict]:
    """Give a bundle's records as they should be stored at these places, without `meta`."""
    names = [e["fullUrl"].encode() for e in loads(text)["entry"]]
    ids = dict(zip(names, (place.encode() for place in places), strict=True))
    text = re.sub(rb"urn:uuid:[0-9a-f-]{36}", lambda match: ids.get(match[0], match[0]), text)
    records = [e["resource"] for e in loads(text)["entry"]]
    for record, place in zip(records, places, strict=True):
        record.pop("meta", None)
        record["id"] = place.partition("/")[2]
    return [{"resourceType": r["resourceType"], "id": r["id"], **r} for r in records]


def everything(client: TestClient) -> Iterator[dict]:
    """Give every record by paging through the system's history."""
    path: str | None = "/fhir/_history?_count=1000"
    while path:
        page = loads(client.get(path).content)
        yield from (e["resource"] for e in page["entry"])
        path = next((link["url"] for link in page["link"] if link["relation"] == "next"), None)
