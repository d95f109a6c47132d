"""The queue of alerts: raised by rules, closed by the security administrator with a reason."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Final

from xinglin.hub.database import Connection
from xinglin.trust.log.errors import NoSuchAlert

_RAISE: Final = """
INSERT INTO audit_alert (rule, who, subject, severity, count, first, last, at)
VALUES (%(rule)s, %(who)s, %(subject)s, %(severity)s, %(count)s, %(first)s, %(last)s, %(at)s)
ON CONFLICT (rule, who, subject) WHERE state = 'open' DO UPDATE
SET count = audit_alert.count + excluded.count, last = excluded.last, at = excluded.at
"""
_LIST: Final = (
    "SELECT number, rule, who, subject, severity, count, first, last, at, raised, state, closed, closed_by,"
    " why FROM audit_alert WHERE %(state)s IN ('all', state) AND number < %(before)s"
    " ORDER BY number DESC LIMIT %(most)s"
)
_CLOSE: Final = (
    "UPDATE audit_alert SET state = 'closed', closed = now(), closed_by = %s, why = %s"
    " WHERE number = %s AND state = 'open'"
)
_NEWEST: Final = 1 << 62


@dataclass(frozen=True, slots=True)
class Raised:
    """What a rule found: `count` patients or entries of `who`, from entry `first` to entry `last`."""

    rule: str
    who: str
    subject: str
    severity: str
    count: int
    first: int
    last: int
    at: datetime


@dataclass(frozen=True, slots=True)
class Alert:
    """An alert. `subject` is the patient it is about, empty for several; `first` and `last` are entries."""

    number: int
    rule: str
    who: str
    subject: str
    severity: str
    count: int
    first: int
    last: int
    at: datetime
    raised: datetime
    state: str
    closed: datetime | None
    closed_by: str | None
    why: str | None


async def put(connection: Connection, raised: Sequence[Raised]) -> None:
    """Raise alerts; what is open about the same already grows."""
    for one in raised:
        values = {name: getattr(one, name) for name in Raised.__slots__}
        await connection.execute(_RAISE, values)


async def listed(
    connection: Connection, *, state: str = "open", most: int = 50, before: int = _NEWEST
) -> list[Alert]:
    """Give alerts of a state (`open`, `closed`, `all`), the latest first, from before a number."""
    found = await connection.execute(_LIST, {"state": state, "most": most, "before": before})
    return [Alert(*one) for one in await found.fetchall()]  # pyright: ignore[reportArgumentType]


async def close(connection: Connection, number: int, *, who: str, why: str) -> None:
    """Close an alert; more of the same opens another. Raises NoSuchAlert."""
    done = await connection.execute(_CLOSE, [who, why, number])
    if not done.rowcount:
        raise NoSuchAlert(number=number)
