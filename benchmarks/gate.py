"""The gate: what it costs to decide, to narrow, and to write down, beside the bare hub in the same run."""

import asyncio
import os
import statistics
import tempfile
import time
from collections.abc import Awaitable, Callable
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

from benchmarks.report import Row, table
from xinglin.core.clock import instant, now
from xinglin.core.settings import Settings
from xinglin.hub import schema
from xinglin.hub.changes import Update
from xinglin.hub.embedded import EmbeddedServer
from xinglin.hub.hub import Hub, open_hub
from xinglin.hub.records import Key
from xinglin.hub.search.answer import searchset
from xinglin.hub.search.search import Asked
from xinglin.trust.gate.asking import Asking
from xinglin.trust.gate.gate import Gate, open_gate
from xinglin.trust.who import Who

PATIENTS = int(os.environ.get("XINGLIN_BENCH_GATE_PATIENTS", "200"))
EACH = 100
SECONDS = float(os.environ.get("XINGLIN_BENCH_GATE_SECONDS", "4"))
CLIENTS = 16
ROUNDS = 3
TREATED = 40
WANG = Who("user:wang", "user", roles=frozenset({"clinician"}), practitioner="wang")
BASE = "http://localhost/fhir"

Json = dict[str, Any]
Ask = Callable[[int], Awaitable[None]]


@dataclass(frozen=True)
class Figure:
    """Requests a second, milliseconds in the middle, and the process's own milliseconds of CPU a request."""

    rate: float
    middle: float
    cpu: float


def main() -> None:
    """Measure and print the table."""
    with tempfile.TemporaryDirectory(prefix="xinglin-bench-") as home:
        server = EmbeddedServer(Path(home))
        server.start()
        try:
            schema.upgrade(server.url())
            settings = Settings(home=home, database_url=server.url(), log_level="error")
            rows = asyncio.run(_measured(settings))
        finally:
            server.stop()
    print(table(f"The gate on and off: {CLIENTS} requests at a time, {PATIENTS * EACH:,} observations", rows))


async def _measured(settings: Settings) -> list[Row]:
    async with open_hub(settings, settings.database_url) as hub, open_gate(settings, hub) as gate:
        await fill(hub)
        rows: list[Row] = []
        for name, off, on in (
            ("read", _read_bare(hub), _read_gated(gate)),
            (f"search of {EACH} records", _search_bare(hub), _search_gated(gate)),
        ):
            rows += _rows(name, await _compared(off, on))
        return rows


async def fill(hub: Hub) -> None:
    """Store patients with observations, some of them treated by Dr Wang."""
    records: list[Json] = [{"resourceType": "Practitioner", "id": "wang"}]
    for number in range(PATIENTS):
        owner = {"reference": f"Patient/p{number}"}
        records.append({"resourceType": "Patient", "id": f"p{number}", "name": [{"text": f"人{number}"}]})
        if number < TREATED:
            records.append(
                {
                    "resourceType": "Encounter",
                    "id": f"e{number}",
                    "status": "in-progress",
                    "class": {"system": "http://terminology.hl7.org/CodeSystem/v3-ActCode", "code": "AMB"},
                    "subject": owner,
                    "participant": [{"individual": {"reference": "Practitioner/wang"}}],
                    "period": {"start": instant(now())},
                }
            )
        records += [_observation(number, at, owner) for at in range(EACH)]
    for at in range(0, len(records), 1_000):
        some = records[at : at + 1_000]
        await hub.change_all(
            [Update(o["resourceType"], Key(o["resourceType"], o["id"]), content=o) for o in some]
        )
    async with hub.database.connection() as connection:
        await connection.execute("ANALYZE")


def _observation(number: int, at: int, owner: Json) -> Json:
    return {
        "resourceType": "Observation",
        "id": f"o{number}-{at}",
        "status": "final",
        "category": [{"coding": [{"code": "laboratory"}]}],
        "code": {
            "coding": [{"system": "http://loinc.org", "code": f"{2000 + at}-{at % 10}", "display": "Glucose"}]
        },
        "subject": owner,
        "effectiveDateTime": f"2026-{1 + at % 12:02}-{1 + at % 28:02}T08:00:00+08:00",
        "valueQuantity": {
            "value": at,
            "unit": "mmol/L",
            "system": "http://unitsofmeasure.org",
            "code": "mmol/L",
        },
        "referenceRange": [{"low": {"value": 3.9}, "high": {"value": 6.1}, "text": "3.9-6.1"}],
    }


def _asked(number: int) -> Asked:
    pairs = [("patient", f"Patient/p{number % TREATED}"), ("_count", str(EACH))]
    return Asked(pairs, "Observation", base=BASE)


def _read_bare(hub: Hub) -> Ask:
    async def ask(number: int) -> None:
        await hub.read(Key("Observation", f"o{number % TREATED}-{number % EACH}"))

    return ask


def _read_gated(gate: Gate) -> Ask:
    async def ask(number: int) -> None:
        hub = gate.open(Asking(WANG, "TREAT", interaction="read", query=f"GET /fhir/Observation/o{number}"))
        await hub.enter("read", "GET")
        await hub.read(Key("Observation", f"o{number % TREATED}-{number % EACH}"))
        await hub.finish()

    return ask


def _search_bare(hub: Hub) -> Ask:
    async def ask(number: int) -> None:
        searchset(await hub.search(_asked(number)), BASE, "en")

    return ask


def _search_gated(gate: Gate) -> Ask:
    async def ask(number: int) -> None:
        hub = gate.open(
            Asking(WANG, "TREAT", interaction="search-type", query="GET /fhir/Observation?patient=…")
        )
        await hub.enter("search-type", "GET")
        searchset(await hub.search(_asked(number)), BASE, "en")
        await hub.finish()

    return ask


async def _compared(off: Ask, on: Ask) -> tuple[Figure, Figure]:
    """Measure both by turns, so that what else the machine does meets both; give the middle of each."""
    await _figure(off, 0.5)
    await _figure(on, 0.5)
    bare, gated = [], []
    for _ in range(ROUNDS):
        bare.append(await _figure(off, SECONDS))
        gated.append(await _figure(on, SECONDS))
    return _middle(bare), _middle(gated)


async def _figure(ask: Ask, seconds: float) -> Figure:
    taken: list[float] = []
    began, busy = time.perf_counter(), time.process_time()

    async def client(first: int) -> None:
        number = first
        while time.perf_counter() - began < seconds:
            start = time.perf_counter()
            await ask(number)
            taken.append(time.perf_counter() - start)
            number += CLIENTS

    await asyncio.gather(*map(client, range(CLIENTS)))
    spent, used = time.perf_counter() - began, time.process_time() - busy
    return Figure(len(taken) / spent, statistics.median(taken) * 1e3, used / len(taken) * 1e3)


def _middle(figures: list[Figure]) -> Figure:
    found = sorted(figures, key=lambda one: one.cpu)[len(figures) // 2]
    return replace(found)


def _rows(name: str, compared: tuple[Figure, Figure]) -> list[Row]:
    off, on = compared
    return [
        Row(f"{name}, gate off", off.rate, "/s", note=f"{off.middle:.1f} ms, {off.cpu:.2f} ms CPU"),
        Row(f"{name}, gate on", on.rate, "/s", note=f"{on.middle:.1f} ms, {on.cpu:.2f} ms CPU"),
        Row(f"{name}: the gate's CPU", on.cpu - off.cpu, "ms", "≤ 1 for 100 records"),
        Row(f"{name}: fewer a second", 100 * (1 - on.rate / off.rate), "%", "≤ 15"),
    ]
