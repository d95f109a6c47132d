"""A real PostgreSQL for tests: one embedded server for a session, databases of it copied from a template."""

import itertools
import shutil
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import psycopg

from xinglin.hub import schema
from xinglin.hub.embedded import EmbeddedServer

TEMPLATE = "hub_template"
"""A database at the newest schema, without records."""

_numbers = itertools.count()


@contextmanager
def running_server() -> Iterator[EmbeddedServer]:
    """Run an embedded server that has the template."""
    # not pytest's folder: its path is too long for a socket, and closed to the server's own user
    home = Path(tempfile.mkdtemp(prefix="xinglin-test-"))
    server = EmbeddedServer(home)
    server.start()
    with psycopg.connect(server.url(), autocommit=True) as connection:
        # No test cuts this server's power: without waiting for the disk, a database is made in a tenth of
        # a second in place of two. Tests of what survives a crash run a hub with a server of its own.
        connection.execute("ALTER SYSTEM SET fsync = off")
        connection.execute("ALTER SYSTEM SET full_page_writes = off")
        connection.execute("SELECT pg_reload_conf()")
        connection.execute(f"CREATE DATABASE {TEMPLATE}")
    schema.upgrade(server.url(TEMPLATE))
    yield server
    server.stop()
    shutil.rmtree(home)


@contextmanager
def new_database(server: EmbeddedServer, template: str = TEMPLATE) -> Iterator[str]:
    """Give the address of a database of one's own; it is gone after the block."""
    name = f"test_{next(_numbers)}"
    with psycopg.connect(server.url(), autocommit=True) as connection:
        connection.execute(f"CREATE DATABASE {name} TEMPLATE {template} STRATEGY FILE_COPY")
        yield server.url(name)
        connection.execute(f"DROP DATABASE {name} WITH (FORCE)")
