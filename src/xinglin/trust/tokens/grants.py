"""Giving tokens, exchanging them, taking them back.

A grant is what a person (or a registration) allowed a program. All its tokens end with it: so a code or a
refresh token that comes a second time, which somebody must have stolen, ends what the thief got too
(RFC 9700, 2.1.1 and 4.14.2).
"""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any, Final, Literal

import msgspec
from psycopg.types.json import Jsonb

from xinglin.core.clock import now
from xinglin.core.settings import Settings
from xinglin.hub.database import Connection
from xinglin.trust.tokens import secret
from xinglin.trust.tokens.client import Client
from xinglin.trust.tokens.scopes import Scopes

Why = Literal[
    "disabled", "revoked", "code-reused", "code-misused", "refresh-reused", "refresh-misused", "ended"
]
"""Why a grant was taken back. `misused`: shown by another program, or without what belongs to it."""

_GRANT: Final = """
INSERT INTO client_grant (client, person, scopes, patient, nonce, authenticated, certificate, made, ends)
VALUES (%(client)s, %(person)s, %(scopes)s, %(patient)s, %(nonce)s, %(authenticated)s, %(certificate)s,
    %(made)s, %(ends)s) RETURNING id
"""
_INSERT: Final = """
INSERT INTO client_token (hash, grant_id, kind, scopes, made, ends) VALUES (%s, %s, %s, %s, %s, %s)
"""
_REVOKE: Final = "UPDATE client_grant SET revoked = %s, why = %s WHERE id = %s AND revoked IS NULL"
_REVOKE_ONE: Final = "UPDATE client_token SET revoked = %s WHERE hash = %s AND revoked IS NULL"
_CLEAN: Final = (
    "DELETE FROM client_request WHERE ends < %s",
    "DELETE FROM client_statement WHERE ends < %s",
    "DELETE FROM client_token WHERE kind = 'access' AND ends < %s",
    "DELETE FROM client_grant WHERE ends < %s",
)
KEEP: Final = timedelta(days=1)
"""How long what is over is kept, so that its being used again is noticed."""


@dataclass(frozen=True, slots=True)
class Given:
    """Tokens as they are handed out, this once; `seconds` is how long the access token lasts."""

    access: str
    seconds: int
    scopes: Scopes
    refresh: str | None = None


async def begin(
    connection: Connection,
    client: Client,
    scopes: Scopes,
    *,
    ends: datetime,
    person: Mapping[str, Any] | None = None,
    patient: str | None = None,
    nonce: str | None = None,
    authenticated: datetime | None = None,
    certificate: str | None = None,
) -> int:
    """Note what a program is allowed; give the grant's number."""
    row = {
        "client": client.id,
        "person": None if person is None else Jsonb(dict(person)),
        "scopes": list(scopes),
        "patient": patient,
        "nonce": nonce,
        "authenticated": authenticated,
        "certificate": certificate,
        "made": now(),
        "ends": ends,
    }
    found = await (await connection.execute(_GRANT, row)).fetchone()
    return msgspec.convert(found, tuple[int])[0]


async def give(
    connection: Connection,
    grant: int,
    scopes: Scopes,
    *,
    lasts: timedelta,
    ends: datetime,
    renewable: Scopes | None = None,
) -> Given:
    """Give tokens of a grant that ends at `ends`; a refresh token too where offline access was allowed.

    The refresh token is for `renewable`, or for the same scopes as the access token.
    """
    whole = renewable or scopes
    made = now()
    access_ends = min(made + lasts, ends)
    access = await _token(connection, "access", grant=grant, scopes=scopes, made=made, ends=access_ends)
    refresh = None
    if "offline_access" in whole.words:
        refresh = await _token(connection, "refresh", grant=grant, scopes=whole, made=made, ends=ends)
    return Given(access, int((access_ends - made).total_seconds()), scopes, refresh)


async def _token(
    connection: Connection,
    kind: Literal["access", "refresh"],
    *,
    grant: int,
    scopes: Scopes,
    made: datetime,
    ends: datetime,
) -> str:
    token = secret.make(kind)
    await connection.execute(_INSERT, [secret.hashed(token), grant, kind, list(scopes), made, ends])
    return token


async def give_service(
    connection: Connection, client: Client, scopes: Scopes, settings: Settings, certificate: str | None
) -> Given:
    """Give a backend service its token, without a refresh token: it can prove itself again."""
    lasts = timedelta(seconds=settings.service_token_seconds)
    ends = now() + lasts
    grant = await begin(connection, client, scopes, ends=ends, certificate=certificate)
    return await give(connection, grant, scopes, lasts=lasts, ends=ends)


async def revoke(connection: Connection, grant: int, why: Why) -> None:
    """Take back all that a grant gave."""
    await connection.execute(_REVOKE, [now(), why, grant])


async def revoke_token(connection: Connection, hash_: bytes) -> None:
    """Take back one access token."""
    await connection.execute(_REVOKE_ONE, [now(), hash_])


async def clean(connection: Connection) -> None:
    """Remove what ended long ago."""
    for statement in _CLEAN:
        await connection.execute(statement, [now() - KEEP])
