"""A search as a frozen tree: what is looked for, and how the answer is shaped."""

from dataclasses import dataclass

from xinglin.standards.search.parameters import SearchParameter
from xinglin.standards.search.values import Value


@dataclass(frozen=True, slots=True)
class Test:
    """A parameter of the record itself must have one of the values (`:not` and `:not-in`: none)."""

    __test__ = False  # for pytest, which takes the name for its own

    parameter: SearchParameter
    modifier: str
    values: tuple[Value, ...]


@dataclass(frozen=True, slots=True)
class Chain:
    """A record that `parameter` refers to must answer the criterion for its type; any of `targets` will do.

    `typed` tells whether the request named the type.
    """

    parameter: SearchParameter
    targets: tuple[tuple[str, "Criterion"], ...]
    typed: bool


@dataclass(frozen=True, slots=True)
class Has:
    """A record of `type` that refers to this one by `parameter` must answer `inner`."""

    type: str
    parameter: SearchParameter
    inner: "Criterion"


@dataclass(frozen=True, slots=True)
class Within:
    """The compartment of `type`/`identity`: the record itself, and those that refer to it by `parameters`."""

    type: str
    identity: str
    parameters: tuple[SearchParameter, ...]


Criterion = Test | Chain | Has


@dataclass(frozen=True, slots=True)
class Branch:
    """What records of one type ("Resource": of every type) must answer: all `criteria`, and lie `within`."""

    type: str
    criteria: tuple[Criterion, ...]
    within: Within | None = None


@dataclass(frozen=True, slots=True)
class Sort:
    """Order by the parameter with this code."""

    code: str
    descending: bool


@dataclass(frozen=True, slots=True)
class Include:
    """Follow the references of `source` records by parameter `code`, forwards or (reverse) back to them.

    "*" stands for every type or parameter, `target` "" for any type; `iterate` goes on from what was found.
    """

    reverse: bool
    source: str
    code: str
    target: str
    iterate: bool


@dataclass(frozen=True, slots=True)
class Query:
    """A whole search. A record is found if it answers a branch.

    `count` is the page size asked for, `total` one of "", none, estimate, accurate; `summary` one of "",
    true, text, data, count, false; `elements` what is wanted of each record. `ignored` names what lenient
    handling left out.
    """

    branches: tuple[Branch, ...]
    sort: tuple[Sort, ...] = ()
    includes: tuple[Include, ...] = ()
    count: int | None = None
    total: str = ""
    summary: str = ""
    elements: tuple[str, ...] = ()
    ignored: tuple[str, ...] = ()

    @property
    def types(self) -> tuple[str, ...]:
        """Give the resource types looked among; () for every type."""
        return tuple(branch.type for branch in self.branches if branch.type != "Resource")
