import pytest

from xinglin.trust.policy.check import check, idle_roles, unknown_words
from xinglin.trust.policy.engine import Engine
from xinglin.trust.policy.rules import read, shipped

RULE = """
@id("site.rule")
@title_zh("站点")
@title_en("the site's")
@source("site"){more}
{effect} (principal{who}, action == Action::"{action}", resource in Group::"{group}")
{when};
"""


def rule(
    id_="site.rule",
    effect="permit",
    who=' in Role::"operator"',
    action="read",
    group="condition",
    when="",
    more="",
):
    made = RULE.format(effect=effect, who=who, action=action, group=group, when=when, more=more)
    return made.replace("site.rule", id_)


UNKNOWN = {
    "wizard": (rule(who=' in Role::"wizard"'), "roles"),
    "spells": (rule(group="spells"), "groups"),
    "MAGIC": (rule(when='when { context.purpose == "MAGIC" }'), "purposes"),
    "friend": (rule(when='when { context.relations.containsAny(["treating", "friend"]) }'), "relations"),
    "XX": (rule(when='unless { context.labels.contains("XX") }'), "labels"),
    "secret": (rule(when='when { context.grade == "secret" }'), "grades"),
    "veil": (rule(more='\n@masks("veil")'), "masks"),
    "fence": (rule(more='\n@limit("fence")'), "limits"),
}

FAULTY = {
    "site.idle": (rule("site.idle", when='when { context.purpose == "TREAT" }'), "never decides anything"),
    "site.closed": (
        rule("site.closed", who=' in Role::"audit-administrator"'),
        "forbidden by never.administrators-see-records",
    ),
    "site.needless": (
        rule("site.needless", effect="forbid", action="audit.verify"),
        "never decides anything",
    ),
    "operator HOPERAT": (
        rule("site.opens", when='when { context.labels.contains("MINOR") || context.grade == "sensitive" }'),
        "opens what is closed without it",
    ),
    "local HSYSADMIN": (
        rule(
            "site.pair",
            effect="forbid",
            who=' in Role::"local"',
            when='when { context.labels.containsAll(["PSY", "HIV"]) }',
        ),
        "closes what each of its labels leaves open",
    ),
}


@pytest.fixture(scope="module")
def shipped_check():
    return check(Engine())


@pytest.mark.timeout(200)
def test_the_shipped_policies_are_sound(shipped_check):
    assert shipped_check.findings == []
    assert shipped_check.cases > 10_000
    assert shipped_check.rules == sum(len(read(name, text)) for name, text in shipped().items())


@pytest.mark.parametrize("word", UNKNOWN)
def test_words_that_no_table_has_are_found(word):
    text, table = UNKNOWN[word]
    (found,) = unknown_words(Engine({"site.cedar": text}))
    assert found.about == "site.rule"
    assert found.text.text("en") == f"{word} doesn't stand in {table}.csv"


@pytest.fixture(scope="module")
def faulty_check():
    return check(Engine({"site.cedar": "\n".join(text for text, _ in FAULTY.values())}))


@pytest.mark.timeout(200)
@pytest.mark.parametrize("about", FAULTY)
def test_rules_that_do_what_none_should_are_found(faulty_check, about):
    words = [one.text.text("en") for one in faulty_check.findings if one.about.startswith(about)]
    assert [one for one in words if FAULTY[about][1] in one], faulty_check.findings


def test_a_role_that_nothing_is_about_is_found():
    columns = "role,kind,purposes,duty,name_zh,name_en,meaning_zh,meaning_en,source,edition,confidence\n"
    site = {"roles.csv": columns + "midwife,,TREAT,,助产士,midwife,接生,helps at birth,site,1,read\n"}
    (found,) = idle_roles(Engine(site))
    assert found.about == "midwife"


def test_a_comment_above_a_rule_belongs_to_it():
    text = (
        "// about the file\n\n"
        + rule()
        + "\n// about this one\n// in two lines"
        + rule(effect="forbid").replace("site.rule", "other")
    )
    first, second = read("a.cedar", text)
    assert first.comment == "about the file"
    assert second.comment == "about this one in two lines"
    assert first.text.startswith("@id")
    assert "//" not in first.text
    assert not second.permits
