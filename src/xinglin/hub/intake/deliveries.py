"""Deliveries: what was sent, how far it is loaded, and the receipt once it is."""

from collections.abc import Mapping, Sequence
from datetime import datetime
from hashlib import sha256
from pathlib import Path
from typing import Any, Final

import msgspec
from psycopg.rows import dict_row
from psycopg.types.json import Jsonb

from xinglin.core.errors import IntakeError, XinglinError
from xinglin.hub.database import Connection
from xinglin.hub.intake.counts import Counts, total
from xinglin.hub.intake.refused import keepable, texts

BLOCK: Final = 2**20
OPEN: Final = ("waiting", "loading")
"""The states of deliveries that aren't loaded to their end."""


class NoDelivery(IntakeError):
    """No such delivery is known."""

    code = "XL7060"
    message = "No delivery {number} is known."
    remedy = "Use the number that the receipt gives; `xinglin deliveries` lists the latest."
    status = 404
    issue = "not-found"


class Delivery(msgspec.Struct, frozen=True, kw_only=True):
    """One delivery. It is the receipt when its state is `done`; `hash` is SHA-256, in hexadecimal digits.

    `pieces` counts the parts that are loaded; `fault` says why a delivery as a whole failed.
    """

    number: int
    source: str
    name: str
    hash: str
    size: int
    received: datetime
    state: str
    finished: datetime | None
    fault: Mapping[str, Any] | None
    pieces: int
    counts: Counts
    path: str | None = None
    owned: bool = False


_COLUMNS = (
    "d.number, d.source, d.name, encode(d.hash, 'hex') AS hash, d.size, d.received, d.state, d.finished, "
    "d.fault, d.path, d.owned"
)
_REGISTER = """
INSERT INTO delivery (source, name, path, owned, hash, size, received, state)
VALUES (%(source)s, %(name)s, %(path)s, %(owned)s, %(hash)s, %(size)s, clock_timestamp(), 'waiting')
ON CONFLICT (source, hash) WHERE state <> 'failed' DO NOTHING RETURNING number
"""


def hash_of(path: Path) -> bytes:
    """Give the SHA-256 of a file."""
    digest = sha256()
    with path.open("rb") as stream:
        while block := stream.read(BLOCK):
            digest.update(block)
    return digest.digest()


async def register(
    connection: Connection,
    *,
    source: str,
    name: str,
    hash_: bytes,
    size: int,
    path: Path | None = None,
    owned: bool = False,
) -> tuple[int, bool]:
    """Note a delivery; give its number, and whether it is new: a source's same bytes are one delivery."""
    place = None if path is None else str(path.absolute())
    row = {
        "source": source,
        "name": keepable(name),
        "hash": hash_,
        "size": size,
        "owned": owned,
        "path": place,
    }
    made = await (await connection.execute(_REGISTER, row)).fetchone()
    if made is not None:
        return int(str(made[0])), True
    query = "SELECT number FROM delivery WHERE source = %s AND hash = %s AND state <> 'failed'"
    found = await (await connection.execute(query, [source, hash_])).fetchone()
    if found is None:  # it failed at this very moment
        return await register(
            connection, source=source, name=name, hash_=hash_, size=size, path=path, owned=owned
        )
    return int(str(found[0])), False


async def is_open(connection: Connection, path: Path) -> bool:
    """Tell whether a file is a delivery that isn't loaded to its end."""
    query = "SELECT FROM delivery WHERE state IN ('waiting', 'loading') AND path = %s"
    return await (await connection.execute(query, [str(path.absolute())])).fetchone() is not None


async def open_among(connection: Connection, numbers: Sequence[int]) -> bool:
    """Tell whether one of these deliveries isn't loaded to its end."""
    query = "SELECT FROM delivery WHERE state IN ('waiting', 'loading') AND number = ANY(%s) LIMIT 1"
    return await (await connection.execute(query, [list(numbers)])).fetchone() is not None


async def find(connection: Connection, number: int) -> Delivery:
    """Give a delivery as it stands. Raises NoDelivery."""
    query = f"SELECT {_COLUMNS} FROM delivery d WHERE d.number = %s"
    row = await (await connection.cursor(row_factory=dict_row).execute(query, [number])).fetchone()
    if row is None:
        raise NoDelivery(number=number)
    return await _with_counts(connection, row)


async def latest(connection: Connection, *, source: str | None = None, most: int) -> list[Delivery]:
    """Give the latest deliveries, newest first."""
    query = (
        f"SELECT {_COLUMNS} FROM delivery d WHERE %(source)s::text IS NULL OR d.source = %(source)s "
        "ORDER BY d.number DESC LIMIT %(most)s"
    )
    cursor = connection.cursor(row_factory=dict_row)
    rows = await (await cursor.execute(query, {"source": source, "most": most})).fetchall()
    return [await _with_counts(connection, row) for row in rows]


async def _with_counts(connection: Connection, row: dict[str, Any]) -> Delivery:
    query = "SELECT counts FROM delivery_piece WHERE delivery = %s"
    parts = [part for (part,) in await (await connection.execute(query, [row["number"]])).fetchall()]
    return msgspec.convert(row | {"pieces": len(parts), "counts": total(parts)}, Delivery)


async def loaded_pieces(connection: Connection, number: int) -> set[int]:
    """Give the numbers of the pieces that are loaded."""
    query = "SELECT number FROM delivery_piece WHERE delivery = %s"
    rows = await (await connection.execute(query, [number])).fetchall()
    return {piece for (piece,) in msgspec.convert(rows, list[tuple[int]])}


async def claim_piece(connection: Connection, delivery: int, number: int) -> bool:
    """Say within a transaction that it loads this piece; tell whether nobody did before."""
    done = await connection.execute(
        "INSERT INTO delivery_piece (delivery, number, counts) VALUES (%s, %s, '{}') ON CONFLICT DO NOTHING",
        [delivery, number],
    )
    return done.rowcount == 1


async def count_piece(connection: Connection, delivery: int, number: int, counts: Counts) -> None:
    """Note what a claimed piece brought."""
    await connection.execute(
        "UPDATE delivery_piece SET counts = %s WHERE delivery = %s AND number = %s",
        [Jsonb(msgspec.to_builtins(_named_keepably(counts))), delivery, number],
    )


def _named_keepably(counts: Counts) -> Counts:
    """Give the counts with names that PostgreSQL can keep: columns and segments are named by the sender."""
    unknown: dict[str, int] = {}
    for what, items in counts.unknown.items():
        unknown[keepable(what)] = unknown.get(keepable(what), 0) + items
    return msgspec.structs.replace(counts, unknown=unknown)


async def adjust(connection: Connection, delivery: int, counts: Counts) -> None:
    """Add to a receipt what later changed about it: items that were refused and taken by a replay."""
    query = "SELECT counts FROM delivery_piece WHERE delivery = %s AND number = 0 FOR UPDATE"
    await claim_piece(connection, delivery, 0)
    rows = await (await connection.execute(query, [delivery])).fetchall()
    counts.add(total(part for (part,) in rows))
    await count_piece(connection, delivery, 0, counts)


async def begin(connection: Connection, number: int) -> None:
    """Note that loading has begun."""
    await connection.execute("UPDATE delivery SET state = 'loading' WHERE number = %s", [number])


async def leave(connection: Connection, number: int) -> None:
    """Leave a delivery that was begun to others."""
    await connection.execute("UPDATE delivery SET state = 'waiting' WHERE number = %s", [number])


async def finish(connection: Connection, number: int) -> None:
    """Turn a delivery into its receipt."""
    await connection.execute(
        "UPDATE delivery SET state = 'done', finished = clock_timestamp(), path = NULL WHERE number = %s",
        [number],
    )


async def fail(connection: Connection, number: int, error: XinglinError) -> None:
    """Note why a delivery can't be loaded as a whole; what was loaded of it stays."""
    fault = {"code": error.code, "texts": texts(error)}
    await connection.execute(
        "UPDATE delivery SET state = 'failed', finished = clock_timestamp(), fault = %s WHERE number = %s",
        [Jsonb(fault), number],
    )
