"""A row while it is read."""

from collections.abc import Sequence

from xinglin.core.errors import XinglinError
from xinglin.standards.datasets.errors import LostDigits


class Row:
    """The cells of a row, the ids of the resources it gives, and what of it wasn't understood.

    `left` holds the places of cells that weren't understood, `aside` of cells in parts that don't apply to
    this row: they are kept beside the resource, the latter only where they stand nowhere else.
    """

    __slots__ = ("aside", "cells", "ids", "left", "names", "unknown")

    def __init__(self, cells: list[str], names: Sequence[str]) -> None:
        """Take the cells, cleaned, and the columns' names for messages."""
        self.cells = cells
        self.names = names
        self.left: set[int] = set()
        self.aside: set[int] = set()
        self.unknown: list[str] = []
        self.ids: dict[tuple[str, int], str] = {}

    def leave(self, index: int, note: str = "") -> None:
        """Keep a cell as it is, since it isn't understood."""
        self.left.add(index)
        if note:
            self.note(note)

    def note(self, note: str) -> None:
        """Tell, once a row, what isn't understood."""
        if note not in self.unknown:
            self.unknown.append(note)

    def lost(self, index: int) -> XinglinError:
        """Say that a spreadsheet has taken digits from a cell."""
        return LostDigits(column=self.names[index], expression=self.names[index])
