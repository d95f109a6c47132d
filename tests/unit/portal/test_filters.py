"""How values are written for readers of both languages."""

from datetime import UTC, date, datetime, timedelta
from decimal import Decimal
from typing import Any
from zoneinfo import ZoneInfo

import pytest

from xinglin.core.exact_json import ExactDecimal
from xinglin.portal import filters

SHANGHAI = ZoneInfo("Asia/Shanghai")
NIGHT = datetime(2026, 3, 4, 17, 5, tzinfo=UTC)


@pytest.mark.parametrize(
    ("given", "chinese", "english"),
    [
        ("1956", "1956年", "1956"),
        ("1956-03", "1956年03月", "Mar 1956"),
        ("1956-03-04", "1956-03-04", "4 Mar 1956"),
        (date(2026, 12, 1), "2026-12-01", "1 Dec 2026"),
        (NIGHT, "2026-03-05", "5 Mar 2026"),
        ("2026-03-04T17:05:00Z", "2026-03-05", "5 Mar 2026"),
        (None, "–", "–"),
        ("", "–", "–"),
    ],
)
def test_dates(given: Any, chinese: str, english: str) -> None:
    assert filters.day(given, "zh", SHANGHAI) == chinese
    assert filters.day(given, "en", SHANGHAI) == english


def test_moments_are_told_in_the_hubs_zone() -> None:
    assert filters.moment(NIGHT, "zh", SHANGHAI) == "2026-03-05 01:05"
    assert filters.moment("2026-03-04T17:05:00+00:00", "en", SHANGHAI) == "5 Mar 2026 01:05"
    assert filters.moment("2026-03", "en", SHANGHAI) == "Mar 2026", "nothing is made more exact than it is"


@pytest.mark.parametrize(
    ("gone", "told"),
    [
        (timedelta(seconds=5), "just now"),
        (timedelta(minutes=5), "5 minutes ago"),
        (timedelta(hours=3, minutes=59), "3 hours ago"),
        (timedelta(days=2, hours=5), "2 days ago"),
        (timedelta(seconds=-5), "just now"),
    ],
)
def test_how_long_ago(gone: timedelta, told: str) -> None:
    assert filters.ago(NIGHT - gone, "en", NIGHT) == told


def test_numbers_and_sizes() -> None:
    assert filters.number(1234567) == "1,234,567"
    assert filters.number(Decimal("79.50")) == "79.50"
    assert filters.number(None) == "–"
    assert filters.percent(5.1724) == "5.2%"
    assert [filters.size(n) for n in (0, 999, 1_000, 123_456, 27_200_000)] == [
        "0 B",
        "999 B",
        "1.0 kB",
        "123 kB",
        "27.2 MB",
    ]


def test_quantities_keep_their_digits() -> None:
    assert filters.quantity({"value": ExactDecimal("7.10"), "unit": "mmol/L"}) == "7.10 mmol/L"
    assert filters.quantity({"value": 5, "comparator": "<", "code": "mg"}) == "<5 mg"
    assert filters.quantity({"value": 12, "unit": "%"}) == "12%"
    assert filters.quantity({"unit": "mg"}) == "–"


@pytest.mark.parametrize(
    ("given", "told"),
    [
        ([{"text": "张伟"}], "张伟"),
        ({"family": "张", "given": ["伟"]}, "张伟"),
        ([{"use": "old", "text": "A"}, {"use": "official", "family": "Li", "given": ["Hua"]}], "Hua Li"),
        ([], "–"),
        (None, "–"),
    ],
)
def test_names(given: Any, told: str) -> None:
    assert filters.person_name(given) == told
