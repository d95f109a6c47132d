"""What to do with records of one type: their search parameters by place, made a tree of closures."""

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, field
from typing import Any

from xinglin.core.errors import FhirPathError
from xinglin.standards import definitions
from xinglin.standards.fhirpath import compile_expression
from xinglin.standards.search import keys
from xinglin.standards.search.bindings import element_systems
from xinglin.standards.search.blind import Blind
from xinglin.standards.search.convert import Context, Emit, Place, converter
from xinglin.standards.search.convert.pairs import pair_converter
from xinglin.standards.search.errors import BadParameter
from xinglin.standards.search.expressions import values
from xinglin.standards.search.parameters import Registry, SearchParameter, split_union
from xinglin.standards.search.parts import STRING_PARTS
from xinglin.standards.search.paths import Leaf, Step, leaves
from xinglin.standards.search.sinks import Sink

NOT_INDEXED = frozenset({"_id", "_lastUpdated", "_content"})
"""The store's own columns answer the first two; `_content` is looked for in the records themselves."""

MISSHAPEN = (AttributeError, TypeError, ValueError)
"""What converters meet in a value of another shape than its type has, or that isn't a date."""

HIDDEN_TOKENS = frozenset({"Identifier", "ContactPoint"})
"""Types whose values are numbers, phones and the like."""

PAIRED = frozenset({"token", "reference", "uri"})
"""Kinds of components whose pairs are keys; other composites are found by their components."""


@dataclass(frozen=True, slots=True)
class Lookup:
    """Where a parameter finds its values: at place `name`; only references to `target`, if given.

    `blind` is set where they are hidden.
    """

    name: str
    target: str = ""
    blind: Blind | None = None

    @property
    def salt(self) -> int:
        """Give what makes keys of value hashes by XOR."""
        return keys.salt(self.name)

    @property
    def id(self) -> int:
        """Give the number in side tables."""
        return keys.short_id(self.name)

    @property
    def pinyin_id(self) -> int:
        """Give the number in side tables of the same strings in pinyin."""
        return keys.pinyin_id(self.name)

    @property
    def pinyin_salt(self) -> int:
        """Give what makes keys of the same strings in pinyin."""
        return keys.pinyin_salt(self.name)

    @property
    def present(self) -> int:
        """Give the key that any value brings."""
        return keys.PRESENT ^ keys.salt(f"{self.name}:{self.target}" if self.target else self.name)


@dataclass(slots=True)
class Node:
    """A place in the tree of paths."""

    emits: list[Emit] = field(default_factory=list[Emit])
    children: dict[Step, "Node"] = field(default_factory=dict[Step, "Node"])

    def at(self, steps: Iterable[Step]) -> "Node":
        """Give the node below this one by `steps`."""
        node = self
        for step in steps:
            node = node.children.setdefault(step, Node())
        return node


@dataclass(frozen=True, slots=True)
class Plan:
    """How to index one resource type.

    `handlers` by JSON member; `fallbacks` work on the whole record. `lookups` says where each parameter's
    values went, `pairs` where those composites' pairs went that have any.
    """

    handlers: Mapping[str, Emit]
    fallbacks: tuple[Emit, ...]
    lookups: Mapping[str, tuple[Lookup, ...]]
    pairs: Mapping[str, tuple[Lookup, ...]]


@dataclass(frozen=True, slots=True)
class _Spot:
    kind: str
    leaf: Leaf
    place: str
    blind: Blind | None


def make_plan(resource_type: str, registry: Registry, context: Context) -> Plan:
    """Compile the search parameters of `resource_type`. Raises BadParameter where one can't be."""
    spots: dict[str, list[_Spot]] = {}
    programs: dict[str, list[str]] = {}
    composites: list[SearchParameter] = []
    for code, parameter in registry.for_type(resource_type).items():
        if parameter.kind == "composite":
            composites.append(parameter)
        elif code not in NOT_INDEXED:
            spots[code], programs[code] = _spots(parameter, resource_type, context)
    root = Node()
    _plant(root, spots, context)
    pairs = {one.code: tuple(_plant_pairs(root, one, resource_type, context)) for one in composites}
    lookups = {
        code: tuple(dict.fromkeys(Lookup(spot.place, spot.leaf.target, spot.blind) for spot in found))
        for code, found in spots.items()
    }
    fallbacks: list[Emit] = [*root.emits]
    for code, pieces in programs.items():
        for piece in pieces:
            parameter = registry.for_type(resource_type)[code]
            hiding = _hiding(parameter.kind, "", resource_type, context)
            place = Place(f"{parameter.name}!{piece}", blind=hiding)
            fallbacks.append(_fallback(parameter, piece, place, resource_type, context))
            lookups[code] = (*lookups[code], Lookup(place.name, blind=hiding))
    handlers = _handlers(root)
    return Plan(handlers, tuple(fallbacks), lookups, {code: found for code, found in pairs.items() if found})


def _hiding(kind: str, type_name: str, resource_type: str, context: Context) -> Blind | None:
    """Give what hides values of `type_name` ("" for any) behind a `kind` parameter; None if nothing does."""
    hiding = context.blind
    if hiding is None or not hiding.hides(resource_type):
        return None
    hidden = kind == "string" or (kind == "token" and type_name in {"", *HIDDEN_TOKENS})
    return hiding if hidden else None


def _spots(parameter: SearchParameter, resource_type: str, context: Context) -> tuple[list[_Spot], list[str]]:
    """Give where values of `parameter` stand, and the parts of it that only FHIRPath can follow."""
    found: list[Leaf] = []
    rest: list[str] = []
    for piece in split_union(parameter.expression):
        reached = leaves(piece, resource_type, definitions.type_model(), parameter.base)
        if reached is None:
            rest.append(piece)
        else:
            found += [leaf for one in reached for leaf in _parts(parameter.kind, one)]
    usable = [leaf for leaf in found if _is_usable(parameter.kind, leaf)]
    types: dict[str, set[str]] = {}
    for leaf in usable:
        types.setdefault(leaf.path, set()).add(leaf.type)
    return [
        _Spot(
            parameter.kind,
            leaf,
            f"{leaf.path}({','.join(sorted(types[leaf.path]))})",
            _hiding(parameter.kind, leaf.type, resource_type, context),
        )
        for leaf in usable
    ], rest


def _parts(kind: str, leaf: Leaf) -> Iterator[Leaf]:
    """Take a string parameter's complex values apart, so that `name` and `given` share what they find."""
    yield leaf
    if kind == "string":
        for part in STRING_PARTS.get(leaf.type, ()):
            yield Leaf((*leaf.steps, Step(part)), "string", path=f"{leaf.path}.{part}")


def _is_usable(kind: str, leaf: Leaf) -> bool:
    return converter(kind, leaf.type, Place(leaf.path), Context()) is not None


def _plant(root: Node, spots: Mapping[str, list[_Spot]], context: Context) -> None:
    """Hang a converter at each distinct spot."""
    targets: dict[str, set[str]] = {}
    every = [spot for found in spots.values() for spot in found]
    for spot in every:
        if spot.leaf.target:
            targets.setdefault(spot.place, set()).add(spot.leaf.target)
    planted: set[tuple[str, str, tuple[Step, ...], str]] = set()
    for spot in every:
        leaf = spot.leaf
        mark = (spot.kind if spot.kind != "number" else "quantity", leaf.type, leaf.steps, spot.place)
        if mark in planted:
            continue
        planted.add(mark)
        systems = element_systems(leaf.element) if leaf.type == "code" else frozenset[str]()
        place = Place(spot.place, systems, tuple(sorted(targets.get(spot.place, ()))), spot.blind)
        emit = converter(spot.kind, leaf.type, place, context)
        if emit is not None:
            root.at(leaf.steps).emits.append(emit)


def _plant_pairs(
    root: Node, parameter: SearchParameter, resource_type: str, context: Context
) -> Iterator[Lookup]:
    """Hang the pairs of a composite of two tokens (or references) at its base."""
    types = definitions.type_model()
    if len(parameter.components) != 2 or any(
        one.parameter.kind not in PAIRED for one in parameter.components
    ):
        return
    for piece in split_union(parameter.expression):
        for base in leaves(piece, resource_type, types, parameter.base) or ():
            sides = [
                [
                    leaf
                    for part in split_union(component.expression)
                    for leaf in leaves(part, base.type, types) or ()
                ]
                for component in parameter.components
            ]
            hidden = context.blind is not None and context.blind.hides(resource_type)
            if hidden and any(leaf.type in HIDDEN_TOKENS for side in sides for leaf in side):
                continue  # found by the parts, and checked
            if all(sides):
                names = "$".join(component.expression for component in parameter.components)
                place = Place(f"{base.path}${names}")
                root.at(base.steps).emits.append(pair_converter(sides[0], sides[1], place, context))
                yield Lookup(place.name)


def _fallback(
    parameter: SearchParameter, piece: str, place: Place, resource_type: str, context: Context
) -> Emit:
    """Make the closure for what only FHIRPath can follow. Raises BadParameter where it can't either."""
    try:
        compile_expression(piece, type_name=resource_type, strict=True)
    except FhirPathError as error:
        raise BadParameter(url=parameter.url, reason=error.phrase()) from None
    known: dict[str, Emit | None] = {}
    resource_types = definitions.resource_types()

    def emit(resource: Any, sink: Sink) -> None:
        for type_name, value in values(piece, resource):
            shape = "Resource" if type_name in resource_types else type_name
            if shape not in known:
                known[shape] = converter(parameter.kind, shape, place, context)
            found = known[shape]
            if found is not None:
                try:
                    found(value, sink)
                except MISSHAPEN:
                    continue

    return emit


def _handlers(root: Node) -> dict[str, Emit]:
    by_key: dict[str, list[Emit]] = {}
    for step, node in root.children.items():
        by_key.setdefault(step.key, []).append(_walker(step, node))
    return {key: emits[0] if len(emits) == 1 else _all(tuple(emits)) for key, emits in by_key.items()}


def _all(emits: tuple[Emit, ...]) -> Emit:
    def walk(value: Any, sink: Sink) -> None:
        for emit in emits:
            emit(value, sink)

    return walk


def _walker(step: Step, node: Node) -> Emit:
    """Make the closure for one JSON member: a value or a list of them."""
    visit = _visitor(node)
    if step.name:
        visit = _guarded(step, visit)

    def walk(value: Any, sink: Sink) -> None:
        for one in value if type(value) is list else (value,):  # pyright: ignore[reportUnknownVariableType]
            try:
                visit(one, sink)
            except MISSHAPEN:
                continue

    return walk


def _guarded(step: Step, visit: Emit) -> Emit:
    name, wanted = step.name, step.value

    def guarded(value: Any, sink: Sink) -> None:
        if value.get(name) == wanted:
            visit(value, sink)

    return guarded


def _visitor(node: Node) -> Emit:
    emits = tuple(node.emits)
    children = tuple((step.key, _walker(step, child)) for step, child in node.children.items())
    if not children and len(emits) == 1:
        return emits[0]

    def visit(value: Any, sink: Sink) -> None:
        for emit in emits:
            emit(value, sink)
        for key, walk in children:
            found = value.get(key)
            if found is not None:
                walk(found, sink)

    return visit
