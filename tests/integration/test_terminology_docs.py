"""The questions of docs/terminology.md get the answers that the page says."""

import re
from collections.abc import Iterator
from pathlib import Path

import pytest
from starlette.testclient import TestClient
from tests.conftest import ROOT
from tests.support import client_of, run

from xinglin.core.settings import Settings
from xinglin.hub.hub import Hub
from xinglin.hub.terminology.load import load
from xinglin.standards.terminology.loading import Columns, read_table

PAGE = Path(ROOT, "docs", "terminology.md").read_text(encoding="utf-8")
EXAMPLES = re.findall(r"^    GET (/fhir\S+)  → (.*)$", PAGE, re.MULTILINE)
CSV = "编码,诊断名称\nI10,原发性高血压\nI10.x00,高血压\nJ18.900,肺炎\nJ18.901,重症肺炎\n"


@pytest.fixture
def filled(settings: Settings, tmp_path: Path) -> Iterator[TestClient]:
    (tmp_path / "icd.csv").write_text(CSV, encoding="utf-8")
    made = read_table(
        tmp_path / "icd.csv",
        Columns(prefix=True),
        url="http://site.example/icd",
        version="2.0",
        name="Icd",
        language="zh",
    )

    async def work(hub: Hub) -> None:
        await load(hub, made)

    run(settings, work)
    with client_of(settings) as client:
        yield client


def test_examples(filled: TestClient) -> None:
    assert len(EXAMPLES) >= 10
    for address, expected in EXAMPLES:
        answer = filled.get(address)
        assert answer.status_code == 200, address
        content = answer.json()
        if expected.endswith(" codes"):
            assert f"{len(content['expansion']['contains'])} codes" == expected, address
            continue
        name, _, value = expected.partition(" ")
        (found,) = [one for one in content["parameter"] if one["name"] == name]
        (shown,) = [one for key, one in found.items() if key.startswith("value")]
        assert (str(shown).lower() if isinstance(shown, bool) else shown) == value, address
