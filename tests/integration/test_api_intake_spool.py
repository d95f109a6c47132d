"""The spool: what is handed on is on the disk; and a backup brings everything of intake back."""

import asyncio
import os
import stat
from pathlib import Path

import psycopg
import pytest
from tests.support import client_of

from xinglin.core.settings import Settings
from xinglin.hub import backup
from xinglin.hub.intake import registry
from xinglin.hub.intake.service import AT_ONCE, Spool
from xinglin.standards.identifiers import SCHEMES, Kind

TABLES = ("source", "delivery", "delivery_piece", "refused", "resource")


@pytest.mark.parametrize("size", [10, AT_ONCE + 1])
def test_file_and_folder_are_written_through(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, size: int
) -> None:
    """After a power cut a new file is there only if its folder's entry was written too."""
    synced: list[bool] = []
    real = os.fsync

    def fsync(descriptor: int) -> None:
        synced.append(stat.S_ISDIR(os.fstat(descriptor).st_mode))
        real(descriptor)

    monkeypatch.setattr(os, "fsync", fsync)

    async def spooled() -> Path:
        async with Spool(Settings(home=str(tmp_path))) as spool:
            await spool.write(b"x" * size)
            return spool.keep()

    path = asyncio.run(spooled())
    assert path.stat().st_size == size
    assert synced == [False, True]


def test_backup_brings_intake_back(database: str, empty_database: str, tmp_path: Path) -> None:
    settings = Settings(database_url=database, home=str(tmp_path))
    institution = SCHEMES[Kind.CREDIT_CODE].invented(4)
    token = registry.add(settings, {"id": "clinic", "institution": institution, "institution_name": "演示"})
    body = b'{"resourceType":"Patient","id":"a"}\n{"resourceType":"Patient","gender":"?"}\n'
    headers = {"authorization": f"Bearer {token}"}
    with client_of(settings) as client:
        receipt = client.post("/intake/clinic", content=body, headers=headers).json()
    backup.backup(database, tmp_path / "file")
    backup.restore(empty_database, tmp_path / "file")
    with psycopg.connect(database) as old, psycopg.connect(empty_database) as new:
        for table in TABLES:
            query = f"SELECT count(*), md5(string_agg(t::text, '|' ORDER BY t::text)) FROM {table} t"
            assert old.execute(query).fetchone() == new.execute(query).fetchone(), table  # type: ignore[arg-type]
    restored = Settings(database_url=empty_database, home=str(tmp_path))
    with client_of(restored) as client:
        assert client.post("/intake/clinic", content=body, headers=headers).json() == receipt
        number = client.get("/refused").json()["items"][0]["number"]
        right = b'{"resourceType":"Patient","gender":"male"}'
        assert client.put(f"/refused/{number}", content=right).status_code == 200
        assert client.post(f"/refused/{number}/$replay").json()["done"]
