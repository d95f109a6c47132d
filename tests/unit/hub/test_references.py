"""What a transaction replaces in a record, and what it never touches."""

import copy

import pytest

from xinglin.hub.references import Dangling, Names, conditional_references, rewrite

URN = "urn:uuid:53fefa32-fcbb-4ff8-8a92-55ee120877b7"
OID = "urn:oid:1.2.3"
FAR = "http://other/fhir/Patient/1"
NAMES = Names({URN: "Patient/new", OID: "Device/new", FAR: "Patient/far", "Patient?name=x": "Patient/found"})


def rewritten(**members: object) -> dict:
    """Give the members that `rewrite` makes of these of an Observation."""
    record = {"resourceType": "Observation", **members}
    before = copy.deepcopy(record)
    made = rewrite(record, NAMES, "http://other/fhir/Observation/9")
    assert record == before
    return {name: value for name, value in made.items() if name != "resourceType"}


@pytest.mark.parametrize(
    ("reference", "wanted"),
    [
        (URN, "Patient/new"),
        (URN.upper(), "Patient/new"),
        (f"{URN}#part", "Patient/new#part"),
        (OID, "Device/new"),
        (FAR, "Patient/far"),
        ("Patient/1", "Patient/far"),
        ("Patient/1#part", "Patient/far#part"),
        ("Patient/2", "Patient/2"),
        ("http://other/fhir/Patient/2", "http://other/fhir/Patient/2"),
        ("Patient?name=x", "Patient/found"),
        ("#contained", "#contained"),
    ],
)
def test_references(reference: str, wanted: str) -> None:
    """Wherever one may stand: in elements, extensions, those of primitives, and contained records."""
    old, new = {"reference": reference}, {"reference": wanted}
    assert rewritten(subject=old, performer=[old]) == {"subject": new, "performer": [new]}
    extension = [{"url": "http://x", "valueReference": old}]
    made = rewritten(_status={"extension": extension}, component=[{"extension": extension}])
    assert made["_status"]["extension"][0]["valueReference"] == new
    assert made["component"][0]["extension"][0]["valueReference"] == new
    contained = {"resourceType": "Encounter", "id": "e", "subject": old}
    assert rewritten(contained=[contained])["contained"][0]["subject"] == new


def test_data_stays_as_it_is() -> None:
    """Text, identifiers' values, codes and canonicals may hold the same characters and mean another thing."""
    kept = {
        "id": URN,
        "meta": {"profile": [URN]},
        "identifier": [{"system": "http://x", "value": URN}],
        "code": {"coding": [{"system": FAR, "code": URN}], "text": f"see {URN}"},
        "valueString": URN,
        "note": [{"text": f"see {URN}"}],
        "subject": {"display": URN, "identifier": {"value": URN}},
        "component": [{"valueString": URN, "code": {"text": URN}}],
        "text": {"status": "generated", "div": f'<div title="{URN}">{URN} <b href="{URN}">x</b></div>'},
        "contained": [{"resourceType": "Dragon", "subject": {"reference": URN}}],
        "strange": {"reference": URN},
    }
    assert rewritten(**kept) == kept


def test_addresses_are_replaced() -> None:
    made = rewritten(
        identifier=[{"system": OID}],
        extension=[
            {"url": "http://x", "valueUri": URN.upper()},
            {"url": "http://x", "valueUuid": URN},
            {"url": "http://x", "valueOid": OID},
            {"url": "http://x", "valueUri": FAR},
            {"url": "http://x", "valueUrl": FAR},
            {"url": "http://x", "valueAttachment": {"url": f"{URN}"}},
            {"url": "http://x", "valueUri": "urn:uuid:00000000-0000-4000-8000-000000000000"},
        ],
    )
    assert made["identifier"][0]["system"] == "Device/new"
    assert [list(e.values())[1] for e in made["extension"]] == [
        "Patient/new",
        "Patient/new",
        "Device/new",
        FAR,
        "Patient/far",
        {"url": "Patient/new"},
        "urn:uuid:00000000-0000-4000-8000-000000000000",
    ]


@pytest.mark.parametrize("tag", ['<a title="a > b" href="{}">x</a>', "<img alt='x'\n src = '{}' />"])
@pytest.mark.parametrize(("old", "new"), [(URN, "Patient/new"), (FAR, "Patient/far"), ("#x", "#x")])
def test_links_of_narratives(tag: str, old: str, new: str) -> None:
    made = rewritten(text={"div": f"<div>{tag.format(old)} {tag.format(old)} {old}</div>"})
    assert made["text"]["div"] == f"<div>{tag.format(new)} {tag.format(new)} {old}</div>"


@pytest.mark.parametrize(
    "reference", ["urn:uuid:00000000-0000-4000-8000-000000000000", "urn:oid:1.2", "URN:UUID:x"]
)
def test_placeholders_that_stand_for_nothing(reference: str) -> None:
    with pytest.raises(Dangling):
        rewritten(subject={"reference": reference})


def test_a_bundle_keeps_its_own_references() -> None:
    entry = {"fullUrl": URN, "resource": {"resourceType": "Observation", "subject": {"reference": URN}}}
    document = {"resourceType": "Bundle", "type": "document", "entry": [entry]}
    assert rewrite(document, NAMES) is document


@pytest.mark.parametrize(
    "record",
    [
        None,
        7,
        [],
        {},
        {"resourceType": 3},
        {"resourceType": []},
        {"resourceType": "Observation", "subject": URN},
    ],
)
def test_misshapen_records_pass(record: object) -> None:
    assert rewrite(record, NAMES) is record  # type: ignore[arg-type]
    assert conditional_references(record) == []


def test_conditional_references_are_found() -> None:
    record = {
        "resourceType": "Observation",
        "subject": {"reference": "Patient?name=x"},
        "performer": [{"reference": "Practitioner?a=b"}, {"reference": "Practitioner/1"}],
        "valueString": "Patient?name=y",
    }
    assert conditional_references(record) == ["Patient?name=x", "Practitioner?a=b"]
