"""Stewards at the gate: every pair waits for them, sensitive or not, and no label is told."""

from typing import Any

import pytest
from tests.integration.test_gate import play, refusal
from tests.integration.test_identity import number, patient

from xinglin.core.exact_json import dumps
from xinglin.core.settings import Settings
from xinglin.hub.changes import Update
from xinglin.hub.identity.answers import person_as_json, side_by_side_as_json
from xinglin.hub.identity.decisions import Wanted
from xinglin.hub.identity.follow import follow
from xinglin.hub.records import Key
from xinglin.trust.gate.asking import Asking
from xinglin.trust.gate.errors import Closed, Hidden
from xinglin.trust.gate.gate import Gate
from xinglin.trust.gate.gated import GatedHub
from xinglin.trust.gate.rooms import identity as room
from xinglin.trust.who import Who

Json = dict[str, Any]

STEWARD = Who("user:steward", "user", roles=frozenset({"steward"}))
OPERATOR = Who("user:op", "user", roles=frozenset({"operator"}))
PSY = {"system": "http://terminology.hl7.org/CodeSystem/v3-ActCode", "code": "PSY"}
SOURCE = "urn:xinglin:source:mental-hospital:1#0"
TELLING = (b"PSY", b"sensitive", b"mental-hospital", b"M-17")


async def enter(gate: Gate, who: Who, door: str, method: str = "GET") -> GatedHub:
    hub = gate.open(Asking(who, "", interaction=door))
    await hub.enter(door, method)
    return hub


def test_sensitive_duplicates_wait_for_the_steward(settings: Settings) -> None:
    local = {"system": "urn:xinglin:source:mental-hospital:pi", "value": "M-17"}
    records = [
        patient("a", seed=1),
        patient("b", "李建国", "1985-12-11", identifier=[number(1), local]),
    ]
    records[1]["meta"] = {"security": [PSY], "source": SOURCE}
    records[1]["managingOrganization"] = {"reference": "Organization/mental-hospital"}

    async def story(gate: Gate) -> None:
        await gate.hub.change_all(
            [Update("Patient", Key("Patient", one["id"]), content=one) for one in records]
        )
        while not (await follow(gate.hub, most=100)).finished:
            pass
        assert gate.hub.store.labelling.rules.knows(PSY["system"], PSY["code"])
        read = await enter(gate, STEWARD, "read")
        assert isinstance(await refusal(read.read(Key("Patient", "b"))), Hidden), "as a record it is closed"
        pairs = await room.queue(await enter(gate, STEWARD, "identity review"), most=9, skip=0, rule=None)
        assert [(one.first, one.second) for one in pairs] == [("a", "b")]
        side = await room.pair(await enter(gate, STEWARD, "identity pair"), "a", "b")
        person = await room.person(await enter(gate, STEWARD, "identity person"), "b")
        shown = [side_by_side_as_json(side, "en"), person_as_json(person, "en")]
        assert "李建国" in str(shown)
        assert number(1)["value"] in str(shown), "numbers of the nation tell a person"
        assert not [one for one in TELLING for text in shown if one in dumps(text)]
        wanted = Wanted("link", ["a", "b"], STEWARD.id, "the same person")
        assert await room.decide(await enter(gate, STEWARD, "identity decide", "POST"), wanted)
        left = await room.queue(await enter(gate, STEWARD, "identity review"), most=9, skip=0, rule=None)
        assert list(left) == []
        with pytest.raises(Closed):
            await enter(gate, OPERATOR, "identity review")

    play(settings, story)
