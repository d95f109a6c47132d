"""The table as FHIR resources."""

import pytest

from xinglin.core.exact_json import Json
from xinglin.standards.labitems import items
from xinglin.standards.labitems.fhir import code_system, concept_map, resources
from xinglin.standards.validation import validator


@pytest.mark.parametrize("resource", list(resources()), ids=lambda one: one["resourceType"])
def test_is_valid(resource: Json) -> None:
    assert not [f for f in validator().validate(resource) if f.severity == "error"]


def test_every_item_is_there() -> None:
    assert [one["code"] for one in code_system()["concept"]] == [item.code for item in items()]


def test_only_codes_that_were_looked_up_are_mapped() -> None:
    mapped = {one["target"][0]["code"] for one in concept_map()["group"][0]["element"]}
    assert mapped == {item.loinc for item in items() if item.loinc_confidence == "read"}
    assert len(mapped) > 150
