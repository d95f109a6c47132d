"""Keys of two values that stand together (http://hl7.org/fhir/R4/search.html#composite)."""

from collections.abc import Callable, Iterable, Iterator, Sequence
from typing import Any

from xinglin.standards.search import keys
from xinglin.standards.search.bindings import element_systems
from xinglin.standards.search.convert.place import Context, Emit, Json, Place
from xinglin.standards.search.parts import CODES
from xinglin.standards.search.paths import Leaf, Step
from xinglin.standards.search.references import read_reference
from xinglin.standards.search.sinks import Sink

Hashes = Callable[[Any], Iterable[int]]


def pair_converter(left: Sequence[Leaf], right: Sequence[Leaf], place: Place, context: Context) -> Emit:
    """Make the closure that pairs what stands at `left` and `right` below a composite's base."""
    lefts = [(leaf.steps, _hashes(leaf, context)) for leaf in left]
    rights = [(leaf.steps, _hashes(leaf, context)) for leaf in right]
    salt = place.salt

    def side(value: Json, ways: list[tuple[tuple[Step, ...], Hashes]]) -> list[int]:
        return [one for steps, hashes in ways for found in walk(value, steps) for one in hashes(found)]

    def emit(value: Json, sink: Sink) -> None:
        second = side(value, rights)
        if second:
            for one in side(value, lefts):
                sink.keys.update(keys.pair(one, other) ^ salt for other in second)

    return emit


def walk(value: Any, steps: Sequence[Step]) -> Iterator[Any]:
    """Give the values that `steps` lead to from one value."""
    if not steps:
        yield value
        return
    step = steps[0]
    found = value.get(step.key)
    for one in found if isinstance(found, list) else (found,):  # pyright: ignore[reportUnknownVariableType]
        if one is not None and (not step.name or one.get(step.name) == step.value):  # pyright: ignore[reportUnknownMemberType]
            yield from walk(one, steps[1:])


def code_hashes(system: str | None, code: str | None) -> Iterator[int]:
    """Give the value hashes of a code that pairs are made of: alone, and with its system."""
    if code:
        yield keys.token_code(code.casefold())
        yield keys.token(system or "", code.casefold())


def _hashes(leaf: Leaf, context: Context) -> Hashes:
    if leaf.type == "CodeableConcept":
        return lambda value: (
            one
            for coding in value.get("coding") or ()
            for one in code_hashes(coding.get("system"), coding.get("code"))
        )
    if leaf.type == "Coding":
        return lambda value: code_hashes(value.get("system"), value.get("code"))
    if leaf.type == "Identifier":
        return lambda value: code_hashes(value.get("system"), value.get("value"))
    if leaf.type == "boolean":
        return lambda value: code_hashes(None, "true" if value else "false")
    if leaf.type == "Reference":
        return lambda value: _address(value.get("reference") or "", context)
    if leaf.type in CODES:
        systems = ["", *sorted(element_systems(leaf.element) if leaf.type == "code" else ())]
        return lambda value: (one for system in systems for one in code_hashes(system, value))
    return lambda _: ()


def _address(text: str, context: Context) -> Iterator[int]:
    address = read_reference(text, context.base_url).address
    if address:
        yield keys.reference(address)
