"""`xinglin audit …`: an auditor's day, with a witness that is a process of its own."""

import asyncio
import base64
import json
import os
import signal
import socket
import subprocess
import sys
import time
from collections.abc import Iterator
from pathlib import Path

import psycopg
import pytest
from starlette.testclient import TestClient
from tests.audit import AT, entry, opened, with_log
from tests.support import run

from xinglin.api.witness import make_app
from xinglin.core.settings import Settings
from xinglin.hub.hub import Hub
from xinglin.trust.log import commands, signing, work
from xinglin.trust.log.asking import write_request
from xinglin.trust.log.checkpoint import read_checkpoint
from xinglin.trust.log.errors import UnusableExport
from xinglin.trust.log.merkle import HASHES, is_included, leaf_hash
from xinglin.trust.log.notes import Note, make_signer, read_note, read_signature, read_verifier
from xinglin.trust.log.signing import Signing
from xinglin.trust.log.witness import Witness
from xinglin.trust.log.witnessing import ask_witnesses

Done = subprocess.CompletedProcess[str]


class Shell:
    """The command line on a database."""

    def __init__(self, url: str, home: Path) -> None:
        kept = {name: value for name, value in os.environ.items() if not name.startswith("XINGLIN_")}
        self.environment = kept | {
            "XINGLIN_HOME": str(home),
            "XINGLIN_DATABASE_URL": url,
            "LANG": "C.UTF-8",
            "COLUMNS": "200",
        }

    def __call__(self, *arguments: str | Path, code: int = 0) -> Done:
        command = [sys.executable, "-m", "xinglin", "audit", *map(str, arguments)]
        done = subprocess.run(
            command, env=self.environment, capture_output=True, text=True, timeout=120, check=False
        )
        assert "Traceback" not in done.stderr + done.stdout
        assert done.returncode == code, (done.returncode, done.stdout, done.stderr)
        return done


@pytest.fixture
def shell(database: str, tmp_path: Path) -> Shell:
    with_log(database, lambda log: log.append([entry(at) for at in range(100)]))
    return Shell(database, tmp_path / "home")


def lines(done: Done) -> list[list[str]]:
    return [line.split("\t") for line in done.stdout.splitlines()]


def test_an_auditors_day(shell: Shell, tmp_path: Path) -> None:
    listed = lines(shell("list", "--patient", "p1", "--patient", "p2", "--count", "3"))
    assert [row[0] for row in listed] == ["58", "57", "51"]
    told = json.loads(shell("show", "58").stdout)
    assert (told["resourceType"], told["id"]) == ("AuditEvent", "58")
    (role, key) = lines(shell("keys"))[0]
    assert role == "log"
    export = tmp_path / "export"
    size = int(shell("export", export).stdout.split()[0])  # commands leave entries themselves
    assert size >= 100
    offline = Shell("postgresql://nobody@127.0.0.1:1/none", tmp_path / "elsewhere")
    assert f"Signed up to {size}, witnessed up to 0" in offline("verify", export, "--key", key).stdout
    signed = offline("witness", tmp_path / "w", "--name", "w.example", "--export", export, "--log", key)
    shell("witnesses", "take", export, code=13)  # nobody has said that this is a witness
    shell("witnesses", "add", signed.stderr.strip())
    assert shell("witnesses", "take", export).stdout == "1 signatures kept.\n"
    assert f"witnessed up to {size}" in shell("verify").stdout

    entries = export / "entries" / "000000000000.ndjson"
    entries.write_bytes(entries.read_bytes().replace(b"/o58", b"/o59"))
    assert "entry 58 was changed" in offline("verify", export, "--key", key, code=1).stdout
    other = make_signer("log.example/other", "ed25519", timed=False).verifier.write()
    assert commands.verify_export(export, [other], []).checkpoints == 0
    with pytest.raises(UnusableExport):
        commands.verify_export(tmp_path, [], [])


def test_a_proof_says_all_that_a_third_party_needs(shell: Shell) -> None:
    told = json.loads(shell("proof", "7").stdout)
    assert json.loads(told["entry"])["what"] == ["Observation/o7"]
    signed = read_checkpoint(read_note(told["checkpoint"]).text)
    assert (signed.size, signed.root.hex()) == (told["size"], told["root"])
    assert is_included(
        HASHES["sha256"],
        leaf=leaf_hash(HASHES["sha256"], told["entry"].encode()),
        index=7,
        size=told["size"],
        proof=[bytes.fromhex(one) for one in told["path"]],
        root=signed.root,
    )


def test_a_witness_refuses_by_code(shell: Shell, tmp_path: Path, database: str) -> None:
    first, second, third = (tmp_path / name for name in ("first", "second", "third"))
    shell("export", first)
    shell("witness", tmp_path / "w", "--name", "w.example", "--export", first)
    with_log(database, lambda log: log.append([entry(1)]))
    shell("export", second)
    shell("witness", tmp_path / "w", "--name", "w.example", "--export", second)
    assert (
        "XL9006" in shell("witness", tmp_path / "w", "--name", "w.example", "--export", first, code=13).stderr
    )
    # another history, by whoever has the key
    for file in (tmp_path / "home" / "audit").glob("*.note"):
        file.unlink()
    with psycopg.connect(database) as connection:
        connection.execute("SET session_replication_role = replica")
        connection.execute("TRUNCATE audit_entry, audit_node, audit_checkpoint CASCADE")
        connection.execute("UPDATE audit_head SET size = 0, peaks = ''")
    with_log(database, lambda log: log.append([entry(at + 1) for at in range(150)]))
    shell("export", third)
    assert (
        "XL9007" in shell("witness", tmp_path / "w", "--name", "w.example", "--export", third, code=13).stderr
    )
    shell("witness", tmp_path / "w2", "--name", "w.example", code=10)


def test_alerts_on_the_command_line(shell: Shell, database: str) -> None:
    with_log(database, lambda log: log.append([entry(at, outcome="denied") for at in range(20)]))
    run(Settings(home=shell.environment["XINGLIN_HOME"], database_url=database, language="en"), _watch)
    ((number, _, severity, who, what, count, entries, state),) = lines(shell("alerts", "list"))
    assert (severity, who, count, entries, state) == ("medium", "user:wang", "20", "100-119", "open")
    assert what == "Many denials in a short time"
    shell("alerts", "close", number, "--why", "a test", "--by", "user:security")
    shell("alerts", "close", number, "--why", "again", code=12)
    assert not lines(shell("alerts", "list"))
    assert "user:security, a test" in shell("alerts", "list", "--state", "all").stdout


async def _watch(hub: Hub) -> None:
    await work.watch(hub, Settings(home="/nonexistent"))


class Running:
    """A witness process that waits for hubs."""

    def __init__(self, shell: Shell, folder: Path, log: str) -> None:
        with socket.socket() as probe:
            probe.bind(("127.0.0.1", 0))
            self.port: int = probe.getsockname()[1]
        self._command = [
            *(sys.executable, "-m", "xinglin", "audit", "witness", str(folder), "--name", "w.example"),
            *("--listen", f"127.0.0.1:{self.port}", "--log", log),
        ]
        self._shell = shell
        self.process = self.start()

    @property
    def address(self) -> str:
        return f"http://127.0.0.1:{self.port}"

    def start(self) -> subprocess.Popen[str]:
        self.process = subprocess.Popen(
            self._command, env=self._shell.environment, stderr=subprocess.PIPE, text=True
        )
        assert self.process.stderr is not None
        self.key = self.process.stderr.readline().strip()
        end = time.monotonic() + 30
        while time.monotonic() < end:
            with socket.socket() as probe:
                if probe.connect_ex(("127.0.0.1", self.port)) == 0:
                    return self.process
            time.sleep(0.05)
        raise TimeoutError

    def stop(self, how: int) -> None:
        self.process.send_signal(how)
        self.process.communicate(timeout=20)


@pytest.fixture
def running(shell: Shell, tmp_path: Path) -> Iterator[Running]:
    made = Running(shell, tmp_path / "w", lines(shell("keys"))[0][1])
    yield made
    made.stop(signal.SIGKILL)


def test_the_hub_asks_a_witness_that_may_be_killed(running: Running, database: str, tmp_path: Path) -> None:
    async def work() -> None:
        async with opened(database) as log:
            signs = Signing(log, tmp_path / "home" / "audit", "ed25519")
            async with log.database.connection() as connection:
                witness = read_verifier(running.key)
                await signing.know(connection, witness, role="witness", address=running.address)
            sizes: list[int] = []
            signed: list[int] = []  # not known before: commands leave entries themselves
            for turn in range(4):
                if turn == 1:  # its answer to the hub's memory is lost: the hub must ask from further on
                    async with log.database.connection() as connection:
                        await connection.execute("SET session_replication_role = replica")
                        await connection.execute("DELETE FROM audit_cosignature")
                        await connection.execute("SET session_replication_role = origin")
                if turn == 2:
                    running.stop(signal.SIGKILL)
                    running.start()
                if turn == 3:
                    running.stop(signal.SIGKILL)
                await log.append([entry(turn)])
                note = await signs.checkpoint()
                signed.append(read_checkpoint(note.text).size)
                await ask_witnesses(log, note)
                async with log.database.connection() as connection:
                    sizes.append(await signing.cosigned_size(connection, "w.example"))
            assert signed[0] > 100
            assert sizes == [*signed[:3], signed[2]]
            assert signed == sorted(set(signed))  # while no witness answers the log goes on

    asyncio.run(work())
    running.start()


def test_a_witness_over_http(tmp_path: Path) -> None:
    log = make_signer("log.example/one", "sm2", timed=False)
    witness = Witness(tmp_path, "w.example", "sm2")
    witness.watch(log.verifier, "sha256")
    hash_ = bytes(32)
    client = TestClient(make_app(witness))

    def ask(text: str, old: int = 0) -> tuple[int, str]:
        answer = client.post("/add-checkpoint", content=write_request(Note(text, (log.sign(text),)), old, []))
        return answer.status_code, answer.text

    def at(size: int, origin: str = "log.example/one") -> str:
        return f"{origin}\n{size}\n{base64.b64encode(hash_).decode()}\n"

    status, text = ask(at(3))
    assert status == 200
    note = Note(at(3), (read_signature(text.strip()),))
    (time_signed,) = witness.signer.verifier.signed(note)
    assert time_signed is not None
    assert abs(time_signed - time.time()) < 60
    assert ask(at(4), old=3)[0] == 422
    assert ask(at(4), old=2) == (409, "3\n")
    assert ask(at(2), old=2) == (409, "3\n")
    assert ask(at(4, "log.example/other"), old=3)[0] == 404
    other = make_signer("log.example/one", "sm2", timed=False)
    forged = write_request(Note(at(3), (other.sign(at(3)),)), 3, [])
    assert client.post("/add-checkpoint", content=forged).status_code == 403
    assert client.post("/add-checkpoint", content=b"\xff").status_code == 400
    assert client.post("/add-checkpoint", content=b"x" * 200_000).status_code == 413
    assert client.get("/add-checkpoint").status_code == 405


def test_the_background_signs_and_watches(settings: Settings, tmp_path: Path) -> None:
    own = Settings(home=str(tmp_path), database_url=settings.database_url)

    async def work_(hub: Hub) -> None:
        await work.sign(hub, own)  # an empty log is nothing to sign
        log = work.log_of(hub, own)
        await log.append([entry(0, at=AT)])
        await work.sign(hub, own)
        await work.sign(hub, own)
        async with hub.database.connection() as connection:
            assert len(await signing.notes(connection)) == 1
        await work.watch(hub, own)

    run(settings, work_)
