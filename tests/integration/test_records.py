"""Records: versions, preconditions, deletions, and what happens when many write at once."""

import asyncio

import pytest
from tests.support import run

from xinglin.core.exact_json import ExactDecimal, Json, dumps
from xinglin.core.settings import Settings
from xinglin.hub.changes import (
    Action,
    AlreadyThere,
    Create,
    Delete,
    IdMismatch,
    NoId,
    NotThere,
    SameRecordTwice,
    Update,
    VersionConflict,
)
from xinglin.hub.hub import Hub
from xinglin.hub.records import Gone, Key, Unknown, UnknownVersion
from xinglin.standards.outcome import InvalidRecord

KEY = Key("Patient", "a")


def patient(**elements: object) -> Json:
    return {"resourceType": "Patient", "id": "a", **elements}


def put(content: Json, **rest: object) -> Update:
    return Update("Patient", key=KEY, content=content, **rest)


def test_versions_follow_each_other(settings: Settings) -> None:
    """Create, change, leave alone, delete, bring back: each version stays readable."""

    async def story(hub: Hub) -> None:
        assert (await hub.change(put(patient(gender="male")))).action is Action.CREATED
        assert (await hub.change(put(patient(gender="female")))).action is Action.UPDATED
        assert (await hub.change(put(patient(gender="female")))).action is Action.UNCHANGED
        assert (await hub.change(Delete("Patient", key=KEY))).action is Action.DELETED
        assert (await hub.change(Delete("Patient", key=KEY))).action is Action.UNCHANGED
        with pytest.raises(Gone):
            await hub.read(KEY)
        assert (await hub.change(put(patient(gender="other")))).action is Action.CREATED
        assert [(r.version, r.deleted) for r in await hub.history(kind="Patient", id_="a", most=9)] == [
            (4, False), (3, True), (2, False), (1, False),
        ]  # fmt: skip
        assert (await hub.vread(KEY, 1)).content["gender"] == "male"
        with pytest.raises(Gone):
            await hub.vread(KEY, 3)
        with pytest.raises(UnknownVersion):
            await hub.vread(KEY, 5)
        with pytest.raises(Unknown):
            await hub.read(Key("Patient", "b"))

    run(settings, story)


def test_numbers_keep_their_digits(settings: Settings) -> None:
    """1.10 stays 1.10 in the store, and changing it to 1.1 is a change."""

    async def story(hub: Hub) -> None:
        content = patient(extension=[{"url": "urn:x", "valueDecimal": ExactDecimal("1.10")}])
        await hub.change(put(content))
        assert b'"valueDecimal":1.10}' in ((await hub.read(KEY)).body or b"")
        content["extension"][0]["valueDecimal"] = ExactDecimal("1.1")
        assert (await hub.change(put(content))).action is Action.UPDATED

    run(settings, story)


@pytest.mark.parametrize(
    ("change", "error"),
    [
        (put(patient(), if_match=7), VersionConflict),
        (put(patient(), if_absent=True), AlreadyThere),
        (Update("Patient", key=KEY, content={"resourceType": "Patient", "id": "b"}), IdMismatch),
        (Update("Patient", key=KEY, content={"resourceType": "Patient"}), NoId),
        (Update("Patient", key=Key("Patient", "a b"), content=patient(id="a b")), InvalidRecord),
        (Delete("Patient", key=KEY, if_match=2), VersionConflict),
    ],
)
def test_refused_changes_leave_nothing(settings: Settings, change: Update, error: type[Exception]) -> None:
    async def story(hub: Hub) -> None:
        await hub.change(put(patient()))
        with pytest.raises(error):
            await hub.change(change)
        assert len(await hub.history(most=10)) == 1

    run(settings, story)


def test_all_or_none(settings: Settings) -> None:
    async def story(hub: Hub) -> None:
        new = Create("Patient", content={"resourceType": "Patient"})
        with pytest.raises(SameRecordTwice):
            await hub.change_all([new, put(patient(gender="male")), put(patient(gender="female"))])
        with pytest.raises(NotThere):
            await hub.change_all([new, put(patient(), if_match=3)])
        assert await hub.history(most=10) == []

    run(settings, story)


def test_one_of_two_updates_of_a_version_wins(settings: Settings) -> None:
    async def story(hub: Hub) -> None:
        await hub.change(put(patient()))
        results = await asyncio.gather(
            *(hub.change(put(patient(name=[{"text": f"张{n}"}]), if_match=1)) for n in range(8)),
            return_exceptions=True,
        )
        assert sum(isinstance(r, VersionConflict) for r in results) == 7
        assert (await hub.read(KEY)).version == 2

    run(settings, story)


def test_a_thousand_parallel_writers_lose_nothing(settings: Settings) -> None:
    """A thousand tasks create records and fight for the same twenty: every acknowledged version is there."""

    async def write(hub: Hub, number: int) -> list[tuple[Key, int]]:
        shared = Key("Patient", f"shared-{number % 20}")
        content = {"resourceType": "Patient", "id": shared.id, "name": [{"text": f"张{number}"}]}
        own = await hub.change(
            Create("Patient", content={"resourceType": "Patient", "name": [{"text": f"张{number}"}]})
        )
        common = await hub.change(Update("Patient", key=shared, content=content))
        return [(r.key, r.version) for r in (own.record, common.record) if r is not None]

    async def story(hub: Hub) -> None:
        pairs = await asyncio.gather(*(write(hub, n) for n in range(1000)))
        acknowledged = [pair for both in pairs for pair in both]
        stored = [(r.key, r.version) for r in await hub.history(most=10_000)]
        assert sorted(stored) == sorted(acknowledged)
        assert len(set(stored)) == 2000

    run(settings, story)


def test_dictionaries_are_learned_from_the_hubs_own_records(settings: Settings) -> None:
    """Records packed before and after a dictionary was made read back equal, also in a later process."""

    def content(number: int) -> Json:
        return {
            "resourceType": "Observation",
            "status": "final",
            "code": {"text": f"葡萄糖 {number % 7}"},
            "valueString": f"{number * 7919}",
        }

    async def fill(hub: Hub) -> dict[Key, bytes]:
        bodies: dict[Key, bytes] = {}
        for start in range(0, 1500, 250):
            done = await hub.change_all(
                [Create("Observation", content=content(n)) for n in range(start, start + 250)]
            )
            bodies |= {d.record.key: d.record.body or b"" for d in done if d.record}
            await hub.close()  # waits for the training that this write may have begun
        async with hub.database.connection() as connection:
            row = await (
                await connection.execute("SELECT count(*), max(length(content)) FROM dictionary")
            ).fetchone()
        assert row is not None
        assert row[0] == 1
        return bodies

    bodies = run(settings, fill)

    async def check(hub: Hub) -> None:
        assert {key: (await hub.read(key)).body for key in bodies} == bodies

    run(settings, check)
    assert dumps(content(0)) not in bodies.values()
