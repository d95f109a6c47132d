"""JSON Patch (RFC 6902, http://hl7.org/fhir/R4/http.html#patch), applied by the `jsonpatch` library."""

from typing import Any

from jsonpatch import InvalidJsonPatch, JsonPatch, JsonPatchConflict, JsonPatchTestFailed
from jsonpointer import JsonPointer, JsonPointerException

from xinglin.core.i18n import Phrase
from xinglin.standards.fhirpath.values import is_array, is_object
from xinglin.standards.patch.errors import (
    MalformedPatch,
    PatchTargetMissing,
    PatchTestFailed,
    PatchTooLarge,
)
from xinglin.standards.patch.limits import MAX_COPIED, check_count, copy_json, measure

Json = dict[str, Any]

_NEEDS = {
    "add": ("value",),
    "remove": (),
    "replace": ("value",),
    "move": ("from",),
    "copy": ("from",),
    "test": ("value",),
}


def apply(resource: Json, operations: Any) -> Json:
    """Give what `resource` becomes; `resource` itself stays as it is.

    Decimals keep their digits. Raises MalformedPatch, PatchTargetMissing, PatchTestFailed or PatchTooLarge.
    """
    if not is_array(operations):
        raise MalformedPatch(number=1, detail=Phrase("a JSON Patch is an array of operations"))
    check_count(len(operations))
    document: Any = copy_json(resource)
    copied = 0
    for number, operation in enumerate(operations, 1):
        _check(operation, number)
        if operation["op"] == "copy":
            copied += _size_at(document, operation["from"])
            if copied > MAX_COPIED:
                raise PatchTooLarge(
                    detail=Phrase("its copies make more than {limit} values", limit=MAX_COPIED)
                )
        document = _apply_one(document, operation, number)
    measure(document)
    if not is_object(document):
        raise PatchTargetMissing(number=len(operations), path="/", detail=Phrase("a record is an object"))
    return document


def _check(operation: Any, number: int) -> None:
    if not is_object(operation):
        raise MalformedPatch(number=number, detail=Phrase("it isn't an object"))
    op = operation.get("op")
    if not isinstance(op, str) or op not in _NEEDS:
        detail = Phrase('"{name}" must be one of {allowed}', name="op", allowed=", ".join(_NEEDS))
        raise MalformedPatch(number=number, detail=detail)
    for name in ("path", *_NEEDS[op]):
        if name not in operation:
            raise MalformedPatch(number=number, detail=Phrase('"{name}" is missing', name=name))
        if name != "value" and not (isinstance(operation[name], str) and operation[name][:1] in {"", "/"}):
            detail = Phrase('"{name}" must be a JSON Pointer such as "/name/0"', name=name)
            raise MalformedPatch(number=number, detail=detail)


def _apply_one(document: Any, operation: Json, number: int) -> Any:
    path: str = operation["path"]
    # A value in the patch must not become part of two records.
    one = copy_json(operation)
    try:
        if one["op"] == "test" and not _same(JsonPointer(path).resolve(document), one["value"]):
            raise PatchTestFailed(number=number, path=path, expression=path)
        return JsonPatch([one]).apply(document, in_place=True)
    except JsonPatchTestFailed:
        raise PatchTestFailed(number=number, path=path, expression=path) from None
    except (JsonPatchConflict, JsonPointerException):
        # The library's own texts are English and quote the record.
        detail = Phrase("the record has no such place, or what it holds can't be changed so")
        raise PatchTargetMissing(number=number, path=path, detail=detail, expression=path) from None
    except (InvalidJsonPatch, TypeError):
        detail = Phrase("it doesn't fit what the record holds there")
        raise MalformedPatch(number=number, detail=detail, expression=path) from None


def _same(found: Any, expected: Any) -> bool:
    """Compare as RFC 6902 asks; Python alone takes `true` for 1."""
    if isinstance(found, bool) or isinstance(expected, bool):
        return found is expected
    if is_array(found) and is_array(expected):
        return len(found) == len(expected) and all(map(_same, found, expected))
    if is_object(found) and is_object(expected):
        return found.keys() == expected.keys() and all(_same(found[key], expected[key]) for key in found)
    return bool(found == expected)


def _size_at(document: Any, pointer: str) -> int:
    try:
        return measure(JsonPointer(pointer).resolve(document))
    except (JsonPointerException, TypeError):
        return 0
