"""Search values that only who has the key can guess.

Numbers and names are few: whoever reads the disk could hash them all and see who is who. So at places of
people a value's hash is hashed again under a secret key. The same value still gives the same key, which is
what searching needs, and how often each occurs stays visible.

A prefix of a text is a value of its own here, as is each two neighbouring characters: that is how texts are
found that stand nowhere as text.
"""

from collections.abc import Iterator
from dataclasses import dataclass
from functools import lru_cache
from hashlib import blake2b
from struct import Struct

from xinglin.standards.search import keys

PREFIX_MOST = 12
"""Texts are found by prefixes up to so many characters; longer ones are checked on the records."""

PAIRS_MOST = 64
"""Neighbours are kept of so many characters at the beginning."""

LONG = keys.digest("long")
"""Says that a text has more than that, so that it may hold anything."""

_CACHED = 1 << 16
_pack = Struct("!q").pack


@dataclass(frozen=True, slots=True)
class Blind:
    """Whose values are hidden, and under which secret (32 bytes).

    `types` None are all types. While records are indexed anew, `mixed` has searches look for both ways.
    """

    secret: bytes
    types: frozenset[str] | None
    mixed: bool = False

    def __repr__(self) -> str:
        """Say nothing of the secret."""
        return f"Blind(types={self.types!r}, mixed={self.mixed!r})"

    def hides(self, resource_type: str) -> bool:
        """Tell whether numbers, phones and texts of a type are hidden."""
        return self.types is None or resource_type in self.types

    def value(self, hashed: int) -> int:
        """Give the hidden hash of a value hash."""
        return _value(self.secret, hashed)


@lru_cache(maxsize=_CACHED)
def _value(secret: bytes, hashed: int) -> int:
    return int.from_bytes(blake2b(_pack(hashed), digest_size=8, key=secret).digest(), signed=True)


def prefix(text: str) -> int:
    """Value hash of all folded texts that begin with `text`, of `PREFIX_MOST` characters at most."""
    return keys.digest("p" + text)


def whole(text: str) -> int:
    """Value hash of a whole folded text."""
    return keys.digest("e" + text)


def neighbours(text: str) -> int:
    """Value hash of all folded texts that hold these two characters."""
    return keys.digest("g" + text)


def text_hashes(text: str, *, searched_inside: bool = True) -> Iterator[int]:
    """Give the value hashes that a folded text is found by; one only searched by its beginning has "" too."""
    shortest = 1 if searched_inside else 0
    yield from (prefix(text[:end]) for end in range(shortest, min(len(text), PREFIX_MOST) + 1))
    if searched_inside:
        yield whole(text)
        yield from (neighbours(text[at : at + 2]) for at in range(min(len(text), PAIRS_MOST) - 1))
        if len(text) > PAIRS_MOST:
            yield LONG
