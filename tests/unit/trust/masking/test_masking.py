"""Masking: what is left of a person's record, and of every record that names a person."""

import json
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from xinglin.standards.definitions import r4
from xinglin.standards.identifiers import SCHEMES, Kind
from xinglin.standards.validation import validator
from xinglin.trust.masking import (
    EVERYTHING,
    NOTHING,
    Masks,
    Shown,
    UnknownMask,
    blind,
    hidden_parameters,
    mask,
    masks_for,
    masks_named,
)
from xinglin.trust.masking.tables import GROUPS, rows
from xinglin.trust.policy.tables import build

PARTLY = masks_named(["partly"])
PATIENT: dict[str, Any] = {
    "resourceType": "Patient",
    "id": "p1",
    "text": {"status": "generated", "div": '<div xmlns="http://www.w3.org/1999/xhtml">王小明</div>'},
    "identifier": [{"system": "urn:oid:2.16.156.10011.1.3", "value": "36010219900307123X"}],
    "name": [{"use": "official", "text": "王小明", "family": "王", "given": ["小明"]}],
    "telecom": [{"system": "phone", "value": "13812345678"}, {"system": "email", "value": "wang@example.cn"}],
    "gender": "male",
    "birthDate": "1990-03-07",
    "address": [
        {"text": "江西省南昌市东湖区八一大道1号", "state": "江西省", "city": "南昌市", "district": "东湖区"}
    ],
    "contact": [{"name": {"text": "李四光"}, "telecom": [{"system": "phone", "value": "13900001111"}]}],
    "generalPractitioner": [{"reference": "Practitioner/d1", "display": "赵医生"}],
}


def test_partly() -> None:
    made = mask(PATIENT, PARTLY)
    assert made["name"] == [{"use": "official", "text": "王*"}]
    assert made["identifier"][0]["value"] == "3601**********123X"
    assert [one["value"] for one in made["telecom"]] == ["138****5678", "w***"]
    assert made["birthDate"] == "1990"
    assert made["address"] == [{"state": "江西省", "city": "南昌市", "district": "东湖区"}]
    assert made["generalPractitioner"] == PATIENT["generalPractitioner"]
    assert "text" not in made
    assert "contact" not in made
    assert made["meta"]["tag"][0]["code"] == "SUBSETTED"


def test_hidden_leaves_what_tells_nobody() -> None:
    made = mask(PATIENT, EVERYTHING)
    assert made.keys() == {"resourceType", "id", "gender", "generalPractitioner", "meta"}


def test_nothing_masked_costs_nothing() -> None:
    assert mask(PATIENT, NOTHING) is PATIENT
    plain = {"resourceType": "Observation", "subject": {"reference": "Patient/p1"}, "valueString": "x"}
    assert mask(plain, EVERYTHING) is plain


@pytest.mark.parametrize(
    ("reference", "shown"),
    [
        ({"reference": "Patient/p1", "display": "王小明"}, "王*"),
        ({"reference": "http://hub/fhir/Patient/p1", "display": "王小明"}, "王*"),
        ({"reference": "#p", "display": "王小明"}, "王*"),
        ({"display": "王小明"}, "王*"),
        ({"type": "Patient", "display": "王小明"}, "王*"),
        ({"reference": "Patient/Organization", "display": "王小明"}, "王*"),
        ({"reference": "Organization/x", "display": "检验科"}, "检验科"),
        ({"reference": "Practitioner/Patient", "display": "赵医生"}, "赵医生"),
        ({"type": "Organization", "display": "检验科"}, "检验科"),
    ],
)
def test_names_in_references(reference: dict[str, Any], shown: str) -> None:
    made = mask({"resourceType": "Observation", "performer": [reference]}, PARTLY)
    assert made["performer"][0]["display"] == shown
    hidden = mask({"resourceType": "Observation", "performer": [reference]}, EVERYTHING)
    assert hidden["performer"][0].get("display") == (shown if shown == reference["display"] else None)


def test_wherever_people_stand() -> None:
    """In bundles, contained, as a number in a reference, in sections and attachments."""
    number = PATIENT["identifier"][0]
    record: dict[str, Any] = {
        "resourceType": "Bundle",
        "entry": [
            {
                "resource": {
                    "resourceType": "Composition",
                    "title": "王小明出院记录",
                    "contained": [PATIENT],
                    "subject": {"identifier": number},
                    "section": [
                        {"title": "诊断", "text": {"status": "generated", "div": "<div>王小明</div>"}}
                    ],
                }
            },
            {
                "resource": {
                    "resourceType": "DocumentReference",
                    "content": [
                        {"attachment": {"contentType": "text/plain", "data": "546L", "title": "王小明"}}
                    ],
                }
            },
            {"resource": {"resourceType": "Coverage", "subscriberId": number["value"]}},
            {"resource": {"resourceType": "Binary", "contentType": "text/plain", "data": "546L"}},
        ],
    }
    for masks in (PARTLY, EVERYTHING):
        text = json.dumps(mask(record, masks), ensure_ascii=False)
        for value in ("王小明", number["value"], "546L", "李四光"):
            assert value not in text
        assert "诊断" in text
    assert record["entry"][0]["resource"]["contained"] == [PATIENT], "the record itself isn't changed"


# Values that nothing else in a record can hold by chance: ideographs of a block that no text of ours uses,
# and digits that are too many for a year.
NAME = st.text(st.characters(min_codepoint=0x20000, max_codepoint=0x2A6D0), min_size=2, max_size=6)
NUMBER = st.text("0123456789", min_size=6, max_size=20)
ATTACHED = st.fixed_dictionaries(
    {}, optional={"display": NAME, "valueString": NAME, "text": NAME, "extension": st.just([])}
)


@st.composite
def people(draw: st.DrawFn) -> tuple[dict[str, Any], list[str]]:
    """Make a Patient of invented values, which also stand where they don't belong, and the values."""
    names = draw(st.lists(NAME, min_size=1, max_size=3, unique=True))
    numbers = draw(st.lists(NUMBER, min_size=1, max_size=3, unique=True))
    born = draw(st.dates()).isoformat()
    values = [*names, *numbers, born]
    echo = draw(st.sampled_from(values))
    record: dict[str, Any] = {
        "resourceType": "Patient",
        "id": "p",
        "name": [{"text": one, "family": one[0], "given": [one[1:]]} for one in names],
        "_name": [{"extension": [{"url": "u", "valueString": echo}]}],
        "identifier": [{"system": "urn:s", "value": one, "assigner": {"display": "x"}} for one in numbers],
        "telecom": [{"system": "phone", "value": one} for one in numbers],
        "birthDate": born,
        "address": [{"text": echo, "line": [one]} for one in names],
        "contact": [{"name": {"text": one}} for one in names],
        "maritalStatus": {"text": f"x{echo}y"},
        "extension": [
            {"url": "a", "valueString": echo},
            {"url": "b", "extension": [{"url": "c", "valueIdentifier": {"value": numbers[0]}}]},
            {"url": "d", "valueCodeableConcept": {"text": echo}},
        ],
        "text": {"status": "generated", "div": f"<div>{echo}</div>"},
    }
    return record, values


@given(people(), st.sampled_from([EVERYTHING, PARTLY, masks_named(["identifying"])]))
def test_no_masked_value_is_left_anywhere(made: tuple[dict[str, Any], list[str]], masks: Masks) -> None:
    record, values = made
    before = json.dumps(record)
    text = json.dumps(mask(record, masks), ensure_ascii=False)
    for value in values:
        assert value not in text
    assert json.dumps(record) == before


NAMES = ["name", "text", "given", "value", "identifier", "display", "contact", "url"]
ANYTHING = st.recursive(
    st.none() | st.text(max_size=4),
    lambda inner: st.lists(inner, max_size=2) | st.dictionaries(st.sampled_from(NAMES), inner, max_size=3),
    max_leaves=10,
)


@given(ANYTHING)
def test_nothing_that_is_stored_breaks_it(value: Any) -> None:
    """Where records aren't checked, anything may stand anywhere."""
    record = {"resourceType": "Patient"} | dict.fromkeys(("name", "identifier", "telecom", "address"), value)
    for masks in (EVERYTHING, PARTLY):
        mask(record | {"birthDate": value, "contact": value, "extension": value, "text": value}, masks)


def test_what_is_left_is_valid() -> None:
    check = validator(r4())
    for masks in (EVERYTHING, PARTLY, masks_named(["contact"]), masks_named(["dates"])):
        findings = check.validate(mask(PATIENT, masks))
        assert [one for one in findings if one.severity == "error"] == []


def test_numbers_of_every_kind_are_hidden_in_part() -> None:
    for kind in (Kind.RESIDENT, Kind.PASSPORT):
        number = SCHEMES[kind].invented(1)
        made = mask({"resourceType": "Patient", "identifier": [{"value": number}]}, PARTLY)
        assert number not in json.dumps(made)


def test_roles() -> None:
    assert masks_for({"clinician"}, "TREAT") == NOTHING
    assert masks_for({"researcher"}, "HRESCH").name is Shown.hidden
    assert masks_for({"researcher", "clinician"}, "TREAT") == NOTHING, (
        "any role that one has shows what it shows"
    )
    assert masks_for({"nobody knows"}, "TREAT") == EVERYTHING
    assert masks_for((), "TREAT") == EVERYTHING


def test_every_role_and_mask_of_the_policies_is_known() -> None:
    tables = build({})
    for row in tables.rows("masks"):
        assert masks_named([row["mask"]]) != NOTHING
    stated = {row["role"] for row in rows("roles.csv")}
    assert {row["role"] for row in tables.rows("roles")} - stated <= {"source", "anonymous"}
    with pytest.raises(UnknownMask):
        masks_named(["none"])


@pytest.mark.parametrize("group", GROUPS)
def test_search_can_t_tell_what_is_hidden(group: str) -> None:
    """Each group of fields closes its parameters; those that look at whole texts are closed by any."""
    masks = Masks(**{group: Shown.hidden})
    assert hidden_parameters("Observation", masks) == {"_content", "_text", "_filter"}
    expected = {
        "name": {"name", "family", "given", "phonetic"},
        "number": {"identifier"},
        "phone": {"telecom", "phone", "email"},
        "address": {
            "address",
            "address-city",
            "address-country",
            "address-postalcode",
            "address-state",
            "address-use",
        },
        "birth_date": {"birthdate"},
    }.get(group, set())
    assert hidden_parameters("Patient", masks) == expected | {"_content", "_text", "_filter"}
    assert blind(NOTHING) == {}


def test_counties_may_be_searched_where_they_are_shown() -> None:
    assert "address-city" not in hidden_parameters("Patient", PARTLY)
    assert {"address", "address-postalcode"} <= hidden_parameters("Patient", PARTLY)
