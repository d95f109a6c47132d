"""The demo is valid FHIR R4, and its vital signs keep to the specification's profiles."""

import pytest

from xinglin.standards.validation import validate
from xinglin_demo import province

PROFILES = {
    "85354-9": "bp",
    "8867-4": "heartrate",
    "8310-5": "bodytemp",
    "9279-1": "resprate",
    "8302-2": "bodyheight",
    "29463-7": "bodyweight",
    "39156-5": "bmi",
}
NARRATIVE = "dom-6"
"""Recommends a text for people in every record; the demo's records are made to be shown by software."""


@pytest.fixture(scope="module")
def bundles():
    return list(province(people=60))


def troubles(resource, **options):
    found = validate(resource, **options)
    return [one for one in found if one.severity != "information" and one.rule != NARRATIVE]


def test_every_bundle_is_valid(bundles):
    for bundle in bundles:
        assert troubles(bundle) == []


def test_vital_signs_keep_to_their_profiles(bundles):
    seen = set()
    resources = [entry["resource"] for bundle in bundles for entry in bundle["entry"]]
    for resource in resources:
        if resource["resourceType"] != "Observation":
            continue
        code = resource["code"]["coding"][0]["code"]
        if code in PROFILES:
            url = f"http://hl7.org/fhir/StructureDefinition/{PROFILES[code]}"
            assert troubles(resource, profiles=[url]) == []
            seen.add(code)
    assert seen == set(PROFILES)
