"""What every test may use."""

import os
import sys
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest
import structlog
from tests.databases import running_server

from xinglin.core.settings import DEFAULT_HOME
from xinglin.hub.embedded import EmbeddedServer

ROOT = Path(__file__).parents[1]

_HOME = str(Path(DEFAULT_HOME).expanduser())
_written: list[str] = []


def _watch(event: str, given: tuple[object, ...]) -> None:
    """Take note of what this process writes in the home folder of the machine's own hub."""
    if event not in ("open", "os.mkdir", "os.rename"):
        return
    path, flags = given[0], given[2] if event == "open" else os.O_WRONLY
    writes = isinstance(flags, int) and flags & (os.O_WRONLY | os.O_RDWR | os.O_CREAT)
    if writes and isinstance(path, str | os.PathLike) and os.fspath(path) == _HOME:
        _written.append(_HOME)
    elif writes and isinstance(path, str | os.PathLike) and str(os.fspath(path)).startswith(f"{_HOME}/"):
        _written.append(str(os.fspath(path)))


sys.addaudithook(_watch)


@pytest.fixture(autouse=True)
def own_home() -> Iterator[None]:
    """Fail a test that writes in the default home folder: it should have set `home`."""
    _written.clear()
    yield
    assert not _written, f"a test wrote outside its own folder: {_written[:3]}"


@pytest.fixture(autouse=True)
def own_logs() -> Iterator[None]:
    """Have every test see the log of its own, whatever the one before it configured."""
    structlog.reset_defaults()
    yield
    structlog.reset_defaults()


@pytest.fixture(scope="session")
def server() -> Iterator[EmbeddedServer]:
    """An embedded server with a template database at the newest schema (see `databases`)."""
    with running_server() as server:
        yield server


@pytest.fixture(scope="session")
def shared() -> Callable[[str], Path]:
    """Find outside test data by its path below `XINGLIN_SHARED` (default `../shared`).

    Where the folder is missing the test is skipped, but never in CI.
    """
    folder = Path(os.environ.get("XINGLIN_SHARED", ROOT.parent / "shared"))

    def find(path: str) -> Path:
        found = folder / path
        if not found.exists():
            reason = f"outside data {path} not found below XINGLIN_SHARED ({folder})"
            (pytest.fail if os.environ.get("CI") else pytest.skip)(reason)
        return found

    return find
