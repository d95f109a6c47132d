"""The vault: the data keys that this process knows, sealing and opening with them.

Data keys stand in the database, wrapped by a master key that doesn't. The newest one seals; all open. Its row
says what is encrypted at all, so every process does the same whatever its settings.
"""

import os
from collections.abc import Callable, Iterable, Sequence
from typing import Final, TypeVar, cast
from weakref import WeakKeyDictionary

from psycopg import AsyncConnection

from xinglin.core.settings import Settings
from xinglin.core.telemetry import logger
from xinglin.hub.vault.frames import KEY_BYTES, Sealer, UnknownKey, as_plain, unseal
from xinglin.hub.vault.masters import MasterKeys, WrongMasterKey, masters
from xinglin.standards.search.blind import Blind

Connection = AsyncConnection[tuple[object, ...]]
Result = TypeVar("Result")

IDENTIFYING: Final = frozenset({"Patient", "RelatedPerson", "Person"})
"""Types whose records say who somebody is."""

NOTHING, EVERYTHING = "none", "all"
DATA, INDEX = "data", "index"

_LOCK: Final = "SELECT pg_advisory_xact_lock(hashtext('xinglin.vault'))"
_LEARN: Final = """
SELECT number, purpose, algorithm, scope, master, wrapped FROM vault_key WHERE number > %s ORDER BY number
"""
_ADD: Final = """
INSERT INTO vault_key (number, purpose, algorithm, scope, master, wrapped) VALUES (%s, %s, %s, %s, %s, %s)
"""
_TELL: Final = "UPDATE hub SET vault_generation = %s"
_LAST: Final = "SELECT coalesce(max(number), 0) FROM vault_key"
_WRAPPED: Final = "SELECT number, purpose, master, wrapped FROM vault_key ORDER BY number FOR UPDATE"
_REWRAP: Final = "UPDATE vault_key SET master = %s, wrapped = %s WHERE number = %s"


class Vault:
    """Seals and opens. One for a process."""

    def __init__(self, settings: Settings) -> None:
        self.masters: MasterKeys = masters(settings)
        self.scope = NOTHING
        self.algorithm = settings.encrypt_with
        self.wanted = settings.encrypt
        self._newest = 0
        self._secrets: dict[int, bytes] = {}
        self._sealer: Sealer | None = None
        self._index = b""

    @property
    def number(self) -> int | None:
        """The data key that seals; None where there is none."""
        return self._sealer.number if self._sealer else None

    @property
    def blind(self) -> Blind | None:
        """What hides numbers, phones and texts in the search index."""
        if self.scope == NOTHING:
            return None
        return Blind(self._index, None if self.scope == EVERYTHING else IDENTIFYING)

    def hides(self, resource_type: str) -> bool:
        """Tell whether records of a type are encrypted."""
        return self.scope == EVERYTHING or (self.scope != NOTHING and resource_type in IDENTIFYING)

    async def open(self, connection: Connection) -> bool:
        """Learn the keys, making the first ones where there are none, in the caller's transaction.

        Tells whether it made them. Raises NoMasterKey, WrongMasterKey or UnusableKeys.
        """
        await self.learn(connection)
        if self._newest:
            if self.wanted != self.scope:
                logger().warning("what is encrypted changes with `xinglin keys rotate`", now=self.scope)
            return False
        if self.wanted == NOTHING:
            return False
        await connection.execute(_LOCK)
        await self.learn(connection)  # another process may have been quicker
        if self._newest:
            return False
        await self.add(connection, INDEX)
        await self.add(connection, DATA)
        await self.learn(connection)
        return True

    async def learn(self, connection: Connection) -> None:
        """Learn the keys that other processes have made."""
        rows = await (await connection.execute(_LEARN, [self._newest], binary=True)).fetchall()
        for row in cast("list[tuple[int, str, str, str, str, bytes]]", rows):
            number, purpose, algorithm, scope, master, wrapped = row
            self._take(number, purpose, algorithm, scope, self.unwrapped(number, purpose, master, wrapped))

    async def keep_up(self, connection: Connection, newest: int) -> None:
        """Learn the keys up to `newest` where they aren't known yet."""
        if newest > self._newest:
            await self.learn(connection)

    async def add(self, connection: Connection, purpose: str) -> int:
        """Make the next key, as the settings say, in the caller's transaction; give its number.

        It seals once that has committed: every process learns it before it writes again.
        """
        await connection.execute(_LOCK)
        last = await (await connection.execute(_LAST)).fetchone()
        number, secret = cast("tuple[int]", last)[0] + 1, os.urandom(KEY_BYTES)
        master, wrapped = self.masters.wrap(secret, _belongs(number, purpose))
        await connection.execute(_ADD, [number, purpose, self.algorithm, self.wanted, master, wrapped])
        await connection.execute(_TELL, [number])
        return number

    async def rewrap(self, connection: Connection) -> str:
        """Make a new master key and wrap every key with it, in the caller's transaction; give its id."""
        await connection.execute(_LOCK)
        master = self.masters.renew()
        rows = await (await connection.execute(_WRAPPED, binary=True)).fetchall()
        for number, purpose, old, wrapped in cast("list[tuple[int, str, str, bytes]]", rows):
            secret = self.unwrapped(number, purpose, old, wrapped)
            master, again = self.masters.wrap(secret, _belongs(number, purpose))
            await connection.execute(_REWRAP, [master, again, number])
        return master

    def unwrapped(self, number: int, purpose: str, master: str, wrapped: bytes) -> bytes:
        """Unwrap a key. Raises NoMasterKey, WrongMasterKey or UnusableKeys."""
        secret = self.masters.unwrap(master, wrapped, _belongs(number, purpose))
        if secret is None or len(secret) != KEY_BYTES:
            raise WrongMasterKey(master=master, number=number)
        return secret

    def _take(self, number: int, purpose: str, algorithm: str, scope: str, secret: bytes) -> None:
        self._newest = number
        if purpose == INDEX:
            self._index = secret
            return
        self._secrets[number] = secret
        self.scope = scope
        self._sealer = Sealer(number, algorithm, secret)

    def seal(self, data: bytes, *belongs: object) -> bytes:
        """Seal bytes, bound to what they belong to; where nothing is encrypted they stay as they are."""
        return as_plain(data) if self.scope == NOTHING else self.seal_always(data, *belongs)

    def seal_always(self, data: bytes, *belongs: object) -> bytes:
        """Seal bytes wherever there are keys, even if records aren't encrypted."""
        return as_plain(data) if self._sealer is None else self._sealer.seal(data, place(*belongs))

    def unseal(self, frame: bytes, *belongs: object) -> bytes:
        """Open what `seal` gave. Raises UnknownKey or Tampered."""
        return unseal(frame, place(*belongs), self._secrets)

    async def learned(self, connection: Connection, work: Callable[[], Result]) -> Result:
        """Give what `work` gives; where it meets a key of another process's, that is learnt first."""
        try:
            return work()
        except UnknownKey:
            await self.learn(connection)
            return work()

    @property
    def pepper(self) -> bytes:
        """What is hashed with things that are told apart by their hash, so that nobody can try them out."""
        return self._index

    def hidden(self, hashed: int) -> int:
        """Give a hash under the index key, as it stands in tables of identity."""
        return Blind(self._index, None).value(hashed) if self._index else hashed

    def hidden_by(self, hashes: Iterable[int]) -> dict[int, int]:
        """Give hashes by what they are under the index key."""
        return {self.hidden(one): one for one in hashes}


def place(*belongs: object) -> bytes:
    """Give what a frame belongs to as bytes; no two places give the same."""
    return "\0".join(map(str, belongs)).encode()


def _belongs(number: int, purpose: str) -> bytes:
    return place("vault_key", number, purpose)


_lent: WeakKeyDictionary[Connection, Vault] = WeakKeyDictionary()


def lend(connection: Connection, vault: Vault) -> None:
    """Have a connection know the vault of its hub, for those who only get the connection."""
    _lent[connection] = vault


def vault_of(connection: Connection) -> Vault:
    """Give the vault of the hub that lent a connection."""
    return _lent[connection]


def opened(vault: Vault, rows: Sequence[tuple[bytes, Sequence[object]]]) -> list[bytes]:
    """Open frames, each with what it belongs to. Raises UnknownKey or Tampered."""
    return [vault.unseal(frame, *belongs) for frame, belongs in rows]
