"""Identity on a real database: matching at intake, golden Patients, deletion and return."""

from typing import Any

from tests.support import run

from xinglin.core.settings import Settings
from xinglin.hub.changes import Delete, Update
from xinglin.hub.hub import Hub
from xinglin.hub.identity.follow import follow
from xinglin.hub.records import Key
from xinglin.standards.identifiers import invented_resident

Json = dict[str, Any]
IDENTITY = "urn:oid:2.16.156.10011.1.3"


def number(seed: int) -> Json:
    return {"system": IDENTITY, "value": invented_resident(seed)}


def patient(id_: str, name: str = "王芳", birth: str = "1949-07-03", *, seed: int | None = None, **more: Any) -> Json:
    made: Json = {"resourceType": "Patient", "id": id_, "name": [{"text": name}], "birthDate": birth}
    return made | ({"identifier": [number(seed)]} if seed is not None else {}) | more


async def put(hub: Hub, *contents: Json) -> None:
    await hub.change_all([Update("Patient", key=Key("Patient", c["id"]), content=c) for c in contents])


async def delete(hub: Hub, id_: str) -> None:
    await hub.change(Delete("Patient", key=Key("Patient", id_)))


async def rows(hub: Hub, query: Any) -> list[tuple[Any, ...]]:
    async with hub.database.connection() as connection:
        return list(await (await connection.execute(query)).fetchall())


async def persons(hub: Hub) -> set[frozenset[str]]:
    """Match all that is new, and give who belongs together."""
    while not (await follow(hub, most=1_000)).finished:
        pass
    found: dict[str, set[str]] = {}
    for one, golden in await rows(hub, "SELECT patient, golden FROM person_link"):
        found.setdefault(golden, set()).add(one)
    return {frozenset(those) for those in found.values()}


async def golden_of(hub: Hub, id_: str) -> Json:
    (row,) = await rows(hub, f"SELECT golden FROM person_link WHERE patient = '{id_}'")
    return (await hub.read(Key("Patient", row[0]))).content


def test_a_verified_number_joins(settings: Settings) -> None:
    async def story(hub: Hub) -> None:
        await put(hub, patient("a", seed=1), patient("b", seed=1), patient("c", seed=2))
        assert await persons(hub) == {frozenset("ab"), frozenset("c")}
        golden = await golden_of(hub, "a")
        assert golden == await golden_of(hub, "b")
        assert [link["other"]["reference"] for link in golden["link"]] == ["Patient/a", "Patient/b"]
        assert golden["name"] == [{"text": "王芳"}]
        assert not [f for f in hub.admission.examine(golden) if f.severity == "error"]
        await put(hub, patient("b", seed=2))
        assert await persons(hub) == {frozenset("a"), frozenset("bc")}
        await delete(hub, "c")
        assert await persons(hub) == {frozenset("a"), frozenset("b")}
        await delete(hub, "a")
        await delete(hub, "b")
        assert await persons(hub) == set()
        assert await rows(hub, "SELECT count(*) FROM person_golden WHERE active") == [(0,)]
        await put(hub, patient("a", seed=1))
        assert await persons(hub) == {frozenset("a")}
        assert (await golden_of(hub, "a"))["active"] is True

    run(settings, story)
