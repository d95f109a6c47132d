"""A real PostgreSQL for every test: one embedded server a session, one database a test."""

import itertools
import os
import pwd
import shutil
import subprocess
import tempfile
from collections.abc import Iterator
from pathlib import Path

import psycopg
import pytest
from starlette.testclient import TestClient
from tests.running import free_port
from tests.support import client_of

from xinglin.core.settings import Settings
from xinglin.hub import schema
from xinglin.hub.embedded import EmbeddedServer

_numbers = itertools.count()


@pytest.fixture(scope="session")
def server() -> Iterator[EmbeddedServer]:
    """An embedded server with a template database at the newest schema."""
    home = Path(tempfile.mkdtemp(prefix="xinglin-test-"))
    server = EmbeddedServer(home)
    server.start()
    with psycopg.connect(server.url(), autocommit=True) as connection:
        # No test cuts this server's power: without waiting for the disk, a database is made in a tenth of
        # a second in place of two. Tests of what survives a crash run a hub with a server of its own.
        connection.execute("ALTER SYSTEM SET fsync = off")
        connection.execute("ALTER SYSTEM SET full_page_writes = off")
        connection.execute("SELECT pg_reload_conf()")
        connection.execute("CREATE DATABASE hub_template")
    schema.upgrade(server.url("hub_template"))
    yield server
    server.stop()
    shutil.rmtree(home)


@pytest.fixture
def empty_database(server: EmbeddedServer) -> Iterator[str]:
    """The address of an empty database."""
    yield from _database(server, "template1")


@pytest.fixture
def database(server: EmbeddedServer) -> Iterator[str]:
    """The address of a database at the newest schema, without records."""
    yield from _database(server, "hub_template")


def _database(server: EmbeddedServer, template: str) -> Iterator[str]:
    name = f"test_{next(_numbers)}"
    with psycopg.connect(server.url(), autocommit=True) as connection:
        connection.execute(f"CREATE DATABASE {name} TEMPLATE {template} STRATEGY FILE_COPY")
        yield server.url(name)
        connection.execute(f"DROP DATABASE {name} WITH (FORCE)")


@pytest.fixture(scope="session")
def home(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A home folder that hubs of this session share: keys and policies stand there."""
    return tmp_path_factory.mktemp("home")


@pytest.fixture
def settings(database: str, home: Path) -> Settings:
    """Settings on the test's database."""
    return Settings(database_url=database, language="en", home=str(home))


@pytest.fixture
def client(settings: Settings) -> Iterator[TestClient]:
    """An HTTP client of a hub on the test's database."""
    with client_of(settings) as client:
        yield client


OLDEST_SERVER = Path("/usr/lib/postgresql/15/bin")


@pytest.fixture
def oldest_server() -> Iterator[str]:
    """The address of a PostgreSQL 15 from the distribution, on a TCP port with a password."""
    if not OLDEST_SERVER.exists():
        (pytest.fail if os.environ.get("CI") else pytest.skip)(
            "PostgreSQL 15 isn't installed (apt: postgresql-15)"
        )
    user = "postgres" if os.geteuid() == 0 else pwd.getpwuid(os.geteuid()).pw_name
    folder = Path(tempfile.mkdtemp(prefix="xinglin-pg15-"))
    secret = folder / "secret"
    secret.write_text("a secret")
    if os.geteuid() == 0:
        shutil.chown(folder, user)
        shutil.chown(secret, user)

    def command(program: str, *arguments: str) -> None:
        subprocess.run(
            [OLDEST_SERVER / program, "-D", folder / "data", *arguments],
            check=True,
            stdout=subprocess.DEVNULL,
            user=user,
        )

    command("initdb", "-U", "someone", "-A", "scram-sha-256", f"--pwfile={secret}")
    port = free_port()
    options = f"-p {port} -c listen_addresses=127.0.0.1 -c unix_socket_directories={folder}"
    command("pg_ctl", "start", "-w", "-o", options, "-l", str(folder / "log"))
    yield f"postgresql://someone:a%20secret@127.0.0.1:{port}/postgres"
    command("pg_ctl", "stop", "-m", "immediate")
    shutil.rmtree(folder)
