"""Entries for tests of the audit log."""

import asyncio
from collections.abc import AsyncGenerator, Awaitable, Callable
from contextlib import asynccontextmanager
from datetime import UTC, datetime
from typing import Any, TypeVar

from xinglin.hub.database import Database
from xinglin.trust.log.entry import Entry
from xinglin.trust.log.log import Log
from xinglin.trust.who import Who

T = TypeVar("T")

AT = datetime(2026, 11, 20, 2, 30, tzinfo=UTC)
WANG = Who(
    "user:wang",
    "user",
    name="王医生",
    roles=frozenset({"clinician"}),
    institution="org-1",
    practitioner="pr-1",
    session="a secret",
    address="10.1.2.3",
)


def entry(number: int = 0, **other: Any) -> Entry:
    """Make an entry; those of other numbers are other entries."""
    given: dict[str, Any] = {
        "who": WANG,
        "action": "read",
        "outcome": "allowed",
        "purpose": "TREAT",
        "rules": ("treating",),
        "what": (("Observation", f"o{number}"),),
        "patients": (f"p{number % 7}",),
        "at": AT.replace(second=number % 60, microsecond=1000 * (number % 1000)),
    }
    return Entry(**given | other)


@asynccontextmanager
async def opened(url: str, algorithm: str = "sha256", connections: int = 3) -> AsyncGenerator[Log]:
    """Open a log on the database at `url`."""
    database = Database(url, connections=connections, statement_seconds=60)
    await database.open()
    try:
        yield Log(database, algorithm)
    finally:
        await database.close()


def with_log(url: str, work: Callable[[Log], Awaitable[T]], algorithm: str = "sha256") -> T:
    """Run `work` with the log."""

    async def run() -> T:
        async with opened(url, algorithm) as log:
            return await work(log)

    return asyncio.run(run())
