"""Identity in the hub: following, one new Patient at a time among many, and the full pass in bulk."""

import asyncio
import os
import tempfile
import time
from collections import Counter
from pathlib import Path
from typing import Any

from benchmarks.report import Row, table
from xinglin.core.settings import Settings
from xinglin.hub import schema
from xinglin.hub.changes import Update
from xinglin.hub.database import Connection
from xinglin.hub.embedded import EmbeddedServer
from xinglin.hub.hub import Hub, open_hub
from xinglin.hub.identity import commands, questions
from xinglin.hub.identity.follow import step
from xinglin.hub.identity.matching import Matched, identify
from xinglin.hub.records import Key
from xinglin_demo.population import Record, population

PEOPLE = int(os.environ.get("BENCH_IDENTITY", "20000"))
"""Records in the hub; 200,000 take about half an hour."""
ONE_BY_ONE = 300
TOGETHER = 1_000
SEXES = {"男": "male", "女": "female", "1": "male", "2": "female", "m": "male", "f": "female"}
IDENTITY = "urn:oid:2.16.156.10011.1.3"


def main() -> None:
    """Measure and print the table."""
    with tempfile.TemporaryDirectory(prefix="xinglin-bench-") as home:
        server = EmbeddedServer(Path(home))
        server.start()
        try:
            schema.upgrade(server.url())
            settings = Settings(home=home, database_url=server.url(), request_timeout_seconds=300)
            rows = [*asyncio.run(_measured(settings)), *_full(settings)]
        finally:
            server.stop()
    print(table(f"Identity in the hub ({PEOPLE:,} Patients of several institutions)", rows))


def _full(settings: Settings) -> list[Row]:
    """Measure full passes in bulk: one that trains the model first, and one with it in force."""
    found: list[Row] = []
    for name in ("full pass in bulk, training a model first", "full pass in bulk again"):
        started = time.perf_counter()
        matched = commands.run(settings, full=True).matched
        rate = matched / (time.perf_counter() - started)
        precision, recall = asyncio.run(_accuracy_now(settings))
        note = f"precision {100 * precision:.2f} %, recall {100 * recall:.2f} %"
        found.append(Row(name, rate, "Patients/s", note=note))
    return found


async def _accuracy_now(settings: Settings) -> tuple[float, float]:
    async with open_hub(settings, settings.database_url) as hub:
        return await _accuracy(hub, list(population(PEOPLE + ONE_BY_ONE, 1)))


async def _measured(settings: Settings) -> list[Row]:
    people = list(population(PEOPLE + ONE_BY_ONE, 1))
    found = [as_patient(one) for one in people]
    async with open_hub(settings, settings.database_url) as hub:
        many, late = found[:PEOPLE], found[PEOPLE:]
        await _store(hub, many)
        started = time.perf_counter()
        while not (await step(hub)).finished:
            pass
        bulk = PEOPLE / (time.perf_counter() - started)
        async with hub.database.connection() as connection:
            await connection.execute("ANALYZE")
        times = [await _one(hub, one) for one in late]
        precision, recall = await _accuracy(hub, people)
        async with hub.database.connection() as connection:
            told = await questions.status(connection, hub.store)
    return [
        Row("following, whole", bulk, "Patients/s", note="features, keys, pairs, persons, golden records"),
        Row("one new Patient, median", _share(times, 0.5), "ms", "≤ 15"),
        Row("one new Patient, 95 %", _share(times, 0.95), "ms", "≤ 15"),
        Row(
            "precision", 100 * precision, "%", note="rules and the first model, which nothing was trained for"
        ),
        Row("recall", 100 * recall, "%"),
        Row("persons", told.persons, "", note=f"{told.review:,} pairs in review, {told.worn} worn numbers"),
    ]


async def _store(hub: Hub, many: list[dict[str, Any]]) -> None:
    for start in range(0, len(many), TOGETHER):
        part = many[start : start + TOGETHER]
        await hub.change_all([Update("Patient", key=Key("Patient", one["id"]), content=one) for one in part])


async def _one(hub: Hub, one: dict[str, Any]) -> float:
    """Store a Patient and match it; give the milliseconds of matching."""
    await _store(hub, [one])

    async def work(connection: Connection) -> Matched:
        return await identify(connection, hub.store, [one["id"]])

    started = time.perf_counter()
    await hub.transaction(work)
    return 1_000 * (time.perf_counter() - started)


async def _accuracy(hub: Hub, people: list[Record]) -> tuple[float, float]:
    """Give precision and recall of all pairs that are linked, against the truth."""
    async with hub.database.connection() as connection:
        rows = await (await connection.execute("SELECT patient, golden FROM person_link")).fetchall()
    golden = {str(one): str(name) for one, name in rows}
    linked = _pairs(Counter(golden.values()))
    true = _pairs(Counter(one.entity for one in people))
    right = _pairs(Counter((golden[one.id], one.entity) for one in people))
    return right / linked, right / true


def _pairs(sizes: Counter[Any]) -> int:
    return sum(size * (size - 1) // 2 for size in sizes.values())


def _share(times: list[float], share: float) -> float:
    return sorted(times)[int(share * (len(times) - 1))]


def as_patient(one: Record) -> dict[str, Any]:
    """Write an invented record as a Patient."""
    made: dict[str, Any] = {"resourceType": "Patient", "id": one.id}
    parts = {
        "text": one.full_name,
        "family": one.surname,
        "given": [one.given_name] if one.given_name else None,
    }
    made["name"] = [{name: value for name, value in parts.items() if value}]
    made["gender"] = SEXES.get(one.sex.lower(), "unknown")
    if one.birth_date:
        made["birthDate"] = one.birth_date
    if one.identity_number:
        made["identifier"] = [{"system": IDENTITY, "value": one.identity_number}]
    if one.phone:
        made["telecom"] = [{"system": "phone", "value": one.phone}]
    made["address"] = [
        {name: value for name, value in (("text", one.address_line), ("city", one.city)) if value}
    ]
    return {name: value for name, value in made.items() if value not in ([], [{}])}
