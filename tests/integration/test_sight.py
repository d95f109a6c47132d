"""What a sight hides on a real database: persons, links, hierarchies, masks, origins, deletions, refusals."""

import asyncio
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import pytest
from tests.integration.test_identity import golden_of, patient, persons
from tests.support import run

from xinglin.core.errors import SearchError
from xinglin.core.settings import Settings
from xinglin.hub.changes import Create, Delete, Update
from xinglin.hub.hub import Hub
from xinglin.hub.identity import questions
from xinglin.hub.identity.asking import candidates
from xinglin.hub.identity.crossing import cross
from xinglin.hub.identity.errors import UnknownPerson, UnknownSourceIdentifier
from xinglin.hub.lifelong.answers import ask_timeline
from xinglin.hub.lifelong.gaze import Gaze
from xinglin.hub.lifelong.overview import ask_overview
from xinglin.hub.lifelong.series import ask_series
from xinglin.hub.lifelong.summary import ask_summary
from xinglin.hub.lifelong.timeline import Asked as AskedTimeline
from xinglin.hub.records import Gone, Key, Unknown, UnknownVersion
from xinglin.hub.search import commands
from xinglin.hub.search.everything import AskedEverything
from xinglin.hub.search.search import Asked
from xinglin.hub.sight import NOTHING, Sight, View, Without
from xinglin.hub.sight.origins import origin_key
from xinglin.standards.search.errors import BadParameter

Json = dict[str, Any]
SECRET = ("urn:test", "SECRET")
OPEN_ONLY = Sight((View(without_labels=frozenset({SECRET})),))
HIDDEN: Json = {"security": [{"system": "urn:test", "code": "secret"}]}
IDENTITY = "urn:oid:2.16.156.10011.1.3"


@pytest.fixture
def settings(database: str, home: Path) -> Settings:
    """Settings without validation: these records are about sights only."""
    return Settings(database_url=database, language="en", validation="none", home=str(home))


async def put(hub: Hub, *contents: Json) -> None:
    await hub.change_all(
        [Update(c["resourceType"], key=Key(c["resourceType"], c["id"]), content=c) for c in contents]
    )


async def found(hub: Hub, kind: str | None, sight: Sight, **pairs: str) -> list[str]:
    asked = [(name.replace("__", ":").replace("_DOT_", "."), value) for name, value in pairs.items()]
    page = await hub.search(Asked(asked, kind), sight=sight)
    assert page.total in (None, len(page.matches))
    return sorted(hit.record.key.id for hit in page.matches)


def glucose(id_: str, of: str, value: int = 5, meta: Mapping[str, Any] | None = None) -> Json:
    return {
        "resourceType": "Observation",
        "id": id_,
        "meta": meta or {},
        "status": "final",
        "code": {"coding": [{"system": "http://loinc.org", "code": "14749-6"}]},
        "subject": {"reference": f"Patient/{of}"},
        "effectiveDateTime": "2024-03-01T08:00:00+08:00",
        "valueQuantity": {"value": value, "unit": "mmol/L"},
    }


def test_hierarchies_end_at_what_is_hidden(settings: Settings) -> None:
    def centre(id_: str, above: str = "", **more: Any) -> Json:
        part = {"partOf": {"reference": f"Organization/{above}"}} if above else {}
        return {"resourceType": "Organization", "id": id_, "name": id_} | part | more

    async def story(hub: Hub) -> None:
        await put(
            hub,
            centre("top"),
            centre("middle", "top", meta=HIDDEN),
            centre("low", "middle"),
            centre("side", "top"),
        )
        assert await found(hub, "Organization", Sight((View(),)), partof__below="top") == [
            "low",
            "middle",
            "side",
        ]
        assert await found(hub, "Organization", OPEN_ONLY, partof__below="top") == ["side"]
        assert await found(hub, "Organization", Sight((View(),)), partof__above="low") == [
            "low",
            "middle",
            "side",
        ]
        assert await found(hub, "Organization", OPEN_ONLY, partof__above="low") == []

    run(settings, story)


async def a_person(hub: Hub) -> str:
    """Store a person of three Patients, one of them hidden, each with a result; give the golden one's id."""
    await put(
        hub,
        patient("a", seed=1),
        patient("b", seed=1, meta=HIDDEN),
        patient("c", seed=1),
        glucose("of-a", "a", 5),
        glucose("of-b", "b", 6),
        glucose("of-c", "c", 7),
        glucose("kept", "a", 8, HIDDEN),
    )
    assert await persons(hub) == {frozenset("abc")}
    return str((await golden_of(hub, "a"))["id"])


def test_a_hidden_patient_is_no_part_of_the_person(settings: Settings) -> None:
    async def story(hub: Hub) -> None:
        golden = await a_person(hub)
        page = await hub.search(Asked([("subject:mdm", "Patient/a")], "Observation"), sight=OPEN_ONLY)
        assert sorted(hit.record.key.id for hit in page.matches) == ["of-a", "of-c"]
        assert "Patient/b" not in page.self_url
        unknown = await hub.search(Asked([("subject:mdm", "Patient/b")], "Observation"), sight=OPEN_ONLY)
        assert "Patient/a" not in unknown.self_url
        whole = await hub.everything(AskedEverything(Key("Patient", golden), [], ""), sight=OPEN_ONLY)
        keys = {hit.record.key.id for hit in (*whole.matches, *whole.included)}
        assert {"of-a", "of-c", golden} <= keys
        assert not keys & {"of-b", "b", "kept"}
        with pytest.raises(Unknown):
            await hub.everything(AskedEverything(Key("Patient", "b"), [], ""), sight=OPEN_ONLY)
        async with hub.database.connection() as connection:
            told = await questions.person(connection, hub.store, "a", sight=OPEN_ONLY)
            assert [one.patient for one in told.links] == ["a", "c"]
            with pytest.raises(UnknownPerson):
                await questions.person(connection, hub.store, "b", sight=OPEN_ONLY)
            assert await questions.reach(connection, hub.store, golden, sight=OPEN_ONLY) == [golden, "a", "c"]
            assert await questions.reach(connection, hub.store, "b", sight=OPEN_ONLY) == ["b"]

    run(settings, story)


def test_who_it_may_be_is_told_by_what_is_seen(settings: Settings) -> None:
    async def story(hub: Hub) -> None:
        golden = await a_person(hub)
        asked = patient("", seed=1)
        value = asked["identifier"][0]["value"]
        only_b = Sight((View(types=frozenset({"Patient"}), patients=frozenset({"b"})),))
        async with hub.database.connection() as connection:

            async def nearest(sight: Sight) -> list[tuple[str, str]]:
                made = await candidates(connection, hub.store, asked, sight=sight)
                return [(one.golden.key.id, one.nearest) for one in made]

            assert [one for one, _ in await nearest(OPEN_ONLY)] == [golden]
            assert (await nearest(OPEN_ONLY))[0][1] in {"a", "c"}
            assert await nearest(NOTHING) == []
            crossed = await cross(connection, hub, IDENTITY, value, [], sight=OPEN_ONLY)
            assert set(crossed.patients) == {golden, "a", "c"}
            crossed = await cross(connection, hub, IDENTITY, value, [IDENTITY], sight=OPEN_ONLY)
            assert crossed.identifiers == []
            with pytest.raises(UnknownSourceIdentifier):
                await cross(connection, hub, IDENTITY, "110101190001010000", [], sight=only_b)

    run(settings, story)


def test_the_lifelong_record_leaves_out_what_is_hidden(settings: Settings) -> None:
    async def story(hub: Hub) -> None:
        golden = await a_person(hub)
        gaze = Gaze(OPEN_ONLY)
        for id_ in ("a", golden):
            told = await ask_timeline(hub, id_, AskedTimeline(), "en", gaze)
            assert told["total"] == 2
            assert {entry["record"] for entry in told["entries"]} == {"Observation/of-a", "Observation/of-c"}
            assert told["patients"] == ["Patient/a", "Patient/c"]
            assert (await ask_series(hub, id_, AskedTimeline(), gaze))["points"] == 2
            assert (await ask_overview(hub, id_, "en", gaze)).patients == ["a", "c"]
            summary = await ask_summary(hub, id_, "http://hub", "en", gaze)
            ids = {one["resource"].get("id") for one in summary["entry"]}
            assert not ids & {"of-b", "kept", "b"}
        for ask in (
            ask_timeline(hub, "b", AskedTimeline(), "en", gaze),
            ask_series(hub, "b", AskedTimeline(), gaze),
            ask_summary(hub, "b", "http://hub", "en", gaze),
        ):
            with pytest.raises(Unknown):
                await ask
        sources = Sight((View(types=frozenset({"Observation"})), View(patients=frozenset({"a"}))))
        told = await ask_timeline(hub, "a", AskedTimeline(), "en", Gaze(sources))
        assert told["patients"] == ["Patient/a"]

    run(settings, story)


BLIND = Sight(
    (View(),),
    blind={
        "Patient": frozenset({"identifier", "name", "phone", "address-city"}),
        "Observation": frozenset({"value-string"}),
    },
)
ASKED_BLINDLY = (
    ("Patient", "identifier=1"),
    ("Patient", "identifier:of-type=a|b|c"),
    ("Patient", "name=wang"),
    ("Patient", "family=wang"),
    ("Patient", "given:pinyin=w"),
    ("Patient", "phonetic=wang"),
    ("Patient", "name:missing=true"),
    ("Patient", "telecom=1"),
    ("Patient", "address=x"),
    ("Patient", "_content=x"),
    ("Patient", "_text=x"),
    ("Patient", "_sort=name"),
    ("Patient", "_sort=birthdate,-family"),
    ("Patient", "link.name=x"),
    ("Observation", "patient.name=x"),
    ("Observation", "subject:Patient.identifier=x"),
    ("Observation", "subject.name=x"),
    ("Observation", "subject:identifier=x"),
    ("Observation", "patient.link.phone=x"),
    ("Observation", "_content=x"),
    ("Encounter", "_has:Observation:encounter:patient.name=x"),
    ("Organization", "_has:Patient:organization:identifier=x"),
    (None, "_content=x"),
    (None, "_has:Patient:organization:name=x"),
)
ASKED_OPENLY = (
    ("Patient", "gender=male"),
    ("Patient", "_id=a"),
    ("Patient", "address-country=CN"),
    ("Patient", "_sort=birthdate"),
    ("Observation", "patient=a"),
    ("Observation", "patient.gender=male"),
    ("Observation", "performer:Organization.name=x"),
    ("Organization", "name=x"),
    ("Organization", "_content=x"),
    (None, "_id=a"),
)


def pairs_of(query: str) -> list[tuple[str, str]]:
    name, _, value = query.partition("=")
    return [(name, value)]


def test_nobody_searches_by_what_is_masked(settings: Settings) -> None:
    async def story(hub: Hub) -> None:
        for kind, query in ASKED_BLINDLY:
            with pytest.raises(SearchError) as refused:
                await hub.search(Asked(pairs_of(query), kind, strict=False), sight=BLIND)
            assert refused.value.code == "XL6020", query
        for kind, query in ASKED_OPENLY:
            await hub.search(Asked(pairs_of(query), kind), sight=BLIND)
        with pytest.raises(SearchError) as refused:
            await hub.lastn([("patient.name", "x")], "", sight=BLIND)
        assert refused.value.code == "XL6020"
        condition = Create("Patient", criteria="identifier=1", content={"resourceType": "Patient"})
        with pytest.raises(SearchError) as refused:
            await hub.change(condition, sight=BLIND)
        assert refused.value.code == "XL6020"

    run(settings, story)


@pytest.mark.parametrize(
    "query",
    ["patient.gender=male", "_has:Observation:derived-from:code=x", "_sort=date", "_content=x", "_count=3"],
)
def test_restrictions_are_of_what_the_index_tells(settings: Settings, query: str) -> None:
    async def story(hub: Hub) -> None:
        sight = Sight((View(also={"Observation": (query,)}),))
        with pytest.raises(SearchError) as refused:
            await hub.search(Asked([("status", "final")], "Observation"), sight=sight)
        assert refused.value.code == "XL6021"

    run(settings, story)


def test_a_restriction_holds_for_its_type(settings: Settings) -> None:
    async def story(hub: Hub) -> None:
        await put(hub, patient("a"), glucose("x", "a"), glucose("y", "a") | {"status": "amended"})
        sight = Sight((View(also={"Observation": ("status=amended&code=14749-6",)}),))
        assert await found(hub, "Observation", sight) == ["y"]
        assert await found(hub, "Patient", sight) == ["a"]
        assert await found(hub, "Observation", Sight((View(also={"Observation": ()}),))) == []
        with pytest.raises(Unknown):
            await hub.read(Key("Observation", "x"), sight=sight)

    run(settings, story)


def test_what_is_deleted_is_judged_by_its_last_words(settings: Settings) -> None:
    async def story(hub: Hub) -> None:
        await put(hub, glucose("open", "a"), glucose("shut", "a", meta=HIDDEN), glucose("turned", "a"))
        await put(hub, glucose("turned", "a", 6, HIDDEN))
        await put(hub, glucose("cleared", "a", 5, HIDDEN))
        await put(hub, glucose("cleared", "a", 6))
        keys = [Key("Observation", one) for one in ("open", "shut")]
        await hub.change_all([Delete("Observation", key=key) for key in keys])
        with pytest.raises(Gone):
            await hub.read(keys[0], sight=OPEN_ONLY)
        with pytest.raises(Unknown):
            await hub.read(keys[1], sight=OPEN_ONLY)
        for id_, version in (("shut", 1), ("shut", 2), ("turned", 1), ("cleared", 1)):
            with pytest.raises(UnknownVersion):
                await hub.vread(Key("Observation", id_), version, sight=OPEN_ONLY)
        assert (await hub.vread(Key("Observation", "cleared"), 2, sight=OPEN_ONLY)).version == 2
        told = await hub.history(most=100, sight=OPEN_ONLY)
        assert {(one.key.id, one.version) for one in told} == {("open", 1), ("open", 2), ("cleared", 2)}
        assert await hub.history(most=100, sight=NOTHING) == []

    run(settings, story)


def test_origins_of_records_stored_earlier_come_with_indexing_anew(settings: Settings) -> None:
    his = Sight((View(origins=frozenset({"source:his"})),))

    async def stored_earlier(hub: Hub) -> None:
        await put(
            hub,
            glucose("x", "a", meta={"source": "urn:xinglin:source:his:17#0.3"}),
            glucose("y", "a", meta={"source": "urn:xinglin:source:his-2:17#0.3"}),
            glucose("z", "a"),
        )
        assert await found(hub, "Observation", his) == ["x"]
        assert await found(
            hub, "Observation", Sight((View(),), (Without(origins=frozenset({"source:his"})),))
        ) == [
            "y",
            "z",
        ]
        async with hub.database.connection() as connection:
            await connection.execute(
                "UPDATE resource SET keys = array_remove(keys, %s)", [origin_key("source:his")]
            )
        assert await found(hub, "Observation", his) == []

    run(settings, stored_earlier)
    commands.reindex(settings, everything=True)

    async def story(hub: Hub) -> None:
        assert await found(hub, "Observation", his) == ["x"]

    run(settings, story)


@pytest.mark.parametrize(
    ("code", "base"),
    [
        ("_security", "Observation"),
        ("_security", "Resource"),
        ("subject", "Observation"),
        ("patient", "Task"),
    ],
)
def test_nobody_replaces_what_tells_who_may_see(settings: Settings, code: str, base: str) -> None:
    kind = "token" if code == "_security" else "reference"
    parameter = {
        "resourceType": "SearchParameter",
        "id": "trick",
        "url": "http://site.example/SearchParameter/trick",
        "name": "trick",
        "status": "active",
        "description": "Another place for the same name",
        "code": code,
        "base": [base],
        "type": kind,
        "expression": f"{base}.meta.tag" if kind == "token" else f"{base}.basedOn",
    }

    async def story(hub: Hub) -> None:
        for url in (parameter["url"], hub.registry.for_type(base)[code].url):
            with pytest.raises(BadParameter):
                await put(hub, parameter | {"url": url})

    run(settings, story)


def test_many_at_once_each_with_a_sight_of_their_own(settings: Settings) -> None:
    async def story(hub: Hub) -> None:
        await put(hub, *(glucose(f"of-{one}", one) for one in "abcdef"))
        sights = [Sight((View(patients=frozenset({one})),)) for one in "abcdef"] * 5
        told = await asyncio.gather(*(found(hub, "Observation", one) for one in sights))
        assert told == [[f"of-{one}"] for one in "abcdef"] * 5
        keys = [Key("Observation", f"of-{one}") for one in "abcdef"]
        seen = await asyncio.gather(
            *(hub.read(key, sight=one) for key in keys for one in sights[:6]), return_exceptions=True
        )
        assert [isinstance(one, Unknown) for one in seen] == [at != of for at in range(6) for of in range(6)]

    run(settings, story)
