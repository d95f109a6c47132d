"""The gate where there is much: more patients than a relation tells, more consents than can be named."""

from collections.abc import Awaitable, Callable
from dataclasses import replace
from typing import Any

import pytest
from tests.support import run

from xinglin.core.clock import now
from xinglin.core.exact_json import loads
from xinglin.core.settings import Settings
from xinglin.hub.changes import Create, Update
from xinglin.hub.hub import Hub
from xinglin.hub.records import Key
from xinglin.hub.search.answer import CUT, searchset
from xinglin.hub.search.everything import AskedEverything
from xinglin.hub.search.search import Asked
from xinglin.standards.search.keys import self_key
from xinglin.trust.consent import withouts
from xinglin.trust.consent.consents import FEW
from xinglin.trust.gate.asking import Asking
from xinglin.trust.gate.errors import Hidden
from xinglin.trust.gate.gate import Gate, open_gate
from xinglin.trust.gate.gated import GatedHub
from xinglin.trust.policy.tables import Tables
from xinglin.trust.who import Who

Json = dict[str, Any]

WANG = Who("user:wang", "user", roles=frozenset({"clinician"}), practitioner="wang", institution="county")
RESEARCHER = Who("user:r", "user", roles=frozenset({"researcher"}))
LETTERS = "abcd"
CLASS = {"system": "http://terminology.hl7.org/CodeSystem/v3-ActCode", "code": "AMB"}
LOINC = [{"system": "http://loinc.org", "code": "2345-7"}]
NUMBERS = "urn:example:numbers"


def ref(target: str) -> Json:
    return {"reference": target}


def of(letter: str) -> list[Json]:
    """Make a patient with a visit to Wang, and a result."""
    who = {"subject": ref(f"Patient/{letter}")}
    return [
        {
            "resourceType": "Patient",
            "id": letter,
            "identifier": [{"system": NUMBERS, "value": f"100{letter}"}],
        },
        {
            "resourceType": "Encounter",
            "id": f"e-{letter}",
            "status": "in-progress",
            "class": CLASS,
            "participant": [{"individual": ref("Practitioner/wang")}],
            "period": {"start": "2026-11-22T00:00:00Z"},
            **who,
        },
        {
            "resourceType": "Observation",
            "id": f"o-{letter}",
            "status": "final",
            "code": {"coding": LOINC},
            **who,
        },
    ]


def put(content: Json) -> Update:
    return Update(content["resourceType"], Key(content["resourceType"], content["id"]), content=content)


def play(settings: Settings, story: Callable[[Gate], Awaitable[Any]]) -> Any:
    async def work(hub: Hub) -> Any:
        records = [
            {"resourceType": "Practitioner", "id": "wang"},
            {"resourceType": "Organization", "id": "county"},
            *(one for letter in LETTERS for one in of(letter)),
        ]
        await hub.change_all([put(one) for one in records])
        async with open_gate(settings, hub) as gate:
            return await story(gate)

    return run(settings, work)


async def enter(gate: Gate, who: Who = WANG, purpose: str = "") -> GatedHub:
    hub = gate.open(Asking(who, purpose, interaction="read"))
    await hub.enter("read", "GET")
    return hub


async def ids(hub: GatedHub, kind: str, *pairs: tuple[str, str]) -> list[str]:
    found = await hub.search(Asked(pairs, kind))
    return sorted(one.record.key.id for one in found.matches)


def test_no_related_patient_is_hidden_by_the_bound(
    settings: Settings, monkeypatch: pytest.MonkeyPatch
) -> None:
    real = Tables.value

    def fewer(tables: Tables, name: str) -> int:
        return 2 if name == "patients_most" else real(tables, name)

    monkeypatch.setattr(Tables, "value", fewer)

    async def story(gate: Gate) -> None:
        hub = await enter(gate)
        told = await hub.search(Asked([], "Patient"))
        assert len(told.matches) == 2
        (notes,) = [
            one["resource"]
            for one in loads(searchset(told, "", "en"))["entry"]
            if one["search"]["mode"] == "outcome"
        ]
        assert [one["diagnostics"] for one in notes["issue"]] == [CUT]
        for letter in LETTERS:
            assert (await hub.read(Key("Patient", letter))).key.id == letter
            assert (await hub.read(Key("Observation", f"o-{letter}"))).version == 1
            assert (await hub.vread(Key("Observation", f"o-{letter}"), 1)).version == 1
            assert await ids(hub, "Observation", ("patient", letter)) == [f"o-{letter}"]
            assert await ids(hub, "Observation", ("subject", f"Patient/{letter}")) == [f"o-{letter}"]
            assert await ids(hub, "Observation", ("_id", f"o-{letter}")) == [f"o-{letter}"]
            assert await ids(hub, "Patient", ("identifier", f"{NUMBERS}|100{letter}")) == [letter]
            every = await hub.everything(AskedEverything(Key("Patient", letter), [], ""))
            assert {f"o-{letter}", f"e-{letter}"} <= {one.record.key.id for one in every.matches}
            assert len((await hub.lastn([("patient", letter), ("code", "2345-7")], "")).matches) == 1
            found = await hub.search(Asked([("patient", letter)], "Observation"))
            assert not found.cut, "all was looked at"
            new = {name: value for name, value in of(letter)[2].items() if name != "id"}
            await hub.change(Create("Observation", content=new))
            changed = of(letter)[2] | {"status": "amended"}
            await hub.change(Update("Observation", Key("Observation", f"o-{letter}"), content=changed))
        stranger = await enter(gate, replace(WANG, id="user:li", practitioner="li", institution=None))
        with pytest.raises(Hidden):
            await stranger.read(Key("Patient", "a"))

    play(settings, story)


def consent(patient: str, **more: Any) -> Json:
    return {
        "resourceType": "Consent",
        "id": f"c-{patient}",
        "status": "active",
        "scope": {"coding": [{"code": "patient-privacy"}]},
        "category": [{"coding": [{"code": "59284-0"}]}],
        "patient": ref(f"Patient/{patient}"),
        "policyRule": {"coding": [{"code": "OPTOUT"}]},
        **more,
    }


async def opt_out(gate: Gate, people: int) -> None:
    """Have as many people opt out as one Consent that is stored says; one of them is c under another id."""
    numbers = [f"many{n}" for n in range(people)]
    async with gate.hub.database.connection() as connection, connection.transaction():
        row = await (await connection.execute("SELECT mark FROM consent LIMIT 1")).fetchone()
        assert row is not None
        cursor = connection.cursor()
        async with cursor.copy("COPY consent (id, patient, key, mark, faults) FROM STDIN") as copy:
            for one in numbers:
                await copy.write_row((one, one, self_key("Patient", one), row[0], "[]"))
        await connection.execute(
            "INSERT INTO person_link (patient, golden, how, seq) "
            "VALUES ('c', 'golden-x', 'rule', 0), ('many0', 'golden-x', 'rule', 0)"
        )
        await connection.execute("ANALYZE consent")
        await connection.execute("UPDATE consent_state SET generation = generation + 1")


async def contract(gate: Gate) -> None:
    async with gate.hub.database.connection() as connection:
        await connection.execute(
            "INSERT INTO access_grant (kind, who, name, purpose, reason, words, until) "
            "VALUES ('contract', 'user:r', 'r', 'HRESCH', 'c-1', 'study', now() + interval '1 day')"
        )


@pytest.mark.parametrize("people", [3, 100_000])
def test_as_many_opt_out_as_like(settings: Settings, people: int) -> None:
    """Few consents are named by their people, many by their rules: what is seen is the same."""

    async def story(gate: Gate) -> None:
        await contract(gate)
        await gate.hub.change(put(consent("a")))
        await opt_out(gate, people)
        async with gate.hub.database.connection() as connection:
            told = await withouts(gate.hub.store, connection, RESEARCHER, "HRESCH", now())
        assert [one.patients is None for one in told] == [people > FEW]
        for who, purpose, seen in ((RESEARCHER, "HRESCH", "bd"), (WANG, "TREAT", "bd")):
            hub = await enter(gate, who, purpose)
            assert await ids(hub, "Observation") == [f"o-{one}" for one in seen]
            assert await ids(hub, "Patient") == list(seen)
            total = await hub.search(Asked([("_summary", "count")], "Observation"))
            assert total.total == len(seen)
            assert "a" not in {one.key.id for one in await hub.history(kind="Patient", most=100)}
            for hidden in (Key("Patient", "a"), Key("Observation", "o-a"), Key("Observation", "o-c")):
                with pytest.raises(Hidden):
                    await hub.read(hidden)
                with pytest.raises(Hidden):
                    await hub.vread(hidden, 1)
            assert (await hub.read(Key("Observation", "o-b"))).version == 1
            assert await ids(hub, "Observation", ("patient", "a")) == []
            found = await hub.search(Asked([("_id", "b"), ("_revinclude", "Observation:patient")], "Patient"))
            assert {str(one.record.key) for one in found.included} == {"Observation/o-b"}
        await gate.hub.change(put(consent("b")))
        hub = await enter(gate, RESEARCHER, "HRESCH")
        assert await ids(hub, "Observation") == ["o-d"], "and of another one at once"

    play(settings, story)
