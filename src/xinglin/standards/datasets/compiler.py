"""Compiles a mapping, for one header and one source, to closures that turn rows into facts."""

from collections.abc import Callable, Sequence
from contextlib import nullcontext
from dataclasses import dataclass, replace
from typing import Any

from xinglin.standards.conversion import Origin
from xinglin.standards.datasets.errors import WrongMapping
from xinglin.standards.datasets.expressions import WrongExpression
from xinglin.standards.datasets.functions import Getter
from xinglin.standards.datasets.getters import Part, guarded, joined, nothing, object_of, parts_of
from xinglin.standards.datasets.header import Layout
from xinglin.standards.datasets.leaves import Leaves
from xinglin.standards.datasets.model import Block, Branch, DataMapping, Leaf, Many, Node
from xinglin.standards.datasets.rows import Row
from xinglin.standards.datasets.scope import Scope, Turn


@dataclass(frozen=True, slots=True)
class Maker:
    """A compiled resource, for one repetition; `places` are the columns it reads."""

    block: Block
    number: int
    keys: tuple[tuple[Getter, ...], ...]
    holds: Callable[[Row], bool] | None
    build: Getter
    places: tuple[int, ...]
    sure: frozenset[int]
    """Those that always find their place in it."""
    splits: tuple[int, str] | None = None
    """The place of a cell with several values and what separates them: a resource for each."""


class Compiler:
    """Compiles one mapping for one header and one source."""

    def __init__(self, mapping: DataMapping, layout: Layout, origin: Origin, *, serial: bool) -> None:
        """Take what is fixed while rows are read; `serial`: dates may be Excel's day numbers."""
        self.scope = Scope(mapping, layout, origin, serial=serial)
        self.leaves = Leaves(self.scope)

    def block(self, block: Block, turn: Turn) -> Maker:
        """Compile a resource. Only the main one is there for every row."""
        with _at(self.scope.mapping.file, block.line):
            self.scope.asides = False
            keys = tuple(tuple(self.leaves.expression(part, turn).read for part in key) for key in block.keys)
            holds = self.leaves.condition(block.when, turn) if block.when else None
            keys = tuple(key for key in keys if nothing not in key)
            self.scope.asides = True
            self.scope.sure = set()
            build = self.branch(block.tree, turn, root=True).read
            places = self.scope.columns(block.tree, turn)
            sure = frozenset(self.scope.sure)
            return Maker(block, turn.number, keys, holds, build, places, sure, self.scope.split(block))

    def branch(self, node: Branch, turn: Turn, *, root: bool = False) -> Part:
        """Compile an object; it is there when something in it that isn't constant is."""
        with self.scope.conditional() if node.when is not None else nullcontext():
            parts = [(key, self.node(one, turn)) for key, one in node.elements.items()]
        live = any(part.live for _, part in parts)
        read = object_of(parts, always=root or not live)
        if node.when is not None:
            read = guarded(read, self.leaves.condition(node.when, turn), self.scope.columns(node, turn))
        return Part(read, live)

    def node(self, node: Node, turn: Turn) -> Part:
        """Compile a node."""
        match node:
            case Leaf(expression, line):
                with _at(self.scope.mapping.file, line):
                    return self.leaves.expression(expression, turn)
            case Branch(line=line):
                with _at(self.scope.mapping.file, line):
                    return self.branch(node, turn)
            case Many(nodes, _):
                return self._many(nodes, turn)

    def _many(self, nodes: Sequence[Node], turn: Turn) -> Part:
        parts: list[Part] = []
        for node in nodes:
            if isinstance(node, Branch) and node.each:
                once = replace(node, each=())
                parts += [self.node(once, one) for one in self.scope.turns(node.each)]
                parts += [self._splitting(once, name) for name in node.each if self.scope.splits(name)]
            else:
                parts.append(self.node(node, turn))
        return Part(joined([part.read for part in parts]), any(part.live for part in parts))

    def _splitting(self, node: Branch, name: str) -> Part:
        """Compile an object that is there for every value in one cell."""
        (place,) = self.scope.layout.places[name]
        part = self.node(node, Turn())
        separators = self.scope.mapping.columns[name].separators

        def split(row: Row) -> list[Any] | None:
            whole = row.cells[place]
            found: list[Any] = []
            for text in parts_of(whole, separators):
                row.cells[place] = text
                value = part.read(row)
                if value is not None:
                    found.append(value)
            row.cells[place] = whole
            return found or None

        return Part(split, live=True)


class _at:  # noqa: N801 - reads like a word
    """Tells at which line of the mapping an expression is wrong."""

    def __init__(self, file: str, line: int) -> None:
        self.file = file
        self.line = line

    def __enter__(self) -> None:
        pass

    def __exit__(self, _kind: object, error: object, _trace: object) -> None:
        if isinstance(error, WrongExpression):
            raise WrongMapping(file=self.file, line=self.line, detail=error.detail) from None
