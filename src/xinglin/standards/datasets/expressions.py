"""The small expressions of a mapping: `$column | function argument`, `->resource`, `"${a}${b}"`."""

import re
import shlex
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Final

from xinglin.core.i18n import Phrase

_HOLE: Final = re.compile(r"\$\{([^}]+)\}")


class WrongExpression(ValueError):
    """An expression that can't be read; `detail` says why."""

    def __init__(self, detail: Phrase) -> None:
        super().__init__(str(detail))
        self.detail = detail


@dataclass(frozen=True, slots=True)
class Constant:
    """A value that stands in the mapping."""

    value: object


@dataclass(frozen=True, slots=True)
class Cell:
    """What stands in a column (`$name`)."""

    name: str


@dataclass(frozen=True, slots=True)
class Number:
    """The number of the repetition (`$n`), from 1, plus `plus`."""

    plus: int = 0


@dataclass(frozen=True, slots=True)
class Declared:
    """What the source has declared under this name (`%name`)."""

    name: str


Operand = Constant | Cell | Number | Declared


@dataclass(frozen=True, slots=True)
class Step:
    """A function applied to what stands before it."""

    function: str
    arguments: tuple[Operand, ...] = ()
    named: Mapping[str, Operand] = field(default_factory=dict[str, Operand])


@dataclass(frozen=True, slots=True)
class Chain:
    """A source and the functions applied to it."""

    source: Operand
    steps: tuple[Step, ...] = ()


@dataclass(frozen=True, slots=True)
class First:
    """The first of several chains that gives a value."""

    chains: tuple[Chain, ...]


@dataclass(frozen=True, slots=True)
class Template:
    """Text with holes for columns."""

    parts: tuple[str | Chain, ...]


@dataclass(frozen=True, slots=True)
class Link:
    """A reference to another resource of the mapping."""

    label: str
    named: Mapping[str, Operand] = field(default_factory=dict[str, Operand])


Expression = Constant | First | Template | Link


@dataclass(frozen=True, slots=True)
class Test:
    """Whether a column has a value (no `values`), or one of `values`; the contrary where `negated`."""

    __test__ = False  # pytest must not collect it

    operand: Operand
    values: tuple[str, ...] = ()
    negated: bool = False


Condition = tuple[tuple[Test, ...], ...]
"""Alternatives, each of tests that must all hold."""


def parse(text: object) -> Expression:
    """Read a leaf of a mapping. Raises WrongExpression."""
    if not isinstance(text, str):
        return Constant(text)
    if _HOLE.search(text):
        parts = _HOLE.split(text)
        return Template(
            tuple(_chain(_words("$" + part)) if at % 2 else part for at, part in enumerate(parts))
        )
    if text.startswith("->"):
        label, *rest = _words(text[2:])
        return Link(label, _arguments(rest)[1])
    if text.startswith(("$", "%")):
        return First(tuple(_chain(words) for words in _split(_words(text), "or")))
    return Constant(text)


def condition(text: str) -> Condition:
    """Read a condition: `$a`, `not $a`, `$a = x`, `$a != x`, `$a in x y`, joined by `and` and `or`."""
    return tuple(
        tuple(_test(test) for test in _split(alternative, "and"))
        for alternative in _split(_words(text), "or")
    )


def cells(expression: Expression) -> set[str]:
    """Name the columns that an expression reads."""
    match expression:
        case First(chains):
            return set[str]().union(*map(_cells, chains))
        case Template(parts):
            return set[str]().union(*(_cells(part) for part in parts if isinstance(part, Chain)))
        case Link(named=named):
            return {one.name for one in named.values() if isinstance(one, Cell)}
        case Constant():
            return set()


def _cells(chain: Chain) -> set[str]:
    operands = [chain.source]
    for step in chain.steps:
        operands += [*step.arguments, *step.named.values()]
    return {one.name for one in operands if isinstance(one, Cell)}


def _words(text: str) -> list[str]:
    try:
        words = shlex.split(text)
    except ValueError:
        raise WrongExpression(Phrase("a quote isn't closed")) from None
    if not words:
        raise WrongExpression(Phrase("nothing stands here"))
    return words


def _split(words: list[str], at: str) -> list[list[str]]:
    groups: list[list[str]] = [[]]
    for word in words:
        if word == at:
            groups.append([])
        else:
            groups[-1].append(word)
    if not all(groups):
        raise WrongExpression(Phrase('nothing stands before or behind "{word}"', word=at))
    return groups


def _chain(words: list[str]) -> Chain:
    (source, *rest), *steps = _split(words, "|")
    if rest:
        raise WrongExpression(Phrase('"{word}" stands behind a column without "|"', word=rest[0]))
    return Chain(_operand(source), tuple(_step(step) for step in steps))


def _step(words: list[str]) -> Step:
    arguments, named = _arguments(words[1:])
    return Step(words[0], arguments, named)


def _arguments(words: list[str]) -> tuple[tuple[Operand, ...], dict[str, Operand]]:
    plain: list[Operand] = []
    named: dict[str, Operand] = {}
    for word in words:
        name, equals, value = word.partition("=")
        if equals and name.isascii() and name.isalpha():
            named[name] = _operand(value)
        else:
            plain.append(_operand(word))
    return tuple(plain), named


def _operand(word: str) -> Operand:
    if word.startswith("%") and word[1:]:  # a unit may be "%"
        return Declared(word[1:])
    if not word.startswith("$"):
        return Constant(word)
    name, plus, more = word[1:].partition("+")
    if name == "n":
        return Number(int(more) if plus and more.isdigit() else 0)
    if not word[1:]:
        raise WrongExpression(Phrase("$ without a column"))
    return Cell(word[1:])


def _test(words: list[str]) -> Test:
    if words[0] == "not":
        return Test(_operand(words[1] if len(words) == 2 else ""), negated=True)
    operand = _operand(words[0])
    match words[1:]:
        case []:
            return Test(operand)
        case ["=" | "!=" as sign, value]:
            return Test(operand, (value,), sign == "!=")
        case ["in", *values] if values:
            return Test(operand, tuple(values))
        case _:
            raise WrongExpression(Phrase('the condition "{text}" can\'t be read', text=" ".join(words)))
