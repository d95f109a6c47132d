"""docs/registries.md shows what the registries do."""

import re
import subprocess
import sys
from pathlib import Path

import pytest
from tests.conftest import ROOT
from tests.support import client_of

from xinglin.core.settings import Settings
from xinglin.hub.registries import commands, departments, devices, institutions, practitioners
from xinglin.standards.places.tables import townships, uncoded, villages

PAGE = Path(ROOT, "docs", "registries.md").read_text(encoding="utf-8")
EXAMPLES = re.findall(r"^    GET (/fhir/\S+) +→ (.*)$", PAGE, re.MULTILINE)
FAULTS = re.findall(r"^    (XL775\d .*)$", PAGE, re.MULTILINE)
FILES = [Path(ROOT, name) for name in re.findall(r"load (docs/examples/registries/\S+)$", PAGE, re.MULTILINE)]


@pytest.fixture
def filled(settings: Settings) -> Settings:
    for file in FILES:
        assert not commands.load_table(settings, file.stem, file, store=True).refused
    return settings


def test_the_examples_are_answered_as_the_page_says(filled: Settings) -> None:
    assert len(EXAMPLES) >= 8
    with client_of(filled) as client:
        for address, expected in EXAMPLES:
            entries = client.get(address).json().get("entry", [])
            assert len(entries) == 1, address
            record = entries[0]["resource"]
            name = record.get("name") or record["deviceName"][0]["name"]
            assert (name if isinstance(name, str) else name[0]["text"]) == expected, address


def test_the_faults_are_those_the_page_shows(filled: Settings) -> None:
    file = Path(ROOT, "docs/examples/registries/institutions-faults.csv")
    outcome = commands.load_table(filled, "institutions", file, store=False)
    assert [f"{one.code} {one.text()}" for one in outcome.findings] == FAULTS


def test_the_python_holds() -> None:
    (block,) = re.findall(r"```python\n(.*?)```", PAGE, re.DOTALL)
    exec(compile(block, "docs/registries.md", "exec"), {})


@pytest.mark.parametrize("sort", ["find", "show"])
def test_the_commands_print_what_the_page_shows(sort: str) -> None:
    shown = re.search(rf"^\$ (xinglin registry places {sort} .*)\n((?:[^$`].*\n)+)", PAGE, re.MULTILINE)
    assert shown
    done = subprocess.run(
        [sys.executable, "-m", *shown[1].split()],
        capture_output=True,
        text=True,
        check=True,
        env={"LANG": "C.UTF-8", "PATH": ""},
    )
    assert done.stdout == shown[2]


def test_every_column_is_on_the_page() -> None:
    for module in (institutions, departments, practitioners, devices):
        for column in module.COLUMNS:
            assert f"`{column.name}`" in PAGE, column


def test_the_numbers_are_right() -> None:
    codes = [code for inner in townships().values() for code in inner]
    assert f"{len(codes):,} with a code" in PAGE
    assert f"{sum(map(len, uncoded().values()))} names without one" in PAGE
    assert f"| {sum(len(villages(code)) for code in codes):,} |" in PAGE


def test_the_elements_are_those_of_the_table() -> None:
    table = Path(ROOT, "src/xinglin/hub/registries/data/speaking.csv").read_text(encoding="utf-8")
    for row in table.splitlines()[1:]:
        kind, element = row.split(",")[:2]
        assert f"`{kind}.{element}`" in PAGE
