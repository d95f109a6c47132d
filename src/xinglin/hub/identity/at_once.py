"""Matching at intake: what a process has just stored is matched a moment later, in its own transaction.

Not in the one that stores it: a fault in matching mustn't refuse data, and matching, of which there is one at
a time, mustn't hold up intake. What is missed here (many at once, a kill) `follow` finds by itself.
"""

import asyncio
from collections.abc import Awaitable, Callable, Sequence
from typing import Final

import psycopg

from xinglin.core.errors import XinglinError
from xinglin.core.telemetry import describe, logger
from xinglin.hub.database import Connection
from xinglin.hub.identity.golden import PREFIX
from xinglin.hub.identity.matching import Matched, identify
from xinglin.hub.records import Record
from xinglin.hub.store import Store, count

AT_ONCE: Final = 20
"""So many Patients of one transaction are matched at once; more are a bulk load, which `follow` takes."""
TOGETHER: Final = 50
WAITING: Final = 1_000
WAIT: Final = "SET LOCAL lock_timeout = '1s'"

Transaction = Callable[[Callable[[Connection], Awaitable[Matched]]], Awaitable[Matched]]


class AtOnce:
    """Matches what this process stores, once it is started."""

    def __init__(self, store: Store, transaction: Transaction) -> None:
        self._store = store
        self._transaction = transaction
        self._waiting: dict[str, None] = {}
        self._task: asyncio.Task[None] | None = None
        self._started = False

    def start(self) -> None:
        """Begin to match."""
        self._started = True

    def take(self, records: Sequence[Record]) -> None:
        """Take note of records that a transaction has committed."""
        if not self._started:
            return
        ids = [
            one.key.id for one in records if one.key.type == "Patient" and not one.key.id.startswith(PREFIX)
        ]
        if not ids or len(ids) > AT_ONCE or len(self._waiting) > WAITING:
            return
        self._waiting |= dict.fromkeys(ids)
        if self._task is None or self._task.done():
            self._task = asyncio.create_task(self._run())

    async def settle(self) -> None:
        """Wait until all that was taken is matched."""
        while self._task is not None and not self._task.done():
            await asyncio.wait([self._task])

    async def stop(self) -> None:
        """End after the transaction under way; `follow` finds what waits."""
        self._started = False
        self._waiting.clear()
        await self.settle()

    async def _run(self) -> None:
        while self._waiting:
            ids = list(self._waiting)[:TOGETHER]
            for one in ids:
                del self._waiting[one]

            async def work(connection: Connection, ids: Sequence[str] = ids) -> Matched:
                await connection.execute(WAIT)
                return await identify(connection, self._store, ids)

            try:
                count((await self._transaction(work)).records)
            except (XinglinError, psycopg.Error) as error:  # others are at it: `follow` will find these too
                logger().info("not matched at once", **describe(error))
