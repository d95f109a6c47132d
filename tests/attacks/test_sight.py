"""Dr Wang wants what Dr Zhao knows: through every way in which the hub reads."""

import itertools
from typing import Any

import pytest
from tests.attacks.world import (
    HIDDEN,
    IDENTITY,
    MARK,
    MIND,
    PSYCHIATRY,
    WANG,
    ZHAO,
    Json,
    World,
    leaks,
    number,
    patient,
)

pytestmark = pytest.mark.xdist_group("attacks")


def entries(answer: Any) -> list[str]:
    """Give which records an answer holds."""
    found = [one.get("resource", {}) for one in answer.json().get("entry", [])]
    return [f"{one['resourceType']}/{one.get('id')}" for one in found]


def test_the_marks_are_there(world: World) -> None:
    """Those who may see it do: else nothing here could fail."""
    assert MARK in world.get("/fhir/Observation/o2", ZHAO).text
    assert MARK in world.get("/fhir/Condition/c1-psy", MIND).text
    assert world.get("/fhir/Observation/o1").status_code == 200


@pytest.mark.parametrize("record", HIDDEN)
def test_hidden_is_unknown(world: World, record: str) -> None:
    """By status, text and headers a hidden record can't be told from one that never was."""
    kind, id_ = record.split("/")
    for suffix in ("", "/_history", "/_history/1", "/_history/2", "/_history/99", "/$validate"):
        for method in ("GET", "HEAD"):
            for headers in (
                {},
                {"If-None-Match": 'W/"1"'},
                {"If-Modified-Since": "Fri, 01 Jan 2100 00:00:00 GMT"},
            ):
                hidden, unknown = (
                    world.ask(WANG, method, f"/fhir/{kind}/{one}{suffix}", headers=headers)
                    for one in (id_, "never-was")
                )
                assert told(hidden, id_) == told(unknown, "never-was"), (method, suffix, headers)
                assert not leaks(hidden)


def told(answer: Any, id_: str) -> Json:
    """Give all that an answer tells but the id that was asked for, and the request's own."""
    headers = {name: value for name, value in answer.headers.items() if name not in ("x-request-id", "date")}
    headers.pop("content-length", None)
    return {"status": answer.status_code, "text": answer.text.replace(id_, "ID"), "headers": headers}


QUERIES = (
    "Observation?patient=p2",
    "Observation?patient=Patient/p2&_summary=count",
    f"Observation?patient.phone=138{MARK}",
    f"Patient?phone=138{MARK}",
    f"Patient?identifier={PSYCHIATRY}|{MARK}",
    "Patient?_has:Observation:patient:value-quantity=gt7000",
    "Patient?_has:Condition:patient:code=F20.0",
    "Patient?_has:Observation:patient:_has:Provenance:target:recorded=gt2000",
    "Encounter?reason-reference:missing=true&patient.name=李四",
    "Observation?_id=o2",
    "Observation?_id=o1,o2,gone2&_total=accurate",
    "Observation?value-quantity=gt7000",
    "Observation?_sort=-value-quantity&_count=1",
    "Observation?_lastUpdated=gt2000&_total=accurate",
    "Observation?_source=&_total=accurate",
    "Condition?code=F20.0",
    "Condition?code:below=F20",
    "Condition?_security=PSY",
    "Condition?_security:not=PSY&_total=accurate&patient=p2",
    "Condition?code:not=I10",
    "Condition?code:missing=false&_summary=count&patient=p2",
    "Patient/p2/Observation",
    "Patient/p2/*",
    "Encounter/e2/*",
    "?_type=Observation,Condition,Patient,Provenance,Consent",
    "?_lastUpdated=gt2000",
    "?_id=o2,p2,c1-psy",
    "Practitioner?_id=prac-zhao&_revinclude=*",
    "Practitioner?_revinclude=Encounter:participant&_revinclude:iterate=Observation:encounter",
    "Organization?_id=org-town&_revinclude=Encounter:service-provider&_include:iterate=Encounter:patient",
    "Organization?_has:Encounter:service-provider:patient.name=李四",
    "Practitioner?_has:Encounter:participant:patient=p2",
    "Provenance?target=Observation/o2",
    "Provenance?target.code=2345-7",
    "Consent?patient=p2",
    "Observation/$lastn?patient=p2",
    "Observation/$lastn?patient=Patient/p2&max=3",
    "Patient/p2/$everything",
    "Encounter/e2/$everything",
    "Patient/p2/$summary",
    "Patient/p1-psy/$summary",
    "Patient/p1-psy/$everything",
    "Patient/p1/$everything",
    "Patient/p1/$summary",
    "_history",
    "Observation/_history",
    "Patient/_history",
    "Condition/_history?_since=2000-01-01T00:00:00Z",
)


@pytest.mark.parametrize("query", QUERIES)
def test_searches_tell_nothing(world: World, query: str) -> None:
    answer = world.get(f"/fhir/{query}")
    assert answer.status_code < 500
    assert not leaks(answer), answer.text[:2000]
    assert not set(entries(answer)) & set(HIDDEN)
    kind, mark, form = query.partition("?")
    if mark and kind.isalpha():
        header = {"Content-Type": "application/x-www-form-urlencoded"}
        posted = world.ask(WANG, "POST", f"/fhir/{kind}/_search", headers=header, content=form.encode())
        assert not leaks(posted)
        assert sorted(entries(posted)) == sorted(entries(answer))


def test_counts_are_of_what_is_seen(world: World) -> None:
    for query in (
        "Observation?",
        "Observation?patient=p2&",
        "Condition?",
        "Observation?value-quantity=gt7000&",
    ):
        counted = world.get(f"/fhir/{query}_summary=count").json()["total"]
        estimated = world.get(f"/fhir/{query}_total=estimate&_count=0").json()
        listed = world.get(f"/fhir/{query}_total=accurate").json()
        assert counted == len(entries_of(listed)) == listed["total"]
        assert estimated.get("total", counted) == counted


def entries_of(bundle: Json) -> list[Json]:
    return bundle.get("entry", [])


def test_order_tells_nothing(world: World) -> None:
    """A page's place in the order is no measure of what lies between."""
    for sort in ("value-quantity", "-value-quantity", "_lastUpdated", "-_id"):
        first = world.get(f"/fhir/Observation?_sort={sort}&_count=1")
        assert first.status_code == 200
        links = {one["relation"]: one["url"] for one in first.json()["link"]}
        assert "next" not in links
        assert entries(first) == ["Observation/o1"]


def test_persons_are_told_by_what_is_seen(world: World) -> None:
    """$match, PIXm and PDQm: what one's own sight hides can't be found, nor told by the golden Patient."""
    asked = patient("x", "张三", 1)
    found = world.ask(WANG, "POST", "/fhir/Patient/$match", json=asked)
    assert found.status_code == 200
    assert found.json()["total"] == 1, "who comes can be found"
    assert not leaks(found), found.text
    by_hidden = patient("x", "无名", 99, identifier=[{"system": PSYCHIATRY, "value": MARK}])
    none = world.ask(WANG, "POST", "/fhir/Patient/$match", json=by_hidden)
    assert none.json()["total"] == 0
    mine = number(1)
    pix = world.get("/fhir/Patient/$ihe-pix", params={"sourceIdentifier": f"{IDENTITY}|{mine['value']}"})
    assert not leaks(pix), pix.text
    assert "p1-psy" not in pix.text
    hidden = world.get("/fhir/Patient/$ihe-pix", params={"sourceIdentifier": f"{PSYCHIATRY}|{MARK}"})
    unknown = world.get("/fhir/Patient/$ihe-pix", params={"sourceIdentifier": "urn:nobody|1"})
    assert hidden.status_code == unknown.status_code == 404
    assert hidden.json()["issue"][0]["code"] == unknown.json()["issue"][0]["code"]
    for query in (
        f"identifier={IDENTITY}|{mine['value']}",
        f"phone=139{MARK}",
        f"identifier={PSYCHIATRY}|{MARK}",
    ):
        answer = world.get(f"/pdqm/Patient?{query}")
        assert "p1-psy" not in answer.text
        assert not any(leaks_in(one) for one in entries_of(answer.json())), answer.text
    whole = world.get("/fhir/Patient/$ihe-pix", MIND, params={"sourceIdentifier": f"{PSYCHIATRY}|{MARK}"})
    assert whole.status_code == 200, "whose work it is finds it"


def leaks_in(entry: Json) -> bool:
    return MARK in str(entry)


def test_the_golden_patient_keeps_secrets(world: World) -> None:
    """What only a hidden source says isn't in the person's golden Patient."""
    every = world.get("/fhir/Patient?_tag=GOLDEN_RECORD")
    assert len(entries(every)) == 1, "of whom Dr Wang treats"
    (golden,) = entries(every)
    for path in (golden, f"{golden}/_history", f"{golden}/$everything", f"{golden}/$summary"):
        answer = world.get(f"/fhir/{path}")
        assert answer.status_code == 200
        assert not leaks(answer), path
        assert "p1-psy" not in answer.text, path
    for query in (
        f"phone=139{MARK}",
        f"identifier={PSYCHIATRY}|{MARK}",
        "link=p1-psy",
        "link=Patient/p1-psy",
    ):
        assert entries(world.get(f"/fhir/Patient?{query}")) == [], query


def test_timelines(world: World) -> None:
    for id_, kind in itertools.product(("p2", "p1-psy", "never-was"), ("timeline", "series")):
        answer = world.get(f"/person/{id_}/{kind}")
        assert answer.status_code == 404, answer.text
        assert not leaks(answer)
    for kind in ("timeline", "series"):
        answer = world.get(f"/person/p1/{kind}")
        assert answer.status_code == 200
        assert not leaks(answer)
        assert "p1-psy" not in answer.text
        assert "F20" not in answer.text


def test_whoever_finds_may_not_list_everybody(world: World) -> None:
    """A search for who stands before one names that person: it doesn't page through the province."""
    for query in (
        "",
        "?_count=1000",
        "?gender:missing=true",
        "?active=true",
        "?name=",
        "?_lastUpdated=gt2000",
        "?name:contains=李",
        "?birthdate=gt1900",
        "?_id:not=x",
        "?identifier:missing=false",
        "?_has:Observation:patient:code=2345-7",
        "?family=李",
    ):
        answer = world.get(f"/pdqm/Patient{query}")
        assert answer.status_code in (400, 403), (query, answer.text[:300])
