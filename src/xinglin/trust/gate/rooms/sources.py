"""Sources behind the gate: how each stands, what it delivered, and on which days."""

from collections.abc import Sequence
from datetime import datetime

from xinglin.hub.hub import Hub
from xinglin.hub.intake import deliveries, sources, standings
from xinglin.hub.intake.deliveries import Delivery
from xinglin.hub.intake.sources import Source
from xinglin.hub.intake.standings import Day, Standing
from xinglin.trust.gate.gated import GatedHub


async def all_standings(hub: GatedHub, now: datetime, source: str | None = None) -> list[Standing]:
    """Tell how sources stand, all or one. Raises UnknownSource."""

    async def work(inner: Hub) -> list[Standing]:
        async with inner.database.connection() as connection:
            return await standings.standings(connection, now, source)

    return await hub.operate(work, what=_named(source))


async def days(hub: GatedHub, since: datetime, source: str | None = None) -> Sequence[Day]:
    """Give what was delivered on each day since a moment."""

    async def work(inner: Hub) -> Sequence[Day]:
        async with inner.database.connection() as connection:
            return await standings.days(connection, since, inner.zone, source)

    return await hub.operate(work, what=_named(source))


async def delivery(hub: GatedHub, number: int) -> tuple[Delivery, Source]:
    """Give a delivery as it stands, and whose it is. Raises NoDelivery."""

    async def work(inner: Hub) -> tuple[Delivery, Source]:
        async with inner.database.connection() as connection:
            found = await deliveries.find(connection, number)
            return found, await sources.find(connection, found.source)

    return await hub.operate(work, what=[("delivery", str(number))])


def _named(source: str | None) -> list[tuple[str, str]]:
    return [] if source is None else [("source", source)]
