"""Master keys in a file that only its owner may read: a line each, the last one wraps.

    2026-11-22T04:50:00Z 5f1c9a0b2d3e4f60 base64-of-32-bytes

A key's id is made from the key, so a line that was changed is noticed. Earlier keys stay: they open older
backups.
"""

import base64
import binascii
import fcntl
import hashlib
import os
import stat
from collections.abc import Generator
from contextlib import contextmanager
from pathlib import Path
from typing import Final

from xinglin.core.clock import instant, now
from xinglin.core.i18n import Phrase
from xinglin.core.os_errors import reason
from xinglin.hub.vault.frames import KEY_BYTES, Sealer, Tampered, unseal
from xinglin.hub.vault.masters import NoMasterKey, UnusableKeys

HEAD: Final = (
    "# Master keys of a Xinglin hub. Whoever has this file and the database can read everything;\n"
    "# without it the database can't be read. Keep a copy in a safe place, apart from the backups.\n"
)
WRAPPED: Final = 1
"""The number in the frames of wrapped keys; which master key they need stands beside them."""


class KeyFile:
    """Keeps master keys in a file, which is made when first needed."""

    def __init__(self, path: Path) -> None:
        self._path = path

    def current(self) -> str:
        """Give the id of the last key; makes the file where there is none."""
        return list(self._read() or self._add())[-1]

    def renew(self) -> str:
        """Add a key."""
        return list(self._add())[-1]

    def wrap(self, secret: bytes, belongs: bytes) -> tuple[str, bytes]:
        """Wrap a data key with the last key."""
        master = self.current()
        sealer = Sealer(WRAPPED, "aes-256-gcm", self._read()[master])
        return master, sealer.seal(secret, belongs)

    def unwrap(self, master: str, wrapped: bytes, belongs: bytes) -> bytes | None:
        """Unwrap a data key; None where it doesn't open. Reads the file anew: keys may have been added."""
        key = self._read().get(master)
        if key is None:
            raise NoMasterKey(master=master, place=self._path)
        try:
            return unseal(wrapped, belongs, {WRAPPED: key})
        except Tampered:
            return None

    def _read(self) -> dict[str, bytes]:
        try:
            with self._path.open("rb") as file:
                self._refuse_open(os.fstat(file.fileno()).st_mode)
                lines = file.read().decode("ascii").splitlines()
        except FileNotFoundError:
            return {}
        except OSError as error:
            raise UnusableKeys(place=self._path, detail=reason(error)) from None
        except UnicodeDecodeError:
            raise UnusableKeys(place=self._path, detail=Phrase("it isn't a file of keys")) from None
        rows = ((number, line) for number, line in enumerate(lines, 1) if line.strip() and line[0] != "#")
        keys = dict(self._key(number, line) for number, line in rows)
        if not keys:
            raise UnusableKeys(place=self._path, detail=Phrase("there is no key in it"))
        return keys

    def _refuse_open(self, mode: int) -> None:
        if mode & (stat.S_IRWXG | stat.S_IRWXO):
            detail = Phrase("others than its owner may read it; forbid that (chmod 600)")
            raise UnusableKeys(place=self._path, detail=detail)

    def _key(self, number: int, line: str) -> tuple[str, bytes]:
        try:
            _, name, text = line.split()
            key = base64.b64decode(text, validate=True)
        except (ValueError, binascii.Error):
            name, key = "", b""
        if len(key) != KEY_BYTES or name != _id(key):
            detail = Phrase("line {number} is damaged", number=number)
            raise UnusableKeys(place=self._path, detail=detail)
        return name, key

    def _add(self) -> dict[str, bytes]:
        """Write the file anew with one key more: whole or not at all."""
        try:
            with self._alone():
                keys = self._read()
                made = os.urandom(KEY_BYTES)
                old = self._path.read_text("ascii") if keys else HEAD
                line = f"{instant(now())} {_id(made)} {base64.b64encode(made).decode()}\n"
                self._replace(old + ("" if old.endswith("\n") else "\n") + line)
        except OSError as error:
            raise UnusableKeys(place=self._path, detail=reason(error)) from None
        return {**keys, _id(made): made}

    @contextmanager
    def _alone(self) -> Generator[None]:
        """Keep others from adding a key at the same time."""
        self._path.parent.mkdir(parents=True, exist_ok=True, mode=0o700)
        lock = os.open(self._path.parent, os.O_RDONLY)
        try:
            fcntl.flock(lock, fcntl.LOCK_EX)
            yield
        finally:
            os.close(lock)

    def _replace(self, text: str) -> None:
        partial = self._path.with_name(self._path.name + ".partial")
        partial.unlink(missing_ok=True)
        with os.fdopen(os.open(partial, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600), "w") as file:
            file.write(text)
            file.flush()
            os.fsync(file.fileno())
        partial.replace(self._path)
        folder = os.open(self._path.parent, os.O_RDONLY)
        try:
            os.fsync(folder)
        finally:
            os.close(folder)


def _id(key: bytes) -> str:
    return hashlib.sha256(b"xinglin master key\0" + key).hexdigest()[:16]
