"""Finding entries: by patient, agent, time, action, outcome and record, the latest first, page by page."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Final, LiteralString, cast

from xinglin.hub.database import Connection
from xinglin.trust.log.entry import Told, decode
from xinglin.trust.log.rows import key

Place = tuple[datetime, int]
"""Where a page ends: time and number of its last entry."""


@dataclass(frozen=True, slots=True)
class Asked:
    """What entries are wanted; what is empty restricts nothing, several values of one field are alternatives.

    `patients` are ids of Patients (all that a person has), `agents` ids of Who, `entities` are `Type/id`,
    `practitioners` ids of Practitioners who acted. `since` is included, `until` isn't.
    """

    patients: tuple[str, ...] = ()
    agents: tuple[str, ...] = ()
    practitioners: tuple[str, ...] = ()
    clients: tuple[str, ...] = ()
    sessions: tuple[str, ...] = ()
    entities: tuple[str, ...] = ()
    actions: tuple[str, ...] = ()
    outcomes: tuple[str, ...] = ()
    numbers: tuple[int, ...] = ()
    since: datetime | None = None
    until: datetime | None = None


@dataclass(frozen=True, slots=True)
class Written:
    """An entry of the log: its number, what it tells, and its bytes."""

    number: int
    told: Told
    body: bytes


@dataclass(frozen=True, slots=True)
class Found:
    """A page of entries. `after` is the place to go on from; None: there are no more."""

    entries: tuple[Written, ...]
    after: Place | None


async def find(connection: Connection, asked: Asked, *, before: Place | None, most: int) -> Found:
    """Give up to `most` entries behind the place `before`, the latest first."""
    found = await connection.execute(_query(asked, before), _values(asked, before, most + 1))
    rows = cast("list[tuple[int, datetime, bytes]]", await found.fetchall())
    page = rows[:most]
    entries = tuple(Written(number, decode(body), body) for number, _, body in page)
    after = (page[-1][1], page[-1][0]) if len(rows) > most and page else None
    return Found(entries, after)


async def count(connection: Connection, asked: Asked, *, most: int = 10_000) -> int | None:
    """Count the entries; None where there are more than `most`, which nobody waits for."""
    query = "SELECT count(*) FROM (" + _query(asked, None) + ") AS found"
    row = await (await connection.execute(query, _values(asked, None, most + 1))).fetchone()
    counted = cast("tuple[int]", row)[0]
    return counted if counted <= most else None


def _query(asked: Asked, before: Place | None) -> LiteralString:
    """Write the query.

    What is found by keys is found first, whatever the planner thinks of their number: a person has thousands
    of entries at most, while walking the log by time until enough of them were met could take hours.
    """
    parts: list[LiteralString] = ["true"]
    named: list[LiteralString] = [
        f"keys && %({name})s::bigint[]" for name, field in _KEYS if _has(asked, field)
    ]
    if asked.agents:
        parts.append("who = ANY(%(agents)s)")
    if asked.actions:
        parts.append("action = ANY(%(actions)s)")
    if asked.outcomes:
        parts.append("outcome = ANY(%(outcomes)s)")
    if asked.numbers:
        parts.append("number = ANY(%(numbers)s)")
    if asked.since:
        parts.append("at >= %(since)s")
    if asked.until:
        parts.append("at < %(until)s")
    if before:
        parts.append("(at, number) < (%(at)s, %(number)s)")
    where, ordered = " AND ".join(parts), " ORDER BY at DESC, number DESC LIMIT %(most)s"
    if not named:
        return "SELECT number, at, body FROM audit_entry WHERE " + where + ordered
    return (
        "WITH about AS MATERIALIZED (SELECT number, at, who, action, outcome FROM audit_entry WHERE "
        + " AND ".join(named)
        + "), page AS (SELECT number FROM about WHERE "
        + where
        + ordered
        + ") SELECT number, at, body FROM audit_entry JOIN page USING (number) ORDER BY at DESC, number DESC"
    )


_KEYS: Final[tuple[tuple[LiteralString, LiteralString], ...]] = (
    ("patient", "patients"),
    ("what", "entities"),
    ("practitioner", "practitioners"),
    ("client", "clients"),
    ("session", "sessions"),
)
"""How `rows.keys_of` names what a field holds."""


def _has(asked: Asked, field: str) -> bool:
    return bool(getattr(asked, field))


def _values(asked: Asked, before: Place | None, most: int) -> dict[str, object]:
    values: dict[str, object] = {
        kind: [key(kind, one) for one in cast("Sequence[str]", getattr(asked, field))]
        for kind, field in _KEYS
    }
    values |= {name: list(getattr(asked, name)) for name in ("agents", "actions", "outcomes", "numbers")}
    at, number = before or (None, None)
    return values | {"since": asked.since, "until": asked.until, "at": at, "number": number, "most": most}
