"""The hub, opened for a command: how every command comes to it, beside a running hub or without one."""

import asyncio
from collections.abc import Awaitable, Callable
from typing import TypeVar

import msgspec

from xinglin.core.settings import Settings
from xinglin.core.telemetry import configure_logs
from xinglin.hub import schema
from xinglin.hub.beforehand import BEFOREHAND
from xinglin.hub.commands import refuse_none
from xinglin.hub.database import Connection, address
from xinglin.hub.hub import Hub, open_hub

Result = TypeVar("Result")


def quiet(settings: Settings) -> Settings:
    """Give the settings of a command: on a terminal, among its answers, news of the hub's work disturb."""
    return (
        msgspec.structs.replace(settings, log_level="warning") if settings.log_level == "info" else settings
    )


def with_address(
    settings: Settings, work: Callable[[Hub, str], Awaitable[Result]], *, make: bool = False
) -> Result:
    """Run `work` with the hub, its schema brought up to date, and the database's address.

    Where there is no embedded database yet, it is made only if `make` is set: a command that stores the
    first data sets it, others would answer from an empty hub. Raises NoneYet or DatabaseError.
    """
    configure_logs(quiet(settings))
    if not make:
        refuse_none(settings)

    async def opened(url: str) -> Result:
        async with open_hub(settings, url) as hub:
            if (beforehand := BEFOREHAND.get()) is not None:
                await beforehand(settings, hub)
            return await work(hub, url)

    with address(settings) as url:
        schema.upgrade(url)
        return asyncio.run(opened(url))


def with_hub(settings: Settings, work: Callable[[Hub], Awaitable[Result]], *, make: bool = False) -> Result:
    """Run `work` with the hub (see `with_address`)."""
    return with_address(settings, lambda hub, _: work(hub), make=make)


def with_both(settings: Settings, work: Callable[[Hub, Connection], Awaitable[Result]]) -> Result:
    """Run `work` with the hub and a connection of it, to look."""

    async def connected(hub: Hub) -> Result:
        async with hub.database.connection() as connection:
            return await work(hub, connection)

    return with_hub(settings, connected)


def with_connection(
    settings: Settings, work: Callable[[Connection], Awaitable[Result]], *, make: bool = False
) -> Result:
    """Run `work` in a transaction of the hub's database; again from the start where others get in its way."""
    return with_hub(settings, lambda hub: hub.transaction(work), make=make)
