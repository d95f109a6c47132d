"""SECURITY.md names modules and tests that are there, and says of every other item what is missing."""

import re
from collections.abc import Iterator

from tests.conftest import ROOT

PAGE = (ROOT / "SECURITY.md").read_text(encoding="utf-8")
STANDARDS = PAGE.partition("## Against the standards")[2]
GAPS = ("not yet", "by choice not", "operator", "by design")
LEVELS = ("read", "inferred", "unverified")


def rows() -> Iterator[list[str]]:
    for line in STANDARDS.splitlines():
        cells = [one.strip() for one in line.strip().strip("|").split("|")]
        if line.startswith("|") and re.match(r"V\d|\d", cells[0]):
            yield cells


def test_what_is_named_exists() -> None:
    found = list(rows())
    assert len(found) > 60
    for item, _, where, tested, confidence in found:
        modules, tests = re.findall(r"`([^`]+)`", where), re.findall(r"`(tests/[^`]+)`", tested)
        for module in modules:
            assert (ROOT / "src/xinglin" / module).exists(), f"{item}: {module}"
        for test in tests:
            assert (ROOT / test).is_file(), f"{item}: {test}"
        assert (modules and tests) or any(gap in tested for gap in GAPS), f"{item}: neither tested nor told"
        assert confidence in LEVELS, item


def test_items_stand_once() -> None:
    items = [cells[0] for cells in rows()]
    assert len(items) == len(set(items))


def test_links_lead_somewhere() -> None:
    for target in re.findall(r"\]\((docs/[^)#]+)\)", PAGE):
        assert (ROOT / target).is_file(), target
