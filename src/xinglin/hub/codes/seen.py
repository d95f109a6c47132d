"""Local codes as they were seen in records: counted beside loading, without making loaders wait.

A piece adds one row to `local_code_note`; whoever looks at the codes adds the notes up first (`fold`).
"""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any, cast

from psycopg.types.json import Jsonb

from xinglin.hub.database import Connection
from xinglin.standards.labitems.sketch import Sketch
from xinglin.standards.labitems.standard import Seen

LONGEST = 200
"""Characters that are kept of a code, its name or its unit; honest ones stay far below."""
FOLD_TOGETHER = 500
"""Notes that one step adds up."""

_NOTE = "INSERT INTO local_code_note (source, counts) VALUES (%s, %s)"
_TAKE = """
DELETE FROM local_code_note WHERE id IN (
    SELECT id FROM local_code_note ORDER BY id LIMIT %s FOR UPDATE SKIP LOCKED
) RETURNING source, at, counts
"""
_STORED = """
SELECT source, system, code, unit, sketch FROM local_code
JOIN unnest(%s::text[], %s::text[], %s::text[], %s::text[]) AS k(source, system, code, unit)
USING (source, system, code, unit) ORDER BY source, system, code, unit FOR UPDATE OF local_code
"""
_STORE = """
INSERT INTO local_code AS l
    (source, system, code, unit, kind, display, specimen, count, unmapped, sketch, first_seen, last_seen)
VALUES (%s, %s, %s, %s, %s, %s, %s, %s, %s, %s, %s, %s)
ON CONFLICT (system, code, unit, source) DO UPDATE SET
    display = CASE WHEN excluded.display = '' THEN l.display ELSE excluded.display END,
    specimen = CASE WHEN excluded.specimen = '' THEN l.specimen ELSE excluded.specimen END,
    count = l.count + excluded.count, unmapped = l.unmapped + excluded.unmapped, sketch = excluded.sketch,
    first_seen = least(l.first_seen, excluded.first_seen),
    last_seen = greatest(l.last_seen, excluded.last_seen)
"""
# Adding up is done by one at a time, so that no two read one sketch and both write it.
_LOCK = "SELECT pg_advisory_xact_lock(hashtext('xinglin.local_code'))"


@dataclass(slots=True)
class Count:
    """What is known of one local code with one unit."""

    kind: str
    display: str = ""
    specimen: str = ""
    count: int = 0
    unmapped: int = 0
    sketch: Sketch = field(default_factory=Sketch)

    def join(self, more: "Count") -> None:
        """Add up."""
        self.display, self.specimen = more.display or self.display, more.specimen or self.specimen
        self.count += more.count
        self.unmapped += more.unmapped
        self.sketch.join(more.sketch)


class Counts:
    """The local codes of one piece."""

    def __init__(self) -> None:
        self._by_code: dict[tuple[str, str, str], Count] = {}

    def __bool__(self) -> bool:
        return bool(self._by_code)

    @property
    def unmapped(self) -> int:
        """How many codings had no mapping."""
        return sum(one.unmapped for one in self._by_code.values())

    def add(self, kind: str, seen: Iterable[Seen]) -> None:
        """Take note of the local codes of a record of type `kind`."""
        for one in seen:
            key = _kept(one.system), _kept(one.code), _kept(one.unit)
            count = self._by_code.get(key)
            if count is None:
                count = self._by_code[key] = Count(kind)
            count.count += 1
            count.unmapped += one.item is None
            count.display, count.specimen = _kept(one.display), _kept(one.specimen)
            if one.value is not None:
                count.sketch.add(float(one.value))

    def rows(self) -> list[list[Any]]:
        """Give the counts as JSON."""
        return [
            [*key, one.kind, one.display, one.specimen, one.count, one.unmapped, one.sketch.plain()]
            for key, one in self._by_code.items()
        ]


def _kept(text: str) -> str:
    """Give a text as the database takes it: bounded, since it stands in an index, and without NUL."""
    if len(text) <= LONGEST and text.isprintable():
        return text
    return text[:LONGEST].encode(errors="replace").decode().replace("\x00", "")


async def note(connection: Connection, source: str, counts: Counts) -> None:
    """Store the local codes that a piece of `source` brought; part of the caller's transaction."""
    if counts:
        await connection.execute(_NOTE, [source, Jsonb(counts.rows())])


async def fold(connection: Connection) -> int:
    """Add some notes to `local_code`, inside the caller's transaction; give how many."""
    await connection.execute(_LOCK)
    taken = await (await connection.execute(_TAKE, [FOLD_TOGETHER])).fetchall()
    notes = cast("list[tuple[str, datetime, list[list[Any]]]]", taken)
    if not notes:
        return 0
    counts: dict[tuple[str, str, str, str], Count] = {}
    times: dict[tuple[str, str, str, str], tuple[datetime, datetime]] = {}
    for source, at, rows in notes:
        for system, code, unit, kind, display, specimen, count, unmapped, sketch in rows:
            key = source, system, code, unit
            one = counts.setdefault(key, Count(kind))
            one.join(Count(kind, display, specimen, count, unmapped, Sketch.of(sketch)))
            first, last = times.get(key, (at, at))
            times[key] = min(first, at), max(last, at)
    await _join_stored(connection, counts)
    await connection.cursor().executemany(
        _STORE, [_row(key, counts[key], times[key]) for key in sorted(counts)]
    )
    return len(notes)


async def _join_stored(connection: Connection, counts: dict[tuple[str, str, str, str], Count]) -> None:
    keys = sorted(counts)
    columns = [list(column) for column in zip(*keys, strict=True)]
    rows = await (await connection.execute(_STORED, columns)).fetchall()
    for source, system, code, unit, sketch in cast("list[tuple[str, str, str, str, Any]]", rows):
        counts[source, system, code, unit].sketch.join(Sketch.of(sketch))


def _row(key: tuple[str, str, str, str], one: Count, times: tuple[datetime, datetime]) -> Sequence[object]:
    plain = Jsonb(one.sketch.plain())
    return (*key, one.kind, one.display, one.specimen, one.count, one.unmapped, plain, *times)
