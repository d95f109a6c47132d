"""Breaking the glass, from the reason to the review; contracts; and their commands."""

import json
from datetime import timedelta
from pathlib import Path

import msgspec
import pytest
from tests.support import run
from typer.testing import CliRunner

from xinglin.core.clock import now
from xinglin.hub.changes import Update
from xinglin.hub.records import Key, Unknown
from xinglin.standards.validation import validator
from xinglin.trust.log.entry import decode
from xinglin.trust.log.log import Log
from xinglin.trust.policy import contracts, emergency, grants
from xinglin.trust.policy.decisions import Policies
from xinglin.trust.policy.errors import MayNotAsk, NoReview, ReasonTooShort, UnknownGrant, WrongGrant
from xinglin.trust.policy.relations import related
from xinglin.trust.who import Who

POLICIES = Policies()
WANG = Who("user:wang", "user", name="王医生", roles=frozenset({"clinician"}))
GUARD = Who("user:guard", "user", roles=frozenset({"security-administrator"}))
WORDS = "患者昏迷，需要了解用药"


@pytest.fixture
def home(tmp_path: Path) -> Path:
    """A home of its own: in the shared one stand policies of other tests."""
    return tmp_path


def with_patient(settings, work):
    async def prepared(hub):
        record = {"resourceType": "Patient", "id": "p1"}
        await hub.change_all([Update("Patient", Key("Patient", "p1"), content=record)])
        return await work(hub, Log(hub.database))

    return run(settings, prepared)


async def ask(hub, log, who=WANG, patient="p1", reason="unconscious", words=WORDS):
    return await emergency.ask(hub, log, POLICIES, who, patient, reason=reason, words=words)


async def entries(hub):
    async with hub.database.connection() as connection:
        rows = await (await connection.execute("SELECT body FROM audit_entry ORDER BY number")).fetchall()
    return [decode(bytes(body)) for (body,) in rows]


async def kinds(hub, who=WANG):
    async with hub.database.connection() as connection:
        return await related(hub, connection, who, ["p1"], POLICIES.tables)


def test_the_glass_is_broken_reviewed_and_closed(settings):
    async def work(hub, log):
        assert await kinds(hub) == set()
        grant = await ask(hub, log)
        assert await kinds(hub) == {"emergency"}
        assert timedelta(hours=3.9) < grant.until - now() <= timedelta(hours=4)
        async with hub.database.connection() as connection:
            assert [one.id for one in await grants.listed(connection, kind="emergency", waiting=True)] == [
                grant.id
            ]
        done = await emergency.review(hub, log, GUARD, grant.id, outcome="unjustified", why="没有急症")
        assert done.outcome == "unjustified"
        assert done.ended_by == GUARD.id
        assert await kinds(hub) == set()
        async with hub.database.connection() as connection:
            assert await grants.listed(connection, kind="emergency", waiting=True) == []
        return await entries(hub)

    asked, reviewed = with_patient(settings, work)
    assert (asked.action, asked.outcome, asked.purpose) == ("emergency.ask", "allowed", "BTG")
    assert asked.patients == ("p1",)
    assert asked.rules == ("emergency.ask",)
    assert asked.detail["words"] == WORDS
    assert reviewed.action == "emergency.review"
    assert reviewed.patients == ("p1",)


def test_a_justified_grant_runs_to_its_end(settings):
    async def work(hub, log):
        grant = await ask(hub, log)
        await emergency.review(hub, log, GUARD, grant.id, outcome="justified", why="抢救记录相符")
        return await kinds(hub)

    assert with_patient(settings, work) == {"emergency"}


def test_a_grant_ends_by_itself(settings):
    async def work(hub, log):
        grant = await ask(hub, log)
        async with hub.database.connection() as connection:
            await connection.execute(
                "UPDATE access_grant SET since = now() - interval '5 h', until = now() - interval '1 h'"
            )
            assert await grants.in_force(connection, WANG.id) == []
            past = await grants.find(connection, grant.id)
        assert not past.is_in_force(now())
        return await kinds(hub)

    assert with_patient(settings, work) == set()


@pytest.mark.parametrize(
    ("given", "error"),
    [
        ({"words": " 短 "}, ReasonTooShort),
        ({"words": " " * 50}, ReasonTooShort),
        ({"reason": "curious"}, ReasonTooShort),
        ({"reason": ""}, ReasonTooShort),
        ({"patient": "nobody"}, Unknown),
        ({"who": Who("user:x", "user", roles=frozenset({"researcher"}))}, MayNotAsk),
        ({"who": Who("user:x", "user", roles=frozenset({"clinician", "system-administrator"}))}, MayNotAsk),
        ({"who": Who("anonymous", "anonymous")}, MayNotAsk),
    ],
)
def test_without_reason_or_right_the_glass_holds(settings, given, error):
    async def work(hub, log):
        with pytest.raises(error) as told:
            await ask(hub, log, **given)
        assert told.value.text("zh")
        assert told.value.advice("zh")
        async with hub.database.connection() as connection:
            assert await grants.listed(connection, kind="emergency") == []
        return await entries(hub)

    found = with_patient(settings, work)
    assert [one.outcome for one in found] == (["denied"] if error is MayNotAsk else [])


def test_who_reviews_and_how(settings):
    async def work(hub, log):
        grant = await ask(hub, log)
        for who, number, outcome, why, error in (
            (WANG, grant.id, "justified", "why", NoReview),
            (GUARD, grant.id, "fine", "why", NoReview),
            (GUARD, grant.id, "justified", "  ", NoReview),
            (GUARD, 99, "justified", "why", UnknownGrant),
        ):
            with pytest.raises(error):
                await emergency.review(hub, log, who, number, outcome=outcome, why=why)
        await emergency.review(hub, log, GUARD, grant.id, outcome="unclear", why="why")
        with pytest.raises(NoReview):
            await emergency.review(hub, log, GUARD, grant.id, outcome="justified", why="why")

    with_patient(settings, work)


def test_a_review_shows_as_a_task(settings):
    async def work(hub, log):
        grant = await ask(hub, log)
        done = await emergency.review(hub, log, GUARD, grant.id, outcome="justified", why="why")
        return [emergency.task(one, POLICIES) for one in (grant, done)]

    waiting, done = with_patient(settings, work)
    for one in (waiting, done):
        assert not [found for found in validator().validate(one) if found.severity == "error"]
    assert (waiting["status"], done["status"]) == ("requested", "completed")


def test_a_contract_is_given_and_ended(settings):
    day = (now() + timedelta(days=30)).date().isoformat()
    asker = Who("user:study", "user", roles=frozenset({"researcher"}))

    async def work(hub, log):
        grant = await contracts.add(
            hub, log, GUARD, who="user:study", contract="HT-7", words="糖尿病研究", last_day=day
        )
        before = await kinds(hub, asker)
        await contracts.end(hub, log, GUARD, grant.id)
        return before, await kinds(hub, asker), [one.detail["done"] for one in await entries(hub)]

    assert with_patient(settings, work) == ({"contract"}, set(), ["given", "ended"])


@pytest.mark.parametrize(
    "changed",
    [
        {"who": GUARD.id},
        {"who": " "},
        {"contract": ""},
        {"words": ""},
        {"last_day": "tomorrow"},
        {"last_day": "2001-01-01"},
        {"last_day": "2999-01-01"},
    ],
)
def test_a_contract_that_cannot_be(settings, changed):
    given = {"who": "user:s", "contract": "HT-7", "words": "w", "last_day": "2001-01-01"} | changed

    async def work(hub, log):
        with pytest.raises(WrongGrant) as told:
            await contracts.add(hub, log, GUARD, **given)
        assert told.value.text("zh")

    with_patient(settings, work)


def test_commands(settings, monkeypatch, tmp_path):
    from xinglin.__main__ import cli

    made = with_patient(settings, ask)
    monkeypatch.setenv("XINGLIN_DATABASE_URL", settings.database_url)
    monkeypatch.setenv("XINGLIN_HOME", settings.home)  # its master key is there
    day = (now() + timedelta(days=30)).date().isoformat()

    def call(*arguments, code=0):
        done = CliRunner().invoke(cli, ["policy", *arguments])
        assert done.exit_code == code, done.output
        return done.stdout

    assert WORDS in call("emergency", "list")
    (listed,) = json.loads(call("emergency", "list", "--format", "json"))
    assert listed["id"] == made.id
    call("emergency", "review", str(made.id), "--outcome", "justified", "--why", "看过病历")
    assert call("emergency", "list") == ""
    assert "justified" in call("emergency", "list", "--all")
    given = ["--who", "user:s", "--contract", "HT-7", "--words", "糖尿病研究", "--until", day]
    call("grant", "add", *given)
    (grant,) = json.loads(call("grant", "list", "--format", "json"))
    assert msgspec.convert(grant, grants.Grant).reason == "HT-7"
    call("grant", "end", str(grant["id"]))
    assert "HT-7" in call("grant", "list")
    assert "treating.see" in call("list")
    assert json.loads(call("list", "--format", "json"))[0]["title"]
    assert "treating.see" in call(
        "explain", "--who", "clinician", "--what", "read Condition", "--relation", "treating"
    )
    told = call("explain", "--who", "clinician", "--what", "read Condition", "--format", "json", code=1)
    assert not json.loads(told)["allowed"]
    call("test")
    wrong = tmp_path / "cases.csv"
    wrong.write_text("case,roles,what,allowed\none,nurse,read Condition,yes\n")
    call("test", str(wrong), code=1)
