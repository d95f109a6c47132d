"""Searches over HTTP among 100,000 records (XINGLIN_BENCH_SIZE: another number); 8 connections.

Client and server share the machine. The records are invented: an institution for
every 50 people, a hundred records each, ten years of results; one person has a thousand records.
"""

import asyncio
import os
import random
import time
from collections.abc import Callable, Iterator

import psycopg

from benchmarks.client import drive, request
from benchmarks.report import Row, table
from benchmarks.server import Running, hub
from xinglin.core.settings import Settings
from xinglin.hub.embedded import EmbeddedServer
from xinglin.hub.hub import open_hub
from xinglin.hub.records import Draft, Key

SIZE = int(os.environ.get("XINGLIN_BENCH_SIZE", "100000"))
CONNECTIONS = 8
PER_PERSON = 100
TOGETHER = 500
CODES = ("2345-7", "718-7", "4548-4", "8480-6", "8462-4", "29463-7", "8302-2", "39156-5", "2160-0", "2093-3")
PEOPLE = max(SIZE // PER_PERSON, 10)
INSTITUTIONS = max(PEOPLE // 50, 5)
MANY = "p-many"

Json = dict[str, object]


def main() -> None:
    """Load, measure and print the table."""
    with hub() as running:
        url = EmbeddedServer(running.home).url()
        started = time.perf_counter()
        asyncio.run(_load(url))
        loaded = SIZE / (time.perf_counter() - started)
        with psycopg.connect(url, autocommit=True) as connection:
            connection.execute("VACUUM ANALYZE")
        rows = [Row("loading", loaded, "records/s"), *_measure(running)]
        rows.append(Row("worker memory under this load", running.worker_mb(), "MB", "≤ 400"))
    print(table(f"Searches over HTTP, {SIZE:,} records", rows))


async def _load(url: str) -> None:
    async with open_hub(Settings(database_url=url), url) as hub:
        waiting: list[Json] = []
        for record in _records():
            waiting.append(record)
            if len(waiting) == TOGETHER:
                await _write(hub, waiting)
                waiting = []
        await _write(hub, waiting)


async def _write(hub, records: list[Json]) -> None:
    drafts = [Draft(Key(str(one["resourceType"]), str(one["id"])), one) for one in records]

    async def work(connection):
        return await hub.store.write(connection, drafts)

    hub.written(await hub.transaction(work))


def _records() -> Iterator[Json]:
    rng = random.Random(1)
    for number in range(INSTITUTIONS):
        yield {
            "resourceType": "Organization",
            "id": f"o-{number}",
            "name": f"Township {number} health centre",
        }
    for number in range(PEOPLE):
        yield from _person(f"p-{number}", PER_PERSON - 1, rng)
    yield from _person(MANY, 1_000, rng)


def _person(id_: str, count: int, rng: random.Random) -> Iterator[Json]:
    organization = {"reference": f"Organization/o-{rng.randrange(INSTITUTIONS)}"}
    subject = {"reference": f"Patient/{id_}"}
    yield {
        "resourceType": "Patient",
        "id": id_,
        "identifier": [{"system": "urn:oid:2.16.156.1", "value": f"9999{rng.randrange(10**12):012d}"}],
        "name": [{"family": rng.choice("赵钱孙李周吴郑王"), "given": [rng.choice("伟芳娜敏静丽强磊军洋")]}],
        "gender": rng.choice(("male", "female")),
        "birthDate": f"{rng.randrange(1930, 2020)}-{rng.randrange(1, 13):02d}-{rng.randrange(1, 29):02d}",
        "managingOrganization": organization,
    }
    encounter = ""
    for number in range(count):
        day = f"{rng.randrange(2015, 2025)}-{rng.randrange(1, 13):02d}-{rng.randrange(1, 29):02d}"
        hour = f"{rng.randrange(8, 18):02d}:{rng.randrange(60):02d}"
        if number % 10 == 0:
            encounter = f"{id_}-e{number}"
            yield {
                "resourceType": "Encounter",
                "id": encounter,
                "status": "finished",
                "class": {"system": "http://terminology.hl7.org/CodeSystem/v3-ActCode", "code": "AMB"},
                "subject": subject,
                "serviceProvider": organization,
                "period": {"start": f"{day}T{hour}:00+08:00", "end": f"{day}T18:59:00+08:00"},
            }
        else:
            yield {
                "resourceType": "Observation",
                "id": f"{id_}-{number}",
                "status": "final",
                "code": {"coding": [{"system": "http://loinc.org", "code": rng.choice(CODES)}]},
                "subject": subject,
                "encounter": {"reference": f"Encounter/{encounter}"},
                "effectiveDateTime": f"{day}T{hour}:00+08:00",
                "valueQuantity": {
                    "value": rng.randrange(10, 300),
                    "unit": "mg/dL",
                    "system": "http://unitsofmeasure.org",
                    "code": "mg/dL",
                },
            }


def _measure(running: Running) -> Iterator[Row]:
    rng = random.Random(2)

    def person() -> str:
        return f"p-{rng.randrange(PEOPLE)}"

    def by_code() -> str:
        return f"/fhir/Observation?patient={person()}&code=http://loinc.org|{rng.choice(CODES)}"

    def period() -> str:
        year, month = rng.randrange(2015, 2025), rng.randrange(1, 12)
        order = rng.choice(("date", "-date"))
        return (
            f"/fhir/Observation?date=ge{year}-{month:02d}-01&date=lt{year}-{month + 1:02d}-01"
            f"&_sort={order}&_count=20"
        )

    def chain() -> str:
        centre = rng.randrange(INSTITUTIONS)
        return f"/fhir/Observation?patient.organization.name=Township%20{centre}%20&code=2345-7&_count=20"

    yield _rate(running, "by patient and code", by_code, 6_000, "≥ 1500")
    yield _rate(running, "by _id", lambda: f"/fhir/Patient?_id={person()}", 8_000, "≥ 2500")
    yield _p95(running, "date range with sort, 20 rows, p95", period, 1_000, "≤ 30")
    yield _p95(running, "two-level chain, p95", chain, 500, "≤ 100")
    whole = f"/fhir/Patient/{MANY}/$everything?_count=1001"
    yield _p95(running, "$everything of 1,000 records, p95", lambda: whole, 30, "≤ 120", connections=1)


def _rate(running: Running, name: str, make: Callable[[], str], count: int, reach: str) -> Row:
    requests = [request("GET", make()) for _ in range(count)]
    asyncio.run(drive(running.port, iter(requests[:300]), CONNECTIONS))
    before, started = running.cpu_seconds(), time.perf_counter()
    tally = asyncio.run(drive(running.port, iter(requests), CONNECTIONS))
    seconds = time.perf_counter() - started
    costs = ", ".join(
        f"{part} {1000 * (value - before[part]) / count:.2f}" for part, value in running.cpu_seconds().items()
    )
    return Row(name, count / seconds, "/s", reach, f"CPU ms each: {costs}; p95 {tally.p95():.1f} ms")


def _p95(
    running: Running,
    name: str,
    make: Callable[[], str],
    count: int,
    reach: str,
    connections: int = CONNECTIONS,
) -> Row:
    requests = [request("GET", make()) for _ in range(count)]
    asyncio.run(drive(running.port, iter(requests[:20]), connections))
    started = time.perf_counter()
    tally = asyncio.run(drive(running.port, iter(requests), connections))
    rate = count / (time.perf_counter() - started)
    return Row(name, tally.p95(), "ms", reach, f"{connections} connections, {rate:,.0f}/s")
