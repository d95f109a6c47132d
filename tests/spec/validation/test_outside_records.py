"""No false refusals: records that others made, in the shared data, are found faultless where they are."""

import gzip
from collections.abc import Callable
from pathlib import Path

import pytest

from xinglin.core import exact_json
from xinglin.standards.commands_validate import check_files
from xinglin.standards.validation import validate

Shared = Callable[[str], Path]

GENUINE = {
    "codesystem-example.json": {("CodeSystem", "csd-1")},  # says the code chol-mass twice
    "explanationofbenefit-example.json": {
        ("ExplanationOfBenefit", "cardinality-min"),  # cut down to a few elements
        ("ExplanationOfBenefit.item[0]", "cardinality-min"),
        ("ExplanationOfBenefit.item[1]", "cardinality-min"),
    },
    "parameters-example-types.json": {("Parameters.parameter[2].value.ofType(uuid)", "type")},  # an object
    "patient-container-example.json": {
        ("Patient", "dom-3"),  # its reference lacks the `#`
        ("Patient.contained[0]", "org-1"),
    },
}
"""Errors that the inputs of the FHIRPath cases really have, as they were cut or changed for the cases."""


def test_fhirpath_examples(shared: Shared):
    files = sorted(shared("data/fhirpath-r4").glob("*.json"))
    assert files
    for file in files:
        found = validate(exact_json.loads(file.read_bytes()))
        errors = {(one.location, one.rule) for one in found if one.severity == "error"}
        assert errors == GENUINE.get(file.name, set()), file.name


@pytest.mark.parametrize("part", range(4))
def test_synthea_has_no_errors(shared: Shared, part: int):
    files = sorted(shared("data/synthea").glob("*.json.gz"))[part::4]
    assert files
    for checked in check_files(files):
        assert not [one for one in checked.findings if one.severity == "error"], checked.file


def test_synthea_records_one_by_one(shared: Shared):
    file = min(shared("data/synthea").glob("*.json.gz"))
    for entry in exact_json.loads(gzip.decompress(file.read_bytes()))["entry"]:
        assert not [one for one in validate(entry["resource"]) if one.severity == "error"]
