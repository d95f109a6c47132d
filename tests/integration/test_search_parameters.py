"""Search parameters as data: added, indexed in the background, kept, seen by others, refused when bad."""

import asyncio
import io
import json
import os
import signal
import subprocess
import sys
import tarfile
import time
from pathlib import Path
from typing import Any
from urllib.parse import parse_qsl

import psycopg
import pytest
from starlette.testclient import TestClient
from tests.support import client_of, run

from xinglin.core.settings import Settings
from xinglin.hub.changes import Update
from xinglin.hub.hub import Hub, open_hub
from xinglin.hub.records import Key
from xinglin.hub.search import commands, reindex
from xinglin.hub.search.search import Asked, Found
from xinglin.standards.definitions import package_add

Json = dict[str, Any]
NICKNAME: Json = {
    "resourceType": "SearchParameter",
    "id": "nickname",
    "url": "http://site.example/SearchParameter/nickname",
    "name": "nickname",
    "status": "active",
    "description": "The names that friends use",
    "code": "nickname",
    "base": ["Patient"],
    "type": "string",
    "expression": "Patient.name.where(use = 'nickname').given",
}
SEARCH = "/fhir/Patient?nickname=mao"


@pytest.fixture
def settings(database: str, home: Path) -> Settings:
    """Settings without validation: these records are about searching only."""
    return Settings(database_url=database, language="en", validation="none", home=str(home))


def patient(id_: str) -> Json:
    return {"resourceType": "Patient", "id": id_, "name": [{"use": "nickname", "given": ["Maomao"]}]}


def problem(response: Any) -> tuple[int, str]:
    return response.status_code, response.json()["issue"][0]["details"]["coding"][0]["code"]


def complete(client: TestClient, path: str) -> Json:
    """Search until nothing is said of an index in the making."""
    for _ in range(200):
        found = client.get(path).json()
        if not any(e["search"]["mode"] == "outcome" for e in found.get("entry", [])):
            return found
        time.sleep(0.05)
    raise AssertionError(found)


def test_a_parameter_comes_to_find_old_records(settings: Settings) -> None:
    with client_of(settings) as client:
        client.put("/fhir/Patient/old", json=patient("old"))
        assert problem(client.get(SEARCH)) == (400, "XL6001")
        assert client.put("/fhir/SearchParameter/nickname", json=NICKNAME).status_code == 201
        client.put("/fhir/Patient/new", json=patient("new"))
        found = complete(client, SEARCH)
        assert {e["resource"]["id"] for e in found["entry"]} == {"old", "new"}
        (kind,) = (
            one
            for one in client.get("/fhir/metadata").json()["rest"][0]["resource"]
            if one["type"] == "Patient"
        )
        assert "nickname" in {one["name"] for one in kind["searchParam"]}
    with client_of(settings) as client:
        assert complete(client, SEARCH)["total"] == 2, "kept across a restart"
        assert (
            client.put("/fhir/SearchParameter/nickname", json={**NICKNAME, "status": "retired"}).status_code
            == 200
        )
        for _ in range(50):
            if client.get(SEARCH).status_code == 400:
                break
            time.sleep(0.05)
        assert problem(client.get(SEARCH)) == (400, "XL6001")


@pytest.mark.parametrize(
    ("change", "said"),
    [
        ({"expression": "Patient.name.where("}, "nickname"),
        ({"expression": "Patient.nome"}, "nickname"),
        ({"type": "special"}, "special"),
        ({"code": "birthdate"}, "birthdate"),
        ({"base": ["Dragon"]}, "Dragon"),
        ({"expression": ""}, "expression"),
    ],
)
def test_a_bad_parameter_is_refused(client: TestClient, change: Json, said: str) -> None:
    for answer in (
        client.put("/fhir/SearchParameter/nickname", json={**NICKNAME, **change}),
        client.post("/fhir/SearchParameter", json={**NICKNAME, **change}),
    ):
        assert problem(answer) == (400, "XL6013")
        assert said in answer.json()["issue"][0]["diagnostics"]
    draft = {**NICKNAME, **change, "status": "draft"}
    assert client.put("/fhir/SearchParameter/nickname", json=draft).status_code == 201, "it isn't in use"
    assert client.put("/fhir/Patient/a", json=patient("a")).status_code == 201


def test_searches_say_while_it_is_incomplete(settings: Settings) -> None:
    async def story(hub: Hub) -> None:
        await hub.tending.stop()
        await hub.change(Update("Patient", key=Key("Patient", "old"), content=patient("old")))
        await hub.change(Update("SearchParameter", key=Key("SearchParameter", "nickname"), content=NICKNAME))
        found = await search(hub, "nickname=mao")
        assert [one.code for one in found.pending] == ["nickname"]
        assert not found.matches
        assert not (await search(hub, "gender=male")).pending
        async with hub.database.connection() as connection:
            (waiting,) = await reindex.progress(connection)
            assert not waiting.finished
        while await hub.transaction(lambda connection: reindex.step(connection, hub.store)) is not None:
            pass
        found = await search(hub, "nickname=mao")
        assert [hit.record.key.id for hit in found.matches] == ["old"]
        assert not found.pending

    run(settings, story)


async def search(hub: Hub, query: str) -> Found:
    return await hub.search(Asked(parse_qsl(query), "Patient"))


def test_other_processes_see_it(settings: Settings) -> None:
    async def story(hub: Hub) -> None:
        async with open_hub(settings, settings.database_url) as other:
            await hub.change(
                Update("SearchParameter", key=Key("SearchParameter", "nickname"), content=NICKNAME)
            )
            await other.change(Update("Patient", key=Key("Patient", "a"), content=patient("a")))
            found = await search(other, "nickname=mao")
            assert [hit.record.key.id for hit in found.matches] == ["a"], "writers know it at once"

    run(settings, story)


def test_writes_go_on_meanwhile(settings: Settings) -> None:
    """Records changed and deleted while the index is made end as they should."""

    async def story(hub: Hub) -> None:
        await hub.tending.stop()
        for number in range(0, 450, 50):
            await hub.change_all([put(n, patient(f"p{n}")) for n in range(number, number + 50)])
        await hub.change(Update("SearchParameter", key=Key("SearchParameter", "nickname"), content=NICKNAME))
        plain = {"resourceType": "Patient", "id": "p3"}

        async def steps() -> None:
            while await hub.transaction(lambda connection: reindex.step(connection, hub.store)) is not None:
                await asyncio.sleep(0)

        await asyncio.gather(
            steps(),
            steps(),
            *(hub.change(put(number, {**plain, "id": f"p{number}"})) for number in range(0, 450, 3)),
        )
        found = await hub.search(Asked(parse_qsl("nickname=mao&_count=1000"), "Patient"))
        assert len(found.matches) == 300
        async with hub.database.connection() as connection:
            for table in ("search_string", "search_date", "search_number"):
                row = await (
                    await connection.execute(
                        f"SELECT count(*) FROM {table} WHERE NOT seq IN (SELECT seq FROM resource)"  # type: ignore[arg-type]
                    )
                ).fetchone()
                assert row == (0,), f"{table} has rows of versions that are no longer current"

    def put(number: int, content: Json) -> Update:
        return Update("Patient", key=Key("Patient", f"p{number}"), content=content)

    run(settings, story)


KILLED = """
import sys, time
from xinglin.core.settings import Settings
from xinglin.hub.search import commands
def told(_):
    print("step", flush=True)
    time.sleep(0.2)
commands.reindex(Settings(database_url=sys.argv[1], home=sys.argv[2]), progress=told)
"""


def test_a_killed_reindex_goes_on_where_it_was(settings: Settings) -> None:
    async def story(hub: Hub) -> None:
        await hub.tending.stop()
        for number in range(0, 1000, 100):
            changes = [
                Update("Patient", key=Key("Patient", f"p{n}"), content=patient(f"p{n}"))
                for n in range(number, number + 100)
            ]
            await hub.change_all(changes)
        await hub.change(Update("SearchParameter", key=Key("SearchParameter", "nickname"), content=NICKNAME))

    run(settings, story)
    command = [sys.executable, "-c", KILLED, settings.database_url, settings.home]
    with subprocess.Popen(command, stdout=subprocess.PIPE) as process:
        assert process.stdout is not None
        process.stdout.readline()
        process.stdout.readline()
        os.kill(process.pid, signal.SIGKILL)
    (half,) = commands.status(settings)
    assert 200 <= half.done < 1000
    steps: list[int] = []
    (done,) = commands.reindex(settings, progress=steps.append)
    assert done.finished
    assert sum(steps) <= 1000 - half.done + reindex.BATCH, "it didn't begin anew"
    found = run(settings, lambda hub: search(hub, "nickname=mao&_count=0&_total=accurate"))
    assert found.total == 1000


def test_everything_can_be_indexed_again(settings: Settings) -> None:
    with client_of(settings) as client:
        client.put("/fhir/Patient/a", json={**patient("a"), "gender": "male"})
    with psycopg.connect(settings.database_url, autocommit=True) as connection:
        connection.execute("UPDATE resource SET keys = '{}'; TRUNCATE search_string")
    commands.reindex(settings, everything=True)
    with client_of(settings) as client:
        assert client.get("/fhir/Patient?gender=male&given=mao").json()["total"] == 1


def test_parameters_of_packages_are_used(settings: Settings, tmp_path: Path) -> None:
    """One that can't be used is left out, and stops nothing."""
    members = {
        "package.json": {"name": "site.example", "version": "1.0.0", "fhirVersions": ["4.0.1"]},
        "good.json": NICKNAME,
        "bad.json": {
            **NICKNAME,
            "id": "bad",
            "url": "urn:bad",
            "code": "bad",
            "expression": "Patient.where(",
        },
    }
    source = tmp_path / "site.tgz"
    with tarfile.open(source, "w:gz") as archive:
        for name, content in members.items():
            data = json.dumps(content).encode()
            member = tarfile.TarInfo(f"package/{name}")
            member.size = len(data)
            archive.addfile(member, io.BytesIO(data))
    values = {name: getattr(settings, name) for name in settings.__struct_fields__}
    with_package = Settings(**(values | {"home": str(tmp_path)}))
    package_add(source, with_package.packages)
    with client_of(with_package) as client:
        client.put("/fhir/Patient/a", json=patient("a"))
        assert client.get(SEARCH).json()["total"] == 1
        assert problem(client.get("/fhir/Patient?bad=1")) == (400, "XL6001")
