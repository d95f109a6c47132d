"""What validation says about small records: a record in, the findings out.

Each case changes a faultless record at one place. Findings are (severity, location, rule); warnings of the
best practice dom-6 (a record should have a narrative) are left out.
"""

import copy
from decimal import Decimal
from typing import Any

import pytest

from xinglin.standards.validation import validate

Json = dict[str, Any]
Expected = set[tuple[str, str, str]]

PATIENT: Json = {
    "resourceType": "Patient",
    "id": "p1",
    "name": [{"family": "王", "given": ["小", "明"]}],
    "gender": "female",
    "birthDate": "1980-02-29",
    "contact": [{"name": {"text": "王母"}}],
}
OBSERVATION: Json = {
    "resourceType": "Observation",
    "status": "final",
    "code": {"coding": [{"system": "http://loinc.org", "code": "8480-6"}]},
    "subject": {"reference": "Patient/p1"},
    "valueQuantity": {"value": 120, "unit": "mmHg", "system": "http://unitsofmeasure.org", "code": "mm[Hg]"},
}


def found(record: Any, **options: Any) -> Expected:
    return {(f.severity, f.location, f.rule) for f in validate(record, **options) if f.rule != "dom-6"}


def changed(record: Json, **changes: Any) -> Json:
    new = copy.deepcopy(record)
    for key, value in changes.items():
        if value is ...:
            del new[key]
        else:
            new[key] = value
    return new


@pytest.mark.parametrize("record", [PATIENT, OBSERVATION])
def test_faultless(record: Json):
    assert found(record) == set()


ABSENT: Json = {
    "url": "http://hl7.org/fhir/StructureDefinition/data-absent-reason",
    "valueCode": "unknown",
}
SHAPES: list[tuple[Json, Expected]] = [
    ({"name": []}, {("error", "Patient.name", "empty")}),
    ({"name": [{}]}, {("error", "Patient.name[0]", "empty")}),
    ({"name": [{"id": "x"}]}, {("error", "Patient.name[0]", "empty")}),
    ({"name": {"family": "王"}}, {("error", "Patient.name", "array")}),
    ({"name": ["王"]}, {("error", "Patient.name[0]", "type")}),
    ({"name": None}, {("error", "Patient.name", "null")}),
    ({"name": [None]}, {("error", "Patient.name[0]", "null")}),
    ({"name": [{"given": [None]}]}, {("error", "Patient.name[0].given[0]", "null")}),
    (
        {"name": [{"given": [None], "_given": [{"id": "a"}]}]},
        {("error", "Patient.name[0].given[0]", "empty")},
    ),
    ({"name": [{"given": ["小", None], "_given": [None, {"extension": [ABSENT]}]}]}, set()),
    ({"name": [{"_given": [None]}]}, {("error", "Patient.name[0].given[0]", "null")}),
    ({"name": [{"family": ["王"]}]}, {("error", "Patient.name[0].family", "not-array")}),
    ({"name": [{"family": ""}]}, {("error", "Patient.name[0].family", "empty")}),
    ({"name": [{"family": 1}]}, {("error", "Patient.name[0].family", "type")}),
    ({"name": [{"famly": "王"}]}, {("error", "Patient.name[0].famly", "unknown-element")}),
    ({"_name": [{}]}, {("error", "Patient._name", "unknown-element")}),
    ({"fhir_comments": ["x"]}, {("error", "Patient.fhir_comments", "unknown-element")}),
    ({"maritalStatus": [{"text": "未婚"}]}, {("error", "Patient.maritalStatus", "not-array")}),
    ({"active": "true"}, {("error", "Patient.active", "type")}),
    ({"active": 1}, {("error", "Patient.active", "type")}),
    ({"birthDate": ..., "_birthDate": {"extension": [ABSENT]}}, set()),
    ({"_birthDate": {}}, {("error", "Patient.birthDate", "empty")}),
    ({"_birthDate": [{}]}, {("error", "Patient.birthDate", "not-array")}),
    ({"_birthDate": {"value": "x"}}, {("error", "Patient.birthDate.value", "unknown-element")}),
    ({"deceasedBoolean": False, "deceasedDateTime": "2020"}, {("error", "Patient", "choice")}),
    ({"deceasedBoolean": False, "_deceasedBoolean": {"extension": [ABSENT]}}, set()),
    ({"deceasedString": "no"}, {("error", "Patient.deceasedString", "unknown-element")}),
    ({"deceased": False}, {("error", "Patient.deceased", "unknown-element")}),
    ({"link": [{"other": {"reference": "Patient/2"}}]}, {("error", "Patient.link[0]", "cardinality-min")}),
    ({"contact": [{"gender": "male"}]}, {("error", "Patient.contact[0]", "pat-1")}),
    ({"gender": "F"}, {("error", "Patient.gender", "binding-required")}),
    ({"gender": ["female"]}, {("error", "Patient.gender", "not-array")}),
]


@pytest.mark.parametrize(("changes", "expected"), SHAPES)
def test_shapes(changes: Json, expected: Expected):
    assert found(changed(PATIENT, **changes)) == expected


@pytest.mark.parametrize(
    ("record", "expected"),
    [
        ([], {("error", "$this", "type")}),
        (None, {("error", "$this", "type")}),
        ({}, {("error", "$this", "resource-type")}),
        ({"resourceType": "Pateint"}, {("error", "Pateint", "resource-type")}),
        ({"resourceType": "DomainResource"}, {("error", "DomainResource", "resource-type")}),
        ({"resourceType": ["Patient"]}, {("error", "$this", "resource-type")}),
        ({"resourceType": "Patient"}, set()),
    ],
)
def test_what_is_no_record(record: Any, expected: Expected):
    assert found(record) == expected


FORMATS: list[tuple[str, list[Any], list[Any]]] = [
    ("boolean", [True, False], ["true", 1, 0]),
    ("integer", [0, -5, 2147483647], [2147483648, Decimal("1.0"), "1", True]),
    ("positiveInt", [1], [0, -1]),
    ("unsignedInt", [0], [-1]),
    ("decimal", [1, Decimal("1.10"), Decimal("-1e10")], ["1.0", True]),
    ("string", ["a", " a", "a\nb"], ["", "a\x00", 1]),
    ("markdown", ["# a"], [""]),
    ("code", ["a", "a b"], [" a", "a ", "a  b", ""]),
    ("id", ["a-1.B", "x" * 64], ["a_b", "x" * 65, "a b"]),
    (
        "uri",
        ["http://a/b", "urn:uuid:53fefa32-fcbb-4ff8-8a92-55ee120877b7", "x"],
        ["a b", "urn:uuid:1", "urn:oid:x"],
    ),
    ("url", ["http://a"], ["http://a b"]),
    ("canonical", ["http://a|1"], [" http://a"]),
    ("oid", ["urn:oid:1.2.3"], ["1.2.3", "urn:oid:3.2", "urn:oid:1.02"]),
    (
        "uuid",
        ["urn:uuid:53fefa32-fcbb-4ff8-8a92-55ee120877b7"],
        ["urn:uuid:53FEFA32-fcbb-4ff8-8a92-55ee120877b7"],
    ),
    ("base64Binary", ["YWI=", "YW Jj"], ["YWI", "Y*==", "="]),
    ("date", ["2020", "2020-02", "2020-02-29"], ["2019-02-29", "2020-13", "2020-1-1", "20200101", "0000"]),
    (
        "dateTime",
        ["2020", "2020-02-29T23:59:60Z", "2020-02-01T00:00:00.123+08:00"],
        [
            "2020-02-01T00:00:00",
            "2020-02-01T00:00Z",
            "2020-02-01T24:00:00Z",
            "2020-02-30",
            "2020-02-01T00:00:00+15:00",
        ],
    ),
    ("instant", ["2020-02-01T00:00:00Z"], ["2020-02-01", "2020-02-01T00:00:00", "2021-02-29T00:00:00Z"]),
    ("time", ["23:59:59", "00:00:00.5"], ["24:00:00", "23:59", "23:59:59Z"]),
]


@pytest.mark.parametrize(("kind", "good", "bad"), FORMATS, ids=[one[0] for one in FORMATS])
def test_primitive_formats(kind: str, good: list[Any], bad: list[Any]):
    key = "value" + kind[0].upper() + kind[1:]
    for value in good:
        assert found({"resourceType": "Parameters", "parameter": [{"name": "x", key: value}]}) == set(), value
    for value in bad:
        errors = found({"resourceType": "Parameters", "parameter": [{"name": "x", key: value}]})
        assert {one[0] for one in errors} == {"error"}, value
        assert {one[1] for one in errors} == {f"Parameters.parameter[0].value.ofType({kind})"}, value


CODES: list[tuple[Json, Expected]] = [
    ({"status": "finished"}, {("error", "Observation.status", "binding-required")}),
    ({"status": ...}, {("error", "Observation", "cardinality-min")}),
    ({"code": {"text": "BP"}}, set()),
    ({"code": {"coding": [{"code": "x"}]}}, {("warning", "Observation.code.coding[0]", "system-missing")}),
    (
        {"code": {"coding": [{"system": "loinc", "code": "x"}]}},
        {("error", "Observation.code.coding[0].system", "system-relative")},
    ),
    (
        {"code": {"coding": [{"system": "http://hl7.org/fhir/ValueSet/observation-codes", "code": "x"}]}},
        {("error", "Observation.code.coding[0].system", "system-is-value-set")},
    ),
    (
        {"code": {"coding": [{"system": "http://hl7.org/fhir/observation-status", "code": "done"}]}},
        {("error", "Observation.code.coding[0].code", "code-unknown")},
    ),
    (
        {
            "code": {
                "coding": [
                    {"system": "http://hl7.org/fhir/observation-status", "code": "final", "display": "No"}
                ]
            }
        },
        {("warning", "Observation.code.coding[0].display", "code-display")},
    ),
    (
        {"interpretation": [{"coding": [{"system": "http://example.org/i", "code": "H"}]}]},
        {("warning", "Observation.interpretation[0]", "binding-extensible")},
    ),
    (
        {"valueQuantity": {"value": 1, "system": "http://unitsofmeasure.org", "code": "mmHg"}},
        {("warning", "Observation.value.ofType(Quantity).code", "unit")},
    ),
    (
        {"valueQuantity": {"value": 1, "code": "mm[Hg]"}},
        {("error", "Observation.value.ofType(Quantity)", "qty-3")},
    ),
    ({"language": "zh-CN"}, set()),
    ({"language": "chinese!"}, {("error", "Observation.language", "binding-max")}),
    (
        {"identifier": [{"system": "abc", "value": "1"}]},
        {("error", "Observation.identifier[0].system", "system-relative")},
    ),
    (
        {"identifier": [{"system": "urn:ietf:rfc:3986", "value": "1"}]},
        {("warning", "Observation.identifier[0].value", "identifier-uri")},
    ),
]


@pytest.mark.parametrize(("changes", "expected"), CODES)
def test_codes(changes: Json, expected: Expected):
    ignored = {"binding-preferred", "binding-unchecked"}
    assert {one for one in found(changed(OBSERVATION, **changes)) if one[2] not in ignored} >= expected
    if not any(one[0] == "error" for one in expected):
        assert not [one for one in found(changed(OBSERVATION, **changes)) if one[0] == "error"]


REFERENCES: list[tuple[Json, Expected]] = [
    ({"reference": "Organization/1"}, {("error", "Observation.subject", "reference-target")}),
    (
        {"reference": "http://example.org/fhir/Organization/1"},
        {("error", "Observation.subject", "reference-target")},
    ),
    ({"reference": "http://example.org/anything"}, set()),
    ({"reference": "urn:uuid:53fefa32-fcbb-4ff8-8a92-55ee120877b7"}, set()),
    ({"reference": "Patient/1", "type": "Group"}, {("error", "Observation.subject", "reference-type")}),
    ({"reference": "Patient/1/_history/2"}, set()),
    ({"reference": "patient-1"}, {("warning", "Observation.subject", "reference-format")}),
    ({"reference": "#gone"}, {("error", "Observation.subject.reference", "reference-contained")}),
    ({"display": "somebody"}, set()),
    ({"reference": ""}, {("error", "Observation.subject.reference", "empty")}),
]


@pytest.mark.parametrize(("subject", "expected"), REFERENCES)
def test_references(subject: Json, expected: Expected):
    got = found(changed(OBSERVATION, subject=subject))
    assert {
        (s, at.removesuffix(".reference") if rule == "reference-format" else at, rule) for s, at, rule in got
    } == (expected)


INNER = {"resourceType": "Patient", "id": "in", "name": [{"text": "x"}]}
HASH = {"reference": "#in"}


@pytest.mark.parametrize(
    ("contained", "expected"),
    [
        ([INNER], set()),
        ([{**INNER, "id": "other"}], {"dom-3", "reference-contained"}),
        ([changed(INNER, id=...)], {"contained-id", "reference-contained"}),
        ([INNER, {**INNER, "gender": "male"}], {"contained-duplicate"}),
        ([{**INNER, "contained": [{"resourceType": "Group", "id": "g"}]}], {"dom-2"}),
        ([{**INNER, "meta": {"versionId": "1"}}], {"dom-4"}),
        ([{**INNER, "meta": {"security": [{"code": "R", "system": "http://a"}]}}], {"dom-5"}),
        ([{**INNER, "resourceType": "Organization"}], {"reference-target"}),
        ([{**INNER, "gender": "x"}], {"binding-required"}),
    ],
)
def test_contained(contained: list[Json], expected: set[str]):
    got = found(changed(OBSERVATION, contained=contained, subject=HASH))
    assert {rule for severity, _, rule in got if severity == "error"} >= expected
    assert bool(expected) == any(severity == "error" for severity, _, _ in got)


DIV = '<div xmlns="http://www.w3.org/1999/xhtml">{}</div>'


@pytest.mark.parametrize(
    ("div", "expected"),
    [
        (DIV.format("<p style='a'>x &#160; <b>y</b><br/></p>"), set()),
        (DIV.format("x &nbsp; y"), {"narrative-entity"}),
        (DIV.format("<img src='#a' alt='b'/>"), set()),
        (DIV.format("<script>x</script>"), {"txt-1"}),
        (DIV.format("<p onclick='x'>y</p>"), {"txt-1"}),
        (DIV.format("<form>y</form>"), {"txt-1"}),
        (DIV.format("<a href='javascript:x'>y</a>"), {"narrative"}),
        (DIV.format("  <!-- x --> "), {"txt-2"}),
        (DIV.format("<p>x"), {"narrative"}),
        (DIV.format("&unknown;"), {"narrative"}),
        ("<div>x</div>", {"narrative"}),
        ("x", {"narrative"}),
        ('<!DOCTYPE d [<!ENTITY e "x">]>' + DIV.format("&e;x"), {"narrative", "txt-2"}),
    ],
)
def test_narrative(div: str, expected: set[str]):
    got = found(changed(PATIENT, text={"status": "generated", "div": div}))
    assert {rule for _, _, rule in got} == expected


EXTENSIONS: list[tuple[Json, Expected]] = [
    ({"url": "http://example.org/x", "valueString": "a"}, {("information", "", "extension-unknown")}),
    ({"url": "x", "valueString": "a"}, {("error", "", "extension-url")}),
    ({"valueString": "a"}, {("error", "", "cardinality-min")}),
    ({"url": "http://example.org/x"}, {("information", "", "extension-unknown"), ("error", "", "ext-1")}),
    (
        {"url": "http://example.org/x", "valueString": "a", "extension": [{"url": "y", "valueCode": "b"}]},
        {("information", "", "extension-unknown"), ("error", "", "ext-1")},
    ),
    (
        {"url": "http://hl7.org/fhir/StructureDefinition/patient-nothing", "valueCode": "a"},
        {("error", "", "extension-not-defined")},
    ),
    (
        {"url": "http://hl7.org/fhir/StructureDefinition/patient-mothersMaidenName", "valueString": "李"},
        set(),
    ),
    (
        {"url": "http://hl7.org/fhir/StructureDefinition/patient-mothersMaidenName", "valueInteger": 1},
        {("error", ".valueInteger", "unknown-element"), ("error", "", "cardinality-min")},
    ),
    (
        {"url": "http://hl7.org/fhir/StructureDefinition/iso21090-EN-use", "valueCode": "PHON"},
        {("error", "", "extension-context")},
    ),
    (
        {"url": "http://hl7.org/fhir/StructureDefinition/observation-v2-subid", "valueInteger": 1},
        {("error", "", "extension-not-defined")},
    ),
]


@pytest.mark.parametrize(("extension", "expected"), EXTENSIONS)
def test_extensions(extension: Json, expected: Expected):
    got = found(changed(PATIENT, extension=[extension]))
    assert got == {(severity, "Patient.extension[0]" + below, rule) for severity, below, rule in expected}


def test_modifier_extensions():
    unknown = {"url": "http://example.org/not", "valueBoolean": True}
    assert found(changed(PATIENT, modifierExtension=[unknown])) == {
        ("warning", "Patient.modifierExtension[0]", "extension-modifier-unknown")
    }
    plain = {"url": "http://hl7.org/fhir/StructureDefinition/patient-mothersMaidenName", "valueString": "李"}
    assert found(changed(PATIENT, modifierExtension=[plain])) == {
        ("error", "Patient.modifierExtension[0]", "extension-modifier")
    }


def bundle(kind: str, *entries: Json, **more: Any) -> Json:
    return {"resourceType": "Bundle", "type": kind, "entry": list(entries), **more}


URN = "urn:uuid:53fefa32-fcbb-4ff8-8a92-55ee120877b7"
POST = {"method": "POST", "url": "Patient"}
COMPOSITION: Json = {
    "resourceType": "Composition",
    "status": "final",
    "type": {"text": "note"},
    "subject": {"reference": "Patient/p1"},
    "date": "2020",
    "author": [{"display": "x"}],
    "title": "t",
}
DOCUMENT: Json = {"identifier": {"system": "http://a", "value": "1"}, "timestamp": "2020-01-01T00:00:00Z"}
HOME = {"fullUrl": "http://a/fhir/Patient/p1", "resource": PATIENT}
AT = "http://a/fhir/Composition/c"


@pytest.mark.parametrize(
    ("record", "expected"),
    [
        (
            bundle("transaction", {"fullUrl": URN, "resource": changed(PATIENT, id=...), "request": POST}),
            set(),
        ),
        (bundle("transaction", {"resource": PATIENT, "request": POST}), set()),
        (bundle("transaction", {"resource": PATIENT}), {"bdl-3"}),
        (bundle("collection", {"resource": PATIENT}), {"bundle-full-url"}),
        (bundle("collection", HOME), set()),
        (bundle("collection", HOME, HOME), {"bdl-7"}),
        (bundle("collection", {**HOME, "fullUrl": "http://a/fhir/Patient/p2"}), {"bundle-full-url-id"}),
        (bundle("collection", {**HOME, "fullUrl": "Patient/p1"}), {"bundle-full-url-relative"}),
        (
            bundle("collection", {**HOME, "fullUrl": "http://a/Patient/p1/_history/1"}),
            {"bdl-8", "bundle-full-url-id"},
        ),
        (bundle("collection", {"fullUrl": URN}), {"bdl-5"}),
        (bundle("nonsense"), {"binding-required", "empty"}),
        (
            bundle(
                "transaction",
                {
                    "resource": changed(OBSERVATION, subject={"reference": URN}),
                    "request": {**POST, "url": "Observation"},
                },
            ),
            {"reference-bundle"},
        ),
        (bundle("document", HOME, **DOCUMENT), {"bdl-11", "bundle-first"}),
        (bundle("document", {"fullUrl": AT, "resource": COMPOSITION}, HOME, **DOCUMENT), set()),
        (bundle("document", {"fullUrl": AT, "resource": COMPOSITION}, **DOCUMENT), {"reference-bundle"}),
        (bundle("document", {"fullUrl": AT, "resource": COMPOSITION}, HOME), {"bdl-9", "bdl-10"}),
        (bundle("collection", {**HOME, "resource": {"resourceType": "Nothing"}}), {"resource-type"}),
    ],
)
def test_bundles(record: Json, expected: set[str]):
    assert {rule for severity, _, rule in found(record) if severity == "error"} == expected


def test_periods_of_different_precision_are_compared_as_ranges():
    def period(start: str, end: str) -> Expected:
        return found(changed(PATIENT, name=[{"text": "x", "period": {"start": start, "end": end}}]))

    assert period("2012", "2012-05") == set()
    assert period("2012-05-06", "2012-05-06T10:00:00Z") == set()
    assert period("2012-05-06T10:00:00+08:00", "2012-05-06T03:00:00Z") == set()
    assert period("2013", "2012-05") == {("error", "Patient.name[0].period", "per-1")}
    assert period("2012-05-06T10:00:00Z", "2012-05-06T09:00:00Z") == {
        ("error", "Patient.name[0].period", "per-1")
    }


def test_profiles():
    vital = "http://hl7.org/fhir/StructureDefinition/bp"
    claims = changed(OBSERVATION, meta={"profile": [vital]})
    rules = {rule for severity, _, rule in found(claims) if severity == "error"}
    assert {"slice-min", "cardinality-min", "cardinality-max"} & rules
    assert found(OBSERVATION, profiles=[vital]) == {
        one for one in found(claims) if one[1] != "Observation.meta.profile[0]"
    }
    assert found(PATIENT, profiles=[vital]) == {("error", "Patient", "profile-type")}
    assert found(PATIENT, profiles=["http://example.org/x"]) == {
        ("information", "Patient", "profile-unknown")
    }
