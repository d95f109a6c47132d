"""Dates as ranges."""

from datetime import UTC, datetime

import pytest

from xinglin.standards.search.dates import (
    COMPARISONS,
    EVER,
    MAX_TIME,
    Range,
    approximately,
    date_range,
    to_micros,
)


def at(text: str) -> int:
    return to_micros(datetime.fromisoformat(text).replace(tzinfo=UTC))


@pytest.mark.parametrize(
    ("text", "low", "high"),
    [
        ("2013-01-14T02:00:00Z", "2013-01-14T02:00:00", "2013-01-14T02:00:01"),
        ("2013-01-14T10:00:00+08:00", "2013-01-14T02:00:00", "2013-01-14T02:00:01"),
        ("2013-01-14T10:00", "2013-01-14T02:00:00", "2013-01-14T02:01:00"),
        ("2013-01-14T02:00:00.5Z", "2013-01-14T02:00:00.5", "2013-01-14T02:00:00.6"),
        ("2013-01-14T02:00:00.123456789Z", "2013-01-14T02:00:00.123456", "2013-01-14T02:00:00.123457"),
        ("2013-01-14", "2013-01-13T16:00:00", "2013-01-14T16:00:00"),
        ("2013-12", "2013-11-30T16:00:00", "2013-12-31T16:00:00"),
        ("2013", "2012-12-31T16:00:00", "2013-12-31T16:00:00"),
        ("2016-12-31T23:59:60Z", "2017-01-01T00:00:00", "2017-01-01T00:00:01"),
    ],
)
def test_a_date_covers_its_precision(text: str, low: str, high: str) -> None:
    assert date_range(text) == Range(at(low), at(high))


def test_the_zone_holds_only_where_none_is_stated() -> None:
    assert date_range("2013-01-14", "UTC") == Range(at("2013-01-14"), at("2013-01-15"))
    assert date_range("2013-01-14T00:00:00Z", "UTC") == date_range("2013-01-14T00:00:00Z")


def test_summer_time_makes_a_shorter_day() -> None:
    low, high = date_range("2024-03-31", "Europe/Berlin")
    assert high - low == 23 * 3600 * 1_000_000


@pytest.mark.parametrize(
    "text", ["", "13", "2013-13", "2013-02-30", "2013-1-4", "20130114", "2013-01-14T25:00", "2013-W01"]
)
def test_what_is_no_date(text: str) -> None:
    with pytest.raises(ValueError):  # noqa: PT011 - the message is the text itself
        date_range(text)


def test_the_last_day_has_no_following() -> None:
    assert date_range("9999-12-31").high == date_range("9999").high == date_range("9999-12").high == MAX_TIME
    assert date_range("0001-01-01").low < 0


def test_approximately_widens_by_a_tenth_of_the_distance_from_now() -> None:
    now = at("2023-01-01")
    wanted = Range(at("2013-01-01"), at("2013-01-02"))
    found = approximately(wanted, now)
    assert wanted.low - found.low == (now - wanted.low) // 10
    assert approximately(EVER, now) == EVER


@pytest.mark.parametrize(
    ("prefix", "found", "answers"),
    [
        ("eq", (10, 20), True),
        ("eq", (12, 15), True),
        ("eq", (5, 15), False),
        ("ne", (5, 15), True),
        ("gt", (15, 25), True),
        ("gt", (10, 20), False),
        ("lt", (5, 15), True),
        ("lt", (10, 11), False),
        ("ge", (10, 20), True),
        ("ge", (5, 15), False),
        ("ge", (5, 25), True),
        ("le", (10, 20), True),
        ("le", (15, 25), False),
        ("sa", (20, 30), True),
        ("sa", (19, 30), False),
        ("eb", (5, 10), True),
        ("eb", (5, 11), False),
        ("ap", (5, 11), True),
        ("ap", (20, 30), False),
    ],
)
def test_prefixes_compare_ranges(prefix: str, found: tuple[int, int], answers: bool) -> None:
    assert COMPARISONS[prefix](Range(10, 20), Range(*found)) is answers
