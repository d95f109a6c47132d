"""What the compiler makes: closures over plain values, with what is known about their results.

A closure takes the focus (`$this`: a raw JSON value where the compiler knows its type, else a `Node`) and the
`Env`, and gives a list that nobody may change.
"""

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field, replace
from datetime import datetime
from enum import IntEnum
from time import monotonic
from typing import Any, Final

from xinglin.core.i18n import Phrase
from xinglin.standards.fhirpath.errors import TooComplex
from xinglin.standards.fhirpath.values import Node, is_array, is_object, resource_node

MAX_STEPS: Final = 1_000_000
"""Items one evaluation may visit."""
MAX_SECONDS: Final = 5.0
"""How long one evaluation may take."""

Resolver = Callable[[str], "dict[str, Any] | None"]
"""Finds the resource that a reference names."""
Terminology = Callable[[str, Mapping[str, Any] | str], "bool | None"]
"""Says whether a value set, by canonical, has a code, Coding or CodeableConcept; None where it can't say."""
Conforms = Callable[[Any, str], "bool | None"]
"""Says whether an element conforms to a profile; None where the profile is unknown."""
Tracer = Callable[[str, list[Any]], None]
"""Is told the name and items of a `trace()`."""


class Need(IntEnum):
    """What is asked of a closure's items."""

    VALUES = 0
    """The values alone; primitives without a value may be left out."""
    ITEMS = 1
    """Every element counts, also a primitive that has only extensions (given as a Node)."""
    NODES = 2
    """Each item must tell its type: a Node or a system value."""


class Env:
    """What one evaluation knows beside its focus."""

    __slots__ = (
        "_deadline", "below", "conforms", "context", "index", "now", "resolve", "resource", "root", "steps",
        "terminology", "total", "trace", "variables",
    )  # fmt: skip

    def __init__(
        self,
        context: Any,
        resource: Any,
        root: Any,
        *,
        variables: Mapping[str, Any] | None = None,
        resolve: Resolver | None = None,
        terminology: Terminology | None = None,
        conforms: Conforms | None = None,
        now: datetime | None = None,
        trace: Tracer | None = None,
    ) -> None:
        self.context = context
        self.resource = resource
        self.root = root
        self.variables: dict[str, list[Any]] = {}
        for name, value in (variables or {}).items():
            self.variables[name] = variable_items(value)
        self.resolve = resolve
        self.terminology = terminology
        self.conforms = conforms
        self.now = now
        self.trace = trace
        self.index: int | None = None
        self.total: list[Any] = []
        self.steps = MAX_STEPS
        self.below: dict[int, tuple[Any, list[Any]]] = {}
        self._deadline = 0.0

    def tick(self, count: int) -> None:
        """Count `count` visited items. Raises TooComplex when there were too many or time is up."""
        self.steps -= count + 1
        if not self._deadline:
            self._deadline = monotonic() + MAX_SECONDS
        elif self.steps < 0 or monotonic() > self._deadline:
            raise TooComplex(detail=Phrase("the evaluation takes too long"))


def variable_items(value: Any) -> list[Any]:
    """Turn a variable given from outside (a system value, JSON, Node, or a list of them) into items."""
    values = value if is_array(value) else [] if value is None else [value]
    return [resource_node(one) if is_object(one) else one for one in values]


Run = Callable[[Any, Env], list[Any]]
Test = Callable[[Any, Env], "bool | None"]

EMPTY: Final[list[Any]] = []
TRUE: Final[list[Any]] = [True]
FALSE: Final[list[Any]] = [False]
NOTHING: Final = Node(None, "?")
"""The focus where there is none."""


@dataclass(frozen=True, slots=True)
class Code:
    """A compiled expression.

    `types` are the types its items may have, () where unknown. `nodes`: items tell their type themselves;
    else they are raw JSON of `types`. `test` gives the same answer as `run` without a list, where that is a
    boolean. `constant`: the items, where they are always the same. `ordered`: false where the order means
    nothing. `bare`: among raw items there may be Nodes of primitives that have no value.
    """

    run: Run
    types: tuple[str, ...] = ()
    nodes: bool = False
    test: Test | None = None
    constant: "list[Any] | None" = None
    ordered: bool = True
    bare: bool = False


def constant(items: list[Any], types: tuple[str, ...]) -> Code:
    """Give code whose result is always `items`."""

    def run(_this: Any, _env: Env) -> list[Any]:
        return items

    return Code(run, types, nodes=False, constant=items)


def from_test(test: Test) -> Code:
    """Give code for a boolean."""

    def run(this: Any, env: Env) -> list[Any]:
        answer = test(this, env)
        return EMPTY if answer is None else TRUE if answer else FALSE

    return Code(run, ("System.Boolean",), nodes=False, test=test)


@dataclass(frozen=True, slots=True)
class Scope:
    """What names mean at one place of the expression: the type of `$this`, the variables defined so far.

    `collective`: the focus is a list of items instead of one.
    """

    types: tuple[str, ...]
    nodes: bool
    variables: dict[str, str] = field(default_factory=dict[str, str])
    iterating: bool = False
    totalling: bool = False
    bare: bool = False
    collective: bool = False

    def key(self) -> tuple[object, ...]:
        """Give what tells this scope from others."""
        flags = (self.nodes, self.iterating, self.totalling, self.bare, self.collective)
        return (self.types, flags, *self.variables.items())

    def inside(self, focus: Code, *, totalling: bool | None = None) -> "Scope":
        """Give the scope of a criterion that is evaluated for each item of `focus`."""
        return replace(
            self,
            types=focus.types,
            nodes=focus.nodes,
            bare=focus.bare,
            collective=False,
            variables=dict(self.variables),
            iterating=True,
            totalling=self.totalling if totalling is None else totalling,
        )

    def branch(self) -> "Scope":
        """Give the scope of an operand or argument, whose variables stay its own."""
        return replace(self, variables=dict(self.variables))
