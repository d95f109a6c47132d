"""Rules written by hand say what the FHIRPath text they stand for says."""

from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from xinglin.standards.definitions import r4
from xinglin.standards.fhirpath import compile_expression
from xinglin.standards.validation.context import Context
from xinglin.standards.validation.handwritten import HANDWRITTEN
from xinglin.standards.validation.invariants import REPAIRED

Json = dict[str, Any]

_strings = st.sampled_from(["#a", "#b", "#", "Patient/1", "http://a"])
# A bare "#" counts in references and canonicals only; the hand-written rule asks no more than the text does.
_uris = st.sampled_from(["#a", "#b", "http://a"])
_references = st.fixed_dictionaries({"reference": _strings})
_metas = st.sampled_from(
    [{}, {"versionId": "1"}, {"lastUpdated": "2020-01-01T00:00:00Z"}, {"security": [{"code": "R"}]}]
)


def _patients(*, contained: st.SearchStrategy[Any] | None = None) -> st.SearchStrategy[Json]:
    optional: dict[str, Any] = {
        "id": st.sampled_from(["a", "b"]),
        "managingOrganization": _references,
        "generalPractitioner": st.lists(_references, min_size=1, max_size=2),
        "text": st.just({"status": "generated", "div": "<div>x</div>"}),
        "meta": _metas.filter(bool),
        "extension": st.lists(
            st.fixed_dictionaries({"url": st.just("http://a"), "valueUri": _uris}), min_size=1
        ),
    }
    if contained is not None:
        optional["contained"] = st.lists(contained, min_size=1, max_size=2)
    return st.fixed_dictionaries({"resourceType": st.just("Patient")}, optional=optional)


_records = _patients(contained=_patients(contained=_patients()))
_extensions = st.fixed_dictionaries(
    {"url": st.just("http://a")},
    optional={
        "valueString": st.just("x"),
        "_valueString": st.just({"id": "x"}),
        "valueQuantity": st.just({"value": 1}),
        "extension": st.just([{"url": "b", "valueCode": "c"}]),
    },
)
# Of one precision, so that FHIRPath can compare them; the hand-written rule compares the others too.
_moments = st.datetimes().map(lambda one: one.strftime("%Y-%m-%dT%H:%M:%SZ").rjust(20, "0"))
_periods = st.fixed_dictionaries({}, optional={"start": _moments, "end": _moments})


def _agrees(expression: str, type_name: str, value: Json) -> None:
    text = compile_expression(expression, type_name=type_name)
    assert HANDWRITTEN[expression](value, Context(value)) == text.truth(value, resource=value, root=value), (
        value
    )


@pytest.mark.parametrize("expression", [one for one in HANDWRITTEN if "contained" in one or "div" in one])
@given(record=_records)
def test_rules_of_records(expression: str, record: Json):
    _agrees(expression, "Patient", record)


@given(extension=_extensions)
def test_extension_has_either_value_or_extensions(extension: Json):
    _agrees("extension.exists() != value.exists()", "Extension", extension)


@given(period=_periods)
def test_period_in_order(period: Json):
    (expression,) = (one for one in HANDWRITTEN if "start" in one)
    _agrees(expression, "Period", period)


def test_every_rule_stands_for_one_of_the_specification():
    stated = {
        constraint["expression"]
        for url in r4().urls("StructureDefinition")
        for element in (r4().structure(url) or {}).get("snapshot", {}).get("element", ())
        for constraint in element.get("constraint", ())
    }
    assert HANDWRITTEN.keys() <= stated
    assert REPAIRED.keys() <= stated
