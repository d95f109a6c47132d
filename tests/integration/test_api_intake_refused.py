"""The refused queue over HTTP: what an officer's program can do with what wasn't taken."""

import base64
import json
from collections.abc import Iterator
from typing import Any

import pytest
from starlette.testclient import TestClient
from tests.support import client_of

from xinglin.core.settings import Settings
from xinglin.hub.intake import registry
from xinglin.standards.identifiers import SCHEMES, Kind

SICK = {"resourceType": "Patient", "id": "b", "gender": "unheard"}
WELL = {"resourceType": "Patient", "id": "b", "gender": "female"}


@pytest.fixture
def clinic(settings: Settings) -> Iterator[TestClient]:
    """A hub whose queue holds three items of the source clinic (from two deliveries) and one of another."""
    tokens = {source: _add(settings, source) for source in ("clinic", "other")}
    with client_of(settings) as client:
        client.headers["content-type"] = "application/json"
        for source, body in (
            ("clinic", _lines(SICK, SICK | {"id": "c"})),
            ("clinic", b'{"resourceType":"Patient","id":"d"\n'),
            ("other", _lines(SICK)),
        ):
            headers = {"authorization": f"Bearer {tokens[source]}"}
            client.post(f"/intake/{source}?name=day", content=body, headers=headers).raise_for_status()
        yield client


@pytest.fixture
def empty(client: TestClient) -> TestClient:
    """A hub whose queue holds nothing."""
    client.headers["content-type"] = "application/json"
    return client


def _add(settings: Settings, source: str) -> str:
    institution = SCHEMES[Kind.CREDIT_CODE].invented(2 if source == "clinic" else 3)
    given = {"id": source, "institution": institution, "institution_name": "演示", "ids": "own"}
    return registry.add(settings, given)


def _lines(*records: dict[str, Any]) -> bytes:
    return b"".join(json.dumps(record).encode() + b"\n" for record in records)


def _numbers(client: TestClient, query: str = "") -> list[int]:
    return [one["number"] for one in client.get(f"/refused?{query}").json()["items"]]


def _code(answer: Any) -> tuple[int, str]:
    return answer.status_code, answer.json()["issue"][0]["details"]["coding"][0]["code"]


def test_list_filters_and_pages(clinic: TestClient) -> None:
    everything = clinic.get("/refused").json()
    items = everything["items"]
    assert [(one["source"], one["line"], one["state"]) for one in items] == [
        ("clinic", 1, "waiting"),
        ("clinic", 2, "waiting"),
        ("clinic", 1, "waiting"),
        ("other", 1, "waiting"),
    ]
    assert everything["reasons"][0] == {"source": "clinic", "code": items[0]["code"], "items": 2}
    assert all(one["reason"] and one["remedy"] for one in items)
    assert not {"raw", "head", "texts"} & items[0].keys()
    first, second, third, fourth = (one["number"] for one in items)
    assert _numbers(clinic, "source=other") == [fourth]
    assert _numbers(clinic, f"delivery={items[2]['delivery']}") == [third]
    assert _numbers(clinic, f"code={items[0]['code']}&source=clinic") == [first, second]
    assert _numbers(clinic, "most=2") == [first, second]
    assert _numbers(clinic, f"most=2&after={second}") == [third, fourth]
    assert _numbers(clinic, "state=dismissed") == []
    assert _numbers(clinic, "source=nobody") == []


def test_shows_the_bytes_and_both_languages(clinic: TestClient) -> None:
    number = _numbers(clinic)[0]
    told = {
        language: clinic.get(f"/refused/{number}", headers={"accept-language": language}).json()
        for language in ("zh", "en")
    }
    assert json.loads(base64.b64decode(told["en"]["raw"])) == SICK
    assert "corrected" not in told["en"]
    assert "breaks 1 rules" in told["en"]["reason"]
    assert "违反" in told["zh"]["reason"]
    assert not told["zh"]["remedy"].isascii()
    assert told["en"]["remedy"].isascii()


def test_correct_and_replay_one(clinic: TestClient) -> None:
    number, delivery = _numbers(clinic)[0], clinic.get("/refused").json()["items"][0]["delivery"]
    again = clinic.post(f"/refused/{number}/$replay").json()
    assert (again["done"], again["number"]) == (False, number)
    shown = clinic.put(f"/refused/{number}", content=json.dumps(WELL)).json()
    assert json.loads(base64.b64decode(shown["corrected"])) == WELL
    assert json.loads(base64.b64decode(shown["raw"])) == SICK, "what came is kept"
    assert (shown["times"], shown["state"]) == (2, "waiting")
    assert clinic.post(f"/refused/{number}/$replay").json() == {"number": number, "done": True, "code": None}
    (stored,) = clinic.get("/fhir/Patient?gender=female").json()["entry"]
    assert f":{delivery}#1" in stored["resource"]["meta"]["source"]
    settled = clinic.get(f"/refused/{number}").json()
    assert (settled["state"], settled["decided_by"]) == ("replayed", "client:tests")
    assert number not in _numbers(clinic)
    assert _numbers(clinic, "state=replayed") == [number]
    for answer in (
        clinic.post(f"/refused/{number}/$replay"),
        clinic.put(f"/refused/{number}", content=b"{}"),
        clinic.post(f"/refused/{number}/$dismiss", json={"reason": "twice"}),
    ):
        assert _code(answer) == (404, "XL7050"), "settled is settled"


def test_replay_many(clinic: TestClient) -> None:
    first, second, third, fourth = _numbers(clinic)
    for number in (first, fourth):
        clinic.put(f"/refused/{number}", content=json.dumps(WELL))
    done = clinic.post("/refused/$replay", json={"source": "clinic"}).json()["items"]
    assert [(one["number"], one["done"]) for one in done] == [(first, True), (second, False), (third, False)]
    done = clinic.post("/refused/$replay", json={"numbers": [fourth]}).json()["items"]
    assert [(one["number"], one["done"]) for one in done] == [(fourth, True)]
    code = clinic.get(f"/refused/{second}").json()["code"]
    done = clinic.post("/refused/$replay", json={"code": code}).json()["items"]
    assert [(one["number"], one["done"], one["code"]) for one in done] == [(second, False, code)]
    delivery = clinic.get(f"/refused/{third}").json()["delivery"]
    done = clinic.post("/refused/$replay", json={"delivery": delivery}).json()["items"]
    assert [one["number"] for one in done] == [third]
    assert _numbers(clinic) == [second, third]


WRONG_BODIES = [
    "{}",
    "[]",
    '"x"',
    '{"numbers": []}',
    '{"numbers": ["x"]}',
    '{"numbers": 5}',
    '{"numbers": [-1]}',
    '{"source": 5}',
    '{"delivery": "x"}',
    '{"delivery": 11111111111111111111111}',
    '{"numbers": [1], "everything": true}',
]


def test_replay_of_nothing_named_rightly_is_refused(empty: TestClient) -> None:
    for body in WRONG_BODIES:
        assert _code(empty.post("/refused/$replay", content=body)) == (400, "XL7071"), body


def test_dismiss_needs_a_reason(clinic: TestClient) -> None:
    number = _numbers(clinic)[0]
    for content in ("{}", '{"reason": ""}', '{"reason": "  "}', '{"reason": null}', '{"reason": 5}'):
        answer = clinic.post(f"/refused/{number}/$dismiss", content=content)
        assert _code(answer) == (400, "XL7051"), content
    assert number in _numbers(clinic)
    told = clinic.post(f"/refused/{number}/$dismiss", json={"reason": "a test of the sender"}).json()
    assert (told["state"], told["decision"]) == ("dismissed", "a test of the sender")
    assert told["raw"]
    assert number not in _numbers(clinic)


def test_an_empty_text_is_no_correction(clinic: TestClient) -> None:
    """Else an item would leave the queue by a replay of nothing."""
    number = _numbers(clinic)[0]
    for content in (b"", b" \r\n\t "):
        answer = clinic.put(f"/refused/{number}", content=content)
        assert _code(answer) == (400, "XL7072")
    assert clinic.post(f"/refused/{number}/$replay").json()["done"] is False


def test_unknown_numbers(empty: TestClient) -> None:
    answers = (
        empty.get("/refused/77"),
        empty.put("/refused/77", content=b"x"),
        empty.post("/refused/77/$replay"),
        empty.post("/refused/$replay", json={"numbers": [77]}),
        empty.post("/refused/77/$dismiss", json={"reason": "x"}),
    )
    assert [_code(answer) for answer in answers] == [(404, "XL7050")] * 5


def test_wrong_parameters_are_told(client: TestClient) -> None:
    for query in ("most=x", "after=-1", "delivery=1x", "delivery="):
        assert _code(client.get(f"/refused?{query}")) == (400, "XL3070"), query
    assert _code(client.get("/refused/one")) == (400, "XL3070")
    assert _code(client.get("/refused?state=wating")) == (400, "XL7073")
