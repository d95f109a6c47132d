"""Failed logins are counted, and too many stop further ones for a while.

Three things are counted: an account from one address, an account from all addresses, and an address for all
accounts. The first is the setting (5 failures, 30 minutes, twice as long each time). The others have ten and
twenty times its room and stop only where nobody has logged in to that account lately: a stranger who fails on
purpose locks out strangers, not the account's owner at the usual desk, nor a hospital behind one address.

An attempt counts before the password is looked at, so that a thousand at the same moment count as a thousand;
one that succeeds is taken back. Names that nobody has are counted alike. Names are kept as hashes: people
type passwords where names belong.
"""

import ipaddress
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from hashlib import sha256
from math import ceil
from typing import Final, cast

from xinglin.core.settings import Settings
from xinglin.hub.database import Connection
from xinglin.trust.login.errors import TooManyFailures
from xinglin.trust.login.names import read_login

ACCOUNT_ROOM: Final = 10
ADDRESS_ROOM: Final = 20
DOUBLINGS: Final = 6
"""After so many lockouts the time doubles no more: 32 hours with the default."""

FORGET: Final = timedelta(days=2)
"""After so long without failures the next lockout is a first one again."""

KNOWN: Final = timedelta(days=30)
"""How long an address counts as one from where an account's owner logs in."""


def network(address: str) -> str:
    """Give what a machine can't change about its address: the address itself, or the /64 of IPv6."""
    try:
        found = ipaddress.ip_address(address)
    except ValueError:
        return address
    if isinstance(found, ipaddress.IPv6Address) and found.ipv4_mapped is None:
        return str(ipaddress.ip_network((int(found), 64), strict=False))
    return str(found.ipv4_mapped if isinstance(found, ipaddress.IPv6Address) else found)


def _hash(*parts: str) -> bytes:
    return sha256("\0".join(parts).encode("utf-8", "surrogatepass")).digest()


@dataclass(frozen=True, slots=True)
class Counter:
    """One thing that is counted: its key, the hash of its login name, how many failures it allows."""

    key: bytes
    login: bytes | None
    most: int
    wide: bool


class Attempts:
    """The failures of one login name from one address."""

    def __init__(self, settings: Settings, login: str, address: str) -> None:
        most, name, place = settings.login_failures, _hash("login", login), network(address)
        self._window = timedelta(minutes=settings.lockout_minutes)
        self._login, self._place = login, place
        # Always in this order, so that two logins never wait for each other.
        self._counters = (
            Counter(_hash("pair", login, place), name, most, wide=False),
            Counter(_hash("account", login), name, most * ACCOUNT_ROOM, wide=True),
            Counter(_hash("address", place), None, most * ADDRESS_ROOM, wide=True),
        )

    async def reserve(self, connection: Connection, now: datetime) -> None:
        """Count an attempt, within a transaction. Raises TooManyFailures."""
        known = await self._known(connection, now)
        for one in self._counters:
            failures, locks, at, locked_until = await self._row(connection, one, now)
            over = locked_until is not None and locked_until <= now
            if over or now - at > self._window:
                failures = 0
            if not (one.wide and known):
                if locked_until is not None and not over:
                    raise TooManyFailures(minutes=ceil((locked_until - now) / timedelta(minutes=1)))
                if failures >= one.most:  # more at this moment than may fail
                    raise TooManyFailures(minutes=1)
            await connection.execute(
                "UPDATE login_attempt SET failures = %s, at = %s, locks = %s, "
                "locked_until = CASE WHEN %s THEN NULL ELSE locked_until END WHERE key = %s",
                [failures + 1, now, 0 if now - at > FORGET else locks, over, one.key],
            )

    async def _known(self, connection: Connection, now: datetime) -> bool:
        if read_login(self._login) != self._login:
            return False  # nobody has such a name; the database might not even take it
        cursor = await connection.execute(
            "SELECT 1 FROM account_address WHERE login = %s AND address = %s AND seen > %s",
            [self._login, self._place, now - KNOWN],
        )
        return await cursor.fetchone() is not None

    @staticmethod
    async def _row(
        connection: Connection, one: Counter, now: datetime
    ) -> tuple[int, int, datetime, datetime | None]:
        """Give a counter's row, locked, in one statement: another login may remove it at any moment."""
        cursor = await connection.execute(
            "INSERT INTO login_attempt AS kept (key, login, failures, locks, at) VALUES (%s, %s, 0, 0, %s) "
            "ON CONFLICT (key) DO UPDATE SET key = kept.key "
            "RETURNING kept.failures, kept.locks, kept.at, kept.locked_until",
            [one.key, one.login, now],
        )
        return cast("tuple[int, int, datetime, datetime | None]", await cursor.fetchone())

    async def failed(self, connection: Connection, now: datetime) -> bool:
        """Take note that the attempt failed; say whether a lockout began."""
        locked = False
        for one in self._counters:
            cursor = await connection.execute(
                "UPDATE login_attempt SET locks = locks + 1, "
                "locked_until = %s::timestamptz + %s::interval * power(2, least(locks, %s)) "
                "WHERE key = %s AND failures >= %s AND (locked_until IS NULL OR locked_until <= %s)",
                [now, self._window, DOUBLINGS, one.key, one.most, now],
            )
            locked = locked or cursor.rowcount > 0
        await connection.execute(
            "DELETE FROM login_attempt WHERE key IN "
            "(SELECT key FROM login_attempt WHERE at < %s AND coalesce(locked_until < %s, true) "
            "LIMIT 100 FOR UPDATE SKIP LOCKED)",
            [now - FORGET, now],
        )
        return locked

    async def give_back(self, connection: Connection) -> None:
        """Take back the attempt: it didn't fail, but the login isn't complete either."""
        await self._less(connection, self._counters)

    async def succeeded(self, connection: Connection, now: datetime) -> None:
        """Take note of a complete login: its own failures are forgotten, and the address is known."""
        await connection.execute("DELETE FROM login_attempt WHERE key = %s", [self._counters[0].key])
        await self._less(connection, self._counters[1:])
        await connection.execute(
            "INSERT INTO account_address (login, address, seen) VALUES (%s, %s, %s) "
            "ON CONFLICT (login, address) DO UPDATE SET seen = excluded.seen",
            [self._login, self._place, now],
        )

    @staticmethod
    async def _less(connection: Connection, counters: Sequence[Counter]) -> None:
        for one in counters:
            await connection.execute(
                "UPDATE login_attempt SET failures = greatest(failures - 1, 0) WHERE key = %s", [one.key]
            )


async def unlock(connection: Connection, login: str) -> None:
    """Forget the failures of an account from everywhere."""
    await connection.execute("DELETE FROM login_attempt WHERE login = %s", [_hash("login", login)])


async def locked_until(connection: Connection, login: str, now: datetime) -> datetime | None:
    """Give until when an account is locked from somewhere, for whoever administers accounts."""
    cursor = await connection.execute(
        "SELECT max(locked_until) FROM login_attempt WHERE login = %s AND locked_until > %s",
        [_hash("login", login), now],
    )
    row = await cursor.fetchone()
    return cast("datetime | None", row[0]) if row else None
