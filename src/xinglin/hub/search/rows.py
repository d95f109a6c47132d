"""Search values as rows for COPY: one row of keys beside the body, side tables for what has an order.

Dates stand under an even place where they are a record's only one there and cover at most `SHORT`; any other
stands under the odd place beside it. So a search knows how far from its bounds the even ones can lie.
"""

from collections.abc import Iterable, Sequence
from decimal import Decimal
from typing import Any, TypeVar

from xinglin.hub import copying
from xinglin.hub.database import Connection
from xinglin.standards.search import Index

SHORT = 90_000_000_000
"""25 hours in microseconds: a day, also the one on which clocks are put back."""

TEXT_MOST = 400
"""Texts are kept up to so many characters; btree pages take no more than 2,704 bytes."""

LEAST, GREATEST = 1, 2

COPY_DATES = "COPY search_date (seq, low, high, place, edge) FROM STDIN (FORMAT BINARY)"
COPY_NUMBERS = "COPY search_number (seq, place, edge, low, high) FROM STDIN (FORMAT BINARY)"
COPY_STRINGS = "COPY search_string (seq, place, edge, text) FROM STDIN (FORMAT BINARY)"

REMOVE = """
WITH gone AS (SELECT unnest(%s::bigint[]) AS seq),
dates AS (DELETE FROM search_date USING gone WHERE search_date.seq = gone.seq),
numbers AS (DELETE FROM search_number USING gone WHERE search_number.seq = gone.seq)
DELETE FROM search_string USING gone WHERE search_string.seq = gone.seq
"""

ADD_TEXTS = """
WITH given AS (SELECT * FROM unnest(%s::bigint[], %s::text[]) AS t(hash, text)),
added AS (
    INSERT INTO search_text (hash, text) SELECT hash, text FROM given
    WHERE NOT EXISTS (SELECT FROM search_text s WHERE s.hash = given.hash) ORDER BY hash
    ON CONFLICT DO NOTHING
)
SELECT hash FROM search_text WHERE hash = ANY(%s)
"""

KNOWN_MOST = 200_000

Value = TypeVar("Value")


def even(place: int) -> int:
    """Give the place of single, short dates."""
    return place & ~1


def odd(place: int) -> int:
    """Give the place of all other dates."""
    return place | 1


def number_place(place: int, unit: int) -> int:
    """Give the signed 64-bit place of numbers in base unit `unit` (0: as written)."""
    return (place << 32) ^ unit


class Rows:
    """Writes the rows of side tables. One for a process."""

    def __init__(self) -> None:
        self._known: set[int] = set()

    def forget(self) -> None:
        """Forget what is known of the database, after it was changed by other means."""
        self._known.clear()

    async def write(self, connection: Connection, indexes: Sequence[tuple[int, Index]]) -> None:
        """Write the side rows of versions, given by their change numbers."""
        dates = [row for seq, index in indexes if index.dates for row in _dates(seq, index)]
        numbers = [row for seq, index in indexes if index.numbers for row in _numbers(seq, index)]
        strings = [row for seq, index in indexes if index.strings for row in _strings(seq, index)]
        await copying.copy_rows(connection, COPY_DATES, dates)
        await copying.copy_rows(connection, COPY_NUMBERS, numbers)
        await copying.copy_rows(connection, COPY_STRINGS, strings)
        await self._texts(connection, indexes)

    async def _texts(self, connection: Connection, indexes: Sequence[tuple[int, Index]]) -> None:
        texts = {one: text for _, index in indexes for one, text in index.texts.items()}
        new = sorted(texts.keys() - self._known)
        if not new:
            return
        parameters = [new, [texts[one][:TEXT_MOST].replace("\0", "") for one in new], new]
        rows = await (await connection.execute(ADD_TEXTS, parameters)).fetchall()
        # Only what was there before is remembered: what this transaction adds may yet be undone.
        if len(self._known) > KNOWN_MOST:
            self._known.clear()
        self._known.update(int(str(one)) for (one,) in rows)

    @staticmethod
    async def remove(connection: Connection, seqs: Sequence[int]) -> None:
        """Remove the side rows of versions that are no longer current."""
        if seqs:
            await connection.execute(REMOVE, [list(seqs)])


def _dates(seq: int, index: Index) -> Iterable[bytes]:
    by_place = _grouped((place, (low, high)) for place, low, high in index.dates)
    for place, found in by_place.items():
        short = len(found) == 1 and 0 < found[0][1] - found[0][0] <= SHORT
        key = even(place) if short else odd(place)
        for (low, high), edge in zip(found, _edges([low for low, _ in found]), strict=True):
            yield copying.row(
                copying.int8(seq),
                copying.int8(low),
                copying.int8(high),
                copying.int4(key),
                copying.int2(edge),
            )


def _numbers(seq: int, index: Index) -> Iterable[bytes]:
    rows: list[tuple[int, tuple[Decimal, Decimal]]] = []
    for one in index.numbers:
        rows.append((number_place(one.place, 0), (one.low, one.high)))
        if one.unit and one.base_low is not None and one.base_high is not None:
            rows.append((number_place(one.place, one.unit), (one.base_low, one.base_high)))
    for place, found in _grouped(rows).items():
        for (low, high), edge in zip(found, _edges([low for low, _ in found]), strict=True):
            yield copying.row(
                copying.int8(seq),
                copying.int8(place),
                copying.int2(edge),
                copying.numeric(low),
                copying.NULL if high == low else copying.numeric(high),
            )


def _strings(seq: int, index: Index) -> Iterable[bytes]:
    for place, found in _grouped(index.strings).items():
        kept = [text[:TEXT_MOST].replace("\0", "") for text in found]
        for text, edge in zip(kept, _edges(kept), strict=True):
            yield copying.row(
                copying.int8(seq), copying.int4(place), copying.int2(edge), copying.raw(text.encode())
            )


def _grouped(rows: Iterable[tuple[int, Value]]) -> dict[int, list[Value]]:
    found: dict[int, list[Value]] = {}
    for place, value in rows:
        found.setdefault(place, []).append(value)
    return found


def _edges(values: Sequence[Any]) -> Sequence[int]:
    """Mark one least and one greatest of the values."""
    if len(values) == 1:
        return (LEAST | GREATEST,)
    least, greatest = values.index(min(values)), values.index(max(values))
    return [(LEAST if at == least else 0) | (GREATEST if at == greatest else 0) for at in range(len(values))]
