"""The change sequence: followers see every change once, in one order, under any concurrency."""

import asyncio
import random

import psycopg
from tests.support import run

from xinglin.core.settings import Settings
from xinglin.hub.changes import Create, Delete, Update
from xinglin.hub.hub import Hub
from xinglin.hub.records import Key


async def _follow(hub: Hub, stop: asyncio.Event) -> list[tuple[int, Key, int]]:
    seen: list[tuple[int, Key, int]] = []
    after = 0
    while True:
        last_round = stop.is_set()
        while found := await hub.changes(after=after, most=7):
            seen += [(c.seq, c.key, c.version) for c in found]
            after = found[-1].seq
        if last_round:
            return seen
        await asyncio.sleep(0)


def test_a_follower_misses_nothing_while_many_write(settings: Settings) -> None:
    """Every committed version is seen exactly once and in the order of versions, though commits overlap."""

    async def write(hub: Hub, number: int) -> None:
        dice = random.Random(number)
        key = Key("Patient", f"p{number}")
        for step in range(30):
            if dice.random() < 0.2:
                await hub.change(Delete("Patient", key=key))
            else:
                await hub.change(
                    Update(
                        "Patient",
                        key=key,
                        content={"resourceType": "Patient", "id": key.id, "name": [{"text": f"张{step}"}]},
                    )
                )
            await hub.change(Create("Patient", content={"resourceType": "Patient"}))

    async def story(hub: Hub) -> None:
        stop = asyncio.Event()
        follower = asyncio.create_task(_follow(hub, stop))
        await asyncio.gather(*(write(hub, n) for n in range(12)))
        stop.set()
        seen = await follower
        assert [s for s, _, _ in seen] == sorted({s for s, _, _ in seen})
        everything = await hub.history(most=100_000)
        assert {(k, v) for _, k, v in seen} == {(r.key, r.version) for r in everything}
        for number in range(12):
            versions = [v for _, k, v in seen if k == Key("Patient", f"p{number}")]
            assert versions == sorted(versions)

    run(settings, story)


def test_a_change_waits_for_earlier_transactions(settings: Settings) -> None:
    """While an older transaction is open nothing newer shows: it may still commit an earlier number."""

    async def story(hub: Hub) -> None:
        with psycopg.connect(settings.database_url) as older:
            older.execute("SELECT change_base()")  # it has its number now
            await hub.change(Create("Patient", content={"resourceType": "Patient"}))
            assert await hub.changes(after=0, most=10) == []
            older.rollback()
        assert len(await hub.changes(after=0, most=10)) == 1

    run(settings, story)
