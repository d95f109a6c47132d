"""Who loads pieces: this process, or several side by side.

A piece is read, checked and stored by one process; the one that cuts the delivery only hands over bytes, at
most a few pieces ahead, so memory stays the same for files of any size.
"""

import asyncio
import multiprocessing
import os
from collections.abc import AsyncGenerator, Callable
from concurrent.futures import ProcessPoolExecutor
from concurrent.futures.process import BrokenProcessPool
from contextlib import asynccontextmanager
from typing import Protocol

import msgspec

from xinglin.core.errors import DatabaseError
from xinglin.core.settings import Settings
from xinglin.core.telemetry import configure_logs, logger
from xinglin.hub.hub import Hub, open_hub
from xinglin.hub.intake import sources
from xinglin.hub.intake.consignment import Consignment
from xinglin.hub.intake.counts import Counts
from xinglin.hub.intake.load import Loader
from xinglin.hub.processes import end_with, settle
from xinglin.standards.conversion import Piece

ATTEMPTS = 3
"""How often a piece is handed to another process where one ends; a piece that kills them all stops here."""

AHEAD = 2
"""Pieces handed over for each process, so that none waits for the next."""


class CrewLost(DatabaseError):
    """The loading processes end again and again."""

    code = "XL2016"
    message = "The processes that load deliveries end by themselves again and again."
    remedy = "Look for the reason in the log and in the kernel's; too little memory is a usual one."


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
    """Loads in up to `size` processes, which are started when there is work."""

    def __init__(self, start: Callable[[], ProcessPoolExecutor], size: int) -> None:
        self._start = start
        self._pool = start()
        self._free = asyncio.Semaphore(size * AHEAD)
        self.size = size

    async def load(self, consignment: Consignment, number: int, piece: Piece) -> Counts | None:
        """Load a piece in whichever process is free; waits while all have enough to do.

        Where a process was killed, others take its place; a piece that it had stored isn't loaded again.
        Raises CrewLost where that happens again and again.
        """
        async with self._free:
            for _ in range(ATTEMPTS):
                pool = self._pool
                try:
                    task = asyncio.get_running_loop().run_in_executor(pool, _load, consignment, number, piece)
                    return await task
                except BrokenProcessPool:
                    self._renew(pool)
        raise CrewLost

    def _renew(self, broken: ProcessPoolExecutor) -> None:
        if self._pool is broken:  # the first to notice
            logger().error("loading process ended, another takes its place")
            self._pool = self._start()

    async def close(self) -> None:
        """End the processes; what they were at is begun again another time."""
        await asyncio.to_thread(self._pool.shutdown, cancel_futures=True)


@asynccontextmanager
async def processes(settings: Settings, url: str, size: int) -> AsyncGenerator[Processes]:
    """Give a crew of processes on the database at `url`."""
    given = msgspec.structs.replace(settings, database_url=url, database_connections=2)
    spawn = multiprocessing.get_context("spawn")
    crew = Processes(
        lambda: ProcessPoolExecutor(size, spawn, initializer=_start, initargs=(given, os.getpid())), size
    )
    try:
        yield crew
    finally:
        await crew.close()


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
