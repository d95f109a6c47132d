"""Rules over several records: asked anew for an institution's day after something in it changed.

A rule's query runs read-only inside a savepoint and gives the ids of the records it counts, each with whether
it fails; its findings and its count then replace those before.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import date, timedelta
from typing import Final, LiteralString, cast

import psycopg
from psycopg import sql

from xinglin.core.telemetry import logger
from xinglin.hub.database import Connection
from xinglin.hub.quality.ledger import Window
from xinglin.hub.quality.ruleset import Rule, RuleSet

_BROKEN: Final = (
    *(psycopg.ProgrammingError, psycopg.DataError, psycopg.InternalError, psycopg.NotSupportedError),
    psycopg.errors.QueryCanceled,
)
"""What can be wrong with a query; it mustn't keep the other rules from being asked."""

QUIET: Final = timedelta(seconds=30)
"""While records go on coming, a day is asked again only when nothing in it changed for so long."""

_NEXT: Final = """
DELETE FROM quality_window w USING (
    SELECT institution, day FROM quality_window WHERE touched <= now() - %s::interval
    ORDER BY touched, institution, day LIMIT %s FOR UPDATE SKIP LOCKED
) n WHERE (w.institution, w.day) = (n.institution, n.day) RETURNING w.institution, w.day
"""
_ANSWERS: Final = sql.SQL("""
SELECT asked.institution, asked.day, count(*),
    coalesce(array_agg(answer.id ORDER BY answer.id) FILTER (WHERE answer.fails), '{{}}')
FROM unnest(%(institutions)s::int[], %(days)s::date[]) AS asked(institution, day)
CROSS JOIN LATERAL ({rule}) AS answer GROUP BY asked.institution, asked.day
""")
_WINDOW: Final = {"%(institution)s": "asked.institution", "%(day)s": "asked.day"}
"""What a rule's query asks for, in the query for many days at once."""
_CLEAR: Final = """
WITH old AS (
    SELECT w.institution, w.day, q.rule
    FROM unnest(%s::int[], %s::date[]) AS w(institution, day), unnest(%s::smallint[]) AS q(rule)
), found AS (DELETE FROM quality_finding f USING old
    WHERE (f.rule, f.institution, f.day) = (old.rule, old.institution, old.day))
DELETE FROM quality_count c USING old
WHERE (c.institution, c.day, c.rule) = (old.institution, old.day, old.rule)
"""
_COUNT: Final = """
INSERT INTO quality_count (institution, day, rule, tested, failed)
SELECT * FROM unnest(%s::int[], %s::date[], %s::smallint[], %s::bigint[], %s::bigint[])
"""
_FIND: Final = """
INSERT INTO quality_finding (rule, institution, day, type, id) SELECT %s, %s, %s, %s, unnest(%s::text[])
"""
_WAIT: Final = """
INSERT INTO quality_missing (target, institution, day)
SELECT DISTINCT target, %s::int, %s::date FROM unnest(%s::text[]) AS f(id)
JOIN resource r ON r.type = %s AND r.id = f.id CROSS JOIN unnest(r.refs) AS target
WHERE NOT EXISTS (SELECT FROM resource t WHERE t.self_key = target)
ON CONFLICT DO NOTHING
"""


@dataclass(frozen=True, slots=True)
class _Answer:
    window: Window
    rule: Rule
    tested: int
    failed: list[str]


async def ask(
    connection: Connection,
    rules: RuleSet,
    numbers: Mapping[str, int],
    types: Mapping[str, int],
    *,
    most: int,
    caught_up: bool,
) -> int:
    """Ask the days that changed, oldest change first, `most` of them; give how many were asked."""
    cursor = await connection.execute(_NEXT, [timedelta(0) if caught_up else QUIET, most])
    windows = sorted(cast("list[Window]", await cursor.fetchall()))
    if not windows:
        return 0
    institutions, days = [institution for institution, _ in windows], [day for _, day in windows]
    asked = rules.of_kind("sql")
    arguments = {**types, **rules.arguments, "institutions": institutions, "days": days}
    answers = [one for rule in asked for one in await _answers(connection, rule, arguments)]
    await connection.execute(_CLEAR, [institutions, days, [numbers[rule.id] for rule in asked]])
    await _write(connection, answers, numbers, types)
    return len(windows)


async def _answers(connection: Connection, rule: Rule, arguments: Mapping[str, object]) -> list[_Answer]:
    """Run a rule's query for all windows; one that breaks counts nothing, and the log says so."""
    text = rule.test
    for name, column in _WINDOW.items():
        text = text.replace(name, column)
    # The text is the operator's own (a table in the hub's folder), never a request's; it can't write here.
    query = _ANSWERS.format(rule=sql.SQL(cast("LiteralString", text)))
    try:
        async with connection.transaction(force_rollback=True):
            await connection.execute("SET LOCAL transaction_read_only = on")
            rows = await (await connection.execute(query, arguments)).fetchall()
    except _BROKEN as error:
        logger().error("quality rule can't be asked", rule=rule.id, state=error.sqlstate)
        return []
    found = cast("list[tuple[int, date, int, list[str]]]", rows)
    return [_Answer((institution, day), rule, tested, failed) for institution, day, tested, failed in found]


async def _write(
    connection: Connection,
    answers: Sequence[_Answer],
    numbers: Mapping[str, int],
    types: Mapping[str, int],
) -> None:
    counts = [(*a.window, numbers[a.rule.id], a.tested, len(a.failed)) for a in answers]
    if counts:
        await connection.execute(_COUNT, [list(column) for column in zip(*counts, strict=True)])
    for one in answers:
        if one.failed:
            number, type_ = numbers[one.rule.id], types[one.rule.type]
            await connection.execute(_FIND, [number, *one.window, type_, one.failed])
            # What they refer to in vain: when it comes, the window is asked again.
            await connection.execute(_WAIT, [*one.window, one.failed, type_])
