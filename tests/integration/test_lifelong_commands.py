"""`xinglin person` beside identity and data quality as they are: golden Patients, coverage."""

import json
from datetime import date
from typing import Any

import pytest
from starlette.testclient import TestClient
from tests.integration.test_lifelong import ask, diagnosis, institutions, put, result, summary_of, visit
from tests.support import run
from typer.testing import CliRunner

from xinglin.commandline import person as commandline
from xinglin.core.settings import Settings
from xinglin.hub.hub import Hub
from xinglin.hub.identity.follow import follow
from xinglin.hub.quality import evaluate
from xinglin.standards.identifiers import invented_resident

Json = dict[str, Any]
IDENTITY = "urn:oid:2.16.156.10011.1.3"
NUMBER, OTHER = (invented_resident(n, sex="male", born=date(1949, 7, 3)) for n in (7, 8))


def patient(id_: str, source: str, name: str, number: str = "", **other: Any) -> Json:
    """Make a Patient that a source sent."""
    meta = {"source": f"urn:xinglin:source:{source}:7#1"}
    numbers = [{"system": IDENTITY, "value": number}] if number else []
    told: Json = {"name": [{"text": name}], "gender": "male", "birthDate": "1949-07-03"}
    head: Json = {"resourceType": "Patient", "id": id_, "meta": meta}
    return head | ({"identifier": numbers} if numbers else {}) | told | other


async def fill(hub: Hub) -> None:
    """Put in a person whom two institutions know by one number, and somebody else; match and judge."""
    await institutions(hub, "his", "town")
    await put(
        hub,
        patient("a", "his", "王建国", NUMBER),
        patient("b", "town", "王建国", NUMBER),
        patient("c", "town", "李小明"),
    )
    await put(
        hub,
        visit("e1", "a", "his", "2026-03-01T09:00:00+08:00"),
        diagnosis("d1", "b", "town", "I10", "2026-03-02"),
        result("r1", "b", "town", 5.0, "mmol/L", "2026-03-02T08:00:00+08:00"),
        result("r2", "c", "town", 9.0, "mmol/L", "2026-03-02T08:00:00+08:00"),
    )
    await follow(hub, most=1_000)
    while not (await evaluate(hub, most=1_000)).finished:
        pass


@pytest.fixture
def known(settings: Settings, monkeypatch: pytest.MonkeyPatch) -> Settings:
    """A hub with the person in it, for commands."""
    run(settings, fill)
    monkeypatch.setenv("XINGLIN_DATABASE_URL", settings.database_url)
    monkeypatch.setenv("XINGLIN_HOME", settings.home)
    return settings


def told(*arguments: str) -> str:
    """Run a command and give what it printed."""
    done = CliRunner().invoke(commandline.cli, list(arguments))
    assert done.exit_code == 0, done.output
    return done.stdout


def test_the_golden_patient_stands_for_the_person(known: Settings, client: TestClient) -> None:
    found = ask(client, "/person/b/timeline")
    assert sorted(found["patients"]) == ["Patient/a", "Patient/b"]
    golden = found["person"].partition("/")[2]
    assert golden not in ("a", "b")
    assert ask(client, f"/person/{golden}/timeline") == found
    assert summary_of(client, "a")["entry"][1]["resource"]["id"] == golden
    assert ask(client, "/person/c/timeline")["total"] == 1


def test_a_replaced_patient_gives_its_heir_and_a_circle_ends(settings: Settings, client: TestClient) -> None:
    async def work(hub: Hub) -> None:
        await put(
            hub,
            *(
                patient(
                    one,
                    "",
                    "王建国",
                    link=[{"other": {"reference": f"Patient/{heir}"}, "type": "replaced-by"}],
                )
                for one, heir in (("old", "new"), ("x", "y"), ("y", "x"))
            ),
            patient("new", "", "王建国"),
            result("r1", "new", "", 5.0, "mmol/L", "2026-03-02"),
        )

    run(settings, work)
    assert ask(client, "/person/old/timeline")["total"] == 1
    assert ask(client, "/person/x/timeline")["total"] == 0


def test_coverage_counts_each_institution(known: Settings, client: TestClient) -> None:
    found = ask(client, "/person/coverage")
    figures = {one["institution"]: one for one in found["institutions"]}
    assert set(figures) == {"CODE-his", "CODE-town"}
    town = figures["CODE-town"]
    assert (town["name"], town["patients"], town["matched"], town["linked"]) == ("Hospital town", 2, 2, 1)
    assert (town["waiting"], town["conflicting"], town["real_name_rate"]) == (0, 0, 50)
    assert found["total"]["patients"] == 3
    assert found["total"]["real_name_rate"] == 66.67


def test_coverage_tells_who_waits_and_who_conflicts(known: Settings, client: TestClient) -> None:
    async def work(hub: Hub) -> None:
        async with hub.database.connection() as connection:
            await connection.execute(
                "INSERT INTO person_pair (first, second, state, verdict, rule, evidence)"
                " VALUES ('a', 'c', 'review', 'review', 'some-rule', '{}') ON CONFLICT (first, second)"
                " DO UPDATE SET state = 'review', rule = 'some-rule'"
            )

    run(known, work)
    total = ask(client, "/person/coverage")["total"]
    assert (total["waiting"], total["conflicting"]) == (2, 2)


def test_commands_print_lines_for_other_programs(known: Settings) -> None:
    lines = [line.split("\t") for line in told("timeline", "a").splitlines()]
    assert [line[0] for line in lines] == ["2026-03-02 08:00", "2026-03-02", "2026-03-01 09:00"]
    assert lines[0][2:] == ["葡萄糖", "5.0 mmol/L", "Hospital town", "Hospital town"]
    (line,) = told("series", "a", "--code", "14749-6").splitlines()
    assert line.split("\t") == ["葡萄糖", "2026-03-02 08:00", "5.0", "mmol/L", "", "Hospital town"]
    assert told("timeline", "a", "--kind", "visit", "--from", "2027").strip() == ""
    coverage = [line.split("\t") for line in told("coverage").splitlines()]
    assert coverage[-1][2:] == ["3", "3", "2", "0", "0", "66.67"]


def test_commands_print_json(known: Settings, client: TestClient) -> None:
    assert json.loads(told("timeline", "a", "--format", "json")) == ask(client, "/person/a/timeline")
    assert json.loads(told("series", "a", "--format", "json")) == ask(client, "/person/a/series")
    assert json.loads(told("coverage", "--format", "json")) == ask(client, "/person/coverage")


def test_a_person_on_one_screen(known: Settings) -> None:
    shown = told("show", "a")
    for words in ("王建国", "1949-07-03", "Disease I10", "葡萄糖", "5.0 mmol/L", "Hospital town 2"):
        assert words in shown
    assert "9.0" not in shown
    assert len(shown.splitlines()) < 25
