"""Grants: access beyond relations. A broken glass is about one patient and reviewed; a contract about none.

Who may give them is for the callers to see to; each change names who made it.
"""

from collections.abc import Sequence
from datetime import datetime
from typing import Any, Final, Literal, LiteralString

import msgspec
from psycopg.rows import dict_row

from xinglin.hub.database import Connection
from xinglin.trust.policy.errors import UnknownGrant

Kind = Literal["emergency", "contract"]
Outcome = Literal["justified", "unjustified", "unclear"]

OUTCOMES: Final[Sequence[Outcome]] = ("justified", "unjustified", "unclear")
MOST: Final = 1_000


class Grant(msgspec.Struct, frozen=True, kw_only=True):
    """A grant as it stands. `reason` is a code of reasons.csv, or a contract's number; `words` say more."""

    id: int
    kind: Kind
    who: str
    name: str
    institution: str | None
    patient: str | None
    purpose: str
    reason: str
    words: str
    since: datetime
    until: datetime
    given_by: str | None
    ended: datetime | None
    ended_by: str | None
    outcome: Outcome | None
    reviewed: datetime | None
    reviewed_by: str | None
    why: str | None

    def is_in_force(self, at: datetime) -> bool:
        """Whether it opens anything at a time."""
        return self.ended is None and self.since <= at < self.until


_COLUMNS: LiteralString = ", ".join(
    [
        *("id", "kind", "who", "name", "institution", "patient", "purpose", "reason", "words", "since"),
        *("until", "given_by", "ended", "ended_by", "outcome", "reviewed", "reviewed_by", "why"),
    ]
)
_IN_FORCE: LiteralString = "ended IS NULL AND since <= now() AND until > now()"
_ADD: LiteralString = f"""
INSERT INTO access_grant (kind, who, name, institution, patient, purpose, reason, words, until, given_by)
VALUES (%(kind)s, %(who)s, %(name)s, %(institution)s, %(patient)s, %(purpose)s, %(reason)s, %(words)s,
    %(until)s, %(given_by)s)
RETURNING {_COLUMNS}
"""
_END: LiteralString = f"""
UPDATE access_grant SET ended = now(), ended_by = %s WHERE id = %s AND ended IS NULL RETURNING {_COLUMNS}
"""
_REVIEW: LiteralString = f"""
UPDATE access_grant SET outcome = %(outcome)s, reviewed = now(), reviewed_by = %(by)s, why = %(why)s,
    ended = CASE WHEN %(end)s AND until > now() THEN coalesce(ended, now()) ELSE ended END,
    ended_by = CASE WHEN %(end)s AND until > now() THEN coalesce(ended_by, %(by)s) ELSE ended_by END
WHERE id = %(id)s AND kind = 'emergency' AND outcome IS NULL RETURNING {_COLUMNS}
"""


async def add(
    connection: Connection,
    *,
    kind: Kind,
    who: str,
    name: str,
    institution: str | None,
    patient: str | None,
    purpose: str,
    reason: str,
    words: str,
    until: datetime,
    given_by: str | None,
) -> Grant:
    """Store a grant; it is in force as soon as the transaction ends."""
    values = {
        "kind": kind,
        "who": who,
        "name": name,
        "institution": institution,
        "patient": patient,
        "purpose": purpose,
        "reason": reason,
        "words": words,
        "until": until,
        "given_by": given_by,
    }
    return (await _grants(connection, _ADD, values))[0]


async def in_force(connection: Connection, who: str) -> list[Grant]:
    """Give what somebody has been granted and is in force now."""
    return await _grants(
        connection, f"SELECT {_COLUMNS} FROM access_grant WHERE who = %s AND {_IN_FORCE}", [who]
    )


async def find(connection: Connection, number: int) -> Grant:
    """Give one grant. Raises UnknownGrant."""
    found = await _grants(connection, f"SELECT {_COLUMNS} FROM access_grant WHERE id = %s", [number])
    if not found:
        raise UnknownGrant(number=number)
    return found[0]


async def listed(
    connection: Connection, *, kind: Kind, waiting: bool = False, after: int = 0, most: int = MOST
) -> list[Grant]:
    """Give grants of a kind by number; `waiting`: only those that nobody has reviewed."""
    unseen: LiteralString = " AND outcome IS NULL" if waiting else ""
    return await _grants(
        connection,
        f"SELECT {_COLUMNS} FROM access_grant WHERE kind = %s AND id > %s{unseen} ORDER BY id LIMIT %s",
        [kind, after, min(most, MOST)],
    )


async def end(connection: Connection, number: int, *, by: str) -> Grant:
    """End a grant; one that has ended stays as it is. Raises UnknownGrant."""
    found = await _grants(connection, _END, [by, number])
    return found[0] if found else await find(connection, number)


async def reviewed(
    connection: Connection, number: int, *, by: str, outcome: Outcome, why: str
) -> Grant | None:
    """Store a review; an unjustified grant ends. None where it can't be reviewed (any more)."""
    values = {"id": number, "by": by, "outcome": outcome, "why": why, "end": outcome == "unjustified"}
    found = await _grants(connection, _REVIEW, values)
    return found[0] if found else None


async def _grants(connection: Connection, query: LiteralString, values: Any) -> list[Grant]:
    cursor = connection.cursor(row_factory=dict_row)
    rows = await (await cursor.execute(query, values)).fetchall()
    return [msgspec.convert(row, Grant) for row in rows]
