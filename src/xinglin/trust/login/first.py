"""One-time passwords, and the first administrator."""

import base64
import secrets
from datetime import datetime, timedelta
from typing import Final

from xinglin.core import clock
from xinglin.core.settings import Settings
from xinglin.hub.database import Connection, Database
from xinglin.trust.log.entry import Entry
from xinglin.trust.log.log import Appends, Log
from xinglin.trust.login import accounts, roles
from xinglin.trust.login.hashing import Hasher
from xinglin.trust.login.names import read_password
from xinglin.trust.who import Who

FIRST: Final = "administrator"
FIRST_ROLE: Final = "system-administrator"
"""It looks after accounts. The other two duties are other people's: see docs/accounts.md."""

HUB: Final = Who("local:hub", "local", "Xinglin")
"""The hub itself, where it does something that nobody asked for at that moment."""

ONE_TIME: Final = timedelta(hours=24)
SECRET_BYTES: Final = 15
"""120 bits: an attacker can't find it within its day, nor later."""


def one_time_secret() -> str:
    """Make a one-time password in groups that can be read out: `abcd-efgh-…`."""
    letters = base64.b32encode(secrets.token_bytes(SECRET_BYTES)).decode().lower()
    return "-".join(letters[at : at + 4] for at in range(0, len(letters), 4))


async def set_one_time(connection: Connection, hasher: Hasher, login: str, now: datetime) -> str:
    """Give an account a password that must be changed at the next login, within a day; give it."""
    secret = one_time_secret()
    hashed = await hasher.hash(read_password(secret))
    await accounts.set_password(connection, login, hashed, now=now, one_time_until=now + ONE_TIME)
    return secret


async def make_first(database: Database, settings: Settings, log: Appends) -> str | None:
    """Make the first administrator where there is no account yet; give the one-time password, else None.

    Of processes that start at the same time one makes it.
    """
    now = clock.now()
    async with database.connection() as connection, connection.transaction():
        await connection.execute("LOCK TABLE account IN SHARE ROW EXCLUSIVE MODE")
        cursor = await connection.execute("SELECT 1 FROM account LIMIT 1")
        if await cursor.fetchone() is not None:
            return None
        await accounts.add(connection, login=FIRST, name=FIRST, now=now)
        secret = await set_one_time(connection, Hasher(settings), FIRST, now)
        await roles.grant(connection, FIRST, FIRST_ROLE, roles.Place(), by=HUB.id, now=now)
    detail = {"account": FIRST, "change": "add", "role": FIRST_ROLE}
    await log.append([Entry(HUB, "user.manage", "allowed", purpose="HSYSADMIN", detail=detail, at=now)])
    return secret


async def at_start(settings: Settings, url: str) -> str | None:
    """Make the first administrator in the database at `url`, as `make_first`; before the hub is opened."""
    database = Database(url, connections=1, statement_seconds=settings.request_timeout_seconds)
    await database.open()
    try:
        return await make_first(database, settings, Log(database))
    finally:
        await database.close()
