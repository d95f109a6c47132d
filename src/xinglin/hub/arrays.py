"""Arrays for the database in PostgreSQL's binary form, joined of packed fields (see `copying`).

Written out as text, bytes would double and every value be read again. The form: array_recv in
src/backend/utils/adt/arrayfuncs.c.
"""

import struct
from collections.abc import Sequence
from typing import Final

from psycopg import AsyncConnection
from psycopg.adapt import Buffer, Dumper
from psycopg.postgres import types
from psycopg.pq import Format

_HEAD: Final = struct.Struct("!iiIii").pack
_EMPTY: Final = struct.Struct("!iiI").pack


class Packed:
    """An array, of the type that a class below says."""

    __slots__ = ("data",)
    element: str

    def __init__(self, fields: Sequence[bytes]) -> None:
        """Join fields as `copying` packs them, each with its length before it."""
        oid = types[self.element].oid
        head = _HEAD(1, 0, oid, len(fields), 1) if fields else _EMPTY(0, 0, oid)
        self.data = head + b"".join(fields)


class Bigints(Packed):
    """A bigint[]."""

    __slots__ = ()
    element = "int8"


class Smallints(Packed):
    """A smallint[]."""

    __slots__ = ()
    element = "int2"


class Texts(Packed):
    """A text[]."""

    __slots__ = ()
    element = "text"


class Byteas(Packed):
    """A bytea[]."""

    __slots__ = ()
    element = "bytea"


class Moments(Packed):
    """A timestamptz[]."""

    __slots__ = ()
    element = "timestamptz"


def _dumper(kind: type[Packed]) -> type[Dumper]:
    class PackedDumper(Dumper):
        format = Format.BINARY
        oid = types[kind.element].array_oid

        def dump(self, obj: Packed) -> Buffer:
            return obj.data

    return PackedDumper


_DUMPERS: Final = {kind: _dumper(kind) for kind in (Bigints, Smallints, Texts, Byteas, Moments)}


def teach(connection: AsyncConnection[tuple[object, ...]]) -> None:
    """Have a connection take these arrays; told to each, for one may be open before this is imported."""
    for kind, dumper in _DUMPERS.items():
        connection.adapters.register_dumper(kind, dumper)
