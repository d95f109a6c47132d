"""Every address of the hub, by every method: none answers without a decision in the audit log."""

import re
from collections.abc import Iterator

import psycopg
import pytest
from starlette.routing import Route
from starlette.testclient import TestClient
from tests.support import client_of

from xinglin.core.settings import Settings

PUBLIC = re.compile(
    r"/healthz|/readyz|(/fhir)?/\.well-known/.+|/(login|oauth)(/.*)?|/password|/logout|/sessions?(/.*)?|/static/.*"
)
"""Addresses without a decision: signs of life, and those by which people and programs prove who they are."""

METHODS = ("GET", "HEAD", "POST", "PUT", "PATCH", "DELETE")
VALUES = {
    "type": "Patient",
    "compartment": "Patient",
    "id": "nobody",
    "version": "1",
    "number": "1",
    "source": "his",
    "name": "portal.css",
    "one": "a",
    "other": "b",
}
BODY = {"resourceType": "Patient"}


@pytest.fixture
def doors(settings: Settings) -> Iterator[tuple[TestClient, psycopg.Connection]]:
    with client_of(settings) as client, psycopg.connect(settings.database_url, autocommit=True) as connection:
        yield client, connection


def addresses(client: TestClient) -> Iterator[tuple[str, str]]:
    for route in client.app.routes:  # pyright: ignore[reportFunctionMemberAccess]
        assert isinstance(route, Route), f"{route} isn't known to this test"
        path = re.sub(r"\{(\w+)(:\w+)?\}", lambda found: VALUES[found[1]], route.path)
        for method in METHODS:
            if route.methods is None or method in route.methods:
                yield method, path


def entries(connection: psycopg.Connection) -> list[tuple[str, str, str]]:
    return connection.execute("SELECT who, action, outcome FROM audit_entry ORDER BY number").fetchall()  # pyright: ignore[reportReturnType]


def test_every_door_is_decided_on(doors: tuple[TestClient, psycopg.Connection]) -> None:
    client, connection = doors
    walked = 0
    for method, path in addresses(client):
        if PUBLIC.fullmatch(path):
            continue
        before = len(entries(connection))
        answer = client.request(method, path, json=BODY if method in ("POST", "PUT", "PATCH") else None)
        assert answer.status_code != 500, (method, path, answer.text)
        assert len(entries(connection)) > before, f"{method} {path} answered without a decision"
        walked += 1
    assert walked > 100


def test_nobody_passes_a_door(doors: tuple[TestClient, psycopg.Connection]) -> None:
    client, connection = doors
    del client.headers["Authorization"]
    for method, path in addresses(client):
        if PUBLIC.fullmatch(path) or path in ("/fhir/metadata", "/openapi.json"):
            continue
        before = len(entries(connection))
        answer = client.request(method, path, json=BODY if method in ("POST", "PUT", "PATCH") else None)
        assert answer.status_code == 401, (method, path, answer.status_code)
        assert answer.headers["WWW-Authenticate"].startswith("Bearer"), (method, path)
        (who, _, outcome), *_ = entries(connection)[before:]
        assert (who, outcome) == ("anonymous", "denied"), (method, path)


def test_a_token_that_is_worth_nothing(doors: tuple[TestClient, psycopg.Connection]) -> None:
    client, connection = doors
    for token in ("Bearer nothing", "Bearer ", "Bearer a b", "bearer " + "x" * 5000):
        before = len(entries(connection))
        answer = client.get("/fhir/Patient", headers={"Authorization": token})
        assert answer.status_code == 401
        assert [(who, outcome) for who, _, outcome in entries(connection)[before:]] == [
            ("anonymous", "denied")
        ]
    assert client.get("/fhir/Patient?access_token=abc").status_code == 400


def test_purposes(doors: tuple[TestClient, psycopg.Connection]) -> None:
    client, connection = doors
    assert client.get("/fhir/Patient", headers={"Purpose-Of-Use": "PUBHLTH"}).status_code == 200
    refused = client.get("/fhir/Patient", headers={"Purpose-Of-Use": "HMARKT"})
    assert refused.status_code == 403
    (issue,) = refused.json()["issue"]
    assert issue["details"]["coding"][0]["code"] == "XL9503"
    assert "TREAT" in refused.text
    assert entries(connection)[-1][2] == "denied"
