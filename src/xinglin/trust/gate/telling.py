"""What the audit log is told of an answer: which records it gave, and whom they are about."""

import re
from collections.abc import Iterable, Sequence
from typing import Final

from xinglin.hub.records import Key, Record

What = tuple[tuple[str, str], ...]

# What is stored was written by us, compactly. This finds more rather than less: every Patient that a record
# names anywhere; reading the records for it would cost more than searching for them.
_PATIENT: Final = re.compile(rb'"reference":"(?:[^"]{0,512}/)?Patient/([A-Za-z0-9\-.]{1,64})["/]')


def what(records: Iterable[Record]) -> Sequence[Key]:
    """Give which records these are."""
    return [record.key for record in records]


def named(keys: Iterable[Key | tuple[str, str]]) -> What:
    """Give which records these keys name, each once."""
    return tuple(dict.fromkeys((kind, id_) for kind, id_ in keys))


def patients(records: Sequence[Record]) -> tuple[str, ...]:
    """Give the ids of the Patients that records are about, each once, those that are records first."""
    own = dict.fromkeys(record.key.id for record in records if record.key.type == "Patient")
    return tuple(own | dict.fromkeys(patients_in([record.body or b"" for record in records])))


def patients_in(bodies: Sequence[bytes]) -> tuple[str, ...]:
    """Give the ids of the Patients that JSON texts of ours refer to."""
    found = dict.fromkeys(_PATIENT.findall(b"\n".join(bodies)))
    return tuple(id_.decode() for id_ in found)
