"""Login by a browser and by programs, and what attackers try on it."""

import re
from collections.abc import Iterator
from html.parser import HTMLParser
from pathlib import Path

import msgspec
import pytest
from pyotp.totp import TOTP
from starlette.testclient import TestClient
from tests.integration.login_support import GOOD, PAGE, browser_of, csrf_in, make_account, make_ready

from xinglin.core import clock
from xinglin.core.settings import Settings


@pytest.fixture
def small(settings: Settings, tmp_path: Path) -> Settings:
    return msgspec.structs.replace(
        settings, argon2_memory_kib=32, argon2_passes=1, home=str(tmp_path), second_factor="optional"
    )


@pytest.fixture
def browser(small: Settings) -> Iterator[TestClient]:
    with browser_of(small) as browser:
        yield browser


def enter(browser: TestClient, name: str = "wang", password: str = GOOD, query: str = "") -> str:
    """Fill in the login form; give the page that follows."""
    form = browser.get(f"/login{query}", headers={"Accept": "text/html"})
    data = {"csrf": csrf_in(form.text), "login": name, "password": password}
    return browser.post(f"/login{query}", data=data).text


def test_by_form(browser: TestClient) -> None:
    secret = make_account(browser)
    form = browser.get("/login")
    assert form.headers["content-security-policy"].startswith("default-src 'none'")
    assert form.headers["cache-control"] == "no-store"
    data = {"csrf": csrf_in(form.text), "login": "wang", "password": secret}
    answer = browser.post("/login", data=data)
    assert (answer.status_code, answer.headers["location"]) == (303, "/login")
    page = browser.get("/login").text
    assert 'name="new"' in page
    assert 'name="old"' not in page, "it was shown just now"
    data = {"csrf": csrf_in(page), "new": "short", "again": "short"}
    refused = browser.post("/password", data=data)
    assert refused.status_code == 422
    assert 'role="alert"' in refused.text
    data = {"csrf": csrf_in(page), "new": GOOD, "again": "other"}
    assert browser.post("/password", data=data).status_code == 422
    page = browser.post("/password", data=data | {"again": GOOD}).text
    assert "Wang Fang" in page
    told = browser.get("/session").json()
    assert (told["stage"], told["login"], told["roles"]) == ("in", "wang", ["clinician"])
    assert "TREAT" in told["purposes"]
    out = browser.post("/logout", data={"csrf": csrf_in(page)})
    assert out.status_code == 200
    assert browser.get("/session").status_code == 401


def test_by_json(browser: TestClient) -> None:
    make_ready(browser)
    answer = browser.post("/login", json={"login": "wang", "password": GOOD})
    assert answer.status_code == 200
    told = answer.json()
    assert told["stage"] == "in"
    assert browser.get("/sessions").json()["sessions"][0]["how"] == "password"
    assert browser.post("/logout", json={}).status_code == 403, "without the session's token"
    mark = {"X-CSRF-Token": told["csrf"]}
    assert browser.post("/session", json={"post": told["post"]}, headers=mark).json()["post"] == told["post"]
    mark = {"X-CSRF-Token": browser.get("/session").json()["csrf"]}
    number = browser.get("/sessions").json()["sessions"][0]["number"]
    assert browser.delete("/sessions/999", headers=mark).status_code == 404
    assert browser.delete(f"/sessions/{number}", headers=mark).status_code == 204
    assert browser.get("/session").status_code == 401


def test_cookies(small: Settings) -> None:
    secure = msgspec.structs.replace(small, base_url="https://hub.example/fhir", allowed_hosts="hub.example")
    with browser_of(secure, "https://hub.example") as browser:
        make_ready(browser)
        browser.get("/login")
        answer = browser.post("/login", json={"login": "wang", "password": GOOD})
        kept = next(one for one in answer.headers.get_list("set-cookie") if one.startswith("__Host-xinglin="))
        assert {"HttpOnly", "Secure", "SameSite=lax", "Path=/"} <= set(kept.split("; "))
        assert "Domain" not in kept
        assert "Max-Age" not in kept
        assert browser.get("/session").status_code == 200
        token = browser.cookies["__Host-xinglin"]
        browser.cookies.clear()
        browser.cookies.set("xinglin", token, domain="hub.example")
        assert browser.get("/session").status_code == 401, "a cookie that others could set counts nothing"


def test_a_session_cant_be_given_to_a_browser(browser: TestClient) -> None:
    make_ready(browser)
    browser.cookies.set("xinglin", "planted-by-somebody-else")
    answer = browser.post("/login", json={"login": "wang", "password": GOOD})
    assert "planted" not in "".join(answer.headers.get_list("set-cookie"))
    first = answer.cookies["xinglin"]
    again = browser.post("/login", json={"login": "wang", "password": GOOD})
    browser.cookies.clear()
    browser.cookies.set("xinglin", first)
    assert browser.get("/session").status_code == 401, "the session before has ended"
    assert again.cookies["xinglin"] != first


@pytest.mark.parametrize(
    "headers",
    [
        {"Origin": "https://evil.example"},
        {"Origin": "null"},
        {"Origin": "http://localhost.evil.example"},
        {"Origin": "https://localhost"},
        {"Sec-Fetch-Site": "cross-site"},
        {"Sec-Fetch-Site": "same-site"},
    ],
)
def test_other_sites_are_refused(browser: TestClient, headers: dict[str, str]) -> None:
    make_ready(browser)
    body = {"login": "wang", "password": GOOD}
    assert browser.post("/login", json=body, headers=headers).status_code == 403
    told = browser.post("/login", json=body).json()
    mark = {"X-CSRF-Token": told["csrf"]}
    for path in ("/logout", "/password", "/session", "/login/totp", "/login/authenticator"):
        assert browser.post(path, json={}, headers=headers | mark).status_code == 403
    assert browser.get("/session").status_code == 200


@pytest.mark.parametrize("given", ["", "0" * 64, "é", "\x00", "x" * 5_000])
def test_wrong_marks_are_refused(browser: TestClient, given: str) -> None:
    make_ready(browser)
    enter(browser)
    for path in ("/logout", "/password", "/session", "/login/totp", "/login/authenticator"):
        assert browser.post(path, data={"csrf": given}).status_code == 403, path


def test_a_login_form_counts_in_its_own_browser(small: Settings) -> None:
    with browser_of(small) as one, browser_of(small) as other:
        make_ready(one)
        attacker = csrf_in(one.get("/login").text)
        other.get("/login")
        data = {"csrf": attacker, "login": "wang", "password": GOOD}
        answer = other.post("/login", data=data)
        assert answer.status_code == 403
        assert "xinglin=" not in "".join(answer.headers.get_list("set-cookie"))


def test_text_bodies_are_not_read(browser: TestClient) -> None:
    text = '{"login": "wang", "password": "x"}'
    for kind in ("text/plain", "multipart/form-data; boundary=x", ""):
        assert browser.post("/login", content=text, headers={"Content-Type": kind}).status_code == 415
    large = browser.post("/login", json={"login": "x", "password": "x" * 30_000})
    assert large.status_code == 413
    for content in (b"[]", b"1", b"{", b'{"login": {"a": 1}}', b"\xff"):
        answer = browser.post("/login", content=content, headers={"Content-Type": "application/json"})
        assert answer.status_code in (400, 401)
    many = "&".join(f"a{n}=1" for n in range(5_000))
    assert browser.post("/login", content=many, headers=PAGE).status_code in (403, 413)


@pytest.mark.parametrize(
    ("then", "goes"),
    [
        ("/oauth/authorize%3Fa%3D1%26b%3D2", "/oauth/authorize?a=1&amp;b=2"),
        ("https://evil.example", None),
        ("//evil.example", None),
        ("/%5Cevil.example", None),
        ("/%09/evil.example", None),
        ("javascript:alert(1)", None),
        ("%20//evil.example", None),
        ("/a%0d%0aSet-Cookie:x", None),
        ("/%22%3E%3Cscript%3E", "/&#34;&gt;&lt;script&gt;"),
    ],
)
def test_going_on_after_login(browser: TestClient, then: str, goes: str | None) -> None:
    make_ready(browser)
    page = enter(browser, query=f"?next={then}")
    found = re.search(r'http-equiv="refresh" content="0; url=([^"]*)"', page)
    assert (found[1] if found else None) == goes
    assert "<script" not in page


def test_wrong_passwords_look_all_alike(browser: TestClient) -> None:
    make_ready(browser)

    def told(name: str) -> tuple[int, str]:
        answer = browser.post("/login", json={"login": name, "password": "Wrong-Word 77"})
        return answer.status_code, answer.text

    assert told("wang") == told("nobody")
    for _ in range(5):
        told("wang"), told("nobody")
    locked = told("wang")
    assert locked == told("nobody")
    assert locked[0] == 429
    form = browser.get("/login")
    data = {"csrf": csrf_in(form.text), "login": "wang", "password": GOOD}
    page = browser.post("/login", data=data)
    assert page.status_code == 429
    assert GOOD not in page.text


def test_codes_by_form(browser: TestClient) -> None:
    make_ready(browser)
    enter(browser)
    page = browser.get("/login/authenticator").text
    key = re.search(r"<code>([A-Z2-7]+)</code>", page)
    assert key is not None
    assert "<svg" in page
    wrong = browser.post("/login/authenticator", data={"csrf": csrf_in(page), "code": "000000"})
    assert wrong.status_code == 401
    data = {"csrf": csrf_in(page), "code": TOTP(key[1]).at(clock.now())}
    codes = re.findall(r"<code>([a-z2-7-]{19})</code>", browser.post("/login/authenticator", data=data).text)
    assert len(codes) == 10
    browser.cookies.clear()
    enter(browser)
    page = browser.get("/login").text
    assert 'autocomplete="one-time-code"' in page
    assert browser.get("/fhir/Patient").status_code == 401, "the login isn't complete"
    inside = browser.post("/login/totp", data={"csrf": csrf_in(page), "code": codes[0]})
    assert "Wang Fang" in inside.text


def test_administrators_set_up_an_authenticator(small: Settings) -> None:
    with browser_of(msgspec.structs.replace(small, second_factor="administrators")) as browser:
        make_ready(browser, "root", "audit-administrator")
        told = browser.post("/login", json={"login": "root", "password": GOOD}).json()
        assert told["stage"] == "authenticator"
        mark = {"X-CSRF-Token": told["csrf"]}
        given = browser.post("/login/authenticator", json={}, headers=mark).json()
        body = {"code": TOTP(given["secret"]).at(clock.now())}
        told = browser.post("/login/authenticator", json=body, headers=mark).json()
        assert told["stage"] == "in"
        assert len(told["recovery_codes"]) == 10


class Checks(HTMLParser):
    """Finds what a reader of the page, or its policy, would stumble over."""

    def __init__(self) -> None:
        super().__init__()
        self.faults: list[str] = []
        self.labels: set[str] = set()
        self.inputs: set[str] = set()
        self.headings = 0

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        given = dict(attrs)
        self.faults += [f"{tag} {name}" for name in given if name == "style" or name.startswith("on")]
        if tag in ("script", "style"):
            self.faults.append(tag)
        if tag == "html" and not given.get("lang"):
            self.faults.append("no language")
        if tag == "label":
            self.labels.add(given.get("for") or "")
        if tag == "input" and given.get("type") != "hidden":
            self.inputs.add(given.get("id") or "?")
        self.headings += tag == "h1"


@pytest.mark.parametrize("language", ["zh-CN", "en"])
def test_pages_can_be_read(browser: TestClient, language: str) -> None:
    make_ready(browser)
    browser.headers["Accept-Language"] = language
    pages = [browser.get("/login").text, browser.post("/login", data={"login": "x"}).text, enter(browser)]
    pages += [browser.get(path).text for path in ("/login/authenticator", "/password")]
    for html in pages:
        checks = Checks()
        checks.feed(html)
        assert checks.faults == []
        assert checks.inputs <= checks.labels
        assert checks.headings == 1
        assert f'<html lang="{language}">' in html
        assert ("登录" in html) == (language == "zh-CN") or "Log" in html
    style = browser.get("/login/login.css")
    assert style.headers["content-type"].startswith("text/css")
