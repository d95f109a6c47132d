"""`xinglin codes …`, as an officer works with it."""

import csv
from pathlib import Path

import pytest
from tests.integration.test_cli import xinglin
from tests.integration.test_codes import observation, take_in
from tests.support import run

from xinglin.core.settings import Settings
from xinglin.hub.codes import Codes
from xinglin.hub.hub import Hub

ALT = "1500104A"


def test_an_officers_day(settings: Settings, tmp_path: Path) -> None:
    async def story(hub: Hub) -> None:
        sent = [
            observation(1, "001", "谷丙转氨酶", "40", "U/L"),
            observation(2, "002", "血钾", "4.1", "mmol/L"),
        ]
        await take_in(hub, Codes(), sent)

    run(settings, story)

    def codes(*arguments: str) -> str:
        home, url = Path(settings.home), settings.database_url
        done = xinglin("codes", *arguments, home=home, XINGLIN_DATABASE_URL=url)
        assert done.returncode == 0, done.stderr
        return done.stdout

    assert f"{ALT} 丙氨酸氨基转移酶" in codes("unmapped", "--source", "lis")
    told = codes("candidates", "lis", "001")
    assert "* " in told
    assert "unit U/L fits" in told
    codes("accept", "lis", "001", ALT, "--reason", "一致", "--who", "王审核")
    assert "1 records changed." in codes("apply")
    assert "王审核  accept 1500104A: 一致" in codes("candidates", "lis", "001")
    assert "50.0" in codes("report")
    sheet = tmp_path / "codes.csv"
    assert "Wrote 2 codes" in codes("export", str(sheet))
    with sheet.open(encoding="utf-8-sig", newline="") as handle:
        rows = list(csv.DictReader(handle))
    for row in rows:
        row |= {"decision": "accept", "target": row["proposed"] or row["mapped_to"], "reason": "一致"}
    with sheet.open("w", encoding="utf-8-sig", newline="") as handle:
        writer = csv.DictWriter(handle, rows[0])
        writer.writeheader()
        writer.writerows(rows)
    assert "Stored 2 decisions." in codes("import", str(sheet), "--who", "王审核")
    assert "100.0" in codes("report")


@pytest.mark.parametrize(
    ("arguments", "code"),
    [
        (["accept", "lis", "none", ALT, "--reason", "x"], "XL8110"),
        (["import", "{file}"], "XL8120"),
    ],
)
def test_errors(settings: Settings, tmp_path: Path, arguments: list[str], code: str) -> None:
    file = tmp_path / "bad.csv"
    file.write_text("system,code\n1,2\n", encoding="utf-8")
    named = [one.format(file=file) for one in arguments]
    done = xinglin("codes", *named, home=Path(settings.home), XINGLIN_DATABASE_URL=settings.database_url)
    assert done.returncode == 12
    assert code in done.stderr
