"""Addresses, numbers and dates: taken apart and brought to one form."""

from datetime import date

import pytest

from xinglin.standards.identifiers import invented_resident, short_form
from xinglin.standards.persons.addresses import Place, place
from xinglin.standards.persons.births import UNKNOWN, birth
from xinglin.standards.persons.numbers import identity_number, is_resident, phone_number, plain_number

TODAY = date(2026, 11, 1)


@pytest.mark.parametrize(
    ("text", "found"),
    [
        ("江西省南昌市东湖区悬壶街道药圃路16号3栋201室", Place("360102", "悬壶药圃", "16-3-201")),
        ("江西省南昌市南昌县悬壶镇桃溪村三组十二号", Place("360121", "悬壶桃溪", "3-12")),
        ("南昌市南昌县悬壶镇桃溪村3组12号", Place("360121", "悬壶桃溪", "3-12")),
        ("江西乐平市青囊镇", Place("360281", "青囊", None)),
        ("江西省景德镇市乐平市青囊镇", Place("360281", "青囊", None)),
        ("赣州市赣县悬壶镇", Place("360704", "悬壶", None)),
        ("赣州市赣县区悬壶镇", Place("360704", "悬壶", None)),
        ("上饶市广丰县甘泉村二十三组", Place("361103", "甘泉", "23")),
        ("北京市海淀区药圃路3号", Place("110108", "药圃", "3")),
        ("悬壶镇桃溪村十组", Place(None, "悬壶桃溪", "10")),
        ("12 Smith Street", Place(None, "smith street", "12")),
        ("南昌市", Place("3601", None, None)),
        ("江西省", Place("36", None, None)),
        ("", Place()),
    ],
)
def test_addresses_are_taken_apart(text, found):
    assert place(text) == found


def test_a_division_given_apart_counts_where_it_is_finer():
    assert place("桃溪村", "360102").division == "360102"
    assert place("南昌市东湖区桃溪村", "360100").division == "360102"
    assert place("桃溪村", "360000").division == "36"


def test_a_number_with_a_right_check_character_is_checked():
    number = invented_resident(7, sex="female", born=date(1990, 5, 6))
    found = identity_number(number)
    assert (found.value, found.checked, found.born, found.sex) == (number, True, "19900506", "female")
    assert found.short == short_form(number)
    assert is_resident(number)
    assert identity_number(number.lower()) == found
    assert identity_number(" " + number[:6] + " " + number[6:]) == found


def test_an_old_number_becomes_eighteen_characters_unchecked():
    number = invented_resident(7, born=date(1950, 5, 6))
    found = identity_number(short_form(number))
    assert (found.value, found.short, found.checked) == (number, short_form(number), False)


def test_a_slip_makes_a_number_unchecked():
    number = invented_resident(7, born=date(1950, 5, 6))
    wrong = number[:-2] + str((int(number[-2]) + 1) % 10) + number[-1]
    found = identity_number(wrong)
    assert (found.value, found.checked, found.born, found.sex) == (wrong, False, None, None)
    assert not is_resident(wrong)


@pytest.mark.parametrize("filler", ["", "无", "000000000000000000", "111111111111111", "-", "3601**0012"])
def test_fillers_are_no_identity_number(filler):
    assert identity_number(filler) is None


@pytest.mark.parametrize(
    ("text", "number"),
    [
        ("15401234567", "15401234567"),
        ("+86 154 0123 4567", "15401234567"),
        ("86-15401234567", "15401234567"),
        ("0791-88123456", "79188123456"),
        ("１５４０１２３４５６７", "15401234567"),
        ("13800000000", None),
        ("00000000000", None),
        ("无", None),
        ("", None),
    ],
)
def test_telephones(text, number):
    assert phone_number(text) == number


def test_other_numbers():
    assert plain_number(" test 0000-0001 ") == "TEST00000001"
    assert plain_number("0000000") is None
    assert plain_number("") is None


@pytest.mark.parametrize(
    "text", ["1990-02-05", "19900205", "1990/2/5", "1990年2月5日", "1990-02-05T08:00:00Z"]
)
def test_dates_in_many_forms(text):
    found = birth(text, TODAY)
    assert (found.year, found.day, found.swapped, found.rough) == (1990, "19900205", "19900502", False)
    assert found.number == date(1990, 2, 5).toordinal()


@pytest.mark.parametrize("text", ["1990", "1990-07", "1990-13-45", "1990-02-30"])
def test_dates_of_which_only_the_year_is_known(text):
    found = birth(text, TODAY)
    assert (found.year, found.day, found.rough) == (1990, None, True)


def test_the_first_of_january_counts_as_a_year():
    found = birth("1956-01-01", TODAY)
    assert (found.day, found.rough) == ("19560101", True)


@pytest.mark.parametrize("text", ["1900-01-01", "9999-12-31", "2026-11-02", "2050", "1492-10-12", ""])
def test_fillers_and_the_future_are_no_dates(text):
    assert birth(text, TODAY) == UNKNOWN
