"""The tables of data quality: numbers of rules and outcomes, results of records, counts.

Everything here works inside the caller's transaction.
"""

from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import date
from typing import Final, cast

from xinglin.core.exact_json import Json, dumps
from xinglin.hub import copying
from xinglin.hub.database import Connection

Window = tuple[int, date]
"""An institution's number and a day."""
Pair = tuple[int, str]
"""A record: number of its type, and id."""

_EPOCH: Final = date(2000, 1, 1)
_JSONB: Final = b"\x01"

# Only what is missing is inserted: a row that conflicts uses up a number of the sequence all the same.
_ADD_RULES: Final = """
INSERT INTO quality_rule (id, kind) SELECT * FROM unnest(%s::text[], %s::text[]) EXCEPT
SELECT id, kind FROM quality_rule ON CONFLICT DO NOTHING
"""
_ADD_INSTITUTIONS: Final = """
INSERT INTO quality_institution (code) SELECT DISTINCT unnest(%s::text[]) EXCEPT
SELECT code FROM quality_institution ON CONFLICT DO NOTHING
"""
_OUTCOME: Final = (
    "SELECT number FROM quality_outcome WHERE (tested, failed) = (%s::smallint[], %s::smallint[])"
)
_ADD_OUTCOME: Final = """
INSERT INTO quality_outcome (tested, failed) VALUES (%s::smallint[], %s::smallint[])
ON CONFLICT (tested, failed) DO UPDATE SET tested = excluded.tested RETURNING number
"""
_BEFORE: Final = """
SELECT r.type, r.id, r.institution, r.day, r.subject, r.facts::text, o.tested, o.failed
FROM unnest(%s::smallint[], %s::text[]) AS k(type, id)
JOIN quality_record r USING (type, id) JOIN quality_outcome o ON o.number = r.outcome
"""
_FORGET: Final = """
DELETE FROM quality_record r USING unnest(%s::smallint[], %s::text[]) AS k(type, id)
WHERE r.type = k.type AND r.id = k.id
"""
_FORGET_FINDINGS: Final = """
DELETE FROM quality_finding f
USING unnest(%s::smallint[], %s::int[], %s::date[], %s::smallint[], %s::text[])
    AS k(rule, institution, day, type, id)
WHERE (f.rule, f.institution, f.day, f.type, f.id) = (k.rule, k.institution, k.day, k.type, k.id)
"""
_COPY_RECORDS: Final = (
    "COPY quality_record (type, id, institution, day, outcome, subject, facts) FROM STDIN (FORMAT BINARY)"
)
_COPY_FINDINGS: Final = "COPY quality_finding (rule, institution, day, type, id) FROM STDIN (FORMAT BINARY)"
_COUNT: Final = """
INSERT INTO quality_count AS c (institution, day, rule, tested, failed)
SELECT * FROM unnest(%s::int[], %s::date[], %s::smallint[], %s::bigint[], %s::bigint[])
ON CONFLICT (institution, day, rule)
DO UPDATE SET tested = c.tested + excluded.tested, failed = c.failed + excluded.failed
"""
_DROP_EMPTY: Final = """
DELETE FROM quality_count c USING unnest(%s::int[], %s::date[], %s::smallint[]) AS k(institution, day, rule)
WHERE (c.institution, c.day, c.rule) = (k.institution, k.day, k.rule) AND c.tested = 0
"""
_TOUCH: Final = """
INSERT INTO quality_window (institution, day, touched)
SELECT DISTINCT i, d, now() FROM unnest(%s::int[], %s::date[]) AS k(i, d)
ON CONFLICT (institution, day) DO UPDATE SET touched = excluded.touched
"""
_TOUCH_SUBJECTS: Final = """
INSERT INTO quality_window (institution, day, touched)
SELECT DISTINCT institution, day, now() FROM quality_record
WHERE subject = ANY(%s::bigint[]) AND type <> %s
ON CONFLICT (institution, day) DO UPDATE SET touched = excluded.touched
"""
_TOUCH_WAITING: Final = """
WITH come AS (DELETE FROM quality_missing WHERE target = ANY(%s::bigint[]) RETURNING institution, day)
INSERT INTO quality_window (institution, day, touched) SELECT DISTINCT institution, day, now() FROM come
ON CONFLICT (institution, day) DO UPDATE SET touched = excluded.touched
"""


@dataclass(frozen=True, slots=True)
class Result:
    """A record as it was or is judged, all in numbers."""

    pair: Pair
    window: Window
    subject: int | None
    facts: str | None
    tested: tuple[int, ...]
    failed: tuple[int, ...]


class Numbers:
    """The short numbers that stand for institutions, rules and outcomes; one for a transaction."""

    def __init__(self, rules: Mapping[str, int], institutions: Mapping[str, int]) -> None:
        self.rules = rules
        self.institutions = institutions
        self._outcomes: dict[tuple[tuple[int, ...], tuple[int, ...]], int] = {}

    async def outcome(self, connection: Connection, result: Result) -> int:
        """Give the number of a result's outcome."""
        key = result.tested, result.failed
        if key not in self._outcomes:
            parts = [list(key[0]), list(key[1])]
            found = await (await connection.execute(_OUTCOME, parts)).fetchone()
            if found is None:
                found = await (await connection.execute(_ADD_OUTCOME, parts)).fetchone()
            self._outcomes[key] = int(str((found or (0,))[0]))
        return self._outcomes[key]


async def numbers(
    connection: Connection, rules: Sequence[tuple[str, str]], institutions: Iterable[str]
) -> Numbers:
    """Give the numbers of rules (id and kind) and institutions, adding those that are new."""
    await connection.execute(_ADD_RULES, [[id_ for id_, _ in rules], [kind for _, kind in rules]])
    codes = sorted(set(institutions))
    await connection.execute(_ADD_INSTITUTIONS, [codes])
    cursor = await connection.execute("SELECT id, kind, number FROM quality_rule")
    known = {(id_, kind): n for id_, kind, n in cast("list[tuple[str, str, int]]", await cursor.fetchall())}
    cursor = await connection.execute(
        "SELECT code, number FROM quality_institution WHERE code = ANY(%s)", [codes]
    )
    found = cast("list[tuple[str, int]]", await cursor.fetchall())
    return Numbers({id_: known[id_, kind] for id_, kind in rules}, dict(found))


async def before(connection: Connection, pairs: Sequence[Pair]) -> dict[Pair, Result]:
    """Give the results that records have so far."""
    cursor = await connection.execute(_BEFORE, [[t for t, _ in pairs], [i for _, i in pairs]], binary=True)
    rows = cast(
        "list[tuple[int, str, int, date, int | None, str | None, list[int], list[int]]]",
        await cursor.fetchall(),
    )
    return {
        (r[0], r[1]): Result((r[0], r[1]), (r[2], r[3]), r[4], r[5], tuple(r[6]), tuple(r[7])) for r in rows
    }


async def replace(
    connection: Connection, known: Numbers, old: Sequence[Result], new: Sequence[Result]
) -> None:
    """Take the old results out of records, findings and counts, and put the new ones in."""
    await connection.execute(_FORGET, [[r.pair[0] for r in old], [r.pair[1] for r in old]])
    gone = [(rule, *r.window, *r.pair) for r in old for rule in r.failed]
    if gone:
        await connection.execute(_FORGET_FINDINGS, [list(column) for column in zip(*gone, strict=True)])
    rows = [_row(result, await known.outcome(connection, result)) for result in new]
    await copying.copy_rows(connection, _COPY_RECORDS, rows)
    await copying.copy_rows(
        connection, _COPY_FINDINGS, [_finding(rule, r.window, r.pair) for r in new for rule in r.failed]
    )
    await _count(connection, old, new)


def _row(result: Result, outcome: int) -> bytes:
    return copying.row(
        copying.int2(result.pair[0]),
        copying.raw(result.pair[1].encode()),
        copying.int4(result.window[0]),
        _day(result.window[1]),
        copying.int4(outcome),
        copying.NULL if result.subject is None else copying.int8(result.subject),
        copying.raw(None if result.facts is None else _JSONB + result.facts.encode()),
    )


def _finding(rule: int, window: Window, pair: Pair) -> bytes:
    return copying.row(
        copying.int2(rule),
        copying.int4(window[0]),
        _day(window[1]),
        copying.int2(pair[0]),
        copying.raw(pair[1].encode()),
    )


def _day(day: date) -> bytes:
    return copying.int4((day - _EPOCH).days)


async def _count(connection: Connection, old: Sequence[Result], new: Sequence[Result]) -> None:
    tested: Counter[tuple[Window, int]] = Counter()
    failed: Counter[tuple[Window, int]] = Counter()
    for results, sign in ((old, -1), (new, 1)):
        alike = Counter((result.window, result.tested, result.failed) for result in results)
        for (window, those, wrong), times in alike.items():
            for rule in those:
                tested[window, rule] += sign * times
            for rule in wrong:
                failed[window, rule] += sign * times
    await add(connection, {key: (tested[key], failed[key]) for key in sorted(tested)})


async def add(connection: Connection, counts: Mapping[tuple[Window, int], tuple[int, int]]) -> None:
    """Add to the counts; those that fall to nothing vanish."""
    changed = [(*window, rule, *more) for (window, rule), more in counts.items() if more != (0, 0)]
    if changed:
        columns = [list(column) for column in zip(*changed, strict=True)]
        await connection.execute(_COUNT, columns)
        await connection.execute(_DROP_EMPTY, columns[:3])


async def touch(
    connection: Connection,
    windows: Iterable[Window],
    *,
    subjects: Sequence[int],
    arrived: Sequence[int],
    patient: int,
) -> None:
    """Have days asked again: these, those of records about `subjects`, those that wait for what `arrived`.

    Subjects and what arrived are self_keys; `patient` is the number of the type Patient.
    """
    found = sorted(set(windows))
    if found:
        await connection.execute(_TOUCH, [[i for i, _ in found], [day for _, day in found]])
    if subjects:
        await connection.execute(_TOUCH_SUBJECTS, [list(subjects), patient])
    if arrived:
        await connection.execute(_TOUCH_WAITING, [list(arrived)])


def written(facts: Json | None) -> str | None:
    """Write facts as text."""
    return None if facts is None else dumps(facts).decode()
