"""What extraction gives for one record."""

from decimal import Decimal
from typing import NamedTuple, TypeVar

Row = TypeVar("Row")


class Quantity(NamedTuple):
    """A number or quantity at a place: as written, and in base units where `unit` isn't 0."""

    place: int
    low: Decimal
    high: Decimal
    unit: int
    base_low: Decimal | None
    base_high: Decimal | None


class Index(NamedTuple):
    """All that a database keeps about a record so that it is found.

    keys: sorted distinct signed 64-bit keys. dates: (place, low, high), microseconds since 1970 UTC, half
    open. numbers: see `Quantity`. strings: (place, folded text). references: distinct `self_key`s of the
    records this one refers to through reference parameters, sorted. texts: display texts by their hash, for a
    dictionary that `:text` looks in; each hash XOR the place's salt is among the keys. A place is a signed
    32-bit number.
    """

    keys: list[int]
    dates: list[tuple[int, int, int]]
    numbers: list[Quantity]
    strings: list[tuple[int, str]]
    references: list[int]
    texts: dict[int, str]


class Sink:
    """Collects an `Index` while a record is walked. `contained`: types of contained records by id."""

    __slots__ = ("contained", "dates", "keys", "numbers", "references", "strings", "texts")

    def __init__(self) -> None:
        self.keys: set[int] = set()
        self.dates: list[tuple[int, int, int]] = []
        self.numbers: list[Quantity] = []
        self.strings: list[tuple[int, str]] = []
        self.references: set[int] = set()
        self.texts: dict[int, str] = {}
        self.contained: dict[str, str] = {}

    def index(self) -> Index:
        """Give what was collected, without repetitions."""
        return Index(
            sorted(self.keys),
            _distinct(self.dates),
            _distinct(self.numbers),
            _distinct(self.strings),
            sorted(self.references),
            self.texts,
        )


def _distinct(rows: list[Row]) -> list[Row]:
    return rows if len(rows) < 2 else list(dict.fromkeys(rows))
