"""The refused queue: what waits is shown, corrected, replayed or dismissed, and receipts follow."""

import gzip
from pathlib import Path

import pytest
from tests.intake import (
    add_source,
    bundle,
    load_text,
    ndjson,
    observation,
    patient,
    put,
    rows,
    told,
    versions,
)

from xinglin.core.errors import XinglinError
from xinglin.core.exact_json import dumps, loads
from xinglin.core.settings import Settings
from xinglin.hub.intake import deliveries, queue, registry
from xinglin.hub.intake.counts import Counts
from xinglin.hub.intake.refused import NoReason, NotRefused, Refused
from xinglin.hub.opened import with_connection

BAD = {"resourceType": "Observation", "id": "bad", "valueInteger": 1}


def waiting(settings: Settings, source: str | None = None) -> list[Refused]:
    return queue.list_some(settings, source=source, code=None, delivery=None, after=0, most=100)


def replay(settings: Settings, *numbers: int) -> list[tuple[int, bool, str | None]]:
    done = queue.replay(settings, numbers=numbers, source=None, code=None, delivery=None, who="me")
    return [(one.number, one.done, one.code) for one in done]


def receipt(settings: Settings, number: int) -> Counts:
    return with_connection(settings, lambda connection: deliveries.find(connection, number)).counts


def adds_up(counts: Counts) -> None:
    assert counts.received == counts.accepted + counts.unchanged + counts.refused
    assert counts.refused == sum(counts.by_reason.values())
    assert all(count > 0 for count in counts.by_reason.values())


def test_show_correct_replay(settings: Settings, tmp_path: Path) -> None:
    done = load_text(settings, tmp_path, ndjson([patient("p"), BAD]))
    number = done.deliveries[0].number
    (item,) = waiting(settings)
    assert (item.line, item.weight, item.times, item.state, item.delivery) == (2, 1, 1, "waiting", number)
    assert item.raw == b"", "a list has no need of the bytes"
    assert item.texts["zh"]["text"] != item.texts["en"]["text"]
    assert "status" in item.texts["en"]["text"]
    shown = queue.show(settings, item.number)
    assert loads(shown.raw) == BAD
    assert replay(settings, item.number) == [(item.number, False, item.code)]
    queue.correct(settings, item.number, corrected=dumps(observation("bad")), who="me")
    assert receipt(settings, number).refused == 1
    assert replay(settings, item.number) == [(item.number, True, None)]
    counts = receipt(settings, number)
    adds_up(counts)
    assert (counts.received, counts.accepted, counts.refused) == (2, 2, 0)
    assert counts.by_type == {"Patient": 1, "Observation": 1}
    assert waiting(settings) == []
    settled = queue.show(settings, item.number)
    assert (settled.state, settled.decided_by, loads(settled.raw)) == ("replayed", "me", BAD)
    with pytest.raises(NotRefused):
        replay(settings, item.number)
    with pytest.raises(NotRefused):
        queue.correct(settings, item.number, corrected=b"x", who="me")
    assert versions(settings) == 2


def test_dismiss(settings: Settings, tmp_path: Path) -> None:
    load_text(settings, tmp_path, ndjson([BAD]))
    (item,) = waiting(settings)
    with pytest.raises(NoReason):
        queue.dismiss(settings, item.number, who="me", why="  ")
    queue.dismiss(settings, item.number, who="me", why="a test record")
    assert waiting(settings) == []
    kept = queue.show(settings, item.number)
    assert (kept.state, kept.decision, loads(kept.raw)) == ("dismissed", "a test record", BAD)
    with pytest.raises(NotRefused):
        queue.dismiss(settings, item.number, who="me", why="again")
    again = load_text(settings, tmp_path, ndjson([BAD]) + b"\n")
    assert told(again) == (1, 0, 0, 1)
    assert len(waiting(settings)) == 1, "sent again, it asks for a decision again"


def test_the_same_refused_twice_waits_once(settings: Settings, tmp_path: Path) -> None:
    load_text(settings, tmp_path, ndjson([BAD]))
    load_text(settings, tmp_path, ndjson([BAD, patient("p")]))
    (item,) = waiting(settings)
    assert item.times == 2


def test_refused_for_another_reason(settings: Settings, tmp_path: Path) -> None:
    """The receipt tells the reason that holds now, and forgets it when the item is in."""
    done = load_text(settings, tmp_path, b'{"resourceType": "Patient", "id": "p"\n' + ndjson([patient("q")]))
    number = done.deliveries[0].number
    (item,) = waiting(settings)
    queue.correct(settings, item.number, corrected=dumps(BAD), who="me")
    ((_, taken, code),) = replay(settings, item.number)
    assert not taken
    assert code != item.code
    adds_up(receipt(settings, number))
    assert receipt(settings, number).by_reason == {code: 1}
    queue.correct(settings, item.number, corrected=dumps(patient("p")), who="me")
    assert replay(settings, item.number)[0][1]
    adds_up(receipt(settings, number))
    assert receipt(settings, number).by_reason == {}


def test_a_transaction_is_all_or_nothing(settings: Settings, tmp_path: Path) -> None:
    whole = bundle("transaction", put(patient("a")), put(BAD), put(patient("b")))
    done = load_text(settings, tmp_path, ndjson([whole, patient("c")]))
    assert told(done) == (4, 1, 0, 3)
    (item,) = waiting(settings)
    assert (item.weight, versions(settings)) == (3, 1)
    whole["entry"][1]["resource"] = observation("bad")
    queue.correct(settings, item.number, corrected=dumps(whole), who="me")
    assert replay(settings, item.number)[0][1]
    counts = receipt(settings, done.deliveries[0].number)
    adds_up(counts)
    assert (counts.received, counts.accepted, versions(settings)) == (4, 4, 4)


def test_an_entry_of_a_bundle(settings: Settings, tmp_path: Path) -> None:
    first = "urn:uuid:aaaaaaaa-0000-4000-8000-000000000001"
    whole = bundle("batch", {"fullUrl": first, "resource": {"resourceType": "Patient"}},
                   {"resource": BAD | {"subject": {"reference": first}}})  # fmt: skip
    assert told(load_text(settings, tmp_path, ndjson([whole]))) == (2, 1, 0, 1)
    (item,) = waiting(settings)
    corrected = loads(queue.show(settings, item.number).raw)
    corrected["entry"][0]["resource"] |= {"status": "final", "code": {"text": "x"}}
    queue.correct(settings, item.number, corrected=dumps(corrected), who="me")
    assert replay(settings, item.number)[0][1]
    query = "SELECT name FROM resource JOIN resource_type ON code = type ORDER BY name"
    assert rows(settings, query) == [("Observation",), ("Patient",)]


def test_a_whole_file(settings: Settings, tmp_path: Path) -> None:
    """A cut-off archive: corrected, it goes in, and what is wrong in it takes its place."""
    content = ndjson([patient("p"), BAD])
    done = load_text(settings, tmp_path, gzip.compress(content)[:-9])
    assert done.counts.by_reason == {"XL7030": 1}
    (item,) = waiting(settings)
    assert item.format == ""
    assert replay(settings, item.number) == [(item.number, False, "XL7030")]
    assert versions(settings) == 0
    queue.correct(settings, item.number, corrected=gzip.compress(content), who="me")
    assert replay(settings, item.number)[0][1]
    (left,) = waiting(settings)
    assert (left.line, left.format) == (2, "fhir")
    adds_up(receipt(settings, done.deliveries[0].number))
    assert versions(settings) == 1


def test_replay_by_filter(settings: Settings, tmp_path: Path) -> None:
    add_source(settings, "his")
    add_source(settings, "lis")
    for source in ("his", "lis"):
        registry.change(settings, source, {"formats": ["hl7v2"]})
        load_text(settings, tmp_path, ndjson([patient(source)]), source=source)
        registry.change(settings, source, {"formats": ["fhir"]})
    assert queue.reasons(settings, source=None) == [("his", "XL7004", 1), ("lis", "XL7004", 1)]
    done = queue.replay(settings, numbers=[], source="his", code="XL7004", delivery=None, who="me")
    assert [one.done for one in done] == [True]
    assert queue.reasons(settings, source=None) == [("lis", "XL7004", 1)]


def test_what_waits_for_others_goes_in_when_they_come(settings: Settings, tmp_path: Path) -> None:
    """Bundles of newer Synthea refer to practitioners by identifier; their file may come later."""
    number = {"system": "http://x", "value": "7"}
    about = observation("o", performer=[{"reference": "Practitioner?identifier=http://x|7"}])
    early = load_text(settings, tmp_path, ndjson([bundle("transaction", put(about), put(patient("p")))]))
    assert early.counts.by_reason == {"XL3026": 2}
    doctor = {"resourceType": "Practitioner", "id": "dr", "identifier": [number]}
    entry = {"resource": doctor, "request": {"method": "POST", "url": "Practitioner",
                                             "ifNoneExist": "identifier=http://x|7"}}  # fmt: skip
    late = load_text(settings, tmp_path, ndjson([bundle("transaction", entry)]))
    assert told(late) == (1, 1, 0, 0)
    assert waiting(settings) == []
    counts = receipt(settings, early.deliveries[0].number)
    adds_up(counts)
    assert (counts.received, counts.accepted, counts.by_reason) == (2, 2, {})
    assert told(load_text(settings, tmp_path, ndjson([bundle("transaction", entry)]) + b"\n")) == (1, 0, 1, 0)


def test_what_is_gone_cannot_be_shown(settings: Settings) -> None:
    with pytest.raises(NotRefused) as caught:
        queue.show(settings, 99)
    assert isinstance(caught.value, XinglinError)
    assert caught.value.code == "XL7050"
