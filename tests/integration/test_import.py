"""$import: which manifests are understood, which addresses fetched, and what a bad server can't do."""

import asyncio
import threading
import time
from collections.abc import Iterator
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any

import msgspec
import pytest
from starlette.testclient import TestClient
from tests.support import client_of, run

from xinglin.core.settings import Settings
from xinglin.hub.hub import Hub
from xinglin.hub.intake import deliveries, importing
from xinglin.hub.intake.crew import Here
from xinglin.hub.intake.run import run as load

PATIENTS = b'{"resourceType":"Patient","id":"a"}\n{"resourceType":"Patient","id":"b"}\n'
FORMAT = "application/fhir+ndjson"


class Server(BaseHTTPRequestHandler):
    """Offers files, and what goes wrong with servers."""

    asked: list[str]

    def do_GET(self) -> None:
        self.asked.append(self.path)
        match self.path.rpartition("/")[2]:
            case "patients.ndjson":
                self._send(PATIENTS, len(PATIENTS))
            case "moved.ndjson":
                self.send_response(302)
                self.send_header("Location", "/secret/patients.ndjson")
                self.end_headers()
            case "cut.ndjson":
                self._send(PATIENTS[:-40], len(PATIENTS))
            case "chunked.ndjson":
                self.send_response(200)
                self.send_header("Transfer-Encoding", "chunked")
                self.end_headers()
                self.wfile.write(b"%x\r\n%b\r\n" % (len(PATIENTS[:40]), PATIENTS[:40]))
            case "silent.ndjson":
                self.send_response(200)
                self.end_headers()
                time.sleep(1)
            case "large.ndjson":
                self._send(b" " * 3_000_000, 3_000_000)
            case _:
                self.send_error(404)

    def _send(self, body: bytes, length: int) -> None:
        self.send_response(200)
        self.send_header("Content-Length", str(length))
        self.end_headers()
        self.wfile.write(body)

    def log_message(self, *_: Any) -> None:
        """Keep quiet."""


@pytest.fixture
def offering() -> Iterator[ThreadingHTTPServer]:
    made = type("Asked", (Server,), {"asked": []})
    with ThreadingHTTPServer(("127.0.0.1", 0), made) as server:
        threading.Thread(target=server.serve_forever, daemon=True).start()
        yield server
        server.shutdown()


@pytest.fixture
def files(offering: ThreadingHTTPServer) -> str:
    return f"http://127.0.0.1:{offering.server_port}/files"


@pytest.fixture
def importing_settings(database: str, tmp_path: Path, files: str) -> Settings:
    return Settings(
        database_url=database,
        language="en",
        home=str(tmp_path),
        import_from=f"https://elsewhere.example/fhir, {files}/",
        intake_most_bytes=2_000_000,
    )


@pytest.fixture
def client(importing_settings: Settings) -> Iterator[TestClient]:
    with client_of(importing_settings) as client:
        yield client


def plain(*urls: str) -> dict[str, Any]:
    return {"inputFormat": FORMAT, "input": [{"type": "Patient", "url": url} for url in urls]}


def parameters(*urls: str) -> dict[str, Any]:
    inputs = [
        {
            "name": "input",
            "part": [{"name": "url", "valueUrl": url}, {"name": "type", "valueCode": "Patient"}],
        }
        for url in urls
    ]
    return {
        "resourceType": "Parameters",
        "parameter": [{"name": "inputFormat", "valueCode": FORMAT}, *inputs],
    }


def fetch(settings: Settings) -> None:
    """Do what the background process does: fetch, then load."""

    async def work(hub: Hub) -> None:
        await importing.fetch_all(hub, settings)
        async with hub.database.connection() as connection:
            rows = await (await connection.execute("SELECT number FROM delivery ORDER BY number")).fetchall()
        for (number,) in msgspec.convert(rows, list[tuple[int]]):
            await load(hub, Here(hub), number, lambda *_: None)

    run(settings, work)


def ask(client: TestClient, manifest: Any, source: str = "") -> Any:
    return client.post(f"/fhir/$import{source and '?source=' + source}", json=manifest)


def status(client: TestClient, asked: Any) -> Any:
    return client.get(asked.headers["content-location"])


def code(answer: Any) -> tuple[int, str]:
    return answer.status_code, answer.json()["issue"][0]["details"]["coding"][0]["code"]


@pytest.mark.parametrize("form", [plain, parameters])
def test_both_forms_of_manifest(
    client: TestClient, importing_settings: Settings, files: str, form: Any
) -> None:
    asked = ask(client, form(f"{files}/patients.ndjson", f"{files}/none.ndjson"))
    assert (asked.status_code, asked.content) == (202, b"")
    waiting = status(client, asked)
    assert (waiting.status_code, waiting.headers["x-progress"]) == (202, "0/2")
    assert [one["state"] for one in waiting.json()["files"]] == ["waiting", "waiting"]
    fetch(importing_settings)
    done = status(client, asked)
    first, second = done.json()["files"]
    assert done.status_code == 200
    assert (first["state"], first["receipt"]["counts"]["accepted"]) == ("done", 2)
    assert (second["state"], "HTTP 404" in second["reason"]) == ("failed", True)
    assert "receipt" not in second
    told = client.get(asked.headers["content-location"], headers={"accept-language": "zh"}).json()["files"]
    assert told[1]["reason"] != second["reason"]
    assert client.get("/fhir/Patient/b").status_code == 200
    assert list(importing_settings.spool.glob("*")) == []


def test_the_same_file_again_changes_nothing(
    client: TestClient, importing_settings: Settings, files: str
) -> None:
    receipts = []
    for _ in range(2):
        asked = ask(client, plain(f"{files}/patients.ndjson"))
        fetch(importing_settings)
        receipts.append(status(client, asked).json()["files"][0]["receipt"])
    assert receipts[0] == receipts[1]
    assert client.get("/fhir/Patient/a").json()["meta"]["versionId"] == "1"


@pytest.mark.parametrize(
    "url",
    [
        "{host}/files/../secret/patients.ndjson",
        "{host}/files/%2e%2e/secret/patients.ndjson",
        "{host}/files/%2E./secret/patients.ndjson",
        "{host}/files/%252e%252e/secret/patients.ndjson",
        "{host}/files/..\\secret\\patients.ndjson",
        "{host}/filesystem/patients.ndjson",
        "{host}/patients.ndjson",
        "{host}/files",
        "http://user@127.0.0.1:{port}/files/patients.ndjson",
        "http://127.0.0.1:{port}@evil.example/files/patients.ndjson",
        "http://127.0.0.1:{port}#@evil.example/files/patients.ndjson",
        "http://127.0.0.1:1/files/patients.ndjson",
        "http://127.0.0.1/files/patients.ndjson",
        "http://localhost:{port}/files/patients.ndjson",
        "https://127.0.0.1:{port}/files/patients.ndjson",
        "http://elsewhere.example/fhir/patients.ndjson",
        "ftp://127.0.0.1:{port}/files/patients.ndjson",
        "file:///etc/passwd",
        "file://127.0.0.1:{port}/files/patients.ndjson",
        "http://[::1/files/patients.ndjson",
        "http:///files/patients.ndjson",
        "//127.0.0.1:{port}/files/patients.ndjson",
        "patients.ndjson",
        "http://127.0.0.1:{port}/files/\r\nHost: evil/patients.ndjson",
        " ",
    ],
)
def test_addresses_that_arent_allowed(url: str) -> None:
    settings = Settings(import_from="https://elsewhere.example/fhir, http://127.0.0.1:8080/files/")
    url = url.format(host="http://127.0.0.1:8080", port=8080)
    with pytest.raises(importing.NotAllowed):
        importing.refuse_addresses([importing.Input(url=url)], settings)


def test_addresses_that_are_allowed() -> None:
    settings = Settings(import_from="https://elsewhere.example/fhir, http://127.0.0.1:8080/files/")
    for url in (
        "https://elsewhere.example/fhir/a/b.ndjson?part=1",
        "http://127.0.0.1:8080/files/2026.11/%E4%BA%BA.ndjson",
    ):
        importing.refuse_addresses([importing.Input(url=url)], settings)


def test_without_the_setting_nothing_is_fetched() -> None:
    with pytest.raises(importing.NotAllowed):
        importing.refuse_addresses([importing.Input(url="http://127.0.0.1/x")], Settings())


def test_asking_is_refused_at_once(client: TestClient, offering: ThreadingHTTPServer, files: str) -> None:
    answer = ask(client, plain(f"{files}/patients.ndjson", "http://169.254.169.254/latest/meta-data"))
    assert code(answer) == (403, "XL7080")
    assert code(ask(client, plain(f"{files}/patients.ndjson"), "nobody")) == (404, "XL7020")
    assert code(ask(client, [])) == code(ask(client, "x")) == (400, "XL7081")
    assert code(client.get("/fhir/$import-status/none")) == (404, "XL7083")
    assert offering.RequestHandlerClass.asked == []  # type: ignore[attr-defined]


@pytest.mark.parametrize(
    ("content", "name"),
    [
        ({"input": []}, "inputFormat"),
        ({"inputFormat": "text/csv", "input": [{"url": "x"}]}, "inputFormat"),
        ({"inputFormat": ["x"], "input": [{"url": "x"}]}, "inputFormat"),
        ({"inputFormat": FORMAT}, "input"),
        ({"inputFormat": FORMAT, "input": []}, "input"),
        ({"inputFormat": FORMAT, "input": {"url": "x"}}, "input"),
        ({"inputFormat": FORMAT, "input": [{"url": 5}]}, "input"),
        ({"inputFormat": FORMAT, "input": [{"type": "Patient"}]}, "input"),
        ({"inputFormat": FORMAT, "input": ["x"]}, "input"),
        ({"resourceType": "Parameters"}, "inputFormat"),
        ({"resourceType": "Parameters", "parameter": 5}, "parameter"),
        ({"resourceType": "Parameters", "parameter": ["x"]}, "parameter"),
        ({"resourceType": "Parameters", "parameter": [{"name": "input", "part": [5]}]}, "parameter"),
        ({"resourceType": "Parameters", "parameter": [{"name": ["x"]}]}, "inputFormat"),
    ],
)
def test_wrong_manifests(content: Any, name: str) -> None:
    with pytest.raises(importing.BadManifest) as told:
        importing.read_manifest(content)
    assert name in told.value.text("en")


def test_bad_servers(
    client: TestClient,
    importing_settings: Settings,
    offering: ThreadingHTTPServer,
    files: str,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    """What isn't whole isn't taken, nothing is left in the spool, and the good file after them is loaded."""
    monkeypatch.setattr(importing, "SECONDS", 0.2)
    names = ("moved", "cut", "chunked", "silent", "large", "patients")
    asked = ask(client, plain(*(f"{files}/{name}.ndjson" for name in names)))
    fetch(importing_settings)
    told = status(client, asked)
    states = [one["state"] for one in told.json()["files"]]
    assert told.status_code == 200
    assert states == ["failed"] * 5 + ["done"]
    reasons = [one.get("reason", "") for one in told.json()["files"]]
    assert "HTTP 302" in reasons[0]
    assert "too early" in reasons[1]
    assert "bytes" in reasons[4]
    assert not any("secret" in path for path in offering.RequestHandlerClass.asked)  # type: ignore[attr-defined]
    assert list(importing_settings.spool.glob("*")) == []
    assert client.get("/fhir/Patient/a").status_code == 200


def test_what_was_allowed_when_asked_must_still_be(
    client: TestClient, importing_settings: Settings, offering: ThreadingHTTPServer, files: str
) -> None:
    asked = ask(client, plain(f"{files}/patients.ndjson"))
    fetch(msgspec.structs.replace(importing_settings, import_from=""))
    (told,) = status(client, asked).json()["files"]
    assert told["state"] == "failed"
    assert offering.RequestHandlerClass.asked == []  # type: ignore[attr-defined]


def test_a_process_that_ends_while_it_fetches_loses_nothing(
    client: TestClient, importing_settings: Settings, files: str
) -> None:
    """Stopped after the first file: the second is fetched by the next process, the first isn't again."""
    asked = ask(client, plain(f"{files}/patients.ndjson", f"{files}/none.ndjson"))

    async def stopped(hub: Hub) -> int:
        task = asyncio.create_task(importing.fetch_all(hub, importing_settings))
        while True:
            async with hub.database.connection() as connection:
                if await deliveries.latest(connection, most=1):
                    task.cancel()
                    await asyncio.gather(task, return_exceptions=True)
                    return 1
            await asyncio.sleep(0)

    assert run(importing_settings, stopped) == 1
    fetch(importing_settings)
    assert [one["state"] for one in status(client, asked).json()["files"]] == ["done", "failed"]
