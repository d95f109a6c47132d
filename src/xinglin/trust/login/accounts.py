"""Accounts: who may log in. They are disabled, never removed, so that the audit log stays true."""

from datetime import datetime
from typing import Any, Final, LiteralString

import msgspec
from psycopg import errors as pg
from psycopg.rows import dict_row

from xinglin.core.i18n import Phrase
from xinglin.hub.database import Connection
from xinglin.trust.login.errors import AccountTaken, UnknownAccount, WrongAccount

LONGEST_NAME: Final = 200


class Account(msgspec.Struct, frozen=True, kw_only=True):
    """An account as its table keeps it (see migration 0008)."""

    login: str
    name: str
    made: datetime
    disabled: datetime | None = None
    expires: datetime | None = None
    password: str | None = None
    password_set: datetime | None = None
    one_time_until: datetime | None = None
    issuer: str | None = None
    subject: str | None = None
    totp_secret: bytes | None = None
    totp_since: datetime | None = None

    def usable(self, now: datetime) -> bool:
        """Say whether anybody may log in with it."""
        return self.disabled is None and (self.expires is None or self.expires > now)


_COLUMNS: Final[LiteralString] = (
    "login, name, made, disabled, expires, password, password_set, one_time_until, "
    "issuer, subject, totp_secret, totp_since"
)


def checked_name(given: str) -> str:
    """Give a display name. Raises WrongAccount."""
    name = " ".join(given.split())
    if not name or len(name) > LONGEST_NAME or not name.isprintable():
        raise WrongAccount(name=Phrase("name"), detail=Phrase("it must be a text"))
    return name


async def add(
    connection: Connection, *, login: str, name: str, now: datetime, expires: datetime | None = None
) -> None:
    """Make an account that nobody can log in with yet. Raises AccountTaken."""
    done = await connection.execute(
        "INSERT INTO account (login, name, made, expires) VALUES (%s, %s, %s, %s) ON CONFLICT DO NOTHING",
        [login, name, now, expires],
    )
    if not done.rowcount:
        raise AccountTaken(login=login)


async def find(connection: Connection, login: str) -> Account | None:
    """Give an account by the login name as it is kept."""
    return await _one(connection, f"SELECT {_COLUMNS} FROM account WHERE login = %s", [login])


async def known(connection: Connection, login: str) -> Account:
    """Give an account. Raises UnknownAccount."""
    found = await find(connection, login)
    if found is None:
        raise UnknownAccount(login=login)
    return found


async def find_subject(connection: Connection, issuer: str, subject: str) -> Account | None:
    """Give the account of whom a provider knows by `subject`."""
    query = f"SELECT {_COLUMNS} FROM account WHERE issuer = %s AND subject = %s"
    return await _one(connection, query, [issuer, subject])


async def _one(connection: Connection, query: LiteralString, values: list[Any]) -> Account | None:
    cursor = connection.cursor(row_factory=dict_row)
    row = await (await cursor.execute(query, values)).fetchone()
    return None if row is None else msgspec.convert(row, Account)


async def list_all(connection: Connection) -> list[Account]:
    """Give every account, by login name."""
    cursor = connection.cursor(row_factory=dict_row)
    rows = await (await cursor.execute(f"SELECT {_COLUMNS} FROM account ORDER BY login")).fetchall()
    return [msgspec.convert(row, Account) for row in rows]


async def set_password(
    connection: Connection, login: str, password: str, *, now: datetime, one_time_until: datetime | None
) -> None:
    """Set the hash of a password; the one before goes to the earlier ones."""
    await connection.execute(
        "INSERT INTO account_password (login, at, password) "
        "SELECT login, %s, password FROM account WHERE login = %s AND password IS NOT NULL "
        "ON CONFLICT DO NOTHING",
        [now, login],
    )
    await connection.execute(
        "UPDATE account SET password = %s, password_set = %s, one_time_until = %s WHERE login = %s",
        [password, now, one_time_until, login],
    )


async def rehashed(connection: Connection, login: str, before: str, password: str) -> None:
    """Keep the same password by a stronger hash, unless it was changed meanwhile."""
    await connection.execute(
        "UPDATE account SET password = %s WHERE login = %s AND password = %s", [password, login, before]
    )


async def earlier_passwords(connection: Connection, login: str, most: int) -> list[str]:
    """Give the hashes of a person's last passwords, the present one first."""
    cursor = await connection.execute(
        "SELECT password FROM (SELECT password, 'infinity'::timestamptz AS at FROM account WHERE login = %s "
        "UNION ALL SELECT password, at FROM account_password WHERE login = %s) AS kept "
        "WHERE password IS NOT NULL ORDER BY at DESC LIMIT %s",
        [login, login, most],
    )
    return [str(row[0]) for row in await cursor.fetchall()]


async def enable(connection: Connection, login: str, now: datetime, *, yes: bool) -> None:
    """Let people log in with an account, or stop it. Raises UnknownAccount."""
    await _change(
        connection,
        "UPDATE account SET disabled = CASE WHEN %s THEN NULL ELSE coalesce(disabled, %s) END "
        "WHERE login = %s",
        [yes, now, login],
    )


async def change(connection: Connection, account: Account) -> None:
    """Store name, expiry and the provider's subject of an account. Raises AccountTaken."""
    try:
        async with connection.transaction():
            await connection.execute(
                "UPDATE account SET name = %s, expires = %s, issuer = %s, subject = %s WHERE login = %s",
                [account.name, account.expires, account.issuer, account.subject, account.login],
            )
    except pg.UniqueViolation:
        raise AccountTaken(login=account.subject) from None


async def _change(connection: Connection, query: LiteralString, values: list[Any]) -> None:
    done = await connection.execute(query, values)
    if not done.rowcount:
        raise UnknownAccount(login=values[-1])
