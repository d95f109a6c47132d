"""Encrypting anew after a key was changed, beside the hub's work.

A step is one transaction: some rows of one table in the order of their numbers, and how far it got. A kill
loses at most a step; several processes take turns. As in `search/reindex.py` the first step sets `target`,
its own transaction's number: whoever begins to write later uses the new key (`change_start` in the schema).
"""

from collections.abc import Awaitable, Callable
from dataclasses import dataclass
from typing import Final, cast

from xinglin.hub.database import Connection
from xinglin.hub.search.reindex import all_again
from xinglin.hub.store import Store
from xinglin.hub.vault import tables

BATCH: Final = 200
UNSET: Final = -1

_FILLED: Final = """
SELECT EXISTS (SELECT FROM resource) OR EXISTS (SELECT FROM person_feature) OR EXISTS (SELECT FROM refused)
"""
_ORDER: Final = """
INSERT INTO vault_work (name, target) SELECT unnest(%s::text[]), -1
ON CONFLICT (name) DO UPDATE SET target = -1, place = -1, done = 0
"""
_WAITING: Final = """
SELECT name, target, place FROM vault_work WHERE target IS NOT NULL ORDER BY name FOR UPDATE SKIP LOCKED
"""
_SET_TARGET: Final = "UPDATE vault_work SET target = change_base() WHERE target = -1"
_HORIZON: Final = "SELECT change_horizon(), vault_generation FROM hub"
_GOT_TO: Final = "UPDATE vault_work SET place = %s, done = done + %s WHERE name = %s"
_DONE: Final = "UPDATE vault_work SET target = NULL WHERE name = %s"
_PROGRESS: Final = "SELECT name, done, target IS NULL FROM vault_work ORDER BY name"

Renew = Callable[[Connection, Store, int, int, int], Awaitable[tables.Renewed | None]]

_TABLES: Final[dict[str, Renew]] = {
    "resource": tables.resources,
    "resource_history": tables.history,
    "person_feature": tables.features,
    "refused": tables.refused_items,
    "dictionary": tables.dictionaries,
}


@dataclass(frozen=True, slots=True)
class Progress:
    """How far a table is: so many of its rows were encrypted anew."""

    table: str
    done: int
    finished: bool


async def hide_what_stands_open(connection: Connection, store: Store) -> None:
    """Have all that was stored before there were keys encrypted and indexed anew."""
    row = await (await connection.execute(_FILLED)).fetchone()
    if row == (True,):
        await order(connection)
        await tables.hide_worn(connection, store.vault)
        await all_again(connection, store)


async def order(connection: Connection) -> None:
    """Have everything brought to the newest key."""
    await connection.execute(_ORDER, [list(_TABLES)])


async def step(connection: Connection, store: Store) -> int | None:
    """Encrypt some rows anew, inside the caller's transaction.

    Gives how many were looked at; 0 where it must wait for other transactions to end; None where nothing is
    to be done.
    """
    rows = await (await connection.execute(_WAITING)).fetchall()
    waiting = cast("list[tuple[str, int, int]]", rows)
    if not waiting:
        return None
    if any(target == UNSET for _, target, _ in waiting):
        await connection.execute(_SET_TARGET)
        return 0
    name, target, place = waiting[0]
    row = await (await connection.execute(_HORIZON)).fetchone()
    horizon, keys = cast("tuple[int, int]", row)
    if horizon < target:
        return 0
    await store.keep_up(connection, keys)
    renewed = await _TABLES[name](connection, store, place, target, BATCH)
    if renewed is None:
        await connection.execute(_DONE, [name])
        return 1
    await connection.execute(_GOT_TO, [renewed.place, renewed.changed, name])
    return renewed.seen


async def progress(connection: Connection) -> list[Progress]:
    """Tell how far each table is."""
    rows = await (await connection.execute(_PROGRESS)).fetchall()
    return [Progress(*row) for row in cast("list[tuple[str, int, bool]]", rows)]
