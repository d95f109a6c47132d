"""What docs/lifelong-record.md says of kinds, rules and limits is what the code does."""

import re
from pathlib import Path

from xinglin.hub.lifelong import gathering, series, tables, timeline

PAGE = (Path(__file__).parents[2] / "docs" / "lifelong-record.md").read_text(encoding="utf-8")


def test_kinds_are_named() -> None:
    (row,) = re.findall(r"^\| `kind` \| (.*?); several", PAGE, re.MULTILINE)
    assert re.findall(r"`(\w+)`", row) == list(tables.kinds())


def test_every_type_that_has_a_rule_stands_in_the_table() -> None:
    table = PAGE[PAGE.index("| type | what must agree") : PAGE.index("How that is read")]
    for kind in tables.rules("fact"):
        assert re.search(rf"\b{kind}\b", table), kind


def test_limits_are_those_of_the_code() -> None:
    assert f"{timeline.DEFAULT_COUNT}, at most {timeline.MOST_COUNT}" in PAGE
    assert f"{gathering.MOST:,} records" in PAGE
    assert f"{series.MOST:,} points" in PAGE


def test_tolerances_are_those_of_the_table() -> None:
    (result,) = tables.rules("fact")["Observation"]
    assert (result.time // tables.MINUTE, float(result.tolerance)) == (10, 0.01)
    assert "within 1 % in one unit" in PAGE
