"""The gate as a client feels it: the same app over HTTP, with the gate and without, by turns in one run."""

import asyncio
import itertools
import os
import statistics
import tempfile
import time
from collections.abc import Iterator
from contextlib import ExitStack
from dataclasses import dataclass
from pathlib import Path

from benchmarks.client import drive, request
from benchmarks.gate import EACH, PATIENTS, TREATED, fill
from benchmarks.report import Row, table
from benchmarks.server import Running, serving
from xinglin.core.settings import Settings
from xinglin.hub import schema
from xinglin.hub.embedded import EmbeddedServer
from xinglin.hub.hub import open_hub
from xinglin.trust.gate.gate import open_gate
from xinglin.trust.login.managing import Managing
from xinglin.trust.login.roles import Place
from xinglin.trust.who import Who

SECONDS = float(os.environ.get("XINGLIN_BENCH_GATE_SECONDS", "4"))
CLIENTS = int(os.environ.get("XINGLIN_BENCH_GATE_CLIENTS", "16"))
ROUNDS = 3
WARM_SECONDS = 1.0
PASSWORD = "Apricot-Wood 41"


@dataclass(frozen=True)
class Figure:
    """Requests a second; ms in the middle; ms of CPU a request, of worker, background and database."""

    rate: float
    middle: float
    worker: float
    background: float
    database: float


def main() -> None:
    """Measure and print the table."""
    with tempfile.TemporaryDirectory(prefix="xinglin-bench-") as folder, ExitStack() as stack:
        home = Path(folder)
        server = EmbeddedServer(home)
        server.start()
        stack.callback(server.stop)
        schema.upgrade(server.url())
        token = asyncio.run(_prepared(Settings(home=folder, database_url=server.url(), log_level="error")))
        url = server.url()
        off = stack.enter_context(serving(home, "benchmarks.ungated", XINGLIN_DATABASE_URL=url))
        on = stack.enter_context(serving(home, "xinglin", XINGLIN_DATABASE_URL=url))
        cookie = f"Cookie: xinglin={token}"
        rows = [row for name, paths in _asked() for row in _compared(name, paths, off, on, cookie)]
    print(table(f"The gate over HTTP: {CLIENTS} connections, {PATIENTS * EACH:,} observations", rows))


async def _prepared(settings: Settings) -> str:
    """Fill the hub and log a clinician in; give the session's token."""
    async with open_hub(settings, settings.database_url) as hub, open_gate(settings, hub) as gate:
        await fill(hub)
        managing = Managing(gate.login, Who("local:root", "local"))
        secret = await managing.add("wang", "王芳")
        await managing.grant("wang", "clinician", Place(practitioner="wang"))
        entered = await gate.login.login("wang", secret)
        return (await gate.login.change_password(entered.token, "", PASSWORD)).token


def _asked() -> Iterator[tuple[str, list[str]]]:
    reads = [f"/fhir/Observation/o{one}-{at}" for at in range(EACH) for one in range(TREATED)]
    searches = [f"/fhir/Observation?patient=Patient/p{one}&_count={EACH}" for one in range(TREATED)]
    yield "read", reads
    yield f"search of {EACH} records", searches


def _compared(name: str, paths: list[str], off: Running, on: Running, cookie: str) -> list[Row]:
    """Measure both by turns, so that what else the machine does meets both; take each one's middle."""
    bare = [request("GET", path) for path in paths]
    gated = [request("GET", path, b"", cookie) for path in paths]
    _figure(off, bare, WARM_SECONDS)
    _figure(on, gated, WARM_SECONDS)
    figures = [(_figure(off, bare, SECONDS), _figure(on, gated, SECONDS)) for _ in range(ROUNDS)]
    without, with_ = (_middle(list(some)) for some in zip(*figures, strict=True))
    return [
        _row(f"{name}, gate off", without),
        _row(f"{name}, gate on", with_),
        Row(f"{name}: fewer a second", 100 * (1 - with_.rate / without.rate), "%", "≤ 15"),
        Row(
            f"{name}: the gate's CPU",
            with_.worker + with_.database - without.worker - without.database,
            "ms",
            "≤ 1 for 100 records",
            f"worker {with_.worker - without.worker:.3f}, database {with_.database - without.database:.3f};"
            f" beside it {with_.background - without.background:.3f}",
        ),
    ]


def _figure(running: Running, requests: list[bytes], seconds: float) -> Figure:
    before, began = _used(running), time.perf_counter()
    until = began + seconds
    given = itertools.takewhile(lambda _: time.perf_counter() < until, itertools.cycle(requests))
    tally = asyncio.run(drive(running.port, given, CLIENTS))
    spent = time.perf_counter() - began
    used = [after - one for one, after in zip(before, _used(running), strict=True)]
    each = [1e3 * one / tally.answered for one in used]
    return Figure(tally.answered / spent, 1e3 * statistics.median(tally.seconds), *each)


def _used(running: Running) -> tuple[float, float, float]:
    """Give the seconds of CPU that worker, background and database have used so far."""
    all_, background = running.cpu_seconds(), running.background_cpu()
    return all_["hub"] - background, background, all_["database"]


def _middle(figures: list[Figure]) -> Figure:
    return sorted(figures, key=lambda one: one.rate)[len(figures) // 2]


def _row(name: str, figure: Figure) -> Row:
    cpu = f"CPU ms each: worker {figure.worker:.3f}, database {figure.database:.3f}"
    return Row(name, figure.rate, "/s", note=f"{figure.middle:.1f} ms; {cpu}")
