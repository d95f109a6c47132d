"""Bundles whose entries set conditions come in by intake as any other's: each once, the later state stays."""

import json
from pathlib import Path
from typing import Any

from tests.support import run as with_hub

from xinglin.core.settings import Settings
from xinglin.hub.hub import Hub
from xinglin.hub.intake import sources
from xinglin.hub.intake.counts import Counts
from xinglin.hub.intake.crew import loader
from xinglin.hub.intake.replay import replay_waiting
from xinglin.hub.intake.run import deliver_now
from xinglin.hub.search.search import Asked

NPI = "http://hl7.org/fhir/sid/us-npi"
PRACTITIONER = {
    "fullUrl": "urn:uuid:6b1b1c0e-0000-4000-8000-000000000001",
    "resource": {"resourceType": "Practitioner", "identifier": [{"system": NPI, "value": "1"}]},
    "request": {"method": "POST", "url": "Practitioner", "ifNoneExist": f"identifier={NPI}|1"},
}
PERSON = {
    "fullUrl": "urn:uuid:6b1b1c0e-0000-4000-8000-000000000002",
    "resource": {
        "resourceType": "Patient",
        "name": [{"family": "测"}],
        "generalPractitioner": [{"reference": f"Practitioner?identifier={NPI}|1"}],
    },
    "request": {"method": "POST", "url": "Patient"},
}


def bundle(*entries: object, kind: str = "transaction", **more: object) -> bytes:
    return json.dumps({"resourceType": "Bundle", "type": kind, **more, "entry": entries}).encode()


def delivered(settings: Settings, *raws: bytes) -> tuple[list[Counts], int, list[dict[str, Any]]]:
    """Give the counts of each delivery, how many a later replay took, and the Patients and Practitioners."""

    async def work(hub: Hub) -> tuple[list[Counts], int, list[dict[str, Any]]]:
        async with hub.database.connection() as connection:
            source = await sources.local(connection)
        loads = await loader(hub)
        counts = [(await deliver_now(hub, loads, source, "x", raw))[0].counts for raw in raws]
        replayed = await replay_waiting(hub, loads)
        found: list[dict[str, Any]] = []
        for kind in ("Patient", "Practitioner"):
            answer = await hub.search(Asked([], kind, base=""))
            found += [hit.record.content for hit in answer.matches]
        return counts, replayed, found

    return with_hub(settings, work)


def test_what_exists_is_referred_to(settings: Settings, tmp_path: Path) -> None:
    counts, _, found = delivered(
        settings,
        bundle(PRACTITIONER),
        bundle(PERSON),
        bundle(PRACTITIONER, PERSON),
        bundle(PERSON, id="again"),
    )
    assert [(c.accepted, c.unchanged, c.refused) for c in counts] == [
        (1, 0, 0),
        (1, 0, 0),
        (0, 2, 0),
        (0, 1, 0),
    ]
    patient, practitioner = found
    assert patient["generalPractitioner"] == [{"reference": f"Practitioner/{practitioner['id']}"}]


def test_what_refers_to_records_to_come_waits_for_them(settings: Settings) -> None:
    counts, replayed, found = delivered(settings, bundle(PERSON), bundle(PRACTITIONER))
    assert [(c.accepted, c.refused) for c in counts] == [(0, 1), (1, 0)]
    assert (replayed, len(found)) == (1, 2)


def test_the_later_state_stays(settings: Settings) -> None:
    def put(name: str, time: str) -> bytes:
        condition = f"Practitioner?identifier={NPI}|1"
        record = PRACTITIONER["resource"] | {"name": [{"family": name}]}
        entry = {"resource": record, "request": {"method": "PUT", "url": condition}}
        return bundle(entry, timestamp=time)

    counts, _, found = delivered(
        settings,
        bundle(PRACTITIONER, timestamp="2020-01-01T00:00:00Z"),
        put("new", "2022-01-01T00:00:00Z"),
        put("old", "2021-01-01T00:00:00Z"),
    )
    assert [c.accepted for c in counts] == [1, 1, 1]
    assert [one["name"][0]["family"] for one in found] == ["new"]


def test_entries_of_a_batch_have_conditions_of_their_own(settings: Settings) -> None:
    missing = {
        **PERSON,
        "resource": {**PERSON["resource"], "generalPractitioner": [{"reference": "Practitioner?active=x"}]},
    }
    counts, _, found = delivered(settings, bundle(PRACTITIONER, PRACTITIONER, missing, kind="batch"))
    assert [(c.accepted, c.unchanged, c.refused) for c in counts] == [(1, 1, 1)]
    assert len(found) == 1


def test_requests_that_are_no_data_are_refused(settings: Settings) -> None:
    patch = {"request": {"method": "PATCH", "url": "Patient/a"}, "resource": {"resourceType": "Parameters"}}
    counts, _, _ = delivered(settings, bundle(patch, PERSON))
    assert counts[0].by_reason == {"XL7042": 2}


def test_deleting_what_a_condition_finds(settings: Settings) -> None:
    delete = {"request": {"method": "DELETE", "url": f"Practitioner?identifier={NPI}|1"}}
    counts, _, found = delivered(settings, bundle(PRACTITIONER), bundle(delete), bundle(delete, id="again"))
    assert [(c.accepted, c.unchanged) for c in counts] == [(1, 0), (1, 0), (0, 1)]
    assert found == []
