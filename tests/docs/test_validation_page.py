"""The examples of docs/validation.md find what the page says."""

import re
from pathlib import Path

import pytest

from xinglin.core.exact_json import loads
from xinglin.standards.validation import validate

PAGE = Path(__file__).parents[2] / "docs" / "validation.md"
EXAMPLE = re.compile(r"## ([^\n]+)\n\n```json\n([^`]+)```\n\n\| severity[^\n]*\n\|[-|]+\n((?:\|[^\n]*\n)+)")
EXAMPLES = EXAMPLE.findall(PAGE.read_text(encoding="utf-8"))


def test_the_page_has_examples() -> None:
    assert len(EXAMPLES) >= 7


@pytest.mark.parametrize(("title", "record", "table"), EXAMPLES, ids=[title for title, _, _ in EXAMPLES])
def test_example(title: str, record: str, table: str) -> None:
    expected = {tuple(cell.strip() for cell in row.strip("|").split("|")) for row in table.splitlines()}
    found = {(f.severity, f.location, f.rule) for f in validate(loads(record.encode()))}
    assert {row for row in found if row[2] != "dom-6"} == expected
