"""The log of one hub: append, durable before it returns."""

from collections.abc import Sequence
from typing import Protocol

from xinglin.trust.log.entry import Entry


class Appends(Protocol):
    """What the gate needs of the log; tests may give one that keeps entries in a list."""

    async def append(self, entries: Sequence[Entry]) -> list[int]:
        """Write entries, in order and together; give their numbers. They are durable when this returns."""
        ...
