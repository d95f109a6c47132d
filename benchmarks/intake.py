"""The Synthea mix as NDJSON through `xinglin intake`: rate, processor time, memory, and whether it stays so.

400,000 resources (XINGLIN_BENCH_INTAKE: another number), loaded by two processes into an embedded database.
Copies of the files get ids of their own, so that every record is new. Memory is that of all processes
together, the database's included, each shared page counted once (PSS).
"""

import gzip
import itertools
import json
import os
import re
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator
from contextlib import suppress
from pathlib import Path

import psutil
import psycopg

from benchmarks.report import Row, table
from xinglin.hub.embedded import EmbeddedServer

SIZE = int(os.environ.get("XINGLIN_BENCH_INTAKE", "400000"))
PARTS = 2
"""Files of equal size, each loaded by a command of its own: the last is compared with the first."""

SYNTHEA = Path(os.environ.get("XINGLIN_SHARED", "../shared")) / "data" / "synthea"
LOOK_SECONDS = 0.5
_UUID = re.compile(rb"[0-9a-f]{8}(?=-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{12})")


def main() -> None:
    """Measure and print the table."""
    with tempfile.TemporaryDirectory(prefix="xinglin-bench-") as folder:
        home = Path(folder)
        server = EmbeddedServer(home)
        server.start()
        try:
            rows = _measured(home, server)
        finally:
            server.stop()
    print(table(f"Intake of {SIZE:,} Synthea resources, two processes", rows))


def _measured(home: Path, server: EmbeddedServer) -> list[Row]:
    lines = _lines()
    count = SIZE // PARTS
    _load(home, server, _write(home, itertools.islice(lines, 2_000)))  # makes the schema
    rates, memory, cpu = list[float](), 0.0, {"hub": 0.0, "database": 0.0}
    for _ in range(PARTS):
        part = _load(home, server, _write(home, itertools.islice(lines, count)))
        rates.append(count / part.seconds)
        memory = max(memory, part.memory)
        cpu = {name: value + part.cpu[name] for name, value in cpu.items()}
    each = ", ".join(f"{name} {1e6 * value / SIZE:.0f}" for name, value in cpu.items())
    return [
        Row(
            "whole command",
            SIZE / sum(count / rate for rate in rates),
            "/s",
            "≥ 5000",
            f"CPU µs each: {each}",
        ),
        Row("last part against the first", 100 * rates[-1] / rates[0], "%", "≥ 80"),
        Row("memory of all processes", memory, "MB", "≤ 1200"),
        Row("storage, all included", _database_bytes(server) / SIZE, "bytes/resource", "≤ 1500"),
    ]


class _Loaded:
    """What a run of the command took."""

    def __init__(self, process: psutil.Process, postmaster: psutil.Process) -> None:
        self.memory, self.seconds = 0.0, 0.0
        self.cpu = {"hub": 0.0, "database": 0.0}
        self._process, self._postmaster = process, postmaster
        self.began, self._database = time.perf_counter(), _family_cpu(postmaster)

    def look(self) -> None:
        """Take note of what it uses now."""
        everyone = [*_family(self._process), *_family(self._postmaster)]
        self.memory = max(self.memory, sum(map(_pss_mb, everyone)))
        self.seconds = time.perf_counter() - self.began
        self.cpu["hub"] = max(self.cpu["hub"], _family_cpu(self._process))
        self.look_at_database()

    def look_at_database(self) -> None:
        """Take note of the processor time that the database has used."""
        self.cpu["database"] = max(self.cpu["database"], _family_cpu(self._postmaster) - self._database)


def _load(home: Path, server: EmbeddedServer, path: Path) -> _Loaded:
    environment = {name: value for name, value in os.environ.items() if not name.startswith("XINGLIN_")}
    environment |= {"XINGLIN_HOME": str(home), "XINGLIN_INTAKE_WORKERS": "2", "XINGLIN_LOG_LEVEL": "error"}
    command = [sys.executable, "-m", "xinglin", "intake", "--format", "json", str(path)]
    postmaster = psutil.Process(int((server.folder / "postmaster.pid").read_text().split("\n")[0]))
    with subprocess.Popen(command, env=environment, stdout=subprocess.PIPE) as process:
        loaded = _Loaded(psutil.Process(process.pid), postmaster)
        while process.poll() is None:
            loaded.look()
            with suppress(subprocess.TimeoutExpired):
                process.wait(LOOK_SECONDS)
        loaded.seconds = time.perf_counter() - loaded.began
        loaded.look_at_database()
        told = json.loads(process.stdout.read() if process.stdout else b"{}")
    if told["refused"] or not told["accepted"]:
        raise RuntimeError(f"refused: {told['by_reason']}")
    path.unlink()
    return loaded


def _family(process: psutil.Process) -> list[psutil.Process]:
    with suppress(psutil.NoSuchProcess):
        return [process, *process.children(recursive=True)]
    return []


def _family_cpu(process: psutil.Process) -> float:
    used = 0.0
    with suppress(psutil.NoSuchProcess):
        times = process.cpu_times()
        used += times.children_user + times.children_system
    for one in _family(process):
        with suppress(psutil.NoSuchProcess):
            times = one.cpu_times()
            used += times.user + times.system
    return used


def _pss_mb(process: psutil.Process) -> float:
    with suppress(OSError):
        text = Path(f"/proc/{process.pid}/smaps_rollup").read_text()
        return int(text.partition("\nPss:")[2].split()[0]) / 1_000
    return 0.0


def _lines() -> Iterator[bytes]:
    """Give the resources of all files, with references made literal; again and again, as other people's."""
    known = list(_first())
    yield from known
    for turn in itertools.count(1):
        mark = b"%08x" % turn
        for line in known:
            yield _UUID.sub(lambda match, mark=mark: _mixed(match[0], mark), line)


def _first() -> Iterator[bytes]:
    for file in sorted(SYNTHEA.glob("*.json.gz")):
        entries = json.loads(gzip.decompress(file.read_bytes()))["entry"]
        kinds = {entry["fullUrl"]: entry["resource"]["resourceType"] for entry in entries}
        for entry in entries:
            text = json.dumps(entry["resource"], ensure_ascii=False)
            yield (
                re.sub(r"urn:uuid:[0-9a-f-]{36}", lambda m, k=kinds: _literal(m[0], k), text).encode() + b"\n"
            )


def _literal(url: str, kinds: dict[str, str]) -> str:
    return f"{kinds[url]}/{url.removeprefix('urn:uuid:')}" if url in kinds else url


def _mixed(start: bytes, mark: bytes) -> bytes:
    return b"%08x" % (int(start, 16) ^ int(mark, 16))


def _write(home: Path, lines: Iterator[bytes]) -> Path:
    path = home / "delivery.ndjson"
    with path.open("wb") as stream:
        stream.writelines(lines)
    return path


def _database_bytes(server: EmbeddedServer) -> int:
    with psycopg.connect(server.url(), autocommit=True) as connection:
        row = connection.execute(
            "SELECT sum(pg_total_relation_size(oid)) FROM pg_class "
            "WHERE relkind = 'r' AND relnamespace = 'public'::regnamespace"
        ).fetchone()
    return int(row[0]) if row else 0
