"""Compiles the expressions of a mapping: columns with their functions, templates, references, conditions."""

from collections.abc import Callable, Sequence
from typing import Any

from xinglin.core.exact_json import Json
from xinglin.core.i18n import Phrase
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
from xinglin.standards.datasets.getters import Part, aside, cell, first_step, next_step, nothing, words_only
from xinglin.standards.datasets.model import Block, Column
from xinglin.standards.datasets.rows import Row
from xinglin.standards.datasets.scope import MOST_VALUES, Scope, Turn


class Leaves:
    """Compiles expressions within a scope."""

    def __init__(self, scope: Scope) -> None:
        self._scope = scope

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
        with self._scope.conditional():
            reads = [self.chain(chain, turn) for chain in chains]
        if all(read is nothing for read in reads):
            return Part(nothing, live=True)
        rests = [
            self._scope.columns(First(tuple(chains[at + 1 :])), turn) if self._scope.asides else ()
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
        found = [block for block in self._scope.mapping.blocks if block.label == link.label]
        if not found:
            raise WrongExpression(Phrase("no resource is called {name}", name=link.label))
        block = found[0]
        display = self.operand(link.named["display"], turn) if "display" in link.named else None
        numbers = self._numbers(block, turn)

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

    def _numbers(self, block: Block, turn: Turn) -> Sequence[int]:
        """Give the repetitions of a resource that a reference from this repetition means."""
        if not block.each:
            return [1]
        if turn.places is not None:
            return [turn.number]
        if self._scope.split(block) is not None:
            return range(1, MOST_VALUES + 1)
        return [one.number for one in self._scope.turns(block.each)]

    def chain(self, chain: Chain, turn: Turn) -> Getter:
        """Compile a column and its functions."""
        source = chain.source
        if not isinstance(source, Cell):
            return self._applied(self.operand(source, turn), None, -1, chain.steps, turn)
        column = self._scope.mapping.columns.get(source.name)
        place = self._scope.place(source.name, turn)
        steps = chain.steps or _default(column)
        if place is None or place < 0 or column is None:
            read = self._applied(nothing, column, -1, steps, turn)
            return read if _is_worded(steps[0]) else nothing
        self._scope.place_surely(place)
        return self._applied(cell(place), column, place, steps, turn)

    def _applied(
        self, read: Getter, column: Column | None, place: int, steps: Sequence[Step], turn: Turn
    ) -> Getter:
        for at, step in enumerate(steps):
            if step.function not in FUNCTIONS:
                raise WrongExpression(Phrase("there is no function {name}", name=step.function))
            call = self._call(step, column, place, turn)
            function = FUNCTIONS[step.function](call)
            if at == 0:
                name = column.name if column else ""
                read = first_step(read, function, self._absent(step, call, turn), name)
            else:
                read = next_step(read, function)
        return read

    def _call(self, step: Step, column: Column | None, place: int, turn: Turn) -> Call:
        constants = tuple(str(one.value) if isinstance(one, Constant) else None for one in step.arguments)
        with self._scope.conditional():  # what goes with a value has no place without it
            return Call(
                column=column,
                index=place,
                arguments=tuple(self.operand(one, turn) for one in step.arguments),
                constants=constants,
                named={name: self.operand(one, turn) for name, one in step.named.items()},
                mapping=self._scope.mapping,
                origin=self._scope.origin,
                serial=self._scope.serial,
            )

    def _absent(self, step: Step, call: Call, turn: Turn) -> Getter:
        """Give what stands for a missing value: its words, or nothing, and what goes with it is kept."""
        if _is_worded(step):
            return words_only(call.named["text"])
        beside = [self._scope.place(one.name, turn) for one in step.named.values() if isinstance(one, Cell)]
        return aside(tuple(place for place in beside if place is not None and place >= 0))

    def operand(self, operand: Operand, turn: Turn) -> Getter:
        """Compile an operand to the text it stands for; None where there is none."""
        match operand:
            case Constant(value):
                return lambda _row: value
            case Number(plus):
                number = turn.number + plus
                return lambda _row: number
            case Declared(name):
                declared = {**self._scope.mapping.declared, **self._scope.origin.declared}.get(name)
                return lambda _row: declared
            case Cell(name):
                place = self._scope.place(name, turn)
                if place is None or place < 0:
                    return nothing
                self._scope.place_surely(place)
                return cell(place)

    def condition(self, condition: Condition, turn: Turn) -> Callable[[Row], bool]:
        """Compile a condition."""
        groups = [[self._test(test, turn) for test in tests] for tests in condition]
        if len(groups) == 1 and len(groups[0]) == 1:
            return groups[0][0]
        return lambda row: any(all(test(row) for test in tests) for tests in groups)

    def _test(self, test: Test, turn: Turn) -> Callable[[Row], bool]:
        with self._scope.conditional():
            read = self._compared(test.operand, turn)
        values, negated = frozenset(test.values), test.negated
        if not values:
            return lambda row: (read(row) is not None) != negated
        return lambda row: (read(row) in values) != negated

    def _compared(self, operand: Operand, turn: Turn) -> Getter:
        column = self._scope.mapping.columns.get(operand.name) if isinstance(operand, Cell) else None
        if column is None or column.kind != "L":
            return self.operand(operand, turn)
        read = self.chain(Chain(operand), turn)
        words = {True: "true", False: "false"}
        return lambda row: words.get(read(row))


def _default(column: Column | None) -> tuple[Step, ...]:
    return (Step(BY_KIND.get(column.kind, "text") if column else "text"),)


def _is_live(chain: Chain) -> bool:
    return isinstance(chain.source, Cell)


def _is_worded(step: Step) -> bool:
    return step.function == "concept" and "text" in step.named
