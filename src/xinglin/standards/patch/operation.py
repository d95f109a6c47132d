"""The operations of a FHIRPath Patch, read from its Parameters resource (http://hl7.org/fhir/R4/fhirpatch.html)."""

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any, TypeVar

from xinglin.core.i18n import Phrase
from xinglin.standards.fhirpath.values import child_elements, is_array, is_object
from xinglin.standards.patch.errors import MalformedPatch
from xinglin.standards.patch.limits import check_count, copy_json

Json = dict[str, Any]

_P = TypeVar("_P", str, int)
_KINDS: dict[type, Phrase] = {str: Phrase("a string"), int: Phrase("an integer")}
_TYPES = frozenset({"add", "insert", "delete", "replace", "move"})
_NUMBERS = {"insert": ("index",), "move": ("source", "destination")}
MAX_NESTING = 20
"""Deepest nesting of parts that make up one value."""


@dataclass(frozen=True, slots=True)
class Value:
    """A value to put in: a `part` of Parameters, of which the type says how it is written.

    `type` is the R4 type, None where the value is made of parts.
    """

    type: str | None
    json: Any
    extras: Any = None
    parts: tuple[Json, ...] = ()


@dataclass(frozen=True, slots=True)
class Operation:
    """One operation; `number` counts from 1, for errors."""

    number: int
    type: str
    path: str
    name: str | None = None
    value: Value | None = None
    index: int = 0
    source: int = 0
    destination: int = 0


def read(parameters: Json) -> list[Operation]:
    """Read all operations. Raises MalformedPatch or PatchTooLarge."""
    if parameters.get("resourceType") != "Parameters":
        raise MalformedPatch(number=1, detail=Phrase("a FHIRPath Patch is a Parameters resource"))
    given = parameters.get("parameter", [])
    if not is_array(given):
        raise MalformedPatch(number=1, detail=Phrase('"{name}" must be an array', name="parameter"))
    check_count(len(given))
    return [_read_one(entry, number) for number, entry in enumerate(given, 1)]


def _read_one(entry: Any, number: int) -> Operation:
    if not is_object(entry) or entry.get("name") != "operation":
        raise MalformedPatch(number=number, detail=Phrase('each parameter must be named "operation"'))
    parts = {str(part.get("name")): part for part in parts_of(entry, number)}
    kind = _primitive(parts, "type", str, number)
    if kind not in _TYPES:
        detail = Phrase('"{name}" must be one of {allowed}', name="type", allowed=", ".join(sorted(_TYPES)))
        raise MalformedPatch(number=number, detail=detail)
    numbers = {name: _primitive(parts, name, int, number) for name in _NUMBERS.get(kind, ())}
    if any(one < 0 for one in numbers.values()):
        raise MalformedPatch(number=number, detail=Phrase("positions count from 0"))
    wants_value = kind in {"add", "insert", "replace"}
    if wants_value and "value" not in parts:
        raise MalformedPatch(number=number, detail=Phrase('"{name}" is missing', name="value"))
    return Operation(
        number=number,
        type=kind,
        path=_primitive(parts, "path", str, number),
        name=_primitive(parts, "name", str, number).removesuffix("[x]") if kind == "add" else None,
        value=read_value(parts["value"], number) if wants_value else None,
        **numbers,
    )


def parts_of(entry: Any, number: int) -> Iterator[Json]:
    """Give the parts of a parameter. Raises MalformedPatch."""
    parts = entry.get("part", []) if is_object(entry) else None
    if not is_array(parts):
        raise MalformedPatch(number=number, detail=Phrase('"{name}" must be an array', name="part"))
    for part in parts:
        if not is_object(part) or not isinstance(part.get("name"), str):
            raise MalformedPatch(number=number, detail=Phrase("each part needs a name"))
        yield part


def _primitive(parts: dict[str, Json], name: str, kind: type[_P], number: int) -> _P:
    if name not in parts:
        raise MalformedPatch(number=number, detail=Phrase('"{name}" is missing', name=name))
    value = read_value(parts[name], number).json
    if not isinstance(value, kind) or isinstance(value, bool):
        detail = Phrase('"{name}" must be {kind}', name=name, kind=_KINDS[kind])
        raise MalformedPatch(number=number, detail=detail)
    return value


def read_value(part: Json, number: int) -> Value:
    """Read the value of a part: `value[x]`, a resource, or parts. Raises MalformedPatch."""
    if "resource" in part:
        return Value("Resource", copy_json(part["resource"]))
    if "part" in part:
        return Value(None, None, parts=tuple(parts_of(part, number)))
    known = child_elements("Parameters.parameter")
    for key in part:
        written = key.removeprefix("_")
        if written in known and known[written][0].name == "value":
            beside = part.get("_" + written)
            return Value(known[written][1], copy_json(part.get(written)), copy_json(beside))
        if key not in {"name", "id", "extension"}:
            raise MalformedPatch(number=number, detail=Phrase("{key} isn't a value[x]", key=key))
    detail = Phrase('the part "{name}" has no value', name=part.get("name"))
    raise MalformedPatch(number=number, detail=detail)
