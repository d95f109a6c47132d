"""Patches beyond the official cases: what they refuse, and what they leave alone."""

from typing import Any

import pytest

from xinglin.core.errors import RequestError
from xinglin.core.exact_json import dumps, loads
from xinglin.standards.patch import fhirpath_patch, json_patch
from xinglin.standards.patch.errors import (
    MalformedPatch,
    PatchTargetMissing,
    PatchTestFailed,
    PatchTooLarge,
)

RECORD = b"""{"resourceType":"Patient","id":"a","n":1.10,
"name":[{"given":["A",null],"_given":[null,{"id":"x"}]}],
"telecom":[{"value":"1"},{"value":"2"}],"birthDate":"1970","_birthDate":{"id":"b"},"multipleBirthInteger":2}"""


def parameters(**parts: Any) -> dict[str, Any]:
    written = [{"name": name, key: value} for name, (key, value) in parts.items()]
    return {"resourceType": "Parameters", "parameter": [{"name": "operation", "part": written}]}


def added(name: str, **value: Any) -> dict[str, Any]:
    (written,) = value.items()
    return operation("add", "Patient", name=("valueString", name), value=written)


def operation(kind: str, path: str, **parts: Any) -> dict[str, Any]:
    return parameters(type=("valueCode", kind), path=("valueString", path), **parts)


def patched(patch: dict[str, Any]) -> Any:
    record = loads(RECORD)
    after = fhirpath_patch.apply(record, patch)
    assert dumps(record) == dumps(loads(RECORD))
    return after


def test_decimals_and_the_record_itself_stay_as_they_are() -> None:
    record = loads(RECORD)
    after = json_patch.apply(record, [{"op": "replace", "path": "/id", "value": "b"}])
    assert b'"n":1.10' in dumps(after)
    assert record["id"] == "a"
    after["name"][0]["given"].append("B")
    assert record == loads(RECORD)
    value = {"value": []}
    twice = json_patch.apply(record, [{"op": "add", "path": p, "value": value} for p in ("/a", "/b")])
    assert twice["a"] is not twice["b"]


@pytest.mark.parametrize(
    ("operations", "error"),
    [
        ({"op": "add"}, MalformedPatch),
        (["add"], MalformedPatch),
        ([{"op": "change", "path": "/a"}], MalformedPatch),
        ([{"op": "add", "path": "/a"}], MalformedPatch),
        ([{"op": "add", "path": "a", "value": 1}], MalformedPatch),
        ([{"op": "move", "path": "/a"}], MalformedPatch),
        ([{"op": "remove", "path": "/x/y"}], PatchTargetMissing),
        ([{"op": "remove", "path": "/telecom/7"}], PatchTargetMissing),
        ([{"op": "remove", "path": "/telecom/-1"}], PatchTargetMissing),
        ([{"op": "replace", "path": "", "value": []}], PatchTargetMissing),
        ([{"op": "test", "path": "/multipleBirthInteger", "value": 3}], PatchTestFailed),
        ([{"op": "test", "path": "/multipleBirthInteger", "value": True}], PatchTestFailed),
        ([{"op": "copy", "from": "", "path": f"/{number}"} for number in range(30)], PatchTooLarge),
        ([{"op": "copy", "from": "", "path": "/a"}] * 9_000, PatchTooLarge),
        ([{"op": "remove", "path": "/id"}] * 10_001, PatchTooLarge),
    ],
)
def test_bad_json_patches(operations: Any, error: type[RequestError]) -> None:
    record = loads(RECORD)
    with pytest.raises(error):
        json_patch.apply(record, operations)
    assert record == loads(RECORD)


def test_primitives_keep_their_extensions_in_step() -> None:
    given = patched(
        operation("insert", "Patient.name[0].given", index=("valueInteger", 0), value=("valueString", "B"))
    )
    assert given["name"] == [{"given": ["B", "A", None], "_given": [None, None, {"id": "x"}]}]
    moved = patched(
        operation("move", "Patient.name.given", source=("valueInteger", 1), destination=("valueInteger", 0))
    )
    assert moved["name"] == [{"given": [None, "A"], "_given": [{"id": "x"}, None]}]
    gone = patched(operation("delete", "Patient.name.given[1]"))
    assert gone["name"] == [{"given": ["A"]}]
    replaced = patched(operation("replace", "Patient.birthDate", value=("valueDate", "1971")))
    assert (replaced["birthDate"], "_birthDate" in replaced) == ("1971", False)


def test_choice_elements_change_their_key() -> None:
    after = patched(operation("replace", "Patient.multipleBirth", value=("valueBoolean", True)))
    assert (after["multipleBirthBoolean"], "multipleBirthInteger" in after) == (True, False)
    after = patched(added("deceased", valueBoolean=False))
    assert after["deceasedBoolean"] is False


def test_an_element_left_empty_goes() -> None:
    record = {"resourceType": "Patient", "contact": [{"name": {"text": "a"}}]}
    assert fhirpath_patch.apply(record, operation("delete", "Patient.contact.name.text")) == {
        "resourceType": "Patient"
    }


def test_nothing_to_delete_is_no_error() -> None:
    assert patched(operation("delete", "Patient.photo")) == loads(RECORD)


@pytest.mark.parametrize(
    ("patch", "error"),
    [
        ({"resourceType": "Patient"}, MalformedPatch),
        ({"resourceType": "Parameters", "parameter": [{"name": "x"}]}, MalformedPatch),
        (operation("change", "Patient"), MalformedPatch),
        (operation("delete", "Patient."), MalformedPatch),
        (operation("replace", "Patient.birthDate"), MalformedPatch),
        (added("photo", part=[]), MalformedPatch),
        (operation("move", "Patient.telecom", source=("valueString", "0")), MalformedPatch),
        (operation("delete", "Patient"), PatchTargetMissing),
        (operation("delete", "Patient.telecom"), PatchTargetMissing),
        (operation("replace", "Patient.photo", value=("valueString", "a")), PatchTargetMissing),
        (added("nothing", valueString="a"), PatchTargetMissing),
        (added("birthDate", valueDate="2"), PatchTargetMissing),
        (
            added("multipleBirth", valueBoolean=True),
            PatchTargetMissing,
        ),
        (operation("replace", "Patient.birthDate", value=("valueInteger", 1)), PatchTargetMissing),
        (
            operation(
                "insert", "Patient.telecom", index=("valueInteger", 5), value=("valueContactPoint", {})
            ),
            PatchTargetMissing,
        ),
        (
            operation("move", "Patient.telecom", source=("valueInteger", 0), destination=("valueInteger", 2)),
            PatchTargetMissing,
        ),
        (
            operation("insert", "Patient.birthDate", index=("valueInteger", 0), value=("valueDate", "1")),
            PatchTargetMissing,
        ),
    ],
)
def test_bad_fhirpath_patches(patch: dict[str, Any], error: type[RequestError]) -> None:
    record = loads(RECORD)
    with pytest.raises(error):
        fhirpath_patch.apply(record, patch)
    assert record == loads(RECORD)


def test_an_error_names_the_path() -> None:
    with pytest.raises(PatchTargetMissing) as caught:
        patched(operation("replace", "Patient.photo", value=("valueString", "a")))
    assert caught.value.expression == "Patient.photo"
    assert "Patient.photo" in str(caught.value)
