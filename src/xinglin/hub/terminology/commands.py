"""What the `xinglin terminology` commands do."""

import asyncio
from collections.abc import Awaitable, Callable
from typing import TypeVar

from xinglin.core.exact_json import Json
from xinglin.core.settings import Settings
from xinglin.hub import commands
from xinglin.hub.database import address
from xinglin.hub.hub import Hub, open_hub
from xinglin.hub.terminology import load as loading
from xinglin.hub.terminology.load import Listed, Outcome
from xinglin.standards.terminology.errors import UnknownSystem
from xinglin.standards.terminology.loading import Release
from xinglin.standards.terminology.model import Concept, Selection

Result = TypeVar("Result")


def load(settings: Settings, release: Release, progress: Callable[[int], None] = lambda _: None) -> Outcome:
    """Store a code system; `progress` is told how many more concepts are done."""
    commands.upgrade(settings)
    return _with_hub(settings, lambda hub: loading.load(hub, release, progress))


def stored(settings: Settings) -> list[Listed]:
    """Give the stored code systems."""

    async def work(hub: Hub) -> list[Listed]:
        async with hub.database.connection() as connection:
            return await loading.listed(connection)

    return _looking(settings, work)


def built_in(settings: Settings) -> list[Json]:
    """Give the code tables that come with Xinglin, beside the FHIR specification's own."""
    from xinglin.hub.terminology.terminology import built_in as library

    return library(settings).code_systems()


def show(settings: Settings, url: str, version: str, most: int) -> tuple[str, int, list[Concept]]:
    """Give a system's version, how many concepts it has, and the first of them. Raises UnknownSystem."""

    async def work(hub: Hub) -> tuple[str, int, list[Concept]]:
        async with hub.terminology.library() as library:
            system = await library.system(url, version)
            if system is None:
                raise UnknownSystem(url=f"{url}|{version}" if version else url)
            found = await system.select(Selection(), 0, most)
            return system.head.version, found.total, list(found.concepts)

    return _looking(settings, work)


def remove(settings: Settings, url: str, version: str) -> Listed:
    """Delete a stored code system and its concepts. Raises UnknownSystem."""
    return _looking(settings, lambda hub: loading.remove(hub, url, version))


def _looking(settings: Settings, work: Callable[[Hub], Awaitable[Result]]) -> Result:
    commands.refuse_none(settings)
    commands.upgrade(settings)
    return _with_hub(settings, work)


def _with_hub(settings: Settings, work: Callable[[Hub], Awaitable[Result]]) -> Result:
    async def opened(url: str) -> Result:
        async with open_hub(settings, url) as hub:
            return await work(hub)

    with address(settings) as url:
        return asyncio.run(opened(url))
