import pytest

from xinglin.standards.definitions import resource_types
from xinglin.trust.masking.tables import rows as masking
from xinglin.trust.policy.decisions import actions_of_routes
from xinglin.trust.policy.errors import FaultyPolicyTable, NoSuchWord
from xinglin.trust.policy.tables import SHAPES, build

TABLES = build({})
ROLES = "role,kind,purposes,duty,name_zh,name_en,meaning_zh,meaning_en,source,edition,confidence\n"


def test_every_resource_type_has_a_group():
    assert {row["type"] for row in TABLES.rows("types")} == resource_types()
    assert TABLES.group_of("Condition") == "condition"
    assert TABLES.lines("groups", "condition") == ("condition", "record")


def test_types_of_the_patient_compartment_are_patient_records():
    from xinglin.standards.definitions import compartment

    elsewhere = {"AuditEvent", "Schedule"}  # have groups of their own
    for row in compartment("Patient")["resource"]:
        if row.get("param") and row["code"] not in elsewhere:
            assert "record" in TABLES.lines("groups", TABLES.group_of(row["code"])), row["code"]


def test_every_route_of_the_api_has_an_action():
    from xinglin.api import codes, identity, lifelong, quality
    from xinglin.api.fhir import routes as fhir
    from xinglin.api.intake import routes as intake

    known = actions_of_routes(TABLES)
    for name, table in (
        ("fhir", fhir.TABLE),
        ("identity", identity.TABLE),
        ("codes", codes.TABLE),
        ("quality", quality.TABLE),
        ("lifelong", lifelong.TABLE),
        ("intake", intake.TABLE),
    ):
        for _, _, route, *_ in table:
            assert (name, route) in known, (name, route)


def test_every_class_of_confidentiality_is_a_label():
    assert {"HIV", "STD", "PSY", "SEX", "GDIS", "ETH", "SDV", "OCCUPATIONAL", "MINOR"} <= set(
        TABLES.words("labels")
    )


def test_masks_are_profiles_of_masking():
    profiles = {row["mask"] for row in masking("profiles.csv")}
    assert set(TABLES.words("masks")) <= profiles


def test_a_site_changes_a_row_and_adds_one():
    row = "clinician,,TREAT,,大夫,doctor,看病,treats,site,1,read\n"
    more = "midwife,,TREAT,,助产士,midwife,接生,helps at birth,site,1,read\n"
    tables = build({"roles.csv": ROLES + row + more})
    assert tables.name("roles", "clinician").text("zh") == "大夫"
    assert tables.name("roles", "midwife").text("en") == "midwife"
    assert set(tables.words("roles")) == {*TABLES.words("roles"), "midwife"}


@pytest.mark.parametrize(
    ("text", "column"),
    [
        ("role,kind\n", "purposes"),
        (ROLES + "x,,TREAT,,一,one,二,two,s,1\n", "-"),
        (ROLES + "x,,TREAT,,一,one,二,two,s,1,maybe\n", "confidence"),
        (ROLES + "x,,HEAL,,一,one,二,two,s,1,read\n", "purposes"),
        (ROLES + "x,,,,一,one,二,two,s,1,read\n", "purposes"),
        (ROLES + "x,,TREAT,,一,one,二,two,s,1,read\n" * 2, "role"),
        (ROLES + '"x', "-"),
    ],
)
def test_what_is_wrong_with_a_table_is_told(text, column):
    with pytest.raises(FaultyPolicyTable) as told:
        build({"roles.csv": text})
    assert told.value.params["file"] == "roles.csv"
    assert told.value.params["column"] == column


def test_a_number_that_is_none_is_refused():
    text = "name,value,meaning_zh,meaning_en,source,edition,confidence\ngrace_hours,-3,一,one,s,1,read\n"
    with pytest.raises(FaultyPolicyTable):
        build({"values.csv": text})


def test_words_that_no_table_has():
    with pytest.raises(NoSuchWord):
        TABLES.group_of("Nothing")
    assert TABLES.name("roles", "nobody").text("zh") == "nobody"


def test_every_table_is_cited():
    for name in SHAPES:
        for row in TABLES.rows(name):
            assert row["source"], name
            assert row["edition"], name
