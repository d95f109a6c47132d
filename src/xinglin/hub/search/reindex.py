"""Indexing records again after a search parameter was added, beside the hub's work.

A step is one transaction: some records in the order of their change numbers, and how far it got. A kill loses
at most a step; several processes take turns. The first step sets `target`, its own transaction's number:
whoever begins to write later sees the parameter (`change_start` in the schema), so that only records below
need indexing, once all transactions below have ended.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import cast

from xinglin.core.exact_json import loads
from xinglin.hub.database import Connection
from xinglin.hub.search.parameters import COUNT_UP
from xinglin.hub.store import Store

BATCH = 200
UNSET = -1
"""Says that no step has looked yet which records are meant."""

EVERYTHING = "urn:xinglin:everything"
"""Stands for all parameters, where everything is to be indexed again."""

_WAITING = """
SELECT url, types, target, place FROM search_parameter WHERE target IS NOT NULL ORDER BY url
FOR UPDATE SKIP LOCKED
"""
_SET_TARGET = "UPDATE search_parameter SET target = change_base() WHERE target = -1"
_HORIZON = "SELECT change_horizon(), search_generation FROM hub"
_RECORDS = """
SELECT seq, type, id, version, body FROM resource
WHERE seq > %s AND seq < %s AND type = ANY(%s::smallint[]) AND body IS NOT NULL
ORDER BY seq LIMIT %s FOR UPDATE
"""
_INDEX = "UPDATE resource SET keys = %s::bigint[], refs = %s::bigint[] WHERE seq = %s"
_GOT_TO = """
UPDATE search_parameter SET place = greatest(place, %s), done = done + %s WHERE url = ANY(%s)
"""
_DONE = "UPDATE search_parameter SET target = NULL WHERE url = ANY(%s)"
_ALL_AGAIN = """
INSERT INTO search_parameter (url, id, types, target)
VALUES (%s, '', %s, -1)
ON CONFLICT (url) DO UPDATE SET target = excluded.target, types = excluded.types, place = -1, done = 0
"""


@dataclass(frozen=True, slots=True)
class Progress:
    """How far a search parameter's index is; `done` records so far."""

    url: str
    done: int
    finished: bool


async def step(connection: Connection, store: Store) -> int | None:
    """Index some records again, inside the caller's transaction.

    Gives how many; 0 where it must wait for other transactions to end; None where nothing is to be done.
    """
    rows = await (await connection.execute(_WAITING)).fetchall()
    waiting = cast("list[tuple[str, list[str], int, int]]", rows)
    if not waiting:
        return None
    if any(one[2] == UNSET for one in waiting):
        await connection.execute(_SET_TARGET)
        return 0
    row = await (await connection.execute(_HORIZON)).fetchone()
    horizon, generation = cast("tuple[int, int]", row)
    target = max(one[2] for one in waiting)
    if horizon < target:
        return 0
    await store.parameters.keep_up(connection, generation)
    codes = sorted({store.types[name] for one in waiting for name in one[1] if name in store.types})
    place = min(one[3] for one in waiting)
    urls = [one[0] for one in waiting]
    cursor = await connection.execute(_RECORDS, [place, target, codes, BATCH], binary=True)
    found = cast("list[tuple[int, int, str, int, bytes]]", await cursor.fetchall())
    if not found:
        await connection.execute(_DONE, [urls])
        await connection.execute(COUNT_UP)
        return None
    await _index(connection, store, found)
    await connection.execute(_GOT_TO, [found[-1][0], len(found), urls])
    return len(found)


async def _index(
    connection: Connection, store: Store, found: Sequence[tuple[int, int, str, int, bytes]]
) -> None:
    bodies = await store.open_bodies(connection, [row[1:] for row in found])
    indexes = [
        (seq, store.parameters.index(loads(body))) for (seq, *_), body in zip(found, bodies, strict=True)
    ]
    await connection.cursor().executemany(
        _INDEX, [(index.keys, index.references, seq) for seq, index in indexes]
    )
    await store.rows.remove(connection, [seq for seq, _ in indexes])
    await store.rows.write(connection, indexes)


async def all_again(connection: Connection, store: Store) -> None:
    """Have every record indexed again."""
    await connection.execute(COUNT_UP)
    await connection.execute(_ALL_AGAIN, [EVERYTHING, sorted(store.types)])


async def progress(connection: Connection) -> list[Progress]:
    """Tell how far the indexes of added parameters are."""
    rows = await connection.execute(
        "SELECT url, done, target IS NULL FROM search_parameter"
        " WHERE content IS NOT NULL OR target IS NOT NULL ORDER BY url"
    )
    return [Progress(*row) for row in cast("list[tuple[str, int, bool]]", await rows.fetchall())]
