"""Loading code systems: by function and by command, again, in editions, and what stays when it fails."""

import asyncio
import subprocess
import sys
from pathlib import Path

import pytest
from tests.support import client_of, run

from xinglin.core.settings import Settings
from xinglin.hub.hub import Hub
from xinglin.hub.terminology.load import Outcome, listed, load, remove
from xinglin.standards.terminology import Coded, Concept
from xinglin.standards.terminology.errors import UnknownSystem
from xinglin.standards.terminology.loading import Columns, Release, read_table

URL = "http://site.example/icd"
CSV = "code,name,kind\nI10,原发性高血压,common\nI10.x00,高血压,\nJ18.9,肺炎,common\n"


def release(path: Path, text: str = CSV, version: str = "2.0") -> Release:
    (path / "icd.csv").write_text(text, encoding="utf-8")
    return read_table(
        path / "icd.csv", Columns(prefix=True), url=URL, version=version, name="Icd", language="zh"
    )


def test_load_again_replace_and_remove(settings: Settings, tmp_path: Path) -> None:
    first, second = release(tmp_path), release(tmp_path, CSV + "J18.901,重症肺炎,\n")
    seen: list[int] = []

    async def work(hub: Hub) -> None:
        assert await load(hub, first, seen.append) is Outcome.ADDED
        assert await load(hub, first) is Outcome.UNCHANGED
        assert await load(hub, second) is Outcome.REPLACED
        assert await load(hub, release(tmp_path, version="10")) is Outcome.ADDED
        async with hub.database.connection() as connection:
            found = [(one.version, one.concepts, one.loaded) for one in await listed(connection)]
        assert found == [("10", 3, True), ("2.0", 4, True)]
        await remove(hub, URL, "10")
        with pytest.raises(UnknownSystem):
            await remove(hub, URL, "10")

    run(settings, work)
    assert sum(seen) == 3
    with client_of(settings) as client:
        found = client.get(f"/fhir/ValueSet/$expand?url={URL}?fhir_vs&filter=zzfy").json()["expansion"]
        assert [one["display"] for one in found["contains"]] == ["重症肺炎"]
        told = client.get(f"/fhir/CodeSystem/$subsumes?system={URL}&codeA=I10&codeB=J18.901").json()
        assert told["parameter"] == [{"name": "outcome", "valueCode": "not-subsumed"}]
        told = client.get(f"/fhir/CodeSystem/$subsumes?system={URL}&codeA=I10&codeB=I10.x00").json()
        assert told["parameter"] == [{"name": "outcome", "valueCode": "subsumes"}]
        (record,) = [one["resource"] for one in client.get(f"/fhir/CodeSystem?url={URL}").json()["entry"]]
        assert (record["content"], record["count"]) == ("not-present", 4)
        # The header may be written again: its concepts stay.
        assert (
            client.put(f"/fhir/CodeSystem/{record['id']}", json={**record, "title": "New"}).status_code == 200
        )
        told = client.get(f"/fhir/CodeSystem/$lookup?system={URL}&code=I10").json()["parameter"]
        assert told[0] == {"name": "name", "valueString": "New"}


def test_a_failed_load_changes_nothing(settings: Settings, tmp_path: Path) -> None:
    good = release(tmp_path)
    circle = Concept("A", "a", parents=tuple(f"p{number}" for number in range(3_000)))

    async def work(hub: Hub) -> None:
        await load(hub, good)
        with pytest.raises(Exception, match="stand above"):
            await load(hub, Release({**good.header, "title": "Bad"}, [circle]))
        async with hub.terminology.library() as library:
            system = await library.system(URL)
        assert system is not None
        assert system.head.title == "Icd"
        async with hub.database.connection() as connection:
            assert [one.concepts for one in await listed(connection)] == [3]

    run(settings, work)


def test_two_loads_at_once(settings: Settings, tmp_path: Path) -> None:
    made = release(tmp_path)

    async def work(hub: Hub) -> None:
        outcomes = await asyncio.gather(load(hub, made), load(hub, made))
        assert Outcome.ADDED in outcomes
        async with hub.database.connection() as connection:
            assert [one.concepts for one in await listed(connection)] == [3]

    run(settings, work)


def test_maps_in_bulk(settings: Settings) -> None:
    resource = {
        "resourceType": "ConceptMap",
        "id": "m",
        "url": "http://site.example/map",
        "status": "active",
        "group": [
            {
                "source": "urn:local",
                "target": URL,
                "element": [
                    {"code": "1", "target": [{"code": "I10", "display": "高血压", "equivalence": "equal"}]},
                    {"code": "2", "target": [{"equivalence": "unmatched"}]},
                ],
            }
        ],
    }
    with client_of(settings) as client:
        assert client.put("/fhir/ConceptMap/m", json=resource).status_code == 201

    async def work(hub: Hub) -> None:
        found = await hub.terminology.load_maps()
        assert list(found) == [Coded("urn:local", "1")]
        (line,) = found[Coded("urn:local", "1")]
        assert (line.target_system, line.target_code, line.equivalence) == (URL, "I10", "equal")
        assert await hub.terminology.load_maps(systems=["urn:other"]) == {}

    run(settings, work)


def test_records_from_before_are_taken(settings: Settings) -> None:
    system = {
        "resourceType": "CodeSystem",
        "id": "old",
        "url": "http://site.example/old",
        "status": "active",
        "content": "complete",
        "concept": [{"code": "a", "display": "A"}],
    }
    with client_of(settings) as client:
        client.put("/fhir/CodeSystem/old", json=system)

    async def forget(hub: Hub) -> None:
        """Leave the tables as the step that makes them does."""
        async with hub.database.connection() as connection:
            await connection.execute("DELETE FROM terminology")
            await connection.execute("INSERT INTO terminology (type, id) VALUES ('CodeSystem', 'old')")

    run(settings, forget)
    with client_of(settings) as client:
        found = client.get("/fhir/CodeSystem/$lookup?system=http://site.example/old&code=a")
        assert found.status_code == 200, found.text


def command(settings: Settings, *arguments: str) -> subprocess.CompletedProcess[str]:
    environment = {
        "XINGLIN_DATABASE_URL": settings.database_url,
        "LANG": "en_US.UTF-8",
        "PATH": "/usr/bin:/bin",
    }
    import os

    environment |= {name: os.environ[name] for name in ("PYTHONPATH", "HOME") if name in os.environ}
    return subprocess.run(
        [sys.executable, "-m", "xinglin", "terminology", *arguments],
        env=environment,
        capture_output=True,
        text=True,
        check=False,
        timeout=60,
    )


def test_commands(settings: Settings, tmp_path: Path) -> None:
    release(tmp_path)
    arguments = [
        "load",
        str(tmp_path / "icd.csv"),
        "--system",
        URL,
        "--version",
        "2.0",
        "--hierarchy",
        "prefix",
    ]
    first = command(settings, *arguments)
    assert (first.returncode, first.stdout) == (0, f"Added {URL} 2.0: 3 concepts.\n"), first.stderr
    assert "is there already" in command(settings, *arguments).stdout
    assert "I10.x00" in command(settings, "show", URL).stdout
    assert URL in command(settings, "list").stdout
    (tmp_path / "icd.csv").write_text(CSV + "I10,again,\n", encoding="utf-8")
    bad = command(settings, *arguments)
    assert (bad.returncode, bad.stdout) == (12, "")
    assert "XL8020" in bad.stderr
    assert "Line 5" in bad.stderr
    assert "Removed" in command(settings, "remove", URL, "--version", "2.0").stdout
    assert command(settings, "show", URL).returncode == 12
