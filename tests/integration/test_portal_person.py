"""A person in the portal: found, read, timed, charted, and who read it; for each role, in each form."""

import re
from collections.abc import Iterator
from typing import Any

import msgspec
import pytest
from starlette.testclient import TestClient
from tests.attacks.world import (
    AUDITOR,
    LI,
    MARK,
    OPERATOR,
    QUALITY,
    STEWARD,
    WANG,
    ZHAO,
    World,
    observation,
    world_of,
)
from tests.databases import new_database

from xinglin.core.settings import Settings
from xinglin.hub.embedded import EmbeddedServer
from xinglin.portal.pages.person import age, range_of
from xinglin.portal.pages.person_find import sought
from xinglin.standards.identifiers import invented_resident
from xinglin.trust.who import Who

PAGE = {"Accept": "text/html"}
PATHS = ("", "/timeline", "/results", "/medicines", "/access", "/emergency")

OPEN: dict[Who, set[str]] = {
    WANG: {"", "/timeline", "/results", "/medicines", "/emergency"},
    LI: {"", "/timeline", "/results", "/medicines", "/access"},
    STEWARD: {"", "/timeline", "/results", "/medicines"},
    AUDITOR: {"/access"},
    OPERATOR: set(),
}
"""Which pages about p1 each may open."""


@pytest.fixture(scope="module")
def world(server: EmbeddedServer, tmp_path_factory: pytest.TempPathFactory) -> Iterator[World]:
    """Give one hub for all tests here; they read, but for the one that breaks the glass."""
    with new_database(server) as url:
        made = Settings(database_url=url, language="en", home=str(tmp_path_factory.mktemp("home")))
        small = msgspec.structs.replace(made, argon2_memory_kib=8, argon2_passes=1, logins_per_minute=0)
        with world_of(small) as world:
            ranged = {"referenceRange": [{"low": {"value": 3.9}, "high": {"value": 6.1}}]}
            for number, value in enumerate((4.4, 7.0, 5.1)):
                time = {"effectiveDateTime": f"2026-0{number + 1}-02T08:00:00+08:00"}
                quantity = {"value": value, "unit": "mmol/L"}
                world.store(observation(f"r{number}", "p1", valueQuantity=quantity, **ranged, **time))
            yield world


@pytest.fixture
def browser(world: World) -> Iterator[TestClient]:
    yield world.client
    world.client.cookies.clear()


def enter(world: World, who: Who) -> TestClient:
    """Let somebody's browser be logged in."""
    world.client.cookies.clear()
    world.client.cookies.set("xinglin", world.session(who))
    return world.client


def twin(browser: TestClient, path: str, **query: str) -> Any:
    answer = browser.get(path, params=query)
    assert answer.status_code == 200, answer.text
    return answer.json()


def people(browser: TestClient, typed: str) -> list[tuple[str, str]]:
    found = twin(browser, "/people.json", q=typed)["people"]["rows"]
    return [(one["name"], one["access"]) for one in found]


@pytest.mark.parametrize("who", OPEN, ids=lambda who: who.id)
def test_pages_of_each_role(world: World, browser: TestClient, who: Who) -> None:
    enter(world, who)
    for path in PATHS:
        page = browser.get(f"/people/p1{path}", headers=PAGE)
        data = browser.get(f"/people/p1{path}.json")
        opens = path in OPEN[who]
        assert page.status_code == data.status_code == (200 if opens else 403), (path, page.text[-1500:])
        assert not re.search(r'<style|\sstyle="|\son[a-z]+="', page.text)
        if opens:
            assert data.json()["id"] == "p1"


def test_find_in_ones_care_by_name_pinyin_and_number(world: World, browser: TestClient) -> None:
    enter(world, WANG)
    open_ = [("张三", "open to you")]
    for typed in ("张三", "zhangsan", "zs", invented_resident(1), "张三 1949-07-03"):
        assert people(browser, typed) == open_, typed
    assert people(browser, "") == open_, "with nothing typed, those in one's care"
    assert "Who told it" not in browser.get("/people", headers=PAGE).text


def test_find_somebody_else_only_by_what_tells_them(world: World, browser: TestClient) -> None:
    enter(world, WANG)
    shut = [("李四", "not in your care")]
    assert people(browser, invented_resident(2)) == shut
    assert people(browser, "李四 1949-07-03") == shut
    vague = twin(browser, "/people.json", q="李四")
    assert (vague["people"]["total"], vague["vague"]) == (0, True)
    page = browser.get("/people", params={"q": "李四"}, headers=PAGE).text
    assert "Only people in your care were searched." in page
    assert "ask for emergency access" in page
    assert MARK not in browser.get("/people.json", params={"q": invented_resident(2)}).text


def test_masked_for_quality_control(world: World, browser: TestClient) -> None:
    enter(world, QUALITY)
    found = twin(browser, "/people.json", q="张三")
    assert found["blind"]
    assert found["people"]["total"] == 0
    assert "masked for you" in browser.get("/people", params={"q": "张三"}, headers=PAGE).text


def test_overview_tells_what_and_from_whom(world: World, browser: TestClient) -> None:
    enter(world, WANG)
    found = twin(browser, "/people/p1.json")
    assert found["title"] == "张三"
    parts = {one["id"]: one for one in found["parts"]}
    assert [one["title"] for one in parts["problems"]["entries"]] == ["I10"]
    assert parts["results"]["entries"][0]["value"] == "5.1 mmol/L"
    assert parts["allergies"]["entries"] == []
    page = browser.get("/people/p1", headers=PAGE).text
    assert "that isn&#39;t the same as none" in page
    assert MARK not in page, "what is sensitive stays out"


def test_timeline_filters_and_pages(world: World, browser: TestClient) -> None:
    enter(world, WANG)
    rows = twin(browser, "/people/p1/timeline.json", kind="result", **{"from": "2026-02-01"})["timeline"]
    assert [one["value"] for one in rows["rows"]] == ["5.1 mmol/L", "7.0 mmol/L"]
    assert rows["rows"][1]["flag"] == "↑ high"
    assert browser.get("/people/p1/timeline", params={"from": "soon"}, headers=PAGE).status_code == 400
    lines = browser.get("/people/p1/timeline.csv", params={"kind": "result"}).text.splitlines()
    assert len(lines) == 1 + twin(browser, "/people/p1/timeline.json", kind="result")["timeline"]["total"]


def test_results_as_a_chart_with_its_reference_band(world: World, browser: TestClient) -> None:
    enter(world, WANG)
    found = twin(browser, "/people/p1/results.json")
    (chart,) = found["charts"]
    (line,) = chart["options"]["series"]
    assert [value for _, value in line["data"]] == [4.4, 7.0, 5.1]
    assert line["data"][0][0] == "2026-01-02T08:00"
    assert line["markArea"]["data"] == [[{"yAxis": 3.9}, {"yAxis": 6.1}]]
    assert [row[1] for row in chart["table"][1:]] == ["5.1 mmol/L", "7.0 mmol/L", "4.4 mmol/L"]
    (series,) = found["series"]["rows"]
    assert twin(browser, series["href"].replace("/results?", "/results.json?"))["charts"] == [chart]


def test_who_read_it(world: World, browser: TestClient) -> None:
    enter(world, WANG)
    assert browser.get("/people/p1", headers=PAGE).status_code == 200
    enter(world, LI)
    read = twin(browser, "/people/p1/access.json")["readers"]["rows"]
    assert "Wang (user:wang)" in {one["who"] for one in read}
    assert browser.get("/people/p1/access", params={"before": "yesterday"}).status_code == 400


def test_break_the_glass(world: World, browser: TestClient) -> None:
    enter(world, ZHAO)
    shut = browser.get("/people/p1", headers=PAGE)
    assert shut.status_code == 404
    assert '"/people/p1/emergency"' in shut.text
    form = browser.get("/people/p1/emergency", headers=PAGE).text
    token = re.search(r'name="csrf" value="([0-9a-f]+)"', form)
    assert token is not None
    data = {"csrf": token[1], "reason": "unconscious", "words": "Found unconscious in the street"}
    headers = PAGE | {"Content-Type": "application/x-www-form-urlencoded", "Origin": "http://localhost"}
    few = browser.post("/people/p1/emergency", data=data | {"words": "now"}, headers=headers)
    assert few.status_code == 422
    done = browser.post("/people/p1/emergency", data=data, headers=headers)
    assert (done.status_code, done.headers["location"]) == (303, "/people/p1")
    opened = browser.get("/people/p1", headers=PAGE)
    assert opened.status_code == 200
    assert "Emergency access: everything you look at" in opened.text
    enter(world, LI)
    reasons = [one["reason"] for one in twin(browser, "/people/p1/access.json")["readers"]["rows"]]
    assert any("Found unconscious" in one for one in reasons if one)


def test_what_was_typed_is_read() -> None:
    assert sought("").searches == []
    assert sought("zhang san").searches == [[("name:pinyin", "zhangsan")]]
    assert sought("张三 19490703").searches == [[("name", "张三"), ("birthdate", "1949-07-03")]]
    assert sought("13800000000").searches == [[("identifier", "13800000000")], [("phone", "13800000000")]]
    assert sought("36012119490703001x").searches == [[("identifier", "36012119490703001X")]]
    assert sought("AB-12").searches == [[("identifier", "AB-12")]]


def test_age_and_range() -> None:
    from datetime import date

    assert age("1949-07-03", date(2026, 7, 2)) == 76
    assert age("1949-07-03", date(2026, 7, 3)) == 77
    assert age("1949", date(2026, 7, 3)) is None
    assert [range_of(one) for one in ({"low": 1, "high": 2}, {"low": 1}, {"high": 2}, {})] == [
        "1 – 2",
        "≥ 1",
        "≤ 2",
        None,
    ]
