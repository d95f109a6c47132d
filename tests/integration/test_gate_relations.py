"""Whoever opens a visit may read from then on: so it has to name the writer's own place and people."""

from collections.abc import Awaitable, Callable
from typing import Any

import pytest
from tests.support import run

from xinglin.core.errors import XinglinError
from xinglin.core.settings import Settings
from xinglin.hub.changes import Create, Done, Patch, Update
from xinglin.hub.hub import Hub
from xinglin.hub.records import Key
from xinglin.trust.gate.asking import Asking
from xinglin.trust.gate.errors import NotOwnRelation
from xinglin.trust.gate.gate import Gate, open_gate
from xinglin.trust.gate.gated import GatedHub
from xinglin.trust.log.find import Asked as LogAsked
from xinglin.trust.who import Who

Json = dict[str, Any]

WANG = Who(
    "user:wang",
    "user",
    roles=frozenset({"clinician"}),
    practitioner="wang",
    institution="county",
    department="heart",
)
NOWHERE = Who("user:x", "user", roles=frozenset({"clinician"}), practitioner="wang")
NUMBER = {"system": "urn:example:institutions", "value": "12|3"}


def ref(target: str) -> Json:
    return {"reference": target}


def organization(id_: str, **more: Any) -> Json:
    return {"resourceType": "Organization", "id": id_, "name": id_, **more}


def role(practitioner: str, place: str) -> Json:
    return {
        "resourceType": "PractitionerRole",
        "id": f"{practitioner}-role",
        "practitioner": ref(f"Practitioner/{practitioner}"),
        "organization": ref(f"Organization/{place}"),
    }


RECORDS = [
    organization("county", identifier=[NUMBER]),
    organization("heart", partOf=ref("Organization/county")),
    organization("ward", partOf=ref("Organization/heart")),
    organization("other"),
    *({"resourceType": "Practitioner", "id": one} for one in ("wang", "li", "qian")),
    role("li", "ward"),
    role("qian", "other"),
    *({"resourceType": "Patient", "id": one} for one in ("p1", "p2")),
]
CLASS = {"system": "http://terminology.hl7.org/CodeSystem/v3-ActCode", "code": "AMB"}


def visit(place: Json | None = None, person: Json | None = None, **more: Any) -> Json:
    made: Json = {
        "resourceType": "Encounter",
        "status": "in-progress",
        "class": CLASS,
        "subject": ref("Patient/p1"),
        "period": {"start": "2026-11-22T00:00:00Z"},
    }
    made |= {"serviceProvider": place} if place else {}
    made |= {"participant": [{"individual": person}]} if person else {}
    return made | more


def episode(place: str, person: str) -> Json:
    return {
        "resourceType": "EpisodeOfCare",
        "status": "active",
        "patient": ref("Patient/p1"),
        "managingOrganization": ref(place),
        "careManager": ref(person),
    }


COUNTY, WARD, OTHER = (ref(f"Organization/{one}") for one in ("county", "ward", "other"))
ME, LI, QIAN = (ref(f"Practitioner/{one}") for one in ("wang", "li", "qian"))


def play(settings: Settings, story: Callable[[Gate], Awaitable[Any]]) -> Any:
    async def work(hub: Hub) -> Any:
        await hub.change_all(
            [Update(one["resourceType"], Key(one["resourceType"], one["id"]), content=one) for one in RECORDS]
        )
        async with open_gate(settings, hub) as gate:
            return await story(gate)

    return run(settings, work)


async def enter(gate: Gate, who: Who = WANG) -> GatedHub:
    hub = gate.open(Asking(who, "", interaction="create"))
    await hub.enter("create", "POST")
    return hub


async def create(gate: Gate, content: Json, who: Who = WANG) -> Done | XinglinError:
    hub = await enter(gate, who)
    try:
        return await hub.change(Create(content["resourceType"], content=content))
    except XinglinError as error:
        return error


def test_what_makes_a_relation_names_the_writers_own(settings: Settings) -> None:
    good = [
        visit(COUNTY, ME),
        visit(WARD, LI),
        visit({"identifier": NUMBER}, ref("PractitionerRole/li-role")),
        visit(COUNTY, LI, participant=[{"individual": QIAN}, {"individual": ME}]),
        visit(),  # relates nobody
        episode("Organization/heart", "Practitioner/wang"),
    ]
    bad = [
        visit(OTHER, ME),
        visit(None, ME),
        visit(COUNTY),
        visit(COUNTY, QIAN),
        visit(COUNTY, ref("PractitionerRole/qian-role")),
        visit(COUNTY, ref("Practitioner/never")),
        visit({"display": "county"}, {"display": "wang"}),
        episode("Organization/other", "Practitioner/wang"),
        episode("Organization/county", "Practitioner/qian"),
    ]

    async def story(gate: Gate) -> None:
        for one in good:
            assert isinstance(await create(gate, one), Done), one
        for one in bad:
            error = await create(gate, one)
            assert isinstance(error, NotOwnRelation), one
            assert one["resourceType"] in error.text()
        assert isinstance(await create(gate, visit(COUNTY, ME), NOWHERE), NotOwnRelation)
        found = await gate.log.find(LogAsked(outcomes=("denied",)), before=None, most=100)
        assert {one.told.detail["error"] for one in found.entries} == {"XL9508"}
        assert len(found.entries) == len(bad) + 1

    play(settings, story)


def test_neither_updates_nor_patches_nor_bundles_pass_by(settings: Settings) -> None:
    async def story(gate: Gate) -> None:
        made = await create(gate, visit(COUNTY, ME))
        assert isinstance(made, Done)
        assert made.record is not None
        key = made.record.key
        gate.deciding.forget()
        hub = await enter(gate)
        await hub.change(Patch(key.type, key, modify=lambda old: old | {"status": "onleave"}))
        for modify in (
            lambda old: old | {"serviceProvider": OTHER},
            lambda old: old | {"participant": [{"individual": QIAN}]},
        ):
            with pytest.raises(NotOwnRelation):
                await hub.change(Patch(key.type, key, modify=modify))
        with pytest.raises(NotOwnRelation):
            await hub.change(Update(key.type, key, content=visit(OTHER, QIAN) | {"id": key.id}))
        raw = [{"request": {"method": "POST", "url": "Encounter"}, "resource": visit(OTHER, ME)}]
        with pytest.raises(NotOwnRelation) as caught:
            await hub.transact(raw, base="")
        assert caught.value.expression == "Bundle.entry[0]"
        conditional = Create("Encounter", criteria="identifier=urn:x|1", content=visit(OTHER, ME))
        with pytest.raises(NotOwnRelation):
            await hub.change(conditional)
        assert (await gate.hub.read(key)).version == 2
        team = {
            "resourceType": "CareTeam",
            "status": "active",
            "subject": ref("Patient/p1"),
            "participant": [{"member": QIAN}],
        }
        order = {
            "resourceType": "ServiceRequest",
            "status": "active",
            "intent": "order",
            "subject": ref("Patient/p1"),
            "performer": [OTHER],
        }
        for one in (team, team | {"managingOrganization": [COUNTY]}, order, order | {"requester": QIAN}):
            assert isinstance(await create(gate, one), NotOwnRelation), one
        for one in (
            team | {"managingOrganization": [COUNTY], "participant": [{"member": QIAN}, {"member": ME}]},
            order | {"requester": ME},
            order | {"requester": LI},
        ):
            assert isinstance(await create(gate, one), Done), one

    play(settings, story)
