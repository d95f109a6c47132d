"""Reading by id what may be seen. What is hidden answers as what was never stored.

A version is seen if it may be seen by what it says itself, and the record by what it says now: what was
labelled since is hidden with its past. A deleted record is judged by the last thing it said.
"""

from collections.abc import Iterable, Sequence
from typing import Any, Final, cast

from xinglin.hub.database import Connection
from xinglin.hub.records import Gone, Key, Record, Unknown
from xinglin.hub.sight.model import EVERYTHING, Sight
from xinglin.hub.sight.seen import Seen, seen_by
from xinglin.hub.sight.settling import settled
from xinglin.hub.store import Store

_LAST: Final = """
SELECT DISTINCT ON (h.type, h.id) t.name, h.id, h.version, h.updated, h.seq, h.body
FROM unnest(%s::smallint[], %s::text[]) AS k(type, id) JOIN resource_history h USING (type, id)
JOIN resource_type t ON t.code = h.type WHERE h.body IS NOT NULL ORDER BY h.type, h.id, h.version DESC
"""


async def current_seen(
    store: Store, connection: Connection, key: Key, *, sight: Sight = EVERYTHING
) -> Record:
    """Give the current version of a record. Raises Unknown, also where it is hidden, or Gone."""
    record = (await all_seen(store, connection, [key], sight=sight)).get(key)
    if record is None:
        raise Unknown(key=key)
    if record.deleted:
        raise Gone(key=key)
    return record


async def all_seen(
    store: Store, connection: Connection, keys: Sequence[Key], *, sight: Sight = EVERYTHING
) -> dict[Key, Record]:
    """Give the current versions of those records that are seen, deletions included."""
    found = await store.current(connection, keys)
    shown = await shown_of(store, connection, found.values(), sight)
    return found if shown is None else {key: one for key, one in found.items() if key in shown}


async def shown_of(
    store: Store, connection: Connection, current: Iterable[Record], sight: Sight
) -> set[Key] | None:
    """Give the keys of those records that are seen, given by their current versions; None: of all."""
    seen = seen_by(store, sight)
    return None if seen is None else await present(store, connection, current, seen)


async def present(store: Store, connection: Connection, current: Iterable[Record], seen: Seen) -> set[Key]:
    """Give the keys of those records that are seen as they are now, or as they last were."""
    every = list(current)
    judged = [one for one in every if not one.deleted]
    judged += await last_words(store, connection, [one.key for one in every if one.deleted])
    seen = await settled(connection, seen, [one.content for one in judged])
    return {one.key for one in judged if seen.admits(one.content)}


async def last_words(store: Store, connection: Connection, keys: Sequence[Key]) -> list[Record]:
    """Give the last versions of deleted records before they were deleted."""
    if not keys:
        return []
    asked = [[store.types[key.type] for key in keys], [key.id for key in keys]]
    rows = await (await connection.execute(_LAST, asked, binary=True)).fetchall()
    return await store.records(connection, cast("list[tuple[Any, ...]]", rows))


async def versions_seen(
    store: Store, connection: Connection, versions: Sequence[Record], seen: Seen
) -> list[Record]:
    """Give those versions, in order, that are seen by what they say, and by what their records say now."""
    found = await store.current(connection, list({one.key for one in versions}))
    shown = await present(store, connection, found.values(), seen)
    seen = await settled(connection, seen, [one.content for one in versions if not one.deleted])
    return [
        one
        for one in versions
        if one.key in shown and (one.deleted or found[one.key].seq == one.seq or seen.admits(one.content))
    ]
