"""The portal's pages: for each role, in each form, behind the gate."""

from collections.abc import Iterator

import msgspec
import pytest
from starlette.testclient import TestClient
from tests.integration.login_support import GOOD, browser_of, csrf_in, make_ready

from xinglin.core.settings import Settings

ROLES = ("clinician", "steward", "operator", "security-administrator", "system-administrator", "patient")


@pytest.fixture
def browser(settings: Settings) -> Iterator[TestClient]:
    eased = msgspec.structs.replace(settings, second_factor="optional", argon2_memory_kib=8, argon2_passes=1)
    with browser_of(eased) as browser:
        yield browser


def enter(browser: TestClient, role: str) -> None:
    """Log in as somebody with a role."""
    make_ready(browser, "wang", role)
    page = browser.get("/login", headers={"Accept": "text/html"})
    data = {"csrf": csrf_in(page.text), "login": "wang", "password": GOOD}
    answer = browser.post("/login", data=data, headers={"Accept": "text/html"})
    assert answer.status_code == 200, answer.text


def look(browser: TestClient, path: str, **headers: str) -> str:
    answer = browser.get(path, headers={"Accept": "text/html", **headers})
    assert answer.status_code == 200, (path, answer.status_code, answer.text[:2000])
    return answer.text


@pytest.mark.parametrize("role", ROLES)
def test_home(browser: TestClient, role: str) -> None:
    enter(browser, role)
    look(browser, "/")
    assert browser.get("/home.json").json()["roles"]
    look(browser, "/account")
