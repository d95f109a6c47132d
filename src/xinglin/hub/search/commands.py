"""What the `xinglin reindex` command does."""

import asyncio
from collections.abc import Callable

from xinglin.core.settings import Settings
from xinglin.hub.database import address
from xinglin.hub.hub import Hub, open_hub
from xinglin.hub.search import reindex as work

WAIT_SECONDS = 0.2


def reindex(
    settings: Settings, *, everything: bool = False, progress: Callable[[int], None] = lambda _: None
) -> list[work.Progress]:
    """Index what waits for it, or `everything`; beside a running hub or without one.

    `progress` is told how many more records are done. Gives how far each added parameter is at the end.
    """
    with address(settings) as url:
        return asyncio.run(_reindex(settings, url, everything=everything, progress=progress))


def status(settings: Settings) -> list[work.Progress]:
    """Tell how far the index of each added search parameter is."""
    with address(settings) as url:
        return asyncio.run(_status(settings, url))


async def _reindex(
    settings: Settings, url: str, *, everything: bool, progress: Callable[[int], None]
) -> list[work.Progress]:
    async with open_hub(settings, url) as hub:
        await hub.tending.stop()
        if everything:
            await hub.transaction(lambda connection: work.all_again(connection, hub.store))
        while (done := await _step(hub)) is not None:
            progress(done)
            if not done:
                await asyncio.sleep(WAIT_SECONDS)
        async with hub.database.connection() as connection:
            return await work.progress(connection)


async def _step(hub: Hub) -> int | None:
    return await hub.transaction(lambda connection: work.step(connection, hub.store))


async def _status(settings: Settings, url: str) -> list[work.Progress]:
    async with open_hub(settings, url) as hub, hub.database.connection() as connection:
        return await work.progress(connection)
