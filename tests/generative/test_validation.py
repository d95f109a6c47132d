"""Validation of records nobody would write: it never fails, nor overlooks what was broken on purpose."""

import copy
import json
from typing import Any

from hypothesis import given, settings
from hypothesis import strategies as st

from xinglin.standards.definitions import resource_types, type_model
from xinglin.standards.validation import validate

Json = dict[str, Any]

_json = st.recursive(
    st.none()
    | st.booleans()
    | st.integers()
    | st.floats(allow_nan=False, allow_infinity=False)
    | st.text(max_size=5)
    | st.sampled_from(["#a", "Patient/1", "2020-02-30", "http://a", "urn:uuid:x", "<div>"]),
    lambda inner: (
        st.lists(inner, max_size=3)
        | st.dictionaries(
            st.sampled_from(
                [
                    "id",
                    "extension",
                    "url",
                    "coding",
                    "code",
                    "system",
                    "reference",
                    "_id",
                    "x",
                    "resourceType",
                ]
            ),
            inner,
            max_size=3,
        )
    ),
    max_leaves=8,
)

PATIENT: Json = {
    "resourceType": "Patient",
    "id": "p1",
    "meta": {"profile": ["http://hl7.org/fhir/StructureDefinition/Patient"], "versionId": "1"},
    "text": {"status": "generated", "div": '<div xmlns="http://www.w3.org/1999/xhtml">x</div>'},
    "contained": [{"resourceType": "Organization", "id": "org", "name": "x"}],
    "extension": [
        {"url": "http://hl7.org/fhir/StructureDefinition/patient-mothersMaidenName", "valueString": "x"}
    ],
    "identifier": [{"system": "http://a", "value": "1", "period": {"start": "2020", "end": "2021"}}],
    "name": [{"family": "x", "given": ["a", "b"], "_given": [None, {"id": "x"}]}],
    "gender": "male",
    "birthDate": "2020-01-01",
    "contact": [{"name": {"text": "x"}}],
    "managingOrganization": {"reference": "#org"},
}
OBSERVATION: Json = {
    "resourceType": "Observation",
    "meta": {"profile": ["http://hl7.org/fhir/StructureDefinition/bp"]},
    "status": "final",
    "category": [
        {
            "coding": [
                {
                    "system": "http://terminology.hl7.org/CodeSystem/observation-category",
                    "code": "vital-signs",
                }
            ]
        }
    ],
    "code": {"coding": [{"system": "http://loinc.org", "code": "85354-9"}]},
    "subject": {"reference": "Patient/1"},
    "effectiveDateTime": "2020-01-01",
    "component": [
        {
            "code": {"coding": [{"system": "http://loinc.org", "code": code}]},
            "valueQuantity": {
                "value": 120,
                "unit": "mmHg",
                "system": "http://unitsofmeasure.org",
                "code": "mm[Hg]",
            },
        }
        for code in ("8480-6", "8462-4")
    ],
}
BUNDLE: Json = {
    "resourceType": "Bundle",
    "type": "transaction",
    "entry": [
        {
            "fullUrl": "urn:uuid:53fefa32-fcbb-4ff8-8a92-55ee120877b7",
            "resource": one,
            "request": {"method": "POST", "url": "x"},
        }
        for one in (PATIENT, OBSERVATION)
    ],
}


def places(value: Any, path: tuple[Any, ...] = ()) -> list[tuple[Any, ...]]:
    """Give the path of everything inside a JSON value."""
    inner = value.items() if isinstance(value, dict) else enumerate(value) if isinstance(value, list) else ()
    return [found for key, one in inner for found in [(*path, key), *places(one, (*path, key))]]


def put(record: Json, path: tuple[Any, ...], value: Any) -> Json:
    """Give a copy of `record` with another value at `path`."""
    new = copy.deepcopy(record)
    holder: Any = new
    for step in path[:-1]:
        holder = holder[step]
    holder[path[-1]] = value
    return new


@st.composite
def mutated(draw: st.DrawFn) -> Json:
    record = draw(st.sampled_from([PATIENT, OBSERVATION, BUNDLE]))
    for _ in range(draw(st.integers(1, 3))):
        paths = places(record)
        if not paths:
            break
        record = put(record, draw(st.sampled_from(paths)), draw(_json))
    return record


def test_the_records_are_faultless_before_they_are_broken():
    assert not [
        one for record in (PATIENT, OBSERVATION) for one in validate(record) if one.severity == "error"
    ]


@settings(max_examples=400, deadline=None)
@given(mutated())
def test_broken_records_never_break_validation(record: Json):
    for one in validate(record):
        assert one.text("en")
        assert one.text("zh")
        assert one.severity in {"error", "warning", "information"}
        json.dumps(one.location)


@settings(max_examples=300, deadline=None)
@given(_json)
def test_any_json_is_judged(value: Any):
    assert [one for one in validate(value) if one.severity == "error"]


@settings(max_examples=200, deadline=None)
@given(st.sampled_from(sorted(resource_types())), st.data())
def test_a_missing_required_element_is_always_found(name: str, data: st.DataObject):
    required = [one for one in type_model()[name].elements.values() if one.min > 0]
    given_ = (
        data.draw(st.lists(st.sampled_from(required), unique_by=lambda one: one.name)) if required else []
    )
    record = {"resourceType": name, **{_key(one): _value(one) for one in given_}}
    missing = {one.name for one in required} - {one.name for one in given_}
    reported = {
        str(one.params["name"]).removesuffix("[x]")
        for one in validate(record)
        if one.rule == "cardinality-min" and one.location == name
    }
    assert reported == missing


def _key(element: Any) -> str:
    kind = element.types[0]
    return element.name + kind[0].upper() + kind[1:] if element.choice else element.name


def _value(element: Any) -> Any:
    value = {"extension": [{"url": "http://a", "valueCode": "x"}]}
    return [value] if element.many else value


@settings(max_examples=200, deadline=None)
@given(st.sampled_from(sorted(resource_types())), st.text(min_size=1, max_size=8))
def test_an_unknown_element_is_always_found(name: str, key: str):
    if key in type_model()[name].elements or key == "resourceType":
        return
    found = {(one.rule, one.location) for one in validate({"resourceType": name, key: "x"})}
    assert any(rule == "unknown-element" for rule, _ in found)
