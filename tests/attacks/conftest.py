"""One embedded server for all attacks; one world, a hub with people and their records, for each module."""

import itertools
import shutil
import tempfile
from collections.abc import Iterator
from pathlib import Path

import msgspec
import psycopg
import pytest
from tests.attacks.world import World, world_of

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
        connection.execute("CREATE DATABASE hub_template")
    schema.upgrade(server.url("hub_template"))
    yield server
    server.stop()
    shutil.rmtree(home)


@pytest.fixture(scope="module")
def settings(server: EmbeddedServer, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Settings]:
    """Settings on a database of the module's own, as they are shipped but for small hashes and limits."""
    name = f"attack_{next(_numbers)}"
    with psycopg.connect(server.url(), autocommit=True) as connection:
        connection.execute(f"CREATE DATABASE {name} TEMPLATE hub_template")
        made = Settings(
            database_url=server.url(name), language="en", home=str(tmp_path_factory.mktemp("home"))
        )
        yield msgspec.structs.replace(
            made, argon2_memory_kib=8, argon2_passes=1, logins_per_minute=0, max_body_bytes=2_000_000
        )
        connection.execute(f"DROP DATABASE {name} WITH (FORCE)")


@pytest.fixture(scope="module")
def world(settings: Settings) -> Iterator[World]:
    """The hub under attack. Tests that change what others rely on have a patient of their own."""
    with world_of(settings) as world:
        yield world
