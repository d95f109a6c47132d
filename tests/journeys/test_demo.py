"""A newcomer types `make demo`: a hub with invented people comes up, and Ctrl-C stops it without harm."""

import os
import shutil
import signal
import socket
import subprocess
import sys
import tempfile
from collections.abc import Iterator
from pathlib import Path

import httpx2 as httpx
import pytest
from tests.everything import token_beside

from xinglin_demo import senders

PEOPLE = 25


@pytest.fixture
def home() -> Iterator[Path]:
    folder = Path(tempfile.mkdtemp(prefix="xinglin-demo-"))
    yield folder
    shutil.rmtree(folder)


def port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return probe.getsockname()[1]


def run_demo(home: Path, check) -> str:
    """Run the demo, let `check` ask it, stop it by Ctrl-C; give what it printed."""
    environment = os.environ | {"XINGLIN_HOME": str(home), "XINGLIN_PORT": str(port()), "LANG": "C.UTF-8"}
    environment.pop("XINGLIN_DATABASE_URL", None)
    command = [sys.executable, "-u", "-m", "xinglin", "demo", "--people", str(PEOPLE)]
    with subprocess.Popen(command, env=environment, stdout=subprocess.PIPE, text=True) as demo:
        assert demo.stdout is not None
        told = ""
        while "Ctrl-C" not in told:
            line = demo.stdout.readline()
            assert line, "the demo ended early"
            told += line
        with httpx.Client(base_url=f"http://127.0.0.1:{environment['XINGLIN_PORT']}", timeout=30) as client:
            wait(client)
            client.headers["Authorization"] = f"Bearer {token_beside(home / 'demo')}"
            check(client, told)
        demo.send_signal(signal.SIGINT)
        assert demo.wait(60) == 0
    return told


def wait(client: httpx.Client) -> None:
    for _ in range(100):
        try:
            if client.get("/readyz").status_code == 200:
                return
        except httpx.TransportError:
            pass
    pytest.fail("the demo doesn't answer")


def people(client: httpx.Client) -> set[str]:
    page = client.get("/fhir/Patient/_history?_count=1000").json()
    # Golden Patients follow in the background, in the first run or the second.
    return {
        entry["resource"]["id"] + entry["response"]["etag"]
        for entry in page["entry"]
        if not entry["resource"]["id"].startswith("golden-")
    }


def test_demo_twice(home: Path) -> None:
    """Every address it prints answers; the second time the same people are there, nobody twice."""
    found: list[set[str]] = []

    def check(client: httpx.Client, told: str) -> None:
        for address in [word for word in told.split() if word.startswith("http://")]:
            answer = client.get(address)
            assert answer.status_code == 200, address
            assert "/fhir/Patient" not in address or answer.json()["entry"], address
        found.append(people(client))

    run_demo(home, check)
    run_demo(home, check)
    assert len(found[0]) > PEOPLE, "institutions know the same people, each in its own way"
    assert found[0] == found[1]
    assert not list(home.glob("demo/postgres/postmaster.pid")), "the database was stopped"
    sent = {path.parent.name for path in home.glob("demo/deliveries/*/*")}
    assert sent == {one.id for one in senders()}
