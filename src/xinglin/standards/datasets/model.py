"""What a mapping says, as it stands in its file."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field

from xinglin.standards.conversion import Mode
from xinglin.standards.datasets.expressions import Condition, Expression, cells


@dataclass(frozen=True, slots=True)
class Column:
    """A field of a data set.

    `id` is its internal id in the data set (`HDSD00.02.027`), `element` its data element id. `kind` is the
    standard's type letter (S1 text, S2 and S3 codes, L flag, N number, D date, DT date-time, T time),
    `format` its format (`A..50`, `N2`, `D8`). `repeats` tells how often the column may stand in one row, with
    numbers behind its name; `separators` are characters between several values in one cell.
    """

    name: str
    id: str
    element: str
    kind: str
    format: str
    also: tuple[str, ...] = ()
    required: bool = False
    table: str = ""
    edition: str = ""
    missing: frozenset[str] = frozenset()
    repeats: int = 1
    separators: str = ""
    line: int = 0

    @property
    def width(self) -> int:
        """The number of digits that every value has (format `N2`: 2), 0 where it may vary."""
        digits = self.format[1:]
        return int(digits) if self.format[:1] == "N" and digits.isdigit() and self.kind[0] == "S" else 0


@dataclass(frozen=True, slots=True)
class CodeMap:
    """From codes of one table to other codes. With `by`, the source's declaration chooses among `choices`."""

    name: str
    table: str
    edition: str
    codes: Mapping[str, object]
    by: str = ""
    choices: Mapping[str, Mapping[str, object]] = field(default_factory=dict[str, Mapping[str, object]])
    line: int = 0


@dataclass(frozen=True, slots=True)
class Leaf:
    """A value: where it comes from."""

    expression: Expression
    line: int


@dataclass(frozen=True, slots=True)
class Branch:
    """An object: its elements, and when and how often it is."""

    elements: Mapping[str, "Node"]
    when: Condition | None
    each: tuple[str, ...]
    line: int


@dataclass(frozen=True, slots=True)
class Many:
    """An array."""

    nodes: Sequence["Node"]
    line: int


Node = Leaf | Branch | Many


@dataclass(frozen=True, slots=True)
class Block:
    """A resource that rows give: its type, its key (the first complete alternative), and its elements."""

    label: str
    resource: str
    keys: Sequence[Sequence[Expression]]
    tree: Branch
    mode: Mode
    lists: tuple[str, ...]
    when: Condition | None
    each: tuple[str, ...]
    line: int


@dataclass(frozen=True, slots=True)
class DataMapping:
    """A mapping: a data set's columns, its code maps, and the resources that a row gives."""

    name: str
    file: str
    title: str
    standard: str
    data_set: str
    confidence: str
    source: str
    columns: Mapping[str, Column]
    maps: Mapping[str, CodeMap]
    blocks: Sequence[Block]
    main: str
    time: Expression | None
    declared: Mapping[str, str] = field(default_factory=dict[str, str])


def columns_of(node: Node | Expression) -> set[str]:
    """Name the columns that a node reads, conditions aside."""
    match node:
        case Leaf(expression, _):
            return cells(expression)
        case Branch(elements=elements):
            return set[str]().union(*map(columns_of, elements.values()))
        case Many(nodes, _):
            return set[str]().union(*map(columns_of, nodes))
        case _:
            return cells(node)
