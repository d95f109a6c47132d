"""The log on a real database: appending from many at once, proving, finding."""

import asyncio
import multiprocessing
from dataclasses import replace
from datetime import timedelta

import psycopg
import pytest
from psycopg import errors as pg
from tests.audit import AT, WANG, entry, opened, with_log

from xinglin.trust.log.entry import Entry, decode, encode
from xinglin.trust.log.errors import NoSuchEntry, OtherAlgorithm
from xinglin.trust.log.find import Asked, count
from xinglin.trust.log.log import Log
from xinglin.trust.log.merkle import HASHES, is_consistent, is_included, leaf_hash, root_of


def rows(url: str, query: str) -> list[tuple[object, ...]]:
    with psycopg.connect(url, autocommit=True) as connection:
        return connection.execute(query).fetchall()  # pyright: ignore[reportArgumentType]


@pytest.mark.parametrize("algorithm", ["sha256", "sm3"])
def test_every_entry_can_be_proved_at_every_size(database: str, algorithm: str) -> None:
    async def work(log: Log) -> None:
        bodies: list[bytes] = []
        for many in (1, 2, 60, 3, 64, 70):
            made = [entry(len(bodies) + at) for at in range(many)]
            numbers = await log.append(made)
            assert numbers == list(range(len(bodies), len(bodies) + many))
            bodies += map(encode, made)
        hash_ = HASHES[algorithm]
        leaves = [leaf_hash(hash_, body) for body in bodies]
        for size in (1, 2, 63, 64, 65, 128, 199, 200):
            root = root_of(hash_, leaves[:size])
            for number in {0, size // 2, size - 1}:
                proven = await log.prove(number, size)
                assert (proven.root, proven.body) == (root, bodies[number])
                path = proven.path
                assert is_included(hash_, leaf=leaves[number], index=number, size=size, proof=path, root=root)
            for old in {1, size // 2, size - 1}:
                _, path = await log.consistency(old, size)
                before = root_of(hash_, leaves[:old])
                assert is_consistent(hash_, old=old, size=size, proof=path, old_root=before, root=root)
        with pytest.raises(NoSuchEntry):
            await log.prove(200)
        with pytest.raises(NoSuchEntry):
            await log.prove(150, 150)
        with pytest.raises(NoSuchEntry):
            await log.consistency(3, 201)

    with_log(database, work, algorithm)


def test_a_log_keeps_its_hash(database: str) -> None:
    with_log(database, lambda log: log.append([entry()]))
    with pytest.raises(OtherAlgorithm):
        with_log(database, lambda log: log.append([entry()]), "sm3")


def _write(url: str, mark: str, many: int) -> None:
    async def work(log: Log) -> None:
        await asyncio.gather(
            *(
                log.append([entry(at, query=f"{mark}-{at}-a"), entry(at, query=f"{mark}-{at}-b")])
                for at in range(many)
            )
        )

    with_log(url, work)


def test_several_processes_append_at_once(database: str) -> None:
    context = multiprocessing.get_context("spawn")
    running = [context.Process(target=_write, args=(database, str(n), 60)) for n in range(3)]
    for process in running:
        process.start()
    for process in running:
        process.join(60)
    assert [process.exitcode for process in running] == [0, 0, 0]

    async def check(log: Log) -> None:
        head = await log.head()
        assert head.size == 360
        found = rows(database, "SELECT number, leaf, body FROM audit_entry ORDER BY number")
        assert [one[0] for one in found] == list(range(360))
        assert head.growing().root == root_of(HASHES["sha256"], [one[1] for one in found])  # pyright: ignore[reportArgumentType]
        queries = [decode(one[2]).query for one in found]  # pyright: ignore[reportArgumentType]
        assert len(set(queries)) == 360
        # what was appended together stays together
        assert all(a[:-1] == b[:-1] for a, b in zip(queries[::2], queries[1::2], strict=True))

    with_log(database, check)


def test_an_append_that_fails_leaves_no_hole(database: str) -> None:
    async def work(log: Log) -> None:
        await log.append([entry(0)])
        async with log.database.connection() as connection, connection.transaction(force_rollback=True):
            assert await log.append([entry(1)], connection) == [1]
        given_up = asyncio.create_task(log.append([entry(2)]))
        await asyncio.sleep(0)
        given_up.cancel()
        assert await log.append([entry(3)]) in ([1], [2])  # who went away may have been written
        size = (await log.head()).size
        assert rows(database, "SELECT count(*), max(number) + 1 FROM audit_entry") == [(size, size)]

    with_log(database, work)


def test_an_entry_is_durable_with_the_work_it_tells_of(database: str) -> None:
    async def work(log: Log) -> None:
        async with log.database.connection() as connection, connection.transaction():
            await log.append([entry(1)], connection)
            async with log.database.connection() as other:
                assert (await (await other.execute("SELECT count(*) FROM audit_entry")).fetchone()) == (0,)
        assert (await log.head()).size == 1

    with_log(database, work)


def test_hostile_texts_are_kept(database: str) -> None:
    who = replace(WANG, id="user:\0\ud800'; DROP TABLE audit_entry")
    odd = Entry(who, "login\0", "denied", query="\ud83d", detail={"\0": "'\n"}, patients=("\0",))

    async def work(log: Log) -> None:
        await log.append([odd])
        told = decode(await log.read(0))
        assert told.who.id.startswith("user:\0")
        assert told.detail == {"\0": "'\n"}

    with_log(database, work)


@pytest.mark.parametrize(
    "statement",
    [
        "UPDATE audit_entry SET who = 'user:other'",
        "DELETE FROM audit_entry",
        "TRUNCATE audit_entry",
        "DELETE FROM audit_node",
        "UPDATE audit_checkpoint SET size = 0",
        "TRUNCATE audit_cosignature",
    ],
)
def test_the_tables_only_grow(database: str, statement: str) -> None:
    with_log(database, lambda log: log.append([entry()]))
    with pytest.raises(pg.RaiseException, match="only grows"):
        rows(database, statement)


async def _fill(log: Log) -> None:
    other = replace(WANG, id="client:his", kind="client", client="his", practitioner=None, session=None)
    await log.append([entry(n, at=AT + timedelta(minutes=n)) for n in range(30)])
    await log.append(
        [
            entry(n, who=other, action="search", outcome="denied", at=AT + timedelta(minutes=n))
            for n in range(30, 40)
        ]
    )
    await log.append([entry(40, patients=("p1", "p2"), at=AT)])  # late: another clock


@pytest.mark.parametrize(
    ("asked", "wanted"),
    [
        (Asked(), [*range(39, 0, -1), 40, 0]),
        (Asked(patients=("p1",)), [36, 29, 22, 15, 8, 1, 40]),
        (Asked(patients=("p1", "p2")), [37, 36, 30, 29, 23, 22, 16, 15, 9, 8, 2, 1, 40]),
        (Asked(patients=("p1",), outcomes=("denied",)), [36]),
        (Asked(agents=("client:his",)), list(range(39, 29, -1))),
        (Asked(clients=("his",), since=AT + timedelta(minutes=38)), [39, 38]),
        (Asked(practitioners=("pr-1",), until=AT + timedelta(minutes=2)), [1, 40, 0]),
        (Asked(actions=("search",), until=AT + timedelta(minutes=32)), [31, 30]),
        (Asked(entities=("Observation/o7", "Observation/o9")), [9, 7]),
        (Asked(patients=("nobody",)), []),
        (Asked(numbers=(3, 5)), [5, 3]),
    ],
)
def test_finding(database: str, asked: Asked, wanted: list[int]) -> None:
    async def work(log: Log) -> None:
        await _fill(log)
        got: list[int] = []
        place = None
        while True:
            page = await log.find(asked, before=place, most=3)
            got += [one.number for one in page.entries]
            place = page.after
            if place is None:
                break
        assert got == wanted
        async with log.database.connection() as connection:
            assert await count(connection, asked) == len(wanted)
            assert await count(connection, asked, most=1) == (len(wanted) if len(wanted) < 2 else None)

    with_log(database, work)


def test_pages_stay_while_the_log_grows(database: str) -> None:
    async def work() -> None:
        async with opened(database) as log:
            await _fill(log)
            first = await log.find(Asked(patients=("p1",)), most=2)
            await log.append([entry(50, patients=("p1",), at=AT + timedelta(hours=9))])
            second = await log.find(Asked(patients=("p1",)), before=first.after, most=2)
            assert [one.number for one in second.entries] == [22, 15]

    asyncio.run(work())
