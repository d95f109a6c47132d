"""Rows for `COPY … FROM STDIN (FORMAT BINARY)`, packed by hand: the quickest way into PostgreSQL.

The format: https://www.postgresql.org/docs/current/sql-copy.html#id-1.9.3.55.9.4
"""

import struct
from collections.abc import Sequence
from datetime import UTC, datetime, timedelta
from decimal import Decimal
from typing import LiteralString

import psycopg

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


async def copy_rows(
    connection: psycopg.AsyncConnection[tuple[object, ...]], query: LiteralString, rows: Sequence[bytes]
) -> None:
    """Send packed rows; `query` is a COPY … FROM STDIN (FORMAT BINARY)."""
    if rows:
        async with connection.cursor().copy(query) as copy:
            await copy.write(HEADER + b"".join(rows) + TRAILER)


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


_numeric_head = struct.Struct("!hhHh").pack
_POSITIVE, _NEGATIVE, _INFINITE, _MINUS_INFINITE = 0x0000, 0x4000, 0xD000, 0xF000
_GROUP = 4


def numeric(value: Decimal) -> bytes:
    """Pack a numeric: groups of four decimal digits, the first with weight 10000^`weight`.

    The format is that of `numeric_send` in PostgreSQL's src/backend/utils/adt/numeric.c.
    """
    if value.is_infinite():
        sign = _MINUS_INFINITE if value < 0 else _INFINITE
        return _length(8) + _numeric_head(0, 0, sign, 0)
    negative, digits, exponent = value.as_tuple()
    exponent = int(exponent)
    text = "".join(map(str, digits))
    scale = max(0, -exponent)
    shift = exponent % _GROUP
    text += "0" * shift
    exponent -= shift
    text = "0" * (-len(text) % _GROUP) + text
    groups = [int(text[at : at + _GROUP]) for at in range(0, len(text), _GROUP)]
    weight = len(groups) + exponent // _GROUP - 1
    while groups and groups[-1] == 0:
        groups.pop()
    packed = struct.pack(f"!{len(groups)}H", *groups)
    head = _numeric_head(len(groups), weight, _NEGATIVE if negative else _POSITIVE, scale)
    return _length(8 + len(packed)) + head + packed
