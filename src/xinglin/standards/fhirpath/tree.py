"""The syntax tree of an expression: immutable, comparable, and without anything about how it is evaluated.

Compilers (to closures here, to SQL in `lake`) match on these classes. `at` is the place in the text, for
errors; it doesn't take part in comparison.
"""

from collections.abc import Iterator
from dataclasses import dataclass, field, fields
from decimal import Decimal
from typing import Literal as OneOf

from xinglin.standards.fhirpath.quantity import Quantity
from xinglin.standards.fhirpath.temporal import Date, DateTime, Time

BinaryOp = OneOf[
    "*", "/", "div", "mod", "+", "-", "&", "|", "<=", "<", ">", ">=", "=", "~", "!=", "!~", "in", "contains",
    "and", "or", "xor", "implies",
]  # fmt: skip
SystemValue = bool | int | Decimal | str | Date | DateTime | Time | Quantity


@dataclass(frozen=True, slots=True, kw_only=True)
class _Placed:
    at: int = field(default=0, compare=False, repr=False)


@dataclass(frozen=True, slots=True)
class Literal(_Placed):
    """`true`, `'text'`, `1`, `1.0`, `@2015`, `@T10`, `4 'mg'`, `4 days`."""

    value: SystemValue


@dataclass(frozen=True, slots=True)
class Empty(_Placed):
    """`{}`."""


@dataclass(frozen=True, slots=True)
class Variable(_Placed):
    """`%name`."""

    name: str


@dataclass(frozen=True, slots=True)
class Special(_Placed):
    """`$this`, `$index` or `$total`; `name` without the dollar."""

    name: OneOf["this", "index", "total"]


@dataclass(frozen=True, slots=True)
class Member(_Placed):
    """`input.name`, or `name` alone where `input` is None."""

    input: "Node | None"
    name: str


@dataclass(frozen=True, slots=True)
class Call(_Placed):
    """`input.name(arguments)`, or `name(arguments)` alone where `input` is None."""

    input: "Node | None"
    name: str
    arguments: "tuple[Node, ...]"


@dataclass(frozen=True, slots=True)
class Indexer(_Placed):
    """`input[index]`."""

    input: "Node"
    index: "Node"


@dataclass(frozen=True, slots=True)
class Polarity(_Placed):
    """`+operand` or `-operand`."""

    operator: OneOf["+", "-"]
    operand: "Node"


@dataclass(frozen=True, slots=True)
class Binary(_Placed):
    """`left operator right`."""

    operator: BinaryOp
    left: "Node"
    right: "Node"


@dataclass(frozen=True, slots=True)
class TypeName:
    """A type as written: `Quantity`, `FHIR.Patient`, `System.String`."""

    namespace: str | None
    name: str

    def __str__(self) -> str:
        return f"{self.namespace}.{self.name}" if self.namespace else self.name


@dataclass(frozen=True, slots=True)
class TypeOperation(_Placed):
    """`operand is type` or `operand as type`."""

    operator: OneOf["is", "as"]
    operand: "Node"
    type: TypeName


@dataclass(frozen=True, slots=True)
class SortKey(_Placed):
    """`key asc` or `key desc`, as an argument of `sort` only."""

    key: "Node"
    direction: OneOf["asc", "desc"]


Node = (
    Literal
    | Empty
    | Variable
    | Special
    | Member
    | Call
    | Indexer
    | Polarity
    | Binary
    | TypeOperation
    | SortKey
)


def walk(node: Node) -> Iterator[Node]:
    """Give `node` and everything below it."""
    yield node
    for one in fields(node):
        value = getattr(node, one.name)
        for child in value if isinstance(value, tuple) else (value,):  # pyright: ignore[reportUnknownVariableType]
            if isinstance(child, Node):
                yield from walk(child)
