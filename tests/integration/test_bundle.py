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
    assert problem(refused) == (412, "XL3019", "Bundle.entry[1]")
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


def test_two_entries_of_one_name_are_refused(client: TestClient) -> None:
    """Capitals make no difference in a UUID; entries that only read count too."""
    name = "urn:uuid:aaaaaaaa-0000-4000-8000-000000000000"
    refused = post(
        client,
        entry("POST", "Patient", patient(), name),
        entry("POST", "Patient", patient()),
        entry("GET", "Patient/a", full_url=name.upper()),
    )
    assert problem(refused) == (400, "XL3034", "Bundle.entry[2].fullUrl")
    assert "Bundle.entry[0] and Bundle.entry[2]" in refused.json()["issue"][0]["diagnostics"]


def test_relative_references_stand_under_their_entrys_address(client: TestClient) -> None:
    """http://hl7.org/fhir/R4/bundle.html#references"""
    client.put("/fhir/Patient/b", json=patient(id="b"))
    made = post(
        client,
        entry("POST", "Patient", patient(), "http://other/fhir/Patient/a1"),
        entry(
            "POST",
            "Observation",
            observation("Patient/a1", performer=[{"reference": "Patient/b"}]),
            "http://other/fhir/Observation/9",
        ),
        entry("POST", "Observation", observation("http://other/fhir/Patient/a1"), UUID.format(1)),
        entry("POST", "Observation", observation("Patient/a1"), "http://third/fhir/Observation/9"),
    )
    assert statuses(made) == ["201"] * 4
    places = [e["response"]["location"].partition("/_history")[0] for e in made.json()["entry"]]
    records = [client.get(f"/fhir/{place}").json() for place in places]
    assert [r["subject"]["reference"] for r in records[1:]] == [places[0], places[0], "Patient/a1"]
    assert records[1]["performer"][0]["reference"] == "Patient/b"


def test_placeholders_must_stand_for_an_entry(client: TestClient) -> None:
    """In a transaction; in a batch they stay as they are. An entry that reads a record stands for it."""
    client.put("/fhir/Patient/b", json=patient(id="b"))
    read = entry("GET", "Patient/b", full_url=UUID.format(1))
    done = post(client, entry("PUT", "Observation/o", observation(UUID.format(1), id="o")), read)
    assert statuses(done) == ["201", "200"]
    assert client.get("/fhir/Observation/o").json()["subject"]["reference"] == "Patient/b"
    refused = post(client, read, entry("POST", "Observation", observation(UUID.format(2))))
    assert problem(refused) == (400, "XL3033", "Bundle.entry[1]")
    done = post(client, entry("POST", "Observation", observation(UUID.format(2))), kind="batch")
    assert statuses(done) == ["201"]
    place = done.json()["entry"][0]["response"]["location"].partition("/_history")[0]
    assert client.get(f"/fhir/{place}").json()["subject"]["reference"] == UUID.format(2)


@pytest.mark.parametrize("kind", ["transaction", "batch"])
@pytest.mark.parametrize(
    "name", ["method", "url", "ifMatch", "ifNoneMatch", "ifNoneExist", "ifModifiedSince"]
)
@pytest.mark.parametrize("value", [3, None, ""])
def test_members_of_requests_are_strings(client: TestClient, kind: str, name: str, value: object) -> None:
    bad = entry("POST", "Patient", patient())
    bad["request"][name] = value
    answer = post(client, bad, kind=kind)
    if kind == "batch":
        assert statuses(answer) == ["400"]
    told = answer.json()["entry"][0]["response"]["outcome"] if kind == "batch" else answer.json()
    assert told["issue"][0]["details"]["coding"][0]["code"] == "XL3030"
    assert told["issue"][0]["expression"] == [f"Bundle.entry[0].request.{name}"]
    assert "entry" not in client.get("/fhir/_history").json()


def test_full_urls_are_strings(client: TestClient) -> None:
    bad = {**entry("POST", "Patient", patient()), "fullUrl": 7}
    assert problem(post(client, bad)) == (400, "XL3030", "Bundle.entry[0].fullUrl")


def test_a_batch_tells_what_it_did_when_an_entry_breaks(
    client: TestClient, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    async def broken(*_: object, **__: object) -> None:
        raise ZeroDivisionError("secret of Patient/a")

    monkeypatch.setattr("xinglin.hub.interactions.batch.fetch", broken)
    done = post(client, entry("GET", "Patient/a"), entry("PUT", "Patient/a", patient(id="a")), kind="batch")
    assert statuses(done) == ["500", "201"]
    issue = done.json()["entry"][0]["response"]["outcome"]["issue"][0]
    assert (issue["details"]["coding"][0]["code"], issue["expression"]) == ("XL0001", ["Bundle.entry[0]"])
    logged = "".join(capsys.readouterr())
    assert "ZeroDivisionError" in logged
    assert "secret" not in logged + done.text


@pytest.mark.parametrize("kind", ["transaction", "batch"])
@pytest.mark.parametrize(
    ("bad", "code", "place"),
    [
        (entry("GET", "Patient/a/$everything/x"), "XL3030", "Bundle.entry[1].request.url"),
        (entry("GET", "Patient?nothing=1"), "XL6001", "Bundle.entry[1]"),
        (entry("GET", "Patient/none"), "XL3010", "Bundle.entry[1]"),
        (entry("PUT", "Patient/b", patient(id="c")), "XL3023", "Bundle.entry[1]"),
        (entry("DELETE", "Patient?nothing=1"), "XL6001", "Bundle.entry[1]"),
        (entry("PUT", "Patient?nothing=1", patient()), "XL6001", "Bundle.entry[1]"),
        (
            entry("PUT", "http://other/fhir/Patient/a", patient(id="a")),
            "XL3030",
            "Bundle.entry[1].request.url",
        ),
        (entry("GET", "http://localhost/fhirs/Patient/a"), "XL3030", "Bundle.entry[1].request.url"),
    ],
)
def test_errors_tell_their_entry(client: TestClient, kind: str, bad: dict, code: str, place: str) -> None:
    answer = post(client, entry("PUT", "Patient/p", patient(id="p")), bad, kind=kind)
    told = answer.json()["entry"][1]["response"]["outcome"] if kind == "batch" else answer.json()
    issue = told["issue"][0]
    assert (issue["details"]["coding"][0]["code"], issue["expression"]) == (code, [place])


@pytest.mark.parametrize(
    ("reference", "code"), [("Patient?nothing=1", "XL6001"), ("Dragon?name=1", "XL3005")]
)
def test_bad_conditions_of_references_tell_their_entry(client: TestClient, reference: str, code: str) -> None:
    refused = post(
        client, entry("POST", "Patient", patient()), entry("POST", "Observation", observation(reference))
    )
    assert problem(refused)[1:] == (code, "Bundle.entry[1]")


@pytest.mark.parametrize("kind", ["transaction", "batch"])
@pytest.mark.parametrize(
    ("operation", "place"),
    [
        ({"op": "replace", "path": "/meta", "value": "x"}, None),
        ({"op": "replace", "path": "/resourceType", "value": "Group"}, None),
        ({"op": "test", "path": "/gender", "value": "male"}, "Bundle.entry[0].resource"),
    ],
)
@pytest.mark.parametrize("validation", ["errors", "off"])
def test_what_a_patch_makes_must_be_a_record(
    settings: Settings, validation: str, operation: dict, place: str | None, kind: str
) -> None:
    chosen = {name: getattr(settings, name) for name in settings.__struct_fields__}
    with client_of(Settings(**chosen | {"validation": validation})) as client:
        client.put("/fhir/Patient/a", json=patient(id="a", meta={"tag": [{"code": "t"}]}))
        data = base64.b64encode(json.dumps([operation]).encode()).decode()
        binary = {"resourceType": "Binary", "contentType": "application/json-patch+json", "data": data}
        answer = post(client, entry("PATCH", "Patient/a", binary), kind=kind)
        if kind == "batch":
            response = answer.json()["entry"][0]["response"]
            status, told = int(response["status"]), response["outcome"]
        else:
            status, told = answer.status_code, answer.json()
    assert 400 <= status < 500
    assert told["issue"][0]["expression"][0].startswith(place or "Bundle.entry[0]")


@pytest.mark.parametrize("kind", ["transaction", "batch"])
def test_addresses_under_our_own_base(client: TestClient, kind: str) -> None:
    base = "http://localhost/fhir"
    for id_ in ("old", "patched"):
        client.put(f"/fhir/Patient/{id_}", json=patient(id=id_))
    data = base64.b64encode(b'[{"op":"add","path":"/gender","value":"female"}]').decode()
    binary = {"resourceType": "Binary", "contentType": "application/json-patch+json", "data": data}
    done = post(
        client,
        entry("DELETE", f"{base}/Patient/old"),
        entry("POST", f"{base}/Patient", patient()),
        entry("PUT", f"{base}/Patient/new", patient(id="new")),
        entry("PATCH", f"{base}/Patient/patched", binary),
        entry("GET", f"{base}/Patient/new"),
        entry("GET", f"{base}?_type=Patient"),
        kind=kind,
    )
    assert statuses(done) == ["204", "201", "201", "200", "200", "200"]


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
