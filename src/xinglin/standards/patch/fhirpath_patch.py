"""FHIRPath Patch: add, insert, delete, replace and move (http://hl7.org/fhir/R4/fhirpatch.html)."""

from collections.abc import Callable
from typing import Any

from xinglin.core.errors import FhirPathError
from xinglin.core.i18n import Phrase
from xinglin.standards.definitions import Element, type_model
from xinglin.standards.fhirpath import Node, compile_expression, tree
from xinglin.standards.fhirpath.values import (
    BOOLEAN_TYPES,
    DECIMAL_TYPES,
    INTEGER_TYPES,
    child_elements,
    is_array,
    is_object,
    is_primitive,
)
from xinglin.standards.patch.errors import MalformedPatch, PatchTargetMissing
from xinglin.standards.patch.limits import copy_json, measure
from xinglin.standards.patch.operation import MAX_NESTING, Operation, Value, read, read_value

Json = dict[str, Any]


def apply(resource: Json, parameters: Json) -> Json:
    """Give what `resource` becomes by the operations in `parameters`; `resource` itself stays as it is.

    Raises MalformedPatch or PatchTargetMissing, whose `expression` is the path at fault, or PatchTooLarge.
    """
    changed: Json = copy_json(resource)
    for operation in read(parameters):
        _OPERATIONS[operation.type](changed, operation)
    measure(changed)
    return changed


def _missing(operation: Operation, detail: Phrase) -> PatchTargetMissing:
    return PatchTargetMissing(
        number=operation.number, path=operation.path, detail=detail, expression=operation.path
    )


def _find(resource: Json, operation: Operation, path: "str | tree.Node") -> list[Node]:
    try:
        return compile_expression(path).nodes(resource)
    except FhirPathError as error:
        raise MalformedPatch(
            number=operation.number, detail=error.phrase(), expression=operation.path
        ) from None


def _one(resource: Json, operation: Operation, path: "str | tree.Node") -> Node:
    nodes = _find(resource, operation, path)
    if not nodes:
        raise _missing(operation, Phrase("there is no such element"))
    if len(nodes) > 1:
        raise _missing(operation, Phrase("the path finds {count} elements, not one", count=len(nodes)))
    return nodes[0]


def _add(resource: Json, operation: Operation) -> None:
    parent = _one(resource, operation, operation.path)
    record = parent.value
    if not is_object(record):
        raise _missing(operation, Phrase("a {type} has no elements to add to", type=parent.type))
    key, element, json, extras = _made(operation, parent.type, operation.name or "")
    if not element.many:
        taken = [k for k, (other, _) in child_elements(parent.type).items() if other.name == element.name]
        if any(k in record or "_" + k in record for k in taken):
            raise _missing(operation, Phrase("{name} is there already and doesn't repeat", name=element.name))
        _put(record, key, json, extras)
        return
    _insert_at(record, key, len(_array(record, key)), json, extras)


def _insert(resource: Json, operation: Operation) -> None:
    parent, key = _container(resource, operation)
    if operation.index > len(_array(parent.value, key)):
        raise _missing(
            operation,
            Phrase("there are fewer than {count} elements before that place", count=operation.index),
        )
    _, _, json, extras = _made(operation, parent.type, child_elements(parent.type)[key][0].name)
    _insert_at(parent.value, key, operation.index, json, extras)


def _delete(resource: Json, operation: Operation) -> None:
    nodes = _find(resource, operation, operation.path)
    # "If the path finds nothing, nothing is deleted" is no error.
    if nodes:
        _remove(_one(resource, operation, operation.path), operation)


def _remove(node: Node, operation: Operation) -> None:
    parent = node.parent
    if parent is None:
        raise _missing(operation, Phrase("the whole record can't be deleted by a patch"))
    record: Json = parent.value
    for key in (node.key, "_" + node.key):
        held = record.get(key)
        if node.index is None or not is_array(held):
            record.pop(key, None)
        elif node.index < len(held):
            del held[node.index]
            if not any(one is not None for one in held):
                del record[key]
    if not record and parent.parent is not None:
        # FHIR knows no empty elements (http://hl7.org/fhir/R4/json.html): the parent goes as well.
        _remove(parent, operation)


def _replace(resource: Json, operation: Operation) -> None:
    node = _one(resource, operation, operation.path)
    parent = node.parent
    if parent is None:
        raise _missing(operation, Phrase("the whole record can't be replaced by a patch"))
    known = child_elements(parent.type).get(node.key)
    name = known[0].name if known else node.key
    key, _, json, extras = _made(operation, parent.type, name)
    record: Json = parent.value
    if node.index is None:
        if key != node.key:
            record.pop(node.key, None)
        record.pop("_" + node.key, None)
        _put(record, key, json, extras)
        return
    values = _array(record, key)
    values[node.index] = json
    record[key] = values
    beside = record.get("_" + key)
    if beside is not None or extras is not None:
        _padded(record, key)[node.index] = extras
        _drop_empty(record, "_" + key)


def _move(resource: Json, operation: Operation) -> None:
    parent, key = _container(resource, operation)
    values = _array(parent.value, key)
    for position in (operation.source, operation.destination):
        if position >= len(values):
            raise _missing(operation, Phrase("there is no element at place {position}", position=position))
    arrays = [values]
    if "_" + key in parent.value:
        arrays.append(_padded(parent.value, key))
    for array in arrays:
        array.insert(operation.destination, array.pop(operation.source))


_OPERATIONS: dict[str, Callable[[Json, Operation], None]] = {
    "add": _add,
    "insert": _insert,
    "delete": _delete,
    "replace": _replace,
    "move": _move,
}


def _container(resource: Json, operation: Operation) -> tuple[Node, str]:
    """Find the array that a path such as `Patient.identifier` means: what holds it, and its key there."""
    try:
        node = compile_expression(operation.path).tree
    except FhirPathError as error:
        raise MalformedPatch(
            number=operation.number, detail=error.phrase(), expression=operation.path
        ) from None
    if not isinstance(node, tree.Member) or node.input is None:
        raise _missing(operation, Phrase("the path must end with the name of a repeating element"))
    parent = _one(resource, operation, node.input)
    found = child_elements(parent.type).get(node.name)
    if found is None or not found[0].many or not is_object(parent.value):
        detail = Phrase("{type} has no repeating element {name}", type=parent.type, name=node.name)
        raise _missing(operation, detail)
    return parent, node.name


def _array(record: Json, key: str) -> list[Any]:
    """Give the array under `key`, made where there is none."""
    held = record.get(key)
    if is_array(held):
        return held
    # Primitives that have only extensions stand in `_key` alone.
    beside = record.get("_" + key)
    count = len(beside) if is_array(beside) else 0
    return [None] * count if held is None else [held]


def _padded(record: Json, key: str) -> list[Any]:
    """Give the array of extensions beside `key`, as long as the array of values."""
    held = record.get("_" + key)
    beside = held if is_array(held) else []
    beside += [None] * (len(_array(record, key)) - len(beside))
    record["_" + key] = beside
    return beside


def _drop_empty(record: Json, key: str) -> None:
    if all(one is None for one in record[key]):
        del record[key]


def _insert_at(record: Json, key: str, index: int, json: Any, extras: Any) -> None:
    if extras is not None or "_" + key in record:
        _padded(record, key).insert(index, extras)
    values = _array(record, key)
    values.insert(index, json)
    record[key] = values
    if "_" + key in record:
        _drop_empty(record, "_" + key)


def _put(record: Json, key: str, json: Any, extras: Any) -> None:
    if json is not None:
        record[key] = json
    if extras is not None:
        record["_" + key] = extras


def _made(operation: Operation, parent: str, name: str) -> tuple[str, Element, Any, Any]:
    """Give key, element, JSON and extensions of the operation's value as element `name` of `parent`."""
    if operation.value is None:
        raise MalformedPatch(number=operation.number, detail=Phrase('"{name}" is missing', name="value"))
    return _fitted(operation, parent, name, operation.value, 0)


def _fitted(
    operation: Operation, parent: str, name: str, value: Value, depth: int
) -> tuple[str, Element, Any, Any]:
    info = type_model().get(parent)
    known = child_elements(parent)
    element = info.elements.get(name) if info else None
    if element is None and name in known:
        element = known[name][0]
    if element is None:
        raise _missing(operation, Phrase("{type} has no element {name}", type=parent, name=name))
    if value.type is None:
        return element.name, element, _from_parts(operation, element.types[0], value, depth), None
    for key, (other, kind) in known.items():
        if other.name == element.name and _fits(value, kind, choice=element.choice):
            return key, element, value.json, value.extras
    raise _missing(operation, Phrase("{name} can't be a {type}", name=element.name, type=value.type))


def _fits(value: Value, kind: str, *, choice: bool) -> bool:
    if value.type == kind or (kind == "Resource" and is_object(value.json)):
        return True
    if choice or value.type is None or not (is_primitive(kind) and is_primitive(value.type)):
        return False
    # Patches often call a code a string: what counts is that JSON writes both alike.
    return _written(kind) == _written(value.type)


def _written(kind: str) -> str:
    for family, name in ((BOOLEAN_TYPES, "boolean"), (INTEGER_TYPES, "integer"), (DECIMAL_TYPES, "decimal")):
        if kind in family:
            return name
    return "string"


def _from_parts(operation: Operation, kind: str, value: Value, depth: int) -> Json:
    """Make an element that has no type of its own (`Patient.contact`) from its parts."""
    if depth > MAX_NESTING:
        raise MalformedPatch(
            number=operation.number, detail=Phrase("nested deeper than {limit} levels", limit=MAX_NESTING)
        )
    record: Json = {}
    for part in value.parts:
        inner = read_value(part, operation.number)
        key, element, json, extras = _fitted(operation, kind, part["name"], inner, depth + 1)
        if element.many:
            _insert_at(record, key, len(_array(record, key)), json, extras)
        elif key in record or "_" + key in record:
            raise _missing(operation, Phrase("{name} doesn't repeat", name=element.name))
        else:
            _put(record, key, json, extras)
    if not record:
        raise MalformedPatch(number=operation.number, detail=Phrase("an element can't be empty"))
    return record
