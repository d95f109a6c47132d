"""Sealed bytes: AES-256-GCM or SM4-GCM under a key of this process's own, made from a data key.

    magic 3 | algorithm 1 | number of the data key 4 | salt 8 | nonce 12 | ciphertext | tag 16

GCM breaks where a nonce comes twice under one key. So each process derives a key of its own from the data
key with a random salt (HKDF, RFC 5869), counts its nonces and adds 48 random bits, should the process be
copied while it runs. What a frame belongs to is authenticated with it: moved elsewhere, it doesn't open.

AES-GCM: NIST SP 800-38D; SM4: GB/T 32907-2016, with GCM as in RFC 8998; SM3: GB/T 32905-2016.
"""

import os
from collections.abc import Callable, Mapping
from functools import lru_cache
from itertools import count
from struct import Struct
from typing import Final, Protocol

from cryptography.exceptions import InvalidTag
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.ciphers import Cipher
from cryptography.hazmat.primitives.ciphers.aead import AESGCM
from cryptography.hazmat.primitives.ciphers.algorithms import SM4
from cryptography.hazmat.primitives.ciphers.modes import GCM
from cryptography.hazmat.primitives.kdf.hkdf import HKDF

from xinglin.core.errors import TrustError

MAGIC: Final = b"\x8bXL"
PLAIN: Final = 0
"""The algorithm of what isn't encrypted, but begins like a frame."""

ALGORITHMS: Final[Mapping[str, int]] = {"aes-256-gcm": 1, "sm4-gcm": 2}
KEY_BYTES: Final = 32
TAG_BYTES: Final = 16
SALTS_KEPT: Final = 4_096

_HEAD: Final = Struct("!3sBI8s6s6s")
_SALT: Final = slice(8, 16)
_NONCE: Final = slice(16, 28)


class UnknownKey(KeyError):
    """A frame is under a data key that this process doesn't know yet; `args[0]` is its number."""


class Tampered(TrustError):
    """A sealed value doesn't open with its own key."""

    code = "XL9603"
    message = "What is stored as {what} was changed or moved behind the hub's back: it doesn't open."
    remedy = (
        "Find out who wrote to the database, then restore it from a backup; `xinglin keys check` lists all."
    )
    status = 500
    issue = "exception"


class Aead(Protocol):
    """What encrypts and authenticates."""

    def encrypt(self, nonce: bytes, data: bytes, associated_data: bytes | None, /) -> bytes:
        """Give ciphertext and tag."""
        ...

    def decrypt(self, nonce: bytes, data: bytes, associated_data: bytes | None, /) -> bytes:
        """Give the plain bytes. Raises InvalidTag."""
        ...


class Sm4Gcm:
    """SM4 in Galois/Counter Mode, in the form of `AESGCM`."""

    def __init__(self, key: bytes) -> None:
        self._key = SM4(key)

    def encrypt(self, nonce: bytes, data: bytes, associated_data: bytes | None, /) -> bytes:
        """Give ciphertext and tag."""
        work = Cipher(self._key, GCM(nonce)).encryptor()
        work.authenticate_additional_data(associated_data or b"")
        return work.update(data) + work.finalize() + work.tag

    def decrypt(self, nonce: bytes, data: bytes, associated_data: bytes | None, /) -> bytes:
        """Give the plain bytes. Raises InvalidTag."""
        work = Cipher(self._key, GCM(nonce, data[-TAG_BYTES:])).decryptor()
        work.authenticate_additional_data(associated_data or b"")
        return work.update(data[:-TAG_BYTES]) + work.finalize()


def _aes(secret: bytes, salt: bytes) -> Aead:
    return AESGCM(HKDF(hashes.SHA256(), 32, salt, b"xinglin aes-256-gcm").derive(secret))


def _sm4(secret: bytes, salt: bytes) -> Aead:
    return Sm4Gcm(HKDF(hashes.SM3(), 16, salt, b"xinglin sm4-gcm").derive(secret))


_MAKE: Final[Mapping[int, Callable[[bytes, bytes], Aead]]] = {1: _aes, 2: _sm4}


@lru_cache(maxsize=SALTS_KEPT)
def _derived(algorithm: int, secret: bytes, salt: bytes) -> Aead:
    return _MAKE[algorithm](secret, salt)


def algorithm_of(frame: bytes) -> int | None:
    """Give the algorithm of a frame; None for bytes that are no frame."""
    return frame[3] if len(frame) > 3 and frame.startswith(MAGIC) else None


def key_number(frame: bytes) -> int | None:
    """Give the number of the data key of a frame; None for bytes that aren't sealed."""
    return int.from_bytes(frame[4:8], "big") if algorithm_of(frame) else None


def as_plain(data: bytes) -> bytes:
    """Give bytes as they are kept without encryption."""
    return MAGIC + bytes([PLAIN]) + data if data.startswith(MAGIC) else data


class Sealer:
    """Seals with one data key. One for a process."""

    def __init__(self, number: int, algorithm: str, secret: bytes) -> None:
        self.number = number
        self._algorithm = ALGORITHMS[algorithm]
        self._salt = os.urandom(8)
        self._aead = _derived(self._algorithm, secret, self._salt)
        self._count = count()

    def seal(self, data: bytes, belongs: bytes) -> bytes:
        """Seal `data`, bound to what it belongs to."""
        turn = next(self._count).to_bytes(6, "big")
        head = _HEAD.pack(MAGIC, self._algorithm, self.number, self._salt, turn, os.urandom(6))
        return head + self._aead.encrypt(head[_NONCE], data, head + belongs)


def unseal(frame: bytes, belongs: bytes, secrets: Mapping[int, bytes]) -> bytes:
    """Open a frame with the data keys by number; plain bytes are given as they are.

    Raises UnknownKey, or Tampered where it isn't what was sealed there.
    """
    algorithm = algorithm_of(frame)
    if algorithm is None:
        return frame
    if algorithm == PLAIN:
        return frame[4:]
    what = belongs.replace(b"\0", b" ").decode(errors="replace")
    if algorithm not in _MAKE or len(frame) < _HEAD.size + TAG_BYTES:
        raise Tampered(what=what)
    secret = secrets.get(key_number(frame) or 0)
    if secret is None:
        raise UnknownKey(key_number(frame))
    try:
        aead = _derived(algorithm, secret, frame[_SALT])
        head = frame[: _HEAD.size]
        return aead.decrypt(frame[_NONCE], frame[_HEAD.size :], head + belongs)
    except InvalidTag:
        raise Tampered(what=what) from None
