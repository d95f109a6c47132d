"""Compile expressions and evaluate them on records."""

from collections.abc import Callable, Mapping
from datetime import datetime
from functools import lru_cache
from typing import Any, NamedTuple

from xinglin.standards.definitions import type_model
from xinglin.standards.fhirpath import tree
from xinglin.standards.fhirpath.adapt import as_test
from xinglin.standards.fhirpath.code import (
    Code,
    Conforms,
    Env,
    Need,
    Resolver,
    Run,
    Scope,
    Terminology,
    Tracer,
)
from xinglin.standards.fhirpath.compiler import Compiler
from xinglin.standards.fhirpath.errors import SemanticProblem, TooComplex
from xinglin.standards.fhirpath.parser import parse
from xinglin.standards.fhirpath.printer import print_tree
from xinglin.standards.fhirpath.values import Node, guess_type, public_type, system_name

Json = dict[str, Any]

_SYSTEM_NAMES = {
    "Boolean": "boolean", "Integer": "integer", "Decimal": "decimal", "String": "string", "Date": "date",
    "DateTime": "dateTime", "Time": "time", "Quantity": "Quantity",
}  # fmt: skip


class Item(NamedTuple):
    """A result: its type, its value, and where it stands when that was asked for.

    `type` is the FHIR type for elements ("code", "HumanName", "BackboneElement") and the FHIR name of the System
    type for computed values ("boolean", "dateTime", "Quantity"). `value` is JSON for elements (None for a
    primitive that has only extensions), else a bool, int, Decimal, str, Date, DateTime, Time or Quantity.
    """

    type: str
    value: Any
    location: str | None = None


class _Made(NamedTuple):
    """Closures made for one type of record; `item_type` is that of all their raw items, None where they are Nodes."""

    run: Run
    uses_env: bool
    item_type: str | None
    located: bool


class Compiled:
    """A compiled expression, to be evaluated on any number of records by any number of threads.

    Closures are made for each type of record when it is first met.
    """

    def __init__(self, node: tree.Node, *, type_name: str | None = None, strict: bool = False) -> None:
        if type_name is not None and type_name not in type_model():
            raise SemanticProblem(position=1, detail=f"there is no type {type_name}")
        self.tree = node
        self.type_name = type_name
        self.strict = strict
        self._made: dict[tuple[str, str | None], _Made] = {}
        self._values: dict[str | None, tuple[Any, bool, tuple[str, ...]]] = {}
        self._truth: dict[str | None, tuple[Any, bool, tuple[str, ...]]] = {}
        if strict and type_name is not None:
            self._make("items", type_name)

    def __str__(self) -> str:
        return print_tree(self.tree)

    def evaluate(
        self,
        resource: Any,
        *,
        variables: Mapping[str, Any] | None = None,
        resolve: Resolver | None = None,
        terminology: Terminology | None = None,
        conforms: Conforms | None = None,
        now: datetime | None = None,
        trace: Tracer | None = None,
        root: Json | None = None,
        located: bool = False,
    ) -> list[Item]:
        """Evaluate on `resource` (JSON as read by `exact_json.loads`), or on an element of the type compiled for.

        `root` is the resource that holds `resource`, for `%rootResource` and contained references. With `located`
        every item that stands in the record tells where. Raises FhirPathError.
        """
        use = "nodes" if located else "items"
        kind = self.type_name or (resource.type if type(resource) is Node else guess_type(resource))
        made = self._made.get((use, kind)) or self._make(use, kind)
        env: Any = None
        if made.uses_env:
            env = Env(
                resource, resource, resource if root is None else root, variables=variables, resolve=resolve,
                terminology=terminology, conforms=conforms, now=now, trace=trace,
            )  # fmt: skip
        found = self._run(made, resource, kind, env)
        if made.item_type is not None:
            item_type = made.item_type
            return [_item(one) if type(one) is Node else Item(item_type, one) for one in found]
        return [_item(one, located=located) for one in found]

    def nodes(self, resource: Any, *, variables: Mapping[str, Any] | None = None) -> list[Node]:
        """Give the elements found, each a Node that knows its parent, key, index and location; computed values are left out."""
        kind = self.type_name or guess_type(resource)
        made = self._made.get(("nodes", kind)) or self._make("nodes", kind)
        found = self._run(made, resource, kind, Env(resource, resource, resource, variables=variables))
        return [one for one in found if type(one) is Node]

    def values(self, resource: Any, *, resolve: Resolver | None = None) -> list[Any]:
        """Give just the values, as JSON or system values; quick, for search parameters. Not to be changed.

        Here `as` filters a collection, as R4's own search parameters expect.
        """
        kind = self.type_name or resource.get("resourceType")
        made = self._values.get(kind) or self._values_for(kind)
        run, uses_env, _ = made
        if not uses_env:
            return run(resource, None)
        return run(resource, Env(resource, resource, resource, resolve=resolve))

    def extractor(self, type_name: str) -> tuple[Callable[[Json], list[Any]], tuple[str, ...]]:
        """Give `values` made for one type of record, and the types its values may have (() where unknown)."""
        run, uses_env, types = self._values_for(type_name)
        if uses_env:
            return lambda resource: run(resource, Env(resource, resource, resource)), types
        return lambda resource: run(resource, None), types

    def truth(
        self,
        item: Any,
        *,
        resource: Json | None = None,
        root: Json | None = None,
        resolve: Resolver | None = None,
        terminology: Terminology | None = None,
        conforms: Conforms | None = None,
        variables: Mapping[str, Any] | None = None,
    ) -> bool:
        """Say whether `item` fulfils the expression; an empty result doesn't.

        For invariants: `item` is an element of the type compiled for (or a Node), `resource` the resource it is
        in, `root` the one that contains that. `as` filters a collection.
        """
        kind = self.type_name or (None if type(item) is Node else guess_type(item))
        made = self._truth.get(kind) or self._truth_for(kind)
        test, uses_env, _ = made
        env: Any = None
        if uses_env:
            resource = item if resource is None else resource
            env = Env(
                item, resource, resource if root is None else root, resolve=resolve, terminology=terminology,
                conforms=conforms, variables=variables,
            )  # fmt: skip
        try:
            return test(item, env) is True
        except RecursionError:
            raise TooComplex(detail="the evaluation nests too deep") from None

    def _values_for(self, kind: str | None) -> tuple[Any, bool, tuple[str, ...]]:
        code, uses_env = self._compile("values", kind, Need.VALUES)
        source, known = code.run, kind in type_model()
        if code.nodes or code.bare or not known:

            def run(this: Any, env: Env) -> list[Any]:
                items = source(this if known else _root(this, kind), env)
                values = [i.value if type(i) is Node else i for i in items]
                return [v for v in values if v is not None]

        else:
            run = source
        made = (run, uses_env, code.types)
        self._values[kind] = made
        return made

    def _truth_for(self, kind: str | None) -> tuple[Any, bool, tuple[str, ...]]:
        code, uses_env = self._compile("truth", kind, Need.ITEMS)
        test = as_test(code)
        if kind is None or kind not in type_model():
            inner = test

            def test(item: Any, env: Env) -> bool | None:
                return inner(_root(item, kind), env)

        made = (test, uses_env, code.types)
        self._truth[kind] = made
        return made

    def _compile(self, use: str, kind: str | None, need: Need) -> tuple[Code, bool]:
        compiler = Compiler(strict=self.strict, lenient_as=use != "items", located=use == "nodes")
        known = kind is not None and kind in type_model()
        scope = Scope((kind,) if known and kind else (), nodes=not known or use == "nodes")
        try:
            return compiler.compile(self.tree, scope, need), compiler.uses_env
        except RecursionError:
            raise TooComplex(detail="the expression nests too deep") from None

    def _make(self, use: str, kind: str | None) -> _Made:
        # Raw values are quicker, and as good where all are of one type.
        code, uses_env = self._compile(use, kind, Need.ITEMS)
        item_type = None
        if code.nodes or len(code.types) != 1 or use == "nodes":
            code, uses_env = self._compile(use, kind, Need.NODES)
        else:
            item_type = _item_type(code.types[0])
        made = self._made[use, kind] = _Made(code.run, uses_env, item_type, located=use == "nodes")
        return made

    def _run(self, made: _Made, resource: Any, kind: str | None, env: Any) -> list[Any]:
        focus = resource
        if made.item_type is None and type(focus) is not Node and (kind not in type_model() or made.located):
            focus = _root(resource, kind)
        try:
            return made.run(focus, env)
        except RecursionError:
            raise TooComplex(detail="the evaluation nests too deep") from None


def _root(resource: Any, kind: str | None) -> Node:
    return resource if type(resource) is Node else Node(resource, kind or guess_type(resource))


def _item_type(type_: str) -> str:
    return (
        _SYSTEM_NAMES.get(type_.removeprefix("System."), type_)
        if type_.startswith("System.")
        else public_type(type_)
    )


def _item(one: Any, *, located: bool = False) -> Item:
    if type(one) is Node:
        return Item(public_type(one.type), one.value, one.location if located else None)
    return Item(_SYSTEM_NAMES[system_name(one)], one)


@lru_cache(maxsize=4096)
def _compiled_text(text: str, type_name: str | None, strict: bool) -> Compiled:
    return Compiled(parse(text), type_name=type_name, strict=strict)


def compile_expression(
    expression: "str | tree.Node", *, type_name: str | None = None, strict: bool = False
) -> Compiled:
    """Compile an expression, once for each text.

    `type_name` is the type of the focus ("Patient", "HumanName", "Observation.component"); without it each record's
    own `resourceType` counts. `strict` refuses elements that the type doesn't have, and the like, instead of finding
    nothing: with `type_name` at once, else when the first record of a type is met. Raises FhirPathError.
    """
    if isinstance(expression, str):
        return _compiled_text(expression, type_name, strict)
    return Compiled(expression, type_name=type_name, strict=strict)
