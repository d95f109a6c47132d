"""Identity on a real database: matching at intake, golden Patients, deletion and return."""

import asyncio
from datetime import date
from typing import Any

import pytest
from tests.support import run

from xinglin.core.settings import Settings
from xinglin.hub.changes import Delete, Update
from xinglin.hub.hub import Hub
from xinglin.hub.identity import questions
from xinglin.hub.identity.decisions import Wanted, decide, history, undo
from xinglin.hub.identity.errors import AgainstDecisions, DecidedBefore, UndoneBefore, UnknownPerson
from xinglin.hub.identity.follow import follow
from xinglin.hub.intake import sources
from xinglin.hub.records import Key
from xinglin.hub.search.everything import AskedEverything
from xinglin.hub.search.search import Asked
from xinglin.standards.identifiers import invented_resident

Json = dict[str, Any]
IDENTITY = "urn:oid:2.16.156.10011.1.3"


def number(seed: int) -> Json:
    return {"system": IDENTITY, "value": invented_resident(seed)}


def patient(
    id_: str, name: str = "王芳", birth: str = "1949-07-03", *, seed: int | None = None, **more: Any
) -> Json:
    made: Json = {"resourceType": "Patient", "id": id_, "name": [{"text": name}], "birthDate": birth}
    return made | ({"identifier": [number(seed)]} if seed is not None else {}) | more


async def put(hub: Hub, *contents: Json) -> None:
    await hub.change_all([Update("Patient", key=Key("Patient", c["id"]), content=c) for c in contents])


async def register(hub: Hub, source: str) -> None:
    made = sources.Source(
        id=source, institution=sources.LOCAL.institution, institution_name="县医院", namespace="county"
    )
    async with hub.database.connection() as connection:
        await sources.add(connection, sources.checked(made, frozenset()))


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
        assert golden["name"] == [{"text": "王芳", "family": "王", "given": ["芳"]}]
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


async def review(hub: Hub) -> list[tuple[str, str, str | None]]:
    async with hub.database.connection() as connection:
        return [(one.first, one.second, one.rule) for one in await questions.queue(connection, most=100)]


def test_a_borrowed_card_goes_to_review(settings: Settings) -> None:
    async def story(hub: Hub) -> None:
        await put(hub, patient("a", seed=1), patient("b", "李建国", "1985-12-11", seed=1))
        assert await persons(hub) == {frozenset("a"), frozenset("b")}
        assert await review(hub) == [("a", "b", "resident")]
        async with hub.database.connection() as connection:
            told = await questions.pair(connection, hub.store, "b", "a")
        assert told.pair.evidence["differences"] == ["birth", "name"]
        assert told.compared["given"] == ("芳", "建国")

    run(settings, story)


def test_a_newborn_under_its_mothers_number_stays_apart(settings: Settings) -> None:
    async def story(hub: Hub) -> None:
        child = patient("b", "王芳之女", seed=1)
        del child["birthDate"]
        await put(hub, patient("a", seed=1), child)
        assert await persons(hub) == {frozenset("a"), frozenset("b")}

    run(settings, story)


def test_fifteen_digits_are_the_same_number(settings: Settings) -> None:
    async def story(hub: Hub) -> None:
        whole = invented_resident(7, sex="female", born=date(1949, 7, 3))
        short = {"system": IDENTITY, "value": whole[:6] + whole[8:17]}
        await put(hub, patient("a", identifier=[{"system": IDENTITY, "value": whole}]))
        await put(hub, patient("b", identifier=[short]))
        await put(hub, patient("c", "李建国", identifier=[short]))
        assert frozenset("ab") in await persons(hub)
        assert frozenset("c") in await persons(hub)

    run(settings, story)


def test_a_number_that_a_thousand_bear_is_trusted_no_more(settings: Settings) -> None:
    async def story(hub: Hub) -> None:
        many = [
            patient(f"p{n}", f"{'赵钱孙李周吴郑王'[n % 8]}{chr(0x4E00 + n * 7)}{chr(0x5E00 + n * 5)}", seed=1)
            | {"birthDate": f"{1930 + n % 80}-{1 + n % 12:02d}-{1 + n % 28:02d}"}
            for n in range(150)
        ]
        await put(hub, *many, patient("a", "欧阳明华", seed=1), patient("b", "欧阳明华", seed=1))
        found = await persons(hub)
        assert max(map(len, found)) <= 2
        assert len(await review(hub)) <= 15
        async with hub.database.connection() as connection:
            worn = await questions.worn(connection, most=10)
        assert "resident" in {one.rule for one in worn}

    run(settings, story)


def test_nobody_speaks_for_another_institutions_patients(settings: Settings) -> None:
    async def story(hub: Hub) -> None:
        await register(hub, "county-his")
        claim = [{"other": {"reference": "Patient/a"}, "type": "replaces"}]
        await put(hub, patient("a", meta={"source": "urn:xinglin:source:county-his:1#1"}))
        await put(hub, {"resourceType": "Patient", "id": "b", "name": [{"text": "王芳"}], "link": claim})
        assert frozenset("a") in await persons(hub)
        assert len(await review(hub)) == 1

    run(settings, story)


def test_a_circle_of_merges_is_one_person(settings: Settings) -> None:
    def merged(id_: str, into: str) -> Json:
        link = {"other": {"reference": f"Patient/{into}"}, "type": "replaced-by"}
        came = {"source": "urn:xinglin:source:county-his:1#1"}
        return patient(id_, "王芳" if id_ != "b" else "王方", link=[link], meta=came)

    async def story(hub: Hub) -> None:
        await register(hub, "county-his")
        await put(hub, merged("a", "b"), merged("b", "c"), merged("c", "a"))
        assert await persons(hub) == {frozenset("abc")}

    run(settings, story)


def test_two_stewards_decide_one_pair(settings: Settings) -> None:
    async def story(hub: Hub) -> None:
        await put(hub, patient("a", seed=1), patient("b", "李建国", "1985-12-11", seed=1))
        await persons(hub)
        answers = await asyncio.gather(
            decide(hub, Wanted("link", ["a", "b"], "eve", "name changed")),
            decide(hub, Wanted("apart", ["b", "a"], "adam", "borrowed card")),
            return_exceptions=True,
        )
        assert sorted(type(one).__name__ for one in answers) == ["DecidedBefore", "int"]
        assert await review(hub) == []

    run(settings, story)


def test_decisions_hold_whatever_comes(settings: Settings) -> None:
    async def story(hub: Hub) -> None:
        await put(hub, patient("a", seed=1), patient("b", seed=1), patient("c", "李建国", seed=2))
        await persons(hub)
        number = await decide(hub, Wanted("unlink", ["b"], "eve", "twins with a typing error"))
        assert await persons(hub) == {frozenset("a"), frozenset("b"), frozenset("c")}
        await put(hub, patient("b", seed=1, gender="female"))
        assert frozenset("b") in await persons(hub)
        await delete(hub, "b")
        await persons(hub)
        await put(hub, patient("b", seed=1))
        assert frozenset("b") in await persons(hub)
        with pytest.raises(DecidedBefore):
            await decide(hub, Wanted("link", ["a", "b"], "eve", "no"))
        await undo(hub, number, "eve", "one after all")
        assert frozenset("ab") in await persons(hub)
        with pytest.raises(UndoneBefore):
            await undo(hub, number, "eve", "again")
        goldens = [(await golden_of(hub, id_))["id"] for id_ in "ac"]
        merged = await decide(hub, Wanted("merge", goldens, "eve", "she married and took a name"))
        assert await persons(hub) == {frozenset("abc")}
        with pytest.raises(UnknownPerson):
            await decide(hub, Wanted("merge", goldens, "adam", "the same"))
        with pytest.raises(DecidedBefore):
            await decide(hub, Wanted("apart", ["b", "c"], "adam", "two people"))
        replaced = (await hub.read(Key("Patient", goldens[1]))).content
        assert replaced["active"] is False
        async with hub.database.connection() as connection:
            assert (await questions.person(connection, hub.store, goldens[1])).golden == goldens[0]
            told = await history(connection, ["b"], most=10)
        assert [one.action for one in told][-2:] == ["undo", "unlink"]
        await undo(hub, merged, "adam", "two people")
        await decide(hub, Wanted("apart", ["b", "c"], "adam", "two people"))
        with pytest.raises(AgainstDecisions):
            await decide(hub, Wanted("merge", goldens, "eve", "still one"))

    run(settings, story)


def test_searches_reach_all_records_of_a_person(settings: Settings) -> None:
    def result(id_: str, of: str) -> Json:
        subject = {"reference": f"Patient/{of}"}
        return {"resourceType": "Observation", "id": id_, "status": "final", "code": {"text": "x"}} | {
            "subject": subject
        }

    async def story(hub: Hub) -> None:
        await put(hub, patient("a", seed=1), patient("b", seed=1), patient("c", seed=2))
        results = [result("o1", "a"), result("o2", "b"), result("o3", "c")]
        await hub.change_all(
            [Update("Observation", key=Key("Observation", o["id"]), content=o) for o in results]
        )
        await persons(hub)
        golden = (await golden_of(hub, "a"))["id"]

        async def found(kind: str, *pairs: tuple[str, str]) -> list[str]:
            return sorted(hit.record.key.id for hit in (await hub.search(Asked(pairs, kind))).matches)

        for id_ in ("a", "b", golden):
            assert await found("Observation", ("subject:mdm", f"Patient/{id_}")) == ["o1", "o2"]
        assert await found("Observation", ("patient:mdm", "c")) == ["o3"]
        assert await found("Observation", ("subject:mdm", "Patient/nobody")) == []
        assert await found("Patient", ("identifier", number(1)["value"])) == ["a", "b"]
        assert golden in await found("Patient", ("_tag", "GOLDEN_RECORD"))
        pages = await hub.everything(AskedEverything(Key("Patient", golden), [], ""))
        ids = {hit.record.key.id for hit in pages.matches}
        assert {golden, "a", "b", "o1", "o2"} == ids
        await hub.change(
            Update("Patient", criteria=f"identifier={number(2)['value']}", content=patient("c", seed=2))
        )

    run(settings, story)


def test_matching_at_once_and_a_golden_patient_that_others_wrote(settings: Settings) -> None:
    async def story(hub: Hub) -> None:
        hub.matching.start()
        await put(hub, patient("a", seed=1), patient("b", seed=1))
        await hub.matching.settle()
        golden = await golden_of(hub, "a")
        assert len(golden["link"]) == 2
        await put(hub, golden | {"name": [{"text": "x"}]})
        await persons(hub)
        assert (await golden_of(hub, "a"))["name"] == golden["name"]
        await delete(hub, golden["id"])
        await persons(hub)
        assert (await golden_of(hub, "a"))["name"] == golden["name"]

    run(settings, story)
