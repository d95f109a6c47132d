"""Running `xinglin serve`: several workers, workers that end, and workers that can't start."""

import json
import os
import shutil
import socket
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import httpx2 as httpx
import psutil
import pytest
from tests.running import children, listens, until


@pytest.fixture
def home() -> Iterator[Path]:
    folder = Path(tempfile.mkdtemp(prefix="xinglin-serve-"))
    yield folder
    shutil.rmtree(folder)


def start(home: Path, **settings: str) -> subprocess.Popen[str]:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port = str(probe.getsockname()[1])
    kept = {name: value for name, value in os.environ.items() if not name.startswith("XINGLIN_")}
    environment = kept | {"XINGLIN_HOME": str(home), "XINGLIN_PORT": port, "LANG": "C.UTF-8"} | settings
    return subprocess.Popen(
        [sys.executable, "-u", "-m", "xinglin", "serve"],
        env=environment,
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
    )


@contextmanager
def serving(home: Path, **settings: str) -> Iterator[tuple[subprocess.Popen[str], str]]:
    """Run a hub; give its process and the address it prints, at which it answers at once."""
    with start(home, **settings) as hub:
        assert hub.stdout is not None
        words: list[str] = []
        while words[:1] != ["Xinglin"]:  # before it stands how to log in for the first time
            line = hub.stdout.readline()
            assert line, hub.communicate()[1]
            words = line.split()
        try:
            yield hub, words[-1].removesuffix("/fhir")
        finally:
            hub.terminate()
            hub.communicate(timeout=60)


def workers(hub: subprocess.Popen[str], root: str) -> list[psutil.Process]:
    """Give the processes that answer requests: those that listen, unlike the one in the background."""
    port = int(root.rpartition(":")[2])
    return [one for one in children(hub.pid) if listens(one, port)]


def counted(root: str) -> int:
    lines = httpx.get(f"{root}/metrics").text.splitlines()
    return sum(
        int(float(line.split()[-1])) for line in lines if line.startswith("xinglin_http_requests_total{")
    )


def test_figures_of_all_workers(home: Path) -> None:
    """They add up over workers, go on when one is killed, and begin anew with the hub."""
    with serving(home, XINGLIN_WORKERS="2") as (hub, root):
        for _ in range(20):
            assert httpx.get(f"{root}/fhir/metadata").status_code == 200
        assert [counted(root) for _ in range(6)] == [20] * 6
        first, second = until(lambda: found if len(found := workers(hub, root)) == 2 else [])
        first.kill()
        deadline = time.monotonic() + 30
        while len(workers(hub, root)) < 2 or first.is_running():
            assert time.monotonic() < deadline
            time.sleep(0.1)
        assert second.is_running()
        assert counted(root) == 20
    with serving(home, XINGLIN_WORKERS="2") as (_, root):
        assert counted(root) == 0


def test_killed_main_process_takes_its_workers_along(home: Path) -> None:
    with serving(home, XINGLIN_WORKERS="2") as (hub, root):
        left = until(lambda: found if len(found := workers(hub, root)) == 2 else [])
        port = {"XINGLIN_PORT": root.rpartition(":")[2]}
        hub.kill()
        hub.wait()
        psutil.wait_procs(left, timeout=5)
        assert not any(one.is_running() for one in left)
    with serving(home, **port) as (_, root):
        assert httpx.get(f"{root}/readyz").status_code == 200


def test_a_worker_that_cannot_start_ends_the_hub(home: Path) -> None:
    (home / "packages").mkdir()
    (home / "packages" / "broken#1.0.0.pack").write_text("no package")
    with start(home) as hub:
        told, log = hub.communicate(timeout=60)
    assert hub.returncode in (11, 12, 70), log
    assert "XL" in log
    assert "Traceback" not in told + log
    # the first password is shown even so: the account is made, and nothing keeps its password
    assert not any(line.startswith("Xinglin ") for line in told.splitlines()), "no hub is said to answer"


def test_workers_read_no_settings_of_their_own(home: Path) -> None:
    """The file that the main process reads is what counts, wherever the workers' home is."""
    (home / "chosen.toml").write_text('language = "en"\nlog_level = "debug"\n')
    (home / "xinglin.toml").write_text("this is no TOML")
    with serving(home, XINGLIN_CONFIG=str(home / "chosen.toml")) as (_, root):
        told = httpx.get(f"{root}/nowhere/none").json()
        assert "/nowhere/none" in json.dumps(told)
        assert httpx.get(f"{root}/fhir/Patient/none").status_code == 401
        assert httpx.get(f"{root}/fhir/Patient/none").headers["content-language"] == "en"
