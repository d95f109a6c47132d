"""The signed statement by which a program with keys proves who it is (private_key_jwt).

http://hl7.org/fhir/smart-app-launch/client-confidential-asymmetric.html, RFC 7523. Each works once in all
processes: what was used is kept in the database until it would expire anyhow.
"""

import json
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from hashlib import sha256
from typing import Any, Final, cast

from joserfc import jws, jwt
from joserfc.errors import JoseError

from xinglin.core.clock import now
from xinglin.core.i18n import Phrase
from xinglin.hub.database import Database
from xinglin.trust.tokens import clients
from xinglin.trust.tokens.client import Client
from xinglin.trust.tokens.errors import WrongClient, WrongStatement
from xinglin.trust.tokens.keys import ALGORITHMS, Key, key_named
from xinglin.trust.tokens.web import KeyBox

TYPE: Final = "urn:ietf:params:oauth:client-assertion-type:jwt-bearer"
LONGEST: Final = 8_192
LASTS: Final = timedelta(minutes=5)
SKEW: Final = timedelta(seconds=30)
"""How much two clocks may differ."""

MOST_JTI: Final = 255
_HEADERS: Final = frozenset({"alg", "kid", "typ", "jku"})
_USE: Final = "INSERT INTO client_statement (client, jti, ends) VALUES (%s, %s, %s) ON CONFLICT DO NOTHING"


@dataclass(frozen=True, slots=True)
class Said:
    """What a statement says before anything of it is proved."""

    client: str
    kid: str
    algorithm: str
    jku: str | None


async def prove(database: Database, statement: str, audience: str, box: KeyBox) -> Client:
    """Give the program that signed a statement for `audience`. Raises WrongStatement or WrongClient."""
    said = read(statement)
    async with database.connection() as connection:
        client = await clients.find_enabled(connection, said.client)
    claims = _verified(statement, said, await _key(client, said, box))
    ends = check_claims(claims, client.id, audience, now())
    jti = sha256(cast("str", claims["jti"]).encode("utf-8", "surrogatepass")).digest()
    async with database.connection() as connection:
        done = await connection.execute(_USE, [client.id, jti, ends + SKEW])
    if not done.rowcount:
        raise WrongStatement(detail=Phrase("it was used before (jti)"))
    return client


def read(statement: str) -> Said:
    """Read what is needed to find the key. Raises WrongStatement."""
    if len(statement) > LONGEST or not statement.isascii():
        raise WrongStatement(detail=Phrase("it is longer than {most} letters", most=LONGEST))
    try:
        found = jws.extract_compact(statement.encode())
        header, claims = found.headers(), json.loads(found.payload)
    except (JoseError, ValueError, RecursionError):
        raise WrongStatement(detail=Phrase("it isn't a signed JWT")) from None
    if not isinstance(claims, dict) or header.keys() - _HEADERS:
        raise WrongStatement(detail=Phrase("its header may hold alg, kid, typ and jku only"))
    algorithm, kid, jku = header.get("alg"), header.get("kid"), header.get("jku")
    if algorithm not in ALGORITHMS:
        raise WrongStatement(detail=Phrase("alg must be one of {allowed}", allowed=", ".join(ALGORITHMS)))
    issuer = cast("dict[str, Any]", claims).get("iss")
    if not isinstance(kid, str) or not isinstance(issuer, str) or not isinstance(jku, str | None):
        raise WrongStatement(detail=Phrase("kid or iss is missing"))
    return Said(issuer, kid, algorithm, jku)


async def _key(client: Client, said: Said, box: KeyBox) -> Key:
    """Give the registered key that the statement names; never one that it brings or points to itself."""
    if client.keys is None and client.keys_url is None:
        raise WrongClient
    if said.jku is not None and said.jku != client.keys_url:
        raise WrongStatement(detail=Phrase("jku isn't the registered address"))
    keys = client.keys if client.keys_url is None else await box.keys(client.keys_url, said.kid)
    key = key_named(keys, said.kid, said.algorithm)
    if key is None:
        raise WrongStatement(detail=Phrase("no registered key for {alg} has its kid", alg=said.algorithm))
    return key


def _verified(statement: str, said: Said, key: Key) -> dict[str, Any]:
    try:
        return jwt.decode(statement, key, algorithms=[said.algorithm]).claims
    except (JoseError, ValueError):
        raise WrongStatement(detail=Phrase("its signature is wrong")) from None


def check_claims(claims: dict[str, Any], client: str, audience: str, moment: datetime) -> datetime:
    """Give when a statement expires. Raises WrongStatement unless it is for this address and moment."""
    if claims.get("iss") != client or claims.get("sub") != client:
        raise WrongStatement(detail=Phrase("iss and sub must be the client id"))
    named = claims.get("aud")
    if audience not in (cast("list[object]", named) if isinstance(named, list) else [named]):
        raise WrongStatement(detail=Phrase("aud must be {audience}", audience=audience))
    jti = claims.get("jti")
    if not isinstance(jti, str) or not 0 < len(jti) <= MOST_JTI:
        raise WrongStatement(detail=Phrase("jti is missing"))
    ends = _moment(claims, "exp")
    if ends is None or not moment - SKEW < ends <= moment + LASTS + SKEW:
        raise WrongStatement(detail=Phrase("exp must lie ahead, at most 5 minutes"))
    for name in ("nbf", "iat"):
        if name in claims and ((begins := _moment(claims, name)) is None or begins > moment + SKEW):
            raise WrongStatement(detail=Phrase("{name} lies in the future", name=name))
    return ends


def _moment(claims: dict[str, Any], name: str) -> datetime | None:
    value = claims.get(name)
    if isinstance(value, bool) or not isinstance(value, int | float):
        return None
    try:
        return datetime.fromtimestamp(value, UTC)
    except (ValueError, OverflowError, OSError):
        return None
