"""Backup and restore: every version of every record comes back, into any supported server."""

import asyncio
import random
from pathlib import Path

import psycopg
import pytest
from tests.support import run

from xinglin.core.settings import Settings
from xinglin.hub import backup as archive
from xinglin.hub.backup import BackupFailed, NotABackup, NotEmpty, RestoreFailed
from xinglin.hub.changes import Create, Delete, Update
from xinglin.hub.hub import Hub
from xinglin.hub.records import Key, Record
from xinglin.hub.vault.masters import NoMasterKey


async def fill(hub: Hub) -> None:
    """Write a few hundred versions, with updates and deletions, enough for a dictionary."""
    dice = random.Random(4)
    for number in range(700):
        content = {"resourceType": "Observation", "status": "final", "code": {"text": f"葡萄糖 {number % 9}"}}
        await hub.change(Create("Observation", content=content))
    await hub.close()
    for step in range(200):
        key = Key("Patient", f"p{dice.randrange(30)}")
        if dice.random() < 0.2:
            await hub.change(Delete("Patient", key=key))
        else:
            content = {"resourceType": "Patient", "id": key.id, "name": [{"text": f"张{step}"}]}
            await hub.change(Update("Patient", key=key, content=content))


async def everything(hub: Hub) -> list[Record]:
    return await hub.history(most=100_000)


def test_every_version_comes_back(settings: Settings, empty_database: str, tmp_path: Path) -> None:
    run(settings, fill)
    before = run(settings, everything)
    file = tmp_path / "made" / "hub.backup"
    assert archive.backup(settings.database_url, file) == file.stat().st_size
    archive.restore(empty_database, file)
    with pytest.raises(NoMasterKey):  # the key file isn't in the backup
        run(Settings(database_url=empty_database, home=str(tmp_path / "elsewhere")), everything)
    restored = Settings(database_url=empty_database, home=settings.home)
    assert run(restored, everything) == before
    assert len(before) > 850

    async def go_on(hub: Hub) -> None:
        after = before[0].seq
        await hub.change(Create("Patient", content={"resourceType": "Patient"}))
        assert len(await hub.changes(after=max(after, *(r.seq for r in before)), most=10)) == 1

    run(restored, go_on)


def test_a_backup_of_a_hub_at_work_is_one_moment(
    settings: Settings, empty_database: str, tmp_path: Path
) -> None:
    """Records that one transaction writes together are in the backup together or not at all."""
    file = tmp_path / "hub.backup"

    async def story(hub: Hub) -> None:
        async def write() -> None:
            number = 0
            while not done.is_set():
                number += 1
                pair = [
                    Update(
                        "Patient",
                        key=Key("Patient", f"{side}{number}"),
                        content={"resourceType": "Patient", "id": f"{side}{number}"},
                    )
                    for side in "lr"
                ]
                await hub.change_all(pair)

        done = asyncio.Event()
        writer = asyncio.create_task(write())
        await asyncio.sleep(0.2)
        await asyncio.to_thread(archive.backup, settings.database_url, file)
        done.set()
        await writer

    run(settings, story)
    archive.restore(empty_database, file)
    ids = {
        record.key.id for record in run(Settings(database_url=empty_database, home=settings.home), everything)
    }
    assert ids
    assert {i[1:] for i in ids if i[0] == "l"} == {i[1:] for i in ids if i[0] == "r"}


def test_restoring_over_a_hub_is_refused(settings: Settings, tmp_path: Path) -> None:
    file = tmp_path / "hub.backup"
    archive.backup(settings.database_url, file)
    with pytest.raises(NotEmpty):
        archive.restore(settings.database_url, file)


@pytest.mark.parametrize("part", [0.2, 0.6, 0.95])
def test_half_a_backup_restores_nothing(
    settings: Settings, empty_database: str, tmp_path: Path, part: float
) -> None:
    run(settings, fill)
    file = tmp_path / "hub.backup"
    archive.backup(settings.database_url, file)
    whole = file.read_bytes()
    file.write_bytes(whole[: int(len(whole) * part)])
    with pytest.raises(RestoreFailed):
        archive.restore(empty_database, file)
    with psycopg.connect(empty_database) as connection:
        assert connection.execute(
            "SELECT count(*) FROM pg_tables WHERE schemaname = 'public'"
        ).fetchone() == (0,)


def test_other_files_are_refused(empty_database: str, tmp_path: Path) -> None:
    other = tmp_path / "letter.txt"
    other.write_text("dear hub")
    for file in (other, tmp_path / "missing"):
        with pytest.raises(NotABackup):
            archive.restore(empty_database, file)


def test_a_backup_that_fails_leaves_no_file(database: str, tmp_path: Path) -> None:
    with pytest.raises(BackupFailed):
        archive.backup("postgresql://nobody@127.0.0.1:1/none", tmp_path / "hub.backup")
    with pytest.raises(BackupFailed):
        archive.backup(database, Path("/proc/hub.backup"))
    assert list(tmp_path.iterdir()) == []


def test_into_the_oldest_server(settings: Settings, oldest_server: str, tmp_path: Path) -> None:
    run(settings, fill)
    archive.backup(settings.database_url, tmp_path / "hub.backup")
    archive.restore(oldest_server, tmp_path / "hub.backup")
    assert run(Settings(database_url=oldest_server, home=settings.home), everything) == run(
        settings, everything
    )
