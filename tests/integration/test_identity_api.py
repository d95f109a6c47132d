"""Identity over HTTP: $match, PIXm, PDQm, and /identity; and what the command line does."""

from collections.abc import Iterator
from typing import Any

import pytest
from starlette.testclient import TestClient
from tests.integration.test_identity import IDENTITY, number, patient
from tests.support import client_of, run

from xinglin.core.settings import Settings
from xinglin.hub.hub import Hub
from xinglin.hub.identity import commands
from xinglin.hub.identity.decisions import Wanted
from xinglin.hub.identity.errors import UnknownPerson

Json = dict[str, Any]
LOCAL = "urn:xinglin:id:hospital:pi"


@pytest.fixture
def desk(settings: Settings) -> Iterator[TestClient]:
    """A hub that matches what it stores, with three records of two people."""
    with client_of(settings) as client:
        client.app.state.hub.matching.start()  # pyright: ignore[reportFunctionMemberAccess]
        local = {"system": LOCAL, "value": "R17"}
        for one in (
            patient("a", seed=1, gender="female"),
            patient("b", identifier=[number(1), local]),
            patient("c", "李建国", "1985-12-11", seed=1),
        ):
            assert client.put(f"/fhir/Patient/{one['id']}", json=one).status_code == 201
        settle(client)
        yield client


def settle(client: TestClient) -> None:
    hub: Hub = client.app.state.hub  # pyright: ignore[reportFunctionMemberAccess]
    portal = client.portal
    assert portal is not None
    portal.call(hub.matching.settle)


def ask(resource: Json, **more: Json) -> Json:
    parts = [{"name": "resource", "resource": resource}]
    return {"resourceType": "Parameters", "parameter": parts + [{"name": n} | v for n, v in more.items()]}


def test_match(desk: TestClient) -> None:
    told = desk.post("/fhir/Patient/$match", json=ask(patient("x", seed=1))).json()
    assert told["type"] == "searchset"
    entry = told["entry"][0]
    assert entry["resource"]["meta"]["tag"][0]["code"] == "GOLDEN_RECORD"
    assert entry["search"]["extension"][0]["valueCode"] == "certain"
    assert entry["search"]["score"] >= 0.99
    assert [one["search"]["extension"][0]["valueCode"] for one in told["entry"]] == ["certain", "possible"]
    certain = ask(patient("x", seed=1), onlyCertainMatches={"valueBoolean": True})
    assert desk.post("/fhir/Patient/$match", json=certain).json()["total"] == 1
    one = ask(patient("x", seed=1), count={"valueInteger": 1})
    assert len(desk.post("/fhir/Patient/$match", json=one).json()["entry"]) == 1
    nobody = patient("x", "欧阳明华", "2001-01-02")
    assert "entry" not in desk.post("/fhir/Patient/$match", json=ask(nobody)).json()
    wrong = ask(nobody, count={"valueInteger": 0})
    assert desk.post("/fhir/Patient/$match", json=wrong).status_code == 400
    empty = {"resourceType": "Parameters"}
    assert desk.post("/fhir/Patient/$match", json=empty).status_code == 400


def test_cross_references(desk: TestClient) -> None:
    value = number(1)["value"]
    asked = {"sourceIdentifier": f"{LOCAL}|R17", "targetSystem": IDENTITY}
    told = desk.get("/fhir/Patient/$ihe-pix", params=asked).json()
    found = [one["valueIdentifier"]["value"] for one in told["parameter"] if "valueIdentifier" in one]
    assert found == [value]
    assert any(one["valueReference"]["reference"].endswith("/Patient/a") for one in told["parameter"][1:])
    body = {
        "resourceType": "Parameters",
        "parameter": [
            {"name": "sourceIdentifier", "valueIdentifier": {"system": LOCAL, "value": "R17"}},
            {"name": "targetSystem", "valueUri": IDENTITY},
        ],
    }
    assert desk.post("/fhir/Patient/$ihe-pix", json=body).json() == told
    for wrong, status in (
        ({"sourceIdentifier": "R17"}, 400),
        ({"sourceIdentifier": f"{LOCAL}|R99"}, 404),
        ({"sourceIdentifier": "urn:unknown|R17"}, 404),
        (asked | {"targetSystem": "urn:unknown"}, 404),
    ):
        assert desk.get("/fhir/Patient/$ihe-pix", params=wrong).status_code == status


def test_demographics(desk: TestClient) -> None:
    told = desk.get("/pdqm/Patient", params={"birthdate": "1949-07-03", "family": "王"}).json()
    (entry,) = told["entry"]
    assert {one["other"]["reference"] for one in entry["resource"]["link"]} == {"Patient/a", "Patient/b"}
    id_ = entry["resource"]["id"]
    assert desk.get(f"/pdqm/Patient/{id_}").json()["gender"] == "female"
    form = {"Content-Type": "application/x-www-form-urlencoded"}
    posted = desk.post(
        "/pdqm/Patient/_search", content="birthdate=1949-07-03&name=王芳".encode(), headers=form
    )
    assert posted.json()["total"] == 1
    assert desk.post("/pdqm/Patient/$match", json=ask(patient("x", seed=1))).json()["total"] == 2
    assert desk.get("/fhir/Patient", params={"birthdate": "1949-07-03"}).json()["total"] == 2


def test_the_hub_says_what_it_can(desk: TestClient) -> None:
    rest = desk.get("/fhir/metadata").json()["rest"][0]
    (resource,) = [one for one in rest["resource"] if one["type"] == "Patient"]
    assert {"match", "ihe-pix", "everything"} <= {one["name"] for one in resource["operation"]}


def test_review_and_decisions(desk: TestClient) -> None:
    status = desk.get("/identity/status").json()
    assert (status["patients"], status["persons"]) == (3, 2)
    pairs = desk.get("/identity/review").json()["pairs"]
    assert {one["rule"]["id"] for one in pairs} == {"resident"}
    side = desk.get("/identity/review/c/a").json()
    assert side["compared"]["birth"] == ["19490703", "19851211"]
    assert {one["field"] for one in side["evidence"]} >= {"given", "birth", "identity"}
    person = desk.get("/identity/persons/b").json()
    assert [one["patient"] for one in person["sources"]] == ["a", "b"]
    assert person["sources"][0]["how"] == "rule"
    wanted = {"action": "apart", "patients": ["a", "c"], "who": "eve", "why": "borrowed card"}
    made = desk.post("/identity/decisions", json=wanted)
    assert made.status_code == 201
    number_ = made.json()["decision"]
    assert desk.post("/identity/decisions", json=wanted).status_code == 409
    told = desk.get("/identity/decisions", params={"patient": "c"}).json()["decisions"]
    assert [(one["id"], one["in_force"]) for one in told] == [(number_, True)]
    undone = desk.post(f"/identity/decisions/{number_}/undo", json={"who": "eve", "why": "wrong"})
    assert undone.status_code == 201
    assert [one["in_force"] for one in desk.get("/identity/decisions").json()["decisions"]] == [True, False]
    assert desk.get("/identity/persons/nobody").status_code == 404
    assert desk.get("/identity/worn").json() == {"numbers": []}
    for wrong in ({}, wanted | {"patients": "a"}, wanted | {"why": " "}, wanted | {"golden": 1}):
        assert desk.post("/identity/decisions", json=wrong).status_code == 400
    assert desk.post("/identity/decisions", json=wanted | {"action": "x"}).status_code == 422
    assert desk.post("/identity/decisions/x/undo", json={"who": "a", "why": "b"}).status_code == 400
    assert desk.get("/identity/review", params={"most": "x"}).status_code == 400


def test_commands(settings: Settings) -> None:
    async def story(hub: Hub) -> None:
        for one in (patient("a", seed=1), patient("b", seed=1), patient("c", "李建国", "1985-12-11", seed=1)):
            await hub.change(_put(one))

    run(settings, story)
    assert commands.run(settings).matched == 3
    assert commands.run(settings).matched == 0
    before = commands.person(settings, "a").golden
    assert commands.status(settings).persons == 2
    number_ = commands.decide(settings, Wanted("unlink", ["b"], "eve", "twins"))
    assert commands.run(settings, full=True).matched == 3
    assert len(commands.person(settings, "a").links) == 1
    commands.undo(settings, number_, "eve", "wrong")
    assert len(commands.person(settings, "b").links) == 2
    assert commands.person(settings, "b").golden == before
    assert commands.queue(settings, most=10)
    assert commands.pair(settings, "a", "c").pair.rule == "resident"
    assert len(commands.history(settings, ["b"], most=10)) == 2
    assert commands.worn(settings, most=5) == []
    with pytest.raises(UnknownPerson):
        commands.person(settings, "nobody")


def _put(content: Json) -> Any:
    from xinglin.hub.changes import Update
    from xinglin.hub.records import Key

    return Update("Patient", key=Key("Patient", content["id"]), content=content)
