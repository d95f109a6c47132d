"""docs/connect-tables.md: its files, commands and tables are true."""

import re
from collections import Counter
from pathlib import Path

import pytest
from typer.testing import CliRunner

from xinglin.__main__ import cli
from xinglin.core.exact_json import loads
from xinglin.standards.datasets import errors, shipped
from xinglin.standards.datasets.commands import try_table
from xinglin.standards.validation import validator

EXAMPLES = Path("docs/examples/tables")
PAGE = Path("docs/connect-tables.md").read_text(encoding="utf-8")


def read(name: str, **declared: str) -> tuple[Counter[str], list[str]]:
    kinds: Counter[str] = Counter()
    refused: list[str] = []
    path = EXAMPLES / name
    for item in try_table(path, Path("none"), declared=declared, charset=None, zone="Asia/Shanghai", rows=99):
        if item.error:
            refused.append(item.error.code)
        for fact in item.facts:
            kinds[fact.resource["resourceType"]] += 1
            found = validator().validate(fact.resource)
            assert [one.text("en") for one in found if one.severity == "error"] == []
    return kinds, refused


def test_persons() -> None:
    assert read("person.csv") == (Counter(Patient=3, AllergyIntolerance=3), [])


def test_laboratory_results_in_gb18030_with_a_row_that_excel_spoilt() -> None:
    kinds, refused = read("lab-gb18030.csv", **{"abnormal-flag": "WS363"})
    assert kinds == Counter(Patient=3, Specimen=3, DiagnosticReport=3, Observation=3)
    assert refused == ["XL7207"]


def test_prescriptions_in_a_workbook() -> None:
    assert read("prescription.xlsx") == (Counter(Patient=3, MedicationRequest=3), [])


def test_the_commands_of_the_page_run(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.setenv("XINGLIN_HOME", str(tmp_path))
    commands = [line.split("#")[0].split()[1:] for line in re.findall(r"^\$ (.*)$", PAGE, re.MULTILINE)]
    assert len(commands) == 5
    codes = [CliRunner().invoke(cli, command).exit_code for command in commands]
    assert codes == [0, 0, 0, 3, 0]


def test_try_prints_resources_and_says_what_was_refused(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    monkeypatch.setenv("XINGLIN_HOME", str(tmp_path))
    done = CliRunner().invoke(cli, ["mapping", "try", str(EXAMPLES / "lab-gb18030.csv"), "--rows", "9"])
    assert done.exit_code == 3
    lines = done.stdout.splitlines()
    assert {loads(line.encode())["resourceType"] for line in lines} >= {"Patient", "Observation"}
    assert "XL7207" in done.stderr
    assert "检验结果代码: 2" in done.stderr


def test_check_tells_the_line(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.setenv("XINGLIN_HOME", str(tmp_path))
    good = Path("src/xinglin/standards/datasets/mappings/lab.yaml")
    assert CliRunner().invoke(cli, ["mapping", "check", str(good)]).exit_code == 0
    bad = tmp_path / "bad.yaml"
    bad.write_text(good.read_text(encoding="utf-8").replace("resource: Specimen", "resource: Spoon"), "utf-8")
    done = CliRunner().invoke(cli, ["mapping", "check", str(bad)])
    assert done.exit_code == 1
    assert re.search(r"bad\.yaml:\d+: .*Spoon", done.stdout)


def test_the_page_names_mappings_and_errors_that_exist() -> None:
    assert set(re.findall(r"`(ws\d+-[a-z-]+)`", PAGE)) <= set(shipped())
    known = {one.code for one in vars(errors).values() if isinstance(one, type) and hasattr(one, "code")}
    assert set(re.findall(r"XL72\d\d", PAGE)) <= known
