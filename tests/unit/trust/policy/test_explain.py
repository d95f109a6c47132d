import pytest

from xinglin.trust.policy.engine import Engine
from xinglin.trust.policy.errors import FaultyCases, NoSuchWord
from xinglin.trust.policy.explain import ask, explain
from xinglin.trust.policy.tried import MOST_BYTES, load, read

ENGINE = Engine()


def test_a_permission_is_explained_by_its_rule():
    found = explain(ENGINE, ask(ENGINE, who="clinician", what="read Condition", relation="treating"))
    assert found.allowed
    assert found.question.purpose == "TREAT"
    assert [one.id for one in found.rules] == ["treating.see"]
    assert found.rules[0].title.text("zh").startswith("医生")
    assert found.rules[0].source
    assert not found.openers


def test_a_denial_is_explained_by_what_forbids_and_what_could_open():
    question = ask(ENGINE, who="clinician", what="read condition", relation="treating", labels="PSY,HIV")
    found = explain(ENGINE, question)
    assert not found.allowed
    assert [one.id for one in found.rules] == ["sensitive.closed"]
    assert "emergency.see" in [one.id for one in found.openers]
    assert "紧急访问" in found.remedy.text("zh")


@pytest.mark.parametrize(
    ("what", "group"),
    [
        ("read Observation", "diagnostics"),
        ("read record", "record"),
        ("intake.deliver", "operations"),
        ("emergency.ask", "record"),
        ("user.manage", "administration"),
        ("identity.decide", "person"),
    ],
)
def test_what_is_meant_by_words(what, group):
    assert ask(ENGINE, who="clinician", what=what).case.group == group


@pytest.mark.parametrize(
    "asked",
    [
        {"who": "wizard", "what": "read Condition"},
        {"who": "clinician", "what": "fly Condition"},
        {"who": "clinician", "what": "read Spell"},
        {"who": "clinician", "what": ""},
        {"who": "clinician", "what": "read Condition", "purpose": "MAGIC"},
        {"who": "clinician", "what": "read Condition", "relation": "friend"},
        {"who": "clinician", "what": "read Condition", "labels": "X"},
        {"who": "clinician", "what": "read Condition", "grade": "secret"},
    ],
)
def test_words_that_no_table_has_are_refused(asked):
    with pytest.raises(NoSuchWord) as told:
        ask(ENGINE, **asked)
    assert told.value.advice("zh")


def test_cases_in_yaml_are_those_in_csv():
    table = "case,roles,what,relation,labels,allowed\none,clinician,read Condition,treating,PSY HIV,no\n"
    listed = """
- case: one
  roles: [clinician]
  what: read Condition
  relation: treating
  labels: [PSY, HIV]
  allowed: false
"""
    assert read(table, "t.csv")[0].cells == read(listed, "t.yaml")[0].cells


@pytest.mark.parametrize(
    ("name", "text"),
    [
        ("t.csv", "case,roles,what\none,clinician,read Condition\n"),
        ("t.csv", "case,roles,what,allowed\none,clinician,read Condition,maybe\n"),
        ("t.csv", "case,roles,what,allowed\none,clinician\n"),
        ("t.csv", "case,roles,what,allowed,colour\none,clinician,read Condition,yes,red\n"),
        ("t.csv", 'case,roles\n"one'),
        ("t.yaml", "case: one"),
        ("t.yaml", "- one"),
        ("t.yaml", "- {case: ["),
        ("t.yaml", "- {case: !!python/object:os.system one}"),
    ],
)
def test_tables_of_cases_that_cannot_be_read_are_refused(name, text):
    with pytest.raises(FaultyCases) as told:
        read(text, name)
    assert told.value.text("zh")


def test_files_of_cases_that_cannot_be_read_are_refused(tmp_path):
    for content in (b"\xff", b"x" * (MOST_BYTES + 1)):
        (tmp_path / "t.csv").write_bytes(content)
        with pytest.raises(FaultyCases):
            load(tmp_path / "t.csv")
