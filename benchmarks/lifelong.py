"""The lifelong record of persons with 2,000 records: timeline and $summary, whole answers in process."""

import asyncio
import random
import statistics
import tempfile
import time
from collections.abc import Awaitable, Callable, Iterator
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

from benchmarks.report import Row, table
from xinglin.core.exact_json import ExactDecimal, dumps
from xinglin.core.settings import Settings
from xinglin.hub import schema
from xinglin.hub.changes import Change, Update
from xinglin.hub.embedded import EmbeddedServer
from xinglin.hub.hub import Hub, open_hub
from xinglin.hub.lifelong.answers import ask_timeline
from xinglin.hub.lifelong.summary import ask_summary
from xinglin.hub.lifelong.timeline import Asked
from xinglin.hub.processes import settle
from xinglin.hub.records import Key

Json = dict[str, Any]

PERSONS = 5
RECORDS = 2_000
ASKED = 60
UCUM = "http://unitsofmeasure.org"
ITEMS = (("2345-7", "葡萄糖", "mmol/L"), ("718-7", "血红蛋白", "g/L"), ("2160-0", "肌酐", "umol/L"))


def main() -> None:
    """Measure and print the table."""
    with tempfile.TemporaryDirectory(prefix="xinglin-bench-") as home:
        server = EmbeddedServer(Path(home))
        server.start()
        try:
            schema.upgrade(server.url())
            rows = asyncio.run(_measured(Settings(home=home, database_url=server.url())))
        finally:
            server.stop()
    print(table(f"Lifelong record ({PERSONS} persons, {RECORDS:,} records each from two sources)", rows))


async def _measured(settings: Settings) -> list[Row]:
    async with open_hub(settings, settings.database_url) as hub:
        await _fill(hub)
        settle()  # as a process of the hub does when it starts
        return [
            *await _rows("timeline, all kinds", lambda id_: ask_timeline(hub, id_, Asked(), "zh"), "≤ 60"),
            *await _rows(
                "timeline, results",
                lambda id_: ask_timeline(hub, id_, Asked(kinds=("result",)), "zh"),
                "≤ 60",
            ),
            *await _rows("$summary", lambda id_: ask_summary(hub, id_, "http://localhost/fhir", "zh")),
        ]


async def _rows(name: str, ask: Callable[[str], Awaitable[Json]], reach: str = "") -> list[Row]:
    """Ask for one person after another, JSON text included: 95th percentiles of time and processor time."""
    walls: list[float] = []
    processor: list[float] = []
    for number in range(ASKED):
        wall, cpu = time.perf_counter(), time.process_time()
        dumps(await ask(f"p{number % PERSONS}"))
        walls.append((time.perf_counter() - wall) * 1000)
        processor.append((time.process_time() - cpu) * 1000)
    return [
        Row(f"{name}, p95", _late(walls), "ms", reach),
        Row(f"{name}, p95 of processor time", _late(processor), "ms", note="this process alone"),
    ]


def _late(times: list[float]) -> float:
    return statistics.quantiles(times[PERSONS:], n=20)[-1]


async def _fill(hub: Hub) -> None:
    async with hub.database.connection() as connection:
        for name in ("lab", "his"):
            await connection.execute(
                "INSERT INTO source (id, institution, institution_name, system, namespace, formats, ids,"
                " validation, contact, declared)"
                " VALUES (%s, %s, %s, '', %s, '{}', 'own', 'none', '', '{}')",
                [name, f"code-{name}", f"医院{name}", name],
            )
    for person in range(PERSONS):
        records = list(_records(f"p{person}", random.Random(person)))
        changes: list[Change] = [
            Update(one["resourceType"], key=Key(one["resourceType"], one["id"]), content=one)
            for one in records
        ]
        await hub.change_all(changes)


def _records(person: str, chance: random.Random) -> Iterator[Json]:
    """Give a person's records: visits with diagnoses, medicines and results, some told by both sources."""
    yield {"resourceType": "Patient", "id": person, "name": [{"text": "王建国"}], "gender": "male"}
    made, visit = 1, 0
    while made < RECORDS:
        visit += 1
        at = datetime(2010, 1, 1, 9, tzinfo=UTC) + timedelta(days=30 * visit, minutes=chance.randrange(400))
        for one in _visit(person, visit, at, chance):
            if made < RECORDS:
                made += 1
                yield one


def _visit(person: str, visit: int, at: datetime, chance: random.Random) -> Iterator[Json]:
    subject, id_ = {"reference": f"Patient/{person}"}, f"{person}-{visit}"
    start, day = at.isoformat(), at.date().isoformat()

    def record(kind: str, name: str, source: str, **other: Any) -> Json:
        meta = {"source": f"urn:xinglin:source:{source}:{visit}#1"}
        return {"resourceType": kind, "id": f"{id_}-{name}", "meta": meta, "subject": subject} | other

    klass = {"system": "http://terminology.hl7.org/CodeSystem/v3-ActCode", "code": "AMB"}
    yield record("Encounter", "e", "his", status="finished", period={"start": start}, **{"class": klass})
    code = {
        "coding": [{"system": "http://hl7.org/fhir/sid/icd-10", "code": f"I1{visit % 5}"}],
        "text": "高血压",
    }
    yield record("Condition", "c", "his", code=code, recordedDate=day)
    medicine = {
        "coding": [{"system": "http://www.whocc.no/atc", "code": f"C09AA0{visit % 9}"}],
        "text": "依那普利",
    }
    yield record(
        *("MedicationRequest", "m", "his"),
        status="completed",
        intent="order",
        medicationCodeableConcept=medicine,
        authoredOn=start,
    )
    for loinc, name, unit in ITEMS:
        value = ExactDecimal(f"{chance.uniform(4, 12):.1f}")
        told = {
            "status": "final",
            "code": {"coding": [{"system": "http://loinc.org", "code": loinc}], "text": name},
            "valueQuantity": {"value": value, "unit": unit, "system": UCUM, "code": unit},
            "referenceRange": [{"low": {"value": 3, "unit": unit}, "high": {"value": 9, "unit": unit}}],
        }
        yield record("Observation", f"l{loinc}", "lab", effectiveDateTime=start, **told)
        later = (at + timedelta(minutes=3)).isoformat()
        yield record("Observation", f"h{loinc}", "his", effectiveDateTime=later, **told)
