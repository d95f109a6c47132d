"""docs/persons.md says what the tables say, and its examples do what they say."""

import re
from pathlib import Path

import pytest

from xinglin.standards.persons import RULES, meanings
from xinglin.standards.persons.names import read_name
from xinglin.standards.persons.sounds import surname_syllables

PAGE = (Path(__file__).parents[2] / "docs" / "persons.md").read_text(encoding="utf-8")
NAMES = re.findall(r"^\| ((?:`[^`]+`(?:, )?)+) \| (surname|no surname|no name)(.*?) \|", PAGE, re.MULTILINE)
READINGS = re.findall(r"\| `(\w+)` \| `([a-z]+)` ", PAGE)


def test_every_level_is_on_the_page():
    rows = re.findall(r"^\| `(\w+)` \| (\d) \| (.+) \| (.+) \|$", PAGE, re.MULTILINE)
    assert {(field, int(level)): (en, zh) for field, level, en, zh in rows} == {
        key: (one.name_en, one.name_zh) for key, one in meanings().items()
    }


def test_every_blocking_rule_is_on_the_page():
    listed = [tuple(re.findall(r"`(\w+)`", line)) for line in PAGE.splitlines() if line.startswith("- `")]
    assert tuple(listed) == RULES


def test_names_are_read_as_the_page_says():
    assert len(NAMES) >= 8
    for written, kind, told in NAMES:
        for name in re.findall("`([^`]+)`", written):
            found = read_name(name)
            expected = re.findall("`([^`]+)`", told)
            if kind == "surname":
                assert [one for one in (found.surname, found.given) if one] == expected
            else:
                assert found.surname is None
                assert [found.given or found.mother] == expected


@pytest.mark.parametrize(("surname", "read"), READINGS)
def test_surnames_are_read_as_the_page_says(surname, read):
    assert "".join(surname_syllables(surname)) == read


def test_the_python_example_runs():
    blocks = re.findall(r"```python\n(.*?)```", PAGE, re.DOTALL)
    assert blocks
    for block in blocks:
        exec(compile(block, "docs/persons.md", "exec"), {})
