"""The hub and its database are killed in the middle of writes: what was acknowledged is there afterwards."""

import contextlib
import http.client
import json
import os
import random
import shutil
import signal
import socket
import subprocess
import sys
import tempfile
import threading
import time
from collections.abc import Iterator
from pathlib import Path

import pytest
from tests.everything import token_beside

ROUNDS = 4


class Hub:
    """A hub in a process of its own, that can be killed and started again."""

    def __init__(self, home: Path) -> None:
        self.home = home
        with socket.socket() as probe:
            probe.bind(("127.0.0.1", 0))
            self.port: int = probe.getsockname()[1]
        self.token = token_beside(home)

    def start(self) -> None:
        environment = os.environ | {"XINGLIN_HOME": str(self.home), "XINGLIN_PORT": str(self.port)}
        environment.pop("XINGLIN_DATABASE_URL", None)
        with (self.home / "log").open("a") as log:
            self.process = subprocess.Popen(
                [sys.executable, "-m", "xinglin", "serve"], env=environment, stdout=log, stderr=log
            )
        self.wait()

    def wait(self) -> None:
        for _ in range(300):
            with contextlib.suppress(OSError, http.client.HTTPException):
                if self.ask("GET", "/readyz")[0] == 200:
                    return
            time.sleep(0.1)
        pytest.fail((self.home / "log").read_text())

    def ask(self, method: str, path: str, body: object = None) -> tuple[int, dict]:
        connection = http.client.HTTPConnection("127.0.0.1", self.port, timeout=20)
        try:
            headers = {"Content-Type": "application/fhir+json", "Authorization": f"Bearer {self.token}"}
            connection.request(method, path, json.dumps(body) if body else None, headers)
            answer = connection.getresponse()
            return answer.status, json.loads(answer.read() or b"{}")
        finally:
            connection.close()

    def kill_hub(self) -> None:
        """Kill the main process only: the kernel must end the workers with it."""
        self.process.kill()
        self.process.wait(20)

    def kill_database(self) -> None:
        os.kill(int((self.home / "postgres" / "postmaster.pid").read_text().split()[0]), signal.SIGKILL)

    def stop(self) -> None:
        self.process.terminate()
        self.process.wait(60)


@pytest.fixture
def hub() -> Iterator[Hub]:
    hub = Hub(Path(tempfile.mkdtemp(prefix="xinglin-crash-")))
    hub.start()
    yield hub
    hub.stop()
    shutil.rmtree(hub.home)


def bundle(number: int) -> dict:
    entries = [
        {
            "request": {"method": "PUT", "url": f"Patient/{side}{number}"},
            "resource": {"resourceType": "Patient", "id": f"{side}{number}"},
        }
        for side in "lr"
    ]
    return {"resourceType": "Bundle", "type": "transaction", "entry": entries}


def write(hub: Hub, numbers: Iterator[int], acknowledged: set[str], stop: threading.Event) -> None:
    while not stop.is_set():
        number = next(numbers)
        with contextlib.suppress(OSError, http.client.HTTPException, ValueError):
            status, made = hub.ask("POST", "/fhir/Patient", {"resourceType": "Patient"})
            if status == 201:
                acknowledged.add(made["id"])
            if hub.ask("POST", "/fhir", bundle(number))[0] == 200:
                acknowledged.update({f"l{number}", f"r{number}"})


def stored(hub: Hub) -> set[str]:
    ids: set[str] = set()
    path: str | None = "/fhir/Patient/_history?_count=1000"
    while path:
        status, page = hub.ask("GET", path)
        if status == 503:  # a connection that hadn't noticed yet that its server was killed
            time.sleep(0.2)
            continue
        assert status == 200, page
        ids |= {entry["resource"]["id"] for entry in page.get("entry", [])}
        links = {link["relation"]: link["url"] for link in page["link"]}
        path = links["next"].partition(str(hub.port))[2] if "next" in links else None
    return ids


@pytest.mark.slow
@pytest.mark.parametrize("victim", ["hub", "database", "both"])
def test_nothing_acknowledged_is_lost(hub: Hub, victim: str) -> None:
    acknowledged: set[str] = set()
    numbers = iter(range(10**9))
    dice = random.Random(victim)
    for _ in range(ROUNDS):
        stop = threading.Event()
        writers = [threading.Thread(target=write, args=(hub, numbers, acknowledged, stop)) for _ in range(6)]
        for writer in writers:
            writer.start()
        time.sleep(0.5 + dice.random())
        if victim in ("database", "both"):
            hub.kill_database()
        if victim in ("hub", "both"):
            hub.kill_hub()
        stop.set()
        for writer in writers:
            writer.join()
        if victim != "database":
            hub.start()
        hub.wait()
        found = stored(hub)
        assert acknowledged <= found
        left, right = ({i[1:] for i in found if i[0] == side} for side in "lr")
        assert left == right, "a transaction is there whole or not at all"
    assert len(acknowledged) > 100
