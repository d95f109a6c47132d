"""Value sets decided from what is at hand: yes, no, or not to be decided here."""

from concurrent.futures import ThreadPoolExecutor
from typing import Any

import pytest

from xinglin.standards.definitions import Definitions, r4
from xinglin.standards.validation import Finding, Validator, validate
from xinglin.standards.validation.findings import MESSAGES
from xinglin.standards.validation.terminology import Terminology

HL7 = "http://hl7.org/fhir/ValueSet/"
V3 = "http://terminology.hl7.org/CodeSystem/"


@pytest.fixture(scope="module")
def terminology() -> Terminology:
    return Terminology(r4())


@pytest.mark.parametrize(
    ("url", "system", "code", "expected"),
    [
        ("administrative-gender", "http://hl7.org/fhir/administrative-gender", "male", True),
        ("administrative-gender", None, "male", True),
        ("administrative-gender", None, "m", False),
        ("administrative-gender", "http://other", "male", False),
        ("observation-status", None, "corrected", True),  # a child concept
        ("condition-code", "http://snomed.info/sct", "386661006", None),  # not at hand
        ("marital-status", V3 + "v3-MaritalStatus", "M", True),
        ("marital-status", V3 + "v3-NullFlavor", "UNK", True),
        ("marital-status", V3 + "v3-NullFlavor", "OTH", False),  # only UNK is listed
        ("all-languages", None, "zh-CN", True),
        ("all-languages", None, "zh-yue", True),
        ("all-languages", None, "en-AUS", False),
        ("all-languages", None, "not a language", False),
        ("mimetypes", None, "text/plain; charset=utf-8", True),
        ("mimetypes", None, "text", True),
        ("mimetypes", None, "plain text", False),
        ("currencies", None, "CNY", True),
        ("currencies", None, "YUAN", False),
        ("ucum-units", "http://unitsofmeasure.org", "mg/dL", True),
        ("ucum-units", "http://unitsofmeasure.org", "milligrams", False),
        ("v3-ActCode", V3 + "v3-ActCode", "AMB", True),
        ("nothing", None, "x", None),
    ],
)
def test_membership(terminology: Terminology, url: str, system: str | None, code: str, expected: bool | None):
    prefix = "http://terminology.hl7.org/ValueSet/" if url.startswith("v3-") else HL7
    assert terminology.value_set(prefix + url)(system, code) is expected


@pytest.mark.parametrize(
    ("op", "name", "value", "inside", "outside"),
    [
        ("is-a", "concept", "amended", {"amended", "corrected"}, {"final"}),
        ("descendent-of", "concept", "amended", {"corrected"}, {"amended", "final"}),
        ("is-not-a", "concept", "amended", {"final"}, {"amended", "corrected"}),
        ("=", "display", "Final", {"final"}, {"amended"}),
        ("in", "code", "final,amended", {"final", "amended"}, {"corrected"}),
        ("not-in", "code", "final,amended", {"corrected"}, {"final"}),
        ("regex", "code", "f.*", {"final"}, {"amended"}),
        ("exists", "display", "true", {"final"}, set()),
        ("exists", "display", "false", set(), {"final"}),
    ],
)
def test_filters(
    terminology: Terminology, op: str, name: str, value: str, inside: set[str], outside: set[str]
):
    status = "http://hl7.org/fhir/observation-status"
    rule = {"property": name, "op": op, "value": value}
    contains = terminology.compile({"compose": {"include": [{"system": status, "filter": [rule]}]}})
    assert {code for code in inside | outside if contains(status, code)} == inside
    assert contains(status, "no-such-code") is False
    assert contains("http://other", "final") is False


def test_excluded_and_imported_and_undecidable(terminology: Terminology):
    status = "http://hl7.org/fhir/observation-status"

    def contains(**compose: Any) -> Any:
        return terminology.compile({"compose": compose})

    without = contains(
        include=[{"system": status}], exclude=[{"system": status, "concept": [{"code": "final"}]}]
    )
    assert (without(status, "final"), without(status, "amended")) == (False, True)
    both = contains(include=[{"system": status, "valueSet": [HL7 + "administrative-gender"]}])
    assert both(status, "final") is False
    generalizes = {"property": "concept", "op": "generalizes", "value": "corrected"}
    unknown = contains(include=[{"system": status}], exclude=[{"system": status, "filter": [generalizes]}])
    assert unknown(status, "final") is None
    assert contains(include=[{"system": "http://unknown"}])("http://unknown", "x") is None
    expansion = {"contains": [{"system": "s", "code": "a", "contains": [{"system": "s", "code": "b"}]}]}
    expanded = terminology.compile({"expansion": expansion})
    assert (expanded("s", "b"), expanded(None, "a"), expanded("s", "c")) == (True, True, False)


def test_checks_are_compiled_once_and_whole_whatever_the_number_of_threads():
    record = {
        "resourceType": "Observation",
        "status": "final",
        "code": {"text": "x"},
        "valueQuantity": {"value": 1},
    }
    for _ in range(3):
        validate_it = Validator(Definitions(r4().packs)).validate
        with ThreadPoolExecutor(8) as threads:
            answers = list(threads.map(validate_it, [record] * 32))
        assert all(answer == answers[0] for answer in answers)
        assert {one.rule for one in answers[0]} == {"dom-6"}


def test_every_finding_has_an_issue_type(terminology: Terminology):
    known = terminology.value_set(HL7 + "issue-type")
    for rule in [*MESSAGES, "pat-1", "json"]:
        for severity in ("error", "information"):
            assert known(None, Finding(severity, "Patient", rule, "x").issue), rule
    assert Finding("error", "Patient", "pat-1", "x").issue == "invariant"
    assert Finding("error", "Patient", "binding-required", "x").issue == "code-invalid"


def test_the_deepest_records_are_judged_too():
    identifier: Any = {"system": "http://a"}
    for _ in range(2000):
        identifier = {"assigner": {"identifier": identifier}}
    assert [one.rule for one in validate({"resourceType": "Patient", "identifier": [identifier]})] == [
        "depth"
    ]
