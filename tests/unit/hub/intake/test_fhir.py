"""FHIR files of every shape: each record or entry is an item, none is left out, bad ones stand alone."""

import io
import json
from typing import Any
from zoneinfo import ZoneInfo

import pytest
from tests.intake import bundle, ndjson, observation, patient, put

from xinglin.core.exact_json import loads
from xinglin.hub.intake import fhir
from xinglin.hub.intake.fhir import Bundled, FhirJson, TooLarge
from xinglin.standards.conversion import Item, Mode, Origin, Piece

FORMAT = FhirJson()
FIRST = "urn:uuid:aaaaaaaa-0000-4000-8000-000000000001"


def origin(ids: str = "keep") -> Origin:
    return Origin("his", "x", "Hospital", "ns", ZoneInfo("Asia/Shanghai"), declared={"ids": ids})


def read(raw: bytes, ids: str = "keep") -> list[Item]:
    assert FORMAT.recognises(raw[:65_536])
    return [i for p in FORMAT.pieces(io.BytesIO(raw), origin(ids)) for i in FORMAT.items(p, origin(ids))]


def ids(items: list[Item]) -> list[str]:
    return [f"{f.resource['resourceType']}/{f.resource['id']}" for item in items for f in item.facts]


def codes(items: list[Item]) -> list[str | None]:
    return [item.error.code if item.error else None for item in items]


def pretty(value: Any) -> bytes:
    return json.dumps(value, indent=2, ensure_ascii=False).encode()


@pytest.mark.parametrize("start", [b"", b"\xef\xbb\xbf", b"\n\r\n  \n", b"\xef\xbb\xbf\n"])
@pytest.mark.parametrize("end", [b"\n", b"\r\n", b"\n\n \n"])
def test_lines(start: bytes, end: bytes) -> None:
    raw = start + end.join(ndjson([patient(i)]).strip() for i in "abc")
    items = read(raw)
    assert ids(items) == ["Patient/a", "Patient/b", "Patient/c"]
    for item in items:
        line = raw.split(b"\n")[item.line - 1]
        assert item.facts[0].resource["id"].encode() in line, "the line is told as an editor counts"


def test_a_bad_line_stands_alone() -> None:
    items = read(ndjson([patient("a")]) + b'{"resourceType": "Pati\n' + ndjson([patient("b")]))
    assert codes(items) == [None, "XL3001", None]
    assert items[1].raw == b'{"resourceType": "Pati\n'


@pytest.mark.parametrize(
    "first", [b'{"resourceType": "Patient", "id": "x"', b'{"resourceType":"Patient","id":"{"}']
)
def test_the_first_line_tells_nothing_of_the_others(first: bytes) -> None:
    """It may be broken, or have a brace in a text."""
    items = read(first + b"\n" + ndjson([patient("a"), patient("b")]))
    assert len(items) == 3
    assert ids(items[1:]) == ["Patient/a", "Patient/b"]


@pytest.mark.parametrize("write", [pretty, lambda value: ndjson([value])])
def test_bundles_and_records_over_one_line_or_many(write: Any) -> None:
    assert ids(read(write(patient("a")))) == ["Patient/a"]
    (item,) = read(write(bundle("transaction", put(patient("a")), put(observation("o")))))
    assert isinstance(item, Bundled)
    assert (item.count, ids([item])) == (2, ["Patient/a", "Observation/o"])
    large = [put(observation(f"o{number}", note=[{"text": "x" * 500}])) for number in range(300)]
    raw = write(bundle("transaction", *large))
    assert len(raw) > 65_536
    assert len(ids(read(raw))) == 300


@pytest.mark.parametrize("kind", ["batch", "collection", "searchset", "history", "message"])
def test_entries_that_stand_alone(kind: str) -> None:
    entries = [
        {"fullUrl": "urn:uuid:AAAAAAAA-0000-4000-8000-000000000001", "resource": {"resourceType": "Patient"}},
        {"fullUrl": "http://other/fhir/Observation/o",
         "resource": observation("o", subject={"reference": FIRST})},
        {"fullUrl": "urn:uuid:x", "resource": {"resourceType": "Nonsense"}},
        {"request": {"method": "DELETE", "url": "Patient/gone"}},
        {"request": {"method": "DELETE", "url": 7}}, {"request": None, "resource": patient("n")},
        {"request": []}, {"resource": "x"}, {}, {"resource": patient("last")},
    ]  # fmt: skip
    items = read(ndjson([bundle(kind, *entries)]))
    assert len(items) == len(entries)
    assert [item.error is None for item in items] == [True, True, False, True] + [False] * 5 + [True]
    made = items[0].facts[0].resource["id"]
    assert made == "aaaaaaaa-0000-4000-8000-000000000001"
    assert items[1].facts[0].resource["subject"] == {"reference": f"Patient/{made}"}
    assert items[3].facts[0].mode is Mode.DELETE


def test_a_document_is_kept_as_a_whole_too() -> None:
    items = read(ndjson([bundle("document", {"resource": patient("a")}, id="d")]))
    assert ids(items) == ["Bundle/d", "Patient/a"]


@pytest.mark.parametrize("keep", ["keep", "own"])
def test_an_entry_is_read_again_as_it_was(keep: str) -> None:
    """A refused entry is replayed without its bundle: with the same id, references and time."""
    entries = [
        {"fullUrl": "urn:uuid:aaaaaaaa-0000-4000-8000-000000000001", "resource": {"resourceType": "Patient"}},
        {"fullUrl": "urn:uuid:aaaaaaaa-0000-4000-8000-000000000002",
         "resource": {"resourceType": "Observation",
                      "subject": {"reference": "urn:uuid:aaaaaaaa-0000-4000-8000-000000000001"}}},
        {"resource": {"resourceType": "Observation", "subject": {"reference": "Patient/p"}}},
        {"resource": observation("o"), "request": {"method": "PUT", "url": "Observation/o"}},
        {"request": {"method": "DELETE", "url": "Observation/o"}},
    ]  # fmt: skip
    items = read(ndjson([bundle("batch", *entries, timestamp="2026-01-02T03:04:05Z")]), keep)
    for item in items:
        (again,) = FORMAT.items(Piece(item.raw), origin(keep))
        assert again.facts == item.facts


def test_ids_of_ones_own() -> None:
    record = observation(
        "o", subject={"reference": "Patient/p"}, performer=[{"reference": "http://x/Patient/p"}]
    )
    (one,), (other,) = read(ndjson([record]), "own"), read(ndjson([bundle("batch", put(record))]), "own")
    (person,) = read(ndjson([patient("p")]), "own")
    assert one.facts[0].resource["id"] == origin().id("Observation", "o")
    assert one.facts[0].resource["subject"]["reference"] == ids([person])[0]
    assert one.facts[0].resource["performer"] == record["performer"], "another server's stays"
    assert other.facts[0].resource == one.facts[0].resource
    assert ids(read(ndjson([patient("no id!")]), "own")) == ["Patient/no id!"], "to be refused as such"


def test_a_transaction_is_one() -> None:
    bad = bundle("transaction", put(patient("a")), {"request": {"method": "PUT", "url": "Patient/b"}})
    (item,) = read(ndjson([bad]))
    assert isinstance(item, Bundled)
    assert item.error is not None
    assert (item.count, item.error.expression) == (2, "Bundle.entry[1]")
    assert item.facts == ()


@pytest.mark.parametrize(
    "entry",
    [
        {
            "resource": patient("a"),
            "request": {"method": "POST", "url": "Patient", "ifNoneExist": "identifier=1"},
        },
        {"resource": patient("a"), "request": {"method": "PUT", "url": "Patient?identifier=1"}},
        put(observation("o", subject={"reference": "Patient?identifier=1"})),
        {"request": {"method": "GET", "url": "Patient/a"}},
        {"resource": patient("a")},
    ],
)
def test_conditions_are_for_the_hub(entry: dict) -> None:
    (item,) = read(ndjson([bundle("transaction", entry)]))
    assert isinstance(item, Bundled)
    assert (item.error, item.facts) == (None, ())
    assert item.conditional is not None
    assert item.conditional["entry"] == [entry]


@pytest.mark.parametrize("entries", [{}, "x", [1], [None], 7])
@pytest.mark.parametrize("kind", ["transaction", "batch", None, 5])
def test_bundles_without_entries(entries: Any, kind: Any) -> None:
    (item,) = read(ndjson([{"resourceType": "Bundle", "type": kind, "entry": entries}]))
    assert item.error is not None
    assert item.error.expression == "Bundle.entry"


@pytest.mark.parametrize(
    ("text", "code"),
    [
        (b'{"resourceType": "Patient", "id": "a", "id": "b"}', "XL3002"),
        (b'{"resourceType": "Patient", "id": 7}', "XL3004"),
        (b'{"resourceType": "Patient", "meta": 7}', "XL3004"),
        (b'{"resourceType": 7}', "XL3004"),
        (b'{"resourceType": "Patient", "x": ' + b"[" * 2_000 + b"]" * 2_000 + b"}", "XL3003"),
        (b'{"resourceType": "Patient", "x": "\xff"}', "XL3001"),
        (b'{"resourceType": "Patient", "x": 1e99999999999999999999}', "XL3001"),
    ],
)
def test_faults(text: bytes, code: str) -> None:
    items = read(text + b"\n" + ndjson([patient("a")]))
    assert codes(items) == [code, None]


@pytest.mark.parametrize(
    ("said", "time"),
    [
        ("2026-01-02T03:04:05Z", "2026-01-02T03:04:05+00:00"),
        ("2026-01-02T03:04:05.123456789+08:00", "2026-01-02T03:04:05.123456+08:00"),
        ("2026-01-02T03:04:05", None), ("2026-01-02", None), ("yesterday", None), (7, None), (None, None),
    ],
)  # fmt: skip
def test_times(said: Any, time: str | None) -> None:
    (item,) = read(ndjson([patient("a", meta={"lastUpdated": said})]))
    found = item.facts[0].time
    assert (found.isoformat() if found else None) == time


class Endless(io.RawIOBase):
    """A line without an end."""

    def __init__(self, start: bytes) -> None:
        self.given = 0
        self.start = start

    def readable(self) -> bool:
        return True

    def readinto(self, buffer: Any) -> int:
        if self.given == 0:
            buffer[: len(self.start)] = self.start
            self.given = len(self.start)
            return len(self.start)
        buffer[:] = b"x" * len(buffer)
        self.given += len(buffer)
        return len(buffer)


@pytest.mark.parametrize(
    "start",
    [b'{"resourceType": "Patient"', b'{"resourceType": "Patient"}\n{', b"{\n", b'{"resourceType": \n'],
)
def test_a_line_without_an_end(start: bytes, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(fhir, "LARGEST", 3_000_000)
    stream = Endless(start)
    with pytest.raises(TooLarge):
        list(FORMAT.pieces(io.BufferedReader(stream), origin()))  # pyright: ignore[reportArgumentType]
    assert stream.given < 10_000_000


def test_pieces_are_bounded_and_the_same_each_time() -> None:
    raw = ndjson(
        [observation(f"o{number}", note=[{"text": "x" * (number % 3_000)}]) for number in range(3_500)]
    )
    pieces = list(FORMAT.pieces(io.BytesIO(raw), origin()))
    assert pieces == list(FORMAT.pieces(io.BytesIO(raw), origin()))
    assert b"".join(piece.body for piece in pieces) == raw
    assert max(len(piece.body) for piece in pieces) <= 1_000_000
    assert max(piece.body.count(b"\n") for piece in pieces) <= 1_000
    lines = [item.line for piece in reversed(pieces) for item in FORMAT.items(piece, origin())]
    assert sorted(lines) == list(range(1, 3_501))
    assert loads(raw.split(b"\n")[0])["id"] == "o0"
