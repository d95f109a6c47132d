"""The command line: what it prints, its exit codes, and that nobody sees a traceback."""

import json
import os
import subprocess
import sys
from pathlib import Path

import pytest

from xinglin.hub.embedded import EmbeddedServer


def xinglin(*arguments: str, home: Path, **environment: str) -> subprocess.CompletedProcess[str]:
    kept = {name: value for name, value in os.environ.items() if not name.startswith("XINGLIN_")}
    environment = kept | {"XINGLIN_HOME": str(home), "LANG": "C.UTF-8", "COLUMNS": "200"} | environment
    command = [sys.executable, "-m", "xinglin", *arguments]
    done = subprocess.run(command, env=environment, capture_output=True, text=True, timeout=120, check=False)
    assert "Traceback" not in done.stderr + done.stdout
    return done


def test_help_names_every_command(tmp_path: Path) -> None:
    told = xinglin("--help", home=tmp_path).stdout
    for command in ("serve", "demo", "settings", "version", "db", "validate", "fhirpath", "package"):
        assert command in told
    assert "Exit codes" in told
    assert "运行数据中枢" in xinglin("--help", home=tmp_path, LANG="zh_CN.UTF-8").stdout


def test_settings_mask_secrets(tmp_path: Path) -> None:
    told = xinglin(
        "settings", home=tmp_path, XINGLIN_DATABASE_URL="postgresql://a:geheim@h/d", XINGLIN_PORT="99"
    )
    assert told.returncode == 0
    assert "geheim" not in told.stdout
    assert "XINGLIN_PORT" in told.stdout


@pytest.mark.parametrize(
    ("arguments", "environment", "code", "message"),
    [
        (["settings"], {"XINGLIN_PORT": "x"}, 10, "XL1001"),
        (["serve"], {"XINGLIN_BASE_URL": "hub.example"}, 10, "XL1001"),
        (["serve"], {"XINGLIN_PROT": "80"}, 10, "XL1005"),
        (["db", "status"], {}, 11, "XL2015"),
        (["db", "backup", "file"], {}, 11, "XL2015"),
        (["reindex"], {}, 11, "XL2015"),
        (["db", "status"], {"XINGLIN_DATABASE_URL": "postgresql://n@127.0.0.1:1/x"}, 11, "XL2005"),
        (["serve"], {"XINGLIN_HOST": "203.0.113.1"}, 10, "XL1010"),
        (["serve"], {"XINGLIN_HOST": "203.0.113.1", "XINGLIN_TRUSTED_PROXIES": "203.0.113.2"}, 10, "XL1004"),
        (["db", "restore", "missing"], {}, 11, "XL2012"),
        (["fhirpath", "name.given(", "missing"], {}, 12, "XL4001"),
        (["fhirpath", "name", "missing"], {}, 12, "XL3061"),
        (["fhirpath"], {}, 2, "--cases"),
        (["validate", "missing.json"], {}, 12, "XL5003"),
        (["package", "add", "missing.tgz"], {}, 12, "missing.tgz"),
        (["nonsense"], {}, 2, "nonsense"),
    ],
)
def test_errors(
    tmp_path: Path, arguments: list[str], environment: dict[str, str], code: int, message: str
) -> None:
    done = xinglin(*arguments, home=tmp_path, **environment)
    assert done.returncode == code, done.stderr
    assert message in done.stderr
    if message == "XL2015":
        assert not list(tmp_path.iterdir()), "looking makes no database"


def test_settings_for_other_programs(tmp_path: Path) -> None:
    """Piped, they are a line each with tabs between, however long."""
    home = tmp_path / ("long" * 40)
    lines = xinglin("settings", home=home, COLUMNS="40").stdout.splitlines()
    found = {line.split("\t")[0]: line.split("\t")[1:] for line in lines}
    assert found["home"][:2] == [str(home), "XINGLIN_HOME"]
    assert all(len(columns) == 3 for columns in found.values())


def test_version(tmp_path: Path) -> None:
    assert xinglin("--version", home=tmp_path).stdout == xinglin("version", home=tmp_path).stdout != ""


def test_every_command_names_its_exit_codes(tmp_path: Path) -> None:
    for command in ("serve", "demo", "settings", "db status", "db backup", "validate", "fhirpath", "reindex"):
        assert "Exit codes" in xinglin(*command.split(), "--help", home=tmp_path).stdout, command


def test_fhirpath(tmp_path: Path) -> None:
    record = tmp_path / "patient.json"
    record.write_text('{"resourceType":"Patient","name":[{"given":["小明","明"]}],"multipleBirthInteger":2}')
    assert xinglin("fhirpath", "Patient.name.given", str(record), home=tmp_path).stdout == '"小明"\n"明"\n'
    cases = tmp_path / "cases.ndjson"
    cases.write_text(
        '{"id":1,"expression":"1.10 + 1","resource":{}}\n{"id":2,"expression":"(","resource":{}}\n'
    )
    first, second = map(
        json.loads, xinglin("fhirpath", "--cases", str(cases), home=tmp_path).stdout.splitlines()
    )
    assert first == {"id": 1, "values": [{"type": "decimal", "value": "2.10"}]}
    assert second["error"]["code"] == "XL4001"


def test_validate(tmp_path: Path) -> None:
    records = tmp_path / "records.ndjson"
    records.write_text(
        '{"resourceType":"Patient","id":"a","gender":"male"}\n{"resourceType":"Patient","gender":"blue"}\n'
    )
    done = xinglin("validate", str(records), "--format", "ndjson", home=tmp_path)
    first, second = map(json.loads, done.stdout.splitlines())
    assert done.returncode == 1
    assert (first["errors"], first["id"], second["errors"], second["line"]) == (0, "a", 1, 2)
    assert second["issues"][0]["location"] == "Patient.gender"
    assert "binding-required" in xinglin("validate", str(records), home=tmp_path).stdout
    records.write_text('{"resourceType":"Patient","id":"a","gender":"male"}\n')
    assert xinglin("validate", str(records), home=tmp_path).returncode == 0


def test_database_commands(server: EmbeddedServer, empty_database: str, tmp_path: Path) -> None:
    address = {"XINGLIN_DATABASE_URL": empty_database}
    assert xinglin("db", "upgrade", home=tmp_path, **address).returncode == 0
    assert "records" in xinglin("db", "status", home=tmp_path, **address).stdout
    assert "0 records indexed" in xinglin("reindex", "--everything", home=tmp_path, **address).stdout
    backup = tmp_path / "hub.backup"
    assert "MiB" in xinglin("db", "backup", str(backup), home=tmp_path, **address).stdout
    assert backup.stat().st_mode & 0o077 == 0, "a backup is its owner's alone"
    refused = xinglin("db", "restore", str(backup), home=tmp_path, **address)
    assert (refused.returncode, "XL2013" in refused.stderr) == (11, True)


def test_tables_in_a_pipe_are_whole_lines(tmp_path: Path) -> None:
    done = xinglin("mapping", "show", "ws445-lab", home=tmp_path, COLUMNS="40")
    lines = [line.split("\t") for line in done.stdout.splitlines()[1:]]
    assert {len(line) for line in lines} == {6}
    (report,) = (line for line in lines if line[0] == "检验报告单编号")
    assert report[1:5] == [
        "HDSD00.05.040",
        "DE01.00.018.00",
        "S1 AN..20",
        "报告单号, 检验报告单号, 报告单编号",
    ]
    listed = xinglin("mapping", "list", home=tmp_path, COLUMNS="40").stdout.splitlines()
    assert {line.count("\t") for line in listed} == {4}
