"""Adding to the log's tables: entries, nodes and head in one statement, which commits by itself.

The statement holds only if the head is still the one that the caller knows; so who added last adds again
without looking, and nobody writes over what another process added meanwhile.
"""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from itertools import accumulate
from typing import Final

from xinglin.hub.arrays import Bigints, Byteas, Moments, Smallints, Texts
from xinglin.hub.copying import int2, int8, moment, raw
from xinglin.hub.database import Connection
from xinglin.trust.log.merkle import Growing, Node
from xinglin.trust.log.rows import Head, Row

_ADD: Final = """
WITH head AS (
    UPDATE audit_head SET algorithm = %(algorithm)s, size = %(size)s, peaks = %(peaks)s
    WHERE origin = %(origin)s AND size = %(old)s AND peaks = %(old_peaks)s RETURNING 1
), entries AS (
    INSERT INTO audit_entry (number, at, who, action, outcome, keys, leaf, body)
    SELECT e.number, e.at, e.who, e.action, e.outcome, (%(keys)s::bigint[])[e.first:e.last], e.leaf, e.body
    FROM head, unnest(%(number)s, %(at)s, %(who)s, %(action)s, %(outcome)s, %(first)s, %(last)s, %(leaf)s,
        %(body)s) AS e (number, at, who, action, outcome, first, last, leaf, body)
), nodes AS (
    INSERT INTO audit_node (level, place, hash)
    SELECT n.level, n.place, n.hash
    FROM head, unnest(%(level)s, %(place)s, %(hash)s) AS n (level, place, hash)
)
SELECT 1 FROM head
"""
"""Who waited for another's change of the head finds it changed, and adds nothing."""


@dataclass(frozen=True, slots=True)
class Growth:
    """Entries to be added, the nodes that they complete, and the tree's edge after them."""

    algorithm: str
    tree: Growing
    entries: Sequence[Row]
    nodes: Sequence[tuple[Node, bytes]]


async def add(connection: Connection, before: Head, growth: Growth) -> Head | None:
    """Add behind the head `before`; give the new one, None where it was another."""
    after = Head(before.origin, growth.algorithm, growth.tree.size, tuple(growth.tree.peaks))
    values = {
        "origin": before.origin,
        "old": before.size,
        "old_peaks": b"".join(before.peaks),
        "algorithm": after.algorithm,
        "size": after.size,
        "peaks": b"".join(after.peaks),
        "level": Smallints([int2(node[0]) for node, _ in growth.nodes]),
        "place": Bigints([int8(node[1]) for node, _ in growth.nodes]),
        "hash": Byteas([raw(hash_) for _, hash_ in growth.nodes]),
    }
    found = await connection.execute(_ADD, values | dict(_columns(growth.entries)))
    return None if await found.fetchone() is None else after


def _columns(entries: Sequence[Row]) -> Iterator[tuple[str, object]]:
    """Give the columns of rows as arrays; the keys of all rows are one, each row has its part."""
    ends = list(accumulate(len(one.keys) for one in entries))
    yield "number", Bigints([int8(one.number) for one in entries])
    yield "at", Moments([moment(one.at) for one in entries])
    yield "who", Texts([raw(one.who.encode()) for one in entries])
    yield "action", Texts([raw(one.action.encode()) for one in entries])
    yield "outcome", Texts([raw(one.outcome.encode()) for one in entries])
    yield "keys", Bigints([int8(key) for one in entries for key in one.keys])
    yield "first", Bigints([int8(end - len(one.keys) + 1) for one, end in zip(entries, ends, strict=True)])
    yield "last", Bigints([int8(end) for end in ends])
    yield "leaf", Byteas([raw(one.leaf) for one in entries])
    yield "body", Byteas([raw(one.body) for one in entries])
