"""Records over HTTP: create, read, transactions, storage and memory.

Client and server share the machine; 8 connections; commits are durable.
"""

import asyncio
import gzip
import itertools
import json
import os
import re
import time
from collections.abc import Iterator
from pathlib import Path

import psycopg

from benchmarks.client import drive, request
from benchmarks.report import Row, table
from benchmarks.server import Running, hub
from xinglin.hub.embedded import EmbeddedServer

CONNECTIONS = 8
CREATES, READS = 6_000, 12_000
SYNTHEA = Path(os.environ.get("XINGLIN_SHARED", "../shared")) / "data" / "synthea"


def main() -> None:
    """Measure and print the table."""
    with hub() as running:
        time.sleep(2)
        at_rest = running.worker_mb()
        rows = [*_observations(running), *_transactions(running)]
        rows.append(Row("worker memory at rest", at_rest, "MB", "≤ 150"))
        rows.append(Row("worker memory under this load", running.worker_mb(), "MB", "≤ 400"))
    print(table("Records over HTTP", rows))


def _observations(running: Running) -> Iterator[Row]:
    body = json.dumps(_observation(), ensure_ascii=False).encode()
    _timed(running, [request("POST", "/fhir/Observation", body)] * 500)  # warm
    row, last = _timed(running, [request("POST", "/fhir/Observation", body)] * CREATES)
    yield row.named("create Observation", "≥ 1500")
    id_ = json.loads(last.partition(b"\r\n\r\n")[2])["id"]
    row, _ = _timed(running, [request("GET", f"/fhir/Observation/{id_}")] * READS)
    yield row.named("read", "≥ 3000")


def _transactions(running: Running) -> Iterator[Row]:
    before = _database_bytes(running)
    bundles = list(_bundles(50, limit=600))
    count = sum(len(b["entry"]) for b in bundles)
    row, _ = _timed(
        running, [request("POST", "/fhir", json.dumps(b, ensure_ascii=False).encode()) for b in bundles]
    )
    yield row.named("transaction of 50", "≥ 60")
    yield Row("resources in transactions", row.value * count / len(bundles), "/s", "≥ 3000")
    yield Row(
        "storage, all included", (_database_bytes(running) - before) / count, "bytes/resource", "≤ 1500"
    )


def _timed(running: Running, requests: list[bytes]) -> tuple[Row, bytes]:
    cpu, started = running.cpu_seconds(), time.perf_counter()
    tally = asyncio.run(drive(running.port, iter(requests), CONNECTIONS))
    seconds = time.perf_counter() - started
    used = {name: value - cpu[name] for name, value in running.cpu_seconds().items()}
    costs = ", ".join(f"{name} {1000 * value / len(requests):.2f}" for name, value in used.items())
    return Row("", tally.answered / seconds, "/s", note=f"CPU ms each: {costs}"), tally.last


def _bundles(size: int, limit: int) -> Iterator[dict]:
    """Cut Synthea's bundles into transactions of `size`; references beyond a cut become literal."""
    for file in itertools.islice(sorted(SYNTHEA.glob("*.gz")), limit):
        entries = json.loads(gzip.decompress(file.read_bytes()))["entry"]
        literal = {e["fullUrl"]: _literal(e) for e in entries}
        for start in range(0, len(entries) - size, size):
            part = entries[start : start + size]
            yield {"resourceType": "Bundle", "type": "transaction", "entry": _closed(part, literal)}
            limit -= 1
            if limit <= 0:
                return


def _literal(entry: dict) -> str:
    return f"{entry['resource']['resourceType']}/{entry['fullUrl'].removeprefix('urn:uuid:')}"


def _closed(part: list[dict], literal: dict[str, str]) -> list[dict]:
    """Give entries whose references to entries outside of `part` are literal."""
    own = {e["fullUrl"] for e in part}
    text = json.dumps(part, ensure_ascii=False)

    def put(match: re.Match[str]) -> str:
        return match[0] if match[0] in own else literal.get(match[0], match[0])

    return json.loads(re.sub(r"urn:uuid:[0-9a-f-]{36}", put, text))


def _database_bytes(running: Running) -> int:
    with psycopg.connect(EmbeddedServer(running.home).url(), autocommit=True) as connection:
        connection.execute("VACUUM ANALYZE")
        row = connection.execute(
            "SELECT sum(pg_total_relation_size(oid)) FROM pg_class "
            "WHERE relkind = 'r' AND relnamespace = 'public'::regnamespace"
        ).fetchone()
    return int(row[0]) if row else 0


def _observation() -> dict:
    return {
        "resourceType": "Observation",
        "status": "final",
        "category": [
            {
                "coding": [
                    {
                        "system": "http://terminology.hl7.org/CodeSystem/observation-category",
                        "code": "laboratory",
                    }
                ]
            }
        ],
        "code": {"coding": [{"system": "http://loinc.org", "code": "2345-7"}], "text": "葡萄糖"},
        "subject": {"reference": "Patient/invented"},
        "effectiveDateTime": "2026-03-01T08:30:00+08:00",
        "valueQuantity": {
            "value": 5.6,
            "unit": "mmol/L",
            "system": "http://unitsofmeasure.org",
            "code": "mmol/L",
        },
    }
