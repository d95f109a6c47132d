"""How the hub is, behind the gate."""

from pathlib import Path

from xinglin.hub.condition import Condition, condition
from xinglin.trust.gate.gated import GatedHub


async def look(hub: GatedHub, folder: Path, *, embedded: bool) -> Condition:
    """Look how the hub is; `folder` is its home."""
    return await hub.operate(lambda inner: condition(inner, folder, embedded=embedded))
