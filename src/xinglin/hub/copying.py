"""Rows for `COPY … FROM STDIN (FORMAT BINARY)`, packed by hand: the quickest way into PostgreSQL.

The format: https://www.postgresql.org/docs/current/sql-copy.html#id-1.9.3.55.9.4
"""

import struct
from collections.abc import Sequence
from datetime import UTC, datetime, timedelta

HEADER = b"PGCOPY\n\xff\r\n\0" + bytes(8)
TRAILER = b"\xff\xff"
NULL = b"\xff\xff\xff\xff"
EPOCH = datetime(2000, 1, 1, tzinfo=UTC)

_int2 = struct.Struct("!ih").pack
_int4 = struct.Struct("!ii").pack
_int8 = struct.Struct("!iq").pack
_length = struct.Struct("!i").pack
_fields = struct.Struct("!h").pack
_array_head = struct.Struct("!iiiiii").pack
INT8_OID = 20


def row(*fields: bytes) -> bytes:
    """Join packed fields to one row."""
    return _fields(len(fields)) + b"".join(fields)


def int2(value: int) -> bytes:
    """Pack a smallint."""
    return _int2(2, value)


def int4(value: int) -> bytes:
    """Pack an integer."""
    return _int4(4, value)


def int8(value: int) -> bytes:
    """Pack a bigint."""
    return _int8(8, value)


def raw(value: bytes | None) -> bytes:
    """Pack a bytea, or text in UTF-8."""
    return NULL if value is None else _length(len(value)) + value


def moment(value: datetime) -> bytes:
    """Pack a timestamptz: microseconds since 2000-01-01."""
    return _int8(8, (value - EPOCH) // timedelta(microseconds=1))


def int8_array(values: Sequence[int]) -> bytes:
    """Pack a bigint[]."""
    if not values:
        return _length(12) + struct.pack("!iii", 0, 0, INT8_OID)
    parts: list[int] = [8] * (2 * len(values))
    parts[1::2] = values
    packed = struct.pack("!" + "iq" * len(values), *parts)
    return _array_head(20 + len(packed), 1, 0, INT8_OID, len(values), 1) + packed
