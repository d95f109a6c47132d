"""From a file to records: receipts, counts, and what comes twice, late, or from another."""

import gzip
import json
from pathlib import Path

import pytest
from tests.intake import (
    CLINIC,
    HOSPITAL,
    add_source,
    bundle,
    load,
    load_text,
    ndjson,
    observation,
    patient,
    put,
    rows,
    told,
    versions,
)
from tests.support import run

from xinglin.core.settings import Settings
from xinglin.hub.changes import Update
from xinglin.hub.intake import queue, registry
from xinglin.hub.intake.refused import Refused
from xinglin.hub.intake.run import LARGEST_KEPT
from xinglin.hub.intake.sources import SourceDisabled, UnknownSource
from xinglin.hub.records import Key


def content(settings: Settings, key: str) -> dict:
    async def read(hub):
        return (await hub.read(Key(*key.split("/")))).content

    return run(settings, read)


def texts(settings: Settings, id_: str) -> list[int]:
    """Give the values of an Observation's versions, oldest first."""

    async def read(hub):
        return [r.content["valueInteger"] for r in await hub.history(kind="Observation", id_=id_, most=99)]

    return run(settings, read)[::-1]


def shown(settings: Settings) -> list[Refused]:
    """Give what was refused, with its bytes."""
    numbers = [number for (number,) in rows(settings, "SELECT number FROM refused ORDER BY number")]
    return [queue.show(settings, number) for number in numbers]


def receipts_agree(settings: Settings) -> None:
    """Assert that receipts add up, and agree with what is stored."""
    counts = rows(settings, "SELECT counts FROM delivery_piece")
    stored = 0
    for (one,) in counts:
        if one:
            assert one["received"] == one["accepted"] + one["unchanged"] + one["refused"], one
            assert one["refused"] == sum(one["by_reason"].values())
            stored += sum(one["by_type"].values())
    assert stored == versions(settings)


def test_a_delivery_is_taken_once(settings: Settings, tmp_path: Path) -> None:
    content = ndjson([patient("p"), *(observation(f"o{n}") for n in range(5))])
    first = load_text(settings, tmp_path, content)
    assert told(first) == (6, 6, 0, 0)
    assert first.counts.by_type == {"Patient": 1, "Observation": 5}
    (receipt,) = first.deliveries
    assert (receipt.state, receipt.fault, receipt.source, receipt.size) == (
        "done",
        None,
        "local",
        len(content),
    )
    again = load_text(settings, tmp_path, content)
    assert told(again) == (6, 0, 6, 0)
    assert again.counts.by_type == {}
    assert again.deliveries[0].number == receipt.number, "another name, the same bytes: the same delivery"
    other = load_text(settings, tmp_path, content + b"\n")
    assert told(other) == (6, 0, 6, 0)
    assert other.deliveries[0].number != receipt.number
    packed = tmp_path / "packed.gz"
    packed.write_bytes(gzip.compress(content, mtime=0))
    assert told(load(settings, packed)) == (6, 0, 6, 0)
    assert versions(settings) == 6
    receipts_agree(settings)


def test_one_bad_record_stops_nothing(settings: Settings, tmp_path: Path) -> None:
    lines = [json.dumps(observation(f"o{n}")).encode() for n in range(4)]
    wrong = [
        b'{"resourceType": "Observation", "id": "x"',
        json.dumps({"resourceType": "Observation", "id": "y"}).encode(),
        json.dumps({"resourceType": "Beobachtung", "id": "z"}).encode(),
        json.dumps(observation("no good")).encode(),
        b'{"resourceType": "Observation", "id": "d", "id": "d", "status": "final", "code": {"text": "x"}}',
        b"[1, 2]", b"null", b"\xff\xfe",
        json.dumps(observation("future", time="2199-01-01T00:00:00Z")).encode(),
    ]  # fmt: skip
    done = load_text(settings, tmp_path, b"\n".join([*lines[:2], *wrong, *lines[2:]]))
    assert told(done) == (4 + len(wrong), 4, 0, len(wrong))
    found = shown(settings)
    assert [one.line for one in found] == list(range(3, 3 + len(wrong)))
    assert [one.raw.rstrip(b"\n") for one in found] == wrong, "whole, as it came"
    codes = ["XL3001", "XL5010", "XL3005", "XL3024", "XL3002", "XL3004", "XL3004", "XL3001", "XL7012"]
    assert [one.code for one in found] == codes
    assert rows(settings, "SELECT count(*) FROM resource") == [(4,)]
    receipts_agree(settings)


def test_a_message_from_the_future_waits_refused(settings: Settings, tmp_path: Path) -> None:
    message = b"MSH|^~\\&|HIS|H|HUB|X|%b||ADT^A28|M%d|P|2.5\rEVN|A28\rPID|1||%d\r"
    done = load_text(settings, tmp_path, message % (b"20260401103000", 1, 1) + message % (b"21990101", 2, 2))
    assert told(done) == (2, 1, 0, 1)
    assert rows(settings, "SELECT item, code FROM refused") == [(2, "XL7012")]


def test_late_versions(settings: Settings, tmp_path: Path) -> None:
    def deliver(value: int, day: int) -> tuple[int, ...]:
        time = f"2026-01-{day:02d}T00:00:00.000Z"
        return told(
            load_text(settings, tmp_path, ndjson([observation("o", value, time), patient(f"p{day}")]))
        )[1:3]

    assert deliver(5, 5) == (2, 0)
    assert deliver(3, 3) == (2, 0)
    assert texts(settings, "o") == [5, 3, 5], "the older one is kept as a version, the newer stays"
    assert content(settings, "Observation/o")["valueInteger"] == 5
    load_text(settings, tmp_path, ndjson([observation("o", 3, "2026-01-03T00:00:00Z"), patient("other")]))
    assert texts(settings, "o") == [5, 3, 5], "once"
    assert deliver(7, 7) == (2, 0)
    assert texts(settings, "o") == [5, 3, 5, 7]
    meta = content(settings, "Observation/o")["meta"]
    assert meta["source"].startswith("urn:xinglin:source:local:")
    assert meta["extension"][0]["valueInstant"] == "2026-01-07T00:00:00Z"
    receipts_agree(settings)


def test_edited_in_the_hub_in_between(settings: Settings, tmp_path: Path) -> None:
    old = ndjson([observation("o", 1, "2026-01-01T00:00:00Z")])
    load_text(settings, tmp_path, old)

    async def edit(hub):
        await hub.change(Update("Observation", key=Key("Observation", "o"), content=observation("o", 50)))

    run(settings, edit)
    assert told(load_text(settings, tmp_path, old + b"\n")) == (1, 0, 1, 0)
    assert told(load_text(settings, tmp_path, ndjson([observation("o", 2, "2026-01-02T00:00:00Z")])))[1] == 1
    assert texts(settings, "o") == [1, 50, 2, 50]


def test_deleted_and_made_again_at_the_source(settings: Settings, tmp_path: Path) -> None:
    def deletion(time: str) -> dict:
        entry = {"request": {"method": "DELETE", "url": "Observation/o"}}
        return bundle("transaction", entry, timestamp=time)

    load_text(settings, tmp_path, ndjson([deletion("2026-01-05T00:00:00Z")]))
    late = load_text(settings, tmp_path, ndjson([observation("o", 1, "2026-01-01T00:00:00Z"), patient("p")]))
    assert told(late) == (2, 2, 0, 0)
    assert rows(settings, "SELECT count(*) FROM resource WHERE body IS NULL") == [(1,)], (
        "deleted before it came"
    )
    load_text(settings, tmp_path, ndjson([observation("o", 7, "2026-01-07T00:00:00Z"), patient("p2")]))
    assert content(settings, "Observation/o")["valueInteger"] == 7
    load_text(settings, tmp_path, ndjson([deletion("2026-01-06T00:00:00Z")]))
    assert content(settings, "Observation/o")["valueInteger"] == 7
    receipts_agree(settings)


def test_two_sources_with_one_id(settings: Settings, tmp_path: Path) -> None:
    add_source(settings, "his")
    add_source(settings, "lis")
    add_source(settings, "clinic", CLINIC)
    add_source(settings, "clinic-own", CLINIC, ids="own", namespace="clinic")
    load_text(settings, tmp_path, ndjson([observation("o", 1)]), source="his")
    assert told(load_text(settings, tmp_path, ndjson([observation("o", 2)]), source="lis")) == (1, 1, 0, 0)
    refused = load_text(settings, tmp_path, ndjson([observation("o", 3)]), source="clinic")
    assert refused.counts.by_reason == {"XL7011": 1}
    own = load_text(settings, tmp_path, ndjson([observation("o", 4)]), source="clinic-own")
    assert told(own) == (1, 1, 0, 0)
    assert rows(settings, "SELECT count(*) FROM resource") == [(2,)]
    assert texts(settings, "o") == [1, 2]
    receipts_agree(settings)


def test_a_number_given_to_another_person(settings: Settings, tmp_path: Path) -> None:
    def person(name: str, born: str) -> dict:
        return patient("7", name=[{"text": name}], birthDate=born)

    load_text(settings, tmp_path, ndjson([person("王小明", "1970-01-01")]))
    assert told(load_text(settings, tmp_path, ndjson([person("王大明", "1970-01-01")])))[1] == 1
    other = load_text(settings, tmp_path, ndjson([person("李丽", "1981-02-03"), observation("o")]))
    assert (other.counts.accepted, other.counts.by_reason) == (1, {"XL7010": 1})
    assert content(settings, "Patient/7")["name"] == [{"text": "王大明"}]
    (item,) = shown(settings)
    assert "Patient/7" in item.texts["zh"]["text"]


def test_who_may_deliver(settings: Settings, tmp_path: Path) -> None:
    with pytest.raises(UnknownSource):
        load_text(settings, tmp_path, b"{}", source="nobody")
    add_source(settings, "his")
    registry.enable(settings, "his", yes=False)
    with pytest.raises(SourceDisabled):
        load_text(settings, tmp_path, b"{}", source="his")
    assert rows(settings, "SELECT count(*) FROM delivery") == [(0,)]
    registry.enable(settings, "his", yes=True)
    assert told(load_text(settings, tmp_path, ndjson([patient("p")]), source="his")) == (1, 1, 0, 0)


@pytest.mark.parametrize(
    ("raw", "code"),
    [
        (b"\x00\x01\x02 nothing known", "XL7003"),
        (b"", "XL7005"),
        (b"\x1f\x8b\x08 no gzip at all", "XL7030"),
        (gzip.compress(b"\x00\x01\x02", mtime=0), "XL7003"),
        (gzip.compress(ndjson([patient("p")]) * 9, mtime=0)[:-12], "XL7030"),
    ],
)
def test_files_that_nobody_can_read_are_kept_whole(
    settings: Settings, tmp_path: Path, raw: bytes, code: str
) -> None:
    done = load_text(settings, tmp_path, raw)
    assert done.counts.by_reason == {code: 1}
    assert done.counts.refused == 1
    (item,) = shown(settings)
    assert item.format == ""
    assert item.raw in (raw, b"\x00\x01\x02") or item.raw.startswith(ndjson([patient("p")]))
    receipts_agree(settings)
    assert told(load_text(settings, tmp_path, raw)) == (1, 0, 0, 1), "the same again"
    assert rows(settings, "SELECT count(*) FROM refused") == [(1,)]


def test_a_large_file_that_nobody_can_read(settings: Settings, tmp_path: Path) -> None:
    """Too large to be kept: the delivery fails, and says so; the file stays where it is."""
    path = tmp_path / "large"
    path.write_bytes(b"\x00" * (LARGEST_KEPT + 1))
    done = load(settings, path)
    assert done.deliveries[0].state == "failed"
    assert done.counts.by_reason == {"XL7062": 1}
    assert told(done) == (1, 0, 0, 1)
    path.write_bytes(ndjson([patient("p")]))
    assert told(load(settings, path)) == (1, 1, 0, 0)


def test_a_file_that_is_gone(settings: Settings, tmp_path: Path) -> None:
    with pytest.raises(FileNotFoundError):
        load(settings, tmp_path / "missing")


def test_a_source_may_send_what_was_agreed(settings: Settings, tmp_path: Path) -> None:
    add_source(settings, "lis", formats=["hl7v2"])
    done = load_text(settings, tmp_path, ndjson([patient("p")]), source="lis")
    assert done.counts.by_reason == {"XL7004": 1}
    registry.change(settings, "lis", {"formats": ["hl7v2", "fhir"]})
    assert registry.find(settings, "lis").formats == ("hl7v2", "fhir")


def test_records_that_are_not_checked(settings: Settings, tmp_path: Path) -> None:
    add_source(settings, "old", validation="none")
    lines = [
        {"resourceType": "Patient", "id": "a", "name": "Wang", "birthDate": 7, "identifier": "x"},
        {"resourceType": "Patient", "id": "a", "name": [1, None], "birthDate": None, "identifier": [3, {}]},
        {"resourceType": "Patient", "id": "a", "name": [{"given": "x", "family": ["y"]}]},
        {
            "resourceType": "Patient",
            "id": "a",
            "name": [{"given": [None, 7], "text": {}}],
            "meta": {"tag": 5},
        },
        {"resourceType": "Patient", "id": "b", "meta": {"extension": "x", "lastUpdated": 99}},
        {"resourceType": "Observation", "id": "o", "code": 5, "valueQuantity": ["x"]},
    ]
    done = load_text(settings, tmp_path, ndjson(lines), source="old")
    assert told(done) == (6, 6, 0, 0), done.counts
    receipts_agree(settings)


def test_folders(settings: Settings, tmp_path: Path) -> None:
    (tmp_path / "in" / ".git").mkdir(parents=True)
    (tmp_path / "in" / "b").mkdir()
    (tmp_path / "in" / ".hidden").write_bytes(b"x")
    (tmp_path / "in" / ".git" / "x").write_bytes(b"x")
    (tmp_path / "in" / "b" / "1.json").write_bytes(ndjson([patient("p")]))
    (tmp_path / "in" / "a.json").write_bytes(
        json.dumps(bundle("transaction", put(patient("q"))), indent=2).encode()
    )
    done = load(settings, tmp_path / "in")
    assert told(done) == (2, 2, 0, 0)
    assert [one.name for one in done.deliveries] == ["a.json", "1.json"]


def test_synthea(settings: Settings, shared, tmp_path: Path) -> None:
    files = sorted(shared("data/synthea").glob("*.json.gz"), key=lambda file: file.stat().st_size)[:12]
    done = load(settings, *files)
    assert done.counts.refused == 0, done.counts.by_reason
    entries = sum(len(json.loads(gzip.decompress(file.read_bytes()))["entry"]) for file in files)
    shared_between = entries - rows(settings, "SELECT count(*) FROM resource")[0][0]
    assert told(done) == (entries, entries - shared_between, shared_between, 0)
    assert shared_between < 10, "organizations and practitioners of several people"
    receipts_agree(settings)
    assert told(load(settings, *files)) == (entries, 0, entries, 0)
    assert HOSPITAL != CLINIC
