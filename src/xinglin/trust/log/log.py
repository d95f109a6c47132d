"""The log of one hub: append, durable before it returns; find; prove."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Final, Protocol

from xinglin.core.i18n import Phrase
from xinglin.hub.database import Connection, Database
from xinglin.hub.gather import Gather
from xinglin.trust.log import rows
from xinglin.trust.log.adding import Growth, add
from xinglin.trust.log.entry import Entry, Told, decode, encode
from xinglin.trust.log.errors import BrokenLog, NoSuchEntry, OtherAlgorithm
from xinglin.trust.log.find import Asked, Found, Place, find
from xinglin.trust.log.merkle import (
    HASHES,
    Growing,
    consistency_spans,
    fold,
    inclusion_spans,
    leaf_hash,
    root_by,
)

APPEND_TOGETHER: Final = 512
"""Appends that share a transaction at most; each may bring several entries."""

Leaf = tuple[bytes, Told]


class Appends(Protocol):
    """What the gate needs of the log; tests may give one that keeps entries in a list."""

    async def append(self, entries: Sequence[Entry]) -> list[int]:
        """Write entries, in order and together; give their numbers. They are durable when this returns."""
        ...


@dataclass(frozen=True, slots=True)
class Proven:
    """An entry, and the path that proves it under the root of the tree of `size`.

    `root` is what the path leads to; whether that is the log's is for a signed checkpoint to say.
    """

    number: int
    body: bytes
    size: int
    root: bytes
    path: tuple[bytes, ...]


class Log:
    """The audit log in the hub's database. `algorithm` (`sha256`, `sm3`) is how its tree is hashed."""

    def __init__(self, database: Database, algorithm: str = "sha256") -> None:
        self.database = database
        self.algorithm = algorithm
        self._known: rows.Head | None = None
        self._append: Gather[Sequence[Leaf], list[int]] = Gather(self._write, lanes=1, most=APPEND_TOGETHER)

    async def append(self, entries: Sequence[Entry], connection: Connection | None = None) -> list[int]:
        """Write entries, in order and together; give their numbers. They are durable when this returns.

        Appends that wait at the same time share a transaction. With `connection` they become durable with
        its transaction instead, which then holds all other writers up until it ends: for rare, short work
        that must not be done without its entry. Raises DatabaseError or OtherAlgorithm.
        """
        if not entries:
            return []
        leaves = [(body, decode(body)) for body in map(encode, entries)]
        if connection is not None:
            return (await self._add_locked(connection, [leaves]))[1][0]
        return await self._append(leaves)

    async def _write(self, asked: Sequence[Sequence[Leaf]]) -> list[list[int]]:
        """Add behind the head that this process left; where another process added since, behind that."""
        async with self.database.connection() as connection:
            if self._known is not None:
                after, numbers = await self._add(connection, self._known, asked)
                self._known = after
                if after is not None:
                    return numbers
            async with connection.transaction():
                after, numbers = await self._add_locked(connection, asked)
            self._known = after
            return numbers

    async def _add_locked(
        self, connection: Connection, asked: Sequence[Sequence[Leaf]]
    ) -> tuple[rows.Head | None, list[list[int]]]:
        head = await rows.read_head(connection, lock=True)
        if head.algorithm not in {"", self.algorithm}:
            raise OtherAlgorithm(found=head.algorithm, wanted=self.algorithm)
        return await self._add(connection, head, asked)

    async def _add(
        self, connection: Connection, head: rows.Head, asked: Sequence[Sequence[Leaf]]
    ) -> tuple[rows.Head | None, list[list[int]]]:
        """Add behind `head`; give the head after it, None where it was another, and the entries' numbers."""
        hash_ = HASHES[self.algorithm]
        tree = Growing(hash_, head.size, list(head.peaks))
        numbers: list[list[int]] = []
        made: list[rows.Row] = []
        for leaves in asked:
            first = head.size + len(made)
            numbers.append(list(range(first, first + len(leaves))))
            made += [
                rows.row_of(first + at, told, leaf_hash(hash_, body), body)
                for at, (body, told) in enumerate(leaves)
            ]
        nodes = tree.extend((one.leaf for one in made), rows.FOOT)
        return await add(connection, head, Growth(self.algorithm, tree, made, nodes)), numbers

    async def head(self) -> rows.Head:
        """Give how far the log has grown."""
        async with self.database.connection() as connection:
            return await rows.read_head(connection)

    async def find(self, asked: Asked, *, before: Place | None = None, most: int = 50) -> Found:
        """Give entries, the latest first, from behind the place that a page before gave."""
        async with self.database.connection() as connection:
            return await find(connection, asked, before=before, most=most)

    async def read(self, number: int) -> bytes:
        """Give an entry's bytes. Raises NoSuchEntry."""
        async with self.database.connection() as connection:
            return await _body(connection, number)

    async def prove(self, number: int, size: int | None = None) -> Proven:
        """Prove that an entry is in the tree of `size` (None: all there is).

        Raises NoSuchEntry or BrokenLog.
        """
        async with self.database.connection() as connection:
            head = await rows.read_head(connection)
            size = head.size if size is None else size
            if not 0 <= number < size <= head.size:
                raise NoSuchEntry(number=number, size=min(size, head.size))
            body = await _body(connection, number)
            path = await _proof(connection, head, inclusion_spans(number, size))
        leaf = leaf_hash(head.hash, body)
        root = root_by(head.hash, leaf=leaf, index=number, size=size, proof=path) or b""
        return Proven(number, body, size, root, tuple(path))

    async def consistency(self, old: int, size: int | None = None) -> tuple[int, list[bytes]]:
        """Prove that the tree of `old` grew to that of `size` (None: all there is); give it with its size.

        Raises NoSuchEntry where there never were so many, BrokenLog.
        """
        async with self.database.connection() as connection:
            head = await rows.read_head(connection)
            size = head.size if size is None else size
            if not 0 <= old <= size <= head.size:
                raise NoSuchEntry(number=max(old, size) - 1, size=head.size)
            return size, await _proof(connection, head, consistency_spans(old, size))


async def root_at(connection: Connection, head: rows.Head, size: int) -> bytes:
    """Give the root of the first `size` entries, as the tables have it. Raises BrokenLog."""
    if size == 0:
        return fold(head.hash, [])
    return (await _proof(connection, head, [(0, size)]))[0]


async def _proof(connection: Connection, head: rows.Head, spans: Sequence[rows.Span]) -> list[bytes]:
    try:
        return await rows.prove(connection, head.hash, spans)
    except KeyError as error:
        raise BrokenLog(
            detail=Phrase("a part of the tree is missing ({place})", place=error.args[0])
        ) from None


async def _body(connection: Connection, number: int) -> bytes:
    found = await connection.execute("SELECT body FROM audit_entry WHERE number = %s", [number])
    row = await found.fetchone()
    if row is None:
        raise NoSuchEntry(number=number, size=(await rows.read_head(connection)).size)
    return bytes(row[0])  # pyright: ignore[reportArgumentType]
