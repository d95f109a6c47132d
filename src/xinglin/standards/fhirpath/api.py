"""Compile expressions and evaluate them on records."""

from collections.abc import Callable, Mapping
from datetime import datetime
from functools import lru_cache
from typing import Any, Final, NamedTuple

from xinglin.core.i18n import Phrase
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
    Test,
    Tracer,
)
from xinglin.standards.fhirpath.compiler import Compiler
from xinglin.standards.fhirpath.errors import SemanticProblem, TooComplex
from xinglin.standards.fhirpath.parser import parse
from xinglin.standards.fhirpath.printer import print_tree
from xinglin.standards.fhirpath.values import Node, guess_type, public_type, system_name

Json = dict[str, Any]

_SYSTEM_NAMES: Final = {
    "Boolean": "boolean", "Integer": "integer", "Decimal": "decimal", "String": "string", "Date": "date",
    "DateTime": "dateTime", "Time": "time", "Quantity": "Quantity",
}  # fmt: skip


class Item(NamedTuple):
    """A result: its type, its value, and where it stands when that was asked for.

    `type` is the FHIR type for elements ("code", "HumanName", "BackboneElement") and the FHIR name of the
    System type for computed values ("boolean", "dateTime", "Quantity"). `value` is JSON for elements (None
    for a primitive that has only extensions), else bool, int, Decimal, str, Date, DateTime, Time or Quantity.
    """

    type: str
    value: Any
    location: str | None = None


class _Items(NamedTuple):
    """A closure that finds items; `item_type` is that of its raw items, None where it gives Nodes."""

    run: Run
    uses_env: bool
    item_type: str | None
    lift: bool


class _Values(NamedTuple):
    """A closure that finds values, and their types, () where unknown."""

    run: Run
    uses_env: bool
    types: tuple[str, ...]


class Compiled:
    """A compiled expression, to be evaluated on any number of records by any number of threads.

    Closures are made for each type of record when it is first met.
    """

    def __init__(self, node: tree.Node, *, type_name: str | None = None, strict: bool = False) -> None:
        if type_name is not None and type_name not in type_model():
            raise SemanticProblem(position=1, detail=Phrase("there is no type {name}", name=type_name))
        self.tree = node
        self.type_name = type_name
        self.strict = strict
        self._items: dict[tuple[str, bool, bool], _Items] = {}
        self._values: dict[str, _Values] = {}
        self._tests: dict[str, tuple[Test, bool]] = {}
        if strict and type_name is not None:
            self._make_items(type_name, located=False)

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
        """Evaluate on `resource`, JSON as `exact_json.loads` reads it, or on an element of the compiled type.

        `root` is the resource that holds `resource`, for `%rootResource` and contained references. With
        `located` every item that stands in the record tells where. Raises FhirPathError.
        """
        kind = self._kind(resource)
        made = self._items.get((kind, located, False)) or self._make_items(kind, located=located)
        env: Any = None
        if made.uses_env:
            env = Env(
                resource, resource, resource if root is None else root, variables=variables, resolve=resolve,
                terminology=terminology, conforms=conforms, now=now, trace=trace,
            )  # fmt: skip
        found = _evaluated(made, resource, kind, env)
        item_type = made.item_type
        if item_type is not None:
            return [_item(one) if type(one) is Node else Item(item_type, one) for one in found]
        return [_item(one, located=located) for one in found]

    def nodes(self, resource: Any, *, variables: Mapping[str, Any] | None = None) -> list[Node]:
        """Give the elements found, each a Node that knows its parent, key, index and location.

        Computed values are left out, and `as` filters a collection.
        """
        kind = self._kind(resource)
        made = self._items.get((kind, True, True)) or self._make_items(kind, located=True, core=True)
        found = _evaluated(made, resource, kind, Env(resource, resource, resource, variables=variables))
        return [one for one in found if type(one) is Node]

    def values(self, resource: Any, *, resolve: Resolver | None = None) -> list[Any]:
        """Give just the values, as JSON or system values; quick, for search parameters. Not to be changed.

        Here `as` filters a collection, as R4's own search parameters expect.
        """
        try:
            run, uses_env, _ = self._values[self.type_name or resource["resourceType"]]
        except (KeyError, TypeError):
            run, uses_env, _ = self._values_for(self._kind(resource))
        if not uses_env:
            return run(resource, _NO_ENV)
        return run(resource, Env(resource, resource, resource, resolve=resolve))

    def extractor(self, type_name: str) -> tuple[Callable[[Json], list[Any]], tuple[str, ...]]:
        """Give `values` made for one type of record, and the types its values may have (() where unknown)."""
        run, uses_env, types = self._values_for(type_name)
        if uses_env:
            return lambda resource: run(resource, Env(resource, resource, resource)), types
        return lambda resource: run(resource, _NO_ENV), types

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

        For invariants: `item` is an element of the type compiled for (or a Node), `resource` the resource it
        is in, `root` the one that contains that. `as` filters a collection.
        """
        kind = self.type_name or self._kind(item)
        test, uses_env = self._tests.get(kind) or self._test_for(kind)
        env = _NO_ENV
        if uses_env:
            holder = item if resource is None else resource
            env = Env(
                item, holder, holder if root is None else root, resolve=resolve, terminology=terminology,
                conforms=conforms, variables=variables,
            )  # fmt: skip
        try:
            return test(item.value if type(item) is Node and kind in type_model() else item, env) is True
        except RecursionError:
            raise TooComplex(detail=Phrase("the evaluation nests too deep")) from None

    def _kind(self, resource: Any) -> str:
        if self.type_name is not None:
            return self.type_name
        return resource.type if type(resource) is Node else guess_type(resource)

    def _compile(self, kind: str, need: Need, *, core: bool, located: bool = False) -> tuple[Code, bool]:
        """Compile for `kind`; `core`: with the latitude that R4's own parameters and invariants need."""
        compiler = Compiler(strict=self.strict, lenient_as=core, located=located)
        known = kind in type_model()
        scope = Scope((kind,) if known else (), nodes=not known or located)
        try:
            return compiler.compile(self.tree, scope, need), compiler.uses_env
        except RecursionError:
            raise TooComplex(detail=Phrase("the expression nests too deep")) from None

    def _make_items(self, kind: str, *, located: bool, core: bool = False) -> _Items:
        item_type = None
        code, uses_env = self._compile(kind, Need.ITEMS, core=core, located=located)
        if not code.nodes and len(code.types) == 1:
            # Raw values are quicker, and as good where all are of one type.
            item_type = _item_type(code.types[0])
        else:
            code, uses_env = self._compile(kind, Need.NODES, core=core, located=located)
        lift = located or kind not in type_model()
        made = self._items[kind, located, core] = _Items(code.run, uses_env, item_type, lift)
        return made

    def _values_for(self, kind: str) -> _Values:
        made = self._values.get(kind)
        if made is None:
            code, uses_env = self._compile(kind, Need.VALUES, core=True)
            known = kind in type_model()
            run = code.run if known and not code.nodes and not code.bare else _plain(code.run, kind, known)
            made = self._values[kind] = _Values(run, uses_env, code.types)
        return made

    def _test_for(self, kind: str) -> tuple[Test, bool]:
        code, uses_env = self._compile(kind, Need.ITEMS, core=True)
        test = as_test(code)
        made = self._tests[kind] = (test if kind in type_model() else _lifted(test, kind), uses_env)
        return made


_NO_ENV: Any = None
"""What closures get that never look at their Env."""


def _evaluated(made: _Items, resource: Any, kind: str, env: Env) -> list[Any]:
    try:
        return made.run(_as_node(resource, kind) if made.lift else _raw(resource), env)
    except RecursionError:
        raise TooComplex(detail=Phrase("the evaluation nests too deep")) from None


def _as_node(resource: Any, kind: str) -> Node:
    return resource if type(resource) is Node else Node(resource, kind)


def _raw(resource: Any) -> Any:
    return resource.value if type(resource) is Node else resource


def _plain(source: Run, kind: str, known: bool) -> Run:
    def run(this: Any, env: Env) -> list[Any]:
        items = source(this if known else _as_node(this, kind), env)
        values = [item.value if type(item) is Node else item for item in items]
        return [value for value in values if value is not None]

    return run


def _lifted(test: Test, kind: str) -> Test:
    return lambda item, env: test(_as_node(item, kind), env)


def _item_type(type_: str) -> str:
    system = type_.removeprefix("System.")
    return _SYSTEM_NAMES.get(system, system) if system != type_ else public_type(type_)


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

    `type_name` is the type of the focus ("Patient", "HumanName", "Observation.component"); without it each
    record's own `resourceType` counts. `strict` refuses elements that the type doesn't have, and the like,
    instead of finding nothing: with `type_name` at once, else when the first record of a type is met.
    Raises FhirPathError.
    """
    if isinstance(expression, str):
        return _compiled_text(expression, type_name, strict)
    return Compiled(expression, type_name=type_name, strict=strict)
