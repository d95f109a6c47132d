"""Bodies made to hurt: bombs, depth, size, wrong forms, and addresses that the hub might be made to fetch."""

import gzip
import io
import json
import time
import zipfile
from typing import Any

import pytest
import zstandard
from tests.attacks.world import MARK, OPERATOR, WANG, World, bare, code, leaks, observation, patient, ref
from tests.oauth import SERVICE

from xinglin.hub.intake import sources
from xinglin.standards.identifiers import SCHEMES, Kind
from xinglin.trust.tokens.client import Client, checked
from xinglin.trust.tokens.errors import WrongRegistration

pytestmark = pytest.mark.xdist_group("attacks")
INSIDE = (
    "http://169.254.169.254/latest/meta-data/",
    "http://127.0.0.1:5432/",
    "http://localhost/metrics",
    "http://[::1]/",
    "http://0x7f000001/",
    "http://2130706433/",
    "file:///etc/passwd",
    "gopher://127.0.0.1/",
    "ftp://10.0.0.1/x",
    "//10.0.0.1/x",
    "https://10.0.0.1/keys",
    "https://hub.example@127.0.0.1/",
)


@pytest.fixture(scope="module")
def door(world: World) -> dict[str, str]:
    """The header by which a registered source delivers."""
    made = sources.Source(
        id="his",
        institution=SCHEMES[Kind.CREDIT_CODE].invented(11),
        institution_name="county hospital",
        namespace="county",
    )

    async def work() -> str:
        async with world.hub.database.connection() as connection, connection.transaction():
            return await sources.add(connection, sources.checked(made, frozenset()))

    return {"Authorization": f"Bearer {world.call(work)}", "Content-Type": "application/octet-stream"}


BILLION = (
    '<?xml version="1.0"?><!DOCTYPE z [<!ENTITY a "aaaaaaaaaa">'
    + "".join(f'<!ENTITY {chr(98 + n)} "{f"&{chr(97 + n)};" * 10}">' for n in range(9))
    + ']><ClinicalDocument xmlns="urn:hl7-org:v3"><title>&j;</title></ClinicalDocument>'
)
OUTSIDE = (
    '<?xml version="1.0"?><!DOCTYPE z [<!ENTITY x SYSTEM "file:///etc/passwd">]>'
    '<ClinicalDocument xmlns="urn:hl7-org:v3"><title>&x;</title></ClinicalDocument>'
)
REMOTE = '<?xml version="1.0"?><!DOCTYPE z SYSTEM "http://169.254.169.254/x.dtd"><ClinicalDocument/>'


def zipped(**members: bytes) -> bytes:
    """Pack files."""
    made = io.BytesIO()
    with zipfile.ZipFile(made, "w", zipfile.ZIP_DEFLATED) as archive:
        for name, content in members.items():
            archive.writestr(name, content)
    return made.getvalue()


DELIVERIES = {
    "entities": BILLION.encode(),
    "a file": OUTSIDE.encode(),
    "a remote DTD": REMOTE.encode(),
    "entities in an archive": zipped(a=BILLION.encode()),
    "depth": b'{"a":' * 100_000,
    "deep XML": b"<a>" * 100_000,
    "a path that leads out": zipped(**{"../../../../tmp/out.json": b"{}"}),
    "nothing": b"",
    "U+0000": b'{"resourceType":"Patient","id":"a\\u0000"}',
}


@pytest.mark.parametrize("name", DELIVERIES)
def test_deliveries(world: World, door: dict[str, str], name: str) -> None:
    """What is made to hurt is refused or kept whole, within moments, and the hub goes on."""
    start = time.monotonic()
    answer = world.client.post("/intake/his", headers=door, content=DELIVERIES[name])
    assert answer.status_code < 500, answer.text
    assert "root:" not in answer.text
    assert time.monotonic() - start < 20
    assert world.client.get("/healthz").status_code == 200


def test_bombs_at_the_front_door(world: World) -> None:
    large = b'{"resourceType":"Observation","x":"' + b" " * 50_000_000 + b'"}'
    for encoding, packed in (("gzip", gzip.compress(large)), ("zstd", zstandard.compress(large))):
        header = {"Content-Encoding": encoding}
        answer = world.ask(WANG, "POST", "/fhir/Observation", headers=header, content=packed)
        assert answer.status_code == 413
        assert code(answer) == "XL3042"
    twice = {"Content-Encoding": "gzip, gzip"}
    assert world.ask(WANG, "POST", "/fhir/Observation", headers=twice, content=packed).status_code == 415


FORM = {"Content-Type": "application/x-www-form-urlencoded"}


@pytest.mark.parametrize(
    ("path", "header"),
    [
        ("/fhir/Observation", {}),
        ("/fhir", {}),
        ("/fhir/Patient/$match", {}),
        ("/fhir/Patient/_search", FORM),
        ("/pdqm/Patient/_search", FORM),
        ("/fhir/Patient/$ihe-pix", {}),
        ("/emergency", {"Content-Type": "application/json"}),
        ("/oauth/token", FORM),
        ("/login", {"Content-Type": "application/json"}),
        ("/login", FORM),
    ],
)
def test_oversized(world: World, path: str, header: dict[str, str]) -> None:
    most = world.settings.max_body_bytes
    answer = world.ask(WANG, "POST", path, headers=header, content=b"name=" + b"x" * most)
    assert answer.status_code in (400, 413), answer.status_code
    assert not leaks(answer)


@pytest.mark.parametrize("depth", [200, 5_000, 100_000])
def test_nesting(world: World, depth: int) -> None:
    for open_, close in (("[", "]"), ('{"extension":[', "]}")):
        text = '{"resourceType":"Observation","extension":' + open_ * depth + close * depth + "}"
        answer = world.ask(WANG, "POST", "/fhir/Observation", content=text.encode())
        assert answer.status_code in (400, 413, 422), answer.text[:300]
    contained: Any = {"resourceType": "Observation"}
    for _ in range(60):
        contained = {
            "resourceType": "Bundle",
            "type": "batch",
            "entry": [{"resource": contained, "request": {"method": "POST", "url": ""}}],
        }
    nested = world.ask(WANG, "POST", "/fhir", content=json.dumps(contained).encode())
    assert nested.status_code < 500


def test_many_of_everything(world: World) -> None:
    """Requests that multiply are bounded."""
    many = ",".join(["x"] * 20_000)
    for query in (
        f"Observation?code={many}",
        "Observation?" + "&".join(["patient.name=a"] * 300),
        "Observation?" + "&".join(["_include=*"] * 300),
        "Patient?" + ":".join(["_has:Observation:patient"] * 60) + ":code=x",
        "Observation?" + ".".join(["subject:Patient.link:Patient"] * 60) + ".name=x",
        "Observation?_count=999999999",
        "Observation?_sort=" + ",".join(["code"] * 500),
    ):
        start = time.monotonic()
        answer = world.get(f"/fhir/{query}")
        assert answer.status_code < 500, answer.text[:300]
        assert time.monotonic() - start < 12
    entries = [{"request": {"method": "GET", "url": "Observation?patient=p2"}}] * 20_001
    bundle = {"resourceType": "Bundle", "type": "batch", "entry": entries}
    assert world.ask(WANG, "POST", "/fhir", json=bundle).status_code in (400, 413, 422)


@pytest.mark.parametrize("address", INSIDE)
def test_addresses_are_not_fetched(world: World, address: str) -> None:
    """Neither references nor imports nor programs' keys have the hub ask inside its own network."""
    body = {
        "resourceType": "Parameters",
        "parameter": [{"name": "input", "part": [{"name": "url", "valueUrl": address}]}],
    }
    manifest = {
        "inputFormat": "application/fhir+ndjson",
        "inputSource": "https://x.example",
        "input": [{"type": "Patient", "url": address}],
    }
    for content in (body, manifest):
        answer = world.ask(OPERATOR, "POST", "/fhir/$import", json=content)
        assert answer.status_code in (400, 403, 422), answer.text
    made = world.ask(
        WANG, "POST", "/fhir/Observation", json=bare(observation("", "p1", derivedFrom=[ref(address)]))
    )
    assert made.status_code < 500
    included = world.get("/fhir/Observation?_include=*")
    assert "root:" not in included.text
    client = Client(
        id="ssrf",
        name="x",
        kind="backend",
        keys_url=address,
        scopes=("system/Observation.rs",),
        roles=SERVICE.roles,
    )
    with pytest.raises(WrongRegistration):
        checked(client)


def test_unselective_searches(world: World) -> None:
    """What somebody who sees little asks for takes no longer than any search may."""
    for query in (
        "Observation?_sort=-date&code:text=a",
        "Condition?code:contains=z",
        "Observation?subject:Patient.name:contains=a",
    ):
        start = time.monotonic()
        answer = world.get(f"/fhir/{query}")
        assert answer.status_code in (200, 400)
        assert time.monotonic() - start < world.settings.search_timeout_seconds + 2


def test_hostile_records_come_back_harmless(world: World) -> None:
    """What a browser could run isn't stored, or is given back as JSON that no browser runs."""
    script = "<script>alert(1)</script>"
    text = {"status": "generated", "div": f'<div xmlns="http://www.w3.org/1999/xhtml">{script}</div>'}
    refused = world.ask(WANG, "POST", "/fhir/Observation", json=bare(observation("", "p1", text=text)))
    assert refused.status_code == 422
    note = [{"text": script}]
    made = world.ask(WANG, "POST", "/fhir/Observation", json=bare(observation("", "p1", note=note)))
    assert made.status_code == 201
    assert made.headers["content-type"].startswith("application/fhir+json")
    assert made.headers["x-content-type-options"] == "nosniff"
    assert "default-src 'none'" in made.headers["content-security-policy"]
    match = world.ask(WANG, "POST", "/fhir/Patient/$match", json=patient("x", script, 3))
    assert match.json()["total"] == 0
    assert MARK not in match.text
