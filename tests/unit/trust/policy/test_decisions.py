import os
import time
from itertools import combinations

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from structlog.testing import capture_logs

from xinglin.trust.policy import decisions
from xinglin.trust.policy.cases import Case
from xinglin.trust.policy.decisions import Policies
from xinglin.trust.policy.errors import FaultyPolicy
from xinglin.trust.who import NOBODY, Who

POLICIES = Policies()
TABLES = POLICIES.tables
TREATED = Case("read", "condition", frozenset({"treating"}))
RULE = """
@id("{id}")
@title_zh("站点")
@title_en("the site's")
@source("site")
{effect} (principal in Role::"{role}", action == Action::"{action}", resource in Group::"{group}");
"""

NO_ATTRIBUTE = """
@id("x") @title_zh("x") @title_en("x") @source("x")
permit (principal, action, resource) when { context.nothing };
"""


def who(*roles, kind="user"):
    return Who("user:x", kind, roles=frozenset(roles))


def rule(id_="site.rule", effect="permit", role="operator", action="read", group="condition"):
    return RULE.format(id=id_, effect=effect, role=role, action=action, group=group)


def test_decisions_come_in_the_order_of_the_cases():
    cases = [TREATED, Case("read", "condition"), TREATED, Case("nothing", "condition"), Case("read", "none")]
    found = POLICIES.decide(who("clinician"), "", cases)
    assert [one.allowed for one in found] == [True, False, True, False, False]
    assert found[0] is found[2]


def test_no_cases_no_decisions():
    assert POLICIES.decide(who("clinician"), "", []) == []


def test_nobody_and_unknown_roles_may_nothing():
    for one in (NOBODY, who(), who("no-such-role"), who("anonymous")):
        assert not POLICIES.allows(one, "", TREATED).allowed
        assert not POLICIES.allows(one, "TREAT", TREATED).allowed


def test_a_role_that_follows_from_the_kind_cannot_be_given():
    asked = Case("read", "person")
    assert not POLICIES.allows(who("local"), "HSYSADMIN", asked).allowed
    assert POLICIES.allows(who(kind="local"), "HSYSADMIN", asked).allowed


def test_a_role_of_programs_is_nobodys_own():
    asked = Case("read", "condition", frozenset({"institution"}))
    assert not POLICIES.allows(who("institution-system"), "TREAT", asked).allowed
    assert POLICIES.allows(who("institution-system", kind="client"), "TREAT", asked).allowed


def test_purposes_are_those_of_the_roles():
    assert POLICIES.default_purpose(who("clinician", "researcher")) == "TREAT"
    assert POLICIES.purposes(who("clinician", "researcher")) == ("TREAT", "BTG", "HRESCH")
    assert POLICIES.default_purpose(who()) == ""
    assert not POLICIES.allows(who("clinician"), "NONSENSE", TREATED).allowed


def test_a_grade_that_no_table_has_is_sensitive():
    case = Case("search", "condition", frozenset({"contract"}), grade="harmless")
    assert not POLICIES.allows(who("researcher"), "", case).allowed


def test_an_unknown_label_opens_only_to_those_who_see_everything():
    labels = frozenset({"NEW"})
    assert not POLICIES.allows(
        who("clinician"), "", Case("read", "condition", TREATED.relation, labels)
    ).allowed
    case = Case("read", "condition", frozenset({"self"}), labels)
    assert POLICIES.allows(who("patient"), "", case).allowed


def test_masks_and_limits():
    found = POLICIES.allows(
        who("quality-controller"), "", Case("read", "condition", frozenset({"institution"}))
    )
    assert found.masks == {"identifying"}
    found = POLICIES.allows(who("public-health"), "", Case("read", "condition"))
    assert found.limits == {"notifiable"}
    assert not found.masks


def test_a_denial_says_the_same_whatever_the_record_holds():
    cases = [
        Case("read", "condition", relation, labels, grade)
        for relation in (frozenset(), frozenset({"treating"}), frozenset({"institution"}))
        for labels in (frozenset({"PSY"}), frozenset({"HIV", "SDV"}), frozenset({"NEW"}), frozenset())
        for grade in ("restricted", "sensitive")
    ]
    denied = [one for one in POLICIES.decide(who("clinician"), "", cases) if not one.allowed]
    assert len(denied) > 10
    assert len({one.openers for one in denied}) == 1
    for language in ("en", "zh"):
        (told,) = {one.remedy.text(language) for one in denied}
        assert not [
            one for one in TABLES.words("labels") if TABLES.name("labels", one).text(language) in told
        ]


def test_remedies_say_what_to_do():
    said = POLICIES.allows(who("clinician"), "", Case("read", "condition")).remedy
    assert "open an encounter" in said.text("en")
    assert "emergency access" in said.text("en")
    assert "登记就诊" in said.text("zh")
    said = POLICIES.allows(who("clinician"), "", Case("policy.change", "administration")).remedy
    assert "security administrator" in said.text("en")
    assert "log in" in POLICIES.allows(NOBODY, "", TREATED).remedy.text("en")
    said = POLICIES.allows(who("clinician"), "", Case("write", "audit")).remedy
    assert "no rule" in said.text("en")


ROLE_SETS = st.frozensets(st.sampled_from(TABLES.words("roles")), min_size=1, max_size=3)
LABELS = st.frozensets(st.sampled_from([*TABLES.words("labels"), "NEW"]), max_size=4)
GRADES = ("public", "restricted", "sensitive")


@settings(max_examples=150, deadline=None)
@given(
    ROLE_SETS,
    st.sampled_from(TABLES.words("purposes")),
    st.sampled_from(["read", "search", "write", "delete", "export"]),
    st.sampled_from(TABLES.leaf_groups),
    st.frozensets(st.sampled_from(TABLES.words("relations")), max_size=3),
    LABELS,
    LABELS,
    st.sampled_from(GRADES),
    st.sampled_from(GRADES),
)
def test_more_labels_and_a_higher_grade_never_permit_more(
    roles, purpose, action, group, relation, some, more, low, high
):
    low, high = sorted((low, high), key=GRADES.index)
    asker = Who("user:x", "user", roles=roles)
    less, all_ = POLICIES.decide(
        asker,
        purpose,
        [Case(action, group, relation, some, low), Case(action, group, relation, some | more, high)],
    )
    assert less.allowed or not all_.allowed
    if all_.allowed:
        assert less.masks <= all_.masks


@pytest.mark.parametrize(
    "role", ["clinician", "patient", "public-health", "researcher", "institution-system"]
)
def test_openings_agree_with_decisions(role):
    labels = TABLES.words("labels")
    openings = {(one.group, one.relation): one for one in POLICIES.openings(who(role), "", "read")}
    for group in TABLES.leaf_groups:
        for relation in ("", *TABLES.words("relations")):
            related = frozenset({relation} if relation else ())
            cases = [
                Case("read", group, related, frozenset(some), grade)
                for size in (0, 1, 2)
                for some in combinations(labels[:6], size)
                for grade in GRADES
            ]
            opening = openings.get((group, relation))
            for case, said in zip(cases, POLICIES.decide(who(role), "", cases), strict=True):
                expected = (
                    opening is not None
                    and not case.labels & opening.closed_labels
                    and case.grade not in opening.closed_grades
                )
                assert said.allowed == expected, case


def test_cached_decisions_are_quick():
    asker = who("clinician")
    cases = [TREATED] * 1000
    POLICIES.decide(asker, "TREAT", cases)
    start = time.process_time()
    POLICIES.decide(asker, "TREAT", cases)
    assert (time.process_time() - start) / len(cases) < 0.000_1


@pytest.fixture
def site(tmp_path):
    policies = Policies(tmp_path)
    return tmp_path, policies


def test_a_site_adds_a_rule_and_takes_it_away_again(site, monkeypatch):
    folder, policies = site
    monkeypatch.setattr(decisions, "LOOK_SECONDS", 0.0)
    policies = Policies(folder)
    asked = Case("read", "condition")
    assert not policies.allows(who("operator"), "", asked).allowed
    (folder / "site.cedar").write_text(rule())
    assert policies.allows(who("operator"), "", asked).rules == ("site.rule",)
    assert policies.generation == 2
    (folder / "site.cedar").unlink()
    assert not policies.allows(who("operator"), "", asked).allowed


def test_a_change_takes_effect_within_a_second(site):
    folder, policies = site
    asked = Case("read", "condition")
    assert not policies.allows(who("operator"), "", asked).allowed
    (folder / "site.cedar").write_text(rule())
    changed = time.monotonic()
    while not policies.allows(who("operator"), "", asked).allowed:
        assert time.monotonic() - changed < 1
        time.sleep(0.02)


def test_a_site_replaces_a_shipped_file(site, monkeypatch):
    folder, _ = site
    (folder / "30-treating.cedar").write_text(rule("treating.none", role="nurse", group="directory"))
    policies = Policies(folder)
    assert not policies.allows(who("clinician"), "", TREATED).allowed


@pytest.mark.parametrize(
    "text",
    [
        "permit (principal, action, resource) whn { true };",
        "permit (principal, action, resource);",
        rule(action="fly"),
        rule("own.see"),
        rule() + rule(),
        NO_ATTRIBUTE,
    ],
    ids=["no Cedar", "no id", "no action", "taken id", "twice", "no attribute"],
)
def test_a_broken_policy_never_replaces_a_working_one(site, monkeypatch, text):
    folder, _ = site
    (folder / "a.cedar").write_text(rule())
    monkeypatch.setattr(decisions, "LOOK_SECONDS", 0.0)
    policies = Policies(folder)
    (folder / "b.cedar").write_text(text)
    with capture_logs() as logs:
        for _ in range(3):
            assert policies.allows(who("operator"), "", Case("read", "condition")).allowed
    assert [one["code"] for one in logs] == ["XL9301"]
    assert policies.generation == 1
    with pytest.raises(FaultyPolicy):
        Policies(folder)


def test_what_never_is_cannot_be_replaced(site):
    folder, _ = site
    (folder / "90-never.cedar").write_text(rule())
    with pytest.raises(FaultyPolicy):
        Policies(folder)


def test_files_that_cannot_be_read_are_told(site):
    folder, _ = site
    (folder / "a.cedar").write_bytes(b"\xff\xfe")
    with pytest.raises(FaultyPolicy):
        Policies(folder)
    (folder / "a.cedar").write_bytes(b"//" + b"x" * 1_000_001)
    with pytest.raises(FaultyPolicy):
        Policies(folder)


def test_a_touched_file_is_read_again(site, monkeypatch):
    folder, _ = site
    monkeypatch.setattr(decisions, "LOOK_SECONDS", 0.0)
    path = folder / "a.cedar"
    path.write_text(rule())
    policies = Policies(folder)
    path.write_text(rule(effect="forbid"))  # same length or not: the time tells
    os.utime(path, ns=(1, 1))
    assert not policies.allows(who("operator"), "", Case("read", "condition")).allowed
