"""One record that can't be stored, whatever the reason, leaves the others of its delivery alone."""

import json
from pathlib import Path
from typing import Any

import psycopg
import pytest
from starlette.testclient import TestClient
from tests.intake import add_source, load_text, ndjson, observation, patient, rows, told
from tests.support import run

from xinglin.core.settings import Settings
from xinglin.hub.hub import Hub
from xinglin.hub.intake import queue, sources
from xinglin.hub.intake.crew import loader
from xinglin.hub.intake.refused import Refused, keepable
from xinglin.hub.intake.replay import replay
from xinglin.hub.intake.run import deliver_now

HUGE = (
    b'{"resourceType":"Observation","id":"x","status":"final","code":{"text":"a"},'
    b'"valueQuantity":{"value":1e999999999}}'
)
NUL = ndjson([patient("n", name=[{"text": "a\0b"}])]).strip()
HALF = b'{"resourceType":"Patient","id":"h","name":[{"text":"\\ud800"}]}'
POISON = """
CREATE FUNCTION refuse() RETURNS trigger LANGUAGE plpgsql AS
$$ BEGIN RAISE EXCEPTION 'poison' USING ERRCODE = 'data_exception'; END $$;
CREATE TRIGGER refuse AFTER INSERT ON resource FOR EACH ROW WHEN (NEW.id = 'o7') EXECUTE FUNCTION refuse();
"""


def shown(settings: Settings) -> list[Refused]:
    """Give what was refused, with its bytes unsealed."""
    numbers = [number for (number,) in rows(settings, "SELECT number FROM refused ORDER BY number")]
    return [queue.show(settings, number) for number in numbers]


@pytest.mark.parametrize("bad", [HUGE, NUL, HALF], ids=["huge", "nul", "half"])
@pytest.mark.parametrize("validation", ["errors", "none"])
def test_only_the_culprit_waits(settings: Settings, tmp_path: Path, bad: bytes, validation: str) -> None:
    add_source(settings, "t", validation=validation)
    good = ndjson(observation(f"o{number}") for number in range(4))
    summary = load_text(settings, tmp_path, good + bad + b"\n", "t")
    assert summary.deliveries[0].state == "done"
    assert rows(settings, "SELECT count(*) FROM resource WHERE id LIKE 'o%'") == [(4,)]
    waiting = shown(settings)
    assert told(summary) == (5, 5 - len(waiting), 0, len(waiting))
    if validation == "errors":
        assert [one.raw for one in waiting] == [bad + b"\n"]


def poisoned(settings: Settings) -> None:
    with psycopg.connect(settings.database_url) as connection:
        connection.execute(POISON)


def test_what_nobody_foresaw_is_refused_alone(settings: Settings, tmp_path: Path) -> None:
    poisoned(settings)
    summary = load_text(settings, tmp_path, ndjson(observation(f"o{number}") for number in range(20)))
    assert told(summary) == (20, 19, 0, 1)
    assert [(one.code, one.raw) for one in shown(settings)] == [("XL0001", ndjson([observation("o7")]))]
    assert rows(settings, "SELECT count(*) FROM resource") == [(19,)]

    async def again(hub: Hub) -> tuple[bool, str | None]:
        number = rows(settings, "SELECT number FROM refused")[0][0]
        done = await replay(hub, await loader(hub), number, who="test")
        return done.done, done.code

    assert run(settings, again) == (False, "XL0001")
    with psycopg.connect(settings.database_url) as connection:
        connection.execute("DROP TRIGGER refuse ON resource")
    assert run(settings, again) == (True, None)


def test_a_small_delivery_at_once_too(settings: Settings) -> None:
    poisoned(settings)
    raw = ndjson(observation(f"o{number}") for number in range(20))

    async def deliver(hub: Hub) -> tuple[Any, ...]:
        async with hub.database.connection() as connection:
            source = await sources.local(connection)
        receipt, error = await deliver_now(hub, await loader(hub), source, "a\0b", raw)
        return receipt.counts.accepted, receipt.counts.refused, receipt.name, error and error.code

    assert run(settings, deliver) == (19, 1, "a␀b", "XL0001")
    assert rows(settings, "SELECT count(*) FROM refused") == [(1,)]


@pytest.mark.parametrize("bad", [HUGE, NUL, HALF], ids=["huge", "nul", "half"])
def test_a_request_is_refused_with_a_reason(client: TestClient, bad: bytes) -> None:
    kind = json.loads(bad.replace(b"1e999999999", b"1"))["resourceType"]
    answer = client.post(f"/fhir/{kind}", content=bad, headers={"Content-Type": "application/fhir+json"})
    assert 400 <= answer.status_code < 500
    assert answer.json()["resourceType"] == "OperationOutcome"


def test_texts_that_the_database_can_keep() -> None:
    assert keepable("a\0b\ud800") == "a␀b?"
    assert keepable(None) is None
