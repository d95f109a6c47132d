"""Large sets of keys for the database: packed once, sent as they are.

A sight of ten thousand Patients would otherwise be written out as text and read again with every search.
"""

import struct
from dataclasses import dataclass
from functools import lru_cache
from typing import Final

import psycopg
from psycopg.adapt import Buffer, Dumper
from psycopg.postgres import types
from psycopg.pq import Format

from xinglin.hub.sight.membership import self_keys

_BIGINT: Final = types["int8"].oid
_BIGINTS: Final = types["int8"].array_oid
_HEAD: Final = struct.Struct("!iiIii")


@dataclass(frozen=True, slots=True)
class Packed:
    """A bigint[] in PostgreSQL's binary form (src/backend/utils/adt/arrayfuncs.c, array_recv)."""

    data: bytes


def packed(numbers: frozenset[int]) -> Packed:
    """Pack numbers of 64 bits."""
    if not numbers:
        return Packed(struct.pack("!iiI", 0, 0, _BIGINT))
    each = (part for number in sorted(numbers) for part in (8, number))
    head = _HEAD.pack(1, 0, _BIGINT, len(numbers), 1)
    return Packed(head + struct.pack("!" + "iq" * len(numbers), *each))


@lru_cache(maxsize=128)
def packed_patients(patients: frozenset[str]) -> Packed:
    """Pack the self keys of Patients, by their ids."""
    return packed(self_keys(patients))


class _PackedDumper(Dumper):
    format = Format.BINARY
    oid = _BIGINTS

    def dump(self, obj: Packed) -> Buffer:
        return obj.data


psycopg.adapters.register_dumper(Packed, _PackedDumper)
