"""The R4 definitions: complete, quick to open, decoded on demand."""

import subprocess
import sys

import pytest

from xinglin.standards import definitions
from xinglin.standards.definitions import r4


def test_counts_are_those_of_the_specification():
    assert len(definitions.resource_types()) == 146
    assert "Patient" in definitions.resource_types()
    assert "DomainResource" not in definitions.resource_types()
    assert len(list(r4().urls("StructureDefinition"))) == 653
    assert len(definitions.search_parameters()) > 1370


def test_the_pack_is_small_and_opens_quickly():
    code = (
        "import time, resource; import msgspec, zstandard, xinglin.core.exact_json\n"
        "before = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss\n"
        "start = time.process_time()\n"
        "from xinglin.standards import definitions\n"
        "definitions.type_model()['Patient']\n"
        "print(time.process_time() - start, resource.getrusage(resource.RUSAGE_SELF).ru_maxrss - before)"
    )
    out = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True).stdout
    seconds, kilobytes = map(float, out.split())
    assert seconds < 0.3
    assert kilobytes < 20_000
    assert r4().packs[0].path.stat().st_size < 8_000_000


def test_types_know_inherited_backbone_choice_and_referenced_elements():
    model = definitions.type_model()
    observation = model["Observation"].elements
    assert observation["id"].types == ("id",)
    assert observation["value"].choice
    assert "Quantity" in observation["value"].types
    assert observation["component"].types == ("Observation.component",)
    assert observation["component"].many
    assert model["Observation.component"].elements["referenceRange"].types == ("Observation.referenceRange",)
    assert model["Questionnaire.item"].elements["item"].types == ("Questionnaire.item",)
    assert observation["status"].min == 1
    assert observation["subject"].targets == ("Patient", "Group", "Device", "Location")
    assert model["Extension"].elements["url"].types == ("uri",)
    assert model["string"].elements["value"].types == ("System.String",)
    assert model["string"].kind == "primitive"
    assert "Nonsense" not in model


@pytest.mark.parametrize(
    ("name", "base", "expected"),
    [
        ("Patient", "DomainResource", True),
        ("Bundle", "DomainResource", False),
        ("Age", "Quantity", True),
        ("code", "string", True),
        ("positiveInt", "integer", True),
        ("Observation.component", "BackboneElement", True),
        ("Timing.repeat", "Element", True),
        ("Timing.repeat", "BackboneElement", False),
        ("Nonsense", "Element", False),
    ],
)
def test_subtypes(name: str, base: str, expected: bool):
    assert definitions.is_subtype(name, base) is expected


def test_every_named_type_exists():
    model = definitions.type_model()
    for info in model.values():
        for element in info.elements.values():
            for name in element.types:
                assert name in model or name.startswith("System."), (info.name, element.name)


def test_lookups_by_canonical_and_version():
    assert definitions.structure("Patient") is definitions.structure(
        "http://hl7.org/fhir/StructureDefinition/Patient|4.0.1"
    )
    assert definitions.structure("http://hl7.org/fhir/StructureDefinition/Patient|4.0") is not None
    assert definitions.structure("http://hl7.org/fhir/StructureDefinition/Patient|3.0.1") is None
    assert definitions.structure("http://example.org/nothing") is None
    statuses = definitions.value_set("http://hl7.org/fhir/ValueSet/observation-status|4.0.1")
    assert statuses
    assert statuses["compose"]["include"][0]["system"] == "http://hl7.org/fhir/observation-status"
    assert definitions.code_system("http://terminology.hl7.org/CodeSystem/v3-ActCode")
    assert definitions.compartment("Patient")["code"] == "Patient"
    with pytest.raises(KeyError):
        definitions.compartment("Nonsense")


def test_snapshots_keep_what_validation_needs_and_drop_prose():
    patient = definitions.structure("Patient")
    assert patient
    by_path = {element["path"]: element for element in patient["snapshot"]["element"]}
    assert by_path["Patient.gender"]["binding"]["strength"] == "required"
    assert by_path["Patient.contact"]["constraint"][-1]["key"] == "pat-1"
    assert "xpath" not in by_path["Patient.contact"]["constraint"][-1]
    assert not {"definition", "mapping", "comment"} & set(by_path["Patient.gender"])
