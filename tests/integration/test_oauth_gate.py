"""Tokens at the hub's own doors: what a scope opens, and how soon a token stops opening anything."""

import time
from collections.abc import Iterator
from pathlib import Path

import msgspec
import pytest
from tests.oauth import APP, ROOT, WANG, Desk, claims, register, signed
from tests.support import client_of

from xinglin.core.settings import Settings
from xinglin.trust.tokens.statement import TYPE


@pytest.fixture
def desk(settings: Settings, tmp_path: Path) -> Iterator[Desk]:
    settings = msgspec.structs.replace(settings, home=str(tmp_path))
    with client_of(settings, known=False) as client:
        del client.headers["Content-Type"]
        desk = Desk(client, settings)
        register(desk)
        yield desk


def status(desk: Desk, address: str, token: str) -> tuple[int, str]:
    answer = desk.client.get(address, headers={"Authorization": f"Bearer {token}"})
    issue = answer.json().get("issue")
    return answer.status_code, issue[0]["details"]["coding"][0]["code"] if issue else ""


def test_a_service_at_the_gate(desk: Desk) -> None:
    token = desk.serve(signed(claims()), scope="system/Observation.rs").json()["access_token"]
    assert status(desk, "/fhir/Organization", token)[0] == 403  # known, but without a scope for it
    assert desk.client.get(f"/fhir/Observation?access_token={token}").status_code == 400
    statement = {"client_assertion_type": TYPE, "client_assertion": signed(claims())}
    assert desk.client.post("/oauth/revoke", data={"token": token, **statement}).status_code == 200
    time.sleep(1)
    assert status(desk, "/fhir/Organization", token) == (401, "XL9212")


def test_an_app_at_the_gate(desk: Desk) -> None:
    desk.log_in(WANG)
    tokens = [
        desk.exchange(desk.code(scope=scope)).json()["access_token"]
        for scope in ("user/Organization.rs", "user/Observation.rs", "user/Organization.r")
    ]
    desk.client.cookies.clear()
    assert [status(desk, "/fhir/Organization", token)[0] for token in tokens] == [200, 403, 403]
    desk.execute("UPDATE client SET disabled = now() WHERE id = %s", [APP.id])
    time.sleep(1)
    assert [status(desk, "/fhir/Organization", token) for token in tokens] == [(401, "XL9212")] * 3


def test_pages_keep_their_own_policy(desk: Desk) -> None:
    desk.log_in(WANG)
    page = desk.ask()
    assert "form-action 'self' https://app.example" in page.headers["content-security-policy"]
    assert page.headers["referrer-policy"] == "same-origin"
    found = desk.client.get("/fhir/.well-known/smart-configuration")
    assert found.json()["issuer"] == ROOT
