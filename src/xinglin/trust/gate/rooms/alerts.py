"""Alerts of unusual access behind the gate."""

from collections.abc import Sequence

from xinglin.hub.hub import Hub
from xinglin.trust.gate.gated import GatedHub
from xinglin.trust.log.alerts import queue
from xinglin.trust.log.alerts.queue import Alert


async def waiting(hub: GatedHub, *, most: int) -> Sequence[Alert]:
    """Give alerts that nobody has closed yet, the latest first."""

    async def work(inner: Hub) -> Sequence[Alert]:
        async with inner.database.connection() as connection:
            return await queue.listed(connection, most=most)

    return await hub.operate(work, told=lambda found: [one.subject for one in found if one.subject])
