"""The portal's pages: for each role, in each form, behind the gate."""

import io
import re
from collections.abc import Iterator

import msgspec
import psycopg
import pytest
from python_calamine import CalamineWorkbook
from starlette.routing import Route
from starlette.testclient import TestClient
from tests.integration.login_support import GOOD, browser_of, csrf_in, make_ready

from xinglin.core.settings import Settings

PAGE = {"Accept": "text/html"}

OPEN = {
    "clinician": {"/", "/account"},
    "patient": {"/", "/account"},
    "steward": {"/", "/account"},
    "security-administrator": {"/", "/account"},
    "operator": {"/", "/account", "/sources", "/system"},
    "system-administrator": {"/", "/account", "/system"},
}
"""Which of the foundation's pages each role may open."""

PATHS = sorted({path for some in OPEN.values() for path in some})
CARDS = {
    "clinician": {"home patients"},
    "steward": {"home pairs"},
    "security-administrator": {"home alerts", "home emergencies"},
    "operator": {"home sources", "home refused"},
}


@pytest.fixture
def eased(settings: Settings) -> Settings:
    return msgspec.structs.replace(settings, second_factor="optional", argon2_memory_kib=8, argon2_passes=1)


@pytest.fixture
def browser(eased: Settings) -> Iterator[TestClient]:
    with browser_of(eased) as browser:
        yield browser


def enter(browser: TestClient, role: str) -> None:
    """Log in as somebody with a role."""
    make_ready(browser, "wang", role)
    page = browser.get("/login", headers=PAGE)
    data = {"csrf": csrf_in(page.text), "login": "wang", "password": GOOD}
    answer = browser.post("/login", data=data, headers=PAGE)
    assert answer.status_code == 200, answer.text


def stem(path: str) -> str:
    return "/home" if path == "/" else path


@pytest.mark.parametrize("role", OPEN)
def test_pages_of_each_role(browser: TestClient, role: str) -> None:
    enter(browser, role)
    home = browser.get("/", headers=PAGE).text
    menu = set(re.findall(r'<a href="(/[a-z]*)"', home[home.index("<nav class=") : home.index("<main")]))
    for path in PATHS:
        answer, twin = browser.get(path, headers=PAGE), browser.get(f"{stem(path)}.json")
        opens = path in OPEN[role]
        assert answer.status_code == twin.status_code == (200 if opens else 403), (path, answer.text)
        assert opens == (path in menu) or path == "/account"
        policy = answer.headers["Content-Security-Policy"]
        assert "default-src 'self'" in policy
        assert "unsafe" not in policy
        assert not re.search(r"<script(?![^>]*(src=|application/json))", answer.text)
        assert not re.search(r'<style|\sstyle="|\son[a-z]+="', answer.text)
        if opens:
            assert twin.json().keys()
        else:
            assert "XL9501" in answer.text
            assert twin.json()["resourceType"] == "OperationOutcome"
    cards = {one["name"] for one in browser.get("/home.json").json()["cards"]}
    assert cards >= CARDS.get(role, set())
    assert not cards & set().union(*(CARDS[other] for other in CARDS if other != role))


def test_nobody_is_led_to_the_login_and_back(browser: TestClient) -> None:
    answer = browser.get("/sources?sources.sort=-last", headers=PAGE)
    assert answer.status_code == 303
    assert answer.headers["Location"].startswith("/login?next=%2Fsources%3Fsources.sort%3D-last")
    assert browser.get("/sources.json").status_code == 401
    assert (
        browser.get("/", headers={**PAGE, "HX-Request": "true"}).headers["HX-Redirect"].startswith("/login")
    )


def test_files(browser: TestClient) -> None:
    enter(browser, "operator")
    told = browser.get("/system.json", headers={"Accept-Language": "en"}).json()
    names = [row["name"] for row in told["settings"]["rows"]]
    assert "database_url" in names
    assert next(r for r in told["settings"]["rows"] if r["name"] == "database_url")["value"] == "********"
    listed = browser.get("/system.csv?table=settings", headers={"Accept-Language": "zh"})
    assert listed.text.startswith("\ufeff设置项,值,来自,含义")
    assert listed.headers["Content-Disposition"] == 'attachment; filename="xinglin-system.csv"'
    book = CalamineWorkbook.from_filelike(io.BytesIO(browser.get("/system.xlsx").content))
    assert len(book.sheet_names) == 3
    assert len(book.get_sheet_by_index(2).to_python()) == len(names) + 1
    assert browser.get("/system.csv?table=nothing").status_code == 404


def test_tables_are_sorted_and_paged(browser: TestClient) -> None:
    enter(browser, "operator")
    asked = "/system.json?settings.sort=-name"
    names = [row["name"] for row in browser.get(asked).json()["settings"]["rows"]]
    assert names == sorted(names, reverse=True)
    tables = browser.get("/system.json?tables.sort=name&tables.page=99").json()["tables"]
    assert tables["page"] == tables["pages"]
    assert browser.get("/system.json?tables.page=x").status_code == 400
    part = browser.get("/system?settings.sort=-name", headers={**PAGE, "HX-Request": "true"}).text
    assert 'id="t-settings"' in part
    assert "<html" not in part


def test_choices_are_kept(browser: TestClient) -> None:
    enter(browser, "clinician")
    page = browser.get("/account", headers={**PAGE, "Accept-Language": "en"}).text
    for data in ({"language": "zh"}, {"theme": "dark"}, {"purpose": "BTG"}):
        sent = {"csrf": csrf_in(page), "next": "/account", **data}
        done = browser.post("/preferences", data=sent, headers=PAGE)
        assert (done.status_code, done.headers["Location"]) == (303, "/account")
    page = browser.get("/account", headers={**PAGE, "Accept-Language": "en"}).text
    assert 'lang="zh-CN" data-bs-theme="dark"' in page
    assert "我的账号" in page
    assert [p["code"] for p in browser.get("/account.json").json()["purposes"] if p["chosen"]] == ["BTG"]


@pytest.mark.parametrize(
    ("sent", "status"),
    [
        ({"language": "zh"}, 403),
        ({"csrf": "wrong", "language": "zh"}, 403),
        ({"csrf": "right", "language": "fr"}, 400),
        ({"csrf": "right", "purpose": "HRESCH"}, 400),
        ({"csrf": "right", "theme": "dark", "next": "//evil.example"}, 303),
    ],
)
def test_forms_from_elsewhere(browser: TestClient, sent: dict[str, str], status: int) -> None:
    enter(browser, "clinician")
    csrf = csrf_in(browser.get("/account", headers=PAGE).text)
    given = {**sent, "csrf": csrf} if sent.get("csrf") == "right" else sent
    answer = browser.post("/preferences", data=given, headers=PAGE)
    assert answer.status_code == status
    if status == 303:
        assert answer.headers["Location"] == "/"


def test_everything_is_in_the_log(browser: TestClient, eased: Settings) -> None:
    enter(browser, "operator")
    with psycopg.connect(eased.database_url, autocommit=True) as connection:
        query = "SELECT action, outcome FROM audit_entry WHERE number > %s ORDER BY number"
        before = connection.execute("SELECT max(number) FROM audit_entry").fetchone() or (0,)
        browser.get("/sources", headers=PAGE)
        browser.get("/sources/nobody", headers=PAGE)
        found = connection.execute(query, before).fetchall()
    assert ("intake.receipts", "allowed") in found
    assert ("quality.read", "allowed") in found
    assert found[-1] == ("intake.receipts", "failed")


def test_faults_are_pages(browser: TestClient) -> None:
    enter(browser, "operator")
    for path in ("/sources/nobody", "/nothing/here"):
        answer = browser.get(path, headers={**PAGE, "Accept-Language": "zh"})
        assert answer.status_code == 404
        assert "这里没有要找的内容" in answer.text
        assert re.search(r"XL\d{4}", answer.text)
    assert browser.get("/nothing/here").json()["resourceType"] == "OperationOutcome"


def test_static_files_are_kept_for_ever(browser: TestClient) -> None:
    page = browser.get("/login", headers=PAGE)
    assert page.status_code == 200
    enter(browser, "patient")
    home = browser.get("/", headers=PAGE).text
    for address in set(re.findall(r'(?:href|src)="(/static/[^"#]+)', home)):
        for encoding in ("zstd", "gzip", "identity"):
            answer = browser.get(address, headers={"Accept-Encoding": encoding})
            assert answer.status_code == 200, address
            assert "immutable" in answer.headers["Cache-Control"]
        again = browser.get(address, headers={"If-None-Match": answer.headers["ETag"]})
        assert again.status_code == 304
    assert browser.get("/static/portal.000000000000.css").status_code == 404
    assert browser.get("/static/vendor/vendor.toml").status_code == 404


def test_no_two_pages_share_an_address(browser: TestClient) -> None:
    routes = [one for one in browser.app.routes if isinstance(one, Route)]  # pyright: ignore[reportFunctionMemberAccess]
    named = [(re.sub(r"\{[^}]*\}", "{}", one.path), method) for one in routes for method in one.methods or ()]
    assert len(named) == len(set(named)), sorted(one for one in named if named.count(one) > 1)
