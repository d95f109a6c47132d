"""Natural batching: while one call to the database is under way, further requests wait and go together next.

Under load a statement or a commit then serves many requests; at rest nobody waits.
"""

import asyncio
from collections import deque
from collections.abc import Awaitable, Callable, Sequence
from typing import Generic, TypeVar

from xinglin.core.errors import DatabaseError

Item = TypeVar("Item")
Result = TypeVar("Result")


class Gather(Generic[Item, Result]):
    """Calls `serve` with all the items that wait (at most `most`), from at most `lanes` tasks at a time.

    `serve` gives a result or an exception for each item, in order. Where it raises, the items are served
    one by one, so that a request that can't be served fails alone; but a DatabaseError goes to all.
    """

    def __init__(
        self,
        serve: Callable[[Sequence[Item]], Awaitable[Sequence[Result | BaseException]]],
        *,
        lanes: int,
        most: int,
    ) -> None:
        self._serve = serve
        self._free = lanes
        self._most = most
        self._waiting: deque[tuple[Item, asyncio.Future[Result]]] = deque()
        self._tasks: set[asyncio.Task[None]] = set()

    async def __call__(self, item: Item) -> Result:
        """Serve `item` with whatever else waits."""
        future: asyncio.Future[Result] = asyncio.get_running_loop().create_future()
        self._waiting.append((item, future))
        if self._free:
            self._free -= 1
            task = asyncio.create_task(self._run())
            self._tasks.add(task)
            task.add_done_callback(self._tasks.discard)
        return await future

    async def _run(self) -> None:
        try:
            while self._waiting:
                taken = [self._waiting.popleft() for _ in range(min(self._most, len(self._waiting)))]
                await self._answer(taken)
        finally:
            self._free += 1

    async def _answer(self, taken: list[tuple[Item, asyncio.Future[Result]]]) -> None:
        try:
            results = await self._serve([item for item, _ in taken])
        except DatabaseError as error:  # it would be the same for each alone
            results = [error] * len(taken)
        except Exception as error:
            if len(taken) > 1:  # nobody shall suffer for another's request
                for one in taken:
                    await self._answer([one])
                return
            results = [error]
        for (_, future), result in zip(taken, results, strict=True):
            if future.done():  # the one who asked has gone
                continue
            if isinstance(result, BaseException):
                future.set_exception(result)
            else:
                future.set_result(result)
