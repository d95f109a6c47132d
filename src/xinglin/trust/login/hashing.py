"""Hashes of passwords: argon2id (RFC 9106), a few at a time, so that logins can't use up the machine."""

import asyncio
import secrets
from typing import Final

from argon2 import PasswordHasher
from argon2.exceptions import InvalidHashError, VerificationError
from argon2.low_level import Type

from xinglin.core.settings import Settings

LANES: Final = 4
TOGETHER: Final = 2
"""Hashes made at once by one process: each takes its own memory (64 MB by default)."""


class Hasher:
    """Hashes and checks passwords by the settings; old hashes stay readable when these change."""

    def __init__(self, settings: Settings) -> None:
        self._argon2 = PasswordHasher(
            time_cost=settings.argon2_passes,
            memory_cost=max(settings.argon2_memory_kib, 8 * LANES),
            parallelism=LANES,
            type=Type.ID,
        )
        self._nobody: str | None = None
        self._turn = asyncio.Semaphore(TOGETHER)

    async def hash(self, password: str) -> str:
        """Give the hash of a password, with its own salt and parameters in it."""
        async with self._turn:
            return await asyncio.to_thread(self._argon2.hash, password)

    async def matches(self, password: str, kept: str | None) -> bool:
        """Say whether a password is the one kept; without one it takes as long and the answer is no."""
        if self._nobody is None:
            self._nobody = await self.hash(secrets.token_urlsafe())
        async with self._turn:
            right = await asyncio.to_thread(self._verify, password, kept or self._nobody)
        return right and kept is not None

    def _verify(self, password: str, kept: str) -> bool:
        try:
            return self._argon2.verify(kept, password)
        except (VerificationError, InvalidHashError):
            return False

    def outdated(self, kept: str) -> bool:
        """Say whether a hash was made with other parameters than those in force."""
        return self._argon2.check_needs_rehash(kept)
