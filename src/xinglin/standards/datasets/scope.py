"""Where the columns of a mapping stand in one table, and which of them surely find their place in FHIR."""

from collections.abc import Generator, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, replace
from typing import Final

from xinglin.core.i18n import Phrase
from xinglin.standards.conversion import Origin
from xinglin.standards.datasets.expressions import Expression, WrongExpression
from xinglin.standards.datasets.header import Layout
from xinglin.standards.datasets.model import Block, Branch, DataMapping, Many, Node, columns_of

MOST_VALUES: Final = 50
"""Values of one cell that become resources; the cell is kept whole if there are more."""


@dataclass(frozen=True, slots=True)
class Turn:
    """Which repetition is compiled: columns by name have one place each, `$n` one value."""

    number: int = 1
    places: Mapping[str, int] | None = None


class Scope:
    """A mapping with one header and one source, while it is compiled."""

    def __init__(self, mapping: DataMapping, layout: Layout, origin: Origin, *, serial: bool) -> None:
        """Take what is fixed while rows are read; `serial`: dates may be Excel's day numbers."""
        self.mapping = mapping
        self.layout = layout
        self.origin = origin
        self.serial = serial
        self.sure: set[int] = set()
        """Places of columns that always find their place in the resource that is compiled."""
        self.asides = True
        """Whether cells that lose against others are kept; those of a key stand in the resource anyway."""
        self._conditional = 0

    @contextmanager
    def conditional(self) -> Generator[None]:
        """Compile what isn't always there: its columns don't always find their place."""
        self._conditional += 1
        yield
        self._conditional -= 1

    def place_surely(self, place: int) -> None:
        """Note that a column finds its place, unless on a condition."""
        if not self._conditional:
            self.sure.add(place)

    def place(self, name: str, turn: Turn) -> int | None:
        """Give the place of a column in the row; None where the table doesn't have it."""
        if name not in self.mapping.columns:
            raise WrongExpression(Phrase("there is no column {name}", name=name))
        if turn.places and name in turn.places:
            return turn.places[name]
        places = self.layout.places.get(name, ())
        return places[0] if places else None

    def turns(self, each: Sequence[str]) -> Iterator[Turn]:
        """Give the repetitions of columns that stand in the row several times."""
        for name in each:
            if name not in self.mapping.columns:
                raise WrongExpression(Phrase("there is no column {name}", name=name))
        names = [name for name in each if not self.splits(name)]
        counts = [len(self.layout.places.get(name, ())) for name in names]
        for at in range(max(counts, default=0)):
            places = {
                name: self.layout.places[name][at]
                for name, count in zip(names, counts, strict=True)
                if at < count
            }
            absent = {name: -1 for name, count in zip(names, counts, strict=True) if at >= count}
            yield Turn(at + 1, {**places, **absent})

    def splits(self, name: str) -> bool:
        """Tell whether one cell holds several values of a column."""
        return bool(self.mapping.columns[name].separators) and len(self.layout.places.get(name, ())) == 1

    def split(self, block: Block) -> tuple[int, str] | None:
        """Find the cell whose values are repetitions of a resource."""
        for name in block.each:
            if name in self.mapping.columns and self.splits(name):
                return self.layout.places[name][0], self.mapping.columns[name].separators
        return None

    def columns(self, node: Node | Expression, turn: Turn) -> tuple[int, ...]:
        """Give the places of the columns that a node reads, conditions aside."""
        if isinstance(node, Many):
            return tuple(place for one in node.nodes for place in self.columns(one, turn))
        if isinstance(node, Branch) and node.each:
            once = replace(node, each=())
            turns = (turn, *self.turns(node.each))
            return tuple(place for one in turns for place in self.columns(once, one))
        if isinstance(node, Branch):
            return tuple(place for one in node.elements.values() for place in self.columns(one, turn))
        names = columns_of(node)
        found = (self.place(name, turn) for name in names if name in self.mapping.columns)
        return tuple(one for one in found if one is not None and one >= 0)
