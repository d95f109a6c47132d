"""What interactions need of a hub: the hub itself has it, and so has whatever stands before it."""

from collections.abc import Awaitable, Callable, Sequence
from typing import Protocol, TypeVar

from xinglin.hub.changes import Change, Done
from xinglin.hub.database import Connection
from xinglin.hub.records import Key, Record
from xinglin.hub.search.everything import AskedEverything
from xinglin.hub.search.search import Asked, Found

Result = TypeVar("Result")


class Reads(Protocol):
    """Reads and searches; on a connection its transaction's own writes are seen."""

    @property
    def language(self) -> str:
        """The language of texts where the reader asks for none."""
        ...

    async def read(self, key: Key, connection: Connection | None = None) -> Record:
        """Give the current version. Raises Unknown or Gone."""
        ...

    async def vread(self, key: Key, version: int, connection: Connection | None = None) -> Record:
        """Give one version. Raises UnknownVersion or Gone."""
        ...

    async def search(self, asked: Asked, connection: Connection | None = None) -> Found:
        """Answer a search. Raises SearchError."""
        ...

    async def everything(self, asked: AskedEverything, connection: Connection | None = None) -> Found:
        """Give all records about a Patient or Encounter. Raises SearchError or Unknown."""
        ...

    async def lastn(
        self, pairs: Sequence[tuple[str, str]], base: str, connection: Connection | None = None
    ) -> Found:
        """Give the latest observations of each code. Raises SearchError."""
        ...


class Batches(Reads, Protocol):
    """Takes changes one by one."""

    async def change(self, change: Change) -> Done:
        """Carry out one change in a transaction of its own."""
        ...


class Transacts(Reads, Protocol):
    """Takes changes together."""

    def check(self, change: Change) -> Change:
        """Give the change back if it may come in."""
        ...

    async def matched(self, connection: Connection, kind: str, criteria: str, most: int) -> Sequence[Key]:
        """Find at most `most` records of a type by search criteria."""
        ...

    async def carry_out(self, connection: Connection, changes: Sequence[Change]) -> list[Done]:
        """Lock, check and write resolved changes."""
        ...

    async def transaction(self, work: Callable[[Connection], Awaitable[Result]]) -> Result:
        """Run `work` in a transaction, again from the start where others got in its way."""
        ...

    def written(self, records: Sequence[Record]) -> None:
        """Take note of records that a transaction has committed."""
        ...
