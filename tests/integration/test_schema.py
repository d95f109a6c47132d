"""The schema: upgraded once by whoever comes first, never downgraded, on the servers that are supported."""

import shutil
import tempfile
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import psycopg
import pytest
from tests.support import client_of, run

from xinglin.core.settings import Settings
from xinglin.hub import schema
from xinglin.hub.changes import Create
from xinglin.hub.database import Unreachable
from xinglin.hub.embedded import EmbeddedServer, WrongMajor
from xinglin.hub.hub import Hub

PATIENT = {"resourceType": "Patient"}


def test_many_may_upgrade_at_once(empty_database: str) -> None:
    with ThreadPoolExecutor(4) as pool:
        list(pool.map(lambda _: schema.upgrade(empty_database), range(4)))
    assert schema.revision(empty_database) == schema.newest()


def test_a_newer_database_is_refused(database: str) -> None:
    with psycopg.connect(database) as connection:
        connection.execute("UPDATE alembic_version SET version_num = '9999'")
    with pytest.raises(schema.NewerDatabase) as refused:
        schema.upgrade(database)
    assert "9999" in str(refused.value)
    assert schema.revision(database) == "9999"


def test_nobody_answers() -> None:
    with pytest.raises(Unreachable):
        schema.upgrade("postgresql://nobody@127.0.0.1:1/none")


def test_changes_keep_growing_after_a_move_to_a_younger_cluster(settings: Settings) -> None:
    """A database moved into a cluster with lower transaction numbers goes on above its newest."""

    async def add(hub: Hub) -> int:
        done = await hub.change(Create("Patient", content=PATIENT))
        assert done.record is not None
        return done.record.seq

    run(settings, add)
    with psycopg.connect(settings.database_url) as connection:
        connection.execute("UPDATE resource SET seq = seq + (1::bigint << 50)")
    schema.upgrade(settings.database_url)
    newest = run(settings, add)
    assert newest > 1 << 50

    async def follow(hub: Hub) -> list[int]:
        return [change.seq for change in await hub.changes(after=0, most=10)]

    assert run(settings, follow)[-1] == newest


def test_data_of_another_major_version_is_refused(tmp_path: Path) -> None:
    (tmp_path / "postgres").mkdir()
    (tmp_path / "postgres" / "PG_VERSION").write_text("12\n")
    with pytest.raises(WrongMajor):
        EmbeddedServer(tmp_path).start()


def test_a_start_that_was_killed_half_way_begins_anew() -> None:
    home = Path(tempfile.mkdtemp(prefix="xinglin-test-"))
    (home / "postgres.new").mkdir()
    (home / "postgres.new" / "half").write_text("written")
    server = EmbeddedServer(home)
    server.start()
    schema.upgrade(server.url())
    server.stop()
    assert not (home / "postgres.new").exists()
    shutil.rmtree(home)


def test_the_last_user_stops_the_server() -> None:
    home = Path(tempfile.mkdtemp(prefix="xinglin-test-"))
    first, second = EmbeddedServer(home), EmbeddedServer(home)
    first.start()
    second.start()
    first.stop()
    psycopg.connect(second.url()).close()
    second.stop()
    with pytest.raises(psycopg.OperationalError):
        psycopg.connect(second.url())
    shutil.rmtree(home)


def test_a_server_of_ones_own(oldest_server: str, home: Path) -> None:
    """The hub works on PostgreSQL 15 by address."""
    schema.upgrade(oldest_server)
    with client_of(Settings(database_url=oldest_server, home=str(home))) as client:
        made = client.post("/fhir/Patient", json=PATIENT)
        assert made.status_code == 201
        assert (
            client.put(
                f"/fhir/Patient/{made.json()['id']}", json=made.json() | {"gender": "male"}
            ).status_code
            == 200
        )
        assert len(client.get("/fhir/_history").json()["entry"]) == 2
