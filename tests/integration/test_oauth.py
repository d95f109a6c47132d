"""Apps and services come to their tokens: SMART App Launch 2.2 from the first look to revocation."""

import asyncio
from collections.abc import Iterator
from pathlib import Path
from urllib.parse import unquote

import pytest
from joserfc import jwt
from joserfc.jwk import KeySet
from tests.oauth import (
    APP,
    BACK,
    BASE,
    EC,
    LI,
    ROOT,
    RSA,
    SECRET_APP,
    SERVICE,
    WANG,
    WATCHER,
    Desk,
    claims,
    registered,
    signed,
    ticked_of,
    told,
)

from xinglin.core.settings import Settings
from xinglin.trust.tokens.statement import TYPE


@pytest.fixture
def desk(settings: Settings, tmp_path: Path) -> Iterator[Desk]:
    with registered(settings, tmp_path) as desk:
        yield desk


def test_what_is_offered(desk: Desk) -> None:
    for path in ("/.well-known/smart-configuration", "/fhir/.well-known/smart-configuration"):
        answer = desk.client.get(path)
        assert answer.headers["content-type"] == "application/json"
        assert answer.headers["access-control-allow-origin"] == "*"
        found = answer.json()
        assert found["issuer"] == ROOT
        assert found["authorization_endpoint"] == f"{ROOT}/oauth/authorize"
        assert found["token_endpoint"] == f"{ROOT}/oauth/token"
        assert found["code_challenge_methods_supported"] == ["S256"]
        assert "client-confidential-asymmetric" in found["capabilities"]
        assert "launch-ehr" not in found["capabilities"]
    assert desk.client.get("/.well-known/openid-configuration").json()["jwks_uri"] == f"{ROOT}/oauth/jwks"


def test_a_public_app_from_consent_to_token(desk: Desk) -> None:
    desk.log_in(WANG)
    page = desk.ask(
        scope="user/Observation.rs?category=laboratory user/Patient.cruds openid fhirUser", nonce="n"
    )
    assert page.status_code == 200
    assert "Growth chart &lt;b&gt;" in page.text
    assert "<script" not in page.text
    assert ticked_of(page) == ["user/Observation.rs?category=laboratory", "user/Patient.rs"]
    assert (
        "read, search: Observation of everybody whose records you may use (only category = laboratory)"
        in page.text
    )
    back = desk.decide(page)
    assert back.headers["location"].startswith(f"{BACK}?code=xlc_")
    answer = told(back)
    assert (answer["state"], answer["iss"]) == ("a state", ROOT)
    given = desk.exchange(answer["code"])
    assert given.status_code == 200, given.text
    assert given.headers["cache-control"] == "no-store"
    content = given.json()
    assert content["token_type"] == "Bearer"
    assert content["expires_in"] == desk.settings.app_token_minutes * 60
    assert content["scope"] == "fhirUser openid user/Observation.rs?category=laboratory user/Patient.rs"
    assert "refresh_token" not in content
    who = desk.who(content["access_token"])
    assert who is not None
    assert (who.id, who.client, who.roles) == (WANG.id, APP.id, WANG.roles)
    keys = KeySet.import_key_set(desk.client.get("/oauth/jwks").json())
    said = jwt.decode(content["id_token"], keys, algorithms=["ES256"]).claims
    assert (said["iss"], said["aud"], said["sub"], said["nonce"]) == (ROOT, APP.id, WANG.id, "n")
    assert said["fhirUser"] == f"{BASE}/Practitioner/wang-practitioner"
    assert desk.client.get("/oauth/jwks").json()["keys"][0].keys() == {
        *"xy",
        "crv",
        "kty",
        "kid",
        "use",
        "alg",
    }


def test_the_page_is_in_the_readers_language(desk: Desk) -> None:
    desk.log_in(WANG)
    page = desk.ask(ui_locales="zh", scope="patient/*.rs offline_access")
    assert '<html lang="zh-CN">' in page.text
    assert "允许" in page.text
    assert "所选患者" in page.text
    assert 'name="patient"' in page.text


def test_whoever_isnt_logged_in_logs_in_first(desk: Desk) -> None:
    answer = desk.ask(scope="user/Observation.rs?category=laboratory", ui_locales="zh")
    assert answer.status_code == 303
    path, _, query = answer.headers["location"].partition("?")
    assert path == "/login"
    desk.log_in(WANG)
    next_ = dict(pair.split("=") for pair in query.split("&"))["next"]
    page = desk.client.get(f"{ROOT}{unquote(next_)}")
    assert ticked_of(page) == ["user/Observation.rs?category=laboratory"]


def test_asking_by_post(desk: Desk) -> None:
    desk.log_in(WANG)
    assert desk.ask("POST").status_code == 200


def test_a_person_allows_less(desk: Desk) -> None:
    desk.log_in(WANG)
    page = desk.ask(scope="user/Observation.rs user/Patient.rs offline_access")
    given = desk.exchange(told(desk.decide(page, scope=["user/Patient.rs"]))["code"]).json()
    assert given["scope"] == "user/Patient.rs"
    assert "refresh_token" not in given


def test_a_person_cant_be_made_to_allow_more(desk: Desk) -> None:
    desk.log_in(WANG)
    page = desk.ask(scope="user/Patient.rs")
    given = desk.exchange(told(desk.decide(page, scope=["user/*.cruds", "offline_access"]))["code"]).json()
    assert given["scope"] == "user/Patient.rs"


def test_a_person_says_no(desk: Desk) -> None:
    desk.log_in(WANG)
    for answer in (
        told(desk.decide(desk.ask(), "deny")),
        told(desk.decide(desk.ask(), scope=[])),
    ):
        assert (answer["error"], answer["code"], answer["state"]) == ("access_denied", "XL9210", "a state")
    assert desk.execute("SELECT count(*) FROM client_grant") == [(0,)]


def test_an_app_for_one_patient(desk: Desk) -> None:
    desk.log_in(WANG)
    code = desk.code("zhang-patient", scope="patient/Observation.rs launch/patient")
    given = desk.exchange(code).json()
    assert given["patient"] == "zhang-patient"
    who = desk.who(given["access_token"])
    assert who is not None
    assert who.claims["launch-patient"] == "zhang-patient"
    page = desk.ask(scope="patient/Observation.rs")
    assert told(desk.decide(page, patient="../x"))["error"] == "invalid_request"


def test_whoever_looks_at_the_own_record_chooses_nobody_else(desk: Desk) -> None:
    desk.log_in(LI)
    page = desk.ask(scope="patient/Observation.rs")
    assert 'name="patient"' not in page.text
    given = desk.exchange(told(desk.decide(page, patient="zhang-patient"))["code"]).json()
    assert given["patient"] == "li-patient"


def test_a_confidential_app_renews_its_tokens(desk: Desk) -> None:
    desk.log_in(WANG)
    auth = (SECRET_APP.id, desk.secret)
    code = desk.code(client_id=SECRET_APP.id, scope="user/*.rs offline_access")
    first = desk.exchange(code, auth, client_id=None).json()
    again = desk.token(auth, grant_type="refresh_token", refresh_token=first["refresh_token"])
    assert again.status_code == 200
    second = again.json()
    assert second["scope"] == first["scope"]
    assert second["refresh_token"] != first["refresh_token"]
    assert desk.who(second["access_token"]) is not None
    less = desk.token(
        auth, grant_type="refresh_token", refresh_token=second["refresh_token"], scope="user/Patient.r"
    ).json()
    assert less["scope"] == "user/Patient.r"
    whole = desk.token(auth, grant_type="refresh_token", refresh_token=less["refresh_token"]).json()
    assert whole["scope"] == first["scope"]


def test_an_app_on_a_desk_may_use_any_port(desk: Desk) -> None:
    desk.log_in(WANG)
    back = "http://127.0.0.1:53211/back"
    page = desk.ask(redirect_uri=back)
    answer = desk.decide(page)
    assert answer.headers["location"].startswith(back)
    assert desk.exchange(told(answer)["code"], redirect_uri=back).status_code == 200


@pytest.mark.parametrize(("alg", "kid"), [("ES384", "ec"), ("RS384", "rsa")])
def test_a_service(desk: Desk, alg: str, kid: str) -> None:
    answer = desk.serve(signed(claims(), RSA if kid == "rsa" else EC, alg=alg, kid=kid))
    assert answer.status_code == 200, answer.text
    given = answer.json()
    assert given["scope"] == "system/Observation.rs"
    assert given["expires_in"] <= 300
    assert "refresh_token" not in given
    who = desk.who(given["access_token"])
    assert who is not None
    assert (who.id, who.institution, who.roles) == (
        "client:lab-feed",
        "county-hospital",
        {"institution-system"},
    )


def test_introspection(desk: Desk) -> None:
    desk.log_in(WANG)
    code = desk.code("zhang-patient", scope="patient/*.rs openid fhirUser offline_access")
    given = desk.exchange(code).json()

    def ask(client: str, token: str) -> dict[str, object]:
        form = {"client_assertion_type": TYPE, "client_assertion": signed(claims(client)), "token": token}
        return desk.client.post("/oauth/introspect", data=form).json()

    found = ask(WATCHER.id, given["access_token"])
    assert found["active"] is True
    assert (found["client_id"], found["sub"], found["patient"]) == (APP.id, WANG.id, "zhang-patient")
    assert found["scope"] == given["scope"]
    assert found["fhirUser"] == f"{BASE}/Practitioner/wang-practitioner"
    assert ask(WATCHER.id, given["refresh_token"])["active"] is True
    assert ask(SERVICE.id, given["access_token"]) == {"active": False}
    assert ask(WATCHER.id, "xla_unknown") == {"active": False}
    own = desk.serve(signed(claims())).json()["access_token"]
    assert ask(SERVICE.id, own)["active"] is True
    refused = desk.client.post("/oauth/introspect", data={"token": own, "client_id": APP.id})
    assert refused.json()["error"] == "unauthorized_client"
    assert desk.client.post("/oauth/introspect", data={"token": own}).status_code == 401


def test_revocation(desk: Desk) -> None:
    desk.log_in(WANG)
    given = desk.exchange(desk.code(scope="user/*.rs offline_access")).json()

    def revoke(token: str, client: str = APP.id) -> int:
        return desk.client.post("/oauth/revoke", data={"token": token, "client_id": client}).status_code

    assert revoke(given["refresh_token"], "other-app") == 200
    assert revoke("xla_unknown") == 200
    assert desk.who(given["access_token"]) is not None
    assert revoke(given["access_token"]) == 200
    asyncio.run(asyncio.sleep(1))
    assert desk.who(given["access_token"]) is None
    second = desk.token(
        grant_type="refresh_token", refresh_token=given["refresh_token"], client_id=APP.id
    ).json()
    assert desk.who(second["access_token"]) is not None
    assert revoke(second["refresh_token"]) == 200
    asyncio.run(asyncio.sleep(1))
    assert desk.who(second["access_token"]) is None


def test_everything_is_written_down(desk: Desk) -> None:
    desk.log_in(WANG)
    given = desk.exchange(desk.code("p1", scope="patient/*.rs offline_access")).json()
    desk.serve(signed(claims(aud="elsewhere")))
    desk.client.post("/oauth/revoke", data={"token": given["refresh_token"], "client_id": APP.id})
    rows = desk.execute("SELECT convert_from(body, 'UTF8') FROM audit_entry ORDER BY 1")
    written = "\n".join(str(row[0]) for row in rows)
    for action in ("app.allow", "token.give", "token.revoke"):
        assert f'"action":"{action}"' in written
    assert '"outcome":"denied"' in written
    assert given["access_token"] not in written
    assert given["refresh_token"] not in written
