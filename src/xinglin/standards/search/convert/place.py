"""Places in records, and what converters share."""

from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass
from typing import Any

from xinglin.standards.search import keys
from xinglin.standards.search.blind import Blind
from xinglin.standards.search.dates import DEFAULT_ZONE
from xinglin.standards.search.sinks import Sink

Json = Mapping[str, Any]
Emit = Callable[[Any, Sink], None]
MEMORY = 1 << 15
"""How many values a place remembers."""


@dataclass(frozen=True, slots=True)
class Place:
    """Where values stand in records of one type, such as "Observation.code".

    `systems` are those a bare code there implies, `targets` the types that some parameter asks for; `blind`
    is set where values are hidden.
    """

    name: str
    systems: frozenset[str] = frozenset()
    targets: tuple[str, ...] = ()
    blind: Blind | None = None

    @property
    def id(self) -> int:
        """Give the number in side tables."""
        return keys.short_id(self.name)

    @property
    def salt(self) -> int:
        """Give what makes keys of value hashes by XOR."""
        return keys.salt(self.name)

    @property
    def present(self) -> int:
        """Give the key that any value at this place brings."""
        return keys.PRESENT ^ self.salt


@dataclass(frozen=True, slots=True)
class Context:
    """What conversion needs to know of the hub: the zone of dates without one, and its own address.

    `blind` says which values are hidden.
    """

    zone: str = DEFAULT_ZONE
    base_url: str = ""
    blind: Blind | None = None


def salted(place: Place, hashes: Iterable[int]) -> tuple[int, ...]:
    """Give the keys of value `hashes` at `place`, with the one that says it is there."""
    salt = place.salt
    if place.blind is not None:
        return (place.present, *(place.blind.value(one) ^ salt for one in hashes))
    return (place.present, *(one ^ salt for one in hashes))
