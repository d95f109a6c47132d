"""Secrets in the main flows: none in logs, addresses of ours, errors, the database's texts or arguments."""

import asyncio
import base64
import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import httpx2 as httpx
import psutil
import pytest
from starlette.requests import Request
from tests.integration.test_vault import all_bytes
from tests.running import RunningHub, running

from xinglin.core.settings import Settings
from xinglin.hub.intake import registry
from xinglin.standards.identifiers import SCHEMES, Kind
from xinglin.web import transfer

DATABASE_PASSWORD = "database-secret-3141592"
BEARER = "eyJhbGciOiJub25lIn0.bearer-secret-2718281"
SESSION = "session-secret-1618033"
PASSWORD = "Login-secret-1414213"
NUMBER = "360102199001011234"
NAME = "秘密张三"
INSTITUTION = SCHEMES[Kind.CREDIT_CODE].invented(2)


@pytest.fixture
def hub(database: str, tmp_path: Path) -> Iterator[RunningHub]:
    url = (
        f"{database}&password={DATABASE_PASSWORD}"
        if "?" in database
        else f"{database}?password={DATABASE_PASSWORD}"
    )
    found = RunningHub(
        tmp_path, XINGLIN_DATABASE_URL=url, XINGLIN_LOG_LEVEL="debug", XINGLIN_OIDC_CLIENT_SECRET=PASSWORD
    )
    with running(found):
        yield found


def master_key(home: Path) -> str:
    return (home / "keys").read_text().split()[-1]


def asked(hub: RunningHub, source_token: str) -> list[httpx.Response]:
    """Go through what people and programs do, rightly and wrongly."""
    broken = json.dumps({"resourceType": "Patient", "id": "x", "birthDate": NUMBER, "name": [{"text": NAME}]})
    good = json.dumps({"resourceType": "Patient", "id": "y", "identifier": [{"value": NUMBER}]})
    bearer = {"Authorization": f"Bearer {BEARER}"}
    source = {"Authorization": f"Bearer {source_token}"}
    form = {"Content-Type": "application/x-www-form-urlencoded"}
    with httpx.Client(base_url=hub.root, timeout=30) as client:
        return [
            client.get("/fhir/Patient", params={"identifier": NUMBER, "name": NAME}),
            client.get("/fhir/Patient", params={"identifier": NUMBER}, headers=bearer),
            client.get("/fhir/Patient", params={"access_token": BEARER}),
            client.get("/fhir/Patient", headers={"Cookie": f"xinglin={SESSION}"}),
            client.post("/fhir/Patient", content=broken, headers=bearer),
            client.post("/fhir/Patient/_search", content=f"identifier={NUMBER}", headers=bearer | form),
            client.post("/intake/clinic", content=f"{broken}\n{good}", headers=source),
            client.post("/intake/clinic", content=good, headers=bearer),
            client.post(
                "/oauth/token", data={"grant_type": "password", "password": PASSWORD, "token": BEARER}
            ),
            client.post("/login", data={"login": "somebody", "password": PASSWORD}),
            client.get(f"/{BEARER}"),
            client.get("/metrics"),
        ]


def test_no_secret_shows_anywhere(hub: RunningHub, database: str, tmp_path: Path) -> None:
    given = {"id": "clinic", "institution": INSTITUTION, "institution_name": "演示县人民医院"}
    source_token = registry.add(Settings(database_url=database, home=str(tmp_path)), given)
    answers = asked(hub, source_token)
    assert {one.status_code for one in answers} - {200, 201, 202}
    processes = [psutil.Process(hub.pid), *psutil.Process(hub.pid).children(recursive=True)]
    arguments = " ".join(" ".join(one.cmdline()) for one in processes)
    key = master_key(tmp_path)
    secrets = [DATABASE_PASSWORD, BEARER, SESSION, PASSWORD, source_token, key, base64.b64decode(key).hex()]
    told = hub.run("settings") + hub.run("keys", "status") + hub.run("db", "status")
    for secret in secrets:
        assert secret not in hub.log
        assert secret not in arguments
        assert secret not in told
    for answer in answers[:-2]:
        said = answer.text + json.dumps(dict(answer.headers))
        assert not [one for one in secrets if one in said], answer.url
    kept = all_bytes(database)
    for secret in secrets:
        assert secret.encode() not in kept, secret
    aside = all_bytes(database, without=("audit_entry",))  # which keeps what was asked, to prove it
    for personal in (NUMBER, NAME):
        assert personal.encode() not in aside, personal
    for personal in (NUMBER, NAME):
        assert personal not in hub.log
        assert personal not in answers[-1].text


def test_a_wrong_database_address_tells_no_password(tmp_path: Path) -> None:
    hub = RunningHub(
        tmp_path,
        XINGLIN_DATABASE_URL=f"postgresql://u:{DATABASE_PASSWORD}@127.0.0.1:1/x",
        XINGLIN_LANGUAGE="en",
    )
    with pytest.raises(AssertionError) as told:
        hub.start()
    assert DATABASE_PASSWORD not in str(told.value)
    assert "XL2005" in hub.log


def test_a_body_that_comes_too_slowly_is_cut_off(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(transfer, "RECEIVE_SECONDS", 0.2)

    async def trickle() -> dict[str, Any]:
        await asyncio.sleep(0.05)
        return {"type": "http.request", "body": b"x", "more_body": True}

    scope: dict[str, Any] = {"type": "http", "method": "POST", "path": "/fhir", "headers": []}
    with pytest.raises(transfer.CutOff):
        asyncio.run(transfer.read_body(Request(scope, trickle), 1_000_000))
