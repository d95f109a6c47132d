"""Deliveries that come over the network: small ones are loaded at once, larger ones wait in the spool."""

import asyncio
import os
from hashlib import sha256
from pathlib import Path
from types import TracebackType
from typing import BinaryIO, Final, Self

from xinglin.core.errors import IntakeError
from xinglin.core.identifiers import new_id
from xinglin.core.settings import Settings
from xinglin.hub.hub import Hub
from xinglin.hub.intake import deliveries
from xinglin.hub.intake.crew import loader
from xinglin.hub.intake.deliveries import Delivery
from xinglin.hub.intake.run import deliver_now
from xinglin.hub.intake.sources import Source

AT_ONCE: Final = 1_000_000
"""Up to so many bytes a delivery is loaded while the sender waits, and others of this process with it."""


class TooMuchAtOnce(IntakeError):
    """A delivery larger than the hub takes over HTTP."""

    code = "XL7064"
    message = "The delivery has more than {most} bytes."
    remedy = "Send it in parts, or ask the operator to raise the setting intake_most_bytes."
    status = 413
    issue = "too-long"


class Spool:
    """Takes a delivery's bytes: in memory while it is small, in a file of the spool once it isn't.

    Use it in `async with`; a file that isn't handed on (`keep`) is removed at the end.
    """

    def __init__(self, settings: Settings) -> None:
        self._folder = settings.spool
        self._most = settings.intake_most_bytes
        self._digest = sha256()
        self._start = bytearray()
        self._file: BinaryIO | None = None
        self._path: Path | None = None
        self.size = 0

    async def __aenter__(self) -> Self:
        return self

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        if self._file is not None:
            self._file.close()
        if self._path is not None:
            self._path.unlink(missing_ok=True)

    @property
    def hash(self) -> bytes:
        """The SHA-256 of what came."""
        return self._digest.digest()

    @property
    def small(self) -> bytes | None:
        """All that came, where it fits into memory."""
        return bytes(self._start) if self._file is None else None

    async def write(self, part: bytes) -> None:
        """Take more. Raises TooMuchAtOnce."""
        self.size += len(part)
        if self.size > self._most:
            raise TooMuchAtOnce(most=self._most)
        self._digest.update(part)
        if self._file is None and self.size <= AT_ONCE:
            self._start += part
            return
        await asyncio.to_thread(self._write, part)

    def _write(self, part: bytes) -> None:
        (self._file or self._create()).write(part)

    def _create(self) -> BinaryIO:
        self._folder.mkdir(parents=True, exist_ok=True, mode=0o700)
        self._path = self._folder / new_id()
        self._file = self._path.open("xb")
        self._file.write(self._start)
        self._start.clear()
        return self._file

    def keep(self) -> Path:
        """Make the file durable and hand it on."""
        file = self._file or self._create()
        file.flush()
        os.fsync(file.fileno())
        _write_through(self._folder)
        path, self._path = self._path, None
        if path is None:
            raise RuntimeError("it was handed on before")
        return path


def _write_through(folder: Path) -> None:
    """Have the disk keep the names of a folder's files: a power cut loses a new file that has none."""
    descriptor = os.open(folder, os.O_RDONLY)
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)


async def deliver(hub: Hub, source: Source, name: str, spool: Spool) -> Delivery:
    """Load a small delivery and give its receipt; note a larger one, which background work loads."""
    if spool.small is not None:
        receipt, _ = await deliver_now(hub, await loader(hub), source, name, spool.small)
        return receipt
    path = await asyncio.to_thread(spool.keep)
    async with hub.database.connection() as connection:
        number, new = await deliveries.register(
            connection, source=source.id, name=name, hash_=spool.hash, size=spool.size, path=path, owned=True
        )
        if not new:
            path.unlink(missing_ok=True)
        return await deliveries.find(connection, number)
