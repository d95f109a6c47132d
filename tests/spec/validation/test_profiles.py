"""What profiles ask, told as differentials: a small profile and a record in, the errors out."""

import io
import json
import tarfile
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from xinglin.standards.definitions import Definitions, package_add, r4
from xinglin.standards.validation import validate

Json = dict[str, Any]
Check = Callable[[list[Json], Json], set[tuple[str, str]]]
URL = "http://example.org/fhir/StructureDefinition/test"


def element(identity: str, **more: Any) -> Json:
    path = ".".join(part.partition(":")[0] for part in identity.split("."))
    name = identity.rpartition(".")[2].partition(":")[2]
    return {"id": identity, "path": path, **({"sliceName": name} if name else {}), **more}


def profile(differential: list[Json], base: str = "Observation", url: str = URL) -> Json:
    return {
        "resourceType": "StructureDefinition",
        "url": url,
        "name": "Test",
        "status": "draft",
        "kind": "complex-type" if base == "Extension" else "resource",
        "abstract": False,
        "type": base,
        "baseDefinition": f"http://hl7.org/fhir/StructureDefinition/{base}",
        "derivation": "constraint",
        "context": [{"type": "element", "expression": "Observation"}],
        "differential": {"element": differential},
    }


def install(folder: Path, *resources: Json) -> Definitions:
    manifest = {"name": "test", "version": "1.0.0", "fhirVersions": ["4.0.1"]}
    source = folder / "test.tgz"
    with tarfile.open(source, "w:gz") as archive:
        for index, content in enumerate([manifest, *resources]):
            data = json.dumps(content).encode()
            member = tarfile.TarInfo("package/package.json" if index == 0 else f"package/{index}.json")
            member.size = len(data)
            archive.addfile(member, io.BytesIO(data))
    return r4().with_packages([package_add(source, folder / "packages").path])


@pytest.fixture
def check(tmp_path: Path) -> Check:
    def errors(differential: list[Json], record: Json) -> set[tuple[str, str]]:
        definitions = install(tmp_path, profile(differential))
        found = validate(record, profiles=[URL], definitions=definitions)
        assert not {one.rule for one in found} & {"profile-unknown", "profile-unusable"}
        return {(one.location, one.rule) for one in found if one.severity == "error"}

    return errors


def coding(code: str, system: str = "http://loinc.org") -> Json:
    return {"coding": [{"system": system, "code": code}]}


def observation(**more: Any) -> Json:
    return {"resourceType": "Observation", "status": "final", "code": coding("1-8"), **more}


def parts(*codes: str) -> list[Json]:
    return [{"code": coding(code), "valueString": "x"} for code in codes]


def test_cardinality_is_narrowed(check: Check):
    differential = [element("Observation.subject", min=1), element("Observation.note", max="1")]
    assert check(differential, observation()) == {("Observation", "cardinality-min")}
    two = [{"text": "a"}, {"text": "b"}]
    assert check(differential, observation(subject={"display": "x"}, note=two)) == {
        ("Observation.note", "cardinality-max")
    }


def test_an_element_is_ruled_out(check: Check):
    assert check([element("Observation.method", max="0")], observation(method={"text": "x"})) == {
        ("Observation.method", "cardinality-max")
    }


def test_fixed_values_are_exact_and_patterns_are_contained(check: Check):
    wanted = coding("1-8")
    more = {"coding": [{"system": "http://loinc.org", "code": "1-8", "display": "x"}], "text": "y"}
    fixed, pattern = (
        [element("Observation.code", **{key: wanted})]
        for key in ("fixedCodeableConcept", "patternCodeableConcept")
    )
    assert check(fixed, observation()) == set()
    assert check(fixed, observation(code=more)) == {("Observation.code", "fixed")}
    assert check(pattern, observation(code=more)) == set()
    assert check(pattern, observation(code=coding("2-6"))) == {("Observation.code", "pattern")}
    assert check([element("Observation.status", fixedCode="final")], observation(status="amended")) == {
        ("Observation.status", "fixed")
    }


def test_values_have_bounds_and_lengths(check: Check):
    differential = [
        element("Observation.valueInteger", minValueInteger=1, maxValueInteger=10),
    ]
    assert check(differential, observation(valueInteger=5)) == set()
    assert check(differential, observation(valueInteger=11)) == {
        ("Observation.value.ofType(integer)", "range")
    }
    assert check([element("Observation.valueString", maxLength=3)], observation(valueString="four")) == {
        ("Observation.value.ofType(string)", "length")
    }


def test_a_choice_is_narrowed_to_types(check: Check):
    differential = [element("Observation.value[x]", min=1, type=[{"code": "string"}, {"code": "Quantity"}])]
    assert check(differential, observation(valueString="x")) == set()
    assert check(differential, observation(valueBoolean=True)) == {
        ("Observation.valueBoolean", "unknown-element"),
        ("Observation", "cardinality-min"),
    }


def test_parts_of_data_types_are_constrained(check: Check):
    differential = [element("Observation.valueQuantity.unit", min=1), element("Observation.code.text", min=1)]
    assert check(differential, observation(code={"text": "x"}, valueQuantity={"value": 1})) == {
        ("Observation.value.ofType(Quantity)", "cardinality-min")
    }


def test_bindings_of_the_package_are_used(tmp_path: Path):
    codes = {
        "resourceType": "CodeSystem",
        "url": "http://example.org/codes",
        "name": "Codes",
        "status": "active",
        "content": "complete",
        "concept": [{"code": "a", "concept": [{"code": "a1"}]}, {"code": "b"}],
    }
    some = {
        "resourceType": "ValueSet",
        "url": "http://example.org/some",
        "name": "Some",
        "status": "active",
        "compose": {
            "include": [
                {
                    "system": "http://example.org/codes",
                    "filter": [{"property": "concept", "op": "is-a", "value": "a"}],
                }
            ]
        },
    }
    differential = [
        element("Observation.method", binding={"strength": "required", "valueSet": "http://example.org/some"})
    ]
    definitions = install(tmp_path, codes, some, profile(differential))

    def rules(code: str) -> set[str]:
        record = observation(method=coding(code, "http://example.org/codes"))
        found = validate(record, profiles=[URL], definitions=definitions)
        return {one.rule for one in found if one.severity == "error"}

    assert rules("a1") == set()
    assert rules("b") == {"binding-required"}
    assert rules("c") == {"binding-required"}


def slicing(kind: str, path: str, rules: str = "open", **more: Any) -> Json:
    return {"discriminator": [{"type": kind, "path": path}], "rules": rules, **more}


def by_code(kind: str = "pattern", rules: str = "open", **more: Any) -> list[Json]:
    return [
        element("Observation.component", slicing=slicing(kind, "code", rules, **more)),
        element("Observation.component:sys", min=1, max="1"),
        element("Observation.component:sys.code", patternCodeableConcept=coding("8480-6")),
        element("Observation.component:dia", max="1"),
        element("Observation.component:dia.code", patternCodeableConcept=coding("8462-4")),
        element("Observation.component:dia.interpretation", min=1),
    ]


def test_slices_by_pattern(check: Check):
    assert check(by_code(), observation(component=parts("8480-6", "9-9"))) == set()
    assert check(by_code(), observation(component=parts("9-9"))) == {("Observation.component", "slice-min")}
    assert check(by_code(), observation()) == {("Observation", "cardinality-min")}
    assert check(by_code(), observation(component=parts("8480-6", "8480-6"))) == {
        ("Observation.component", "slice-max")
    }
    assert check(by_code(), observation(component=parts("8480-6", "8462-4"))) == {
        ("Observation.component[1]", "cardinality-min")
    }


def test_closed_and_ordered_slices(check: Check):
    assert check(by_code(rules="closed"), observation(component=parts("8480-6", "9-9"))) == {
        ("Observation.component[1]", "slice-closed")
    }
    swapped = parts("8462-4", "8480-6")
    swapped[0]["interpretation"] = [{"text": "x"}]
    assert check(by_code(), observation(component=swapped)) == set()
    assert check(by_code(ordered=True), observation(component=swapped)) == {
        ("Observation.component[1]", "slice-order")
    }


def test_slices_by_value_of_a_part(check: Check):
    differential = [
        element("Observation.identifier", slicing=slicing("value", "system")),
        element("Observation.identifier:mine", min=1),
        element("Observation.identifier:mine.system", fixedUri="http://a"),
        element("Observation.identifier:mine.value", min=1),
    ]
    assert check(differential, observation(identifier=[{"system": "http://a", "value": "1"}])) == set()
    assert check(differential, observation(identifier=[{"system": "http://a"}])) == {
        ("Observation.identifier[0]", "cardinality-min")
    }
    assert check(differential, observation(identifier=[{"system": "http://b"}])) == {
        ("Observation.identifier", "slice-min")
    }


def test_slices_by_existence(check: Check):
    differential = [
        element("Observation.component", slicing=slicing("exists", "interpretation")),
        element("Observation.component:judged", max="1"),
        element("Observation.component:judged.interpretation", min=1),
        element("Observation.component:other"),
        element("Observation.component:other.interpretation", max="0"),
        element("Observation.component:other.dataAbsentReason", min=1),
    ]
    judged = {**parts("1-8")[0], "interpretation": [{"text": "x"}]}
    assert check(differential, observation(component=[judged])) == set()
    assert check(differential, observation(component=parts("1-8"))) == {
        ("Observation.component[0]", "cardinality-min")
    }


def test_slices_by_profile_and_type_of_what_is_contained(check: Check):
    differential = [
        element("Observation.performer", slicing=slicing("type", "resolve()")),
        element(
            "Observation.performer:person",
            min=1,
            type=[
                {
                    "code": "Reference",
                    "targetProfile": ["http://hl7.org/fhir/StructureDefinition/Practitioner"],
                }
            ],
        ),
    ]

    def performed(kind: str) -> Json:
        return observation(
            contained=[
                {"resourceType": kind, "id": "a", "name": [{"text": "x"}] if kind == "Practitioner" else "x"}
            ],
            performer=[{"reference": "#a"}],
        )

    assert check(differential, performed("Practitioner")) == set()
    assert check(differential, performed("Organization")) == {("Observation.performer", "slice-min")}
    elsewhere = observation(performer=[{"reference": "http://a/fhir/x"}])
    assert check(differential, elsewhere) == set()


def test_required_extensions_and_their_content(tmp_path: Path):
    url = "http://example.org/fhir/StructureDefinition/ext"
    extension = profile(
        [
            element("Extension.extension", max="0"),
            element("Extension.url", fixedUri=url),
            element("Extension.value[x]", min=1, type=[{"code": "integer"}]),
        ],
        base="Extension",
        url=url,
    )
    asks = profile(
        [
            element(
                "Observation.extension:ext", min=1, max="1", type=[{"code": "Extension", "profile": [url]}]
            ),
        ]
    )
    definitions = install(tmp_path, extension, asks)

    def errors(record: Json, *profiles: str) -> set[tuple[str, str]]:
        found = validate(record, profiles=profiles, definitions=definitions)
        return {(one.location, one.rule) for one in found if one.severity == "error"}

    assert errors(observation(extension=[{"url": url, "valueInteger": 1}]), URL) == set()
    assert errors(observation(), URL) == {("Observation", "cardinality-min")}
    assert errors(observation(extension=[{"url": url, "valueString": "x"}])) == {
        ("Observation.extension[0].valueString", "unknown-element"),
        ("Observation.extension[0]", "cardinality-min"),
    }
    patient = {"resourceType": "Patient", "extension": [{"url": url, "valueInteger": 1}]}
    assert errors(patient) == {("Patient.extension[0]", "extension-context")}


def test_invariants_of_profiles(check: Check):
    rule = {"key": "t-1", "severity": "error", "human": "x", "expression": "value.exists() or note.exists()"}
    broken = {"key": "t-2", "severity": "error", "human": "x", "expression": "nothing("}
    differential = [element("Observation", constraint=[rule, broken])]
    assert check(differential, observation()) == {("Observation", "t-1")}
    assert check(differential, observation(note=[{"text": "x"}])) == set()


def test_a_malformed_profile_is_reported_not_fatal(tmp_path: Path):
    bad = {
        **profile([]),
        "snapshot": {"element": [{"id": "Observation", "path": "Observation"}, {"path": "Observation.x"}]},
    }
    definitions = install(tmp_path, bad)
    assert "profile-unusable" in {
        one.rule for one in validate(observation(), profiles=[URL], definitions=definitions)
    }
