"""Rules over several records: asked anew for an institution's day after something in it changed.

A rule's query runs read-only inside a savepoint and gives the ids of the records it counts, each with whether
it fails; its findings and its count then replace those before.
"""

from collections.abc import Mapping, Sequence
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
_ANSWER: Final = sql.SQL(
    "SELECT count(*), coalesce(array_agg(id ORDER BY id) FILTER (WHERE fails), '{{}}') "
    "FROM ({rule}) AS answer"
)
_CLEAR_FINDINGS: Final = "DELETE FROM quality_finding WHERE rule = ANY(%s) AND institution = %s AND day = %s"
_CLEAR_COUNTS: Final = "DELETE FROM quality_count WHERE rule = ANY(%s) AND institution = %s AND day = %s"
_FIND: Final = """
INSERT INTO quality_finding (rule, institution, day, type, id) SELECT %s, %s, %s, %s, unnest(%s::text[])
"""
_COUNT: Final = (
    "INSERT INTO quality_count (institution, day, rule, tested, failed) VALUES (%s, %s, %s, %s, %s)"
)
_WAIT: Final = """
INSERT INTO quality_missing (target, institution, day)
SELECT DISTINCT target, %s::int, %s::date FROM unnest(%s::text[]) AS f(id)
JOIN resource r ON r.type = %s AND r.id = f.id CROSS JOIN unnest(r.refs) AS target
WHERE NOT EXISTS (SELECT FROM resource t WHERE t.self_key = target)
ON CONFLICT DO NOTHING
"""


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
    wait = timedelta(0) if caught_up else QUIET
    cursor = await connection.execute(_NEXT, [wait, most])
    windows = sorted(cast("list[Window]", await cursor.fetchall()))
    for window in windows:
        await _ask_window(connection, rules, numbers, types, window)
    return len(windows)


async def _ask_window(
    connection: Connection,
    rules: RuleSet,
    numbers: Mapping[str, int],
    types: Mapping[str, int],
    window: Window,
) -> None:
    asked = rules.of_kind("sql")
    ours = [numbers[rule.id] for rule in asked]
    await connection.execute(_CLEAR_FINDINGS, [ours, *window])
    await connection.execute(_CLEAR_COUNTS, [ours, *window])
    arguments = {**types, **rules.arguments, "institution": window[0], "day": window[1]}
    for rule in asked:
        tested, failed = await _answer(connection, rule, arguments)
        if not tested:
            continue
        number, type_ = numbers[rule.id], types[rule.type]
        await connection.execute(_COUNT, [*window, number, tested, len(failed)])
        if failed:
            await connection.execute(_FIND, [number, *window, type_, failed])
            await _wait(connection, window, type_, failed)


async def _answer(
    connection: Connection, rule: Rule, arguments: Mapping[str, object]
) -> tuple[int, Sequence[str]]:
    """Run a rule's query; a query that breaks counts nothing, and the log says so."""
    # The text is the operator's own (a table in the hub's folder), never a request's; it can't write here.
    query = _ANSWER.format(rule=sql.SQL(cast("LiteralString", rule.test)))
    try:
        async with connection.transaction(force_rollback=True):
            await connection.execute("SET LOCAL transaction_read_only = on")
            row = await (await connection.execute(query, arguments)).fetchone()
    except _BROKEN as error:
        logger().error("quality rule can't be asked", rule=rule.id, state=error.sqlstate)
        return 0, ()
    return cast("tuple[int, list[str]]", row)


async def _wait(connection: Connection, window: tuple[int, date], type_: int, failed: Sequence[str]) -> None:
    """Note what the failing records refer to in vain, so that they are asked again when it comes."""
    await connection.execute(_WAIT, [*window, list(failed), type_])
