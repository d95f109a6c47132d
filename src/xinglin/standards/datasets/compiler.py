"""Compiles a mapping, for one header and one source, to closures that turn rows into facts."""

from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any, Final, cast

from xinglin.core.exact_json import Json
from xinglin.core.i18n import Phrase
from xinglin.standards.conversion import Origin
from xinglin.standards.datasets.errors import WrongCell, WrongMapping
from xinglin.standards.datasets.expressions import (
    Cell,
    Chain,
    Condition,
    Constant,
    Declared,
    Expression,
    First,
    Link,
    Number,
    Operand,
    Step,
    Template,
    Test,
    WrongExpression,
)
from xinglin.standards.datasets.functions import BY_KIND, FUNCTIONS, Call, Getter, fresh
from xinglin.standards.datasets.header import Layout
from xinglin.standards.datasets.model import Block, Branch, Column, DataMapping, Leaf, Many, Node, columns_of
from xinglin.standards.datasets.rows import Row
from xinglin.standards.datasets.values import BadValue

MOST_VALUES: Final = 50
"""Values of one cell that become resources; the cell is kept whole if there are more."""
KEPT: Final = "urn:xinglin:dataset:"
"""Extensions with fields that have no place in FHIR, or weren't understood: this and the internal id."""


@dataclass(frozen=True, slots=True)
class Part:
    """A compiled node. `read` gives its value; `live` tells whether it reads any column."""

    read: Getter
    live: bool


@dataclass(frozen=True, slots=True)
class Turn:
    """Which repetition is compiled: columns by name have one place each, `$n` one value."""

    number: int = 1
    places: Mapping[str, int] | None = None


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
        self.mapping = mapping
        self.layout = layout
        self.origin = origin
        self.serial = serial
        self.sure: set[int] = set()
        """Places of columns that always find their place in the resource that is compiled."""
        self._conditional = 0
        self._asides = True

    def place(self, name: str, turn: Turn) -> int | None:
        """Give the place of a column in the row; None where the table doesn't have it."""
        if name not in self.mapping.columns:
            raise WrongExpression(Phrase("there is no column {name}", name=name))
        if turn.places and name in turn.places:
            return turn.places[name]
        places = self.layout.places.get(name, ())
        return places[0] if places else None

    def branch(self, node: Branch, turn: Turn, *, root: bool = False) -> Part:
        """Compile an object; it is there when something in it that isn't constant is."""
        outer = self._conditional
        self._conditional += node.when is not None
        parts = [(key, self.node(one, turn)) for key, one in node.elements.items()]
        self._conditional = outer
        live = any(part.live for _, part in parts)
        read = _object(parts, always=root or not live)
        if node.when is not None:
            read = self._guarded(read, self.condition(node.when, turn), self._columns(node, turn))
        return Part(read, live)

    def node(self, node: Node, turn: Turn) -> Part:
        """Compile a node."""
        match node:
            case Leaf(expression, line):
                with _at(self.mapping.file, line):
                    return self.expression(expression, turn)
            case Branch(line=line):
                with _at(self.mapping.file, line):
                    return self.branch(node, turn)
            case Many(nodes, _):
                return self._many(nodes, turn)

    def _many(self, nodes: Sequence[Node], turn: Turn) -> Part:
        parts: list[Part] = []
        for node in nodes:
            if isinstance(node, Branch) and node.each:
                once = replace(node, each=())
                parts += [self.node(once, one) for one in self.turns(node.each)]
                parts += [self._splitting(once, name) for name in node.each if self._splits(name)]
            else:
                parts.append(self.node(node, turn))
        reads = [part.read for part in parts]

        def many(row: Row) -> list[Any] | None:
            found: list[Any] = []
            for read in reads:
                value = read(row)
                if isinstance(value, list):
                    found += cast("list[Any]", value)
                elif value is not None:
                    found.append(value)
            return found or None

        return Part(many, any(part.live for part in parts))

    def _splits(self, name: str) -> bool:
        return bool(self.mapping.columns[name].separators) and len(self.layout.places.get(name, ())) == 1

    def _splitting(self, node: Branch, name: str) -> Part:
        """Compile an object that is there for every value in one cell."""
        (place,) = self.layout.places[name]
        part = self.node(node, Turn())
        separators = self.mapping.columns[name].separators

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

    def turns(self, each: Sequence[str]) -> Iterator[Turn]:
        """Give the repetitions of columns that stand in the row several times."""
        for name in each:
            if name not in self.mapping.columns:
                raise WrongExpression(Phrase("there is no column {name}", name=name))
        names = [name for name in each if not self._splits(name)]
        counts = [len(self.layout.places.get(name, ())) for name in names]
        for at in range(max(counts, default=0)):
            places = {
                name: self.layout.places[name][at]
                for name, count in zip(names, counts, strict=True)
                if at < count
            }
            absent = {name: -1 for name, count in zip(names, counts, strict=True) if at >= count}
            yield Turn(at + 1, {**places, **absent})

    def _columns(self, node: Node | Expression, turn: Turn) -> tuple[int, ...]:
        if isinstance(node, Many):
            return tuple(place for one in node.nodes for place in self._columns(one, turn))
        if isinstance(node, Branch) and node.each:
            once = replace(node, each=())
            turns = (turn, *self.turns(node.each))
            return tuple(place for one in turns for place in self._columns(once, one))
        if isinstance(node, Branch):
            return tuple(place for one in node.elements.values() for place in self._columns(one, turn))
        names = columns_of(node)
        found = (self.place(name, turn) for name in names if name in self.mapping.columns)
        return tuple(one for one in found if one is not None and one >= 0)

    @staticmethod
    def _guarded(read: Getter, holds: Callable[[Row], bool], places: tuple[int, ...]) -> Getter:
        def guarded(row: Row) -> Any:
            if holds(row):
                return read(row)
            row.aside.update(places)
            return None

        return guarded

    def block(self, block: Block, turn: Turn) -> "Maker":
        """Compile a resource. Only the main one is there for every row."""
        with _at(self.mapping.file, block.line):
            self._asides = False
            keys = tuple(tuple(self.expression(part, turn).read for part in key) for key in block.keys)
            holds = self.condition(block.when, turn) if block.when else None
            keys = tuple(key for key in keys if _nothing not in key)
            self._asides = True
            self.sure = set()
            build = self.branch(block.tree, turn, root=True).read
            places = self._columns(block.tree, turn)
            sure = frozenset(self.sure)
            return Maker(block, turn.number, keys, holds, build, places, sure, self._split(block))

    def _split(self, block: Block) -> tuple[int, str] | None:
        """Find the cell whose values are repetitions of a resource."""
        for name in block.each:
            if name in self.mapping.columns and self._splits(name):
                return self.layout.places[name][0], self.mapping.columns[name].separators
        return None

    # Expressions

    def expression(self, expression: Expression, turn: Turn) -> Part:
        """Compile a leaf."""
        match expression:
            case Constant(value):
                return Part(lambda _row: fresh(value), live=False)
            case First(chains):
                return self._first(chains, turn)
            case Template(parts):
                return self._template(parts, turn)
            case Link():
                return self._link(expression, turn)

    def _first(self, chains: Sequence[Chain], turn: Turn) -> Part:
        if len(chains) == 1:
            return Part(self.chain(chains[0], turn), _is_live(chains[0]))
        self._conditional += 1
        reads = [self.chain(chain, turn) for chain in chains]
        self._conditional -= 1
        if all(read is _nothing for read in reads):
            return Part(_nothing, live=True)
        rests = [
            self._columns(First(tuple(chains[at + 1 :])), turn) if self._asides else ()
            for at in range(len(chains))
        ]

        def first(row: Row) -> Any:
            for read, rest in zip(reads, rests, strict=True):
                value = read(row)
                if value is not None:
                    row.aside.update(rest)
                    return value
            return None

        return Part(first, any(map(_is_live, chains)))

    def _template(self, parts: Sequence[str | Chain], turn: Turn) -> Part:
        reads = [part if isinstance(part, str) else self.chain(part, turn) for part in parts]

        def fill(row: Row) -> str | None:
            values = [read if isinstance(read, str) else read(row) for read in reads]
            holes = [value for value, read in zip(values, reads, strict=True) if not isinstance(read, str)]
            if all(value is None for value in holes):
                return None
            return "".join("" if value is None else str(value) for value in values)

        return Part(fill, live=True)

    def _link(self, link: Link, turn: Turn) -> Part:
        found = [block for block in self.mapping.blocks if block.label == link.label]
        if not found:
            raise WrongExpression(Phrase("no resource is called {name}", name=link.label))
        block = found[0]
        display = self.operand(link.named["display"], turn) if "display" in link.named else None
        numbers: Sequence[int] = [turn.number if block.each else 1]
        if block.each and turn.places is None:
            split = self._split(block) is not None
            numbers = range(1, MOST_VALUES + 1) if split else [one.number for one in self.turns(block.each)]

        def refer(row: Row) -> Any:
            found: list[Json] = []
            for number in numbers:
                one = row.ids.get((block.label, number))
                if one is not None:
                    found.append({"reference": f"{block.resource}/{one}"})
            words = display(row) if display else None
            if found and words:
                found[0]["display"] = words
            if not block.each:
                return found[0] if found else {"display": words} if words else None
            return (found if turn.places is None else found[0]) if found else None

        return Part(refer, live=True)

    def chain(self, chain: Chain, turn: Turn) -> Getter:
        """Compile a column and its functions."""
        source = chain.source
        if not isinstance(source, Cell):
            return self._applied(self.operand(source, turn), None, -1, chain.steps, turn)
        column = self.mapping.columns.get(source.name)
        place = self.place(source.name, turn)
        steps = chain.steps or _default(column)
        if place is None or place < 0 or column is None:
            read = self._applied(_nothing, column, -1, steps, turn)
            worded = steps[0].function == "concept" and "text" in steps[0].named
            return read if worded else _nothing
        if not self._conditional:
            self.sure.add(place)
        return self._applied(_cell(place), column, place, steps, turn)

    def _applied(
        self, read: Getter, column: Column | None, place: int, steps: Sequence[Step], turn: Turn
    ) -> Getter:
        for at, step in enumerate(steps):
            if step.function not in FUNCTIONS:
                raise WrongExpression(Phrase("there is no function {name}", name=step.function))
            self._conditional += 1  # what goes with a value has no place without it
            call = Call(
                column=column,
                index=place,
                arguments=tuple(self.operand(one, turn) for one in step.arguments),
                constants=tuple(
                    str(one.value) if isinstance(one, Constant) else None for one in step.arguments
                ),
                named={name: self.operand(one, turn) for name, one in step.named.items()},
                mapping=self.mapping,
                origin=self.origin,
                serial=self.serial,
            )
            self._conditional -= 1
            function = FUNCTIONS[step.function](call)
            if at == 0:
                beside = [one for one in step.named.values() if isinstance(one, Cell)]
                absent = (
                    _words_only(call.named["text"])
                    if step.function == "concept" and "text" in step.named
                    else _aside(
                        tuple(p for one in beside if (p := self.place(one.name, turn)) is not None and p >= 0)
                    )
                )
                read = _step(read, function, absent, column.name if column else "")
            else:
                read = _next(read, function)
        return read

    def operand(self, operand: Operand, turn: Turn) -> Getter:
        """Compile an operand to the text it stands for; None where there is none."""
        match operand:
            case Constant(value):
                return lambda _row: value
            case Number(plus):
                number = turn.number + plus
                return lambda _row: number
            case Declared(name):
                declared = {**self.mapping.declared, **self.origin.declared}.get(name)
                return lambda _row: declared
            case Cell(name):
                place = self.place(name, turn)
                if place is None or place < 0:
                    return _nothing
                if not self._conditional:
                    self.sure.add(place)
                return _cell(place)

    def condition(self, condition: Condition, turn: Turn) -> Callable[[Row], bool]:
        """Compile a condition."""
        groups = [[self._test(test, turn) for test in tests] for tests in condition]
        if len(groups) == 1 and len(groups[0]) == 1:
            return groups[0][0]
        return lambda row: any(all(test(row) for test in tests) for tests in groups)

    def _test(self, test: Test, turn: Turn) -> Callable[[Row], bool]:
        self._conditional += 1
        read = self._compared(test.operand, turn)
        self._conditional -= 1
        values, negated = frozenset(test.values), test.negated
        if not values:
            return lambda row: (read(row) is not None) != negated
        return lambda row: (read(row) in values) != negated

    def _compared(self, operand: Operand, turn: Turn) -> Getter:
        column = self.mapping.columns.get(operand.name) if isinstance(operand, Cell) else None
        if column is None or column.kind != "L":
            return self.operand(operand, turn)
        read = self.chain(Chain(operand), turn)
        words = {True: "true", False: "false"}
        return lambda row: words.get(read(row))


def _default(column: Column | None) -> tuple[Step, ...]:
    return (Step(BY_KIND.get(column.kind, "text") if column else "text"),)


def _nothing(_row: Row) -> None:
    return None


def _cell(place: int) -> Getter:
    return lambda row: row.cells[place] or None


def _words_only(text: Getter) -> Getter:
    """Give only a text: a name without a code still tells what is meant."""

    def words(row: Row) -> Json | None:
        found = text(row)
        return {"text": found} if found else None

    return words


def _aside(places: tuple[int, ...]) -> Getter:
    """Keep beside the resource what only goes with a value, where the value is missing."""
    if not places:
        return _nothing
    return lambda row: row.aside.update(places)


def _step(read: Getter, function: Callable[[Any, Row], Any], absent: Getter, name: str) -> Getter:
    def apply(row: Row) -> Any:
        value = read(row)
        if value is None:
            return absent(row)
        try:
            return function(value, row)
        except BadValue as bad:
            raise WrongCell(column=name, detail=bad.detail, expression=name) from None

    return apply


def _next(read: Getter, function: Callable[[Any, Row], Any]) -> Getter:
    def apply(row: Row) -> Any:
        value = read(row)
        return None if value is None else function(value, row)

    return apply


def _object(parts: Sequence[tuple[str, Part]], *, always: bool) -> Getter:
    reads = [(key.removesuffix("[x]"), part.read, part.live, key.endswith("[x]")) for key, part in parts]

    def build(row: Row) -> Json | None:
        found: Json = {}
        live = always
        for key, read, counts, choice in reads:
            value = read(row)
            if value is None:
                continue
            if choice:
                found[key + value[0]] = value[1]
            else:
                found[key] = value
            if counts:
                live = True
        return found if live else None

    return build


def _is_live(chain: Chain) -> bool:
    return isinstance(chain.source, Cell)


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


def parts_of(text: str, separators: str) -> list[str]:
    """Split a cell at any of `separators`."""
    for one in separators[1:]:
        text = text.replace(one, separators[0])
    return [part.strip() for part in text.split(separators[0]) if part.strip()]
