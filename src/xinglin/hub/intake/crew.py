"""Who loads pieces: this process, or several side by side.

A piece is read, checked and stored by one process; the one that cuts the delivery only hands over bytes, at
most a few pieces ahead, so memory stays the same for files of any size.
"""

import asyncio
import multiprocessing
import os
from collections.abc import AsyncGenerator
from concurrent.futures import ProcessPoolExecutor
from contextlib import asynccontextmanager
from typing import Protocol

import msgspec

from xinglin.core.settings import Settings
from xinglin.core.telemetry import configure_logs
from xinglin.hub.hub import Hub, open_hub
from xinglin.hub.intake import sources
from xinglin.hub.intake.counts import Counts
from xinglin.hub.intake.load import Consignment, Loader
from xinglin.hub.processes import end_with, settle
from xinglin.standards.conversion import Piece

AHEAD = 2
"""Pieces handed over for each process, so that none waits for the next."""


class Crew(Protocol):
    """Loads pieces."""

    size: int

    async def load(self, consignment: Consignment, number: int, piece: Piece) -> Counts | None:
        """Load a piece; None where that was done before. Durable when this returns."""
        ...


async def loader(hub: Hub) -> Loader:
    """Make the loader of a hub."""
    async with hub.database.connection() as connection:
        known = await sources.list_all(connection)
    return Loader(hub, {source.id: source.namespace for source in known})


class Here:
    """Loads in this process."""

    size = 1

    def __init__(self, hub: Hub) -> None:
        self._hub = hub

    async def load(self, consignment: Consignment, number: int, piece: Piece) -> Counts | None:
        """Load a piece."""
        return await (await loader(self._hub)).load(consignment, number, piece)


class Processes:
    """Loads in `size` processes."""

    def __init__(self, pool: ProcessPoolExecutor, size: int) -> None:
        self._pool = pool
        self._free = asyncio.Semaphore(size * AHEAD)
        self.size = size

    async def load(self, consignment: Consignment, number: int, piece: Piece) -> Counts | None:
        """Load a piece in whichever process is free; waits while all have enough to do."""
        async with self._free:
            task = asyncio.get_running_loop().run_in_executor(self._pool, _load, consignment, number, piece)
            return await task


@asynccontextmanager
async def processes(settings: Settings, url: str, size: int) -> AsyncGenerator[Processes]:
    """Start loading processes on the database at `url`."""
    given = msgspec.structs.replace(settings, database_url=url, database_connections=2)
    pool = ProcessPoolExecutor(
        size, multiprocessing.get_context("spawn"), initializer=_start, initargs=(given, os.getpid())
    )
    try:
        yield Processes(pool, size)
    finally:
        await asyncio.to_thread(pool.shutdown, cancel_futures=True)


class _Worker:
    """A loading process: its event loop and its hub, open as long as the process lives."""

    def __init__(self, settings: Settings) -> None:
        self._loop = asyncio.new_event_loop()
        self._opened = open_hub(settings, settings.database_url)
        self._hub = self._loop.run_until_complete(self._opened.__aenter__())

    def load(self, consignment: Consignment, number: int, piece: Piece) -> Counts | None:
        """Load a piece."""
        return self._loop.run_until_complete(Here(self._hub).load(consignment, number, piece))


_worker: _Worker | None = None


def _start(settings: Settings, parent: int) -> None:
    global _worker  # noqa: PLW0603 - a pool's process has no other place for what it keeps
    end_with(parent)
    configure_logs(settings)
    _worker = _Worker(settings)
    settle()


def _load(consignment: Consignment, number: int, piece: Piece) -> Counts | None:
    if _worker is None:
        raise RuntimeError("the process wasn't started by `processes`")
    return _worker.load(consignment, number, piece)
