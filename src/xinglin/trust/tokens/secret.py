"""Secrets that are given out once: 256 random bits, of which only the hash is kept.

A plain SHA-256 is right for them, as nobody can try 2^256 values; slow hashes are for what people choose.
"""

import hmac
import secrets
from hashlib import sha256
from typing import Final, Literal

BYTES: Final = 32
LONGEST: Final = 200
"""No secret of ours is longer; more isn't hashed."""

Sort = Literal["client", "code", "access", "refresh", "page"]
_MARKS: Final[dict[Sort, str]] = {
    "client": "xls_",
    "code": "xlc_",
    "access": "xla_",
    "refresh": "xlr_",
    "page": "xlp_",
}
"""What they begin with, so that programs that look for leaked secrets know ours."""


def make(sort: Sort) -> str:
    """Make a secret."""
    return _MARKS[sort] + secrets.token_urlsafe(BYTES)


def hashed(secret: str) -> bytes:
    """Give what is kept of a secret."""
    return sha256(secret.encode("utf-8", "surrogatepass")).digest()


def matches(secret: str, kept: bytes | None) -> bool:
    """Tell whether `kept` is of this secret, in the same time whether or not there is one."""
    same = hmac.compare_digest(hashed(secret[:LONGEST]), kept or bytes(BYTES))
    return same and kept is not None
