"""A hub of its own for a measurement: started in an empty home, watched, stopped."""

import os
import socket
import subprocess
import sys
import tempfile
import time
import urllib.request
from collections.abc import Generator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

import psutil


@dataclass(frozen=True)
class Running:
    """A running hub."""

    port: int
    home: Path
    process: psutil.Process

    def worker_mb(self) -> float:
        """Give the resident memory of the largest worker, in MB."""
        return max(p.memory_info().rss for p in self.process.children(recursive=True)) / 1e6

    def cpu_seconds(self) -> dict[str, float]:
        """Give the processor time used so far by the hub's own processes and by its database's."""
        hub = sum(_cpu(p) for p in [self.process, *self.process.children(recursive=True)])
        return {"hub": hub, "database": self._database_cpu()}

    def background_cpu(self) -> float:
        """Give the processor time used so far by the process beside the workers: it watches the log, too."""
        spawned = [p for p in self.process.children() if "spawn_main" in " ".join(p.cmdline())]
        return sum(_cpu(p) for p in spawned if not _listens(p))

    def _database_cpu(self) -> float:
        pid = int((self.home / "postgres" / "postmaster.pid").read_text().split("\n")[0])
        postmaster = psutil.Process(pid)
        times = postmaster.cpu_times()
        # children_*: processes of the database that have ended
        ended = times.children_user + times.children_system
        return _cpu(postmaster) + ended + sum(_cpu(p) for p in postmaster.children())


def _listens(process: psutil.Process) -> bool:
    return any(one.status == psutil.CONN_LISTEN for one in process.net_connections("tcp"))


def _cpu(process: psutil.Process) -> float:
    times = process.cpu_times()
    return times.user + times.system


@contextmanager
def hub(**settings: str) -> Generator[Running]:
    """Run `xinglin serve` in an empty home."""
    with (
        tempfile.TemporaryDirectory(prefix="xinglin-bench-") as folder,
        serving(Path(folder), "xinglin", **settings) as running,
    ):
        yield running


@contextmanager
def serving(folder: Path, module: str, **settings: str) -> Generator[Running]:
    """Run `python -m MODULE serve` with its home in a folder."""
    port = _free_port()
    environment = {name: value for name, value in os.environ.items() if not name.startswith("XINGLIN_")}
    environment |= {
        "XINGLIN_HOME": str(folder),
        "XINGLIN_PORT": str(port),
        "XINGLIN_LOG_LEVEL": "warning",
    } | settings
    command = [sys.executable, "-m", module, "serve"]
    with subprocess.Popen(command, env=environment, stdout=subprocess.DEVNULL) as process:
        try:
            _wait(port, process)
            yield Running(port, folder, psutil.Process(process.pid))
        finally:
            process.terminate()
            process.wait(60)


def _free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return probe.getsockname()[1]


def _wait(port: int, process: subprocess.Popen[bytes]) -> None:
    for _ in range(600):
        if process.poll() is not None:
            raise RuntimeError(f"the hub ended with {process.returncode}")
        try:
            with urllib.request.urlopen(f"http://127.0.0.1:{port}/readyz") as answer:
                if answer.status == 200:
                    return
        except OSError:
            time.sleep(0.1)
    raise RuntimeError("the hub doesn't start")
