"""What the audit log is told of an answer: which records it gave, and whom they are about."""

import re
from collections.abc import Iterable, Sequence
from typing import Final

from xinglin.hub.records import Key, Record

What = tuple[tuple[str, str], ...]

# What is stored was written by us, compactly. This finds more rather than less: every Patient that a record
# names anywhere; reading the records for it would cost more than searching for them.
_PATIENT: Final = re.compile(rb'"reference":"(?:[^"]{0,512}/)?Patient/([A-Za-z0-9\-.]{1,64})["/]')


def what(records: Iterable[Record]) -> What:
    """Give which records these are, each once."""
    return named(record.key for record in records)


def named(keys: Iterable[Key | tuple[str, str]]) -> What:
    """Give which records these keys name, each once."""
    return tuple(dict.fromkeys((kind, id_) for kind, id_ in keys))


def patients(records: Iterable[Record]) -> tuple[str, ...]:
    """Give the ids of the Patients that records are about, in order of appearance."""
    found: dict[str, None] = {}
    for record in records:
        if record.key.type == "Patient":
            found[record.key.id] = None
        for id_ in _PATIENT.findall(record.body or b""):
            found[id_.decode()] = None
    return tuple(found)


def patients_in(bodies: Sequence[bytes]) -> tuple[str, ...]:
    """Give the ids of the Patients that JSON texts of ours refer to."""
    return tuple(dict.fromkeys(id_.decode() for body in bodies for id_ in _PATIENT.findall(body)))
