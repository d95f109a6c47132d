"""Consent: what people take away from what others may see, from the moment in which they say so."""

from datetime import UTC, datetime
from typing import Any

import pytest
from starlette.testclient import TestClient
from tests.support import run

from xinglin.core.settings import Settings
from xinglin.hub.changes import Delete, Update
from xinglin.hub.consents import commands
from xinglin.hub.hub import Hub
from xinglin.hub.identity.follow import follow
from xinglin.hub.records import Draft, Key
from xinglin.hub.search.search import Asked
from xinglin.hub.sight import Sight, View, Without
from xinglin.standards.identifiers import SCHEMES, Kind
from xinglin.trust.consent import state, withouts
from xinglin.trust.who import Who

NOW = datetime(2026, 11, 22, 8, tzinfo=UTC)
DOCTOR = Who("user:li", "user", institution="county", practitioner="li")
REASON = "http://terminology.hl7.org/CodeSystem/v3-ActReason"


def consent(provision: dict[str, Any] | None = None, **more: Any) -> dict[str, Any]:
    """Make an active Consent of the Patient p1."""
    made: dict[str, Any] = {
        "resourceType": "Consent",
        "id": "c1",
        "status": "active",
        "scope": {
            "coding": [
                {"system": "http://terminology.hl7.org/CodeSystem/consentscope", "code": "patient-privacy"}
            ]
        },
        "category": [{"coding": [{"system": "http://loinc.org", "code": "59284-0"}]}],
        "patient": {"reference": "Patient/p1"},
        "policyRule": {
            "coding": [{"system": "http://terminology.hl7.org/CodeSystem/v3-ActCode", "code": "OPTIN"}]
        },
    }
    if provision is not None:
        made["provision"] = provision
    return made | more


def put(content: dict[str, Any]) -> Update:
    return Update(content["resourceType"], Key(content["resourceType"], content["id"]), content=content)


def asked(
    settings: Settings, contents: list[dict[str, Any]], who: Who = DOCTOR, purpose: str = "TREAT"
) -> tuple[Without, ...]:
    """Store records, and give what is taken away then."""

    async def work(hub: Hub) -> tuple[Without, ...]:
        await hub.change_all([hub.admission.check(put(one)) for one in contents])
        async with hub.database.connection() as connection:
            return await withouts(hub.store, connection, who, purpose, NOW)

    return run(settings, work)


DENY: dict[str, Any] = {"type": "deny"}
OTHER = {"actor": [{"role": {"text": "r"}, "reference": {"reference": "Organization/other"}}]}
COUNTY = {"actor": [{"role": {"text": "r"}, "reference": {"reference": "Organization/county"}}]}
HIV = {"securityLabel": [{"system": "http://terminology.hl7.org/CodeSystem/v3-ActCode", "code": "HIV"}]}
ALL = (Without(frozenset({"p1"})),)


@pytest.mark.parametrize(
    ("provision", "purpose", "expected"),
    [
        (DENY, "TREAT", ALL),
        (DENY | OTHER, "TREAT", ()),
        (DENY | COUNTY, "TREAT", ALL),
        (DENY | {"purpose": [{"system": REASON, "code": "HRESCH"}]}, "TREAT", ()),
        (DENY | {"purpose": [{"system": REASON, "code": "HRESCH"}]}, "HRESCH", ALL),
        (DENY | {"purpose": [{"system": REASON, "code": "HOPERAT"}]}, "HQUALIMP", ALL),
        (DENY | {"period": {"end": "2026-11"}}, "TREAT", ALL),
        (DENY | {"period": {"end": "2026-10"}}, "TREAT", ()),
        (DENY | {"period": {"start": "2026-11-23"}}, "TREAT", ()),
        (
            DENY | HIV,
            "TREAT",
            (Without(frozenset({"p1"}), frozenset({(HIV["securityLabel"][0]["system"], "HIV")})),),
        ),
        (
            DENY | {"class": [{"system": "http://hl7.org/fhir/resource-types", "code": "Observation"}]},
            "TREAT",
            (Without(frozenset({"p1"}), types=frozenset({"Observation"})),),
        ),
        (DENY, "BTG", ()),
        (DENY, "PUBHLTH", ()),
        ({"type": "permit", "provision": [DENY | COUNTY]}, "TREAT", ALL),
        (DENY | {"provision": [{"type": "permit"} | COUNTY]}, "TREAT", ()),
        (DENY | {"provision": [{"type": "permit"} | OTHER]}, "TREAT", ALL),
        # what isn't understood closes, and opens nothing
        (DENY | {"code": [{"text": "x"}]}, "TREAT", ALL),
        (DENY | {"provision": [{"type": "permit", "code": [{"text": "x"}]}]}, "TREAT", ALL),
        (DENY | {"securityLabel": [{"system": "urn:strange", "code": "x"}]}, "TREAT", ALL),
        (DENY | {"actor": [{"role": {"text": "r"}, "reference": {"reference": "Group/1"}}]}, "TREAT", ALL),
    ],
)
def test_provisions(
    settings: Settings, provision: dict[str, Any], purpose: str, expected: tuple[Without, ...]
) -> None:
    assert asked(settings, [consent(provision)], purpose=purpose) == expected


def test_a_single_record(settings: Settings) -> None:
    """A refusal that names a record closes that one, and no other of its type."""
    data = {"data": [{"meaning": "instance", "reference": {"reference": "Observation/o1"}}]}
    one = Without(frozenset({"p1"}), records=frozenset({"Observation/o1"}))
    assert asked(settings, [consent(DENY | data)]) == (one,)
    related = {"data": [{"meaning": "related", "reference": {"reference": "Observation/o1"}}]}
    assert asked(settings, [consent(DENY | related)]) == ALL, "what is related isn't known: all is closed"
    permit = DENY | {"provision": [{"type": "permit"} | data]}
    assert asked(settings, [consent(permit)]) == ALL, "a single record can't be taken out of a refusal"

    def observation(id_: str, patient: str) -> dict[str, Any]:
        return {
            "resourceType": "Observation",
            "id": id_,
            "status": "final",
            "code": {"text": "x"},
            "subject": {"reference": f"Patient/{patient}"},
        }

    async def story(hub: Hub) -> None:
        observations = [observation("o1", "p1"), observation("o2", "p1"), observation("o3", "p2")]
        foreign = Without(frozenset({"p1"}), records=frozenset({"Observation/o3"}))
        people = [{"resourceType": "Patient", "id": each} for each in ("p1", "p2")]
        await hub.change_all([put(each) for each in [*people, *observations]])
        for without, seen in (((one,), ["o2", "o3"]), ((foreign,), ["o1", "o2", "o3"])):
            sight = Sight((View(),), without)
            found = await hub.search(Asked([], "Observation"), sight=sight)
            assert sorted(hit.record.key.id for hit in found.matches) == seen
            judged = [await hub.sees(sight, await hub.read(Key("Observation", f"o{n}"))) for n in (1, 2, 3)]
            assert [f"o{n}" for n, shown in enumerate(judged, 1) if shown] == seen

    run(settings, story)


def test_what_is_unclear_is_told(client: TestClient, settings: Settings) -> None:
    headers = {"Prefer": "return=OperationOutcome", "Accept-Language": "en"}
    cases = (("p1", DENY | {"code": [{"text": "x"}]}, ["Consent.provision.code"]), ("p2", DENY, []))
    for patient, provision, places in cases:
        answer = client.put(f"/fhir/Patient/{patient}", json={"resourceType": "Patient", "id": patient})
        assert answer.status_code < 300
        content = consent(provision, id=f"c-{patient}", patient={"reference": f"Patient/{patient}"})
        told = client.put(f"/fhir/Consent/c-{patient}", json=content, headers=headers).json()["issue"]
        warned = [one for one in told if one["severity"] == "warning" and "consent-unclear" in str(one)]
        assert [place for one in warned for place in one["expression"]] == places
        (known,) = commands.of_person(settings, patient)
        assert list(known.faults) == places
    (unclear,) = commands.listed(settings, unclear=True, most=9)
    assert unclear.patient == "p1"
    assert len(commands.listed(settings, unclear=False, most=9)) == 2


def test_from_its_commit_to_its_end(settings: Settings) -> None:
    """A consent counts as soon as it is stored, and no longer than it is there; every change is counted."""

    async def story(hub: Hub) -> None:
        async def now_denied() -> tuple[int, tuple[Without, ...]]:
            async with hub.database.connection() as connection:
                return await state(connection), await withouts(hub.store, connection, DOCTOR, "TREAT", NOW)

        before, found = await now_denied()
        assert found == ()
        async with hub.database.connection() as connection, connection.transaction():
            await hub.store.write(connection, [Draft(Key("Consent", "c1"), consent(DENY))])
            inside = await withouts(hub.store, connection, DOCTOR, "TREAT", NOW)
            assert inside == ALL, "in its own transaction already"
            assert (await now_denied())[1] == (), "nobody else sees it before its commit"
        stored, found = await now_denied()
        assert (stored > before, found) == (True, ALL)
        await hub.change(put(consent(DENY, status="inactive")))
        inactive, found = await now_denied()
        assert (inactive > stored, found) == (True, ())
        await hub.change(put(consent(DENY)))
        await hub.change(Delete("Consent", Key("Consent", "c1")))
        assert (await now_denied())[1] == ()

    run(settings, story)


def test_scopes_and_policies(settings: Settings) -> None:
    def scoped(code: str) -> dict[str, Any]:
        return {"scope": {"coding": [{"code": code}]}}

    def policy(code: str) -> dict[str, Any]:
        return {"policyRule": {"coding": [{"code": code}]}}

    async def story(hub: Hub) -> None:
        async def denied(content: dict[str, Any], purpose: str) -> bool:
            await hub.change_all([put(content)])
            async with hub.database.connection() as connection:
                return bool(await withouts(hub.store, connection, DOCTOR, purpose, NOW))

        assert await denied(consent(**policy("OPTOUT")), "TREAT")
        assert not await denied(consent(**policy("OPTIN")), "TREAT")
        assert await denied(consent(**policy("strange")), "TREAT"), "an unknown policy closes"
        permit = {"type": "permit"} | COUNTY
        assert not await denied(consent(permit, **policy("OPTOUT")), "TREAT")
        assert not await denied(consent(permit, **policy("OPTOUTE")), "HRESCH")
        assert await denied(consent({"type": "permit"} | OTHER, **policy("OPTOUT")), "TREAT")
        assert await denied(consent(DENY, **scoped("research")), "HRESCH")
        assert not await denied(consent(DENY, **scoped("research")), "TREAT")
        assert not await denied(consent(DENY, **scoped("adr")), "TREAT")
        assert not await denied(consent(DENY | {"action": [{"coding": [{"code": "collect"}]}]}), "TREAT")

    run(settings, story)


def test_who_belongs_where(settings: Settings) -> None:
    """An institution above is meant too; who is of no known institution may be of that one."""
    group = {"resourceType": "Organization", "id": "group", "name": "集团"}
    county = {
        "resourceType": "Organization",
        "id": "county",
        "name": "县医院",
        "partOf": {"reference": "Organization/group"},
    }
    to_group = DENY | {"actor": [{"role": {"text": "r"}, "reference": {"reference": "Organization/group"}}]}
    assert asked(settings, [group, county, consent(to_group)]) == ALL
    assert asked(settings, [], Who("user:x", "user", institution="other")) == ()
    assert asked(settings, [], Who("user:x", "user")) == ALL
    own = Who("user:p", "user", patient="p1", roles=frozenset({"patient"}))
    assert asked(settings, [consent(DENY)], own, "PATRQT") == ()
    another = Who("user:p", "user", patient="p2", roles=frozenset({"patient"}))
    assert asked(settings, [], another, "PATRQT") == ALL


def test_all_records_of_a_person(settings: Settings) -> None:
    """The consent that one institution recorded counts for what all others sent, and for the golden one."""
    number = SCHEMES[Kind.RESIDENT].invented(7)
    people = [
        {
            "resourceType": "Patient",
            "id": id_,
            "identifier": [{"system": "urn:oid:2.16.156.10011.1.3", "value": number}],
            "name": [{"text": "万小明"}],
            "birthDate": "1990-03-07",
            "gender": "male",
        }
        for id_ in ("p1", "p2")
    ]
    stranger = {"resourceType": "Patient", "id": "p3", "name": [{"text": "别人"}]}

    async def story(hub: Hub) -> None:
        await hub.change_all([put(one) for one in (*people, stranger, consent(DENY))])
        while not (await follow(hub, most=100)).finished:
            pass
        async with hub.database.connection() as connection:
            [one] = await withouts(hub.store, connection, DOCTOR, "TREAT", NOW)
            assert one.patients is not None
            golden = next(id_ for id_ in one.patients if id_.startswith("golden-"))
            assert one.patients == {"p1", "p2", golden}
            for asked_for in ({"p2"}, {golden}):
                found = await withouts(
                    hub.store, connection, DOCTOR, "TREAT", NOW, patients=frozenset(asked_for)
                )
                assert found == (one,)
            assert (
                await withouts(hub.store, connection, DOCTOR, "TREAT", NOW, patients=frozenset({"p3"})) == ()
            )

    run(settings, story)


def test_what_isn_t_understood_is_told(settings: Settings, capsys: pytest.CaptureFixture[str]) -> None:
    found = asked(settings, [consent(DENY | {"dataPeriod": {"start": "2020"}})])
    assert found == ALL
    told = capsys.readouterr()
    assert "Consent.provision.dataPeriod" in told.out + told.err
