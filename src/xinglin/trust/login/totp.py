"""The second factor: codes of an authenticator (TOTP, RFC 6238), and recovery codes for who lost it.

A code counts once: the step it belongs to is kept by the same statement that takes it, so two processes
can't both take one. Recovery codes are kept as hashes and removed by the statement that takes them.
"""

import base64
import hmac
import io
import secrets
from dataclasses import dataclass
from datetime import datetime
from hashlib import sha256
from typing import Final

import segno
from pyotp import random_base32
from pyotp.totp import TOTP

from xinglin.hub.database import Connection
from xinglin.trust.login.accounts import Account
from xinglin.trust.login.sealing import Seal

STEP_SECONDS: Final = 30
DIGITS: Final = 6
AROUND: Final = (0, -1, 1)
"""Steps that are taken beside the present one: clocks differ, and people type slowly."""

ISSUER: Final = "Xinglin"
RECOVERY_CODES: Final = 10
RECOVERY_BYTES: Final = 10
"""80 bits each: nobody can try them through, so a fast hash is enough."""


@dataclass(frozen=True, slots=True)
class Authenticator:
    """What an authenticator must be given: the secret, as text, as an address and as a picture."""

    secret: str
    uri: str

    @property
    def svg(self) -> str:
        """The QR code as an SVG element."""
        out = io.BytesIO()
        segno.make(self.uri, micro=False).save(out, kind="svg", xmldecl=False, scale=4, light="#fff")
        return out.getvalue().decode()

    @property
    def drawn(self) -> str:
        """The QR code as text for a terminal."""
        out = io.StringIO()
        segno.make(self.uri, micro=False).terminal(out, compact=True)
        return out.getvalue()


def _authenticator(secret: str, login: str) -> Authenticator:
    return Authenticator(secret, TOTP(secret).provisioning_uri(name=login, issuer_name=ISSUER))


async def begin(connection: Connection, seal: Seal, account: Account) -> Authenticator:
    """Give a new secret, or the one that was begun with and not confirmed yet."""
    if account.totp_secret is not None and account.totp_since is None:
        return _authenticator(seal.open(account.totp_secret, account.login).decode(), account.login)
    secret = random_base32()
    sealed = seal.seal(secret.encode(), account.login)
    await connection.execute(
        "UPDATE account SET totp_secret = %s, totp_since = NULL, totp_step = 0 WHERE login = %s",
        [sealed, account.login],
    )
    return _authenticator(secret, account.login)


async def confirm(
    connection: Connection, seal: Seal, account: Account, code: str, now: datetime
) -> list[str] | None:
    """Put the authenticator in force by its first code; give new recovery codes, None for a wrong code."""
    if not await take_code(connection, seal, account, code, now):
        return None
    await connection.execute("UPDATE account SET totp_since = %s WHERE login = %s", [now, account.login])
    return await renew_recovery(connection, account.login)


async def take_code(connection: Connection, seal: Seal, account: Account, code: str, now: datetime) -> bool:
    """Say whether a code of the authenticator is right; from then on it counts no more."""
    step = _step_of(seal, account, code, now)
    if step is None:
        return False
    done = await connection.execute(
        "UPDATE account SET totp_step = %s WHERE login = %s AND totp_secret = %s AND totp_step < %s",
        [step, account.login, account.totp_secret, step],
    )
    return done.rowcount > 0


def _step_of(seal: Seal, account: Account, code: str, now: datetime) -> int | None:
    """Find the step that a code belongs to; every step is looked at, whichever fits."""
    if account.totp_secret is None or not (len(code) == DIGITS and code.isascii() and code.isdigit()):
        return None
    totp = TOTP(seal.open(account.totp_secret, account.login).decode())
    present = int(now.timestamp()) // STEP_SECONDS
    fits = [present + away for away in AROUND if hmac.compare_digest(totp.generate_otp(present + away), code)]
    return fits[0] if fits else None


async def renew_recovery(connection: Connection, login: str) -> list[str]:
    """Make new recovery codes in place of all earlier ones."""
    codes = [_recovery_code() for _ in range(RECOVERY_CODES)]
    await connection.execute("DELETE FROM account_recovery WHERE login = %s", [login])
    await connection.execute(
        "INSERT INTO account_recovery (login, hash) SELECT %s, unnest(%s::bytea[])",
        [login, [_hash(code) for code in codes]],
    )
    return codes


def _recovery_code() -> str:
    """Make a code as `abcd-efgh-ijkl-mnop`."""
    letters = base64.b32encode(secrets.token_bytes(RECOVERY_BYTES)).decode().lower()
    return "-".join(letters[at : at + 4] for at in range(0, len(letters), 4))


def _hash(code: str) -> bytes:
    return sha256(code.lower().replace("-", "").replace(" ", "").encode("utf-8", "surrogatepass")).digest()


async def take_recovery(connection: Connection, login: str, code: str) -> bool:
    """Say whether a recovery code is right; from then on it counts no more."""
    done = await connection.execute(
        "DELETE FROM account_recovery WHERE login = %s AND hash = %s", [login, _hash(code)]
    )
    return done.rowcount > 0


async def remove(connection: Connection, login: str) -> None:
    """Take the authenticator and the recovery codes from an account."""
    await connection.execute("DELETE FROM account_recovery WHERE login = %s", [login])
    await connection.execute(
        "UPDATE account SET totp_secret = NULL, totp_since = NULL, totp_step = 0 WHERE login = %s", [login]
    )
