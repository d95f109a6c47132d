"""Running hubs for tests: real processes that can be killed, with what they listen on and who they are."""

import contextlib
import os
import socket
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import TypeVar

import httpx2 as httpx
import psutil

T = TypeVar("T")
LOOK_SECONDS = 0.05


def free_port() -> int:
    """Give a TCP port that nobody listens on."""
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port: int = probe.getsockname()[1]
        return port


def until(look: Callable[[], T | None], seconds: float = 60) -> T:
    """Look again and again until something is found; fail after `seconds`."""
    deadline = time.monotonic() + seconds
    while not (found := look()):
        assert time.monotonic() < deadline, "it didn't happen in time"
        time.sleep(LOOK_SECONDS)
    return found


def environment(home: Path, **settings: str) -> dict[str, str]:
    """Give the environment of a hub at home in a folder, with these settings and no others."""
    kept = {name: value for name, value in os.environ.items() if not name.startswith("XINGLIN_")}
    return kept | {"XINGLIN_HOME": str(home), "LANG": "C.UTF-8"} | settings


def children(parent: int) -> list[psutil.Process]:
    """Give the living Python processes that a process has spawned, without multiprocessing's tracker."""
    found: list[psutil.Process] = []
    for one in psutil.Process(parent).children():
        with contextlib.suppress(psutil.NoSuchProcess):
            if one.status() != psutil.STATUS_ZOMBIE and "spawn_main" in " ".join(one.cmdline()):
                found.append(one)
    return found


def listens(process: psutil.Process, port: int) -> bool:
    """Tell whether a process holds the socket that listens on a port."""
    with contextlib.suppress(psutil.NoSuchProcess):
        return any(
            one.status == psutil.CONN_LISTEN and one.laddr.port == port
            for one in process.net_connections("tcp")
        )
    return False


class RunningHub:
    """A hub in processes of its own."""

    def __init__(self, home: Path, command: str = "serve", **settings: str) -> None:
        self.home = home
        self.port = free_port()
        self.root = f"http://127.0.0.1:{self.port}"
        self.settings = environment(home, **{"XINGLIN_PORT": str(self.port)} | settings)
        self._command = command
        self.process: subprocess.Popen[bytes] | None = None

    @property
    def pid(self) -> int:
        """The main process."""
        assert self.process is not None
        return self.process.pid

    @property
    def log(self) -> str:
        """What it wrote to standard error so far."""
        return (self.home / "log").read_text(encoding="utf-8")

    def start(self) -> None:
        """Start it; a hub answers when this returns."""
        with (self.home / "log").open("a") as log:
            self.process = subprocess.Popen(
                [sys.executable, "-m", "xinglin", self._command],
                env=self.settings,
                stdout=subprocess.DEVNULL,
                stderr=log,
            )
        if self._command == "serve":
            until(self._ready)

    def _ready(self) -> bool:
        assert self.process is not None
        assert self.process.poll() is None, self.log
        with contextlib.suppress(httpx.TransportError):
            return httpx.get(f"{self.root}/readyz").status_code == 200
        return False

    def stop(self) -> float:
        """Stop it as a service manager does; give the seconds that it took."""
        assert self.process is not None
        began = time.monotonic()
        self.process.terminate()
        assert self.process.wait(60) == 0
        return time.monotonic() - began

    def background(self) -> psutil.Process:
        """Give the process beside the workers."""
        beside = [one for one in children(self.pid) if not listens(one, self.port)]
        assert len(beside) == 1
        return beside[0]

    def kill_database(self) -> None:
        """Kill the embedded server as a power cut would: all of its processes at once."""
        server = psutil.Process(int((self.home / "postgres" / "postmaster.pid").read_text().split()[0]))
        for process in [server, *server.children()]:
            with contextlib.suppress(psutil.NoSuchProcess):
                process.kill()

    def run(self, *arguments: str) -> str:
        """Run a command beside it, that must succeed; give what it prints."""
        done = subprocess.run(
            [sys.executable, "-m", "xinglin", *arguments],
            check=False,
            env=self.settings,
            capture_output=True,
            text=True,
        )
        assert done.returncode == 0, done.stderr
        return done.stdout


@contextmanager
def running(hub: RunningHub) -> Iterator[RunningHub]:
    """Run a hub, and stop whatever of it runs at the end."""
    hub.start()
    try:
        yield hub
    finally:
        if hub.process is not None and hub.process.poll() is None:
            hub.process.terminate()
            hub.process.wait(60)
