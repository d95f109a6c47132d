"""Limits on requests, security headers, and plain requests over a network."""

from typing import Any

import msgspec
import pytest
from starlette.applications import Starlette
from starlette.middleware import Middleware
from starlette.requests import Request
from starlette.responses import PlainTextResponse, Response
from starlette.routing import Route
from starlette.testclient import TestClient

from xinglin.api.headers import ALWAYS, SecurityHeaders
from xinglin.api.rates import Rates
from xinglin.core.settings import Settings
from xinglin.web.clients import client_address

SETTINGS = Settings(requests_per_minute=5, logins_per_minute=2, language="en", trusted_proxies="10.0.0.1")
AWAY = "198.51.100.7"


async def page(_: Request) -> Response:
    return PlainTextResponse("here", headers={"Content-Security-Policy": "default-src 'self'"})


async def nothing(_: Request) -> Response:
    return PlainTextResponse("here")


def client(peer: str = "10.0.0.1", settings: Settings = SETTINGS, **headers: str) -> TestClient:
    app = Starlette(
        routes=[
            Route("/page", page),
            Route("/login", nothing),
            Route("/oauth/token", nothing),
            Route("/{path:path}", nothing),
        ],
        middleware=[Middleware(SecurityHeaders, settings=settings), Middleware(Rates, settings=settings)],
    )
    given = {"X-Forwarded-For": AWAY, "X-Forwarded-Proto": "https"} | headers
    return TestClient(app, headers=given, client=(peer, 1))


def test_too_many_requests_are_refused_with_the_time_to_wait() -> None:
    asking = client()
    assert [asking.get("/fhir/Patient").status_code for _ in range(6)] == [200] * 5 + [429]
    refused = asking.get("/fhir/Patient")
    told: dict[str, Any] = refused.json()["issue"][0]
    assert 1 <= int(refused.headers["Retry-After"]) <= 60
    assert told["details"]["coding"][0]["code"] == "XL9610"
    assert told["code"] == "throttled"
    assert "5 requests" in told["details"]["text"]
    assert asking.get("/healthz").status_code == 200  # whoever watches may always ask
    assert asking.get("/x", headers={"X-Forwarded-For": "198.51.100.8"}).status_code == 200


def test_doors_are_narrower() -> None:
    asking = client()
    assert [asking.get("/login").status_code for _ in range(3)] == [200, 200, 429]
    assert asking.get("/oauth/token").status_code == 429  # all doors together
    assert asking.get("/fhir/Patient").status_code == 200


def test_the_machine_itself_is_limited_at_the_doors_only() -> None:
    asking = client("127.0.0.1")
    assert {asking.get("/fhir/Patient").status_code for _ in range(20)} == {200}
    assert [asking.get("/login").status_code for _ in range(3)] == [200, 200, 429]


def test_nobody_hides_behind_what_he_says_of_himself() -> None:
    asking = client(AWAY, msgspec.structs.replace(SETTINGS, tls_certificate="x"))
    found = [asking.get("/x", headers={"X-Forwarded-For": f"192.0.2.{n}"}).status_code for n in range(6)]
    assert found == [200] * 5 + [429]  # it is no trusted proxy
    asking = client()
    chain = [f"192.0.2.{n}, {AWAY}, 10.0.0.1" for n in range(6)]
    found = [asking.get("/x", headers={"X-Forwarded-For": one}).status_code for one in chain]
    assert found == [200] * 5 + [429]  # what stands before the nearest address was told by the client


def test_a_whole_ipv6_network_is_one_client() -> None:
    asking = client()
    found = [asking.get("/x", headers={"X-Forwarded-For": f"2001:db8:1:2::{n}"}) for n in range(6)]
    assert [one.status_code for one in found] == [200] * 5 + [429]


def test_no_limit_where_the_operator_wants_none() -> None:
    asking = client(settings=msgspec.structs.replace(SETTINGS, requests_per_minute=0, logins_per_minute=0))
    assert {asking.get(path).status_code for path in ("/x", "/login") for _ in range(20)} == {200}


def test_workers_share_a_limit() -> None:
    asking = client(settings=msgspec.structs.replace(SETTINGS, workers=5))
    assert [asking.get("/x").status_code for _ in range(2)] == [200, 429]


def test_a_plain_request_over_a_network_is_refused() -> None:
    told = client(AWAY).get("/fhir/Patient")
    assert told.status_code == 403
    assert told.json()["issue"][0]["details"]["coding"][0]["code"] == "XL9611"
    assert client().get("/fhir/Patient").status_code == 200  # a proxy's word for it
    assert client("127.0.0.1").get("/fhir/Patient").status_code == 200


@pytest.mark.parametrize("path", ["/fhir/Patient", "/login", "/none"])
def test_every_answer_has_the_security_headers(path: str) -> None:
    found = client().get(path).headers
    for name, value in ALWAYS:
        assert found[name.decode()] == value.decode()
    assert found["strict-transport-security"].startswith("max-age=")
    assert "strict-transport-security" not in client("127.0.0.1").get(path).headers


def test_refusals_have_them_too_and_pages_keep_their_own() -> None:
    asking = client()
    for _ in range(6):
        told = asking.get("/fhir/Patient")
    assert told.status_code == 429
    assert told.headers["cache-control"] == "no-store"
    assert client().get("/page").headers["content-security-policy"] == "default-src 'self'"


def test_the_nearest_address_that_is_no_proxy_is_the_clients() -> None:
    scope: dict[str, Any] = {"type": "http", "client": ("10.0.0.1", 1), "headers": []}
    assert client_address(SETTINGS, scope) == "10.0.0.1"
    scope["headers"] = [(b"x-forwarded-for", b"evil, 192.0.2.5 , 10.0.0.1")]
    assert client_address(SETTINGS, scope) == "192.0.2.5"
