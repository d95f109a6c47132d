"""JSON Patch (RFC 6902, http://hl7.org/fhir/R4/http.html#patch), applied by the `jsonpatch` library."""

from collections.abc import Mapping, Sequence
from typing import Any

from jsonpatch import InvalidJsonPatch, JsonPatch, JsonPatchConflict, JsonPatchTestFailed
from jsonpointer import JsonPointer, JsonPointerException

from xinglin.standards.patch.errors import (
    MAX_COPIED,
    MAX_OPERATIONS,
    MalformedPatch,
    PatchTargetMissing,
    PatchTestFailed,
    PatchTooLarge,
    copy_json,
)

Json = dict[str, Any]

_NEEDS = {
    "add": ("value",),
    "remove": (),
    "replace": ("value",),
    "move": ("from",),
    "copy": ("from",),
    "test": ("value",),
}


def apply(resource: Json, operations: Sequence[Any]) -> Json:
    """Give what `resource` becomes; `resource` itself stays as it is.

    Decimals keep their digits. Raises MalformedPatch, PatchTargetMissing, PatchTestFailed or PatchTooLarge.
    """
    if not isinstance(operations, list):
        raise MalformedPatch(number=1, detail="a JSON Patch is an array of operations")
    if len(operations) > MAX_OPERATIONS:
        raise PatchTooLarge(detail=f"{len(operations)} operations, {MAX_OPERATIONS} are allowed")
    document: Any = copy_json(resource)
    copied = 0
    for number, operation in enumerate(operations, 1):
        _check(operation, number)
        if operation["op"] == "copy":
            copied += _size_at(document, operation["from"])
            if copied > MAX_COPIED:
                raise PatchTooLarge(detail=f"its copies make more than {MAX_COPIED} values")
        document = _apply_one(document, operation, number)
    if not isinstance(document, dict):
        raise PatchTargetMissing(number=len(operations), path="/", detail="a record is an object")
    return document


def _check(operation: Any, number: int) -> None:
    if not isinstance(operation, Mapping):
        raise MalformedPatch(number=number, detail="it isn't an object")
    given: Mapping[str, Any] = operation
    op = given.get("op")
    if not isinstance(op, str) or op not in _NEEDS:
        raise MalformedPatch(number=number, detail=f'"op" must be one of {", ".join(_NEEDS)}')
    for name in ("path", *_NEEDS[op]):
        if name not in given:
            raise MalformedPatch(number=number, detail=f'"{name}" is missing')
        if name != "value" and not (isinstance(given[name], str) and given[name][:1] in {"", "/"}):
            raise MalformedPatch(number=number, detail=f'"{name}" must be a JSON Pointer such as "/name/0"')


def _apply_one(document: Any, operation: Mapping[str, Any], number: int) -> Any:
    path: str = operation["path"]
    # A value in the patch must not become part of two records.
    one = copy_json(operation)
    try:
        if one["op"] == "test" and not _same(JsonPointer(path).resolve(document), one["value"]):
            raise PatchTestFailed(number=number, path=path, expression=path)
        return JsonPatch([one]).apply(document, in_place=True)
    except JsonPatchTestFailed:
        raise PatchTestFailed(number=number, path=path, expression=path) from None
    except (JsonPatchConflict, JsonPointerException) as error:
        raise PatchTargetMissing(number=number, path=path, detail=str(error), expression=path) from None
    except (InvalidJsonPatch, TypeError) as error:
        raise MalformedPatch(number=number, detail=str(error), expression=path) from None


def _same(found: Any, expected: Any) -> bool:
    """Compare as RFC 6902 asks; Python alone takes `true` for 1."""
    if isinstance(found, bool) or isinstance(expected, bool):
        return found is expected
    if isinstance(found, list) and isinstance(expected, list):
        pairs: list[tuple[Any, Any]] = list(zip(found, expected, strict=False))  # pyright: ignore[reportUnknownArgumentType]
        return len(found) == len(expected) and all(_same(a, b) for a, b in pairs)  # pyright: ignore[reportUnknownArgumentType]
    if isinstance(found, dict) and isinstance(expected, dict):
        mine: Json = found
        theirs: Json = expected
        return mine.keys() == theirs.keys() and all(_same(mine[key], theirs[key]) for key in mine)
    return bool(found == expected)


def _size_at(document: Any, pointer: str) -> int:
    try:
        waiting: list[Any] = [JsonPointer(pointer).resolve(document)]
    except (JsonPointerException, TypeError):
        return 0
    size = 0
    while waiting:
        value = waiting.pop()
        size += 1
        if isinstance(value, dict):
            waiting.extend(value.values())  # pyright: ignore[reportUnknownArgumentType, reportUnknownMemberType]
        elif isinstance(value, list):
            waiting.extend(value)  # pyright: ignore[reportUnknownArgumentType]
    return size
