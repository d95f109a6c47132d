"""What the `xinglin keys` commands do."""

import asyncio
from collections import Counter
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Final, LiteralString, cast

from xinglin.core.settings import Settings
from xinglin.hub.database import Connection
from xinglin.hub.hub import Hub
from xinglin.hub.opened import with_both, with_hub
from xinglin.hub.search.reindex import all_again
from xinglin.hub.store import Store, Stored
from xinglin.hub.vault import renewing
from xinglin.hub.vault.frames import Tampered, key_number
from xinglin.hub.vault.renewing import Progress
from xinglin.hub.vault.vault import DATA, INDEX

READ: Final = 1_000
"""Bodies that are checked at once."""

WAIT_SECONDS: Final = 0.05
"""Between two looks whether the transactions to wait for have ended."""

_KEYS: Final = "SELECT number, purpose, algorithm, scope, master, created FROM vault_key ORDER BY number"
_BODIES: Final[LiteralString] = """
SELECT seq, type, id, version, body FROM {table} WHERE seq > %s AND body IS NOT NULL ORDER BY seq LIMIT %s
"""

Step = Callable[[int], None]
"""Hears how many rows more were looked at."""


@dataclass(frozen=True, slots=True)
class KeyInUse:
    """A key of the database: what for, how, what is encrypted with it, and which master key wraps it."""

    number: int
    purpose: str
    algorithm: str
    scope: str
    master: str
    created: datetime


@dataclass(frozen=True, slots=True)
class Status:
    """The keys, and how far encrypting anew is."""

    keys: Sequence[KeyInUse]
    work: Sequence[Progress]


@dataclass(frozen=True, slots=True)
class Checked:
    """Stored bodies by the number of their key (None: not encrypted), and those that don't open."""

    by_key: dict[int | None, int]
    faults: Sequence[str]


def status(settings: Settings) -> Status:
    """Tell which keys there are. Raises TrustError where they don't open."""

    async def work(_: Hub, connection: Connection) -> Status:
        rows = await (await connection.execute(_KEYS)).fetchall()
        found = cast("list[tuple[int, str, str, str, str, datetime]]", rows)
        return Status([KeyInUse(*row) for row in found], await renewing.progress(connection))

    return with_both(settings, work)


def rotate(settings: Settings, *, master: bool, wait: bool, step: Step) -> Status:
    """Make a new data key, or with `master` a new master key; with `wait` encrypt everything anew.

    A running hub uses the new key at once, and encrypts anew by itself. What is encrypted, and how, is
    brought to the settings.
    """

    async def work(hub: Hub) -> None:
        await hub.transaction(lambda connection: _rotate(hub.store, connection, master=master))
        await hub.transaction(hub.store.vault.learn)
        while wait and (done := await hub.transaction(lambda c: renewing.step(c, hub.store))) is not None:
            step(done)
            await asyncio.sleep(0 if done else WAIT_SECONDS)

    with_hub(settings, work)
    return status(settings)


async def _rotate(store: Store, connection: Connection, *, master: bool) -> None:
    vault = store.vault
    if vault.number is None:
        await vault.add(connection, INDEX)
        await vault.add(connection, DATA)
        await vault.learn(connection)
        await renewing.hide_what_stands_open(connection, store)
        return
    if master:
        await vault.rewrap(connection)
        return
    await vault.add(connection, DATA)
    await renewing.order(connection)
    if vault.wanted != vault.scope:  # other values are hidden from now on
        await all_again(connection, store)


def check(settings: Settings, *, step: Step) -> Checked:
    """Open every stored body; tell which don't."""

    async def work(hub: Hub, connection: Connection) -> Checked:
        by_key: Counter[int | None] = Counter()
        faults: list[str] = []
        for table in ("resource", "resource_history"):
            place = -1
            while rows := await _bodies(connection, table, place):
                place = rows[-1][0]
                stored = [row[1:] for row in rows]
                by_key.update(key_number(body) for *_, body in stored)
                faults += await _faults(hub.store, connection, stored)
                step(len(rows))
        return Checked(dict(by_key), faults)

    return with_both(settings, work)


async def _bodies(
    connection: Connection, table: LiteralString, place: int
) -> list[tuple[int, int, str, int, bytes]]:
    cursor = await connection.execute(_BODIES.format(table=table), [place, READ], binary=True)
    return cast("list[tuple[int, int, str, int, bytes]]", await cursor.fetchall())


async def _faults(store: Store, connection: Connection, stored: Sequence[Stored]) -> list[str]:
    try:
        await store.open_bodies(connection, stored)
    except Tampered:
        faults: list[str] = []
        for row in stored:
            try:
                await store.open_bodies(connection, [row])
            except Tampered:
                faults.append(f"{store.type_names[cast('int', row[0])]}/{row[1]}/_history/{row[2]}")
        return faults
    return []
