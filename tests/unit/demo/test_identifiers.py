"""The demo's numbers have the right form and can't be anybody's."""

from datetime import date

import phonenumbers
import pytest

from xinglin_demo import identifiers
from xinglin_demo.dice import Dice

CITY_LEVEL = {*range(1, 71), 90}
"""Values of the third and fourth digit that GB/T 2260-2007 assigns a meaning."""


@pytest.mark.parametrize(
    ("body", "check"),
    [
        ("11010519491231002", "X"),  # the example in GB 11643-1999
        ("44052418800101001", "4"),  # the second example there
    ],
)
def test_check_digit_follows_the_standard(body, check):
    assert identifiers.resident_check(body) == check


def test_credit_code_check_follows_the_standard():
    code = identifiers.credit_code("12", "A00000011")
    assert code[:-1] == "12368021A00000011"
    weights = [3**place % 31 for place in range(17)]
    alphabet = "0123456789ABCDEFGHJKLMNPQRTUWXY"
    total = sum(alphabet.index(c) * w for c, w in zip(code, [*weights, 1], strict=True))
    assert total % 31 == 0


@pytest.mark.parametrize("index", [0, 1, 13_971, 13_972, 838_319, 838_320, 8_383_199])
def test_division_is_one_that_is_never_assigned(index):
    number = identifiers.resident_number(index, "female", date(1980, 5, identifiers.birth_day(index)))
    assert len(number) == 18
    assert int(number[2:4]) not in CITY_LEVEL
    assert number[:2] == "36"
    assert 21 <= int(number[4:6]) <= 80
    assert int(number[14:17]) % 2 == 0
    assert number[-1] == identifiers.resident_check(number[:-1])


def test_numbers_never_repeat():
    seen = set()
    for index in range(60_000):
        born = date(1980, 1, identifiers.birth_day(index))
        seen.add(identifiers.resident_number(index, "male", born))
    assert len(seen) == 60_000


def test_men_have_odd_sequences():
    assert int(identifiers.resident_number(5, "male", date(1980, 1, 1))[14:17]) % 2 == 1


def test_phones_are_nobodys():
    """No range that libphonenumber knows; numbering plans grow, so this may fail with a newer version."""
    dice = Dice("phones")
    for _ in range(200):
        number = identifiers.phone(dice)
        assert len(number) == 11
        assert not phonenumbers.is_valid_number(phonenumbers.parse(number, "CN"))


def test_health_record_number_has_seventeen_digits():
    number = identifiers.health_record_number(1_234_567, 5)
    assert len(number) == 17
    assert number.isdigit()
