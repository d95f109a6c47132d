"""Persons: any text can be compared; likeness goes both ways; a person is nearest to themselves."""

from datetime import date

from hypothesis import given
from hypothesis import strategies as st

from xinglin.standards.persons import COMPARISONS, FIELDS, blocking_keys, describe, features, levels, meanings
from xinglin.standards.persons.addresses import place
from xinglin.standards.persons.births import birth
from xinglin.standards.persons.characters import clean

TODAY = date(2026, 11, 1)

HAN = st.sampled_from("王汪黄方单欧阳尉迟李季刘牛小晓明朋伟炜玮宁林清青?□*·•．　氏之女子yanYAN歐陽喆哲𬭊 ")
NAMES = st.one_of(st.none(), st.text(HAN, max_size=8), st.text(max_size=12))
DIGITS = st.text(st.sampled_from("0123456789Xx -"), max_size=20)
DATES = st.one_of(
    st.none(),
    st.dates(date(1985, 1, 1), date(1992, 12, 31)).map(str),
    st.sampled_from(["1990", "1990-01-01", "1900-01-01", "2099-01-01", "19900506", "一九九零"]),
    st.text(max_size=12),
)
ADDRESSES = st.one_of(
    st.none(),
    st.text(st.sampled_from("江西省南昌市县东湖区悬壶镇桃溪村路三十组一二号12栋3室a -"), max_size=24),
    st.text(max_size=20),
)
PEOPLE = st.builds(
    lambda phones, **plain: describe(TODAY, phones=tuple(phones), **plain),
    full_name=NAMES,
    surname=NAMES,
    given_name=NAMES,
    sex=st.one_of(st.none(), st.sampled_from(["male", "female", "男", "2", ""])),
    birth_date=DATES,
    identity=st.one_of(st.none(), DIGITS, st.text(max_size=20)),
    document=st.one_of(st.none(), st.sampled_from(["passport:E1", "passport:E2"])),
    insured=st.one_of(st.none(), DIGITS),
    phones=st.lists(st.one_of(DIGITS, st.text(max_size=14)), max_size=3),
    address=ADDRESSES,
    division=st.one_of(st.none(), st.sampled_from(["360000", "360100", "360102", "x"])),
    mother=NAMES,
    birth_order=st.one_of(st.none(), st.integers(1, 3)),
)


@given(PEOPLE, PEOPLE)
def test_levels_go_both_ways_and_have_a_meaning(one, other):
    found = levels(one, other)
    assert levels(other, one) == found
    for field, level in zip(FIELDS, found, strict=True):
        assert level is None or (field, level) in meanings()


@given(PEOPLE)
def test_everybody_is_nearest_to_themselves(one):
    highest = {field: max(level for name, level in meanings() if name == field) for field in FIELDS}
    for field, compare in COMPARISONS.items():
        level = compare(one, one)
        lower = {
            "birth": one.birth_rough and 3,
            "identity": not one.identity_checked and 3,
            "address": 4
            if one.street
            else 2
            if len(one.division or "") == 6
            else 1
            if len(one.division or "") > 2
            else 0,
        }
        assert level in (None, highest[field], lower.get(field, highest[field]))


@given(PEOPLE)
def test_equal_people_share_all_keys_and_keys_are_unlike(one):
    keys = blocking_keys(one)
    assert len(set(keys)) == len(keys)
    assert blocking_keys(one) == keys


@given(st.one_of(st.text(), st.text(HAN)))
def test_cleaning_twice_changes_nothing(text):
    assert clean(clean(text)) == clean(text)


@given(st.text(), st.text(max_size=8))
def test_any_address_can_be_read(text, code):
    found = place(text, code)
    assert found.division is None or found.division.isdigit()
    assert found.house != ""
    assert found.street != ""


@given(st.text())
def test_any_date_can_be_read(text):
    found = birth(text, TODAY)
    assert found.day is None or len(found.day) == 8


JSON = st.recursive(
    st.one_of(st.none(), st.booleans(), st.integers(), st.text(max_size=8)),
    lambda inner: st.one_of(
        st.lists(inner, max_size=3), st.dictionaries(st.text(max_size=6), inner, max_size=3)
    ),
    max_leaves=8,
)


@given(
    st.dictionaries(
        st.sampled_from(
            [
                "identifier",
                "name",
                "gender",
                "birthDate",
                "telecom",
                "address",
                "contact",
                "extension",
                "multipleBirthInteger",
            ]
        ),
        st.one_of(
            JSON,
            st.lists(
                st.dictionaries(
                    st.sampled_from(
                        [
                            "use",
                            "system",
                            "value",
                            "text",
                            "family",
                            "given",
                            "line",
                            "city",
                            "name",
                            "relationship",
                            "url",
                            "type",
                        ]
                    ),
                    JSON,
                ),
                max_size=3,
            ),
        ),
    )
)
def test_whatever_a_patient_holds_it_can_be_described(elements):
    blocking_keys(features({"resourceType": "Patient", **elements}, TODAY))
