"""Writing what isn't true: another's name, another's patient, the hub's own marks, another's consent."""

from typing import Any

import pytest
from tests.attacks.world import (
    AUDITOR,
    LI,
    MARK,
    SECURITY,
    SENSITIVITY,
    WANG,
    Json,
    Who,
    World,
    bare,
    code,
    condition,
    encounter,
    leaks,
    observation,
    patient,
    ref,
)

pytestmark = pytest.mark.xdist_group("attacks")
GRADE = "urn:xinglin:grade"


def post(world: World, content: Json, who: Who = WANG) -> Any:
    return world.ask(who, "POST", f"/fhir/{content['resourceType']}", json=content)


def put(world: World, content: Json, who: Who = WANG) -> Any:
    return world.ask(who, "PUT", f"/fhir/{content['resourceType']}/{content['id']}", json=content)


def test_the_source_is_whoever_writes(world: World) -> None:
    for source in ("urn:xinglin:source:his:1#0", "urn:xinglin:local:root", "http://evil.example"):
        made = post(world, bare(observation("", "p1", meta={"source": source})))
        assert made.status_code == 201, made.text
        stored = world.get(
            made.headers["location"].removeprefix("http://localhost").partition("/_history")[0]
        )
        assert stored.json()["meta"]["source"] == "urn:xinglin:user:wang"
    patch = [{"op": "add", "path": "/meta", "value": {"source": "urn:xinglin:source:his:1#0"}}]
    header = {"Content-Type": "application/json-patch+json"}
    id_ = stored.json()["id"]
    patched = world.ask(WANG, "PATCH", f"/fhir/Observation/{id_}", headers=header, json=patch)
    assert patched.status_code == 200, patched.text
    assert patched.json()["meta"]["source"] == "urn:xinglin:user:wang"


def test_labels_are_the_hubs(world: World) -> None:
    """Whoever writes can close more, never open what the rules close."""
    open_ = {"security": [{"system": GRADE, "code": "public"}]}
    made = post(world, bare(condition("", "p1", "B20", meta=open_)))
    assert made.status_code == 201, made.text
    assert not leaks(made)
    where = made.headers["location"].removeprefix("http://localhost").partition("/_history")[0]
    assert world.get(where).status_code == 404, "HIV is closed to a clinician without a role for it"
    for marks in (
        open_,
        {"security": [{"system": SENSITIVITY, "code": "HIV", "userSelected": False}]},
    ):
        plain = post(world, bare(observation("", "p1", meta=marks)))
        assert plain.status_code == 201
        labels = {(one["system"], one["code"]) for one in plain.json()["meta"]["security"]}
        assert labels == {(GRADE, "restricted")}
    closed = post(
        world, bare(observation("", "p1", meta={"security": [{"system": SENSITIVITY, "code": "PSY"}]}))
    )
    assert closed.status_code == 201
    where = closed.headers["location"].removeprefix("http://localhost").partition("/_history")[0]
    assert world.get(where).status_code == 404


@pytest.mark.parametrize(
    ("who", "content"),
    [
        (WANG, bare(observation("", "p2"))),
        (WANG, bare(condition("", "p2", "I10"))),
        (WANG, bare(patient("", "Nobody", 77))),
        (WANG, {"resourceType": "AuditEvent", "recorded": "2026-11-22T00:00:00Z"}),
        (AUDITOR, {"resourceType": "AuditEvent", "recorded": "2026-11-22T00:00:00Z"}),
        (SECURITY, {"resourceType": "AuditEvent", "recorded": "2026-11-22T00:00:00Z"}),
        (SECURITY, bare(observation("", "p1"))),
        (WANG, {"resourceType": "Organization", "name": "mine"}),
        (WANG, {"resourceType": "Practitioner", "name": [{"text": "me"}]}),
        (WANG, {"resourceType": "PractitionerRole", "practitioner": ref("Practitioner/prac-wang")}),
        (WANG, {"resourceType": "SearchParameter", "code": "x"}),
        (WANG, {"resourceType": "Subscription", "channel": {"endpoint": "http://169.254.169.254/"}}),
        (WANG, {"resourceType": "Linkage", "item": []}),
        (
            WANG,
            {
                "resourceType": "Provenance",
                "target": [ref("Observation/o1")],
                "recorded": "2026-11-01T00:00:00Z",
                "agent": [{"who": ref("Practitioner/prac-zhao")}],
            },
        ),
        (LI, bare(observation("", "p1"))),
    ],
    ids=lambda one: one["resourceType"] if isinstance(one, dict) else one.name,
)
def test_what_isnt_ones_to_write(world: World, who: Who, content: Json) -> None:
    for answer in (
        post(world, content, who),
        put(world, {**content, "id": "forged"}, who),
        world.ask(who, "POST", "/fhir", json=batch(("POST", content["resourceType"], content))),
    ):
        assert answer.status_code in (403, 404, 422) or answer.json()["entry"][0]["response"]["status"][
            :3
        ] in (
            "403",
            "404",
            "422",
        ), answer.text
    assert world.get(f"/fhir/{content['resourceType']}/forged", who).status_code in (403, 404)


def consent(id_: str, owner: str) -> Json:
    return {
        "resourceType": "Consent",
        "id": id_,
        "status": "active",
        "scope": {"coding": [{"code": "patient-privacy"}]},
        "category": [{"coding": [{"code": "59284-0"}]}],
        "patient": ref(f"Patient/{owner}"),
        "policyRule": {"coding": [{"code": "OPTOUT"}]},
    }


def test_consents_of_others(world: World) -> None:
    """Nobody gives a consent for somebody else, nor makes the own one somebody else's."""
    for answer in (
        post(world, bare(consent("", "p2")), LI),
        put(world, consent("consent2", "p1"), LI),
        put(world, consent("consent2", "p2"), LI),
        world.ask(LI, "DELETE", "/fhir/Consent/consent2"),
        post(world, bare(consent("", "p2"))),
    ):
        assert answer.status_code in (403, 404), answer.text
        assert not leaks(answer)
    assert world.hub is not None
    kept = world.call(world.hub.read, key("Consent/consent2"))
    assert kept.version == 1


def key(record: str) -> Any:
    from xinglin.hub.records import Key

    return Key(*record.split("/"))


def test_golden_marks(world: World) -> None:
    tag = {"system": "http://hapifhir.io/fhir/NamingSystem/mdm-record-status", "code": "GOLDEN_RECORD"}
    for content in (
        observation("golden-1", "p1"),
        observation("x1", "p1", meta={"tag": [tag]}),
        observation("x1", "p1", meta={"tag": [{**tag, "display": "x"}]}),
    ):
        answer = put(world, content)
        assert answer.status_code in (404, 422), answer.text
        inside = world.ask(
            WANG,
            "POST",
            "/fhir",
            json=batch(("PUT", f"Observation/{content['id']}", content), kind="transaction"),
        )
        assert inside.status_code in (404, 422)


def batch(*entries: tuple[str, str, Json | None], kind: str = "batch") -> Json:
    return {
        "resourceType": "Bundle",
        "type": kind,
        "entry": [
            {"request": {"method": method, "url": url}} | ({"resource": content} if content else {})
            for method, url, content in entries
        ],
    }


ORACLES: tuple[tuple[str, str, Json | None], ...] = (
    ("GET", "Observation/{}", None),
    ("GET", "Observation/{}/_history", None),
    ("GET", "Observation/{}/_history/1", None),
    ("GET", "Observation?_id={}&_summary=count", None),
    ("PUT", "Observation/{}", observation("{}", "p1")),
    ("PUT", "Observation?_id={}", bare(observation("", "p1"))),
    ("DELETE", "Observation/{}", None),
    ("DELETE", "Observation?_id={}", None),
    ("POST", "Observation", bare(observation("", "p1", hasMember=[ref("Observation?_id={}")]))),
)


@pytest.mark.parametrize("kind", ["batch", "transaction"])
@pytest.mark.parametrize("entry", ORACLES, ids=[f"{method} {url}" for method, url, _ in ORACLES])
def test_bundles_are_no_oracle(world: World, entry: tuple[str, str, Json | None], kind: str) -> None:
    """An entry about a hidden record answers as one about a record that never was."""
    answers = [
        world.ask(WANG, "POST", "/fhir", json=filled(batch(entry, kind=kind), id_))
        for id_ in ("o2", "never-was")
    ]
    hidden, unknown = (shape(one, id_) for one, id_ in zip(answers, ("o2", "never-was"), strict=True))
    assert hidden == unknown
    assert not leaks(answers[0])


def filled(content: Any, id_: str) -> Any:
    """Put an id in."""
    if isinstance(content, dict):
        return {name: filled(value, id_) for name, value in content.items()}
    if isinstance(content, list):
        return [filled(one, id_) for one in content]
    return content.replace("{}", id_) if isinstance(content, str) else content


def shape(answer: Any, id_: str) -> str:
    """Give what an answer tells, without ids and times that differ of themselves."""
    import re

    text = answer.text.replace(id_, "ID")
    text = re.sub(r"\d{4}-\d\d-\d\dT[^\"]+", "TIME", text)
    return f"{answer.status_code} " + re.sub(r"[0-9a-f]{8}-[0-9a-f-]{27}|[0-9A-Za-z_-]{22,}", "MADE", text)


def test_conditional_writes_are_no_oracle(world: World) -> None:
    """If-None-Exist and conditional changes see what their sender sees."""
    for value in (f"138{MARK}", "138000000"):
        header = {"If-None-Exist": f"patient.phone={value}"}
        made = world.ask(WANG, "POST", "/fhir/Observation", headers=header, json=bare(observation("", "p1")))
        assert made.status_code == 201, made.text
    for id_ in ("o2", "never-was"):
        for headers in ({"If-Match": 'W/"1"'}, {"If-Match": 'W/"7"'}, {}):
            for method in ("PUT", "DELETE"):
                body = observation(id_, "p1") if method == "PUT" else None
                answer = world.ask(WANG, method, f"/fhir/Observation/{id_}", headers=headers, json=body)
                assert answer.status_code in (403, 404), (method, id_, answer.text)
    assert world.call(world.hub.read, key("Observation/o2")).version == 1


def test_moving_records_to_ones_own_patient(world: World) -> None:
    """A record can't be pulled to one's own patient, or pushed onto another's."""
    assert put(world, observation("o2", "p1")).status_code == 404
    assert put(world, observation("o1", "p2")).status_code == 403
    patch = [{"op": "replace", "path": "/subject/reference", "value": "Patient/p2"}]
    header = {"Content-Type": "application/json-patch+json"}
    assert world.ask(WANG, "PATCH", "/fhir/Observation/o1", headers=header, json=patch).status_code == 403
    test = [{"op": "test", "path": "/note/0/text", "value": MARK}]
    told = [
        code(world.ask(WANG, "PATCH", f"/fhir/Observation/{one}", headers=header, json=test))
        for one in ("o2", "never-was")
    ]
    assert told[0] == told[1]


def test_whom_one_calls_ones_patient(world: World) -> None:
    """A treating relation is made in one's own name only, and it stands in the log."""
    for content in (
        encounter("", "p2", "prac-zhao"),
        {
            "resourceType": "CareTeam",
            "status": "active",
            "subject": ref("Patient/p2"),
            "participant": [{"member": ref("Practitioner/prac-wang")}],
        },
        {
            "resourceType": "ServiceRequest",
            "status": "active",
            "intent": "order",
            "subject": ref("Patient/p2"),
            "performer": [ref("Practitioner/prac-wang")],
            "authoredOn": "2026-11-22",
        },
        {
            "resourceType": "EpisodeOfCare",
            "status": "active",
            "patient": ref("Patient/p2"),
            "careManager": ref("Practitioner/prac-zhao"),
        },
    ):
        answer = post(world, bare(content))
        assert answer.status_code in (403, 422), answer.text
    assert world.get("/fhir/Observation/o2").status_code == 404
