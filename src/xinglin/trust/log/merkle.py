"""The Merkle tree of RFC 9162, section 2.1, as pure functions: hashes, proofs and their verification.

https://www.rfc-editor.org/rfc/rfc9162#section-2.1. A hash is 32 bytes; entries count from 0; a tree of
`size` entries has the root `fold` of the complete subtrees that `cover` names. A node is (level, place): it
spans the entries from place * 2^level, 2^level of them.
"""

import hmac
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from hashlib import sha256
from typing import Final

from gmssl_pyx import sm3_hash  # pyright: ignore[reportMissingImports, reportUnknownVariableType]

Hash = Callable[[bytes], bytes]
Node = tuple[int, int]

BYTES: Final = 32


def _sha256(data: bytes) -> bytes:
    return sha256(data).digest()


def _sm3(data: bytes) -> bytes:
    return bytes(sm3_hash(data))  # pyright: ignore[reportUnknownArgumentType]


HASHES: Final[Mapping[str, Hash]] = {"sha256": _sha256, "sm3": _sm3}
"""SHA-256 (FIPS 180-4) and SM3 (GB/T 32905-2016), by the names that settings use."""


def leaf_hash(hash_: Hash, body: bytes) -> bytes:
    """Hash an entry."""
    return hash_(b"\x00" + body)


def node_hash(hash_: Hash, left: bytes, right: bytes) -> bytes:
    """Hash two subtrees to one."""
    return hash_(b"\x01" + left + right)


def fold(hash_: Hash, peaks: Sequence[bytes]) -> bytes:
    """Give the root over complete subtrees, the largest first; of none, the root of the empty tree."""
    if not peaks:
        return hash_(b"")
    root = peaks[-1]
    for left in reversed(peaks[:-1]):
        root = node_hash(hash_, left, root)
    return root


@dataclass(slots=True)
class Growing:
    """The right edge of a tree: all that is needed to add entries to it."""

    hash_: Hash
    size: int = 0
    peaks: list[bytes] = field(default_factory=list[bytes])

    def add(self, leaf: bytes) -> Iterator[tuple[Node, bytes]]:
        """Add the hash of an entry; give the nodes above it that are complete now, lowest first."""
        self.peaks.append(leaf)
        self.size += 1
        level, rest = 0, self.size
        while not rest & 1:
            level, rest = level + 1, rest >> 1
            right = self.peaks.pop()
            self.peaks[-1] = node_hash(self.hash_, self.peaks[-1], right)
            yield (level, rest - 1), self.peaks[-1]

    def extend(self, leaves: Iterable[bytes], from_level: int = 0) -> list[tuple[Node, bytes]]:
        """Add several; give the new complete nodes from `from_level` up."""
        return [made for leaf in leaves for made in self.add(leaf) if made[0][0] >= from_level]

    @property
    def root(self) -> bytes:
        """The root of the tree as it stands."""
        return fold(self.hash_, self.peaks)


def root_of(hash_: Hash, leaves: Iterable[bytes]) -> bytes:
    """Give the root over hashes of entries."""
    growing = Growing(hash_)
    growing.extend(leaves)
    return growing.root


def cover(first: int, end: int) -> list[Node]:
    """Name the complete subtrees that make up the entries first … end - 1, the largest first.

    `first` is a multiple of the smallest power of two not less than their number, as every subtree's is.
    """
    nodes: list[Node] = []
    while first < end:
        level = (end - first).bit_length() - 1
        nodes.append((level, first >> level))
        first += 1 << level
    return nodes


Span = tuple[int, int]
"""A subtree as its entries: the first, and the one behind the last."""


def _split(first: int, end: int) -> int:
    """Give where a subtree of at least two parts: behind the largest power of two less than its number."""
    return first + (1 << ((end - first - 1).bit_length() - 1))


def inclusion_spans(index: int, size: int) -> list[Span]:
    """Name the subtrees whose hashes prove that entry `index` is in the tree of `size` (2.1.3.1)."""
    if not 0 <= index < size:
        raise IndexError(index)
    first, end, spans = 0, size, list[Span]()
    while end - first > 1:
        middle = _split(first, end)
        if index < middle:
            spans.append((middle, end))
            end = middle
        else:
            spans.append((first, middle))
            first = middle
    return spans[::-1]


def consistency_spans(old: int, size: int) -> list[Span]:
    """Name the subtrees whose hashes prove that the tree of `old` grew to that of `size` (2.1.4.1)."""
    if not 0 <= old <= size:
        raise IndexError(old)
    if old in {0, size}:
        return []
    first, end, whole, spans = 0, size, True, list[Span]()
    while end != old:
        middle = _split(first, end)
        if old <= middle:
            spans.append((middle, end))
            end = middle
        else:
            spans.append((first, middle))
            first, whole = middle, False
    if not whole:
        spans.append((first, end))
    return spans[::-1]


def needed(spans: Iterable[Span]) -> list[Node]:
    """Name all complete subtrees that the spans need."""
    return [node for span in spans for node in cover(*span)]


def proof_of(hash_: Hash, spans: Iterable[Span], known: Mapping[Node, bytes]) -> list[bytes]:
    """Give a proof out of the hashes of the nodes that it needs."""
    return [fold(hash_, [known[node] for node in cover(*span)]) for span in spans]


def is_included(
    hash_: Hash, *, leaf: bytes, index: int, size: int, proof: Sequence[bytes], root: bytes
) -> bool:
    """Tell whether `proof` shows that the hash `leaf` is entry `index` under `root` (2.1.3.2)."""
    led = root_by(hash_, leaf=leaf, index=index, size=size, proof=proof)
    return led is not None and hmac.compare_digest(led, root)


def root_by(hash_: Hash, *, leaf: bytes, index: int, size: int, proof: Sequence[bytes]) -> bytes | None:
    """Give the root that an inclusion proof leads to; None where it is too long or too short."""
    if not 0 <= index < size:
        return None
    place, last, at = index, size - 1, leaf
    for one in proof:
        if last == 0:
            return None
        if place & 1 or place == last:
            at = node_hash(hash_, one, at)
            while not place & 1 and place:
                place, last = place >> 1, last >> 1
        else:
            at = node_hash(hash_, at, one)
        place, last = place >> 1, last >> 1
    return at if last == 0 else None


def is_consistent(
    hash_: Hash, *, old: int, size: int, proof: Sequence[bytes], old_root: bytes, root: bytes
) -> bool:
    """Tell whether `proof` shows that the tree with `old_root` only grew to the one with `root` (2.1.4.2)."""
    if not 0 <= old <= size:
        return False
    if old in {0, size}:
        expected = old_root == (root if old else hash_(b""))
        return expected and not proof
    path = list(proof)
    if old & (old - 1) == 0:
        path.insert(0, old_root)
    if not path:
        return False
    ends = _climb(hash_, old, size, path)
    return ends is not None and hmac.compare_digest(ends[0], old_root) and hmac.compare_digest(ends[1], root)


def _climb(hash_: Hash, old: int, size: int, path: Sequence[bytes]) -> tuple[bytes, bytes] | None:
    """Give the two roots that a consistency proof leads to; None where it is too long or too short."""
    place, last = old - 1, size - 1
    while place & 1:
        place, last = place >> 1, last >> 1
    before = now = path[0]
    for one in path[1:]:
        if last == 0:
            return None
        if place & 1 or place == last:
            before, now = node_hash(hash_, one, before), node_hash(hash_, one, now)
            while not place & 1 and place:
                place, last = place >> 1, last >> 1
        else:
            now = node_hash(hash_, now, one)
        place, last = place >> 1, last >> 1
    return (before, now) if last == 0 else None
