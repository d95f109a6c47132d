"""The log as its tables hold it: read whole, checked, exported."""

from collections.abc import AsyncIterator, Callable, Sequence
from pathlib import Path
from typing import Final, cast

import msgspec

from xinglin.core.i18n import Phrase
from xinglin.hub.database import Connection
from xinglin.trust.log import rows, signing
from xinglin.trust.log.checking import Checking, Keys, Report
from xinglin.trust.log.entry import decode
from xinglin.trust.log.files import About, Writer, discard
from xinglin.trust.log.log import Log
from xinglin.trust.log.merkle import Node
from xinglin.trust.log.notes import Verifier
from xinglin.trust.log.rows import Row

AT_ONCE: Final = 5_000
"""Entries read at once."""

_NEXT: Final = (
    "SELECT number, at, who, action, outcome, keys, leaf, body FROM audit_entry WHERE number > %s"
    " ORDER BY number LIMIT %s"
)
_NODES: Final = "SELECT count(*) FROM audit_node"

Progress = Callable[[int], None]


async def read(connection: Connection, end: int | None = None) -> AsyncIterator[Sequence[Row]]:
    """Give all entries in order, many at a time; with `end`, those before that number."""
    place = -(1 << 63)  # numbers below 0 are nobody's, but must be seen
    while True:
        found = await (await connection.execute(_NEXT, [place, AT_ONCE])).fetchall()
        got = [Row(*cast("tuple[int, object, str, str, str, list[int], bytes, bytes]", one)) for one in found]  # pyright: ignore[reportArgumentType]
        got = [one for one in got if end is None or one.number < end]
        if not got:
            return
        yield got
        place = got[-1].number


async def verify(log: Log, trusted: Sequence[Verifier], progress: Progress) -> Report:
    """Check the tables: every entry, what it is found by, the tree, all that was signed.

    `trusted` are the log's public keys that don't come from the database.
    """
    async with log.database.connection() as connection, connection.transaction():
        await connection.execute("SET TRANSACTION ISOLATION LEVEL REPEATABLE READ, READ ONLY")
        head = await rows.read_head(connection)
        witnesses = [one for one, _ in await signing.known(connection, "witness")]
        notes = await signing.notes(connection)
        checking = Checking(head.hash, head.origin, notes, Keys(trusted, witnesses))
        async for some in read(connection):
            await _check(connection, checking, some)
            progress(len(some))
        report = checking.end()
        await _check_edge(connection, checking, head)
    return report


async def _check(connection: Connection, checking: Checking, some: Sequence[Row]) -> None:
    made: dict[Node, bytes] = {}
    for one in some:
        _check_columns(checking.report, one)
        made.update(checking.entry(one.number, one.body, one.leaf))
    high = {node: hash_ for node, hash_ in made.items() if node[0] >= rows.FOOT}
    kept = await rows.stored(connection, list(high))
    for node, hash_ in high.items():
        if kept.get(node) != hash_:
            level, place = node
            checking.report.fault(
                place << level,
                Phrase(
                    "the tree's node over the entries from {first} to {last} isn't what they make",
                    first=place << level,
                    last=((place + 1) << level) - 1,
                ),
            )
            return


def _check_columns(report: Report, one: Row) -> None:
    try:
        right = rows.row_of(one.number, decode(one.body), one.leaf, one.body)
    except (msgspec.DecodeError, ValueError):
        report.fault(one.number, Phrase("entry {number} can't be read", number=one.number))
        return
    if right != one:
        report.fault(one.number, Phrase("what entry {number} is found by doesn't fit it", number=one.number))


async def _check_edge(connection: Connection, checking: Checking, head: rows.Head) -> None:
    report = checking.report
    if report.faults:
        return
    row = await (await connection.execute(_NODES)).fetchone()
    nodes = cast("tuple[int]", row)[0]
    wanted = sum(report.size >> level for level in range(rows.FOOT, 63))
    if (head.size, list(head.peaks)) != (report.size, list(checking.peaks)) or nodes != wanted:
        report.fault(report.size, Phrase("the tree's edge isn't what the entries make"))


async def export(log: Log, folder: Path, own: Verifier, progress: Progress) -> int:
    """Write all that the last checkpoint covers into `folder`; give how many entries. Raises NoCheckpoint."""
    writer = Writer(folder)
    try:
        async with log.database.connection() as connection, connection.transaction():
            await connection.execute("SET TRANSACTION ISOLATION LEVEL REPEATABLE READ, READ ONLY")
            head = await rows.read_head(connection)
            _, _, note = await signing.last_checkpoint(connection)
            end = signing.read_checkpoint(note.text).size
            async for some in read(connection, end):
                for one in some:
                    writer.write(one.body, one.leaf)
                progress(len(some))
            about = About(head.origin, head.algorithm or "sha256", writer.size)
            known = [one for one, _ in await signing.known(connection, "log") if one != own]
            witnesses = [one for one, _ in await signing.known(connection, "witness")]
            writer.finish(about, await signing.notes(connection), Keys([own, *known], witnesses))
    except BaseException:
        discard(folder)
        raise
    return writer.size
