"""What every test may use."""

import os
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest
import structlog

ROOT = Path(__file__).parents[1]


@pytest.fixture(autouse=True)
def own_logs() -> Iterator[None]:
    """Have every test see the log of its own, whatever the one before it configured."""
    structlog.reset_defaults()
    yield
    structlog.reset_defaults()


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
