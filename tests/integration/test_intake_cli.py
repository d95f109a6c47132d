"""`xinglin intake`, `source`, `refused` and `deliveries` as their users meet them."""

import json
import os
import re
import subprocess
import sys
from pathlib import Path

import psycopg
import pytest
from tests.intake import HOSPITAL, ndjson, observation, patient

from xinglin.core.settings import Settings

BAD = {"resourceType": "Observation", "id": "bad"}


@pytest.fixture
def xinglin(settings: Settings, tmp_path: Path):
    kept = {name: value for name, value in os.environ.items() if not name.startswith("XINGLIN_")}
    kept |= {"XINGLIN_DATABASE_URL": settings.database_url, "XINGLIN_HOME": str(tmp_path / "home")}

    def call(*arguments: str | Path, language: str = "C") -> subprocess.CompletedProcess[str]:
        environment = kept | {"LANG": f"{language}.UTF-8", "COLUMNS": "200"}
        command = [sys.executable, "-m", "xinglin", *map(str, arguments)]
        done = subprocess.run(
            command, env=environment, capture_output=True, text=True, timeout=60, check=False
        )
        assert "Traceback" not in done.stdout + done.stderr
        return done

    return call


def test_files_in(xinglin, tmp_path: Path) -> None:
    good, mixed = tmp_path / "good.ndjson", tmp_path / "mixed.ndjson"
    good.write_bytes(ndjson([patient("p"), observation("o")]))
    mixed.write_bytes(ndjson([observation("o2"), BAD]))
    done = xinglin("intake", "--format", "json", good)
    assert done.returncode == 0, done.stderr
    told = json.loads(done.stdout)
    assert {name: told[name] for name in ("received", "accepted", "unchanged", "refused")} == {
        "received": 2, "accepted": 2, "unchanged": 0, "refused": 0}  # fmt: skip
    assert told["by_type"] == {"Patient": 1, "Observation": 1}
    assert told["by_reason"] == {}
    assert told["deliveries"][0]["name"] == "good.ndjson"
    assert re.fullmatch("[0-9a-f]{64}", told["deliveries"][0]["hash"])
    done = xinglin("intake", "--format", "json", good, mixed)
    assert done.returncode == 3
    told = json.loads(done.stdout)
    assert (told["received"], told["accepted"], told["unchanged"], told["refused"]) == (4, 1, 2, 1)
    assert list(told["by_reason"].values()) == [1]
    shown = xinglin("intake", mixed, language="zh_CN")
    assert shown.returncode == 3
    assert "共收到 2 条：接收 0，无变化 1，拒收 1" in shown.stdout
    assert "拒收原因" in shown.stdout
    listed = xinglin("deliveries").stdout
    assert "good.ndjson" in listed
    assert "mixed.ndjson" in listed
    assert {line.count("\t") for line in listed.splitlines()} == {8}
    told = [json.loads(line) for line in xinglin("deliveries", "--format", "json").stdout.splitlines()]
    assert {one["name"]: (one["state"], one["counts"]["received"]) for one in told} == {
        "good.ndjson": ("done", 2), "mixed.ndjson": ("done", 2)}  # fmt: skip


def test_the_refused_queue(xinglin, tmp_path: Path) -> None:
    file, corrected = tmp_path / "file", tmp_path / "corrected"
    file.write_bytes(ndjson([patient("p"), BAD]))
    corrected.write_bytes(ndjson([observation("bad")]))
    xinglin("intake", file)
    listed = xinglin("refused", "list")
    assert listed.returncode == 0
    assert re.search(r"^1\s+local\s+XL5010\s+file:2", listed.stdout), listed.stdout
    assert "status" in listed.stdout
    assert json.loads(xinglin("refused", "show", "1", "--raw").stdout) == BAD
    assert "处理办法" in xinglin("refused", "show", "1", language="zh_CN").stdout
    assert xinglin("refused", "replay", "1").returncode == 3
    assert xinglin("refused", "replay").returncode == 2
    assert xinglin("refused", "show", "7").returncode == 12
    assert xinglin("refused", "dismiss", "1", "--reason", " ").returncode == 12
    done = xinglin("refused", "correct", "1", corrected, "--by", "me")
    assert done.returncode == 0, done.stdout + done.stderr
    assert "XL7050" in xinglin("refused", "dismiss", "1", "--reason", "late").stderr


def test_sources(xinglin, tmp_path: Path) -> None:
    def add(id_: str, *more: str) -> subprocess.CompletedProcess[str]:
        return xinglin("source", "add", id_, "--institution", HOSPITAL, "--name", "县医院", *more)

    made = add("his", "--format", "fhir", "--charset", "GBK", "--declare", "abnormal-flag=WS363")
    assert made.returncode == 0, made.stderr
    token = made.stdout.split()[-1]
    assert len(token) >= 24
    assert "XL7024" in add("his").stderr
    wrong = add("other", "--format", "fax")
    assert (wrong.returncode, "XL7022" in wrong.stderr) == (12, True)
    bad = xinglin("source", "add", "x", "--institution", HOSPITAL[:-1] + "?", "--name", "x")
    assert "GB 32100" in bad.stderr
    listed = xinglin("source", "list", language="zh_CN").stdout
    assert "县医院" in listed
    assert "可以交付" in listed
    assert xinglin("source", "set", "his", "--contact", "Wang", "--declare", "x=y=z").returncode == 0
    shown = xinglin("source", "show", "his").stdout
    assert token not in shown
    for part in ("Wang", "WS363", "y=z", "GBK", HOSPITAL):
        assert part in shown
    renewed = xinglin("source", "token", "his")
    assert renewed.returncode == 0
    assert token not in renewed.stdout
    assert xinglin("source", "disable", "his").returncode == 0
    assert "已停用" in xinglin("source", "list", language="zh_CN").stdout
    file = tmp_path / "file"
    file.write_bytes(ndjson([patient("p")]))
    refused = xinglin("intake", "--source", "his", file)
    assert (refused.returncode, "XL7021" in refused.stderr) == (12, True)
    assert xinglin("source", "enable", "his").returncode == 0
    assert xinglin("intake", "--source", "his", file).returncode == 0
    assert "XL7020" in xinglin("intake", "--source", "nobody", file).stderr
    assert xinglin("source", "show", "nobody").returncode == 12


def test_what_failed_as_a_whole_is_not_said_to_be_kept(settings: Settings, xinglin, tmp_path: Path) -> None:
    with psycopg.connect(settings.database_url) as connection:
        connection.execute(
            "CREATE FUNCTION refuse() RETURNS trigger LANGUAGE plpgsql AS "
            "$$ BEGIN RAISE EXCEPTION 'broken'; END $$; "
            "CREATE TRIGGER refuse AFTER INSERT ON resource FOR EACH ROW EXECUTE FUNCTION refuse()"
        )
    file = tmp_path / "file"
    file.write_bytes(ndjson([patient("p")]))
    shown = xinglin("intake", file)
    assert shown.returncode == 3
    assert "it isn't in the queue" in shown.stdout
    assert "is kept" not in shown.stdout
    assert xinglin("refused", "list").stdout.strip() == ""
