"""How each source stands: when it last delivered, how much of it was taken, and what waits to be mended.

A source is silent when it has delivered nothing for `SILENT_TIMES` as long as it usually does, and at least a
day. "Usually" is the middle of the pauses between its latest deliveries.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from itertools import pairwise
from statistics import median
from typing import Final, Literal

import msgspec

from xinglin.hub.database import Connection
from xinglin.hub.intake import sources
from xinglin.hub.intake.sources import Source

LATEST: Final = 30
"""Deliveries of each source that are looked at."""

SILENT_TIMES: Final = 3
LEAST_SILENCE: Final = timedelta(days=1)

Condition = Literal["delivering", "silent", "failing", "new", "disabled"]

_LATEST: Final = """
SELECT s.id, d.received, d.state, c.received, c.accepted, c.unchanged, c.refused
FROM source s CROSS JOIN LATERAL (
    SELECT number, received, state FROM delivery WHERE source = s.id ORDER BY number DESC LIMIT %(most)s) d
CROSS JOIN LATERAL (
    SELECT coalesce(sum((counts->>'received')::bigint), 0)::bigint,
        coalesce(sum((counts->>'accepted')::bigint), 0)::bigint,
        coalesce(sum((counts->>'unchanged')::bigint), 0)::bigint,
        coalesce(sum((counts->>'refused')::bigint), 0)::bigint
    FROM delivery_piece WHERE delivery = d.number) c (received, accepted, unchanged, refused)
WHERE %(source)s::text IS NULL OR s.id = %(source)s
ORDER BY s.id, d.number DESC
"""
_WAITING: Final = """
SELECT source, count(*) FROM refused WHERE state = 'waiting'
AND (%(source)s::text IS NULL OR source = %(source)s) GROUP BY source
"""
_DAYS: Final = """
SELECT (d.received AT TIME ZONE %(zone)s)::date AS day, count(DISTINCT d.number),
    coalesce(sum((p.counts->>'accepted')::bigint + (p.counts->>'unchanged')::bigint), 0)::bigint,
    coalesce(sum((p.counts->>'refused')::bigint), 0)::bigint
FROM delivery d LEFT JOIN delivery_piece p ON p.delivery = d.number
WHERE d.received >= %(since)s AND (%(source)s::text IS NULL OR d.source = %(source)s)
GROUP BY day ORDER BY day
"""


@dataclass(frozen=True, slots=True)
class Standing:
    """A source with its latest deliveries added up; `waiting` counts its items in the refused queue.

    `received`, `accepted`, `unchanged` and `refused` are items, `usual` the usual pause between deliveries.
    """

    source: Source
    condition: Condition
    last: datetime | None
    deliveries: int
    received: int
    accepted: int
    unchanged: int
    refused: int
    waiting: int
    usual: timedelta | None


@dataclass(frozen=True, slots=True)
class Day:
    """What was delivered on a day: deliveries, items taken and items refused."""

    day: date
    deliveries: int
    taken: int
    refused: int


class _Row(msgspec.Struct, array_like=True):
    source: str
    at: datetime
    state: str
    received: int
    accepted: int
    unchanged: int
    refused: int


async def standings(connection: Connection, now: datetime, source: str | None = None) -> list[Standing]:
    """Tell how all sources stand, by id, or one."""
    asked = {"source": source, "most": LATEST}
    found: dict[str, list[_Row]] = {}
    for row in await (await connection.execute(_LATEST, asked)).fetchall():
        one = msgspec.convert(row, _Row, strict=False)
        found.setdefault(one.source, []).append(one)
    counted = await (await connection.execute(_WAITING, asked)).fetchall()
    waiting: Mapping[str, int] = dict(msgspec.convert(counted, list[tuple[str, int]]))
    known = await sources.list_all(connection) if source is None else [await sources.find(connection, source)]
    return [_standing(one, found.get(one.id, []), waiting.get(one.id, 0), now) for one in known]


def _standing(source: Source, rows: Sequence[_Row], waiting: int, now: datetime) -> Standing:
    usual = _usual([one.at for one in rows])
    return Standing(
        source=source,
        condition=condition(source, [(one.at, one.state) for one in rows], usual, now),
        last=rows[0].at if rows else None,
        deliveries=len(rows),
        received=sum(one.received for one in rows),
        accepted=sum(one.accepted for one in rows),
        unchanged=sum(one.unchanged for one in rows),
        refused=sum(one.refused for one in rows),
        waiting=waiting,
        usual=usual,
    )


def condition(
    source: Source, latest: Sequence[tuple[datetime, str]], usual: timedelta | None, now: datetime
) -> Condition:
    """Tell a source's condition by its deliveries (when, and their state), the latest first."""
    if source.disabled is not None:
        return "disabled"
    if not latest:
        return "new"
    at, state = latest[0]
    if state == "failed":
        return "failing"
    silent = max(LEAST_SILENCE, SILENT_TIMES * (usual or LEAST_SILENCE))
    return "silent" if now - at > silent else "delivering"


def _usual(moments: Sequence[datetime]) -> timedelta | None:
    """Give the middle of the pauses between moments, the latest first."""
    pauses = [later - earlier for later, earlier in pairwise(moments)]
    return timedelta(seconds=median(one.total_seconds() for one in pauses)) if pauses else None


async def days(connection: Connection, since: datetime, zone: str, source: str | None = None) -> list[Day]:
    """Give what was delivered on each day since a moment; days without deliveries are left out."""
    asked = {"since": since, "zone": zone, "source": source}
    rows = await (await connection.execute(_DAYS, asked)).fetchall()
    return [Day(*one) for one in msgspec.convert(rows, list[tuple[date, int, int, int]])]
