"""Killed anywhere and begun again: counts agree to the record, and no version is stored twice."""

import contextlib
import json
import os
import random
import signal
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import psutil
import psycopg
import pytest
from tests.intake import ndjson, observation, patient

from xinglin.hub.embedded import EmbeddedServer

RECORDS = 20_000
PADDING = "x" * 60


@pytest.fixture(scope="module")
def large(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A file of many records, a few of them wrong, a few of them twice."""
    path = tmp_path_factory.mktemp("large") / "large.ndjson"

    def record(number: int) -> dict[str, Any]:
        if number % 1_000 == 7:
            return {"resourceType": "Observation", "id": f"wrong-{number}"}
        if number % 1_000 == 8:
            return patient("shared", active=True)
        return observation(f"o{number}", number, "2026-01-01T00:00:00Z", note=[{"text": PADDING}])

    path.write_bytes(ndjson(map(record, range(RECORDS))))
    assert path.stat().st_size > 4_000_000, "enough for several processes"
    return path


@pytest.fixture
def home() -> Iterator[Path]:
    """A home with an embedded server that goes on running when those who use it are killed."""
    with tempfile.TemporaryDirectory(prefix="xinglin-kill-") as folder:
        server = EmbeddedServer(Path(folder))
        server.start()
        yield Path(folder)
        server.stop()


def start(home: Path, *arguments: str | Path) -> subprocess.Popen[bytes]:
    kept = {name: value for name, value in os.environ.items() if not name.startswith("XINGLIN_")}
    environment = kept | {"XINGLIN_HOME": str(home), "XINGLIN_INTAKE_WORKERS": "2", "LANG": "C.UTF-8"}
    with (home / "log").open("ab") as log:
        return subprocess.Popen(
            [sys.executable, "-m", "xinglin", "intake", "--format", "json", *map(str, arguments)],
            env=environment, stdout=subprocess.PIPE, stderr=log, start_new_session=True,
        )  # fmt: skip


def finish(process: subprocess.Popen[bytes], home: Path) -> dict[str, Any]:
    out, _ = process.communicate(timeout=90)
    assert process.returncode in (0, 3), (home / "log").read_text()[-3000:]
    return json.loads(out)


def ask(home: Path, query: str) -> list[tuple[Any, ...]]:
    with psycopg.connect(EmbeddedServer(home).url()) as connection:
        return connection.execute(query).fetchall()  # pyright: ignore[reportArgumentType, reportCallIssue]


def pieces(home: Path) -> int:
    with contextlib.suppress(psycopg.Error):
        return ask(home, "SELECT count(*) FROM delivery_piece")[0][0]
    return 0


def wait_until(ready: Callable[[], bool], process: subprocess.Popen[bytes]) -> None:
    while process.poll() is None and not ready():
        time.sleep(0.02)


def all_is_right(home: Path, told: dict[str, Any]) -> None:
    wrong, twice = RECORDS // 1_000, RECORDS // 1_000
    assert told["received"] == RECORDS
    assert told["refused"] == wrong
    assert told["accepted"] + told["unchanged"] == RECORDS - wrong
    assert told["unchanged"] == twice - 1
    ((receipt,),) = ask(home, "SELECT number FROM delivery WHERE state = 'done'")
    assert told["deliveries"][0]["number"] == receipt
    assert ask(home, "SELECT count(*) FROM resource") == [(RECORDS - wrong - twice + 1,)]
    assert ask(home, "SELECT count(*) FROM resource_history") == [(0,)], "no version twice"
    assert ask(home, "SELECT count(*), sum(weight) FROM refused") == [(wrong, wrong)]
    counted = "SELECT sum((counts->>%s)::int) FROM delivery_piece"
    for name in ("received", "accepted", "unchanged", "refused"):
        assert ask(home, counted % f"'{name}'") == [(told[name],)]


@pytest.mark.slow
def test_killed_as_a_whole(home: Path, large: Path) -> None:
    dice = random.Random(4)
    for _ in range(3):
        process = start(home, large)
        before = pieces(home)
        wait_until(lambda now=before: pieces(home) > now + dice.randrange(3), process)
        time.sleep(dice.random() * 0.2)
        with contextlib.suppress(ProcessLookupError):
            os.killpg(process.pid, signal.SIGKILL)
        process.communicate()
    assert 0 < pieces(home) < RECORDS / 1_000 + 3, "it was killed in the middle"
    all_is_right(home, finish(start(home, large), home))
    again = finish(start(home, large), home)
    assert (again["accepted"], again["unchanged"]) == (0, RECORDS - RECORDS // 1_000)


@pytest.mark.slow
def test_a_loading_process_is_killed(home: Path, large: Path) -> None:
    process = start(home, large)
    wait_until(lambda: pieces(home) > 1, process)
    loading = [
        one for one in psutil.Process(process.pid).children(recursive=True)
        if "spawn_main" in " ".join(one.cmdline())
    ]  # fmt: skip
    assert len(loading) == 2
    loading[0].kill()
    all_is_right(home, finish(process, home))


@pytest.mark.slow
def test_the_database_is_killed(home: Path, large: Path) -> None:
    process = start(home, large)
    wait_until(lambda: pieces(home) > 1, process)
    os.kill(int((home / "postgres" / "postmaster.pid").read_text().split()[0]), signal.SIGKILL)
    all_is_right(home, finish(process, home))


@pytest.mark.slow
def test_the_one_who_waits_goes_on_where_the_other_was_killed(home: Path, large: Path) -> None:
    first = start(home, large)
    wait_until(lambda: pieces(home) > 0, first)
    second = start(home, large)
    time.sleep(1.5)
    with contextlib.suppress(ProcessLookupError):
        os.killpg(first.pid, signal.SIGKILL)
    first.communicate()
    all_is_right(home, finish(second, home))
