"""Labels that can't be put on when a record is written, beside the hub's work and resumable.

Records stored before what they take over from; children who have grown up; and all records, when the tables
changed. As in `hub/search/reindex.py`: a step is one transaction, a kill loses at most a step. What is waited
for begins by taking a change number: whoever begins to write later sees the change, so only records below
need looking at, once all transactions below have ended.
"""

from typing import Final, cast

from xinglin.hub.database import Connection
from xinglin.hub.hub import Hub
from xinglin.hub.labels.again import derive_again
from xinglin.hub.labels.referrers import referrers
from xinglin.hub.records import Key
from xinglin.hub.stepping import Step
from xinglin.hub.store import Store

BATCH: Final = 200
"""Records looked at in one transaction."""
CARRIERS: Final = 50
"""Records whose classes are followed in one transaction, at most: few records refer to most of them yet."""

_LOCK: Final = """
SELECT rules, target, place, change_horizon() FROM label_progress FOR UPDATE SKIP LOCKED
"""
_BEGIN: Final = """
UPDATE label_progress SET rules = %s, target = change_base(), place = -1, done = 0, updated = now()
"""
_RECORDS: Final = """
SELECT r.seq, t.name, r.id FROM resource r JOIN resource_type t ON t.code = r.type
WHERE r.seq > %s AND r.seq < %s ORDER BY r.seq LIMIT %s
"""
_GOT_TO: Final = "UPDATE label_progress SET place = %s, done = done + %s, updated = now()"
_DONE: Final = "UPDATE label_progress SET target = NULL, updated = now()"
_SET_PENDING: Final = "UPDATE label_carrier SET pending = change_base() WHERE pending = -1"
_PENDING: Final = """
SELECT key, type, id, pending, place FROM label_carrier WHERE pending IS NOT NULL
ORDER BY pending, key LIMIT %s FOR UPDATE
"""
_FOLLOWED: Final = "UPDATE label_carrier SET place = %s WHERE key = %s"
_FOLLOWED_ALL: Final = "UPDATE label_carrier SET pending = NULL, place = -1 WHERE key = %s AND classes <> ''"
_FOLLOWS_NO_MORE: Final = "DELETE FROM label_carrier WHERE key = %s AND classes = ''"
_DUE: Final = "SELECT type, id FROM label_carrier WHERE until <= %s ORDER BY until, key LIMIT %s"

_NOT_DUE: Final = """
UPDATE label_carrier c SET until = NULL FROM unnest(%s::text[], %s::text[]) AS k(type, id)
WHERE c.type = k.type AND c.id = k.id AND c.until <= %s
"""


async def step(hub: Hub) -> Step | None:
    """Do the next records; None where nothing is to be done."""
    return await hub.transaction(lambda connection: _step(hub.store, connection))


async def _step(store: Store, connection: Connection) -> Step | None:
    row = await (await connection.execute(_LOCK)).fetchone()
    if row is None:
        return Step(must_wait=True)
    rules, target, place, horizon = cast("tuple[str, int | None, int, int]", row)
    fingerprint = store.labelling.rules.fingerprint
    if rules != fingerprint:
        await connection.execute(_BEGIN, [fingerprint])
        return Step()
    if target is not None:
        return await _all(store, connection, target, place, horizon)
    return await _follow(store, connection, horizon) or await _due(store, connection)


async def _all(store: Store, connection: Connection, target: int, place: int, horizon: int) -> Step:
    """Go on with all records after a change of the tables."""
    if horizon < target:
        return Step(must_wait=True)
    rows = await (await connection.execute(_RECORDS, [place, target, BATCH])).fetchall()
    found = cast("list[tuple[int, str, str]]", rows)
    if not found:
        await connection.execute(_DONE)
        return Step()
    written = await derive_again(connection, store, [Key(kind, id_) for _, kind, id_ in found])
    await connection.execute(_GOT_TO, [found[-1][0], len(found)])
    return Step(len(found), written)


async def _follow(store: Store, connection: Connection, horizon: int) -> Step | None:
    """Look at records that refer to one whose classes have changed."""
    if (await connection.execute(_SET_PENDING)).rowcount:
        return Step()
    rows = await (await connection.execute(_PENDING, [CARRIERS])).fetchall()
    if not rows:
        return None
    done = Step(must_wait=True)
    for key, kind, id_, pending, place in cast("list[tuple[int, str, str, int, int]]", rows):
        if pending > horizon or done.looked_at >= BATCH:
            break
        found = await referrers(connection, store, Key(kind, id_), after=place, most=BATCH)
        written = await derive_again(connection, store, [one for _, one in found]) if found else 0
        done = Step(done.looked_at + len(found), done.written + written)
        if len(found) == BATCH:
            await connection.execute(_FOLLOWED, [found[-1][0], key])
        else:
            await connection.execute(_FOLLOWED_ALL, [key])
            await connection.execute(_FOLLOWS_NO_MORE, [key])
    return done


async def _due(store: Store, connection: Connection) -> Step | None:
    """Derive again the labels of those who have had the birthday that ends a rule."""
    rows = await (await connection.execute(_DUE, [store.labelling.today, BATCH])).fetchall()
    keys = [Key(kind, id_) for kind, id_ in cast("list[tuple[str, str]]", rows)]
    if not keys:
        return None
    written = await derive_again(connection, store, keys)
    # Of deleted ones nothing is derived any more.
    await connection.execute(
        _NOT_DUE, [[kind for kind, _ in keys], [id_ for _, id_ in keys], store.labelling.today]
    )
    return Step(len(keys), written)
