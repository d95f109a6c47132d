"""Data quality over the Synthea mix: judging alone, and whole steps with an embedded database."""

import asyncio
import tempfile
import time
from datetime import UTC, datetime
from pathlib import Path
from typing import Any
from zoneinfo import ZoneInfo

from benchmarks.report import Row, table
from benchmarks.standards import FILES, _rate, _records
from xinglin.core.settings import Settings
from xinglin.hub import schema
from xinglin.hub.changes import Update
from xinglin.hub.embedded import EmbeddedServer
from xinglin.hub.hub import open_hub
from xinglin.hub.quality import Evaluator, in_force
from xinglin.hub.quality.judge import Judge
from xinglin.hub.records import Key

STORED = 20_000
TOGETHER = 1_000


def main() -> None:
    """Measure and print the table."""
    rules = in_force(Path("/nonexistent"))
    records = _records(FILES)
    judge = Judge(rules, ZoneInfo("Asia/Shanghai"))
    received = datetime.now(UTC)
    alone = _rate(lambda record: judge.judge(record, received), records)
    rows = [
        Row("judging", alone, "records per CPU second", "≥ 5,000", f"{len(rules.of_kind('fhirpath'))} rules"),
        *_steps(list({(r["resourceType"], r["id"]): r for r in records}.values())[:STORED]),
    ]
    print(table(f"Data quality ({len(records):,} Synthea records)", rows))


def _steps(records: list[dict[str, Any]]) -> list[Row]:
    with tempfile.TemporaryDirectory(prefix="xinglin-bench-") as home:
        server = EmbeddedServer(Path(home))
        server.start()
        try:
            schema.upgrade(server.url())
            return asyncio.run(_measured(Settings(home=home, database_url=server.url()), records))
        finally:
            server.stop()


async def _measured(settings: Settings, records: list[dict[str, Any]]) -> list[Row]:
    async with open_hub(settings, settings.database_url) as hub:
        for start in range(0, len(records), TOGETHER):
            part = records[start : start + TOGETHER]
            await hub.change_all(
                [Update(r["resourceType"], key=Key(r["resourceType"], r["id"]), content=r) for r in part]
            )
        evaluator = Evaluator(hub, in_force(settings.quality), settings.time_zone)
        wall, cpu, finished = time.perf_counter(), time.process_time(), False
        while not finished:
            finished = (await evaluator.step(most=TOGETHER)).finished
        wall, cpu = time.perf_counter() - wall, time.process_time() - cpu
    return [
        Row("whole steps", len(records) / cpu, "records per CPU second of the process", "≥ 5,000"),
        Row("whole steps, wall", len(records) / wall, "records/s", note="with the days asked at the end"),
    ]
