"""The audit log: entries a second that are durable, proofs over ten million entries, finding a patient's."""

import asyncio
import os
import random
import statistics
import tempfile
import time
from collections.abc import Awaitable, Callable, Iterator
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from pathlib import Path

from benchmarks.report import Row, table
from xinglin.hub import schema
from xinglin.hub.copying import copy_rows, int2, int8, int8_array, moment, raw, row
from xinglin.hub.database import Connection, Database
from xinglin.hub.embedded import EmbeddedServer
from xinglin.trust.log import rows
from xinglin.trust.log.entry import Entry, decode, encode
from xinglin.trust.log.find import Asked
from xinglin.trust.log.log import Log
from xinglin.trust.log.merkle import HASHES, Growing, is_consistent, is_included, leaf_hash
from xinglin.trust.who import Who

SECONDS = float(os.environ.get("XINGLIN_BENCH_AUDIT_SECONDS", "10"))
SIZE = int(os.environ.get("XINGLIN_BENCH_AUDIT_ENTRIES", "10000000"))
CLIENTS = 64
PROOFS = 300
AT = datetime(2026, 11, 1, tzinfo=UTC)
WHO = Who(
    "user:wang",
    "user",
    name="王医生",
    roles=frozenset({"clinician"}),
    institution="org-1",
    practitioner="pr-1",
    session="s",
    address="10.1.2.3",
)


def main() -> None:
    """Measure and print the tables."""
    with tempfile.TemporaryDirectory(prefix="xinglin-bench-") as home:
        server = EmbeddedServer(Path(home))
        server.start()
        try:
            schema.upgrade(server.url())
            writing = asyncio.run(_with(server.url(), _writing))
            proving = asyncio.run(_with(server.url(), _proving))
        finally:
            server.stop()
    print(table(f"Audit log: {CLIENTS} requests at a time, durable before each goes on", writing))
    print(table(f"Audit log: {SIZE:,} entries", proving))


async def _with(url: str, work: Callable[[Log], Awaitable[list[Row]]]) -> list[Row]:
    database = Database(url, connections=4, statement_seconds=600)
    await database.open()
    try:
        return await work(Log(database))
    finally:
        await database.close()


def _entry(number: int, chance: random.Random, records: int) -> Entry:
    patient = f"{chance.randrange(1 << 40):012x}-0000-7000-8000-000000000000"
    return Entry(
        WHO,
        "read" if records == 1 else "search",
        "allowed",
        purpose="TREAT",
        rules=("treating",),
        what=tuple(
            ("Observation", f"{number:012x}-{at:04x}-7000-8000-000000000000") for at in range(records)
        ),
        patients=(patient,),
        query="" if records == 1 else "patient=1&code=2345-7&_count=100",
        at=AT + timedelta(milliseconds=number),
    )


async def _writing(log: Log) -> list[Row]:
    reads = await _written(log, 1)
    searches = await _written(log, 100)
    return [
        Row("entries of one record", reads, "a second", "≥ 3,000"),
        Row("entries of searches that gave 100 records", searches, "a second"),
        Row("one alone, median", await _alone(log), "ms", note="what a request waits at rest"),
    ]


async def _written(log: Log, records: int) -> float:
    chance, end, counts = random.Random(records), time.perf_counter() + SECONDS / 2, [0] * CLIENTS

    async def client(own: int) -> None:
        while time.perf_counter() < end:
            await log.append([_entry(counts[own] * CLIENTS + own, chance, records)])
            counts[own] += 1

    begun = time.perf_counter()
    await asyncio.gather(*map(client, range(CLIENTS)))
    return sum(counts) / (time.perf_counter() - begun)


async def _alone(log: Log) -> float:
    times: list[float] = []
    for number in range(100):
        begun = time.perf_counter()
        await log.append([_entry(number, random.Random(1), 1)])
        times.append((time.perf_counter() - begun) * 1000)
    return statistics.median(times)


async def _proving(log: Log) -> list[Row]:
    async with log.database.connection() as connection:
        begun = time.perf_counter()
        await _fill(connection)
        filled = time.perf_counter() - begun
    chance = random.Random(7)
    inclusion = [await _timed(_include, log, chance) for _ in range(PROOFS)]
    consistency = [await _timed(_continue, log, chance) for _ in range(PROOFS)]
    finding = [await _timed(_find, log, chance) for _ in range(PROOFS)]
    return [
        Row("inclusion proof, median", statistics.median(inclusion), "ms", "≤ 20", "read, made and verified"),
        Row("inclusion proof, p95", _late(inclusion), "ms"),
        Row("consistency proof, median", statistics.median(consistency), "ms", "≤ 20", "with both roots"),
        Row("consistency proof, p95", _late(consistency), "ms"),
        Row("a patient's last 50 entries, p95", _late(finding), "ms"),
        Row("to fill the tables", filled, "s", note="entries, nodes in bulk; not measured"),
    ]


async def _timed(
    work: Callable[[Log, random.Random], Awaitable[None]], log: Log, chance: random.Random
) -> float:
    begun = time.perf_counter()
    await work(log, chance)
    return (time.perf_counter() - begun) * 1000


def _late(times: list[float]) -> float:
    return statistics.quantiles(times, n=20)[-1]


async def _include(log: Log, chance: random.Random) -> None:
    proven = await log.prove(chance.randrange(SIZE))
    hash_ = HASHES["sha256"]
    leaf = leaf_hash(hash_, proven.body)
    assert is_included(
        hash_, leaf=leaf, index=proven.number, size=proven.size, proof=proven.path, root=proven.root
    )


async def _continue(log: Log, chance: random.Random) -> None:
    old = chance.randrange(1, SIZE)
    before = await log.prove(0, old)
    size, path = await log.consistency(old)
    now = await log.prove(0, size)
    hash_ = HASHES["sha256"]
    assert is_consistent(hash_, old=old, size=size, proof=path, old_root=before.root, root=now.root)


async def _find(log: Log, chance: random.Random) -> None:
    found = await log.find(Asked(patients=(f"p{chance.randrange(PATIENTS)}",)))
    assert found.entries


PATIENTS = 100_000
TOGETHER = 50_000

COPY_ROWS = (
    "COPY audit_entry (number, at, who, action, outcome, keys, leaf, body) FROM STDIN WITH (FORMAT binary)"
)
COPY_NODES = "COPY audit_node FROM STDIN WITH (FORMAT binary)"
INDEXES = (
    "CREATE INDEX audit_entry_at ON audit_entry (at, number)",
    "CREATE INDEX audit_entry_who ON audit_entry (who, at, number)",
    "CREATE INDEX audit_entry_keys ON audit_entry USING gin (keys)",
)


async def _fill(connection: Connection) -> None:
    """Make a log of SIZE entries in bulk: rows by COPY, indexes afterwards, the tree by the same functions.

    Entries repeat but for their numbers, one for each of PATIENTS patients, so that filling takes minutes.
    """
    for name in ("audit_entry", "audit_node"):
        await connection.execute(f"ALTER TABLE {name} DISABLE TRIGGER USER")  # pyright: ignore[reportArgumentType]
        await connection.execute(f"TRUNCATE {name}")  # pyright: ignore[reportArgumentType]
    await connection.execute("DROP INDEX audit_entry_at, audit_entry_who, audit_entry_keys")
    tree, made = Growing(HASHES["sha256"]), list(_repeated())
    for first in range(0, SIZE, TOGETHER):
        some = [(number, *made[number % PATIENTS]) for number in range(first, min(first + TOGETHER, SIZE))]
        nodes = tree.extend((leaf for _, leaf, _ in some), rows.FOOT)
        await copy_rows(connection, COPY_ROWS, [HEAD + int8(number) + rest for number, _, rest in some])
        await copy_rows(
            connection, COPY_NODES, [row(int2(level), int8(place), raw(one)) for (level, place), one in nodes]
        )
    await connection.execute(
        "UPDATE audit_head SET algorithm = 'sha256', size = %s, peaks = %s", [tree.size, b"".join(tree.peaks)]
    )
    for statement in INDEXES:
        await connection.execute(statement)
    await connection.execute("VACUUM ANALYZE audit_entry, audit_node")


HEAD = row(*[b""] * 8)
"""How many fields follow."""


def _repeated() -> Iterator[tuple[bytes, bytes]]:
    """Give hash and packed row, but for its number, of an entry about each patient."""
    for patient in range(PATIENTS):
        given = replace(_entry(patient, random.Random(patient), 1), patients=(f"p{patient}",))
        body = encode(given)
        leaf = leaf_hash(HASHES["sha256"], body)
        one = rows.row_of(0, decode(body), leaf, body)
        texts = (raw(text.encode()) for text in (one.who, one.action, one.outcome))
        yield leaf, b"".join((moment(one.at), *texts, int8_array(one.keys), raw(leaf), raw(body)))
