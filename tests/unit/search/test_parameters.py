"""Search parameters by type."""

from typing import Any

import pytest

from xinglin.standards import definitions
from xinglin.standards.search import judge
from xinglin.standards.search.bindings import implied_systems
from xinglin.standards.search.errors import BadParameter
from xinglin.standards.search.extract import Extractor
from xinglin.standards.search.parameters import nearest, normalise, r4, split_union
from xinglin.standards.search.paths import leaves

SHOE_SIZE = {
    "resourceType": "SearchParameter",
    "url": "http://example.cn/SearchParameter/shoe-size",
    "code": "shoe-size",
    "base": ["Patient"],
    "type": "number",
    "expression": "Patient.extension('http://example.cn/shoe-size').value.ofType(decimal)",
}


def test_types_have_their_own_and_inherited_parameters() -> None:
    patient = r4().for_type("Patient")
    assert patient["birthdate"].expression == "Patient.birthDate"
    assert patient["_tag"].name == "Resource._tag"
    assert "_text" in patient
    assert "_text" not in r4().for_type("Bundle")
    assert r4().for_type("Nonsense") == {}


def test_no_two_parameters_share_a_number() -> None:
    r4().check_numbers()


def test_every_type_can_be_indexed_and_no_two_places_share_a_number() -> None:
    extractor = Extractor(r4())
    names = {
        lookup.name
        for one in r4().types
        for lookups in (*extractor.plan(one).lookups.values(), *extractor.plan(one).pairs.values())
        for lookup in lookups
    }
    assert len(names) > 1500
    from xinglin.standards.search.keys import short_id

    every = [*names, *(f"{name}:pinyin" for name in names)]
    assert len({short_id(name) for name in every}) == len(every)


def test_every_parameter_has_a_place() -> None:
    extractor = Extractor(r4())
    missing = {
        parameter.name
        for one in sorted(r4().types)
        for code, parameter in r4().for_type(one).items()
        if parameter.kind != "composite" and not extractor.plan(one).lookups.get(code)
    }
    # The store's columns answer the first two, the records themselves the third.
    assert missing == {"Resource._id", "Resource._lastUpdated", "Resource._content"}


def test_parts_of_composites_are_what_their_parameters_are_of() -> None:
    types = definitions.type_model()
    wrong: set[str] = set()
    for one in r4().types:
        for parameter in r4().for_type(one).values():
            for component in parameter.components:
                for piece in split_union(parameter.expression):
                    for base in leaves(piece, one, types) or ():
                        found = [
                            leaf.type
                            for part in split_union(component.expression)
                            for leaf in leaves(part, base.type, types) or ()
                        ]
                        if not any(judge.counts(component.parameter.kind, kind) for kind in found):
                            wrong.add(f"{parameter.name} {component.expression}")
    assert wrong == {
        "MolecularSequence.chromosome-variant-coordinate %resource.referenceSeq.chromosome",
        "MolecularSequence.referenceseqid-variant-coordinate %resource.referenceSeq.referenceSeqId",
    }


@pytest.mark.parametrize(
    ("written", "normal"),
    [
        ("(Observation.value as Quantity)", "Observation.value.ofType(Quantity)"),
        ("Condition.onset.as(Age)", "Condition.onset.ofType(Age)"),
        ("ConceptMap.source as uri", "ConceptMap.source.ofType(uri)"),
        ("(Observation.value as CodeableConcept).text", "Observation.value.ofType(CodeableConcept).text"),
    ],
)
def test_as_becomes_of_type(written: str, normal: str) -> None:
    assert normalise(written) == normal


def test_unions_are_split_outside_quotes_and_parentheses() -> None:
    assert split_union("a | (b | c) | where(x='|')") == ["a", "(b | c)", "where(x='|')"]


def test_codes_imply_the_system_they_are_bound_to() -> None:
    gender = r4().get("Patient", "gender")
    code = r4().get("Observation", "code")
    assert gender is not None
    assert code is not None
    assert implied_systems(gender) == {"http://hl7.org/fhir/administrative-gender"}
    assert implied_systems(code) == frozenset()


def test_nearest() -> None:
    assert r4().nearest("Patient", "brithDate") == "birthdate"
    assert nearest("x", ()) == ""


def test_sites_add_parameters() -> None:
    registry = r4().with_parameters([SHOE_SIZE])
    assert registry.get("Patient", "shoe-size") is not None
    assert r4().get("Patient", "shoe-size") is None
    patient = {
        "resourceType": "Patient",
        "id": "1",
        "extension": [{"url": "http://example.cn/shoe-size", "valueDecimal": 42}],
    }
    index = Extractor(registry).extract(patient)
    assert [row.low for row in index.numbers] == [42]
    by_url = registry.by_url(str(SHOE_SIZE["url"]), "Patient")
    assert by_url is registry.get("Patient", "shoe-size")


@pytest.mark.parametrize(
    ("change", "reason"),
    [
        ({"code": None}, "lacks code"),
        ({"type": "special"}, "special"),
        ({"expression": ""}, "expression"),
        ({"base": ["Nonsense"]}, "Nonsense"),
        ({"code": "birthdate"}, "already has"),
        ({"type": "composite"}, "components"),
    ],
)
def test_parameters_that_cannot_be_used_are_refused(change: dict[str, Any], reason: str) -> None:
    with pytest.raises(BadParameter, match=reason):
        r4().with_parameters([{**SHOE_SIZE, **change}])


def test_an_expression_that_cannot_be_read_is_refused() -> None:
    registry = r4().with_parameters([{**SHOE_SIZE, "expression": "Patient.((("}])
    with pytest.raises(BadParameter, match="shoe-size"):
        Extractor(registry).plan("Patient")
