"""All sample messages: accepted or refused with a reason, and valid."""

import io
from collections.abc import Callable
from pathlib import Path

from xinglin.standards.conversion import Item, Origin
from xinglin.standards.hl7v2 import Hl7v2
from xinglin.standards.validation import validate


def _items(path: Path, origin: Origin) -> list[Item]:
    format_ = Hl7v2()
    raw = path.read_bytes()
    assert format_.recognises(raw[:65536]), path.name
    return [one for piece in format_.pieces(io.BytesIO(raw), origin) for one in format_.items(piece, origin)]


def test_every_sample_gives_valid_records_and_hides_nothing(shared: Callable[[str], Path], origin: Origin):
    refused: dict[str, str] = {}
    files = sorted(shared("data/hl7v2").glob("*.hl7"))
    assert len(files) == 71
    for path in files:
        (one,) = _items(path, origin)
        if one.error is not None:
            assert one.error.text()
            assert one.error.advice()
            refused[path.name] = one.error.text()
            continue
        assert one.facts, path.name
        for fact in one.facts:
            errors = [found.text() for found in validate(fact.resource) if found.severity == "error"]
            assert errors == [], (path.name, fact.resource["resourceType"])
    assert refused == {}


def test_reading_twice_gives_the_same(shared: Callable[[str], Path], origin: Origin):
    for path in sorted(shared("data/hl7v2").glob("*.hl7")):
        first, second = (_items(path, origin)[0].facts for _ in range(2))
        assert first == second


def test_each_reference_names_a_record_of_the_message_or_one_known_by_number(
    shared: Callable[[str], Path], origin: Origin
):
    # Only a parent document (TXA-13) may be spoken of without being in the message.
    for path in sorted(shared("data/hl7v2").glob("*.hl7")):
        (one,) = _items(path, origin)
        ids = {f"{fact.resource['resourceType']}/{fact.resource['id']}" for fact in one.facts}
        for fact in one.facts:
            record = {name: value for name, value in fact.resource.items() if name != "relatesTo"}
            assert set(_references(record)) <= ids, path.name


def _references(value: object) -> list[str]:
    if isinstance(value, list):
        return [one for entry in value for one in _references(entry)]
    if isinstance(value, dict):
        own = [value["reference"]] if isinstance(value.get("reference"), str) else []
        return own + [one for entry in value.values() for one in _references(entry)]
    return []
