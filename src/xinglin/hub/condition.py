"""How the hub is: versions, what it stores, how much room there is, and what work waits."""

import asyncio
import platform
import shutil
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path
from time import perf_counter
from typing import Final, LiteralString

import msgspec
import psutil

from xinglin import __version__
from xinglin.core.clock import now
from xinglin.hub import schema
from xinglin.hub.database import Connection
from xinglin.hub.hub import Hub

TABLES: Final = 12
"""Tables that are told, the largest first."""

_DATABASE: Final = """
SELECT current_setting('server_version'), pg_database_size(current_database()), pg_postmaster_start_time(),
    (SELECT count(*) FROM pg_stat_activity WHERE datname = current_database()),
    (SELECT version_num FROM alembic_version)
"""
_TABLES: Final = """
SELECT c.relname, greatest(c.reltuples::bigint, coalesce(s.n_live_tup, 0)), pg_total_relation_size(c.oid)
FROM pg_class c JOIN pg_namespace n ON n.oid = c.relnamespace
LEFT JOIN pg_stat_user_tables s ON s.relid = c.oid
WHERE c.relkind = 'r' AND n.nspname = 'public' ORDER BY 3 DESC LIMIT %s
"""
_WORK: Final[Mapping[str, LiteralString]] = {
    "deliveries": "SELECT count(*), min(received) FROM delivery WHERE state IN ('waiting', 'loading')",
    "refused": "SELECT count(*), min(since) FROM refused WHERE state = 'waiting'",
    "pairs": "SELECT count(*), min(since) FROM person_pair WHERE state = 'review'",
    "codes": "SELECT count(*), NULL::timestamptz FROM code_work",
    "quality": "SELECT 0::bigint, updated FROM quality_progress",
    "checkpoint": "SELECT 0::bigint, max(at) FROM audit_checkpoint",
}
"""By kind of work: how much waits, and since when (or when it was last done)."""


@dataclass(frozen=True, slots=True)
class Work:
    """A kind of work: how much of it waits, since when, or when it was last done."""

    name: str
    waiting: int
    since: datetime | None


@dataclass(frozen=True, slots=True)
class TableSize:
    """A table of the database with its rows (as the planner estimates them) and bytes."""

    name: str
    rows: int
    bytes: int


@dataclass(frozen=True, slots=True)
class Condition:
    """How the hub is. Sizes are in bytes, `answer` is the database's answer in milliseconds."""

    version: str
    python: str
    server: str
    embedded: bool
    schema: str
    newest_schema: str
    answer: float
    database_bytes: int
    database_since: datetime
    connections: int
    disk_free: int
    disk_total: int
    memory: int
    process_since: datetime
    work: Sequence[Work]
    tables: Sequence[TableSize]


async def condition(hub: Hub, folder: Path, *, embedded: bool) -> Condition:
    """Look how the hub is; `folder` is its home. Counts are the planner's estimates, quick at any size."""
    started = perf_counter()
    await hub.ping()
    answer = (perf_counter() - started) * 1000
    async with hub.database.connection() as connection:
        row = await (await connection.execute(_DATABASE)).fetchone()
        server, size, since, connections, revision = msgspec.convert(row, tuple[str, int, datetime, int, str])
        work = [await _work(connection, name, query) for name, query in _WORK.items()]
        found = await (await connection.execute(_TABLES, [TABLES])).fetchall()
    disk = await asyncio.to_thread(shutil.disk_usage, folder if folder.exists() else Path("/"))
    process = psutil.Process()
    return Condition(
        version=__version__,
        python=platform.python_version(),
        server=server,
        embedded=embedded,
        schema=revision,
        newest_schema=schema.newest(),
        answer=round(answer, 1),
        database_bytes=size,
        database_since=since,
        connections=connections,
        disk_free=disk.free,
        disk_total=disk.total,
        memory=process.memory_info().rss,
        process_since=datetime.fromtimestamp(process.create_time(), now().tzinfo),
        work=work,
        tables=[TableSize(*one) for one in msgspec.convert(found, list[tuple[str, int, int]])],
    )


async def _work(connection: Connection, name: str, query: LiteralString) -> Work:
    row = await (await connection.execute(query)).fetchone()
    waiting, since = msgspec.convert(row or (0, None), tuple[int, datetime | None])
    return Work(name, waiting, since)
