"""Labels on stored records: put on with every write, and kept true to the tables and to other records."""

import csv
from collections.abc import Sequence
from datetime import date
from pathlib import Path
from typing import Any

import msgspec
import psycopg
import pytest
from tests.intake import add_source, load_text, ndjson, told, versions
from tests.support import run

from xinglin.core.settings import Settings
from xinglin.hub.changes import Action, Create, Delete, Patch, Update
from xinglin.hub.hub import Hub
from xinglin.hub.labels import commands, work
from xinglin.hub.records import Key
from xinglin.standards.confidentiality import CONFIDENTIALITY, GRADE, SENSITIVITY

ACT = "http://terminology.hl7.org/CodeSystem/v3-ActCode"
PATIENT: dict[str, Any] = {"resourceType": "Patient", "id": "p1", "birthDate": "1980-05-04"}
ORGANIZATION: dict[str, Any] = {"resourceType": "Organization", "id": "psy", "name": "市第三医院精神科"}
ENCOUNTER: dict[str, Any] = {
    "resourceType": "Encounter",
    "id": "e1",
    "status": "finished",
    "class": {"system": ACT, "code": "AMB"},
    "subject": {"reference": "Patient/p1"},
    "serviceProvider": {"reference": "Organization/psy"},
}


def observation(id_: str = "o1", code: str = "718-7", **more: Any) -> dict[str, Any]:
    """Make a result."""
    return {
        "resourceType": "Observation",
        "id": id_,
        "status": "final",
        "code": {"coding": [{"system": "http://loinc.org", "code": code}]},
        "subject": {"reference": "Patient/p1"},
        **more,
    }


def put(content: dict[str, Any]) -> Update:
    """Make the change that stores a record."""
    return Update(content["resourceType"], Key(content["resourceType"], content["id"]), content=content)


async def store(hub: Hub, *contents: dict[str, Any]) -> list[Action]:
    """Store records one after the other."""
    return [(await hub.change(put(one))).action for one in contents]


async def labels(hub: Hub, kind: str, id_: str) -> set[str]:
    """Give the codes of a record's labels."""
    content = (await hub.read(Key(kind, id_))).content
    return {one["code"] for one in content["meta"]["security"]}


async def settle(hub: Hub) -> int:
    """Do all that waits; give how many versions changed."""
    written = 0
    for _ in range(1000):
        done = await work.step(hub)
        if done is None:
            return written
        written += done.written
    raise AssertionError("it never ends")


async def found(hub: Hub, kind: str, query: Sequence[tuple[str, str]]) -> list[str]:
    """Give the ids that a search finds."""
    async with hub.database.connection() as connection:
        criteria = "&".join(f"{name}={value}" for name, value in query)
        return sorted(key.id for key in await hub.match(connection, kind, criteria, 100))


def test_every_write_is_labelled_and_found_by_it(settings: Settings) -> None:
    async def story(hub: Hub) -> None:
        await store(hub, PATIENT, ORGANIZATION, observation(), observation("o2", "56888-1"))
        assert await labels(hub, "Patient", "p1") == {"restricted"}
        assert await labels(hub, "Organization", "psy") == {"public"}
        assert await labels(hub, "Observation", "o2") == {"sensitive", "HIV"}
        await hub.change(Create("Observation", content=observation("x", "56888-1")))
        assert len(await found(hub, "Observation", [("_security", f"{ACT}|HIV")])) == 2
        assert await found(hub, "Observation", [("_security", f"{GRADE}|restricted")]) == ["o1"]

        def positive(content: dict[str, Any]) -> dict[str, Any]:
            return content | {"note": [{"text": "梅毒"}]}

        await hub.change(Patch("Observation", Key("Observation", "o1"), modify=positive))
        assert await labels(hub, "Observation", "o1") == {"sensitive", "STD"}
        assert await found(hub, "Observation", [("_security", f"{GRADE}|restricted")]) == []

    run(settings, story)


def test_labels_make_no_difference(settings: Settings) -> None:
    """What is sent again stays the same version, with labels or without, also those that a client got."""

    async def story(hub: Hub) -> None:
        await store(hub, PATIENT, observation(code="56888-1"))
        stored = (await hub.read(Key("Observation", "o1"))).content
        assert await store(hub, observation(code="56888-1"), stored) == [Action.UNCHANGED] * 2
        corrected = stored | {"code": {"coding": [{"system": "http://loinc.org", "code": "718-7"}]}}
        assert await store(hub, corrected) == [Action.UPDATED]
        assert await labels(hub, "Observation", "o1") == {"restricted"}

    run(settings, story)


def test_a_sender_only_raises(settings: Settings) -> None:
    lowered = {"security": [{"system": GRADE, "code": "public"}, {"system": SENSITIVITY, "code": "MINOR"}]}
    raised = {"security": [{"system": CONFIDENTIALITY, "code": "V"}]}
    own = {"security": [{"system": ACT, "code": "PSY"}]}

    async def story(hub: Hub) -> None:
        await store(
            hub,
            observation("low", "56888-1", meta=lowered),
            observation("high", meta=raised),
            observation("own", meta=own),
        )
        assert await labels(hub, "Observation", "low") == {"sensitive", "HIV"}
        assert await labels(hub, "Observation", "high") == {"sensitive", "V"}
        assert await labels(hub, "Observation", "own") == {"sensitive", "PSY"}
        assert await store(hub, observation("own")) == [Action.UPDATED]
        assert await labels(hub, "Observation", "own") == {"restricted"}

    run(settings, story)


def test_classes_follow_within_a_transaction(settings: Settings) -> None:
    """A department's class reaches its visits and their results at once, in whatever order they stand."""

    async def story(hub: Hub) -> None:
        result = observation(encounter={"reference": "Encounter/e1"})
        await hub.change_all([put(result), put(ENCOUNTER), put(ORGANIZATION)])
        assert await labels(hub, "Encounter", "e1") == {"sensitive", "PSY"}
        assert await labels(hub, "Observation", "o1") == {"sensitive", "PSY"}
        await store(hub, observation("o2", encounter={"reference": "Encounter/e1"}))
        assert await labels(hub, "Observation", "o2") == {"sensitive", "PSY"}
        assert await store(hub, observation("o2", encounter={"reference": "Encounter/e1"})) == [
            Action.UNCHANGED
        ]

    run(settings, story)


def test_classes_reach_what_came_before(settings: Settings) -> None:
    """Results that came before their visit, and visits before their department, get the class later."""

    async def story(hub: Hub) -> None:
        await store(hub, observation(encounter={"reference": "Encounter/e1"}), ENCOUNTER)
        await settle(hub)
        version = (await hub.read(Key("Observation", "o1"))).version
        await store(hub, ORGANIZATION)
        assert await settle(hub) == 2
        assert await labels(hub, "Observation", "o1") == {"sensitive", "PSY"}
        assert (await hub.read(Key("Observation", "o1"))).version == version
        assert await found(hub, "Observation", [("_security", f"{ACT}|PSY")]) == ["o1"]
        await store(hub, ORGANIZATION | {"name": "市第三医院骨科"})
        assert await settle(hub) == 2
        assert await labels(hub, "Observation", "o1") == {"restricted"}
        assert await settle(hub) == 0

    run(settings, story)


def test_children_grow_up(settings: Settings, monkeypatch: pytest.MonkeyPatch) -> None:
    child = PATIENT | {"birthDate": "2015-03-02"}

    async def story(hub: Hub) -> None:
        await store(hub, child, observation())
        assert await labels(hub, "Patient", "p1") == {"restricted", "MINOR"}
        assert await labels(hub, "Observation", "o1") == {"restricted", "MINOR"}
        await settle(hub)
        monkeypatch.setattr(type(hub.store.labelling), "today", date(2029, 3, 1))
        assert await settle(hub) == 0
        monkeypatch.setattr(type(hub.store.labelling), "today", date(2029, 3, 2))
        assert await settle(hub) == 2
        assert await labels(hub, "Observation", "o1") == {"restricted"}

    run(settings, story)


def test_tables_change(settings: Settings, tmp_path: Path) -> None:
    """A site's table counts for what is written from now on, and reaches what was, earlier versions too."""
    settings = msgspec.structs.replace(settings, home=str(tmp_path))

    async def before(hub: Hub) -> None:
        await store(hub, observation(), observation(status="amended"), observation("gone"))
        await hub.change(Delete("Observation", Key("Observation", "gone")))
        await settle(hub)

    run(settings, before)
    rule = {
        "rule": "vip", "class": "SDV", "match": "code", "types": "", "system": "loinc", "value": "718-7",
        "except": "", "name_zh": "血红蛋白", "name_en": "haemoglobin", "source": "site", "edition": "",
        "confidence": "read",
    }  # fmt: skip
    settings.labels.mkdir()
    with (settings.labels / "own.csv").open("w", encoding="utf-8") as handle:
        writer = csv.DictWriter(handle, rule)
        writer.writeheader()
        writer.writerow(rule)
    assert commands.apply(settings) == 3

    async def after(hub: Hub) -> None:
        assert await labels(hub, "Observation", "o1") == {"sensitive", "SDV"}
        first = await hub.vread(Key("Observation", "o1"), 1)
        assert first.content["status"] == "final"
        assert {one["code"] for one in first.content["meta"]["security"]} == {"sensitive", "SDV"}
        assert await settle(hub) == 0

    run(settings, after)


def test_a_kill_loses_nothing(settings: Settings, database: str) -> None:
    """A step that never commits is done again."""

    async def story(hub: Hub) -> None:
        await store(hub, *(observation(f"o{n}", encounter={"reference": "Encounter/e1"}) for n in range(5)))
        await store(hub, ENCOUNTER, ORGANIZATION)

        class Killed(Exception):
            """The process ends."""

        async def killed(connection: Any) -> None:
            await work._step(hub.store, connection)  # pyright: ignore[reportPrivateUsage]
            raise Killed

        for _ in range(30):
            with pytest.raises(Killed):
                await hub.transaction(killed)
            if await work.step(hub) is None:
                break
        for n in range(5):
            assert "PSY" in await labels(hub, "Observation", f"o{n}")

    run(settings, story)
    with psycopg.connect(database) as connection:
        assert connection.execute(
            "SELECT count(*) FROM label_carrier WHERE pending IS NOT NULL"
        ).fetchone() == (0,)


def test_what_is_delivered_is_labelled_and_stays_unchanged(settings: Settings, tmp_path: Path) -> None:
    """Delivered again, in whatever order and after the labels grew, it is the same record."""
    add_source(settings, "his")
    result = observation(
        encounter={"reference": "Encounter/e1"}, meta={"lastUpdated": "2026-01-01T08:00:00Z"}
    )
    delivery = ndjson([result, ENCOUNTER, PATIENT])
    assert told(load_text(settings, tmp_path, delivery, "his")) == (3, 3, 0, 0)
    assert told(load_text(settings, tmp_path, ndjson([ORGANIZATION]), "his")) == (1, 1, 0, 0)
    assert commands.apply(settings) == 2
    count = versions(settings)
    assert told(load_text(settings, tmp_path, delivery, "his")) == (3, 0, 3, 0)
    assert versions(settings) == count

    async def story(hub: Hub) -> None:
        assert await labels(hub, "Observation", "o1") == {"sensitive", "PSY"}

    run(settings, story)
    newer = result | {"meta": {"lastUpdated": "2026-01-02T08:00:00Z"}, "status": "amended"}
    assert told(load_text(settings, tmp_path, ndjson([newer]), "his")) == (1, 1, 0, 0)
    assert told(load_text(settings, tmp_path, ndjson([result]), "his")) == (1, 0, 1, 0), "known"
    run(settings, story)


def test_explaining(settings: Settings, tmp_path: Path) -> None:
    async def story(hub: Hub) -> None:
        result = observation(code="56888-1", encounter={"reference": "Encounter/e1"})
        await store(hub, ORGANIZATION, ENCOUNTER, result)

    run(settings, story)
    found = commands.explain_record(settings, "Observation", "o1")
    assert [(hit.rule.id, hit.what) for hit in found.hits] == [("loinc-hiv", "56888-1")]
    assert found.taken_over == [("PSY", "Encounter")]
    file = tmp_path / "record.json"
    file.write_text('{"resourceType": "Condition", "code": {"text": "艾滋病"}}', encoding="utf-8")
    assert [hit.rule.id for hit in commands.explain_file(settings, file).hits] == ["text-hiv"]
