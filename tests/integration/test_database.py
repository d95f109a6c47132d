"""The database goes away and comes back: requests fail at once, tell nothing of where it is, and recover."""

import asyncio
import os
import shutil
import stat
import tempfile
import time
from collections.abc import Awaitable, Callable, Iterator
from pathlib import Path

import psycopg
import pytest

from xinglin.hub import embedded
from xinglin.hub.database import Busy, Database, NoAnswer
from xinglin.hub.embedded import EmbeddedServer


@pytest.fixture
def server() -> Iterator[EmbeddedServer]:
    server = EmbeddedServer(Path(tempfile.mkdtemp(prefix="xinglin-test-")))
    server.start()
    yield server
    server.stop()
    shutil.rmtree(server.folder.parent)


def using(url: str, work: Callable[[Database], Awaitable[None]]) -> None:
    async def opened() -> None:
        database = Database(url, connections=2, statement_seconds=5)
        await database.open()
        try:
            await work(database)
        finally:
            await database.close()

    asyncio.run(opened())


async def ask(database: Database) -> None:
    async with database.connection() as connection:
        await connection.execute("SELECT 1")


async def ask_in_vain(database: Database) -> float:
    started = time.monotonic()
    with pytest.raises(NoAnswer) as refused:
        await ask(database)
    assert "socket" not in refused.value.text() + refused.value.advice()
    return time.monotonic() - started


def test_requests_fail_at_once_while_it_is_away(server: EmbeddedServer) -> None:
    async def work(database: Database) -> None:
        await ask(database)
        embedded.run("pg_ctl", "stop", "-w", "-m", "immediate", "-D", str(server.folder))
        assert [await ask_in_vain(database) < 0.5 for _ in range(20)] == [True] * 20
        await asyncio.sleep(7)  # longer than the pool's own attempts
        assert await ask_in_vain(database) < 0.1
        server.revive()
        for _ in range(30):
            try:
                await ask(database)
                break
            except NoAnswer:
                await asyncio.sleep(0.1)
        await asyncio.gather(*(ask(database) for _ in range(20)))

    using(server.url(), work)


def test_those_who_wait_for_a_connection_learn_it_soon(server: EmbeddedServer) -> None:
    async def work(database: Database) -> None:
        async with database.connection() as one, database.connection() as two:
            waiting = asyncio.create_task(ask_in_vain(database))
            await asyncio.sleep(0.1)
            embedded.run("pg_ctl", "stop", "-w", "-m", "immediate", "-D", str(server.folder))
            assert await waiting < 4
            assert not one.closed or two.closed
        server.revive()

    using(server.url(), work)


def test_too_few_connections_are_told_as_such(
    server: EmbeddedServer, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("xinglin.hub.database.WAIT_SECONDS", 2)

    async def work(database: Database) -> None:
        async with database.connection(), database.connection():
            with pytest.raises(Busy):
                await ask(database)
        await ask(database)

    using(server.url(), work)


def test_the_servers_log_holds_no_values(server: EmbeddedServer) -> None:
    with psycopg.connect(server.url(), autocommit=True) as connection:
        connection.execute("CREATE TABLE person (id text PRIMARY KEY)")
        for statement in (
            "INSERT INTO person VALUES (%s)",
            "INSERT INTO person VALUES (%s)",
            "SELECT %s::int",
        ):
            try:
                connection.execute(statement, ["secret-4711"])
            except psycopg.Error:
                continue
    assert "secret-4711" not in (server.folder / "log").read_text()


def test_a_large_log_is_put_aside(server: EmbeddedServer, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(embedded, "LOG_BYTES", 10)
    embedded.run("pg_ctl", "stop", "-w", "-m", "fast", "-D", str(server.folder))
    before = (server.folder / "log").read_text()
    server.revive()
    assert (server.folder / "log.old").read_text().startswith(before)
    assert not (server.folder / "log").read_text().startswith(before)


@pytest.mark.skipif(os.geteuid() != 0, reason="only root runs the server as another user")
def test_folders_above_are_opened_for_passing_only(tmp_path: Path) -> None:
    closed = tmp_path / "closed"
    closed.mkdir(mode=0o700)
    server = EmbeddedServer(closed / "home")
    server.start()
    server.stop()
    assert stat.S_IMODE(closed.stat().st_mode) == 0o701
