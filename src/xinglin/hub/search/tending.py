"""Keeping the search parameters of a running hub up to date, and their index in the making."""

import asyncio
import contextlib
from collections.abc import Awaitable, Callable

import psycopg

from xinglin.core.errors import DatabaseError
from xinglin.core.telemetry import describe, logger
from xinglin.hub.database import Connection, Database
from xinglin.hub.search.reindex import step
from xinglin.hub.store import Store

LOOK_SECONDS = 1.0
"""How often a process looks whether another has changed the search parameters."""

REST_SECONDS = 0.02
"""Between two steps, so that requests come first."""

WAIT_SECONDS = 0.2
"""Between two looks whether the transactions to wait for have ended."""

Transaction = Callable[[Callable[[Connection], Awaitable[int | None]]], Awaitable[int | None]]


class Tending:
    """A background task of the hub."""

    def __init__(self, database: Database, store: Store, transaction: Transaction) -> None:
        self._database = database
        self._store = store
        self._transaction = transaction
        self._task: asyncio.Task[None] | None = None
        self._called = asyncio.Event()
        self._stopping = False
        self._ending = False

    def start(self) -> None:
        """Begin."""
        self._task = asyncio.create_task(self._run())

    def call(self) -> None:
        """Look now: this process has changed a search parameter."""
        self._called.set()

    async def stop(self) -> None:
        """End after the step under way.

        It isn't cancelled: a cancellation can get lost in the connection pool.
        """
        self._ending = True
        self._called.set()
        if self._task is not None:
            await self._task

    async def _run(self) -> None:
        while not self._ending:
            try:
                await self._look()
            except (DatabaseError, psycopg.Error) as error:  # the next look may find it back
                logger().warning("search parameters not refreshed", **describe(error))
            with contextlib.suppress(TimeoutError):
                async with asyncio.timeout(LOOK_SECONDS):
                    await self._called.wait()
            if not self._ending:
                self._called.clear()

    async def _look(self) -> None:
        async with self._database.connection() as connection:
            await self._store.vault.learn(connection)
            self._store.parameters.hide(self._store.vault.blind)
            await self._store.parameters.refresh(connection)
        while self._store.parameters.waiting and not self._ending:
            done = await self._transaction(lambda connection: step(connection, self._store))
            if done is None:
                async with self._database.connection() as connection:
                    await self._store.parameters.refresh(connection)
                return
            await asyncio.sleep(REST_SECONDS if done else WAIT_SECONDS)
