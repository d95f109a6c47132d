"""Dates and times."""

from datetime import UTC
from zoneinfo import ZoneInfo

import pytest

from xinglin.standards.hl7v2.times import clock, moment

CHINA = ZoneInfo("Asia/Shanghai")


@pytest.mark.parametrize(
    ("written", "meant"),
    [
        ("2026", "2026"),
        ("202604", "2026-04"),
        ("20260401", "2026-04-01"),
        ("2026040108", "2026-04-01"),
        ("202604010830", "2026-04-01T08:30:00+08:00"),
        ("20260401083015", "2026-04-01T08:30:15+08:00"),
        ("20260401083015.1200-0930", "2026-04-01T08:30:15.1200-09:30"),
        ("202604010830+0000", "2026-04-01T08:30:00+00:00"),
        ("198907010830", "1989-07-01T08:30:00+09:00"),
    ],
)
def test_the_precision_stays_and_the_zone_is_the_sources(written: str, meant: str):
    found = moment(written, CHINA)
    assert found is not None
    assert found.text == meant


@pytest.mark.parametrize(
    "written",
    [
        "",
        "20261301",
        "20260230",
        "202604012500",
        "2026-04-01",
        "20260401083015+1500",
        "20260401+0870",
        "abc",
        "99",
    ],
)
def test_what_is_no_time_gives_none(written: str):
    assert moment(written, CHINA) is None


def test_a_day_begins_in_the_sources_zone():
    found = moment("20260401", CHINA)
    assert found is not None
    assert found.at.astimezone(UTC).isoformat() == "2026-03-31T16:00:00+00:00"


def test_times_of_day():
    assert [clock(one) for one in ("0830", "083015", "08:30", "083015.5+0800", "2500", "x")] == [
        "08:30:00",
        "08:30:15",
        "08:30:00",
        "08:30:15.5",
        None,
        None,
    ]
