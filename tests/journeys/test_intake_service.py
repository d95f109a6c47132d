"""Intake while the hub runs: every way in, and processes that are killed or stopped at their work."""

import json
import shlex
import shutil
import socket
import statistics
import subprocess
import tempfile
import threading
import time
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from http.server import SimpleHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any

import httpx2 as httpx
import pytest
from tests.everything import KEY, token_beside
from tests.running import RunningHub, free_port, running, until
from typer.testing import CliRunner

from xinglin.__main__ import cli
from xinglin.standards.identifiers import SCHEMES, Kind

HOSPITAL = SCHEMES[Kind.CREDIT_CODE].invented(7)
PROGRAM, FACILITY = "HIS", "演示县人民医院"


class Hub(RunningHub):
    """A running hub with a drop folder, an MLLP port and one source, and requests to it."""

    def __init__(self, home: Path) -> None:
        self.mllp = free_port()
        self.drop = home / "drop"
        self.files = home / "files"
        for folder in (self.drop / "his", self.files):
            folder.mkdir(parents=True)
        self.offer = ThreadingHTTPServer(("127.0.0.1", 0), handler(self.files))
        threading.Thread(target=self.offer.serve_forever, daemon=True).start()
        super().__init__(
            home,
            XINGLIN_MLLP_PORT=str(self.mllp),
            XINGLIN_INTAKE_FOLDER=str(self.drop),
            XINGLIN_IMPORT_FROM=f"{self.offering}/",
            XINGLIN_LANGUAGE="en",
        )
        self.token = ""
        self.everything = token_beside(home)

    @property
    def offering(self) -> str:
        return f"http://127.0.0.1:{self.offer.server_port}/files"

    def post(self, name: str, body: bytes) -> httpx.Response:
        headers = {"authorization": f"Bearer {self.token}"}
        return httpx.post(f"{self.root}/intake/his?name={name}", content=body, headers=headers, timeout=30)

    def get(self, path: str) -> Any:
        token = self.token if path.startswith("/intake/") else self.everything
        headers = {"authorization": f"Bearer {token}"}
        return httpx.get(f"{self.root}{path}", headers=headers, timeout=30).json()

    def count(self, query: str) -> int:
        return self.get(f"/fhir/{query}&_summary=count")["total"]

    def delivered(self, name: str) -> list[dict[str, Any]]:
        found = self.get("/intake/his/deliveries?most=1000")["deliveries"]
        return [one for one in found if one["name"] == name]

    def done(self, name: str, seconds: float = 60) -> dict[str, Any]:
        """Wait for the receipt of the only delivery of this name."""

        def look() -> dict[str, Any] | None:
            found = self.delivered(name)
            assert len(found) < 2
            return found[0] if found and found[0]["state"] in ("done", "failed") else None

        return until(look, seconds)


def handler(folder: Path) -> Any:
    class Files(SimpleHTTPRequestHandler):
        def __init__(self, *arguments: Any) -> None:
            super().__init__(*arguments, directory=str(folder.parent))

        def log_message(self, *_: Any) -> None:
            pass

    return Files


@pytest.fixture(scope="module")
def hub() -> Iterator[Hub]:
    home = Path(tempfile.mkdtemp(prefix="xinglin-service-"))
    hub = Hub(home)
    with running(hub):
        told = hub.run("source", "add", "his", "--institution", HOSPITAL, "--name", FACILITY,
                       "--declare", f"mllp-sender={PROGRAM}@{FACILITY}")  # fmt: skip
        hub.token = told.split()[-1]
        yield hub
    hub.offer.shutdown()
    hub.offer.server_close()
    shutil.rmtree(home)


def observations(prefix: str, count: int) -> bytes:
    """Give records, one a line, about 1,500 bytes each."""
    text = "x" * 1_400
    one = {"resourceType": "Observation", "status": "final", "code": {"text": prefix}, "valueString": text}
    return b"".join(json.dumps(one | {"id": f"{prefix}-{i}"}).encode() + b"\n" for i in range(count))


BIG = 3_000
"""So many records are more than is loaded while the sender waits: five pieces."""


def stored(hub: Hub, prefix: str) -> tuple[int, int]:
    """Give how many records of a batch are there, and how many versions of the last one."""
    last = hub.get(f"/fhir/Observation/{prefix}-{BIG - 1}/_history")
    return hub.count(f"Observation?code:text={prefix}"), len(last["entry"])


def test_a_large_delivery_is_loaded_after_the_answer(hub: Hub) -> None:
    answer = hub.post("large", observations("large", BIG))
    assert (answer.status_code, answer.json()["state"]) == (202, "waiting")
    receipt = hub.done("large")
    assert answer.json()["url"].endswith(f"/{receipt['number']}")
    assert (receipt["state"], receipt["counts"]["accepted"]) == ("done", BIG)
    assert stored(hub, "large") == (BIG, 1)
    assert list((hub.home / "spool").glob("*")) == []


def test_a_sender_that_breaks_off_leaves_nothing(hub: Hub) -> None:
    spool = hub.home / "spool"  # made when it is first needed
    for size in (100, 5_000_000):
        with socket.create_connection(("127.0.0.1", hub.port)) as sender:
            head = "POST /intake/his?name=broken HTTP/1.1\r\nHost: localhost\r\nContent-Length: 9000000\r\n"
            token = f"Authorization: Bearer {hub.token}\r\n\r\n"
            sender.sendall(f"{head}{token}".encode() + b" " * size)
            if size > 4_000_000:
                until(lambda: list(spool.glob("*")))
    until(lambda: not list(spool.glob("*")))
    assert hub.delivered("broken") == []


def test_killed_in_the_middle_another_process_goes_on(hub: Hub) -> None:
    first = hub.background()
    hub.post("killed", observations("killed", BIG))
    until(lambda: hub.delivered("killed")[0]["pieces"])
    first.kill()
    assert hub.delivered("killed")[0]["state"] == "loading", "it was killed too late to tell anything"
    receipt = hub.done("killed")
    assert receipt["counts"] | {"by_type": {}} == {
        "received": BIG,
        "accepted": BIG,
        "unchanged": 0,
        "refused": 0,
        "by_type": {},
        "by_reason": {},
        "unknown": {},
    }
    assert stored(hub, "killed") == (BIG, 1)
    assert hub.background().pid != first.pid
    assert "another takes its place" in hub.log


def test_stopped_in_the_middle_the_next_start_goes_on(hub: Hub) -> None:
    hub.post("stopped", observations("stopped", BIG))
    until(lambda: hub.delivered("stopped")[0]["pieces"])
    assert hub.stop() < 12
    hub.start()
    receipt = hub.done("stopped")
    assert (receipt["counts"]["accepted"], receipt["counts"]["unchanged"]) == (BIG, 0)
    assert stored(hub, "stopped") == (BIG, 1)


def test_killed_as_a_whole_it_goes_on_at_once(hub: Hub) -> None:
    """Seconds after the next start, on a busy machine on which its processes start meanwhile."""
    hub.post("crashed", observations("crashed", BIG))
    until(lambda: hub.delivered("crashed")[0]["pieces"])
    assert hub.process is not None
    hub.process.kill()
    hub.process.wait()
    hub.start()
    assert hub.done("crashed", seconds=20)["counts"]["accepted"] == BIG
    assert stored(hub, "crashed") == (BIG, 1)


class TestDropFolder:
    """Files that systems put into a folder."""

    def test_only_finished_files_of_known_sources_are_taken(self, hub: Hub) -> None:
        left = [".hidden", "a.part", "b.tmp"]
        for name in left:
            (hub.drop / "his" / name).write_bytes(observations(f"no-{name[-4:].strip('.')}", 1))
        (hub.drop / "stranger").mkdir()
        stranger = hub.drop / "stranger" / "x.ndjson"
        stranger.write_bytes(observations("stranger", 1))
        (hub.drop / "his" / "whole.ndjson").write_bytes(observations("whole", 3))
        assert hub.done("whole.ndjson")["counts"]["accepted"] == 3
        until(lambda: '"drop folder of no source"' in hub.log)
        assert '"source": "stranger"' in hub.log
        assert sorted(one.name for one in (hub.drop / "his").iterdir()) == left
        assert [one.name.partition(" ")[2] for one in (hub.drop / ".taken" / "stranger").iterdir()] == [
            "x.ndjson"
        ]
        assert list((hub.drop / ".taken" / "his").iterdir()) == []
        hub.run("source", "add", "stranger", "--institution", HOSPITAL, "--name", FACILITY)
        until(lambda: hub.count("Observation?code:text=stranger") == 1)
        (hub.drop / "his" / "a.part").rename(hub.drop / "his" / "a.ndjson")
        assert hub.done("a.ndjson")["counts"]["accepted"] == 1

    def test_a_file_that_is_still_written_is_left(self, hub: Hub) -> None:
        """It grows for longer than two looks, is taken when it rests, and whole."""
        with (hub.drop / "his" / "slow.ndjson").open("wb", buffering=0) as file:
            for number in range(8):
                file.write(observations(f"slow{number}", 1))
                time.sleep(0.5)
                assert hub.delivered("slow.ndjson") == []
        assert hub.done("slow.ndjson")["counts"]["accepted"] == 8

    def test_the_same_file_twice_and_a_kill_between(self, hub: Hub) -> None:
        """Whatever moment the kill hits, each file is one delivery and none stays behind."""
        for name in ("one", "again"):
            (hub.drop / "his" / f"{name}.ndjson").write_bytes(observations("twice", 5))
        (hub.drop / "his" / "big.ndjson").write_bytes(observations("dropped", BIG))
        until(lambda: list((hub.drop / ".taken" / "his").iterdir()))
        hub.background().kill()
        until(lambda: not list((hub.drop / ".taken" / "his").iterdir()))
        assert hub.done("big.ndjson")["counts"]["accepted"] == BIG
        both = [*hub.delivered("one.ndjson"), *hub.delivered("again.ndjson")]
        assert [one["counts"]["accepted"] for one in both] == [5]
        assert stored(hub, "dropped") == (BIG, 1)


def message(number: str, patient: str = "P", *, sender: str = PROGRAM) -> bytes:
    """Make an HL7 v2 message about a person."""
    segments = [
        f"MSH|^~\\&|{sender}|{FACILITY}|HUB|JX|20260401083500||ADT^A28|{number}|P|2.5.1||||||UNICODE UTF-8",
        "EVN|A28|20260401083200",
        f"PID|1||{patient}^^^{FACILITY}^MR||王^小兰||19560312|F"
        if patient
        else "PID|1||||王^小兰||19560312|F",
    ]
    return "\r".join(segments).encode() + b"\r"


class Line:
    """A connection of a sending system."""

    def __init__(self, hub: Hub) -> None:
        self._socket = socket.create_connection(("127.0.0.1", hub.mllp), timeout=30)
        self._stream = self._socket.makefile("rb")

    def send(self, raw: bytes) -> list[str]:
        """Send a message; give the fields of the answer's MSA, or nothing where none came."""
        try:
            self._socket.sendall(b"\x0b" + raw + b"\x1c\r")
            read = bytearray()
            while not read.endswith(b"\x1c\r"):
                byte = self._stream.read(1)
                if not byte:
                    return []
                read += byte
        except ConnectionError:
            return []
        (msa,) = [one for one in read[1:-2].decode().split("\r") if one.startswith("MSA")]
        return msa.split("|")

    def close(self) -> None:
        self._stream.close()
        self._socket.close()


@pytest.fixture
def line(hub: Hub) -> Iterator[Line]:
    line = Line(hub)
    yield line
    line.close()


class TestMllp:
    """HL7 v2 messages to the port of the running hub."""

    def test_acknowledged_is_stored_and_readable(self, hub: Hub, line: Line) -> None:
        before = hub.count("Patient?family=王")
        for number in range(5):
            assert line.send(message(f"M{number}", f"R{number}"))[1:3] == ["AA", f"M{number}"]
            assert hub.count(f"Patient?identifier=R{number}") == 1
        assert line.send(message("M0", "R0"))[1] == "AA", "the same again is acknowledged and changes nothing"
        assert hub.count("Patient?family=王") == before + 5

    def test_refused_waits_in_the_queue(self, hub: Hub, line: Line) -> None:
        refused = message("X1", "")
        assert line.send(refused)[1:3] == ["AE", "X1"]
        (item,) = hub.get("/refused?source=his&code=XL7106")["items"]
        assert (item["file"], item["place"]) == ("mllp", "PID-3")
        assert line.send(refused)[1] == "AE", "what still waits isn't acknowledged by being sent again"
        assert len(hub.get("/refused?source=his&code=XL7106")["items"]) == 1

    def test_an_unknown_sender_is_rejected(self, hub: Hub, line: Line) -> None:
        before = len(hub.get("/intake/his/deliveries?most=1000")["deliveries"])
        assert line.send(message("S1", sender="STRANGER"))[1] == "AR"
        assert line.send(b"no message at all")[1] == "AR"
        assert len(hub.get("/intake/his/deliveries?most=1000")["deliveries"]) == before
        assert line.send(message("S2", "after"))[1] == "AA", "the connection goes on"

    def test_many_over_several_connections(self, hub: Hub) -> None:
        def send(first: int) -> list[float]:
            line, times = Line(hub), list[float]()
            for number in range(first, first + 10):
                began = time.perf_counter()
                assert line.send(message(f"L{number}", f"L{number}"))[1] == "AA"
                times.append(time.perf_counter() - began)
            line.close()
            return times

        with ThreadPoolExecutor(5) as pool:
            times = [one for some in pool.map(send, range(0, 50, 10)) for one in some]
        print(f"\nMLLP over 5 connections: p50 {statistics.median(times) * 1000:.1f} ms")  # noqa: T201
        assert sum(hub.count(f"Patient?identifier=L{number}") for number in range(50)) == 50

    def test_without_the_database_there_is_no_answer(self, hub: Hub) -> None:
        """What can't be stored isn't answered; sent again until it is, it is there once."""
        hub.kill_database()
        answers: list[str] = []

        def send() -> bool:
            try:
                line = Line(hub)
            except ConnectionError:  # the process behind the port is being replaced
                return False
            told = line.send(message("D1", "down"))
            line.close()
            answers.append(told[1] if told else "")
            return answers[-1] == "AA"

        until(send)
        until(lambda: httpx.get(f"{hub.root}/readyz").status_code == 200)
        assert set(answers) == {"", "AA"}
        assert hub.count("Patient?identifier=down") == 1


def test_import_survives_the_end_of_its_process(hub: Hub) -> None:
    for name in ("a", "b"):
        (hub.files / f"{name}.ndjson").write_bytes(observations(f"import{name}", BIG))
    manifest = {
        "inputFormat": "application/fhir+ndjson",
        "input": [{"url": f"{hub.offering}/{name}.ndjson"} for name in ("a", "b")],
    }
    known = {"authorization": f"Bearer {hub.everything}"}
    asked = httpx.post(f"{hub.root}/fhir/$import?source=his", json=manifest, headers=known)
    assert asked.status_code == 202
    place = asked.headers["content-location"]
    assert httpx.get(place, headers=known).status_code == 202
    until(lambda: hub.delivered("a.ndjson"))
    hub.background().kill()
    done = until(lambda: answer if (answer := httpx.get(place, headers=known)).status_code == 200 else None)
    assert [one["receipt"]["counts"]["accepted"] for one in done.json()["files"]] == [BIG, BIG]
    assert stored(hub, "importa") == stored(hub, "importb") == (BIG, 1)


def test_a_worker_on_the_same_database_shares_the_work(hub: Hub) -> None:
    """With the hub's own background process held up, a delivery is loaded by `xinglin worker`."""
    held = hub.background()
    with running(RunningHub(hub.home, "worker")) as worker:
        held.suspend()
        try:
            hub.post("shared", observations("shared", BIG))
            receipt = hub.done("shared")
        finally:
            held.resume()
        assert receipt["counts"]["accepted"] == BIG
        assert worker.stop() < 10
    assert stored(hub, "shared") == (BIG, 1)


ROOT = Path(__file__).parents[2]
PAGES = ("README.md", "docs/connect.md", "docs/connect-fhir.md", "docs/connect-hl7v2.md", "docs/operator.md")


def lines_of(page: str) -> list[str]:
    """Give the lines about intake that a reader of the page would type."""
    text = (ROOT / page).read_text(encoding="utf-8")
    if page == "docs/operator.md":
        text = text.partition("## Take data in")[2].partition("\n## ")[0]
    if page == "README.md":
        text = text.partition("Take files into")[2].partition("make test")[0].replace(".venv/bin/", "")
    typed = [line.strip() for line in text.splitlines() if line.startswith(("    xinglin ", "    curl "))]
    return [line for line in typed if line != "xinglin worker"]


def at_this_hub(hub: Hub, page: str, line: str) -> str:
    """Give a line with this hub's addresses, the page's own sources, and the numbers that items have here."""
    line = line.replace("county-", f"{Path(page).stem.lower()}-")
    line = line.replace("localhost:8642", f"127.0.0.1:{hub.port}")
    line = line.replace("http://127.0.0.1:8000/files", hub.offering)
    for number, source in (("12", "local"), ("13", "connect-fhir-fhir")):
        if f" {number} " in f"{line} ":
            (item,) = hub.get(f"/refused?source={source}")["items"]
            line = line.replace(f" {number}", f" {item['number']}")
    return line


class Reader:
    """Somebody who types a page's lines, and notes down the token that `source add` prints.

    The operator's program, which may see the refused queue, is registered as docs/apps.md says.
    """

    def __init__(self, hub: Hub, folder: Path) -> None:
        self._hub, self._folder = hub, folder
        self._token = ""
        keys = folder / "keys.json"
        keys.write_text(json.dumps({"keys": [KEY]}))
        self._command(
            [*("client", "add", "queue", "--name", "queue", "--kind", "backend", "--keys", str(keys)),
             *("--role", "operator", "--scope", "system/*.cruds", "--purpose", "HOPERAT")]
        )  # fmt: skip
        self._operator = self._command(["client", "token", "queue"]).strip()

    def type(self, line: str) -> None:
        words = shlex.split(line.replace("$TOKEN", self._token).replace("$OPERATOR", self._operator))
        file = self._folder / words.pop() if ">" in words else None
        words = [word for word in words if word != ">"]
        told = self._request(words) if words[0] == "curl" else self._command(words[1:])
        if words[1:3] == ["source", "add"]:
            self._token = told.split()[-1]
        if file is not None:
            file.write_text(told)

    def _request(self, words: list[str]) -> str:
        """Without the rest, curl takes every answer for a good one, and draws its progress."""
        more = ["--fail-with-body", "--silent", "--show-error", "--max-time", "30"]
        done = subprocess.run([*words, *more], capture_output=True, text=True, cwd=ROOT, check=False)
        assert done.returncode == 0, f"{words}: {done.stdout}{done.stderr}"
        return done.stdout

    def _command(self, words: list[str]) -> str:
        """In this process, since each new one takes a second to start."""
        done = CliRunner().invoke(cli, words, env=self._hub.settings)
        assert done.exit_code == 0 or (words[0], done.exit_code) == ("intake", 3), f"{words}: {done.output}"
        return done.stdout


def test_the_pages_say_what_works(hub: Hub, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Every command and request is run as it stands, at this hub, each page with its own sources."""
    monkeypatch.chdir(ROOT)
    reader = Reader(hub, tmp_path)
    for page in PAGES:
        lines = lines_of(page)
        assert len(lines) > 1
        for line in lines:
            reader.type(at_this_hub(hub, page, line))
    assert (
        hub.get("/refused?source=connect-fhir-fhir&state=dismissed")["items"][0]["decided_by"] == "Officer Li"
    )
    assert hub.get("/refused?source=local&state=replayed")["items"]
    assert hub.get("/fhir/Patient/demo-p2")["gender"] == "female"
    assert json.loads((tmp_path / "item.ndjson").read_text())["gender"] == "妇"
