"""A hub without its gate, to measure the gate by: all is open, nobody is asked, nothing is written down.

It exists here only: no setting of the hub takes its gate away. Run as `python -m benchmarks.ungated serve`.
"""

from collections.abc import AsyncGenerator
from contextlib import asynccontextmanager
from dataclasses import dataclass
from typing import TYPE_CHECKING

import xinglin.trust.gate.gate
from xinglin import serving, working
from xinglin.core import settings as configuration
from xinglin.core.errors import XinglinError
from xinglin.core.settings import Settings
from xinglin.hub.hub import Hub
from xinglin.hub.records import Key, Record
from xinglin.hub.search.search import Asked, Found
from xinglin.trust.gate.asking import Asking

if TYPE_CHECKING:
    from starlette.applications import Starlette


@dataclass(frozen=True)
class OpenHub:
    """What reads and searches need of a gated hub."""

    hub: Hub

    async def enter(self, door: str, method: str) -> None:
        """Let everybody in."""

    async def finish(self) -> None:
        """Write nothing down."""

    async def failure(self, error: XinglinError) -> None:
        """Write nothing down."""

    async def read(self, key: Key) -> Record:
        """Give the current version."""
        return await self.hub.read(key)

    async def search(self, asked: Asked) -> Found:
        """Answer a search."""
        return await self.hub.search(asked)


@dataclass(frozen=True)
class OpenGate:
    """A gate that is open."""

    settings: Settings
    hub: Hub

    def open(self, _asking: Asking) -> OpenHub:
        """Give the hub."""
        return OpenHub(self.hub)

    async def ping(self) -> None:
        """Make sure that the hub can work. Raises DatabaseError."""
        await self.hub.ping()


@asynccontextmanager
async def open_gate(settings: Settings, hub: Hub) -> AsyncGenerator[OpenGate]:
    """Leave the gate open."""
    yield OpenGate(settings, hub)


def work(settings: Settings, parent: int, failed: working.Failed) -> "Starlette":
    """Do what a worker process does, without the gate."""
    xinglin.trust.gate.gate.open_gate = open_gate  # pyright: ignore[reportAttributeAccessIssue]
    return working.work(settings, parent, failed)


if __name__ == "__main__":
    serving.work = work
    serving.serve(configuration.load(), ready=lambda: None, first=lambda _: None)
