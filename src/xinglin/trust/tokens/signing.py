"""The hub's own key, with which identity tokens are signed (ES256), and what others check them with.

It stands in the file `tokens.pem` of the home folder, made at first use; several machines that answer under
one address need the same file.
"""

import os
import secrets
from functools import lru_cache
from pathlib import Path
from typing import Any, Final

from joserfc import jwt
from joserfc.errors import JoseError
from joserfc.jwk import ECKey

from xinglin.core.i18n import Phrase
from xinglin.core.os_errors import reason
from xinglin.core.settings import Settings
from xinglin.trust.tokens.errors import SigningKeyUnusable

ALGORITHM: Final = "ES256"
CURVE: Final = "P-256"
_OTHERS: Final = 0o077


def public_keys(settings: Settings) -> dict[str, Any]:
    """Give the JWK Set that identity tokens are checked with."""
    key = own_key(settings.folder)
    public = key.as_dict(private=False)
    return {"keys": [{**public, "kid": key.thumbprint(), "use": "sig", "alg": ALGORITHM}]}


def sign(settings: Settings, claims: dict[str, Any]) -> str:
    """Sign the claims of an identity token."""
    key = own_key(settings.folder)
    return jwt.encode({"alg": ALGORITHM, "kid": key.thumbprint()}, claims, key, algorithms=[ALGORITHM])


@lru_cache(maxsize=16)
def own_key(folder: Path) -> ECKey:
    """Give the key in a home folder, made where there is none. Raises SigningKeyUnusable."""
    file = folder / "tokens.pem"
    try:
        if not file.exists():
            _make(file)
        if file.stat().st_mode & _OTHERS:
            raise SigningKeyUnusable(file=file, detail=Phrase("others than the hub's user can read it"))
        key = ECKey.import_key(file.read_bytes())
    except OSError as error:
        raise SigningKeyUnusable(file=file, detail=reason(error)) from None
    except (JoseError, ValueError, TypeError):
        raise SigningKeyUnusable(file=file, detail=Phrase("it isn't a key in PEM")) from None
    if not key.is_private or key.curve_name != CURVE:
        raise SigningKeyUnusable(file=file, detail=Phrase("it isn't a private key on P-256"))
    return key


def _make(file: Path) -> None:
    """Write a new key; should another process be quicker, its key counts."""
    file.parent.mkdir(parents=True, exist_ok=True)
    fresh = file.with_name(f".{file.name}.{secrets.token_hex(8)}")
    handle = os.open(fresh, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
    try:
        with os.fdopen(handle, "wb") as out:
            out.write(ECKey.generate_key(CURVE, private=True).as_pem(private=True))
            out.flush()
            os.fsync(out.fileno())
        try:
            os.link(fresh, file)
        except FileExistsError:
            return
    finally:
        fresh.unlink()
