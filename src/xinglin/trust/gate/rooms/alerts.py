"""Alerts of unusual access behind the gate."""

from collections.abc import Mapping, Sequence

from xinglin.core.settings import Settings
from xinglin.hub.hub import Hub
from xinglin.trust.gate.gated import GatedHub
from xinglin.trust.log.alerts import queue
from xinglin.trust.log.alerts.queue import Alert
from xinglin.trust.log.alerts.rules import load


async def waiting(hub: GatedHub, *, most: int) -> Sequence[Alert]:
    """Give alerts that nobody has closed yet, the latest first."""

    async def work(inner: Hub) -> Sequence[Alert]:
        async with inner.database.connection() as connection:
            return await queue.listed(connection, most=most)

    return await hub.operate(work, told=lambda found: [one.subject for one in found if one.subject])


def names(settings: Settings, language: str) -> Mapping[str, str]:
    """Give what each rule of alerts is called. Raises BadRule."""
    return {one.id: one.names[language] for one in load(settings.audit)}
