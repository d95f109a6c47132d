"""Alert rules over the log, on records of a real hub."""

from dataclasses import replace
from datetime import timedelta
from typing import Any

import pytest
from tests.audit import AT, WANG, entry
from tests.support import run

from xinglin.core.clock import now
from xinglin.core.settings import Settings
from xinglin.hub.changes import Update
from xinglin.hub.hub import Hub
from xinglin.hub.records import Key
from xinglin.standards.identifiers import invented_resident
from xinglin.trust.log.alerts import queue
from xinglin.trust.log.alerts.follow import follow, step
from xinglin.trust.log.alerts.rules import Rule, load
from xinglin.trust.log.entry import Entry
from xinglin.trust.log.errors import NoSuchAlert
from xinglin.trust.log.log import Log
from xinglin.trust.policy.tables import build

Json = dict[str, Any]
TABLES = build({})
RULES = {rule.id: rule for rule in load(None)}
IDENTITY = "urn:oid:2.16.156.10011.1.3"


async def put(hub: Hub, *records: Json) -> None:
    await hub.change_all(
        [Update(one["resourceType"], key=Key(one["resourceType"], one["id"]), content=one) for one in records]
    )


async def watched(hub: Hub, *rules: Rule) -> list[queue.Alert]:
    await follow(hub, rules, TABLES, most=100_000)
    async with hub.database.connection() as connection:
        return (await queue.listed(connection, state="open"))[::-1]


def person(id_: str, **more: Any) -> Json:
    return {"resourceType": "Patient", "id": id_, "name": [{"text": f"人{id_}"}]} | more


def few(rule: str, threshold: int = 3) -> Rule:
    return replace(RULES[rule], threshold=threshold)


async def write(hub: Hub, *entries: Entry) -> None:
    await Log(hub.database).append(entries)


def read_by_minute(patients: int, minutes: int, **other: Any) -> list[Entry]:
    return [
        entry(n, patients=(f"m{n}",), at=AT + timedelta(minutes=minutes * n), **other)
        for n in range(patients)
    ]


def test_mass_reading_counts_persons_within_the_time(settings: Settings) -> None:
    async def work(hub: Hub) -> None:
        slow = replace(WANG, id="user:slow")
        again = [entry(9, patients=("same",), who=replace(WANG, id="user:again")) for _ in range(9)]
        await write(hub, *read_by_minute(3, 20), *read_by_minute(9, 45, who=slow), *again)
        rule = few("mass-reading")
        (alert,) = await watched(hub, rule)
        assert (alert.who, alert.count, alert.first, alert.last) == ("user:wang", 3, 0, 2)
        assert not alert.subject
        # more of the same makes the open alert grow
        await write(hub, *read_by_minute(3, 1))
        (alert,) = await watched(hub, rule)
        assert alert.count == 6
        async with hub.database.connection() as connection:
            await queue.close(connection, alert.number, who="user:security", why="an audit of ours")
            with pytest.raises(NoSuchAlert):
                await queue.close(connection, alert.number, who="user:security", why="twice")
            (closed,) = await queue.listed(connection, state="closed")
        assert (closed.closed_by, closed.why) == ("user:security", "an audit of ours")
        assert not await watched(hub, rule)

    run(settings, work)


def test_counting_goes_on_over_steps_and_after_a_kill(
    settings: Settings, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("xinglin.trust.log.alerts.follow.STEP", 2)

    async def work(hub: Hub) -> None:
        await write(hub, *read_by_minute(5, 1))
        rule = few("mass-reading", 5)
        await step(hub, [rule], TABLES)
        with monkeypatch.context() as patched:
            patched.setattr("xinglin.trust.log.alerts.queue.put", _killed)
            with pytest.raises(ZeroDivisionError):
                await step(hub, [rule], TABLES)
        (alert,) = await watched(hub, rule)
        assert (alert.count, alert.first, alert.last) == (5, 0, 4)

    run(settings, work)


async def _killed(*_: object) -> None:
    raise ZeroDivisionError


def test_one_process_follows_at_a_time(settings: Settings) -> None:
    async def work(hub: Hub) -> None:
        await write(hub, *read_by_minute(3, 1))
        async with hub.database.connection() as connection, connection.transaction():
            await connection.execute("SELECT place FROM audit_follow FOR UPDATE")
            assert (await step(hub, [few("mass-reading")], TABLES)).entries == 0
        assert (await step(hub, [few("mass-reading")], TABLES)).alerts == 1

    run(settings, work)


@pytest.mark.parametrize(
    ("rule", "other", "raised"),
    [
        ("off-hours", {"at": AT + timedelta(hours=13)}, True),  # 23:30 in Shanghai
        ("off-hours", {"at": AT + timedelta(hours=19)}, True),  # 05:30
        ("off-hours", {"at": AT}, False),
        ("many-denials", {"outcome": "denied"}, True),
        ("many-denials", {}, False),
        ("break-glass", {"action": "emergency.ask"}, True),
        ("break-glass-patients", {"purpose": "BTG"}, True),
        ("break-glass-patients", {"purpose": "TREAT"}, False),
        ("mass-reading", {"outcome": "denied"}, False),
        ("mass-reading", {"who": replace(WANG, kind="client")}, False),
        ("mass-reading-program", {"who": replace(WANG, kind="client")}, True),
        ("mass-reading", {"action": "write"}, False),
    ],
)
def test_what_counts(settings: Settings, rule: str, other: dict[str, Any], raised: bool) -> None:
    async def work(hub: Hub) -> None:
        await write(hub, *(entry(n, patients=(f"m{n}",), **other) for n in range(3)))
        found = await watched(hub, few(rule))
        assert [one.rule for one in found] == ([rule] if raised else [])

    run(settings, work)


def test_the_specially_labelled(settings: Settings) -> None:
    vip = {"system": "http://terminology.hl7.org/CodeSystem/v3-ActCode", "code": "CEL"}

    async def work(hub: Hub) -> None:
        await put(hub, person("p1"), person("p2", meta={"security": [vip]}))
        await write(hub, entry(0, patients=("p1", "p2", "gone")), entry(1, patients=("p2",)))
        (alert,) = await watched(hub, RULES["vip"])
        assert (alert.subject, alert.count, alert.first, alert.last) == ("p2", 2, 0, 1)

    run(settings, work)


def phone(value: str) -> Json:
    return {"telecom": [{"system": "phone", "value": value}]}


def number(seed: int) -> Json:
    return {"identifier": [{"system": IDENTITY, "value": invented_resident(seed)}]}


def test_family_and_colleagues(settings: Settings) -> None:
    home = {"address": [{"text": "湖南省长沙市岳麓区麓山路 932 号 3 栋 201"}]}

    async def work(hub: Hub) -> None:
        await put(
            hub,
            {"resourceType": "Practitioner", "id": "pr-1"} | number(1) | phone("13800000001") | home,
            {"resourceType": "Practitioner", "id": "pr-2"} | number(2),
            person("self", **number(1), **phone("13800000001")),
            person("wife", **number(3), **phone("+86 138-0000-0001")),
            person("son", contact=[phone("13800000001")]),
            person("mother", address=[{"text": "湖南省长沙市岳麓区麓山路932号3栋201"}]),
            person("neighbour", address=[{"text": "长沙市"}], **phone("13900000009")),
            person("colleague", **number(2)),
        )
        everyone = ("self", "wife", "son", "mother", "neighbour", "colleague")
        await write(hub, entry(0, patients=everyone))
        found = await watched(hub, RULES["own-family"], RULES["own-colleague"])
        assert {one.subject for one in found if one.rule == "own-family"} == {"wife", "son", "mother"}
        assert {one.subject for one in found if one.rule == "own-colleague"} == {"colleague"}

    run(settings, work)


def test_the_never_treated(settings: Settings) -> None:
    klass = {"system": "http://terminology.hl7.org/CodeSystem/v3-ActCode", "code": "AMB"}

    def visit(patient: str, where: str) -> Json:
        return {
            "resourceType": "Encounter",
            "id": f"e-{patient}",
            "status": "finished",
            "class": klass,
            "subject": {"reference": f"Patient/{patient}"},
            "serviceProvider": {"reference": f"Organization/{where}"},
            "period": {"start": "2020-01-01", "end": "2020-01-02"},
        }

    async def work(hub: Hub) -> None:
        await put(
            hub,
            {"resourceType": "Organization", "id": "org-1", "name": "县医院"},
            {"resourceType": "Organization", "id": "org-2", "name": "另一家"},
            {"resourceType": "Practitioner", "id": "pr-1"},
            *(person(f"t{n}") for n in range(6)),
            *(visit(f"t{n}", "org-1" if n < 3 else "org-2") for n in range(5)),
        )
        await write(hub, *(entry(n, patients=(f"t{n}",)) for n in range(5)))
        assert not await watched(hub, few("never-treated"))
        await write(hub, entry(5, patients=("t5",)))
        (alert,) = await watched(hub, few("never-treated"))
        assert (alert.count, alert.first, alert.last) == (3, 3, 5)

    run(settings, work)


def test_relations_made_by_oneself(settings: Settings) -> None:
    """Whoever opens a visit for a stranger and then reads is told of; whoever was expected or known isn't."""
    klass = {"system": "http://terminology.hl7.org/CodeSystem/v3-ActCode", "code": "AMB"}

    def visit(patient: str, where: str, source: str) -> Json:
        return {
            "resourceType": "Encounter",
            "id": f"e-{patient}-{where}",
            "status": "in-progress",
            "class": klass,
            "subject": {"reference": f"Patient/{patient}"},
            "serviceProvider": {"reference": f"Organization/{where}"},
            "period": {"start": "2026-11-20"},
            "meta": {"source": source},
        }

    def appointment(patient: str, who: str) -> Json:
        actors = [f"Patient/{patient}", who]
        return {
            "resourceType": "Appointment",
            "id": f"a-{patient}",
            "status": "booked",
            "start": "2026-11-22T08:00:00Z",
            "end": "2026-11-22T08:10:00Z",
            "participant": [{"actor": {"reference": one}, "status": "accepted"} for one in actors],
        }

    mine, hospital = "urn:xinglin:user:wang", "urn:xinglin:source:his:1#0"

    async def work(hub: Hub) -> None:
        await put(
            hub,
            *({"resourceType": "Organization", "id": f"org-{n}", "name": f"{n}"} for n in (1, 2)),
            {"resourceType": "Practitioner", "id": "pr-1"},
            *(person(f"s{n}") for n in range(7)),
            visit("s0", "org-1", mine),
            visit("s1", "org-1", mine),
            appointment("s1", "Practitioner/pr-1"),
            visit("s2", "org-1", hospital),
            visit("s3", "org-2", hospital),
            visit("s3", "org-1", mine),
            visit("s5", "org-1", "urn:xinglin:user:li"),
            visit("s6", "org-1", mine),
            appointment("s6", "Practitioner/elsewhere"),
        )
        reads = [entry(n, patients=(f"s{n}",), at=now()) for n in range(7)]
        later = entry(9, patients=("s0",), at=now() + timedelta(days=3), who=WANG)
        await write(hub, later)
        assert not await watched(hub, RULES["self-made"])
        await write(hub, *reads)
        found = await watched(hub, RULES["self-made"])
        assert {one.subject for one in found} == {"s0", "s3", "s6"}

    run(settings, work)


def test_hostile_and_broken_entries_hold_nothing_up(settings: Settings) -> None:
    async def work(hub: Hub) -> None:
        odd = replace(WANG, id="user:\0x")
        await write(
            hub,
            entry(0, who=odd, outcome="denied"),
            entry(1, patients=("a,b", "\0", "c|d")),
            entry(2),
            *read_by_minute(3, 1, outcome="denied"),
        )
        async with hub.database.connection() as connection:
            await connection.execute("SET session_replication_role = replica")
            await connection.execute("UPDATE audit_entry SET body = 'x' WHERE number = 2")
            await connection.execute("SET session_replication_role = origin")
        rules = RULES | {"many-denials": few("many-denials")}
        found = await watched(hub, *rules.values())
        assert [one.who for one in found] == ["user:wang"]

    run(settings, work)
