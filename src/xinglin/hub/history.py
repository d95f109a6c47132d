"""Versions of the past, newest first, and the change sequence, oldest first."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import LiteralString, cast

from xinglin.hub.database import Connection
from xinglin.hub.records import Key, Record
from xinglin.hub.search.sql import Sql, bind, fill
from xinglin.hub.sight import EVERYTHING, Sight
from xinglin.hub.sight.reading import versions_seen
from xinglin.hub.sight.seen import seen_by
from xinglin.hub.store import Store

Place = tuple[datetime, int]
"""Where a page ended: time and change number of its last version."""

NEVER = datetime(1, 1, 1, tzinfo=UTC)
FOREVER: Place = (datetime(9999, 12, 31, tzinfo=UTC), 2**63 - 1)

_VERSIONS: LiteralString = """
SELECT updated, seq, type, id, version, body FROM {table} v
WHERE type = t.code AND updated >= %(since)s AND (updated, seq) < (%(updated)s, %(seq)s)
"""
_OF_ONE: LiteralString = "AND id = %(id)s"

# Of those deleted `versions_seen` judges the last version; the index has nothing of them any more.
_SHOWN: LiteralString = (
    "AND EXISTS (SELECT FROM resource r WHERE r.type = v.type AND r.id = v.id AND (r.body IS NULL OR {}))"
)
_ORDER: LiteralString = "ORDER BY updated DESC, seq DESC LIMIT %(most)s"

# One look into each type's index beats reading all versions in order: a recent `since` costs no more.
_HISTORY: LiteralString = """
SELECT t.name, r.id, r.version, r.updated, r.seq, r.body
FROM resource_type t CROSS JOIN LATERAL (({}) UNION ALL ({})) r WHERE {}
"""
_KINDS: LiteralString = """
%(type)s::text IS NULL OR t.name = %(type)s
ORDER BY r.updated DESC, r.seq DESC LIMIT %(most)s
"""

_CHANGES = """
SELECT t.name, c.id, c.version, c.updated, c.seq, c.deleted
FROM (
    (SELECT seq, updated, version, type, id, body IS NULL AS deleted FROM resource
     WHERE seq > %(after)s AND seq < (SELECT change_horizon()) ORDER BY seq LIMIT %(most)s)
    UNION ALL
    (SELECT seq, updated, version, type, id, body IS NULL AS deleted FROM resource_history
     WHERE seq > %(after)s AND seq < (SELECT change_horizon()) ORDER BY seq LIMIT %(most)s)
) c JOIN resource_type t ON t.code = c.type
ORDER BY c.seq LIMIT %(most)s
"""


@dataclass(frozen=True, slots=True)
class ChangeMade:
    """One committed change, as followers of the change sequence see it."""

    key: Key
    version: int
    updated: datetime
    seq: int
    deleted: bool


async def history(
    connection: Connection,
    store: Store,
    *,
    kind: str | None = None,
    id_: str | None = None,
    since: datetime | None = None,
    before: Place = FOREVER,
    most: int,
    sight: Sight = EVERYTHING,
) -> list[Record]:
    """Give versions that are seen, newest first: of one record, of a type, or of all.

    `since` leaves out older ones; `before` is the place of the last version on the page before this one.
    """
    asked: dict[str, object] = {"type": kind, "id": id_, "since": since or NEVER}
    seen = seen_by(store, sight)
    if seen is None:
        return await _versions(connection, store, asked | _page(before, most), None)
    found: list[Record] = []
    while len(found) < most:
        wanted = asked | _page(before, most)
        several = await _versions(connection, store, wanted, seen.condition(kind or "Resource"))
        found += await versions_seen(store, connection, several, seen)
        if len(several) < most:
            break
        before = (several[-1].updated, several[-1].seq)
    return found[:most]


def _page(before: Place, most: int) -> dict[str, object]:
    return {"updated": before[0], "seq": before[1], "most": most}


async def _versions(
    connection: Connection, store: Store, values: Mapping[str, object], seen: Sql | None
) -> list[Record]:
    """Give versions of records of which `seen` holds now; those of deleted ones are all given."""
    shown = Sql("") if seen is None else fill(_SHOWN, seen)
    present = _arm(_VERSIONS.format(table="resource"), values, shown)
    past = _arm(_VERSIONS.format(table="resource_history"), values, shown)
    query = fill(_HISTORY, present, past, bind(_KINDS, values))
    cursor = await connection.execute(query.text, query.args, binary=True, prepare=False)
    return await store.records(connection, await cursor.fetchall())


def _arm(versions: LiteralString, values: Mapping[str, object], shown: Sql) -> Sql:
    of_one = bind(_OF_ONE, values) if values["id"] is not None else Sql("")
    return fill("{} {} {} {}", bind(versions, values), of_one, shown, bind(_ORDER, values))


async def changes(connection: Connection, *, after: int, most: int) -> Sequence[ChangeMade]:
    """Give the next changes after the number `after`, in order, none ever left out.

    Asked again with the last one's `seq`, it goes on from there. A change shows only when no earlier one can
    come any more, so under load the newest appear a moment after their commit.
    """
    cursor = await connection.execute(_CHANGES, {"after": after, "most": most}, binary=True)
    rows = cast("list[tuple[str, str, int, datetime, int, bool]]", await cursor.fetchall())
    return [ChangeMade(Key(row[0], row[1]), *row[2:]) for row in rows]
