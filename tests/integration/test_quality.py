"""Data quality on a real database: exact under updates, deletions, restarts and changed rules."""

import os
import random
import subprocess
import sys
import zipfile
from collections.abc import Sequence
from datetime import date, timedelta
from pathlib import Path
from typing import Any

import pytest
from lxml import etree
from python_calamine import CalamineWorkbook
from starlette.testclient import TestClient
from tests.support import run

from xinglin.core.clock import instant, now
from xinglin.core.settings import Settings
from xinglin.hub.changes import Change, Delete, Update
from xinglin.hub.hub import Hub
from xinglin.hub.quality import Evaluator, commands, evaluate, in_force, ruleset, score, tables
from xinglin.hub.quality.errors import WrongReport
from xinglin.hub.records import Key
from xinglin.standards.identifiers import SCHEMES, Kind, invented_resident

Json = dict[str, Any]
COUNTY, TOWN = (SCHEMES[Kind.CREDIT_CODE].invented(n) for n in (1, 2))
NUMBER = invented_resident(7, sex="female", born=date(1949, 7, 3))
WRONG = NUMBER[:-1] + ("0" if NUMBER[-1] != "0" else "1")
IDENTITY = "urn:oid:2.16.156.10011.1.3"
ICD10 = "http://hl7.org/fhir/sid/icd-10"
RULES = ruleset.build({})

_COUNTS = """
SELECT i.code, c.day, q.id, c.tested, c.failed FROM quality_count c
JOIN quality_institution i ON i.number = c.institution JOIN quality_rule q ON q.number = c.rule
ORDER BY 1, 2, 3
"""
_FINDINGS = """
SELECT q.id, i.code, f.day, t.name, f.id FROM quality_finding f
JOIN quality_institution i ON i.number = f.institution JOIN quality_rule q ON q.number = f.rule
JOIN resource_type t ON t.code = f.type ORDER BY 1, 2, 3, 4, 5
"""


async def sources(hub: Hub) -> None:
    """Register two sources."""
    async with hub.database.connection() as connection:
        for name, code in (("his", COUNTY), ("town", TOWN)):
            await connection.execute(
                "INSERT INTO source (id, institution, institution_name, system, namespace, formats, ids,"
                " validation, contact, declared)"
                " VALUES (%s, %s, %s, 'HIS', %s, '{}', 'own', 'none', '', '{}')",
                [name, code, f"医院{name}", name],
            )


async def put(hub: Hub, *contents: Json) -> None:
    """Store records."""
    changes: list[Change] = [
        Update(c["resourceType"], key=Key(c["resourceType"], c["id"]), content=c) for c in contents
    ]
    await hub.change_all(changes)


async def delete(hub: Hub, kind: str, id_: str) -> None:
    await hub.change(Delete(kind, key=Key(kind, id_)))


EXAMPLE = Path(__file__).parents[2] / "docs" / "examples" / "quality-rules.csv"


async def judge(hub: Hub, rules: ruleset.RuleSet = RULES, most: int = 1_000) -> None:
    """Judge until nothing is left to do, as a new process does."""
    while not (await Evaluator(hub, rules, "Asia/Shanghai").step(most=most)).finished:
        pass


async def rows(hub: Hub, query: Any) -> list[tuple[object, ...]]:
    async with hub.database.connection() as connection:
        return list(await (await connection.execute(query)).fetchall())


async def count(hub: Hub, rule: str) -> tuple[int, int]:
    """Give how many records a rule tested and how many failed."""
    found = [row for row in await rows(hub, _COUNTS) if row[2] == rule]
    return sum(int(str(row[3])) for row in found), sum(int(str(row[4])) for row in found)


async def from_scratch(hub: Hub) -> None:
    """Forget every result."""
    async with hub.database.connection() as connection:
        await connection.execute(
            "TRUNCATE quality_record, quality_finding, quality_count, quality_window, quality_missing,"
            " quality_outcome"
        )
        await connection.execute("UPDATE quality_progress SET place = -1, done = 0")


def stamp(source: str) -> Json:
    return {"meta": {"source": f"urn:xinglin:source:{source}:7#3"}} if source else {}


def patient(id_: str = "p", *, source: str = "his", sex: str = "female", **more: object) -> Json:
    return {
        "resourceType": "Patient",
        "id": id_,
        **stamp(source),
        "name": [{"text": "王芳"}],
        "gender": sex,
        "birthDate": "1949-07-03",
        "identifier": [{"system": IDENTITY, "value": NUMBER}],
        **more,
    }


def visit(
    id_: str = "v", *, of: str = "p", source: str = "his", start: str = "2026-03-01T08:00:00+08:00"
) -> Json:
    return {
        "resourceType": "Encounter",
        "id": id_,
        **stamp(source),
        "status": "finished",
        "class": {"system": "http://terminology.hl7.org/CodeSystem/v3-ActCode", "code": "AMB"},
        "subject": {"reference": f"Patient/{of}"},
        "period": {"start": start, "end": start},
    }


def diagnosis(code: str, id_: str = "c", *, of: str = "p", source: str = "his") -> Json:
    return {
        "resourceType": "Condition",
        "id": id_,
        **stamp(source),
        "subject": {"reference": f"Patient/{of}"},
        "code": {"coding": [{"system": ICD10, "code": code}]},
        "recordedDate": "2026-03-01T08:30:00+08:00",
    }


def result(id_: str, *, value: int = 5, of: str = "p") -> Json:
    return {
        "resourceType": "Observation",
        "id": id_,
        **stamp("his"),
        "status": "final",
        "category": [{"coding": [{"code": "laboratory"}]}],
        "code": {"coding": [{"system": "http://loinc.org", "code": "2345-7"}]},
        "subject": {"reference": f"Patient/{of}"},
        "effectiveDateTime": "2026-03-01T08:30:00+08:00",
        "valueQuantity": {"value": value, "unit": "mmol/L"},
    }


def test_counts_are_exact_under_updates_deletions_and_restarts(settings: Settings) -> None:
    """Judging in small steps while data change gives what judging the end state from scratch gives."""

    def anything(dice: random.Random) -> Json:
        number = dice.randrange(12)
        source = dice.choice(["his", "town", "", "gone"])
        of = f"p{dice.randrange(6)}"
        start = f"2026-0{dice.randrange(1, 4)}-01T0{dice.randrange(3)}:00:00+08:00"
        made: Sequence[Json] = (
            patient(f"p{number % 6}", source=source, sex=dice.choice(["male", "female"])),
            patient(f"p{number % 6}", source=source, identifier=[], birthDate="1990"),
            visit(f"v{number}", of=of, source=source, start=start),
            diagnosis(dice.choice(["O80.0", "I10.x00", "bad"]), f"c{number}", of=of, source=source),
            result(f"o{number}", value=dice.randrange(2), of=of),
            {
                "resourceType": "DiagnosticReport",
                "id": f"r{number}",
                **stamp(source),
                "status": "final",
                "code": {"text": "血常规"},
                "encounter": {"reference": f"Encounter/v{dice.randrange(12)}"},
            },
        )
        return dice.choice(made)

    async def story(hub: Hub) -> None:
        await sources(hub)
        dice = random.Random(7)
        for _ in range(60):
            for _ in range(dice.randrange(1, 6)):
                content = anything(dice)
                if dice.random() < 0.2:
                    await delete(hub, content["resourceType"], content["id"])
                else:
                    await put(hub, content)
            # A new evaluator each time: what it knows is in the database alone.
            await Evaluator(hub, RULES, "Asia/Shanghai").step(most=dice.randrange(1, 12))
        await judge(hub, most=5)
        counts, findings = await rows(hub, _COUNTS), await rows(hub, _FINDINGS)
        assert len(counts) > 100
        assert len(findings) > 50
        await from_scratch(hub)
        await judge(hub)
        assert await rows(hub, _COUNTS) == counts
        assert await rows(hub, _FINDINGS) == findings

    run(settings, story)


def test_a_new_version_takes_the_old_ones_place_and_a_deletion_removes_it(settings: Settings) -> None:
    async def story(hub: Hub) -> None:
        await sources(hub)
        await put(hub, patient(name=[]))
        await judge(hub)
        assert await count(hub, "patient-name") == (1, 1)
        await put(hub, patient())
        await judge(hub)
        assert await count(hub, "patient-name") == (1, 0)
        assert await rows(hub, _FINDINGS) == [
            row for row in await rows(hub, _FINDINGS) if row[0] != "patient-name"
        ]
        await delete(hub, "Patient", "p")
        await judge(hub)
        assert await rows(hub, _COUNTS) == []
        assert await rows(hub, _FINDINGS) == []

    run(settings, story)


def test_records_are_counted_by_institution_and_day_of_the_event(settings: Settings) -> None:
    async def story(hub: Hub) -> None:
        await sources(hub)
        # 23:30 in UTC on the last of February is the first of March in China.
        await put(
            hub, visit("a", start="2026-02-28T23:30:00Z"), visit("b", source="town"), visit("c", source="")
        )
        await judge(hub)
        found = {(row[0], row[1]) for row in await rows(hub, _COUNTS) if row[2] == "visit-class"}
        assert found == {(code, date(2026, 3, 1)) for code in (COUNTY, TOWN, "unknown")}

    run(settings, story)


def test_real_name_rate_follows_the_patient(settings: Settings) -> None:
    """A patient who comes later, gets a number, or goes, changes the visits' results."""

    async def story(hub: Hub) -> None:
        await sources(hub)
        await put(hub, visit())
        await judge(hub)
        assert await count(hub, "visit-real-name") == (1, 1)
        assert await count(hub, "visit-patient-known") == (1, 1)
        await put(hub, patient())
        await judge(hub)
        assert await count(hub, "visit-real-name") == (1, 0)
        assert await count(hub, "visit-patient-known") == (1, 0)
        await put(hub, patient(identifier=[{"system": IDENTITY, "value": WRONG}]))
        await judge(hub)
        assert await count(hub, "visit-real-name") == (1, 1)
        await delete(hub, "Patient", "p")
        await judge(hub)
        assert await count(hub, "visit-patient-known") == (1, 1)

    run(settings, story)


def test_a_link_counts_once_its_target_has_come(settings: Settings) -> None:
    report = {
        "resourceType": "DiagnosticReport",
        "id": "r",
        **stamp("his"),
        "status": "final",
        "code": {"text": "血常规"},
        "encounter": {"reference": "Encounter/v"},
        "basedOn": [{"reference": "ServiceRequest/s"}],
    }

    async def story(hub: Hub) -> None:
        await sources(hub)
        await put(hub, report)
        await judge(hub)
        assert await count(hub, "report-visit-known") == (1, 1)
        await put(hub, visit())
        await judge(hub)
        assert await count(hub, "report-visit-known") == (1, 0)
        assert await count(hub, "report-order-known") == (1, 1)

    run(settings, story)


@pytest.mark.parametrize(
    ("rule", "fails", "records"),
    [
        ("diagnosis-sex", True, [patient(sex="male"), diagnosis("O80.0")]),
        ("diagnosis-sex", False, [patient(sex="female"), diagnosis("O80.0")]),
        ("diagnosis-age", True, [patient(sex="female"), diagnosis("O80.0")]),
        ("diagnosis-age", False, [patient(birthDate="1996-07-03"), diagnosis("O80.0")]),
        ("lab-duplicate", True, [result("a"), result("b")]),
        ("lab-duplicate", False, [result("a"), result("b", value=6)]),
    ],
)
def test_rules_over_several_records(settings: Settings, rule: str, fails: bool, records: list[Json]) -> None:
    async def story(hub: Hub) -> None:
        await sources(hub)
        await put(hub, *records)
        await judge(hub)
        tested, failed = await count(hub, rule)
        assert tested
        assert (failed > 0) is fails

    run(settings, story)


@pytest.mark.parametrize(("heart_rate", "fails"), [(72, 0), (500, 1), (260, 1)])
def test_vital_signs_are_compared_with_the_age_of_the_patient(
    settings: Settings, heart_rate: int, fails: int
) -> None:
    vital = {
        **result("o"),
        "category": [{"coding": [{"code": "vital-signs"}]}],
        "code": {"coding": [{"system": "http://loinc.org", "code": "8867-4"}]},
        "valueQuantity": {
            "value": heart_rate,
            "unit": "/min",
            "system": "http://unitsofmeasure.org",
            "code": "/min",
        },
    }

    async def story(hub: Hub) -> None:
        await put(hub, patient(), vital)
        await judge(hub)
        assert await count(hub, "vital-plausible") == (1, fails)

    run(settings, story)


def test_lateness_is_that_of_the_first_receipt(settings: Settings) -> None:
    """A correction that comes later doesn't make a timely record late, nor a late one timely."""

    async def story(hub: Hub) -> None:
        fresh = instant(now() - timedelta(hours=1))
        await put(hub, visit("a", start=fresh), visit("b", start=instant(now() - timedelta(hours=50))))
        async with hub.database.connection() as connection:
            await connection.execute(
                "UPDATE resource SET updated = updated - interval '40 hours' WHERE id = 'b'"
            )
        await put(hub, visit("b", start=instant(now() - timedelta(hours=50))) | {"language": "zh"})
        # Admitted and sent before it ended: neither late nor in the future.
        await put(hub, visit("c", start=fresh) | {"status": "in-progress", "period": {"start": fresh}})
        async with hub.database.connection() as connection:
            await connection.execute(
                "UPDATE resource SET updated = updated - interval '9 hours' WHERE id = 'c'"
            )
        await put(hub, visit("c", start=fresh))
        await judge(hub)
        assert await count(hub, "visit-timely") == (3, 0)
        assert await count(hub, "visit-future") == (3, 0)

    run(settings, story)


def site(text: str) -> ruleset.RuleSet:
    header = ",".join(tables.SHAPES[tables.RULES].columns)
    return ruleset.build({tables.RULES: tables.read("own.csv", f"{header}\n{text}\n")})


def test_changed_rules_judge_everything_again(settings: Settings) -> None:
    own = site(
        "visit-type,就诊有类型,A visit has a type,completeness,minor,Encounter,fhirpath,,type.exists(),"
        "全部,all,,own,1,inferred\n"
        "visit-class,关,off,completeness,off,Encounter,fhirpath,,true,全部,all,,own,1,inferred\n"
        "visit-real-name,关,off,completeness,off,Encounter,fhirpath,,true,全部,all,,own,1,inferred"
    )

    async def story(hub: Hub) -> None:
        await put(hub, visit("a"), visit("b"))
        await judge(hub)
        assert await count(hub, "visit-class") == (2, 0)
        await judge(hub, own)
        assert await count(hub, "visit-type") == (2, 2)
        assert await count(hub, "visit-class") == (0, 0)
        assert await count(hub, "visit-real-name") == (0, 0)
        assert await count(hub, "visit-start") == (2, 0)

    run(settings, story)


def test_a_query_that_breaks_or_writes_counts_nothing(settings: Settings) -> None:
    row = 'own-{n},名,name,completeness,minor,Encounter,sql,,"{sql}",全部,all,,own,1,inferred'
    window = "r.institution = %(institution)s AND r.day = %(day)s"
    own = site(
        row.format(n=1, sql=f"SELECT id, nothing AS fails FROM quality_record r WHERE {window}")
        + "\n"
        + row.format(
            n=2,
            sql="WITH gone AS (DELETE FROM quality_record RETURNING id) "
            f"SELECT r.id, true AS fails FROM quality_record r WHERE {window}",
        )
    )

    async def story(hub: Hub) -> None:
        await put(hub, visit())
        await judge(hub, own)
        assert await count(hub, "own-1") == (0, 0)
        assert await count(hub, "own-2") == (0, 0)
        assert await count(hub, "visit-real-name") == (1, 1)
        assert len(await rows(hub, "SELECT * FROM quality_record")) == 1

    run(settings, story)


def test_scores_and_the_way_down_to_the_records(settings: Settings) -> None:
    async def story(hub: Hub) -> None:
        await sources(hub)
        await put(hub, patient(), *(visit(f"v{n}") for n in range(5)), visit("t", source="town", of="x"))
        await judge(hub)
        period = score.Period(date(2026, 3, 1), date(2026, 3, 1))
        async with hub.database.connection() as connection:
            found = await score.scores(connection, RULES, period)
            assert [(one.institution, one.name) for one in found.cards] == [
                (TOWN, "医院town"),
                (COUNTY, "医院his"),
            ]
            worst, best = found.cards
            assert worst.card.overall is not None
            assert best.card.overall is not None
            assert worst.card.overall < best.card.overall
            assert best.card.indicators["real-name"] == 100
            assert worst.card.indicators["real-name"] == 0
            assert found.current
            only = await score.scores(connection, RULES, period, TOWN)
            assert [one.institution for one in only.cards] == [TOWN]
            first = await score.failing(connection, RULES, "visit-number", COUNTY, period, most=3)
            after = (first[-1].day, first[-1].key.id)
            rest = await score.failing(connection, RULES, "visit-number", COUNTY, period, after=after, most=3)
            assert [str(one.key) for one in first + rest] == [f"Encounter/v{n}" for n in range(5)]

    run(settings, story)


def test_two_processes_do_not_judge_at_once(settings: Settings) -> None:
    async def story(hub: Hub) -> None:
        await put(hub, visit())
        async with hub.database.connection() as connection, connection.transaction():
            await connection.execute("SELECT 1 FROM quality_progress FOR UPDATE")
            progress = await Evaluator(hub, RULES, "Asia/Shanghai").step(most=10)
            assert progress.busy
            assert not progress.finished

    run(settings, story)


def test_site_rules_are_read_from_the_hubs_folder(tmp_path: Path) -> None:
    header = ",".join(tables.SHAPES["parameters.csv"].columns)
    (tmp_path / "parameters.csv").write_text(f"{header}\nupload_hours,48,时限,limit,our order,2026,read\n")
    assert "%lag_hours <= 48" in in_force(tmp_path).rules["visit-timely"].test
    assert in_force(tmp_path).fingerprint != in_force(tmp_path / "none").fingerprint


def test_the_api_tells_rules_scores_and_records(settings: Settings, client: TestClient) -> None:
    for n in range(5):
        client.put(f"/fhir/Encounter/v{n}", json={k: v for k, v in visit(f"v{n}").items() if k != "meta"})
    run(settings, judge)
    days = {"from": "2026-03-01", "to": "2026-03-01"}
    rules = client.get("/quality/rules", headers={"Accept-Language": "zh"}).json()
    assert (
        next(one["name"] for one in rules if one["id"] == "visit-class") == "就诊有类别（门诊、急诊、住院）"
    )
    scores = client.get("/quality/scores", params=days).json()
    assert [one["institution"] for one in scores["institutions"]] == ["unknown"]
    assert scores["institutions"][0]["indicators"]["real-name"] == 0
    asked = {"rule": "visit-number", "institution": "unknown", "most": "3", **days}
    page = client.get("/quality/records", params=asked).json()
    rest = client.get("/quality/records", params=asked | {"after": page["next"]}).json()
    assert [one["record"] for one in page["records"] + rest["records"]] == [
        f"Encounter/v{n}" for n in range(5)
    ]
    assert rest["next"] is None


@pytest.mark.parametrize(
    ("asked", "code"),
    [
        ("rule=none&institution=x", "XL7602"),
        ("institution=x", "XL3070"),
        ("rule=visit-number&institution=x&from=2026-02-30", "XL7603"),
        ("rule=visit-number&institution=x&from=2026-03-02&to=2026-03-01", "XL7603"),
        ("rule=visit-number&institution=x&after=x", "XL3070"),
        ("rule=visit-number&institution=x&most=0", "XL3070"),
    ],
)
def test_a_wrong_question_gets_a_reason(client: TestClient, asked: str, code: str) -> None:
    answer = client.get(f"/quality/records?{asked}")
    assert answer.status_code in {400, 404}
    assert answer.json()["issue"][0]["details"]["coding"][0]["code"] == code


def test_the_report_is_written_in_both_languages_and_as_a_workbook(
    settings: Settings, tmp_path: Path
) -> None:
    """Texts of institutions come from outside: they are neither markup nor formulas."""

    async def story(hub: Hub) -> None:
        await sources(hub)
        async with hub.database.connection() as connection:
            await connection.execute("UPDATE source SET institution_name = '=1+1<b>' WHERE id = 'his'")
        await put(hub, patient(name=[]), visit(), diagnosis("O80.0"), result("o"))
        await judge(hub)

    run(settings, story)
    wanted = score.period("Asia/Shanghai", "2026-01-01", None)
    written = commands.report(settings, wanted, tmp_path / "out", form=None, language="zh")
    assert [path.name for path in written] == ["quality.zh.html", "quality.en.html", "quality.xlsx"]
    page = written[0].read_text(encoding="utf-8")
    assert "数据质量报告" in page
    assert "=1+1&lt;b&gt;" in page
    assert "<script" not in page
    assert "http://" not in page.replace("http-equiv", "")
    assert "王芳" not in page
    assert "Data quality report" in written[1].read_text(encoding="utf-8")
    etree.parse(str(written[0]), etree.HTMLParser(recover=False))
    sheets = CalamineWorkbook.from_path(str(written[2]))
    assert len(sheets.sheet_names) == 4
    assert "=1+1<b>" in [row[0] for row in sheets.get_sheet_by_index(1).to_python()]
    with zipfile.ZipFile(written[2]) as book:
        assert not [n for n in book.namelist() if "sheet" in n and b"<f>" in book.read(n)]
    ids = {row[2] for row in sheets.get_sheet_by_index(3).to_python()[1:]}
    assert ids <= {"Patient/p", "Encounter/v", "Condition/c", "Observation/o"}
    with pytest.raises(WrongReport):
        commands.report(settings, wanted, tmp_path / "report.pdf", form=None, language="zh")


def test_the_command_judges_until_nothing_is_left(settings: Settings) -> None:
    async def story(hub: Hub) -> None:
        await put(hub, *(visit(f"v{n}") for n in range(7)))

    run(settings, story)
    told: list[int] = []
    done = commands.run(settings, progress=told.append)
    assert (done.records, sum(told)) == (7, 7)
    assert commands.run(settings).records == 0
    wanted = score.period("Asia/Shanghai", "2026-03-01", "2026-03-01")
    assert len(commands.failing(settings, "visit-number", "unknown", wanted, most=5)) == 5


def test_background_work_judges_in_steps(settings: Settings) -> None:
    async def story(hub: Hub) -> None:
        await put(hub, *(visit(f"v{n}") for n in range(7)))
        made = await evaluate(hub, most=3)
        assert (made.records, made.finished) == (3, False)
        assert (await evaluate(hub, most=100)).finished
        assert await count(hub, "visit-class") == (7, 0)

    run(settings, story)


def test_the_example_of_the_documentation_works(settings: Settings) -> None:
    async def story(hub: Hub) -> None:
        start = [f"2026-03-01T{hour:02d}:00:00+08:00" for hour in range(8, 14)]
        await put(
            hub, patient(address=[{"text": "桃花村"}]), *(visit(f"v{n}", start=start[n]) for n in range(6))
        )
        await judge(hub, ruleset.check(EXAMPLE))
        assert await count(hub, "visit-department") == (6, 6)
        assert await count(hub, "visit-several-a-day") == (6, 6)
        assert await count(hub, "patient-address-division") == (0, 0)
        assert await count(hub, "patient-address") == (1, 0)

    run(settings, story)


def test_judging_for_years_uses_no_numbers_up(settings: Settings) -> None:
    """A step that meets nothing new takes no number of a sequence, so any number of steps goes on."""

    async def story(hub: Hub) -> None:
        await sources(hub)
        await put(hub, visit("v1"))
        await judge(hub)
        await spend(hub, "quality_rule", "quality_outcome", "quality_institution")
        await put(hub, visit("v2"))
        await judge(hub)
        assert await count(hub, "visit-class") == (2, 0)

    run(settings, story)


def test_the_command_ends_with_an_error_where_judging_fails(settings: Settings) -> None:
    async def story(hub: Hub) -> None:
        await put(hub, visit("v1"))
        await spend(hub, "quality_rule")

    run(settings, story)
    own = {"XINGLIN_DATABASE_URL": settings.database_url, "XINGLIN_HOME": settings.home, "LANG": "C.UTF-8"}
    environment = dict(os.environ) | own
    command = [sys.executable, "-m", "xinglin", "quality", "run"]
    done = subprocess.run(command, env=environment, capture_output=True, check=False)
    assert done.returncode == 70, done.stderr.decode()[-2_000:]
    assert b"XL0001" in done.stderr


async def spend(hub: Hub, *tables: str) -> None:
    """Leave the identities of tables no further number."""
    query = (
        "SELECT setval(s.name::regclass, (SELECT seqmax FROM pg_sequence WHERE seqrelid = s.name::regclass)) "
        "FROM pg_get_serial_sequence(%s, 'number') AS s (name)"
    )
    async with hub.database.connection() as connection:
        for table in tables:
            await connection.execute(query, [table])
