"""Relations: who is treating whom, as the records of this moment say."""

from dataclasses import replace
from datetime import timedelta

import pytest
from tests.support import run

from xinglin.core.clock import instant, now
from xinglin.hub.changes import Update
from xinglin.hub.intake import sources
from xinglin.hub.records import Key
from xinglin.hub.registries.records import organization_id
from xinglin.trust.policy import grants
from xinglin.trust.policy.relations import Relations, related, relations
from xinglin.trust.policy.tables import build
from xinglin.trust.who import Who

TABLES = build({})
WANG = Who("user:wang", "user", roles=frozenset({"clinician"}), practitioner="wang", department="heart")
CLINIC = Who("user:li", "user", roles=frozenset({"village-doctor"}), practitioner="li", institution="clinic")
SOURCE = sources.Source(
    id="clinic-his",
    institution="12368021A00000038K",
    institution_name="clinic",
    system="HIS",
    formats=("fhir",),
)
PLACE = organization_id(SOURCE.institution)
KIND = {"coding": [{"system": "urn:xinglin:cs:care-kind", "code": "family-doctor"}]}


def ago(**span):
    return instant(now() - timedelta(**span))


def ref(target):
    return {"reference": target}


def encounter(id_, patient, status="in-progress", *, who=None, where=None, start=None, end=None):
    made = {
        "resourceType": "Encounter",
        "id": id_,
        "status": status,
        "class": {"system": "http://terminology.hl7.org/CodeSystem/v3-ActCode", "code": "AMB"},
        "subject": ref(f"Patient/{patient}"),
    }
    if start or end:
        made["period"] = {"start": start or ago(days=9)} | ({"end": end} if end else {})
    if who:
        made["participant"] = [{"individual": who}]
    if where:
        made["serviceProvider"] = where
    return made


def patient(id_, **more):
    return {"resourceType": "Patient", "id": id_, **more}


def practitioner(id_, number):
    return {
        "resourceType": "Practitioner",
        "id": id_,
        "identifier": [{"system": "urn:example:licence", "value": number}],
    }


def put(record):
    return Update(record["resourceType"], Key(record["resourceType"], record["id"]), content=record)


def ask(settings, records, who, patients=("p1",), after=None):
    """Store records, then give all relations, and those to `patients`."""

    async def work(hub):
        await hub.change_all([put(one) for one in records])
        if after is not None:
            await after(hub)
        async with hub.database.connection() as connection:
            every = await relations(hub, connection, who, TABLES)
            some = await related(hub, connection, who, patients, TABLES)
        return every, some

    return run(settings, work)


BASE = [
    patient("p1"),
    patient("p2"),
    practitioner("wang", "110"),
    practitioner("wang-his", "110"),
    practitioner("li", "220"),
    {"resourceType": "Organization", "id": "heart", "name": "heart"},
    {
        "resourceType": "Organization",
        "id": "clinic",
        "name": "clinic",
        "identifier": [{"system": "urn:oid:2.16.156.10011.1.5", "value": "12345"}],
    },
    {
        "resourceType": "PractitionerRole",
        "id": "role",
        "practitioner": ref("Practitioner/wang"),
        "organization": ref("Organization/heart"),
    },
]


@pytest.mark.parametrize(
    ("records", "who", "expected"),
    [
        ([], WANG, set()),
        ([encounter("e", "p1", who=ref("Practitioner/wang"), start=ago(hours=1))], WANG, {"treating"}),
        ([encounter("e", "p1", who=ref("Practitioner/wang"))], WANG, {"treating"}),
        ([encounter("e", "p1", who=ref("PractitionerRole/role"))], WANG, {"treating"}),
        ([encounter("e", "p1", who=ref("Practitioner/wang-his"))], WANG, {"treating"}),
        (
            [encounter("e", "p1", who={"identifier": {"system": "urn:example:licence", "value": "110"}})],
            WANG,
            {"treating"},
        ),
        ([encounter("e", "p1", who=ref("Practitioner/li"))], WANG, set()),
        ([encounter("e", "p2", who=ref("Practitioner/wang"))], WANG, set()),
        ([encounter("e", "p1", where=ref("Organization/heart"))], WANG, {"treating"}),
        ([encounter("e", "p1", where=ref("Organization/clinic"))], WANG, set()),
        ([encounter("e", "p1", where=ref("Organization/clinic"))], CLINIC, {"treating"}),
        (
            [
                encounter(
                    "e",
                    "p1",
                    where={"identifier": {"system": "urn:oid:2.16.156.10011.1.5", "value": "12345"}},
                )
            ],
            CLINIC,
            {"treating"},
        ),
        ([encounter("e", "p1", "planned", who=ref("Practitioner/wang"))], WANG, set()),
        ([encounter("e", "p1", "cancelled", who=ref("Practitioner/wang"))], WANG, set()),
        (
            [encounter("e", "p1", "finished", who=ref("Practitioner/wang"), end=ago(hours=71))],
            WANG,
            {"treating"},
        ),
        ([encounter("e", "p1", "finished", who=ref("Practitioner/wang"), end=ago(hours=73))], WANG, set()),
        ([encounter("e", "p1", "finished", who=ref("Practitioner/wang"), start=ago(days=300))], WANG, set()),
        ([encounter("e", "p1", "finished", who=ref("Practitioner/wang"))], WANG, set()),
        ([encounter("e", "p1", who=ref("Practitioner/wang"), start=ago(days=399))], WANG, {"treating"}),
        ([encounter("e", "p1", who=ref("Practitioner/wang"), start=ago(days=401))], WANG, set()),
        (
            [
                {
                    "resourceType": "ServiceRequest",
                    "id": "s",
                    "status": "active",
                    "intent": "order",
                    "subject": ref("Patient/p1"),
                    "authoredOn": ago(days=89),
                    "performer": [ref("Organization/heart")],
                }
            ],
            WANG,
            {"treating"},
        ),
        (
            [
                {
                    "resourceType": "ServiceRequest",
                    "id": "s",
                    "status": "completed",
                    "intent": "order",
                    "subject": ref("Patient/p1"),
                    "authoredOn": ago(days=1),
                    "performer": [ref("Practitioner/wang")],
                }
            ],
            WANG,
            set(),
        ),
        (
            [
                {
                    "resourceType": "CareTeam",
                    "id": "t",
                    "status": "active",
                    "subject": ref("Patient/p1"),
                    "participant": [{"member": ref("Practitioner/wang")}, {"member": ref("Patient/p2")}],
                }
            ],
            WANG,
            {"care-team"},
        ),
        (
            [
                {
                    "resourceType": "CareTeam",
                    "id": "t",
                    "status": "inactive",
                    "subject": ref("Patient/p1"),
                    "participant": [{"member": ref("Practitioner/wang")}],
                }
            ],
            WANG,
            set(),
        ),
        (
            [
                {
                    "resourceType": "EpisodeOfCare",
                    "id": "k",
                    "status": "active",
                    "type": [KIND],
                    "patient": ref("Patient/p1"),
                    "careManager": ref("Practitioner/li"),
                }
            ],
            CLINIC,
            {"family-doctor", "care-team"},
        ),
        (
            [
                {
                    "resourceType": "EpisodeOfCare",
                    "id": "k",
                    "status": "active",
                    "type": [KIND],
                    "patient": ref("Patient/p1"),
                    "managingOrganization": ref("Organization/clinic"),
                }
            ],
            CLINIC,
            {"family-doctor"},
        ),
        (
            [
                {
                    "resourceType": "EpisodeOfCare",
                    "id": "k",
                    "status": "finished",
                    "type": [KIND],
                    "patient": ref("Patient/p1"),
                    "careManager": ref("Practitioner/li"),
                }
            ],
            CLINIC,
            set(),
        ),
        ([patient("p1", generalPractitioner=[ref("Practitioner/li")])], CLINIC, {"family-doctor"}),
    ],
)
def test_relations_are_what_the_records_say(settings, records, who, expected):
    base = [one for one in BASE if one["id"] not in {r["id"] for r in records}]
    every, some = ask(settings, [*base, *records], who)
    assert some == expected
    assert every.of("p1") == expected
    if "care-team" in expected or not expected:
        assert "p2" not in every.patients.get("care-team", ())


@pytest.mark.parametrize(
    ("record", "who", "expected"),
    [
        ({"class": "IMP", "period": {"start": ago(days=300)}}, CLINIC, {"treating"}),
        ({"class": "IMP", "period": {"start": ago(days=401)}}, CLINIC, set()),
        ({"class": "AMB", "period": {"start": ago(hours=71)}}, CLINIC, {"treating"}),
        ({"class": "AMB", "period": {"start": ago(hours=73)}}, CLINIC, set()),
        ({"class": "IMP", "status": "finished", "period": {"end": ago(hours=71)}}, CLINIC, {"treating"}),
        ({"class": "IMP", "status": "finished", "period": {"end": ago(hours=73)}}, CLINIC, set()),
        ({"class": "IMP", "period": {"start": ago(hours=1)}, "source": "other"}, CLINIC, set()),
        (
            {"class": "IMP", "period": {"start": ago(hours=1)}, "serviceProvider": ref("Organization/x")},
            CLINIC,
            set(),
        ),
        ({"class": "IMP", "period": {"start": ago(hours=1)}}, WANG, set()),
    ],
)
def test_a_visit_that_names_no_institution_is_of_the_one_that_sent_it(settings, record, who, expected):
    """For who is of the whole institution; not for who is of one department."""
    code, source = record.pop("class"), record.pop("source", "clinic-his")
    made = encounter("e", "p1") | record
    made["class"] = made["class"] | {"code": code}
    made["meta"] = {"source": f"urn:xinglin:source:{source}:1#1"}

    async def registered(hub):
        async with hub.database.connection() as connection:
            await sources.add(connection, SOURCE)

    every, some = ask(settings, [*BASE, made], replace(who, institution=PLACE), after=registered)
    assert some == expected
    assert every.of("p1") == expected


def test_who_is_nobody_in_the_records_has_no_relations(settings):
    every, some = ask(settings, BASE, Who("user:x", "user", roles=frozenset({"clinician"})))
    assert every == Relations()
    assert some == frozenset()


def test_own_records_and_grants(settings):
    me = Who("user:me", "user", roles=frozenset({"patient"}), patient="p1")

    async def granted(hub):
        async with hub.database.connection() as connection:
            for who, kind, about in (("user:me", "emergency", "p2"), ("user:other", "contract", None)):
                await grants.add(
                    connection,
                    kind=kind,
                    who=who,
                    name="",
                    institution=None,
                    patient=about,
                    purpose="BTG",
                    reason="other",
                    words="words",
                    until=now() + timedelta(hours=1),
                    given_by=None,
                )

    every, some = ask(settings, BASE, me, ["p2"], after=granted)
    assert every.of("p1") == {"self"}
    assert every.of("p2") == {"emergency"} == some
    assert not every.contract
    assert ask(settings, [], Who("user:other", "user"))[1] == {"contract"}


def test_a_relation_to_one_record_of_a_person_is_one_to_all(settings):
    number = [{"system": "urn:oid:2.16.156.10011.1.3", "value": "11010519491231002X"}]
    twins = [
        patient(
            id_,
            identifier=number,
            name=[{"text": "王芳"}],
            gender="female",
            birthDate="1949-12-31",
        )
        for id_ in ("p1", "p2")
    ]
    records = [*BASE[2:], *twins, encounter("e", "p1", who=ref("Practitioner/wang"))]

    async def identified(hub):
        from xinglin.hub.identity.follow import follow

        await follow(hub, most=100)

    every, some = ask(settings, records, WANG, ["p2"], after=identified)
    assert some == {"treating"}
    assert {"p1", "p2"} < every.patients["treating"]


def test_beyond_the_bound_it_says_so_and_one_patient_is_still_found(settings):
    few = build({"values.csv": _values(patients_most=2)})
    records = [
        *BASE[2:],
        *(patient(f"n{i}") for i in range(5)),
        *(encounter(f"e{i}", f"n{i}", who=ref("Practitioner/wang")) for i in range(5)),
    ]

    async def work(hub):
        await hub.change_all([put(one) for one in records])
        async with hub.database.connection() as connection:
            every = await relations(hub, connection, WANG, few)
            some = [await related(hub, connection, WANG, [f"n{i}"], few) for i in range(5)]
        return every, some

    every, some = run(settings, work)
    assert every.cut == {"treating"}
    assert len(every.patients["treating"]) == 2
    assert some == [{"treating"}] * 5


def _values(**changed):
    lines = ["name,value,meaning_zh,meaning_en,source,edition,confidence"]
    lines += [f"{name},{value},测试,test,test,1,inferred" for name, value in changed.items()]
    return "\n".join(lines) + "\n"
