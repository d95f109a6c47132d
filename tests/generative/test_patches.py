"""Patches nobody would write: they are refused or carried out, and never touch the record they were given."""

from contextlib import suppress
from typing import Any

from hypothesis import given
from hypothesis import strategies as st

from xinglin.core.errors import RequestError
from xinglin.core.exact_json import dumps, loads
from xinglin.standards.patch import fhirpath_patch, json_patch

RECORD = dumps(
    {
        "resourceType": "Patient",
        "name": [{"given": ["A", None], "_given": [None, {"id": "x"}]}, {"family": "B"}],
        "contact": [{"name": {"text": "a"}}],
        "birthDate": "1970",
        "active": True,
        "made up": [{"a": [1]}],
        "telecom": "wrong",
    }
)

values = st.recursive(
    st.none() | st.booleans() | st.integers(-2, 3) | st.sampled_from(["a", "1970"]),
    lambda inner: (
        st.lists(inner, max_size=2)
        | st.dictionaries(st.sampled_from(["id", "given", "a"]), inner, max_size=2)
    ),
    max_leaves=4,
)
pointers = st.lists(
    st.sampled_from(["name", "0", "1", "-", "given", "", "telecom", "made up", "~1", "01"]), max_size=4
).map(lambda parts: "".join("/" + part for part in parts))
json_operations = st.lists(
    st.fixed_dictionaries(
        {},
        optional={
            "op": st.sampled_from(["add", "remove", "replace", "move", "copy", "test"]),
            "path": pointers,
            "from": pointers,
            "value": values,
        },
    ),
    max_size=4,
)


@given(json_operations | values)
def test_json_patches(operations: Any) -> None:
    record = loads(RECORD)
    with suppress(RequestError):
        json_patch.apply(record, operations)
    assert dumps(record) == RECORD


PATHS = [
    "Patient", "Patient.name", "Patient.name[0]", "Patient.name.given", "Patient.name[0].given[1]",
    "1 +",
    "Patient.contact.name.text", "Patient.telecom", "Patient.`made up`", "Patient.`made up`.a",
    "Patient.photo", "name.given.length()", "Patient.name.where(family = 'B')", "Patient.deceased",
    "Patient.birthDate",
]  # fmt: skip
paths = st.sampled_from(PATHS)
VALUES: list[dict[str, Any]] = [
    {"valueString": "a"}, {"valueCode": "delete"}, {"valueInteger": 0}, {"valueInteger": 1}, {"part": 3},
    {},
    {"valueHumanName": {"text": "x"}}, {"part": [{"name": "text", "valueString": "t"}]},
    {"valueBoolean": False},
    {"_valueDate": {"id": "q"}},
]  # fmt: skip
primitives = st.sampled_from(VALUES)
names = st.sampled_from(
    ["name", "given", "text", "active", "deceased", "contact", "photo", "nothing", "birthDate"]
)


@st.composite
def fhirpath_operation(draw: st.DrawFn) -> dict[str, Any]:
    kind = draw(st.sampled_from(["add", "insert", "delete", "replace", "move", "x"]))
    parts = [{"name": "type", "valueCode": kind}, {"name": "path", "valueString": draw(paths)}]
    parts.append({"name": "name", "valueString": draw(names)})
    parts.append({"name": "value", **draw(primitives)})
    parts += [{"name": name, **draw(primitives)} for name in ("index", "source", "destination")]
    return {"name": "operation", "part": parts}


@given(st.lists(fhirpath_operation(), max_size=4))
def test_fhirpath_patches(operations: list[dict[str, Any]]) -> None:
    record = loads(RECORD)
    with suppress(RequestError):
        dumps(fhirpath_patch.apply(record, {"resourceType": "Parameters", "parameter": operations}))
    assert dumps(record) == RECORD
