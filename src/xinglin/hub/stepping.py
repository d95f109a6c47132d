"""Work on what is stored, a transaction at a time: beside a running hub, or to its end by a command."""

import asyncio
from collections.abc import Awaitable, Callable
from dataclasses import dataclass
from typing import Final

from xinglin.hub.hub import Hub

WAIT_SECONDS: Final = 0.2
"""Between two looks whether the transactions to wait for have ended."""


@dataclass(frozen=True, slots=True)
class Step:
    """What a step did: records looked at, versions written; `must_wait` for other transactions to end."""

    looked_at: int = 0
    written: int = 0
    must_wait: bool = False


Stepping = Callable[[Hub], Awaitable[Step | None]]
"""Does the next records; None where nothing is to be done."""


async def to_the_end(hub: Hub, step: Stepping, progress: Callable[[int], None]) -> int:
    """Do all there is, waiting where that must be; give how many versions were written.

    `progress` is told how many more records were looked at.
    """
    await hub.tending.stop()
    written = 0
    while (done := await step(hub)) is not None:
        written += done.written
        progress(done.looked_at)
        if done.must_wait:
            await asyncio.sleep(WAIT_SECONDS)
    return written


async def without_waiting(hub: Hub, step: Stepping) -> None:
    """Do what there is until something must be waited for."""
    while (done := await step(hub)) is not None and not done.must_wait:
        pass
