"""The audit log behind the gate: for who is to read it, and for a person what is about the own records."""

from xinglin.trust.gate.gated import GatedHub
from xinglin.trust.log.find import Asked, Found, Place


async def find(hub: GatedHub, asked: Asked, before: Place | None, most: int) -> Found:
    """Give a page of the log's entries, the latest first. Raises Closed."""
    return await hub.audited(asked, before, most)
