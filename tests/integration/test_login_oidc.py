"""Login by the site's own provider, with a real one on localhost, and what goes wrong there on purpose."""

from collections.abc import Iterator
from pathlib import Path
from typing import Any
from urllib.parse import parse_qs, urlsplit

import msgspec
import pytest
from joserfc.jwk import RSAKey
from starlette.testclient import TestClient
from tests.integration.login_support import ROOT, browser_of, call, gate_of, make_account
from tests.integration.provider import CLIENT, SECRET, Provider, running

from xinglin.core.settings import Settings
from xinglin.trust.login.managing import Managing

CALLBACK = "/login/oidc/callback"


@pytest.fixture(scope="module")
def shared_provider() -> Iterator[Provider]:
    with running() as provider:
        yield provider


@pytest.fixture
def provider(shared_provider: Provider) -> Provider:
    """The provider, well-behaved again."""
    shared_provider.wrong, shared_provider.claims, shared_provider.sign = {}, {}, "RS256"
    shared_provider.subject = "17"
    return shared_provider


@pytest.fixture
def small(settings: Settings, tmp_path: Path, provider: Provider) -> Settings:
    return msgspec.structs.replace(
        settings,
        argon2_memory_kib=32,
        argon2_passes=1,
        home=str(tmp_path),
        oidc_issuer=provider.issuer,
        oidc_client_id=CLIENT,
        oidc_client_secret=SECRET,
    )


@pytest.fixture
def browser(small: Settings) -> Iterator[TestClient]:
    with browser_of(small) as browser:
        yield browser


def link(browser: TestClient, issuer: str, name: str = "wang", subject: str = "17") -> None:
    make_account(browser, name)
    managing = Managing(gate_of(browser).login, ROOT)

    async def work() -> None:
        await managing.change(name, subject=(issuer, subject))

    call(browser, work)


def come_back(browser: TestClient, provider: Provider, **changed: str) -> Any:
    begun = browser.get("/login/oidc")
    assert begun.status_code == 303
    brought = provider.authorize(begun.headers["location"]) | changed
    return browser.get(CALLBACK, params={name: value for name, value in brought.items() if value})


def test_login_and_logout(browser: TestClient, provider: Provider) -> None:
    link(browser, provider.issuer)
    begun = browser.get("/login/oidc?next=/fhir/metadata")
    asked = parse_qs(urlsplit(begun.headers["location"]).query)
    assert asked["redirect_uri"] == [f"http://localhost{CALLBACK}"]
    done = browser.get(CALLBACK, params=provider.authorize(begun.headers["location"]))
    assert (done.status_code, done.headers["location"]) == (303, "/fhir/metadata")
    told = browser.get("/session").json()
    assert (told["login"], told["stage"], told["roles"]) == ("wang", "in", ["clinician"])
    out = browser.post("/logout", json={}, headers={"X-CSRF-Token": told["csrf"]}).json()
    assert out["provider_logout"].startswith(f"{provider.issuer}/logout?client_id={CLIENT}")
    assert browser.get("/session").status_code == 401


@pytest.mark.parametrize(
    "wrong",
    [
        {"nonce": "another"},
        {"nonce": None},
        {"aud": "another-client"},
        {"aud": ["another-client"]},
        {"aud": [CLIENT, "another-client"]},
        {"aud": [CLIENT, "another-client"], "azp": "another-client"},
        {"azp": "another-client"},
        {"aud": None},
        {"iss": "https://evil.example"},
        {"iss": None},
        {"exp": 1},
        {"exp": None},
        {"exp": "soon"},
        {"iat": 1},
        {"iat": None},
        {"iat": 99_999_999_999},
        {"sub": None},
        {"sub": ""},
        {"sub": 17},
        {"sub": "x" * 300},
    ],
)
def test_wrong_claims(browser: TestClient, provider: Provider, wrong: dict[str, Any]) -> None:
    link(browser, provider.issuer)
    provider.wrong = wrong
    answer = come_back(browser, provider)
    assert answer.status_code == 401
    assert 'role="alert"' in answer.text
    assert browser.get("/session").status_code == 401


@pytest.mark.parametrize("sign", ["none", "HS256", "stranger"])
def test_wrong_signatures(browser: TestClient, provider: Provider, sign: str) -> None:
    link(browser, provider.issuer)
    provider.sign = sign
    assert come_back(browser, provider).status_code == 401
    provider.sign = "PS256"
    assert come_back(browser, provider).status_code == 303


def test_a_right_token_for_more_audiences(browser: TestClient, provider: Provider) -> None:
    link(browser, provider.issuer)
    provider.wrong = {"aud": [CLIENT, "another"], "azp": CLIENT}
    assert come_back(browser, provider).status_code == 303


def test_states_count_once_and_in_their_browser(
    small: Settings, browser: TestClient, provider: Provider
) -> None:
    link(browser, provider.issuer)
    brought = provider.authorize(browser.get("/login/oidc").headers["location"])
    with browser_of(small) as victim:  # somebody is made to open the attacker's address
        victim.get("/login/oidc")
        assert victim.get(CALLBACK, params=brought).status_code == 401
        assert victim.get("/session").status_code == 401
    assert browser.get(CALLBACK, params=brought).status_code == 303
    assert browser.get(CALLBACK, params=brought).status_code == 401, "a replay"


@pytest.mark.parametrize(
    "changed",
    [
        {"state": "another"},
        {"state": ""},
        {"code": ""},
        {"code": "guessed"},
        {"code": "x" * 5_000},
        {"iss": "https://evil.example"},
        {"iss": ""},
        {"error": "access_denied", "code": ""},
    ],
)
def test_wrong_answers(browser: TestClient, provider: Provider, changed: dict[str, str]) -> None:
    link(browser, provider.issuer)
    assert come_back(browser, provider, **changed).status_code == 401


def test_the_key_may_change(browser: TestClient, provider: Provider, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("xinglin.trust.login.oidc.provider.AGAIN_SECONDS", 0)
    link(browser, provider.issuer)
    assert come_back(browser, provider).status_code == 303
    monkeypatch.setattr(provider, "key", RSAKey.generate_key(2048, {"kid": "two", "use": "sig"}))
    assert come_back(browser, provider).status_code == 303


def test_strangers_and_stopped_accounts(browser: TestClient, provider: Provider) -> None:
    make_account(browser, "wang")  # of the same name, but nobody has said that it is the same person
    provider.claims = {"preferred_username": "wang"}
    answer = come_back(browser, provider)
    assert answer.status_code == 403
    assert "17" in answer.text
    managing = Managing(gate_of(browser).login, ROOT)

    async def link_and_stop() -> None:
        await managing.change("wang", subject=(provider.issuer, "17"))
        await managing.enable("wang", yes=False)

    call(browser, link_and_stop)
    assert come_back(browser, provider).status_code == 403


def test_new_accounts_and_roles_from_claims(small: Settings, provider: Provider, tmp_path: Path) -> None:
    table = tmp_path / "roles.csv"
    table.write_text(
        "value,role,institution,department\nward-nurses,nurse,hospital,\n"
        "it,system-administrator,,\naudit,audit-administrator,,\n"
    )
    grows = msgspec.structs.replace(small, oidc_new_accounts="yes", oidc_roles=str(table))
    with browser_of(grows) as browser:
        make_account(browser, "taken")
        provider.claims = {"preferred_username": "taken", "groups": ["ward-nurses"]}
        assert come_back(browser, provider).status_code == 403, "a name alone opens no account"
        provider.claims["preferred_username"] = "li"
        assert come_back(browser, provider).status_code == 303
        told = browser.get("/session").json()
        assert (told["login"], told["roles"]) == ("li", ["nurse"])
        provider.claims["groups"] = ["it", 5]
        assert come_back(browser, provider).status_code == 303
        assert browser.get("/session").json()["roles"] == ["system-administrator"]
        provider.claims["groups"] = ["audit"]
        assert come_back(browser, provider).status_code == 303, "one duty for another"
        provider.claims["groups"] = ["it", "audit"]
        answer = come_back(browser, provider)
        assert answer.status_code == 409
        assert "XL" not in answer.text
        table.write_text("value,role,institution,department\nit,king,,\n")
        assert come_back(browser, provider).status_code == 500
        table.write_text("value,role\n")
        assert come_back(browser, provider).status_code == 500


def test_no_provider_and_one_that_is_away(small: Settings) -> None:
    with browser_of(msgspec.structs.replace(small, oidc_issuer="")) as browser:
        assert browser.get("/login/oidc").status_code == 404
        assert "oidc" not in browser.get("/login").text
    away = msgspec.structs.replace(small, oidc_issuer="http://127.0.0.1:9")
    with browser_of(away) as browser:
        assert browser.get("/login/oidc").status_code == 502
        assert "/login/oidc" in browser.get("/login").text
    plain = msgspec.structs.replace(small, oidc_issuer="http://login.example")
    with browser_of(plain) as browser:
        assert browser.get("/login/oidc").status_code == 502
