"""The demo province goes through the real intake: only planned faults are refused; again, nothing changes."""

import asyncio
from collections import Counter
from collections.abc import Iterator

import pytest
from tests.databases import new_database
from tests.intake import rows
from tests.support import client_of

from xinglin import demonstration
from xinglin.core.settings import Settings
from xinglin.hub.embedded import EmbeddedServer
from xinglin_demo import deliveries, senders, stories
from xinglin_demo.tables import table

PEOPLE = 25


@pytest.fixture(scope="module")
def filled(server: EmbeddedServer, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Settings]:
    """A hub with a small demo province in it, for all tests here; none of them changes it."""
    with new_database(server) as url:
        settings = Settings(database_url=url, home=str(tmp_path_factory.mktemp("demo")), language="en")
        fill(settings)
        yield settings


def fill(settings: Settings) -> list[tuple[int, int]]:
    told: list[tuple[int, int]] = []

    asyncio.run(
        demonstration.fill(
            settings, settings.database_url, PEOPLE, lambda done, total: told.append((done, total))
        )
    )
    return told


def state(settings: Settings) -> tuple[object, ...]:
    """Give what must stay when the demo is started again."""
    return (
        rows(settings, "SELECT type, id, version FROM resource_history ORDER BY 1, 2, 3"),
        rows(settings, "SELECT number, name, state FROM delivery ORDER BY 1"),
        rows(settings, "SELECT count(*) FROM refused"),
        rows(settings, "SELECT system, code, target FROM code_decision ORDER BY id"),
        rows(settings, "SELECT id FROM source ORDER BY 1"),
    )


def test_every_delivery_arrives_and_only_planned_faults_are_refused(filled: Settings):
    sent = list(deliveries(PEOPLE))
    found = rows(filled, "SELECT source, name, state FROM delivery")
    assert sorted(found) == sorted((one.sender, one.name, "done") for one in sent)
    refused = rows(
        filled, "SELECT d.source, d.name, r.code FROM refused r JOIN delivery d ON d.number = r.delivery"
    )
    planned = [(row["sender"], row["name"], row["code"]) for row in table("faults")]
    assert Counter(refused) == Counter(planned)
    for one in sent:
        path = filled.folder / "deliveries" / one.sender / one.name
        assert path.read_bytes() == one.content


def test_a_second_start_changes_nothing(filled: Settings):
    before = state(filled)
    told = fill(filled)
    assert state(filled) == before
    assert told[-1][0] == told[-1][1]


def test_messages_that_are_sent_again_are_unchanged(filled: Settings):
    (again,) = rows(
        filled,
        "SELECT p.counts->>'unchanged', p.counts->>'received' FROM delivery_piece p "
        "JOIN delivery d ON d.number = p.delivery WHERE d.name LIKE '%-sent-again.hl7'",
    )
    assert again[0] == again[1] != "0"


def test_an_old_address_that_arrives_late_overwrites_nothing(filled: Settings):
    number = next(stories(1)).number_at("city")
    with client_of(filled) as client:
        page = client.get("/fhir/Patient", params={"identifier": number}).json()
    (found,) = [entry["resource"] for entry in page["entry"]]
    assert found["address"][0]["line"] == ["药圃街8号"]


def test_every_sender_is_registered_and_has_a_scorecard(filled: Settings):
    assert {id_ for (id_,) in rows(filled, "SELECT id FROM source")} >= {one.id for one in senders()}
    query = """SELECT code FROM quality_institution i
        WHERE EXISTS (SELECT FROM quality_count c WHERE c.institution = i.number)"""
    judged = {one for (one,) in rows(filled, query)}
    assert judged == {one.institution for one in senders()}


def test_accepted_codes_are_mapped_and_others_wait(filled: Settings):
    mapped = {code for (code,) in rows(filled, "SELECT code FROM code_map")}
    assert mapped == {row["city_code"] for row in table("local_items") if row["standard"]}
    assert rows(filled, "SELECT count(*) FROM code_work") == [(0,)]
