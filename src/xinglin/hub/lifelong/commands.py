"""What the `xinglin person` commands do."""

import asyncio
from collections.abc import Awaitable, Callable, Sequence
from typing import TypeVar

from xinglin.core.exact_json import Json
from xinglin.core.settings import Settings
from xinglin.hub import commands as hub_commands
from xinglin.hub.database import address
from xinglin.hub.hub import Hub, open_hub
from xinglin.hub.lifelong import coverage as figures
from xinglin.hub.lifelong.answers import ask_timeline
from xinglin.hub.lifelong.coverage import Covered
from xinglin.hub.lifelong.overview import Overview, ask_overview
from xinglin.hub.lifelong.series import ask_series
from xinglin.hub.lifelong.timeline import Asked

T = TypeVar("T")


def timeline(settings: Settings, id_: str, asked: Asked, language: str) -> Json:
    """Give a page of a person's timeline as JSON (see `answers`)."""
    return _with_hub(settings, lambda hub: ask_timeline(hub, id_, asked, language))


def series(settings: Settings, id_: str, asked: Asked) -> Json:
    """Give a person's results as series (see `series`)."""
    return _with_hub(settings, lambda hub: ask_series(hub, id_, asked))


def show(settings: Settings, id_: str, language: str) -> Overview:
    """Give what fits on one screen about a person."""
    return _with_hub(settings, lambda hub: ask_overview(hub, id_, language))


def coverage(settings: Settings) -> Sequence[Covered]:
    """Give how far identity has come in each institution."""
    return _with_hub(settings, figures.coverage)


def _with_hub(settings: Settings, work: Callable[[Hub], Awaitable[T]]) -> T:
    hub_commands.refuse_none(settings)
    hub_commands.upgrade(settings)

    async def opened(url: str) -> T:
        async with open_hub(settings, url) as hub:
            return await work(hub)

    with address(settings) as url:
        return asyncio.run(opened(url))
