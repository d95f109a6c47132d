"""What the `xinglin reindex` command does."""

import asyncio
from collections.abc import Callable

from xinglin.core.settings import Settings
from xinglin.hub.hub import Hub
from xinglin.hub.opened import with_both, with_hub
from xinglin.hub.search import reindex as work

WAIT_SECONDS = 0.2


def reindex(
    settings: Settings, *, everything: bool = False, progress: Callable[[int], None] = lambda _: None
) -> list[work.Progress]:
    """Index what waits for it, or `everything`; beside a running hub or without one.

    `progress` is told how many more records are done. Gives how far each added parameter is at the end.
    """
    return with_hub(settings, lambda hub: _reindex(hub, everything=everything, progress=progress))


def status(settings: Settings) -> list[work.Progress]:
    """Tell how far the index of each added search parameter is."""
    return with_both(settings, lambda _, connection: work.progress(connection))


async def _reindex(hub: Hub, *, everything: bool, progress: Callable[[int], None]) -> list[work.Progress]:
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
