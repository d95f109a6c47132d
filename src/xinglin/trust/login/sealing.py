"""The login key, outside the database: what must be read again, as authenticators' secrets, is under it."""

import os
import secrets
from pathlib import Path
from typing import Final

from cryptography.exceptions import InvalidTag
from cryptography.hazmat.primitives.ciphers.aead import AESGCM

from xinglin.core.i18n import Phrase
from xinglin.core.os_errors import reason
from xinglin.core.settings import Settings
from xinglin.trust.login.errors import UnusableKey

KEY_BYTES: Final = 32
NONCE_BYTES: Final = 12


def key_file(settings: Settings) -> Path:
    """Give where the login key lies: beside the master keys, so that machines which share them share it."""
    return settings.key_file.with_name("login.key")


def opens(file: Path, sealed: bytes, owner: str) -> bool:
    """Tell whether the key in a file opens what was sealed for `owner`; a missing key isn't made."""
    try:
        if not file.exists():
            return False
        Seal(file).open(sealed, owner)
    except UnusableKey:
        return False
    return True


class Seal:
    """Seals and opens short secrets with AES-256-GCM; what belongs to one account opens for no other."""

    def __init__(self, file: Path) -> None:
        self._file = file
        self._cipher: AESGCM | None = None

    def seal(self, secret: bytes, owner: str) -> bytes:
        """Seal a secret for its owner. Raises UnusableKey."""
        nonce = secrets.token_bytes(NONCE_BYTES)
        return nonce + self._ready().encrypt(nonce, secret, owner.encode())

    def open(self, sealed: bytes, owner: str) -> bytes:
        """Open what was sealed for `owner`. Raises UnusableKey."""
        try:
            return self._ready().decrypt(sealed[:NONCE_BYTES], sealed[NONCE_BYTES:], owner.encode())
        except InvalidTag:
            detail = Phrase("it isn't the one with which this was sealed")
            raise UnusableKey(file=self._file, detail=detail) from None

    def _ready(self) -> AESGCM:
        if self._cipher is None:
            try:
                self._cipher = AESGCM(_read_or_make(self._file))
            except OSError as error:
                raise UnusableKey(file=self._file, detail=reason(error)) from None
            except ValueError:
                raise UnusableKey(file=self._file, detail=Phrase("it must have 32 bytes")) from None
        return self._cipher


def _read_or_make(file: Path) -> bytes:
    """Read the key; where there is none, make it, whole or not at all, readable for the hub's user only."""
    if not file.exists():
        file.parent.mkdir(parents=True, exist_ok=True, mode=0o700)
        made = file.with_name(f".{file.name}.{secrets.token_hex(8)}")
        with os.fdopen(os.open(made, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600), "wb") as handle:
            handle.write(secrets.token_bytes(KEY_BYTES))
            handle.flush()
            os.fsync(handle.fileno())
        try:
            os.link(made, file)  # another process may have been quicker: then its key counts
        except FileExistsError:
            pass
        finally:
            made.unlink()
    return file.read_bytes()
