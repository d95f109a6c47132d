"""Versions of the past, newest first, and the change sequence, oldest first."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import LiteralString, cast

from xinglin.hub.database import Connection
from xinglin.hub.records import Key, Record
from xinglin.hub.store import Store

Place = tuple[datetime, int]
"""Where a page ended: time and change number of its last version."""

NEVER = datetime(1, 1, 1, tzinfo=UTC)
FOREVER: Place = (datetime(9999, 12, 31, tzinfo=UTC), 2**63 - 1)

_VERSIONS = """
SELECT updated, seq, type, id, version, body FROM {table}
WHERE type = t.code AND updated >= %(since)s AND (updated, seq) < (%(updated)s, %(seq)s) {of_one}
ORDER BY updated DESC, seq DESC LIMIT %(most)s
"""

# One look into each type's index beats reading all versions in order: a recent `since` costs no more.
_HISTORY = """
SELECT t.name, r.id, r.version, r.updated, r.seq, r.body
FROM resource_type t CROSS JOIN LATERAL (({present}) UNION ALL ({past})) r
WHERE %(type)s::text IS NULL OR t.name = %(type)s
ORDER BY r.updated DESC, r.seq DESC LIMIT %(most)s
"""


def _history(of_one: LiteralString) -> LiteralString:
    present = _VERSIONS.format(table="resource", of_one=of_one)
    return _HISTORY.format(present=present, past=present.replace("FROM resource", "FROM resource_history"))


_OF_MANY = _history("")
_OF_ONE = _history("AND id = %(id)s")

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
) -> list[Record]:
    """Give versions, newest first: of one record, of a type, or of all.

    `since` leaves out older ones; `before` is the place of the last version on the page before this one.
    """
    parameters = {
        "type": kind,
        "id": id_,
        "since": since or NEVER,
        "updated": before[0],
        "seq": before[1],
        "most": most,
    }
    query = _OF_MANY if id_ is None else _OF_ONE
    rows = await (await connection.execute(query, parameters, binary=True)).fetchall()
    return await store.records(connection, rows)


async def changes(connection: Connection, *, after: int, most: int) -> Sequence[ChangeMade]:
    """Give the next changes after the number `after`, in order, none ever left out.

    Asked again with the last one's `seq`, it goes on from there. A change shows only when no earlier one can
    come any more, so under load the newest appear a moment after their commit.
    """
    cursor = await connection.execute(_CHANGES, {"after": after, "most": most}, binary=True)
    rows = cast("list[tuple[str, str, int, datetime, int, bool]]", await cursor.fetchall())
    return [ChangeMade(Key(row[0], row[1]), *row[2:]) for row in rows]
