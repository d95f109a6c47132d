"""The log's own tables: entries and complete nodes of the tree, as they are read (see `adding`).

Nodes below level FOOT aren't stored: they are made again from the hashes of the at most 2^FOOT entries that
they span. So an entry costs a thirty-second of a node's row, and a proof reads two runs of 64 entries.
"""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import datetime
from hashlib import blake2b
from typing import Final, cast

from xinglin.hub.database import Connection
from xinglin.trust.log.entry import Told
from xinglin.trust.log.merkle import BYTES, HASHES, Growing, Hash, Node, Span, needed, proof_of

FOOT: Final = 6

_HEAD: Final = "SELECT origin, algorithm, size, peaks FROM audit_head"
_LOCKED: Final = _HEAD + " FOR UPDATE"
_FIND_NODES: Final = (
    "SELECT level, place, hash FROM audit_node JOIN unnest(%s::smallint[], %s::bigint[]) AS w (level, place)"
    " USING (level, place)"
)
_LEAVES: Final = (
    "SELECT number, leaf FROM audit_entry"
    " JOIN unnest(%s::bigint[], %s::bigint[]) AS w (first, last) ON number BETWEEN first AND last"
)


@dataclass(frozen=True, slots=True)
class Head:
    """How far the log has grown. `algorithm` is empty before the first entry."""

    origin: str
    algorithm: str
    size: int
    peaks: tuple[bytes, ...]

    @property
    def hash(self) -> Hash:
        """The hash of the tree; of an empty log, SHA-256."""
        return HASHES[self.algorithm or "sha256"]

    def growing(self) -> Growing:
        """Give the tree's edge, to add to."""
        return Growing(self.hash, self.size, list(self.peaks))


@dataclass(frozen=True, slots=True)
class Row:
    """An entry as the table keeps it."""

    number: int
    at: datetime
    who: str
    action: str
    outcome: str
    keys: Sequence[int]
    leaf: bytes
    body: bytes


def key(kind: str, value: str) -> int:
    """Hash what entries are found by to a signed number of 64 bits."""
    return int.from_bytes(blake2b(f"{kind}\0{value}".encode(), digest_size=8).digest(), signed=True)


def keys_of(told: Told) -> list[int]:
    """Give all that an entry is found by beside its columns, in order and each once."""
    who = told.who
    named = {
        *(key("patient", one) for one in told.patients),
        *(key("what", one) for one in told.what),
        *(key(kind, value) for kind, value in _agent_keys(who.client, who.session, who.practitioner)),
    }
    return sorted(named)


def _agent_keys(
    client: str | None, session: str | None, practitioner: str | None
) -> Iterable[tuple[str, str]]:
    for kind, value in (("client", client), ("session", session), ("practitioner", practitioner)):
        if value:
            yield kind, value


def column(text: str) -> str:
    """Give a text as a column holds it: PostgreSQL knows no character NUL."""
    return text.replace("\0", "\N{REPLACEMENT CHARACTER}")


def row_of(number: int, told: Told, leaf: bytes, body: bytes) -> Row:
    """Make the row of an entry."""
    return Row(
        number, told.at, column(told.who.id), column(told.action), told.outcome, keys_of(told), leaf, body
    )


async def read_head(connection: Connection, *, lock: bool = False) -> Head:
    """Read how far the log has grown; with `lock` nobody else can add to it until the transaction ends."""
    found = await (await connection.execute(_LOCKED if lock else _HEAD)).fetchone()
    origin, algorithm, size, peaks = cast("tuple[str, str, int, bytes]", found)
    return Head(origin, algorithm, size, tuple(peaks[at : at + BYTES] for at in range(0, len(peaks), BYTES)))


async def prove(connection: Connection, hash_: Hash, spans: Sequence[Span]) -> list[bytes]:
    """Give the hashes of subtrees of the tree as it is stored. Raises KeyError where one is missing."""
    wanted = needed(spans)
    known = await stored(connection, [node for node in wanted if node[0] >= FOOT])
    low = [node for node in wanted if node[0] < FOOT]
    known.update(await _made(connection, hash_, low))
    return proof_of(hash_, spans, known)


async def stored(connection: Connection, nodes: Sequence[Node]) -> dict[Node, bytes]:
    """Give those of the nodes that the table has."""
    if not nodes:
        return {}
    asked = [[level for level, _ in nodes], [place for _, place in nodes]]
    rows = await (await connection.execute(_FIND_NODES, asked)).fetchall()
    return {(level, place): hash_ for level, place, hash_ in cast("list[tuple[int, int, bytes]]", rows)}


async def _made(connection: Connection, hash_: Hash, nodes: Sequence[Node]) -> dict[Node, bytes]:
    """Make nodes again from the hashes of the entries below them."""
    if not nodes:
        return {}
    firsts = [place << level for level, place in nodes]
    lasts = [((place + 1) << level) - 1 for level, place in nodes]
    rows = await (await connection.execute(_LEAVES, [firsts, lasts])).fetchall()
    leaves = dict(cast("list[tuple[int, bytes]]", rows))
    made: dict[Node, bytes] = {}
    for node, first, last in zip(nodes, firsts, lasts, strict=True):
        tree = Growing(hash_)
        tree.extend(leaves[number] for number in range(first, last + 1))
        made[node] = tree.root
    return made
