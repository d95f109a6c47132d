"""Old, borrowed and forged proofs of who asks; other sites; and what ends between check and use."""

import time
from typing import Any

import pytest
from tests.attacks.world import LI, STEWARD, WANG, ZHAO, World, leaks
from tests.oauth import claims, unsigned

from xinglin.core.clock import now
from xinglin.trust.log.find import Asked as LogAsked
from xinglin.trust.login.sessions import csrf_token
from xinglin.trust.tokens.statement import TYPE

pytestmark = pytest.mark.xdist_group("attacks")
PAST = 1.05
"""Seconds after which what was taken back counts for nothing anywhere."""


def ask(world: World, token: str, path: str = "/fhir/Observation/o1") -> Any:
    return world.client.get(path, headers={"Authorization": f"Bearer {token}"})


def execute(world: World, statement: str, *values: Any) -> None:
    async def work() -> None:
        async with world.hub.database.connection() as connection:
            await connection.execute(statement, values)  # pyright: ignore[reportArgumentType]

    world.call(work)


def test_a_revoked_token(world: World) -> None:
    token = world.token(ZHAO)
    assert ask(world, token, "/fhir/Observation/o2").status_code == 200
    execute(world, "UPDATE client_token SET revoked = now()")
    world.tokens.clear()
    time.sleep(PAST)
    answer = ask(world, token, "/fhir/Observation/o2")
    assert answer.status_code == 401
    assert not leaks(answer)


def test_an_account_that_ended(world: World) -> None:
    token, session = world.token(STEWARD), world.session(STEWARD)
    assert ask(world, token, "/identity/status").status_code == 200
    assert browse(world, session, "/identity/status").status_code == 200
    execute(world, "UPDATE account SET disabled = %s WHERE login = 'steward'", now())
    time.sleep(PAST)
    assert ask(world, token, "/identity/status").status_code == 401
    assert browse(world, session, "/identity/status").status_code == 401
    execute(world, "UPDATE account SET disabled = NULL WHERE login = 'steward'")


def browse(world: World, session: str, path: str, method: str = "GET", **headers: str) -> Any:
    given = {
        "Cookie": f"xinglin={session}",
        **{name.replace("_", "-"): value for name, value in headers.items()},
    }
    body = {"why": "x"} if method != "GET" else None
    return world.client.request(
        method, path, headers={**given, "Content-Type": "application/json"}, json=body
    )


def test_an_ended_session(world: World) -> None:
    session = world.session(WANG)
    assert browse(world, session, "/fhir/Observation/o1").status_code == 200
    execute(world, "DELETE FROM login_session WHERE login = 'wang'")
    time.sleep(PAST)
    assert browse(world, session, "/fhir/Observation/o1").status_code == 401
    for worthless in ("", "x", "a" * 5_000, "' OR 1=1 --", "%00"):
        assert browse(world, worthless, "/fhir/Observation/o1").status_code == 401, worthless


def test_other_sites(world: World) -> None:
    """A page elsewhere can't have a logged-in browser change anything here."""
    session = world.session(STEWARD)
    mine = csrf_token(session)
    path = "/identity/decisions/1/undo"
    for headers in (
        {},
        {"X_CSRF_Token": "0" * 64},
        {"X_CSRF_Token": csrf_token(world.session(WANG))},
        {"X_CSRF_Token": mine, "Origin": "https://evil.example"},
        {"X_CSRF_Token": mine, "Origin": "null"},
        {"X_CSRF_Token": mine, "Origin": "http://localhost.evil.example"},
        {"X_CSRF_Token": mine, "Sec_Fetch_Site": "cross-site"},
        {"X_CSRF_Token": mine, "Sec_Fetch_Site": "same-site"},
    ):
        assert browse(world, session, path, "POST", **headers).status_code == 403, headers
    allowed = browse(world, session, path, "POST", X_CSRF_Token=mine, Origin="http://localhost")
    assert allowed.status_code == 404, "what is undone isn't there: but the request counted"
    preflight = world.client.options("/fhir/Patient", headers={"Origin": "https://evil.example"})
    assert "access-control-allow-origin" not in preflight.headers
    read = browse(world, session, "/identity/status", Origin="https://evil.example")
    assert "access-control-allow-origin" not in read.headers
    assert read.headers["cross-origin-resource-policy"] == "same-origin"


def test_scopes_stay_narrow(world: World) -> None:
    """What a scope leaves out isn't reached by other parameters, includes, bundles or purposes."""
    narrow = world.token(ZHAO, "user/Observation.rs?status=preliminary user/Patient.r")
    header = {"Authorization": f"Bearer {narrow}"}
    for path in (
        "Observation/o2",
        "Observation?status=final",
        "Observation?status=preliminary,final",
        "Observation?_id=o2",
        "Observation?patient=p2",
        "Observation/_history",
        "Observation/o2/_history",
        "Observation/$lastn?patient=p2",
        "Encounter/e2",
        "Encounter?patient=p2",
        "Patient?_id=p2",
        "Patient?_id=p2&_revinclude=Observation:subject",
        "Patient/p2/$everything",
        "Patient/p2/$summary",
        "?_type=Observation,Encounter",
        "_history",
    ):
        answer = world.client.get(f"/fhir/{path}", headers=header)
        assert answer.status_code < 500
        for hidden in ("Mk7431", '"Encounter"', "7431.7431"):
            assert hidden not in answer.text.replace("138Mk7431", ""), (path, answer.text[:500])
    batch = {
        "resourceType": "Bundle",
        "type": "batch",
        "entry": [
            {"request": {"method": "GET", "url": "Encounter/e2"}},
            {"request": {"method": "DELETE", "url": "Observation/o2"}},
        ],
    }
    told = world.client.post("/fhir", headers=header, json=batch)
    assert [one["response"]["status"][:3] for one in told.json()["entry"]] == ["403", "403"]
    launched = world.token(LI, "patient/Observation.rs", patient="p2")
    other = world.client.get("/fhir/Observation", headers={"Authorization": f"Bearer {launched}"})
    assert not leaks(other), "the launch patient isn't the person's own"


@pytest.mark.parametrize(
    "header",
    [
        {"alg": "none"},
        {"alg": "HS256", "kid": "rsa"},
        {"alg": "RS384", "kid": "../../x"},
        {"alg": "RS384", "jku": "http://169.254.169.254/keys"},
        {"alg": "RS384", "jwk": {"kty": "RSA", "n": "AQ", "e": "AQAB"}},
    ],
)
def test_forged_statements(world: World, header: dict[str, Any]) -> None:
    """JWTs by which a program could prove itself, at the real door; test_oauth_attacks has many more."""
    header = {"typ": "JWT", **header}
    for said in (claims("attacker-app"), claims("lab-feed", aud="http://evil.example"), claims("x", exp=1)):
        for signature in (b"", b"x" * 64, b"x" * 256):
            form = {
                "grant_type": "client_credentials",
                "scope": "system/*.rs",
                "client_assertion_type": TYPE,
                "client_assertion": unsigned(header, said, signature),
            }
            answer = world.client.post(
                "/oauth/token", data=form, headers={"Content-Type": "application/x-www-form-urlencoded"}
            )
            assert answer.status_code in (400, 401), answer.text
            assert "access_token" not in answer.text
    jwt = unsigned({"alg": "none"}, {"sub": "wang", "roles": ["local"], "exp": 9_999_999_999})
    assert ask(world, jwt).status_code == 401


def test_purposes_open_no_more_than_they_are_for(world: World) -> None:
    for purpose in (
        "BTG",
        "ETREAT",
        "PUBHLTH",
        "HRESCH",
        "HSYSADMIN",
        "PATRQT",
        "btg",
        "TREAT,BTG",
        "*",
        "' OR 1=1",
    ):
        answer = world.get("/fhir/Observation/o2", headers={"Purpose-Of-Use": purpose})
        assert answer.status_code in (403, 404), purpose
        assert not leaks(answer)


def test_the_glass_once_mended(world: World) -> None:
    """Emergency access opens what it is for until it ends, and not a second longer."""
    btg = {"Purpose-Of-Use": "BTG"}
    assert world.get("/fhir/Observation/o2", headers=btg).status_code in (403, 404)
    reason = world.gate.deciding.policies.tables.words("reasons")[0]
    asked = {"patient": "p2", "reason": reason, "words": "brought in unconscious after a fall"}
    made = world.ask(WANG, "POST", "/emergency", headers={"Content-Type": "application/json"}, json=asked)
    assert made.status_code == 201, made.text
    time.sleep(PAST)
    assert world.get("/fhir/Observation/o2", headers=btg).status_code == 200
    assert world.get("/fhir/Observation/o2").status_code == 404, "the purpose must be named"
    execute(
        world,
        "UPDATE access_grant SET since = now() - interval '9 hours', until = now() - interval '1 second'",
    )
    time.sleep(PAST)
    for path in (
        "Observation/o2",
        "Observation?patient=p2",
        "Patient/p2/$everything",
        "Observation/o2/_history",
    ):
        answer = world.get(f"/fhir/{path}", headers=btg)
        assert not leaks(answer), path


def test_every_refusal_is_in_the_log(world: World) -> None:
    world.get("/fhir/Condition/c2")
    ask(world, "worthless")
    found = world.call(lambda: world.gate.log.find(LogAsked(outcomes=("denied",)), most=20))
    denied = [one.told for one in found.entries]
    assert denied[0].who.id == "anonymous"
    assert denied[1].who.id == "user:wang"
    assert denied[1].what == ("Condition/c2",)
