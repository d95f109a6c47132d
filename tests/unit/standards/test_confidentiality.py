"""Labels of confidentiality: what gives which, what doesn't, and what a table must be."""

from datetime import date
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from xinglin.standards.confidentiality import (
    CONFIDENTIALITY,
    GRADE,
    SENSITIVITY,
    FaultyLabelTable,
    check,
    derive,
    explain,
    in_force,
    is_minor_until,
    labelled,
    labels,
    tables,
    without_labels,
)
from xinglin.standards.definitions import r4, resource_types
from xinglin.standards.labitems import items

RULES = in_force(Path("/nonexistent"))
TODAY = date(2026, 11, 22)
ICD = "http://hl7.org/fhir/sid/icd-10"
ACT = "http://terminology.hl7.org/CodeSystem/v3-ActCode"


def coded(system: str, code: str, kind: str = "Condition") -> dict[str, Any]:
    """Make a record with one code."""
    return {"resourceType": kind, "code": {"coding": [{"system": system, "code": code}]}}


def said(text: str, kind: str = "Condition") -> dict[str, Any]:
    """Make a record with words only."""
    return {"resourceType": kind, "code": {"text": text}}


NONE: set[str] = set()
CASES: list[tuple[dict[str, Any], set[str]]] = [
    (coded(ICD, "B20"), {"HIV"}),
    (coded("urn:oid:2.16.156.10011.2.3.3.11", "B24.x01"), {"HIV"}),
    (coded("urn:xinglin:cs:his:diagnosis", "A53.900x001"), {"STD"}),
    (coded(ICD, "f20.0"), {"PSY"}),
    (coded(ICD, "F10.2"), {"PSY", "ETH"}),
    (coded(ICD, "O04.900"), {"SEX"}),
    (coded(ICD, "J62.800"), {"OCCUPATIONAL"}),
    (coded(ICD, "T74.1"), {"SDV"}),
    (coded(ICD, "Q90.9"), {"GDIS"}),
    (coded(ICD, "B18.1"), {"INFECTIOUS"}),
    (coded(ICD, "I10"), NONE),
    (coded("urn:xinglin:cs:lab-item", "XL-HIV-AB", "Observation"), {"HIV"}),
    (coded("urn:xinglin:cs:lab-item", "XL-RPR", "Observation"), {"STD"}),
    (coded("urn:xinglin:cs:lis:item", "B20", "Observation"), NONE),
    (coded("http://www.whocc.no/atc", "N05AH03", "MedicationRequest"), {"PSY"}),
    (coded("http://www.whocc.no/atc", "J05AF10", "MedicationRequest"), NONE),
    (coded("urn:oid:2.16.156.10011.2.3.3.12", "69.51001", "Procedure"), {"SEX"}),
    (said("艾滋病"), {"HIV"}),
    (said("抗-HIV(1+2) 阴性"), {"HIV"}),
    (said("ARCHIVE of results"), NONE),
    (said("慢性病史十年"), NONE),
    (said("否认性病史"), {"STD"}),
    (said("皮肤性病科会诊"), NONE),
    (said("皮肤性病科会诊，既往梅毒"), {"STD"}),
    (said("Depression with psychosis"), {"PSY"}),
    (said("ST depression in V4-V6"), NONE),
    (said("人工流产术后"), {"SEX"}),
    (said("奈玛特韦片/利托那韦片"), NONE),
    (said("洛匹那韦利托那韦片"), {"HIV"}),
    (said("美沙酮维持治疗"), {"ETH"}),
    ({"resourceType": "Encounter", "serviceType": {"text": "精神科门诊"}}, {"PSY"}),
    ({"resourceType": "Encounter", "type": [{"text": "戒毒门诊"}]}, {"ETH"}),
    ({"resourceType": "Encounter", "serviceProvider": {"display": "生殖医学中心"}}, {"SEX"}),
    (
        {"resourceType": "Composition", "section": [{"section": [{"text": {"div": "<p>家暴</p>"}}]}]},
        {"SDV"},
    ),
    ({"resourceType": "Observation", "component": [{"valueString": "HIV"}]}, {"HIV"}),
    ({"resourceType": "MolecularSequence"}, {"GDIS"}),
    ({"resourceType": "Patient", "name": [{"text": "梅毒艾滋"}]}, NONE),
    ({"resourceType": "Patient", "birthDate": "2012-11-23"}, {"MINOR"}),
    ({"resourceType": "Patient", "birthDate": "2012-11-22"}, NONE),
    ({"resourceType": "Patient", "birthDate": "2012"}, {"MINOR"}),
    ({"resourceType": "Patient", "birthDate": "2012-11"}, {"MINOR"}),
    ({"resourceType": "Patient", "birthDate": "2012-02-29"}, NONE),
]


@pytest.mark.parametrize(("content", "classes"), CASES)
def test_classes(content: dict[str, Any], classes: set[str]) -> None:
    derived = derive(RULES, content, TODAY)
    assert derived.classes == classes
    assert {hit.rule.cls for hit in explain(RULES, content, TODAY)} == classes
    strict = classes - {"MINOR", "INFECTIOUS"}
    assert derived.grade == ("sensitive" if strict else "restricted")


def test_every_type_has_a_grade() -> None:
    """Only what says nothing about a person is public; what nobody thought of is restricted."""
    for kind in resource_types():
        grade = derive(RULES, {"resourceType": kind}, TODAY).grade
        expected = {"public"} if kind in RULES.public else {"restricted", "sensitive"}
        assert grade in expected, kind
    for kind in (
        "Patient",
        "Practitioner",
        "PractitionerRole",
        "Observation",
        "Basic",
        "Binary",
        "List",
        "Group",
    ):
        assert kind not in RULES.public


def test_public_records_stay_public_unless_raised() -> None:
    hospital = {"resourceType": "Organization", "name": "市精神病医院"}
    assert labels(RULES, hospital, TODAY) == [{"system": GRADE, "code": "public"}]
    assert derive(RULES, hospital, TODAY).classes == {"PSY"}, "it follows to its visits"
    raised = hospital | {"meta": {"security": [{"system": CONFIDENTIALITY, "code": "R"}]}}
    assert derive(RULES, raised, TODAY).grade == "sensitive"


def test_labels_are_told_apart_from_what_a_sender_set() -> None:
    sent = {"security": [{"system": ACT, "code": "HIV"}, {"system": SENSITIVITY, "code": "MINOR"}]}
    made = labelled(RULES, coded(ICD, "B20") | {"meta": sent}, TODAY)
    assert made["meta"]["security"] == [
        {"system": ACT, "code": "HIV"},
        {"system": GRADE, "code": "sensitive"},
    ]
    made = labelled(RULES, coded(ICD, "B20"), TODAY)
    assert made["meta"]["security"] == [
        {"system": GRADE, "code": "sensitive"},
        {"system": ACT, "code": "HIV", "userSelected": False},
    ]


@given(
    st.sampled_from(["B20", "I10", "F10.1", "O04", "Z99"]),
    st.dictionaries(st.sampled_from(["source", "profile", "tag"]), st.just("x")),
    st.lists(st.sampled_from([(CONFIDENTIALITY, "R"), ("urn:other", "x"), (GRADE, "public")]), max_size=3),
)
def test_labelling_twice_changes_nothing(
    code: str, meta: dict[str, str], sent: list[tuple[str, str]]
) -> None:
    content = coded(ICD, code) | {"meta": meta | {"security": [{"system": s, "code": c} for s, c in sent]}}
    once = labelled(RULES, content, TODAY)
    assert labelled(RULES, once, TODAY) == once
    assert without_labels(once) == without_labels(content)
    assert without_labels(labelled(RULES, without_labels(content), TODAY)) == without_labels(content)


JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | st.text(max_size=8),
    lambda inner: (
        st.lists(inner, max_size=3)
        | st.dictionaries(
            st.sampled_from(["code", "system", "security", "text", "meta", "birthDate"]), inner, max_size=4
        )
    ),
    max_leaves=12,
)


@given(
    st.dictionaries(st.sampled_from(["code", "meta", "text", "birthDate", "identifier"]), JSON, max_size=4)
)
def test_nothing_that_is_sent_breaks_it(content: dict[str, Any]) -> None:
    """Where records aren't checked, anything may stand anywhere: it is labelled all the same."""
    made = labelled(RULES, content | {"resourceType": "Patient"}, TODAY)
    assert made["meta"]["security"][-1]["system"] in {GRADE, SENSITIVITY, ACT}
    assert any(one == {"system": GRADE, "code": "restricted"} for one in made["meta"]["security"])


def test_what_a_sender_sets_never_lowers() -> None:
    for system, code in [(CONFIDENTIALITY, "U"), (CONFIDENTIALITY, "L"), (GRADE, "public"), ("", "public")]:
        content = coded(ICD, "B20") | {"meta": {"security": [{"system": system, "code": code}]}}
        assert derive(RULES, content, TODAY).grade == "sensitive"


def test_minors_end_with_their_birthday() -> None:
    assert is_minor_until(RULES, {"birthDate": "2015-03-02"}, TODAY) == date(2029, 3, 2)
    assert is_minor_until(RULES, {"birthDate": "2015-02-29"}, TODAY) is None, "no such day"
    assert is_minor_until(RULES, {"birthDate": "2016-02-29"}, TODAY) == date(2030, 3, 1)
    assert is_minor_until(RULES, {"birthDate": "1990-01-01"}, TODAY) is None


def test_tables_are_sound() -> None:
    """Codes of HL7 exist, items of the laboratory table too, and every rule is cited."""
    for one in RULES.classes.values():
        if one.system == ACT:
            assert _exists(r4().code_system(ACT), one.code), one.code
    own = {item.code for item in items()}
    for rule in RULES.rules:
        assert rule.source, rule.id
        assert rule.system != "lab" or own.issuperset(rule.values), rule.id
    assert set(RULES.levels.values()) == {"1", "4", "5"}


def _exists(concept: Any, code: str) -> bool:
    return concept.get("code") == code or any(_exists(one, code) for one in concept.get("concept", []))


HEADER = "rule,class,match,types,system,value,except,name_zh,name_en,source,edition,confidence"


@pytest.mark.parametrize(
    ("name", "text", "row", "column"),
    [
        ("own.csv", HEADER.replace("except,", "") + "\n", 1, "except"),
        ("own.csv", HEADER + ",more\n", 1, "more"),
        ("own.csv", HEADER + "\nx,NONE,text,,,word,,a,b,c,,read\n", 2, "class"),
        ("own.csv", HEADER + "\nx,HIV,guess,,,word,,a,b,c,,read\n", 2, "match"),
        ("own.csv", HEADER + "\nx,HIV,text,,,字,,a,b,c,,read\n", 2, "value"),
        ("own.csv", HEADER + "\nx,HIV,text,,,艾滋,,a,b,c,,read\n", 2, "value"),
        ("own.csv", HEADER + "\nx,HIV,text,,,新词,新词,a,b,c,,read\n", 2, "except"),
        ("own.csv", HEADER + "\nx,HIV,code,,nowhere,1,,a,b,c,,read\n", 2, "system"),
        ("own.csv", HEADER + "\nx,HIV,text,Pacient,,新词,,a,b,c,,read\n", 2, "types"),
        ("own.csv", HEADER + "\nx,HIV,age,,,many,,a,b,c,,read\n", 2, "value"),
        ("own.csv", HEADER + "\nx,HIV,text,,,新词,,a,b,c,,sure\n", 2, "confidence"),
        ("own.csv", HEADER + "\nx,HIV,text,,,新词,,a,b,,,read\n", 2, "source"),
        ("own.csv", HEADER + "\n" + 2 * "x,HIV,text,,,新词,,a,b,c,,read\n", 3, "rule"),
        ("own.csv", HEADER + "\nx,HIV,text\n", 2, "-"),
        (
            "follow.csv",
            "from,types,classes,why_zh,why_en,source,edition,confidence\nX,*,*,a,b,c,,read\n",
            2,
            "from",
        ),
        (
            "follow.csv",
            "from,types,classes,why_zh,why_en,source,edition,confidence\nProcedure,Encounter,*,a,b,c,,read\n",
            7,
            "from",
        ),
    ],
)
def test_faulty_tables(tmp_path: Path, name: str, text: str, row: int, column: str) -> None:
    (tmp_path / name).write_text(text, encoding="utf-8")
    with pytest.raises(FaultyLabelTable) as caught:
        check(tmp_path / name)
    assert (caught.value.params["row"], caught.value.params["column"]) == (row, column)
    for language in ("en", "zh"):
        assert caught.value.text(language)


def test_a_site_adds_replaces_and_switches_off(tmp_path: Path) -> None:
    (tmp_path / "own.csv").write_text(
        HEADER + "\nvip,SDV,source,,,clinic-7,,贵宾门诊,clinic for guests,own,,read\n"
        "text-hiv,off,text,,,艾滋,,x,x,own,,read\n",
        encoding="utf-8",
    )
    rules = in_force(tmp_path)
    assert rules.fingerprint != RULES.fingerprint
    delivered = {"resourceType": "Condition", "meta": {"source": "urn:xinglin:source:clinic-7:3#1"}}
    assert derive(rules, delivered, TODAY).classes == {"SDV"}
    assert derive(RULES, delivered, TODAY).classes == set()
    assert derive(rules, said("艾滋病"), TODAY).classes == set()


def test_names_and_sources_don_t_change_the_fingerprint(tmp_path: Path) -> None:
    header = ",".join(tables.SHAPES["classes.csv"].columns)
    row = dict(next(line for line in tables.shipped()["classes.csv"] if line.cells["class"] == "PSY").cells)
    (tmp_path / "classes.csv").write_text(
        header
        + "\n"
        + ",".join(row[name] for name in ("class", "system", "grade", "follows"))
        + ",心理,psyche,x,y,,read\n",
        encoding="utf-8",
    )
    assert in_force(tmp_path).fingerprint == RULES.fingerprint
