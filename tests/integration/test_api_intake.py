"""Deliveries over HTTP: tokens, receipts, bounds, and what becomes of a delivery that breaks off."""

import asyncio
import base64
import gzip
import json
from collections.abc import AsyncGenerator, AsyncIterator, Iterator
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import msgspec
import pytest
from starlette.requests import Request
from starlette.testclient import TestClient
from tests.support import client_of, known, run

from xinglin.api.fhir.exchange import interaction
from xinglin.api.intake import deliver
from xinglin.core.settings import Settings
from xinglin.hub.hub import Hub
from xinglin.hub.intake import registry, service
from xinglin.standards.identifiers import SCHEMES, Kind
from xinglin.trust.gate.gate import open_gate

INSTITUTION = SCHEMES[Kind.CREDIT_CODE].invented(2)
Answer = dict[str, Any]


@pytest.fixture
def settings(database: str, tmp_path: Path) -> Settings:
    return Settings(database_url=database, language="en", home=str(tmp_path), intake_most_bytes=6_000_000)


@pytest.fixture
def token(settings: Settings) -> str:
    return add(settings, "clinic")


@pytest.fixture
def client(settings: Settings, token: str) -> Iterator[TestClient]:
    with client_of(settings) as client:
        client.headers["authorization"] = f"Bearer {token}"
        yield client


def add(settings: Settings, source: str) -> str:
    given = {"id": source, "institution": INSTITUTION, "institution_name": "演示县人民医院"}
    return registry.add(settings, given)


def patients(*ids: str) -> bytes:
    return b"".join(json.dumps({"resourceType": "Patient", "id": i}).encode() + b"\n" for i in ids)


def spooled(settings: Settings) -> list[Path]:
    return list(settings.spool.glob("*"))


def codes(answer: Any) -> set[str]:
    return {issue["details"]["coding"][0]["code"] for issue in answer.json()["issue"]}


def test_small_delivery_is_loaded_while_the_sender_waits(client: TestClient) -> None:
    answer = client.post("/intake/clinic?name=day.ndjson", content=patients("a", "b"))
    receipt = answer.json()
    assert answer.status_code == 200
    assert (receipt["state"], receipt["name"], receipt["source"]) == ("done", "day.ndjson", "clinic")
    assert receipt["counts"] == {
        "received": 2,
        "accepted": 2,
        "unchanged": 0,
        "refused": 0,
        "by_type": {"Patient": 2},
        "by_reason": {},
        "unknown": {},
    }
    assert not {"path", "owned"} & receipt.keys(), "where files lie is nobody's business"
    assert answer.headers["location"] == receipt["url"]
    assert client.get(receipt["url"]).json() == {n: v for n, v in receipt.items() if n != "url"}
    assert (
        client.get("/fhir/Patient/a", headers=known(client))
        .json()["meta"]["source"]
        .startswith("urn:xinglin:source:clinic:")
    )


def test_same_bytes_give_the_same_receipt(client: TestClient) -> None:
    first, second = (client.post("/intake/clinic", content=patients("a")).json() for _ in range(2))
    assert first == second
    assert len(client.get("/intake/clinic/deliveries").json()["deliveries"]) == 1
    assert client.get("/fhir/Patient/a", headers=known(client)).json()["meta"]["versionId"] == "1"


def test_packed_by_content_not_by_header(client: TestClient) -> None:
    packed = gzip.compress(patients("a", "b"))
    for headers in ({}, {"content-encoding": "gzip", "content-type": "application/x-ndjson"}):
        receipt = client.post("/intake/clinic", content=packed, headers=headers).json()
        assert receipt["counts"]["accepted"] == 2
        assert receipt["size"] == len(packed)


def test_without_the_token_nothing_is_taken_or_told(client: TestClient, token: str) -> None:
    del client.headers["authorization"]
    for shown in (None, "", "Bearer", "Bearer wrong", f"Basic {token}", token):
        headers = {} if shown is None else {"authorization": shown}
        answers = [
            client.post("/intake/clinic", content=patients("a"), headers=headers),
            client.get("/intake/clinic/deliveries", headers=headers),
            client.get("/intake/clinic/deliveries/1", headers=headers),
        ]
        assert [(answer.status_code, codes(answer)) for answer in answers] == [(401, {"XL7023"})] * 3, shown
    assert client.get("/fhir/Patient/a", headers=known(client)).status_code == 404


def test_a_source_that_is_unknown_is_answered_like_a_wrong_token(client: TestClient) -> None:
    unknown = client.post("/intake/nobody", content=b"")
    wrong = client.post("/intake/clinic", content=b"", headers={"authorization": "Bearer wrong"})
    assert unknown.status_code == wrong.status_code == 401
    assert unknown.json() == json.loads(wrong.text.replace("clinic", "nobody"))


def test_disabled_and_renewed(client: TestClient, settings: Settings, token: str) -> None:
    registry.enable(settings, "clinic", yes=False)
    answer = client.post("/intake/clinic", content=patients("a"))
    assert (answer.status_code, codes(answer)) == (403, {"XL7021"})
    assert client.get("/intake/clinic/deliveries").json() == {"deliveries": []}
    registry.enable(settings, "clinic", yes=True)
    new = registry.renew_token(settings, "clinic")
    assert client.post("/intake/clinic", content=patients("a")).status_code == 401
    again = client.post("/intake/clinic", content=patients("a"), headers={"authorization": f"Bearer {new}"})
    assert again.status_code == 200
    assert new != token


def test_receipts_of_others_are_not_told(client: TestClient, settings: Settings) -> None:
    url = client.post("/intake/clinic", content=patients("a")).json()["url"]
    others = {"authorization": f"Bearer {add(settings, 'other')}"}
    answers = [
        client.get(url.replace("clinic", "other"), headers=others),
        client.get("/intake/other/deliveries/999999", headers=others),
    ]
    assert [(answer.status_code, codes(answer)) for answer in answers] == [(404, {"XL7060"})] * 2
    assert client.get("/intake/other/deliveries", headers=others).json() == {"deliveries": []}
    assert client.get(url, headers=others).status_code == 401


def test_refused_items_are_counted_and_wait(client: TestClient) -> None:
    body = patients("a") + b'{"resourceType":"Patient","id":"b","gender":"unheard"}\n{"resourceType":\n'
    receipt = client.post("/intake/clinic?name=day.ndjson", content=body).json()
    counts = receipt["counts"]
    assert (counts["received"], counts["accepted"], counts["refused"]) == (3, 1, 2)
    assert sum(counts["by_reason"].values()) == 2
    waiting = client.get(f"/refused?delivery={receipt['number']}", headers=known(client)).json()["items"]
    assert [(one["line"], one["file"]) for one in waiting] == [(2, "day.ndjson"), (3, "day.ndjson")]
    assert {one["code"] for one in waiting} == counts["by_reason"].keys()


def test_bytes_that_are_no_known_format_wait_whole(client: TestClient) -> None:
    receipt = client.post("/intake/clinic", content=b"\x00\x01 no format at all").json()
    assert (receipt["state"], receipt["counts"]["refused"]) == ("done", 1)
    assert client.get("/refused", headers=known(client)).json()["items"][0]["code"] == "XL7003"


def test_damaged_archive_waits_whole(client: TestClient) -> None:
    packed = gzip.compress(patients(*map(str, range(2_000))))
    answer = client.post("/intake/clinic", content=packed[: len(packed) // 2])
    (waits,) = client.get("/refused", headers=known(client)).json()["items"]
    assert answer.status_code == 200
    assert waits["code"] == "XL7030"
    raw = client.get(f"/refused/{waits['number']}", headers=known(client)).json()["raw"]
    assert base64.b64decode(raw) == packed[: len(packed) // 2]


def test_large_delivery_waits_in_the_spool(client: TestClient, settings: Settings) -> None:
    body = patients(*(f"p{i}-{'x' * 40}" for i in range(50_000)))
    assert service.AT_ONCE < len(body) < settings.intake_most_bytes
    answers = [client.post("/intake/clinic?name=big", content=body) for _ in range(2)]
    assert [answer.status_code for answer in answers] == [202, 202]
    first, second = (answer.json() for answer in answers)
    assert first == second
    assert first["state"] == "waiting"
    (kept,) = spooled(settings)
    assert kept.read_bytes() == body
    assert kept.stat().st_mode & 0o077 == 0 or kept.parent.stat().st_mode & 0o077 == 0
    assert client.get(first["url"]).json()["state"] == "waiting"


def test_too_large_leaves_nothing(client: TestClient, settings: Settings) -> None:
    answer = client.post("/intake/clinic", content=b" " * (settings.intake_most_bytes + 1))
    assert (answer.status_code, codes(answer)) == (413, {"XL7064"})
    assert spooled(settings) == []
    assert client.get("/intake/clinic/deliveries").json() == {"deliveries": []}


@pytest.mark.parametrize("size", [1_000, 5_000_000])
def test_a_sender_that_goes_away_leaves_nothing(settings: Settings, token: str, size: int) -> None:
    """The client breaks off in the middle: no delivery, no file, and no error of ours in the log."""

    async def work(hub: Hub) -> tuple[int, bytes, int]:
        parts = iter(
            [{"type": "http.request", "body": b" " * size, "more_body": True}, {"type": "http.disconnect"}]
        )
        sent: list[Answer] = []

        async def receive() -> Answer:
            return next(parts)

        async def send(message: Answer) -> None:
            sent.append(message)

        async with open_gate(settings, hub) as gate:
            scope = {
                "type": "http",
                "method": "POST",
                "path": "/intake/clinic",
                "path_params": {"source": "clinic"},
                "query_string": b"",
                "headers": [(b"authorization", f"Bearer {token}".encode())],
                "app": SimpleNamespace(state=SimpleNamespace(gate=gate, settings=settings)),
            }
            response = await interaction("deliver", deliver.post)(Request(scope, receive, send))
        async with hub.database.connection() as connection:
            rows = await (await connection.execute("SELECT count(*) FROM delivery")).fetchall()
        return response.status_code, bytes(response.body), msgspec.convert(rows[0][0], int)

    status, told, deliveries = run(settings, work)
    assert (status, b"XL3045" in told) == (400, True)
    assert deliveries == 0
    assert spooled(settings) == []


def test_a_sender_that_falls_silent_is_given_up(settings: Settings, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(deliver, "SILENT_SECONDS", 0.05)

    class Silent:
        settings: Settings

        def stream(self) -> AsyncIterator[bytes]:
            async def parts() -> AsyncGenerator[bytes]:
                yield b"x"
                await asyncio.sleep(30)

            return parts()

    async def work() -> list[bytes]:
        return [part async for part in deliver.parts(Silent())]  # type: ignore[arg-type]

    with pytest.raises(deliver.CutOff):
        asyncio.run(work())


def test_wrong_numbers_are_told(client: TestClient) -> None:
    for most in ("x", "-1", "1.5", "٣", "1" * 19):
        answer = client.get(f"/intake/clinic/deliveries?most={most}")
        assert (answer.status_code, codes(answer)) == (400, {"XL3070"}), most
    assert client.get("/intake/clinic/deliveries/none").status_code == 400


def test_latest_receipts_first(client: TestClient) -> None:
    made = [client.post("/intake/clinic", content=patients(i)).json()["number"] for i in "abc"]
    told = client.get("/intake/clinic/deliveries?most=2").json()["deliveries"]
    assert [one["number"] for one in told] == made[:0:-1]


def test_faults_are_told_in_the_readers_language(client: TestClient) -> None:
    wrong = {"authorization": "Bearer wrong"}
    told = [
        client.get("/intake/clinic/deliveries", headers=wrong | {"accept-language": language}).text
        for language in ("zh", "en")
    ]
    assert "来源" in told[0] or "令牌" in told[0]
    assert "token" in told[1]
