"""Sessions: who is logged in, or on the way there. Only the browser has the token, the table its hash."""

import hmac
import secrets
from datetime import datetime, timedelta
from hashlib import sha256
from typing import Final, Literal, LiteralString

import msgspec
from psycopg.rows import dict_row

from xinglin.core.settings import Settings
from xinglin.hub.database import Connection

Stage = Literal["code", "password", "authenticator", "in"]
"""What a login waits for: a code, a new password, an authenticator to be set up; or nothing more."""

PENDING: Final = timedelta(minutes=10)
"""How long a login may take that isn't complete."""

TOUCH: Final = timedelta(seconds=30)
"""So exactly is known when a session was used last: not every request writes."""

TOKEN_BYTES: Final = 32
LONGEST_PROGRAM: Final = 200
LONGEST_TOKEN: Final = 64


class Session(msgspec.Struct, frozen=True, kw_only=True):
    """A session as its table keeps it, without the token's hash."""

    id: int
    login: str
    stage: Stage
    how: str
    post: int | None
    address: str
    program: str
    made: datetime
    seen: datetime
    ends: datetime


_COLUMNS: Final[LiteralString] = "id, login, stage, how, post, address, program, made, seen, ends"


def mark(token: str) -> bytes:
    """Give the hash by which a token is kept: it has 256 random bits, so a fast one is enough."""
    return sha256(token.encode("utf-8", "surrogatepass")).digest()


def csrf_token(token: str) -> str:
    """Give what a page of the hub sends along, to show that it is one: bound to the session's token."""
    return hmac.new(token.encode("utf-8", "surrogatepass"), b"csrf", sha256).hexdigest()


def _lifetime(settings: Settings, stage: Stage) -> timedelta:
    return timedelta(hours=settings.session_hours) if stage == "in" else PENDING


async def begin(
    connection: Connection,
    settings: Settings,
    *,
    login: str,
    stage: Stage,
    how: str,
    address: str,
    program: str,
    now: datetime,
) -> str:
    """Make a session; give its token, which nothing else keeps."""
    token = secrets.token_urlsafe(TOKEN_BYTES)
    cursor = await connection.execute(
        "INSERT INTO login_session (hash, login, stage, how, address, program, made, seen, ends) "
        "VALUES (%s, %s, %s, %s, %s, %s, %s, %s, %s) RETURNING id",
        [
            mark(token),
            login,
            stage,
            how,
            address,
            "".join(filter(str.isprintable, program))[:LONGEST_PROGRAM],
            now,
            now,
            now + _lifetime(settings, stage),
        ],
    )
    row = await cursor.fetchone()
    if stage == "in":
        await _end_others(connection, settings, login, int(str(row[0])) if row else 0)
    await connection.execute(
        "DELETE FROM login_session WHERE id IN "
        "(SELECT id FROM login_session WHERE ends < %s LIMIT 100 FOR UPDATE SKIP LOCKED)",
        [now],
    )
    return token


async def find(connection: Connection, settings: Settings, token: str, now: datetime) -> Session | None:
    """Give the session of a token while it lasts, and take note that it is used."""
    if not token or len(token) > LONGEST_TOKEN:
        return None
    idle = timedelta(minutes=settings.session_idle_minutes)
    cursor = connection.cursor(row_factory=dict_row)
    await cursor.execute(
        f"SELECT {_COLUMNS} FROM login_session WHERE hash = %s AND ends > %s AND seen > %s",
        [mark(token), now, now - idle],
    )
    row = await cursor.fetchone()
    if row is None:
        return None
    found = msgspec.convert(row, Session)
    if now - found.seen > TOUCH:
        await connection.execute("UPDATE login_session SET seen = %s WHERE id = %s", [now, found.id])
    return found


async def advance(
    connection: Connection, settings: Settings, token: str, *, stage: Stage, how: str, now: datetime
) -> str | None:
    """Go on with a session under a new token; the old one is worth nothing. None if it has ended."""
    renewed = secrets.token_urlsafe(TOKEN_BYTES)
    cursor = await connection.execute(
        "UPDATE login_session SET hash = %s, stage = %s, how = %s, seen = %s, "
        "ends = CASE WHEN stage = 'in' THEN ends ELSE %s END WHERE hash = %s RETURNING id, login",
        [mark(renewed), stage, how, now, now + _lifetime(settings, stage), mark(token)],
    )
    row = await cursor.fetchone()
    if row is None:
        return None
    if stage == "in":
        await _end_others(connection, settings, str(row[1]), int(str(row[0])))
    return renewed


async def work_in(connection: Connection, token: str, post: int) -> str | None:
    """Go on in another post, under a new token. None if the session has ended."""
    renewed = secrets.token_urlsafe(TOKEN_BYTES)
    done = await connection.execute(
        "UPDATE login_session SET hash = %s, post = %s WHERE hash = %s AND stage = 'in'",
        [mark(renewed), post, mark(token)],
    )
    return renewed if done.rowcount else None


async def _end_others(connection: Connection, settings: Settings, login: str, kept: int) -> None:
    if settings.session_single == "yes":
        await end_all(connection, login, besides=kept)


async def end(connection: Connection, id_: int, login: str | None = None) -> bool:
    """End a session (of that account, where one is named); say whether there was one."""
    done = await connection.execute(
        "DELETE FROM login_session WHERE id = %s AND (%s::text IS NULL OR login = %s)", [id_, login, login]
    )
    return done.rowcount > 0


async def end_all(connection: Connection, login: str, *, besides: int = 0) -> int:
    """End every session of an account but one; give how many ended."""
    done = await connection.execute(
        "DELETE FROM login_session WHERE login = %s AND id <> %s", [login, besides]
    )
    return done.rowcount


async def list_all(connection: Connection, now: datetime, login: str | None = None) -> list[Session]:
    """Give the sessions that haven't ended, the latest first."""
    query: LiteralString = (
        f"SELECT {_COLUMNS} FROM login_session WHERE ends > %s AND (%s::text IS NULL OR login = %s) "
        "ORDER BY seen DESC"
    )
    cursor = connection.cursor(row_factory=dict_row)
    await cursor.execute(query, [now, login, login])
    return [msgspec.convert(row, Session) for row in await cursor.fetchall()]
