"""Identifiers under everything hypothesis thinks of."""

from datetime import date

import pytest
from hypothesis import assume, given
from hypothesis import strategies as st
from stdnum.cn import ric, uscc
from stdnum.exceptions import ValidationError

from xinglin.standards.identifiers import SCHEMES, Fault, Identifier, Kind, invented_resident, kind_of, read

KINDS = sorted(SCHEMES)
CHECKED = {
    Kind.RESIDENT: "0123456789",
    Kind.HK_MACAO_RESIDENCE: "0123456789",
    Kind.TAIWAN_RESIDENCE: "0123456789",
    Kind.PERMANENT_RESIDENCE: "0123456789",
    Kind.ORGANIZATION_CODE: "0123456789",
    Kind.CREDIT_CODE: "0123456789ABCDEFGHJKLMNPQRTUWXY",
}
"""Kinds with a check character, and the characters whose mistyping it always finds."""
SEEDS = st.integers(-(10**9), 10**15)
LIKELY = st.text("0123456789xXＸ１HM年-— '\"+.E()（）\u200b\ufeffé\u0301ßı", max_size=30)


@pytest.mark.parametrize("kind", KINDS)
@given(seed=SEEDS)
def test_invented_numbers_are_understood(kind, seed):
    scheme = SCHEMES[kind]
    found = scheme.parse(scheme.invented(seed))
    assert isinstance(found, Identifier), found.text()
    assert found.kind == kind
    again = scheme.parse(found.value)
    assert isinstance(again, Identifier)
    assert again.value == found.value


@pytest.mark.parametrize("kind", sorted(CHECKED))
@given(seed=SEEDS, place=st.integers(0, 17), data=st.data())
def test_one_wrong_character_is_found(kind, seed, place, data):
    number = SCHEMES[kind].invented(seed)
    place %= len(number)
    assume(kind != Kind.ORGANIZATION_CODE or number[place].isdigit())
    other = data.draw(st.sampled_from(CHECKED[kind]).filter(lambda character: character != number[place]))
    changed = f"{number[:place]}{other}{number[place + 1 :]}"
    assert isinstance(SCHEMES[kind].parse(changed), Fault)


@pytest.mark.parametrize("kind", sorted(CHECKED))
@given(seed=SEEDS, place=st.integers(0, 16))
def test_two_swapped_neighbours_are_found(kind, seed, place):
    number = SCHEMES[kind].invented(seed)
    place %= len(number) - 1
    one, two = number[place], number[place + 1]
    assume(one != two)
    # Among letters and the X, GB 11714 itself misses some swaps: values that differ by 11 count alike.
    assume(kind != Kind.ORGANIZATION_CODE or (one.isdigit() and two.isdigit()))
    changed = f"{number[:place]}{two}{one}{number[place + 2 :]}"
    assert isinstance(SCHEMES[kind].parse(changed), Fault)


@pytest.mark.parametrize("kind", KINDS)
@given(text=st.one_of(st.text(max_size=300), LIKELY))
def test_no_text_breaks_anything(kind, text):
    scheme = SCHEMES[kind]
    found = scheme.parse(text)
    once = scheme.normalise(text)
    assert scheme.normalise(once) == once
    assert scheme.is_valid(text) == isinstance(found, Identifier)
    if isinstance(found, Fault):
        assert set(scheme.mask(text)) <= {"*"}
        assert found.text("en")
        assert found.text("zh")
        assert found.advice("zh")
    else:
        assert scheme.is_valid(found.value)
    kind_of(None, text)
    kind_of(text, text)


@given(identifier=st.recursive(
    st.none() | st.booleans() | st.integers() | LIKELY,
    lambda inner: st.lists(inner, max_size=3)
    | st.dictionaries(st.sampled_from(["system", "value", "type", "coding", "code"]), inner, max_size=4),
    max_leaves=8,
))  # fmt: skip
def test_no_fhir_identifier_breaks_anything(identifier):
    if isinstance(identifier, dict):
        read(identifier)


@given(
    seed=st.integers(0, 10**9),
    sex=st.sampled_from(["male", "female"]),
    born=st.dates(date(1900, 1, 1), date(2020, 12, 31)),
)
def test_invented_people_are_as_asked_and_the_old_form_becomes_the_new(seed, sex, born):
    number = invented_resident(seed, sex=sex, born=born)
    found = SCHEMES[Kind.RESIDENT].parse(number)
    assert isinstance(found, Identifier)
    assert (found.sex, found.born, found.value) == (sex, born, number)
    if born.year < 2000 and number[14:17] < "996":
        old = SCHEMES[Kind.RESIDENT].parse(number[:6] + number[8:17])
        assert isinstance(old, Identifier)
        assert (old.value, old.born, old.sex) == (number, born, sex)


@given(
    county=st.sampled_from(["110101", "360102", "360100", "440305", "659001", "330106"]),
    born=st.dates(date(1900, 1, 1), date(2020, 12, 31)),
    sequence=st.integers(0, 999),
)
def test_whom_the_library_takes_is_taken_here(county, born, sequence):
    body = f"{county}{born:%Y%m%d}{sequence:03d}"
    number = body + ric.calc_check_digit(body + "0")
    try:
        ric.validate(number)
    except (ValidationError, KeyError):
        assume(False)
    assert SCHEMES[Kind.RESIDENT].is_valid(number, strict=True)


@given(st.text("0123456789ABCDEFGHJKLMNPQRTUWXY", min_size=9, max_size=9))
def test_credit_codes_are_those_of_the_library(body):
    body = f"91360102{body}"
    number = body + uscc.calc_check_digit(body)
    assert uscc.is_valid(number)
    assert SCHEMES[Kind.CREDIT_CODE].is_valid(number)
