"""SMART scopes: what is read, what both allow, what is allowed."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from xinglin.trust.tokens.errors import ScopeTooNarrow, WrongScope
from xinglin.trust.tokens.scopes import LETTERS, UNGRANTED, WORDS, Interaction, Scope, Scopes, parsed

READ: Interaction = "read"


@pytest.mark.parametrize(
    ("written", "read"),
    [
        ("user/Observation.rs", "user/Observation.rs"),
        ("patient/Observation.read", "patient/Observation.rs"),
        ("system/Observation.write", "system/Observation.cud"),
        ("user/*.*", "user/*.cruds"),
        ("patient/*.cruds", "patient/*.cruds"),
        ("user/Observation.rs?category=laboratory", "user/Observation.rs?category=laboratory"),
        (
            "user/Observation.rs?code=http%3A%2F%2Floinc.org%7C4548-4&category=laboratory",
            "user/Observation.rs?category=laboratory&code=http://loinc.org|4548-4",
        ),
        ("openid launch/patient  fhirUser", "fhirUser launch/patient openid"),
        ("user/Patient.r user/Patient.rs", "user/Patient.rs"),
        ("user/Patient.rs user/*.rs", "user/*.rs"),
        ("user/Observation.rs user/Observation.rs?category=laboratory", "user/Observation.rs"),
        ("patient/Observation.rs user/Observation.r", "patient/Observation.rs user/Observation.r"),
        ("profile online_access", ""),
        ("", ""),
    ],
)
def test_reading(written: str, read: str) -> None:
    assert str(Scopes.parse(written)) == read


@pytest.mark.parametrize(
    "written",
    [
        "user/Observation",
        "user/Observation.",
        "user/Observation.sr",
        "user/Observation.rr",
        "user/Observation.rsx",
        "user/observation.rs",
        "USER/Observation.rs",
        "admin/Observation.rs",
        "user/Observation.rs?",
        "user/Observation.rs?category",
        "user/Observation.rs?category=",
        "user/Observation.rs?category=a&&code=b",
        "user/Observation.rs?category=%FF",
        "user/Observation.rs?category=%00",
        "user/Observation.rs?category=%0d%0a",
        "user/Observation.rs?subject.name=wang",
        "user/Observation.rs?_has:Provenance:target:agent=x",
        "user/Observation.rs?subject:Patient.name=x",
        "user/Observation.rs?_include=Observation:subject",
        "user/Observation.rs?_count=1",
        "user/*.rs?_tag=a",
        "user/Observation.rs\tuser/*.rs",
        "user/Observation.rs\nuser/*.rs",
        'user/Observation.rs?code="',
        "user/Observation.rs?" + "&".join(f"p{n}=1" for n in range(9)),
        "user/Observation.read.write",
        "user/../*.rs",
        "user/Observation.ｒs",
        "admin",
        "launch/practitioner",
    ],
)
def test_what_is_not_a_scope_is_refused(written: str) -> None:
    with pytest.raises(WrongScope):
        Scopes.parse(written)


def test_too_many_are_refused() -> None:
    with pytest.raises(WrongScope):
        Scopes.parse(" ".join(f"user/Type{chr(65 + n % 26)}{'a' * n}.r" for n in range(101)))
    with pytest.raises(WrongScope):
        Scopes.parse("user/Observation.rs?code=" + "a" * 8_000)


@pytest.mark.parametrize(
    ("asked", "registered", "granted"),
    [
        ("user/*.cruds", "user/Observation.rs", "user/Observation.rs"),
        ("user/Observation.rs", "user/*.r", "user/Observation.r"),
        ("user/Observation.rs", "system/Observation.rs", ""),
        ("user/Observation.rs", "patient/Observation.rs", ""),
        ("user/Observation.c", "user/Observation.rs", ""),
        (
            "user/Observation.rs?category=laboratory",
            "user/Observation.rs",
            "user/Observation.rs?category=laboratory",
        ),
        (
            "user/Observation.rs",
            "user/Observation.rs?category=laboratory",
            "user/Observation.rs?category=laboratory",
        ),
        (
            "user/Observation.rs?status=final",
            "user/Observation.rs?category=laboratory",
            "user/Observation.rs?category=laboratory&status=final",
        ),
        ("openid offline_access launch", "openid launch/patient", "openid"),
    ],
)
def test_narrowing(asked: str, registered: str, granted: str) -> None:
    assert str(Scopes.parse(asked).narrowed(Scopes.parse(registered))) == granted


def test_what_is_allowed() -> None:
    scopes = Scopes.parse(
        "user/Observation.rs?category=laboratory user/Observation.s patient/*.r user/Patient.cu"
    )
    assert scopes.allows("Observation", "search-type")
    assert scopes.restrictions("Observation", "search-type") == []
    assert scopes.restrictions("Patient", "create") == []
    assert not scopes.allows("Patient", "delete")
    assert not scopes.allows("*", "search-system")
    assert scopes.allows("*", "read")
    assert [one.level for one in scopes.permits("Condition", READ)] == ["patient"]
    with pytest.raises(ScopeTooNarrow):
        scopes.restrictions("Condition", "create")


def test_restrictions_on_one_type_are_alternatives() -> None:
    scopes = Scopes.parse("user/Observation.rs?category=laboratory user/Observation.rs?category=vital-signs")
    assert scopes.restrictions("Observation", READ) == [
        (("category", "laboratory"),),
        (("category", "vital-signs"),),
    ]
    wide = Scopes.parse("user/Observation.s?category=laboratory user/*.rs")
    assert wide.restrictions("Observation", "search-type") == []


def test_patient_scopes_need_a_patient() -> None:
    assert Scopes.parse("patient/Observation.r").needs_patient
    assert Scopes.parse("launch/patient").needs_patient
    assert not Scopes.parse("user/Observation.r launch").needs_patient


types = st.sampled_from(["*", "Patient", "Observation", "Condition"])
letters = st.sets(st.sampled_from(LETTERS), min_size=1).map(
    lambda found: "".join(one for one in LETTERS if one in found)
)
names = st.sampled_from(["category", "code", "code:not", "_tag", "date"])
values = st.text(st.characters(exclude_categories=["C", "Z"]), min_size=1, max_size=8)


@st.composite
def scope(draw: st.DrawFn) -> Scope:
    type_ = draw(types)
    pairs = draw(st.sets(st.tuples(names, values), max_size=3)) if type_ != "*" else set[tuple[str, str]]()
    return Scope(
        draw(st.sampled_from(["patient", "user", "system"])), type_, draw(letters), tuple(sorted(pairs))
    )


sets = st.builds(Scopes, st.lists(scope(), max_size=5), st.sets(st.sampled_from(sorted(WORDS))))


@given(sets)
def test_what_is_written_is_read_alike(scopes: Scopes) -> None:
    assert Scopes.parse(str(scopes)) == scopes
    assert parsed(tuple(scopes)) == scopes
    assert Scopes.parse([*scopes, *UNGRANTED]) == scopes


@given(sets, sets)
def test_narrowing_never_widens(one: Scopes, other: Scopes) -> None:
    narrow = one.narrowed(other)
    assert one.covers(narrow)
    assert other.covers(narrow)
    assert narrow == other.narrowed(one)
    assert narrow.narrowed(one) == narrow
    assert one.narrowed(one) == one


@given(sets, sets, types, st.sampled_from(["read", "search-type", "create", "update", "delete"]))
def test_what_a_narrowed_set_allows_both_allow(
    one: Scopes, other: Scopes, type_: str, interaction: Interaction
) -> None:
    narrow = one.narrowed(other)
    if narrow.allows(type_, interaction):
        assert one.allows(type_, interaction)
        assert other.allows(type_, interaction)
        if not narrow.restrictions(type_, interaction):
            assert not one.restrictions(type_, interaction)
            assert not other.restrictions(type_, interaction)


@given(st.text(max_size=60) | st.from_regex(r"(user|patient)/[A-Z*][a-z]{0,9}\.[cruds*]{1,5}(\?.{0,20})?"))
def test_nothing_but_our_error_comes_of_any_text(text: str) -> None:
    try:
        found = Scopes.parse(text)
    except WrongScope:
        return
    assert Scopes.parse(str(found)) == found
