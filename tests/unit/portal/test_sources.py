"""When a source counts as silent or failing."""

from datetime import UTC, datetime, timedelta

import pytest

from xinglin.hub.intake.sources import Source
from xinglin.hub.intake.standings import condition

NOW = datetime(2026, 11, 22, tzinfo=UTC)
HIS = Source(id="his", institution="x", institution_name="X")
HOUR, DAY = timedelta(hours=1), timedelta(days=1)


@pytest.mark.parametrize(
    ("latest", "usual", "told"),
    [
        ([], None, "new"),
        ([(NOW - HOUR, "done")], None, "delivering"),
        ([(NOW - HOUR, "failed")], HOUR, "failing"),
        ([(NOW - 23 * HOUR, "done")], HOUR, "delivering"),
        ([(NOW - 25 * HOUR, "done")], HOUR, "silent"),
        ([(NOW - 6 * DAY, "done")], 2 * DAY, "delivering"),
        ([(NOW - 7 * DAY, "done")], 2 * DAY, "silent"),
        ([(NOW - 2 * DAY, "done")], None, "delivering"),
        ([(NOW - 4 * DAY, "done")], None, "silent"),
        ([(NOW - HOUR, "loading")], HOUR, "delivering"),
    ],
)
def test_conditions(latest: list[tuple[datetime, str]], usual: timedelta | None, told: str) -> None:
    assert condition(HIS, latest, usual, NOW) == told


def test_a_stopped_source_is_neither() -> None:
    stopped = Source(id="his", institution="x", institution_name="X", disabled=NOW)
    assert condition(stopped, [], None, NOW) == "disabled"
