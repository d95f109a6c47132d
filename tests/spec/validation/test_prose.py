"""What the specification asks in prose: vital signs, answers, attachments, canonicals, ids, results."""

import copy
from typing import Any

import pytest

from xinglin.standards.definitions import r4
from xinglin.standards.validation import validate
from xinglin.standards.validation.vital_signs import LOINC, PROFILES

Json = dict[str, Any]


def errors(record: Json) -> set[tuple[str, str]]:
    return {(one.location, one.rule) for one in validate(record) if one.severity == "error"}


def coding(code: str, system: str = LOINC) -> Json:
    return {"coding": [{"system": system, "code": code}]}


def mmhg(value: int) -> Json:
    return {"value": value, "unit": "mmHg", "system": "http://unitsofmeasure.org", "code": "mm[Hg]"}


PRESSURE: Json = {
    "resourceType": "Observation",
    "status": "final",
    "category": [coding("vital-signs", "http://terminology.hl7.org/CodeSystem/observation-category")],
    "code": coding("85354-9"),
    "subject": {"reference": "Patient/1"},
    "effectiveDateTime": "2020-01-01",
    "component": [
        {"code": coding("8480-6"), "valueQuantity": mmhg(120)},
        {"code": coding("8462-4"), "valueQuantity": mmhg(80)},
    ],
}


def test_a_vital_sign_is_held_to_its_profile_wherever_it_stands():
    assert errors(PRESSURE) == set()
    other = copy.deepcopy(PRESSURE)
    other["component"][0]["valueQuantity"]["code"] = "kPa"
    assert ("Observation.component[0].value.ofType(Quantity).code", "fixed") in errors(other)
    del other["category"], other["component"][1]
    assert {rule for _, rule in errors(other)} >= {"cardinality-min", "slice-min", "fixed"}
    bundle = {
        "resourceType": "Bundle",
        "type": "transaction",
        "entry": [{"resource": other, "request": {"method": "POST", "url": "Observation"}}],
    }
    assert ("Bundle.entry[0].resource", "cardinality-min") in errors(bundle)


def test_the_table_of_vital_signs_is_that_of_the_profiles():
    for code, name in PROFILES.items():
        structure = r4().structure("http://hl7.org/fhir/StructureDefinition/" + name)
        assert structure
        fixed = {one.get("fixedCode") for one in structure["snapshot"]["element"]}
        assert code in fixed, name


QUESTIONS: Json = {
    "resourceType": "Questionnaire",
    "id": "q",
    "status": "active",
    "item": [
        {"linkId": "1", "type": "boolean", "text": "?", "required": True},
        {
            "linkId": "2",
            "type": "group",
            "item": [
                {"linkId": "2.1", "type": "string", "text": "?"},
                {"linkId": "2.2", "type": "choice", "text": "?", "answerOption": [{"valueString": "a"}]},
            ],
        },
        {"linkId": "3", "type": "display", "text": "!"},
    ],
}
YES: Json = {"linkId": "1", "answer": [{"valueBoolean": True}]}


@pytest.mark.parametrize(
    ("items", "expected"),
    [
        ([YES], set()),
        ([], {("QuestionnaireResponse", "questionnaire-required")}),
        ([{"linkId": "1"}], {("QuestionnaireResponse.item[0]", "questionnaire-required")}),
        ([YES, {"linkId": "9"}], {("QuestionnaireResponse.item[1]", "questionnaire-link")}),
        (
            [{"linkId": "1", "answer": [{"valueString": "yes"}]}],
            {("QuestionnaireResponse.item[0].answer[0]", "questionnaire-type")},
        ),
        (
            [{"linkId": "1", "answer": [{"valueBoolean": True}, {"valueBoolean": False}]}],
            {("QuestionnaireResponse.item[0]", "questionnaire-repeats")},
        ),
        (
            [YES, {"linkId": "2", "item": [{"linkId": "2.2", "answer": [{"valueString": "b"}]}]}],
            {("QuestionnaireResponse.item[1].item[0].answer[0]", "questionnaire-option")},
        ),
        ([YES, {"linkId": "2.1"}], {("QuestionnaireResponse.item[1]", "questionnaire-link")}),
        (
            [YES, {"linkId": "3", "answer": [{"valueString": "x"}]}],
            {("QuestionnaireResponse.item[1]", "questionnaire-no-answer")},
        ),
    ],
)
def test_answers_fit_the_questionnaire_they_come_with(items: list[Json], expected: set[tuple[str, str]]):
    record = {
        "resourceType": "QuestionnaireResponse",
        "contained": [QUESTIONS],
        "questionnaire": "#q",
        "status": "completed",
        **({"item": items} if items else {}),
    }
    assert errors(record) == expected


def test_conditions_name_questions_that_are_there():
    record = copy.deepcopy(QUESTIONS)
    record["item"][2]["enableWhen"] = [{"question": "7", "operator": "=", "answerBoolean": True}]
    assert errors(record) == {("Questionnaire.item[2].enableWhen[0].question", "questionnaire-link")}


@pytest.mark.parametrize(
    ("attachment", "expected"),
    [
        ({"data": "YWJj", "size": 3}, set()),
        ({"data": "YWJj", "size": 4}, {("Patient.photo[0].size", "attachment-size")}),
        ({"data": "YWJ", "size": 3}, {("Patient.photo[0].data", "format")}),
    ],
)
def test_the_size_of_an_attachment_is_that_of_its_data(attachment: Json, expected: set[tuple[str, str]]):
    assert (
        errors({"resourceType": "Patient", "photo": [{"contentType": "image/png", **attachment}]}) == expected
    )


def test_canonicals_name_what_is_asked_for():
    def bound(url: str) -> list[tuple[str, str]]:
        item = {"linkId": "1", "type": "choice", "text": "?", "answerValueSet": url}
        found = validate({"resourceType": "Questionnaire", "status": "draft", "item": [item]})
        return [(one.severity, one.rule) for one in found if one.rule != "dom-6"]

    assert bound("http://hl7.org/fhir/ValueSet/administrative-gender") == []
    assert bound("http://example.org/anything") == []
    assert bound("http://hl7.org/fhir/administrative-gender") == [("error", "canonical-type")]
    assert bound("gender") == [("warning", "canonical-relative")]
    assert bound("#gone") == [("warning", "reference-contained")]


def test_element_ids_are_unique_in_a_record():
    names = [{"id": "a", "text": "x"}, {"id": "a", "text": "y"}]
    assert errors({"resourceType": "Patient", "name": names}) == {("Patient.name[1].id", "element-id")}
    contained = [{"resourceType": "Patient", "id": "p", "name": names[:1]}]
    link = [{"type": "seealso", "other": {"reference": "#p"}}]
    assert (
        errors({"resourceType": "Patient", "contained": contained, "link": link, "name": names[:1]}) == set()
    )


def test_expressions_in_definitions_can_be_read():
    parameter = {
        "resourceType": "SearchParameter",
        "url": "http://example.org/p",
        "name": "P",
        "status": "draft",
        "description": "x",
        "code": "p",
        "base": ["Patient"],
        "type": "string",
    }
    assert errors({**parameter, "expression": "Patient.name"}) == set()
    assert errors({**parameter, "expression": "Patient.name("}) == {
        ("SearchParameter.expression", "expression")
    }


def test_search_results_have_resources_with_ids():
    def results(entry: Json) -> set[tuple[str, str]]:
        return errors(
            {"resourceType": "Bundle", "type": "searchset", "entry": [{"fullUrl": "http://a/x", **entry}]}
        )

    assert results({"resource": {"resourceType": "Patient", "id": "x"}}) == set()
    assert results({"resource": {"resourceType": "Patient"}}) == {
        ("Bundle.entry[0].resource", "cardinality-min")
    }
    assert ("Bundle.entry[0]", "cardinality-min") in results({"search": {"mode": "match"}})
