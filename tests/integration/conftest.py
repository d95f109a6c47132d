"""A real PostgreSQL for every test, with a database of its own."""

import os
import pwd
import shutil
import subprocess
import tempfile
from collections.abc import Iterator
from pathlib import Path

import pytest
from starlette.testclient import TestClient
from tests.databases import new_database
from tests.running import free_port
from tests.support import client_of

from xinglin.core.settings import Settings
from xinglin.hub.embedded import EmbeddedServer


@pytest.fixture
def empty_database(server: EmbeddedServer) -> Iterator[str]:
    """The address of an empty database."""
    with new_database(server, "template1") as url:
        yield url


@pytest.fixture
def database(server: EmbeddedServer) -> Iterator[str]:
    """The address of a database at the newest schema, without records."""
    with new_database(server) as url:
        yield url


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
