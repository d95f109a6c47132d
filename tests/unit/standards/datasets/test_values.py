"""Cells as values."""

from datetime import timedelta, timezone
from decimal import Decimal
from zoneinfo import ZoneInfo

import pytest

from xinglin.core.exact_json import dumps
from xinglin.standards.datasets.values import (
    AmbiguousNumber,
    BadValue,
    to_date,
    to_moment,
    to_number,
    to_quantity,
)

ZONE = timezone(timedelta(hours=8))


@pytest.mark.parametrize(
    ("text", "date"),
    [
        ("20240131", "2024-01-31"),
        ("2024-01-31", "2024-01-31"),
        ("2024/1/5", "2024-01-05"),
        ("2024.1.5", "2024-01-05"),
        ("2024年1月5日", "2024-01-05"),
        ("２０２４０１３１", "2024-01-31"),
        ("202401", "2024-01"),
        ("2024-01", "2024-01"),
        ("2024", "2024"),
        ("2024-01-31 00:00:00", "2024-01-31"),
        ("20240131T083000", "2024-01-31"),
    ],
)
def test_dates(text: str, date: str) -> None:
    assert to_date(text) == date


@pytest.mark.parametrize(
    "text", ["20240230", "2024-13-01", "31/01/2024", "45322", "x", "0", "2024-01-31 25:00"]
)
def test_what_is_no_date_is_refused(text: str) -> None:
    with pytest.raises(BadValue):
        to_date(text)


@pytest.mark.parametrize(
    ("text", "moment"),
    [
        ("20240131T083005", "2024-01-31T08:30:05+08:00"),
        ("20240131083005", "2024-01-31T08:30:05+08:00"),
        ("20240131 083005", "2024-01-31T08:30:05+08:00"),
        ("2024-01-31 08:30:05", "2024-01-31T08:30:05+08:00"),
        ("2024/1/31 8:30", "2024-01-31T08:30:00+08:00"),
        ("202401310830", "2024-01-31T08:30:00+08:00"),
        ("2024-01-31T08:30:05.123", "2024-01-31T08:30:05.123+08:00"),
        ("2024-01-31T08:30:05Z", "2024-01-31T08:30:05Z"),
        ("2024-01-31T08:30:05+0900", "2024-01-31T08:30:05+09:00"),
        ("2024年1月31日8时30分", "2024-01-31T08:30:00+08:00"),
        ("20240131", "2024-01-31"),
        ("2024-01", "2024-01"),
    ],
)
def test_moments(text: str, moment: str) -> None:
    assert to_moment(text, ZONE) == moment


def test_a_summer_of_daylight_saving_in_china() -> None:
    assert to_moment("19880701T080000", ZoneInfo("Asia/Shanghai")) == "1988-07-01T08:00:00+09:00"


@pytest.mark.parametrize("text", ["20240131T256000", "2024-01-31 8", "08:30", "2024013108300599", "x"])
def test_what_is_no_moment_is_refused(text: str) -> None:
    with pytest.raises(BadValue):
        to_moment(text, ZONE)


@pytest.mark.parametrize(
    ("text", "moment"),
    [("45322", "2024-01-31"), ("45322.5", "2024-01-31T12:00:00+08:00"), ("61", "1900-03-01")],
)
def test_day_numbers_of_excel(text: str, moment: str) -> None:
    assert to_moment(text, ZONE, serial=True) == moment


def test_day_numbers_before_the_day_only_excel_knows_are_refused() -> None:
    with pytest.raises(BadValue):
        to_moment("60", ZONE, serial=True)


@pytest.mark.parametrize(
    ("text", "json"),
    [
        ("1.10", "1.10"),
        ("-0.5", "-0.5"),
        ("+3", "3"),
        (".5", "0.5"),
        ("007", "7"),
        ("1,234.50", "1234.50"),
        ("１２", "12"),
    ],
)
def test_numbers_keep_their_digits(text: str, json: str) -> None:
    assert dumps(to_number(text)).decode().strip('"') == json


@pytest.mark.parametrize("text", ["", "1e5", "1.2.3", "阴性", "NaN", "Infinity", "1_000", "--1"])
def test_what_is_no_number_is_refused(text: str) -> None:
    with pytest.raises(BadValue):
        to_number(text)


@pytest.mark.parametrize(
    ("text", "comparator"), [("<0.5", "<"), ("≤0.5", "<="), ("＞ 0.5", ">"), (">=0.5", ">="), ("0.5", None)]
)
def test_quantities_keep_their_comparator(text: str, comparator: str | None) -> None:
    quantity = to_quantity(text, "mmol/L", "mmol/L")
    assert quantity is not None
    assert quantity.get("comparator") == comparator
    assert quantity["code"] == "mmol/L"


def test_words_are_no_quantity() -> None:
    assert to_quantity("阴性(-)", "", "") is None


@pytest.mark.parametrize(
    "text",
    [
        "2,25",
        "2，25",
        "２，２５",
        "1,234",
        "0,5",
        "-3,75",
        ",5",
        "5,",
        "1.234,56",
        "12,34,567",
        "0,123,456",
        "1,2345.6",
    ],
)
def test_a_comma_that_may_be_a_decimal_point_is_never_dropped(text: str) -> None:
    with pytest.raises(AmbiguousNumber):
        to_number(text)
    with pytest.raises(AmbiguousNumber):
        to_quantity(text, "mmol/L")
    with pytest.raises(AmbiguousNumber):
        to_quantity(f"<{text}", "mmol/L")


@pytest.mark.parametrize("text", ["1,234.5", "1,234,567", "12,345,678.90", "-1,234.0"])
def test_commas_between_groups_of_three_are_read_where_nothing_else_can_be_meant(text: str) -> None:
    assert to_number(text) == Decimal(text.replace(",", ""))


@pytest.mark.parametrize("text", ["2、25", "2 25", "2。25", "10²", "10⁹", "2½", "①", "٣"])
def test_signs_that_are_no_part_of_a_number_leave_the_text(text: str) -> None:
    assert to_quantity(text, "") is None
    with pytest.raises(BadValue):
        to_number(text)


def test_an_undeclared_excel_day_number_names_the_declaration() -> None:
    with pytest.raises(BadValue, match="dates=excel"):
        to_date("46082")
    with pytest.raises(BadValue, match="dates=excel"):
        to_moment("46082.5", None)
    with pytest.raises(BadValue, match="date or time"):
        to_date("4608a")
