"""Whom a bearer token speaks for. Only hashes of tokens are kept, so that one look tells all that counts now.

What a look found is used for less than a second: revoking a token, disabling a program or a person, and
changing what was registered take effect within that time, in every process.
"""

from dataclasses import dataclass, replace
from datetime import datetime
from typing import Final
from weakref import WeakKeyDictionary

import msgspec

from xinglin.core.clock import now
from xinglin.hub.database import Connection, Database
from xinglin.trust.kept import Kept
from xinglin.trust.tokens import people, secret
from xinglin.trust.tokens.scopes import Scopes, parsed
from xinglin.trust.who import Who

KEEP_SECONDS: Final = 0.8
MOST_KEPT: Final = 10_000

PURPOSES: Final = "purposes"
PATIENT: Final = "launch-patient"
"""Names in `Who.claims`: purposes that the program may use, with spaces between; the launch patient's id."""

_FIND: Final = """
SELECT t.kind, t.scopes, least(t.ends, g.ends) AS ends, g.certificate, g.patient, g.person, c.id, c.name,
    c.kind, c.scopes, c.roles, c.institution, c.purposes, g.id, t.made
FROM client_token t JOIN client_grant g ON g.id = t.grant_id JOIN client c ON c.id = g.client
WHERE t.hash = %s AND t.used IS NULL AND t.revoked IS NULL AND g.revoked IS NULL AND c.disabled IS NULL
    AND t.ends > %s AND g.ends > %s
"""


@dataclass(frozen=True, slots=True)
class Held:
    """A token that is worth something: for whom, until when, and the certificate it is bound to."""

    who: Who
    kind: str
    client: str
    grant: int
    scopes: Scopes
    made: datetime
    ends: datetime
    certificate: str | None


class _Row(msgspec.Struct, array_like=True):
    kind: str
    scopes: tuple[str, ...]
    ends: datetime
    certificate: str | None
    patient: str | None
    person: dict[str, object] | None
    client: str
    name: str
    client_kind: str
    registered: tuple[str, ...]
    roles: tuple[str, ...]
    institution: str | None
    purposes: tuple[str, ...]
    grant: int
    made: datetime


_kept: WeakKeyDictionary[Database, Kept[bytes, Held]] = WeakKeyDictionary()


async def who_of_token(
    database: Database, token: str, address: str, certificate: str | None = None
) -> Who | None:
    """Give whom an access token speaks for; None where it is worth nothing (any more).

    `certificate` is the SHA-256 thumbprint (base64url) of the certificate that the connection showed. What
    programs may do is told by `scopes` (see `Scopes`), `claims[PURPOSES]` and `claims[PATIENT]`.
    """
    if len(token) > secret.LONGEST:
        return None
    hash_ = secret.hashed(token)
    kept = _kept.setdefault(database, Kept(KEEP_SECONDS, MOST_KEPT))
    held, begun = kept.get(hash_), kept.begin()
    if held is None:
        async with database.connection() as connection:
            held = await look(connection, hash_)
        kept.keep(hash_, held, begun)
    if held is None or held.kind != "access" or held.ends <= now():
        return None
    if held.certificate is not None and held.certificate != certificate:
        return None
    return replace(held.who, address=address)


async def look(connection: Connection, hash_: bytes) -> Held | None:
    """Look what a token is worth at this moment, whoever shows it."""
    moment = now()
    found = await (await connection.execute(_FIND, [hash_, moment, moment])).fetchone()
    if found is None:
        return None
    row = msgspec.convert(found, _Row)
    scopes = parsed(row.scopes).narrowed(parsed(row.registered))
    who = await _who(connection, row, scopes)
    if who is None:
        return None
    return Held(who, row.kind, row.client, row.grant, scopes, row.made, row.ends, row.certificate)


async def _who(connection: Connection, row: _Row, scopes: Scopes) -> Who | None:
    claims = {PURPOSES: " ".join(row.purposes)} | ({PATIENT: row.patient} if row.patient else {})
    if row.person is None:
        return Who(
            f"client:{row.client}",
            "client",
            row.name,
            roles=frozenset(row.roles),
            institution=row.institution,
            scopes=tuple(scopes),
            client=row.client,
            claims=claims,
        )
    person = await people.current(connection, row.person)
    if person is None:
        return None
    return replace(person, scopes=tuple(scopes), client=row.client, session=None, claims=claims)
