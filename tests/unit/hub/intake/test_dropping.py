"""What the drop folder takes, and what it tells of the rest; no database."""

import asyncio
import os
from pathlib import Path
from typing import Any, cast

import pytest
from structlog.testing import capture_logs

from xinglin.hub.hub import Hub
from xinglin.hub.intake.dropping import DropFolder, NotTaken


class Registered(DropFolder):
    """A drop folder that only lists what it would register."""

    def __init__(self, folder: Path) -> None:
        super().__init__(cast("Hub", None), folder)
        self.taken: list[str] = []

    async def _register(self, path: Path) -> None:
        self.taken.append(path.name.partition(" ")[2])
        path.unlink()


@pytest.fixture
def source(tmp_path: Path) -> Path:
    path = tmp_path / "drop" / "his"
    path.mkdir(parents=True)
    return path


def look(source: Path, times: int = 3) -> tuple[list[str], list[Any]]:
    folder = Registered(source.parent)

    async def looks() -> None:
        for _ in range(times):
            await folder.look()

    with capture_logs() as logs:
        asyncio.run(looks())
    return folder.taken, logs


def test_folders_and_links_are_told_once_and_without_their_names(source: Path, tmp_path: Path) -> None:
    (source / "inner").mkdir()
    (source / "inner" / "wang.ndjson").write_text("{}")
    (source / ".hidden").mkdir()
    (tmp_path / "real").write_text("{}")
    (source / "li.ndjson").symlink_to(tmp_path / "real")
    (source / "a.ndjson").write_text("{}")
    taken, logs = look(source)
    assert taken == ["a.ndjson"]
    assert sorted((one["source"], one["what"], one["code"]) for one in logs) == [
        ("his", "folder", NotTaken.code),
        ("his", "link", NotTaken.code),
    ]
    assert all(one["log_level"] == "warning" for one in logs)
    assert "li.ndjson" not in str(logs)
    assert "inner" not in str(logs)


def test_a_name_that_is_no_text_holds_nothing_up(source: Path) -> None:
    """A name in GBK, as old systems write it."""
    Path(os.fsdecode(os.fsencode(source) + b"/\xcd\xf5.ndjson")).write_text("{}")
    (source / "a.ndjson").write_text("{}")
    taken, _ = look(source)
    assert sorted(taken) == ["??.ndjson", "a.ndjson"]
