"""Records whose classes of sensitive information follow to the records that refer to them, as rows."""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import date
from typing import Final, cast

from xinglin.hub.database import Connection
from xinglin.hub.records import Key

_KNOWN: Final = "SELECT key, type, classes FROM label_carrier WHERE key = ANY(%s::bigint[]) AND classes <> ''"
_PUT: Final = """
INSERT INTO label_carrier AS c (key, type, id, classes, until, pending)
SELECT key, type, id, classes, until, -1
FROM unnest(%s::bigint[], %s::text[], %s::text[], %s::text[], %s::date[]) AS n(key, type, id, classes, until)
ORDER BY key
ON CONFLICT (key) DO UPDATE SET until = excluded.until, classes = excluded.classes,
    pending = CASE WHEN c.classes = excluded.classes THEN c.pending ELSE -1 END, place = -1
WHERE c.classes <> excluded.classes OR c.until IS DISTINCT FROM excluded.until
"""
_CLEAR: Final = """
UPDATE label_carrier SET classes = '', until = NULL, pending = -1, place = -1
WHERE key = ANY(%s::bigint[]) AND classes <> ''
"""


@dataclass(frozen=True, slots=True)
class Carrier:
    """A record, the classes that follow from it, and the day on which its own labels may end."""

    self_key: int
    key: Key
    classes: frozenset[str]
    until: date | None = None


Known = Mapping[int, tuple[str, frozenset[str]]]
"""By self key, the type and the classes of records that carry some."""


async def known(connection: Connection, self_keys: Iterable[int]) -> dict[int, tuple[str, frozenset[str]]]:
    """Give those among records that carry classes."""
    cursor = await connection.execute(_KNOWN, [sorted(self_keys)])
    rows = cast("list[tuple[int, str, str]]", await cursor.fetchall())
    return {key: (kind, frozenset(classes.split())) for key, kind, classes in rows}


async def put(connection: Connection, carriers: Sequence[Carrier], cleared: Sequence[int]) -> None:
    """Store what records carry now; whoever refers to one where that changed is looked at later."""
    if carriers:
        await connection.execute(
            _PUT,
            [
                [one.self_key for one in carriers],
                [one.key.type for one in carriers],
                [one.key.id for one in carriers],
                [" ".join(sorted(one.classes)) for one in carriers],
                [one.until for one in carriers],
            ],
        )
    if cleared:
        await connection.execute(_CLEAR, [sorted(cleared)])
