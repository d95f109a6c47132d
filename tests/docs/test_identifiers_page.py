"""The examples of docs/identifiers.md do what the page says."""

import re
from pathlib import Path

import pytest

from xinglin.standards.identifiers import SCHEMES, Identifier, Kind
from xinglin.standards.identifiers.faults import RULES

PAGE = (Path(__file__).parents[2] / "docs" / "identifiers.md").read_text(encoding="utf-8")
EXAMPLES = re.findall(r"^\| `([\w-]+)` \| `([^`]+)` \| (`?)([^`|]+?)`? \|$", PAGE, re.MULTILINE)


def test_the_page_has_examples() -> None:
    assert len(EXAMPLES) >= 18


@pytest.mark.parametrize(("kind", "text", "quoted", "expected"), EXAMPLES)
def test_example(kind: str, text: str, quoted: str, expected: str) -> None:
    found = SCHEMES[Kind(kind)].parse(text)
    assert (found.value if isinstance(found, Identifier) else found.rule) == expected
    assert isinstance(found, Identifier) == bool(quoted)
    assert quoted or expected in RULES


def test_every_kind_is_in_the_table() -> None:
    for kind in Kind:
        assert f"`{kind}`" in PAGE


def test_python_example_runs() -> None:
    for block in re.findall(r"```python\n(.*?)```", PAGE, re.DOTALL):
        exec(compile(block, "docs/identifiers.md", "exec"), {})
