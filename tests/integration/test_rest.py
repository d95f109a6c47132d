"""FHIR REST over HTTP: each interaction, its headers, and its errors as OperationOutcomes."""

import asyncio
import gzip
import json
import re

import pytest
import zstandard
from starlette.testclient import TestClient
from tests.support import client_of, run

from xinglin.core.settings import Settings
from xinglin.hub.changes import Create
from xinglin.hub.hub import Hub
from xinglin.hub.records import Key, Record

PATIENT = {"resourceType": "Patient", "identifier": [{"system": "urn:demo", "value": "7"}], "gender": "male"}


def put(client: TestClient, id_: str = "a", **headers: str):
    return client.put(f"/fhir/Patient/{id_}", json={**PATIENT, "id": id_}, headers=headers)


def problem(response) -> tuple[int, str, str | None]:
    """Status, our code and the expression of an OperationOutcome."""
    body = response.json()
    assert body["resourceType"] == "OperationOutcome"
    issue = body["issue"][0]
    assert issue["severity"] == "error"
    return response.status_code, issue["details"]["coding"][0]["code"], issue.get("expression", [None])[0]


def test_create_read_vread(client: TestClient) -> None:
    made = client.post("/fhir/Patient", json=PATIENT)
    assert made.status_code == 201
    location = made.headers["Location"].removeprefix("http://localhost")
    assert location == f"/fhir/Patient/{made.json()['id']}/_history/1"
    assert made.headers["ETag"] == 'W/"1"'
    read = client.get(location.partition("/_history")[0])
    assert (read.status_code, read.content) == (200, made.content)
    assert read.headers["Content-Type"] == "application/fhir+json; charset=utf-8"
    assert client.get(location).content == made.content
    assert client.head(location).headers["ETag"] == 'W/"1"'


def test_update_and_update_as_create(client: TestClient) -> None:
    assert put(client).status_code == 201
    assert put(client).headers["ETag"] == 'W/"1"', "the same content again is no new version"
    changed = client.put("/fhir/Patient/a", json={**PATIENT, "id": "a", "gender": "female"})
    assert (changed.status_code, changed.headers["ETag"]) == (200, 'W/"2"')
    assert "Location" not in changed.headers


def test_delete_and_gone(client: TestClient) -> None:
    put(client)
    deleted = client.delete("/fhir/Patient/a")
    assert (deleted.status_code, deleted.headers["ETag"], deleted.content) == (204, 'W/"2"', b"")
    assert problem(client.get("/fhir/Patient/a")) == (410, "XL3011", None)
    assert client.delete("/fhir/Patient/a").status_code == 204
    assert client.delete("/fhir/Patient/never").status_code == 204
    assert client.get("/fhir/Patient/a/_history/1").json()["gender"] == "male"


def test_preconditions(client: TestClient) -> None:
    put(client)
    assert problem(put(client, **{"If-Match": 'W/"9"'})) == (412, "XL3020", None)
    assert put(client, **{"If-Match": "*"}).status_code == 200
    assert problem(put(client, "missing", **{"If-Match": "*"})) == (412, "XL3019", None)
    assert problem(client.delete("/fhir/Patient/missing", headers={"If-Match": 'W/"1"'})) == (
        412,
        "XL3019",
        None,
    )
    assert problem(put(client, **{"If-None-Match": "*"})) == (412, "XL3021", None)
    assert problem(put(client, **{"If-Match": "new"})) == (400, "XL3027", None)
    assert put(client, **{"If-Match": 'W/"1"'}).status_code == 200
    assert client.get("/fhir/Patient/a", headers={"If-None-Match": 'W/"1"'}).status_code == 304
    assert client.get("/fhir/Patient/a", headers={"If-None-Match": 'W/"2"'}).status_code == 200
    modified = client.get("/fhir/Patient/a").headers["Last-Modified"]
    assert client.get("/fhir/Patient/a", headers={"If-Modified-Since": modified}).status_code == 304
    old = "Sat, 01 Jan 2000 00:00:00 GMT"
    assert client.get("/fhir/Patient/a", headers={"If-Modified-Since": old}).status_code == 200
    assert client.get("/fhir/Patient/a", headers={"If-Modified-Since": "soon"}).status_code == 200


@pytest.mark.parametrize(
    ("prefer", "check"),
    [
        ("return=minimal", lambda r: r.content == b""),
        ("return=representation", lambda r: r.json()["resourceType"] == "Patient"),
        ("return=OperationOutcome", lambda r: r.json()["issue"][0]["severity"] == "information"),
        ("handling=strict; return=minimal", lambda r: r.content == b""),
    ],
)
def test_prefer(client: TestClient, prefer: str, check) -> None:
    response = client.post("/fhir/Patient", json=PATIENT, headers={"Prefer": prefer})
    assert response.status_code == 201
    assert response.headers["Location"]
    assert check(response)


def test_history_pages(client: TestClient) -> None:
    """Following `next` gives every version once, newest first, though records change meanwhile."""
    for gender in ("male", "female", "other", "unknown"):
        for id_ in "ab":
            client.put(f"/fhir/Patient/{id_}", json={"resourceType": "Patient", "id": id_, "gender": gender})
    client.delete("/fhir/Patient/b")
    client.post(
        "/fhir/Observation", json={"resourceType": "Observation", "status": "final", "code": {"text": "x"}}
    )
    page = client.get("/fhir/Patient/_history?_count=2").json()
    found = []
    while True:
        found += [(e["request"]["method"], e["response"]["etag"], e["fullUrl"][-1]) for e in page["entry"]]
        put(client, "a", Prefer="return=minimal")
        following = [link["url"] for link in page["link"] if link["relation"] == "next"]
        if not following:
            break
        page = client.get(following[0]).json()
    assert found[:2] == [("DELETE", 'W/"5"', "b"), ("PUT", 'W/"4"', "b")]
    assert len(found) == len(set(found)) == 9
    assert len(client.get("/fhir/_history").json()["entry"]) == 11
    assert len(client.get("/fhir/Patient/b/_history").json()["entry"]) == 5
    future = "2999-01-01T00:00:00Z"
    assert "entry" not in client.get(f"/fhir/_history?_since={future}").json()
    assert problem(client.get("/fhir/Patient/nobody/_history")) == (404, "XL3010", None)
    assert problem(client.get("/fhir/_history?_since=2020-01-01T00:00:00")) == (400, "XL3046", None)
    assert "entry" not in client.get("/fhir/_history?_count=0").json()
    for wrong in ("_count=-1", "_count=" + "9" * 5000, "_since=2024-W01-1T00:00:00Z", "_at=2020", "_foo=1"):
        assert problem(client.get(f"/fhir/_history?{wrong}")) == (400, "XL3046", None)
    assert client.get("/fhir/_history?_foo=1", headers={"Prefer": "handling=lenient"}).status_code == 200
    assert client.get("/fhir/Patient/nobody/_history?_pretty=true").status_code == 404
    assert problem(client.get("/fhir/_history?_page=@@@")) == (400, "XL3046", None)


@pytest.mark.parametrize("coding", ["gzip", "zstd"])
def test_packed_bodies(client: TestClient, coding: str) -> None:
    pack = gzip.compress if coding == "gzip" else zstandard.compress
    big = {**PATIENT, "name": [{"text": f"张三{n}"} for n in range(200)]}
    sent = pack(json.dumps(big).encode())
    made = client.post("/fhir/Patient", content=sent, headers={"Content-Encoding": coding})
    assert made.status_code == 201
    with client.stream(
        "GET", f"/fhir/Patient/{made.json()['id']}", headers={"Accept-Encoding": coding}
    ) as read:
        assert read.headers["Content-Encoding"] == coding
        raw = b"".join(read.iter_raw())
    opened = (
        gzip.decompress(raw)
        if coding == "gzip"
        else zstandard.ZstdDecompressor().decompressobj().decompress(raw)
    )
    assert json.loads(opened)["name"][7] == {"text": "张三7"}
    cut = client.post("/fhir/Patient", content=sent[:-9], headers={"Content-Encoding": coding})
    assert problem(cut) == (400, "XL3044", None)
    assert problem(client.post("/fhir/Patient", content=b"?" * 40, headers={"Content-Encoding": coding})) == (
        400,
        "XL3044",
        None,
    )


@pytest.mark.parametrize("coding", ["gzip", "zstd"])
def test_a_bomb_is_refused(settings: Settings, coding: str) -> None:
    pack = gzip.compress if coding == "gzip" else zstandard.compress
    small = {name: getattr(settings, name) for name in settings.__struct_fields__} | {
        "max_body_bytes": 100_000
    }
    with client_of(Settings(**small)) as client:
        bomb = pack(b" " * 50_000_000)
        assert len(bomb) < 100_000
        refused = client.post("/fhir/Patient", content=bomb, headers={"Content-Encoding": coding})
        assert problem(refused) == (413, "XL3042", None)
        assert problem(client.post("/fhir/Patient", content=b" " * 100_001)) == (413, "XL3042", None)


DEEP = b'{"resourceType":"Patient","contact":' + b"[" * 5000 + b"]" * 5000 + b"}"


@pytest.mark.parametrize(
    ("body", "expected"),
    [
        (b'{"resourceType":"Patient"', (400, "XL3001")),
        (b"", (400, "XL3001")),
        (b'{"resourceType":"Patient","gender":"\xff"}', (400, "XL3001")),
        (b'{"resourceType":"Patient","gender":"\\ud800"}', (400, "XL3001")),
        (b'{"resourceType":"Patient","multipleBirthInteger":NaN}', (400, "XL3001")),
        (b'{"resourceType":"Patient","gender":"male","gender":"female"}', (400, "XL3002")),
        (b'{"resourceType":"Patient","name":[{"text":"a","text":"a"}]}', (400, "XL3002")),
        (DEEP, (400, "XL3003")),
        (b"[]", (400, "XL3004")),
        (b'"Patient"', (400, "XL3004")),
        (b'{"id":"1"}', (400, "XL3004")),
        (b'{"resourceType":"Patient","meta":7}', (400, "XL3004")),
        (b'{"resourceType":"Patient","id":7}', (400, "XL3004")),
        (b'{"resourceType":"Dragon"}', (404, "XL3005")),
        (b'{"resourceType":"Observation"}', (400, "XL3006")),
    ],
)
def test_bad_bodies(client: TestClient, body: bytes, expected: tuple[int, str]) -> None:
    assert problem(client.post("/fhir/Patient", content=body))[:2] == expected
    assert "entry" not in client.get("/fhir/_history").json(), "nothing is left behind"


@pytest.mark.parametrize(
    ("method", "path", "headers", "expected"),
    [
        ("GET", "/fhir/Dragon/1", {}, (404, "XL3005")),
        ("POST", "/fhir/Dragon", {}, (404, "XL3005")),
        ("GET", "/fhir/Patient/1", {}, (404, "XL3010")),
        ("GET", "/fhir/Patient/1/_history/x", {}, (404, "XL3012")),
        ("GET", "/fhir/Patient/1/_history/99999999999999999999", {}, (404, "XL3012")),
        ("GET", "/fhir/Patient/1", {"Accept": "application/fhir+xml"}, (406, "XL3041")),
        ("GET", "/fhir/Patient/1?_format=xml", {}, (406, "XL3041")),
        ("POST", "/fhir/Patient", {"Content-Type": "application/fhir+xml"}, (415, "XL3040")),
        ("POST", "/fhir/Patient", {"Content-Encoding": "br"}, (415, "XL3043")),
        ("PUT", "/fhir/Patient", {}, (400, "XL3028")),
        ("DELETE", "/fhir/Patient", {}, (400, "XL3028")),
        ("PUT", "/fhir/Patient/b", {}, (400, "XL3023")),
        ("GET", "/fhir/Patient/a%00b", {}, (404, "XL3010")),
        ("GET", "/fhir/Patient/a%00b/_history", {}, (404, "XL3010")),
        ("GET", "/fhir/Patient/a%00b/_history/1", {}, (404, "XL3010")),
        ("DELETE", "/fhir/Patient/a%00b", {}, (400, "XL3024")),
        ("PUT", "/fhir/Patient/..%2F", {}, (404, "XL3050")),
        ("GET", "/fhir/Patient/%E5%BC%A0", {}, (404, "XL3010")),
        ("GET", "/fhir/Patient/1", {"Accept": "application/fhir+json;q=0, text/html"}, (406, "XL3041")),
        ("GET", "/fhir/Patient/1", {"Accept": "application/fhir+json; fhirVersion=3.0"}, (406, "XL3041")),
        ("PATCH", "/fhir/Patient/b", {"Content-Type": "text/plain"}, (415, "XL3040")),
        ("GET", "/elsewhere", {}, (404, "XL3050")),
        ("DELETE", "/fhir/metadata/x/y/z", {}, (404, "XL3050")),
        ("PATCH", "/fhir", {}, (405, "XL3051")),
    ],
)
def test_bad_requests(
    client: TestClient, method: str, path: str, headers: dict[str, str], expected: tuple[int, str]
) -> None:
    content = None if method == "GET" else json.dumps({"resourceType": "Patient", "id": "a"})
    assert problem(client.request(method, path, content=content, headers=headers))[:2] == expected


def test_errors_speak_the_readers_language(client: TestClient) -> None:
    told = client.get("/fhir/Patient/1", headers={"Accept-Language": "zh-CN,en;q=0.5"})
    assert told.headers["Content-Language"] == "zh"
    assert "Patient/1" in told.json()["issue"][0]["diagnostics"]
    assert any("\u4e00" <= c <= "\u9fff" for c in told.json()["issue"][0]["diagnostics"])


def test_the_capability_statement_says_what_works(client: TestClient) -> None:
    statement = client.get("/fhir/metadata").json()
    assert (statement["resourceType"], statement["fhirVersion"]) == ("CapabilityStatement", "4.0.1")
    types = {resource["type"] for resource in statement["rest"][0]["resource"]}
    assert {"Patient", "Observation", "Bundle"} <= types
    assert len(types) == 146


def test_operators_addresses(client: TestClient) -> None:
    assert client.get("/healthz").json()["status"] == "ok"
    assert client.get("/readyz").json() == {"status": "ready"}

    def written() -> float:
        found = re.search(
            r'xinglin_records_written_total{type="Basic"} ([0-9.]+)', client.get("/metrics").text
        )
        return float(found[1]) if found else 0

    basic = {"resourceType": "Basic", "id": "b", "code": {"text": "x"}}
    before = written()
    for _ in range(3):  # twice nothing changes
        client.put("/fhir/Basic/b", json=basic)
    assert written() == before + 1
    client.post("/fhir/Patient", json=PATIENT)
    figures = client.get("/metrics").text
    assert 'xinglin_http_requests_total{interaction="create",method="POST",status="201"}' in figures
    assert 'xinglin_records_written_total{type="Patient"}' in figures


def test_pretty_and_format(client: TestClient) -> None:
    put(client)
    assert b'\n  "id": "a"' in client.get("/fhir/Patient/a?_pretty=true").content
    assert client.get("/fhir/Patient/a?_format=application/fhir+json").status_code == 200
    assert (
        client.get("/fhir/Patient/a", headers={"Accept": "text/html, application/json;q=0.9"}).status_code
        == 200
    )


@pytest.mark.parametrize(
    "host", ["evil.example", "localhost.evil.example", "", "127.0.0.1.evil.example:8642"]
)
def test_only_its_own_names(settings: Settings, host: str) -> None:
    """A page whose name is made to point here (DNS rebinding) gets nothing."""
    with client_of(settings) as client:
        refused = client.get("/fhir/metadata", headers={"Host": host})
        assert problem(refused)[:2] == (421, "XL3052")
        assert client.get("/fhir/metadata", headers={"Host": "127.0.0.1:8642"}).status_code == 200
    named = {name: getattr(settings, name) for name in settings.__struct_fields__} | {
        "allowed_hosts": "a, evil.example"
    }
    with client_of(Settings(**named)) as client:
        assert client.get("/healthz", headers={"Host": "Evil.Example:80"}).status_code == 200


def test_a_bad_request_harms_nobody_elses(settings: Settings) -> None:
    """Reads that go to the database together are answered each for itself."""

    async def story(hub: Hub) -> None:
        made = await hub.change(Create("Patient", content=dict(PATIENT)))
        assert made.record is not None
        keys = [made.record.key, Key("Patient", "a\0b")] * 20
        results = await asyncio.gather(*(hub.read(key) for key in keys), return_exceptions=True)
        assert all(isinstance(r, Record) for r in results[::2])
        assert all(isinstance(r, Exception) for r in results[1::2])

    run(settings, story)


def test_an_address_names_all_its_methods(client: TestClient) -> None:
    refused = client.post("/fhir/Patient/a")
    assert refused.status_code == 405
    assert {"GET", "PUT", "PATCH", "DELETE"} <= set(refused.headers["Allow"].replace(" ", "").split(","))


@pytest.mark.parametrize(
    ("accepted", "coding"),
    [
        ("gzip;q=0, zstd;q=0.0", None),
        ("*", "gzip"),
        ("gzip;q=0.5, zstd", "zstd"),
        ("br", None),
        ("GZIP", "gzip"),
    ],
)
def test_accept_encoding(client: TestClient, accepted: str, coding: str | None) -> None:
    found = client.get("/fhir/metadata", headers={"Accept-Encoding": accepted})
    assert found.headers.get("Content-Encoding") == coding


@pytest.mark.parametrize("coding", ["gzip", "zstd"])
def test_packed_in_several_members(client: TestClient, coding: str) -> None:
    pack = gzip.compress if coding == "gzip" else zstandard.compress
    text = json.dumps(PATIENT).encode()
    parts = pack(text[:20]) + pack(text[20:])
    assert (
        client.post("/fhir/Patient", content=parts, headers={"Content-Encoding": coding}).status_code == 201
    )
    refused = client.post("/fhir/Patient", content=pack(text) + b"more", headers={"Content-Encoding": coding})
    assert problem(refused)[:2] == (400, "XL3044")


def test_odd_dates_are_ignored(client: TestClient) -> None:
    put(client)
    late = {"If-Modified-Since": "Fri, 31 Dec 9999 23:59:59 -2359"}
    assert client.get("/fhir/Patient/a", headers=late).status_code == 200


def test_a_patch_that_breaks_the_outline(settings: Settings) -> None:
    """Also where nothing is validated, a record keeps what the store needs."""
    lenient = {name: getattr(settings, name) for name in settings.__struct_fields__} | {"validation": "none"}
    with client_of(Settings(**lenient)) as client:
        put(client)
        for value in ("x", None, [], 5):
            operations = json.dumps([{"op": "add", "path": "/meta", "value": value}])
            headers = {"Content-Type": "application/json-patch+json"}
            refused = client.patch("/fhir/Patient/a", content=operations, headers=headers)
            assert problem(refused)[:2] == (400, "XL3004")
