"""What a sight costs: searches among 100,000 records (XINGLIN_BENCH_SIZE: another number), in process.

A clinician's sight is 2,000 of the Patients, eight classes that are denied, and the consents of 50 Patients
who want them kept from this institution; the processor time of hub and database is that of a whole answer.
"""

import asyncio
import os
import random
import statistics
import tempfile
import time
from collections.abc import Awaitable, Callable, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import psutil
import psycopg

from benchmarks.report import Row, table
from xinglin.core.settings import Settings
from xinglin.hub import schema
from xinglin.hub.embedded import EmbeddedServer
from xinglin.hub.hub import Hub, open_hub
from xinglin.hub.records import Draft, Key
from xinglin.hub.search.answer import searchset
from xinglin.hub.search.search import Asked
from xinglin.hub.sight import EVERYTHING, Sight, View, Without

SIZE = int(os.environ.get("XINGLIN_BENCH_SIZE", "100000"))
PER_PERSON = 25
PEOPLE = max(SIZE // PER_PERSON, 100)
SEEN = 2_000
KEPT = 50
ASKED = 60
TOGETHER = 500
INSTITUTIONS = 100
CODES = ("2345-7", "718-7", "4548-4", "8480-6", "8462-4", "29463-7", "8302-2", "39156-5", "2160-0", "2093-3")
CLASSES = ("HIV", "STD", "PSY", "GDIS", "ETH", "SDV", "SEX", "SICKLE")
ACT = "http://terminology.hl7.org/CodeSystem/v3-ActCode"

Json = dict[str, Any]
Pairs = list[tuple[str, str]]


def main() -> None:
    """Load, measure and print the table."""
    with tempfile.TemporaryDirectory(prefix="xinglin-bench-") as home:
        server = EmbeddedServer(Path(home))
        server.start()
        try:
            schema.upgrade(server.url())
            settings = Settings(home=home, database_url=server.url(), database_connections=2)
            rows = asyncio.run(_measured(settings))
        finally:
            server.stop()
    print(table(f"A clinician's sight, {SIZE:,} records of {PEOPLE:,} people", rows))


def sight(patients: int, kept: int = KEPT) -> Sight:
    """Give a clinician's sight of so many Patients."""
    labels = frozenset((ACT, one) for one in CLASSES)
    mine = View(patients=frozenset(f"p-{number}" for number in range(patients)), without_labels=labels)
    return Sight((mine,), (Without(patients=frozenset(f"p-{number}" for number in range(kept))),))


async def load(hub: Hub) -> None:
    """Store the records."""
    waiting: list[Json] = []
    for record in _records():
        waiting.append(record)
        if len(waiting) == TOGETHER:
            await _write(hub, waiting)
            waiting = []
    await _write(hub, waiting)


async def _write(hub: Hub, records: list[Json]) -> None:
    drafts = [Draft(Key(one["resourceType"], one["id"]), one) for one in records]
    hub.written(await hub.transaction(lambda connection: hub.store.write(connection, drafts)))


def _records() -> Iterator[Json]:
    rng = random.Random(1)
    for number in range(INSTITUTIONS):
        yield {"resourceType": "Organization", "id": f"o-{number}", "name": f"Township {number}"}
    for number in range(PEOPLE):
        yield from _person(f"p-{number}", rng)


def _person(id_: str, rng: random.Random) -> Iterator[Json]:
    subject = {"reference": f"Patient/{id_}"}
    yield {
        "resourceType": "Patient",
        "id": id_,
        "name": [{"family": rng.choice("赵钱孙李周吴郑王"), "given": [rng.choice("伟芳娜敏静丽强磊军洋")]}],
        "gender": rng.choice(("male", "female")),
        "managingOrganization": {"reference": f"Organization/o-{rng.randrange(INSTITUTIONS)}"},
    }
    for number in range(PER_PERSON - 1):
        day = f"{rng.randrange(2015, 2025)}-{rng.randrange(1, 13):02d}-{rng.randrange(1, 29):02d}"
        meta: Json = {"source": f"urn:xinglin:source:his-{rng.randrange(INSTITUTIONS)}:1#0"}
        if rng.random() < 0.1:
            meta["security"] = [{"system": ACT, "code": rng.choice(CLASSES)}]
        yield {
            "resourceType": "Observation",
            "id": f"{id_}-{number}",
            "meta": meta,
            "status": "final",
            "code": {"coding": [{"system": "http://loinc.org", "code": rng.choice(CODES)}]},
            "subject": subject,
            "effectiveDateTime": f"{day}T{rng.randrange(8, 18):02d}:00:00+08:00",
            "valueQuantity": {"value": rng.randrange(10, 300), "unit": "mg/dL"},
        }


@dataclass(frozen=True)
class Cost:
    """Milliseconds of an answer: as it takes, and of processors in the hub and in the database."""

    taken: float
    hub: float
    database: float


async def _measured(settings: Settings) -> list[Row]:
    rows: list[Row] = []
    async with open_hub(settings, settings.database_url) as hub:
        await load(hub)
        with psycopg.connect(settings.database_url, autocommit=True) as connection:
            connection.execute("VACUUM ANALYZE")
        for name, pairs in QUESTIONS.items():
            rows += await _compared(hub, Path(settings.home), name, pairs)
    return rows


def _person_id() -> str:
    return f"p-{_CHANCE.randrange(KEPT, min(SEEN, PEOPLE))}"


_CHANCE = random.Random(3)
QUESTIONS: dict[str, Callable[[], Pairs]] = {
    "100 of a month by date": lambda: [
        ("date", f"ge{_CHANCE.randrange(2015, 2025)}-{_CHANCE.randrange(1, 13):02d}"),
        ("_sort", "date"),
        ("_count", "100"),
    ],
    "100 of a code": lambda: [("code", f"http://loinc.org|{_CHANCE.choice(CODES)}"), ("_count", "100")],
    "all of a patient": lambda: [("patient", _person_id()), ("_count", "100")],
    "chain by institution": lambda: [
        ("patient.organization", f"o-{_CHANCE.randrange(INSTITUTIONS)}"),
        ("_count", "100"),
    ],
    "count of a code": lambda: [("code", _CHANCE.choice(CODES)), ("_summary", "count")],
}


async def _compared(hub: Hub, home: Path, name: str, make: Callable[[], Pairs]) -> list[Row]:
    asked = [make() for _ in range(ASKED)]
    few = min(SEEN, PEOPLE)
    sights = {"everything": EVERYTHING, f"{few:,} patients": sight(few), "all patients": sight(PEOPLE, 0)}
    costs = await _costs(hub, home, asked, list(sights.values()))
    whole = costs[0]
    return [
        Row(
            f"{name}: {said}",
            cost.hub + cost.database,
            "CPU ms",
            "≤ +1.0" if said != "everything" else "",
            f"hub {cost.hub:.2f}, database {cost.database:.2f}, takes {cost.taken:.1f} ms"
            f", {cost.hub + cost.database - whole.hub - whole.database:+.2f}",
        )
        for said, cost in zip(sights, costs, strict=True)
    ]


async def _costs(hub: Hub, home: Path, asked: list[Pairs], sights: list[Sight]) -> list[Cost]:
    """Ask the same under each sight in turn, so that what else the machine does falls on all of them."""
    found: list[list[Cost]] = [[] for _ in sights]
    for pairs in asked:
        for one, mine in zip(sights, found, strict=True):
            mine.append(await _cost(home, lambda p=pairs, s=one: _answer(hub, p, s)))
    return [
        Cost(
            *(
                statistics.mean(getattr(one, part) for one in mine[5:])
                for part in ("taken", "hub", "database")
            )
        )
        for mine in found
    ]


async def _answer(hub: Hub, pairs: Pairs, one: Sight) -> bytes:
    return searchset(await hub.search(Asked(pairs, "Observation"), sight=one), "http://hub", "en")


async def _cost(home: Path, work: Callable[[], Awaitable[bytes]]) -> Cost:
    backends = _backends(home)
    before, started, mine = _used(backends), time.perf_counter(), time.process_time()
    await work()
    taken, used = time.perf_counter() - started, time.process_time() - mine
    return Cost(1_000 * taken, 1_000 * used, _used(backends) - before)


def _backends(home: Path) -> list[int]:
    postmaster = int((home / "postgres" / "postmaster.pid").read_text().split("\n")[0])
    return [one.pid for one in psutil.Process(postmaster).children()]


def _used(pids: list[int]) -> float:
    """Give the milliseconds that processes have used; `cpu_times` counts in hundredths of a second."""
    return sum(int(Path(f"/proc/{pid}/schedstat").read_text().split()[0]) for pid in pids) / 1_000_000
