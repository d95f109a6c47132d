"""Values of files in the form in which they are compared."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from xinglin.hub.identity.linkage import values


@pytest.mark.parametrize(
    ("text", "read"),
    [
        ("1990-05-06", "19900506"),
        ("19900506", "19900506"),
        ("1990年5月6日", "19900506"),
        ("6.5.1990", "19900506"),
        ("1990-05-06T08:00:00", "19900506"),
        ("19900231", "19900231"),
        ("1990", "1990"),
        ("1900-01-01", None),
        ("unknown", None),
    ],
)
def test_birth_dates(text: str, read: str | None) -> None:
    assert values.read_birth(text) == (read,)


def test_old_and_new_identity_numbers_meet() -> None:
    assert values.read_number("360102900506003") == values.read_number("36010219900506003X")
    assert values.read_number("111111111111111111") == (None,)


@pytest.mark.parametrize(
    ("text", "read"), [("男", "male"), ("F", "female"), ("2", "female"), ("9", None), ("?", None)]
)
def test_sexes(text: str, read: str | None) -> None:
    assert values.read_sex(text) == (read,)


def test_blanks_in_names_and_addresses_are_no_matter() -> None:
    assert values.given_forms("Mary Ann") == values.given_forms("maryann")
    assert values.words("12  High STREET") == ("12highstreet",)


def test_full_names_are_split() -> None:
    assert values.name_forms("欧阳小明")[0] == "欧阳"
    assert values.name_forms("Mary Smith")[0] == "smith"


@given(st.text(max_size=60))
def test_no_text_is_too_odd(text: str) -> None:
    for read, size in (
        (values.surname_forms, 3),
        (values.given_forms, 4),
        (values.name_forms, 7),
        (values.read_sex, 1),
        (values.read_birth, 1),
        (values.read_number, 1),
        (values.read_phone, 1),
        (values.words, 1),
        (values.read_place, 3),
    ):
        found = read(text)
        assert len(found) == size
        assert all(value is None or value for value in found)
