"""Which program asks: by secret, by signed statement, or only by name where it can keep no secret.

RFC 6749 (2.3). A program proves itself in the one way it was registered for, and in no second one beside it.
"""

import base64
import binascii
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Final
from urllib.parse import unquote

from xinglin.core.i18n import Phrase
from xinglin.core.settings import Settings
from xinglin.hub.database import Database
from xinglin.trust.tokens import clients, secret, statement
from xinglin.trust.tokens.client import Client
from xinglin.trust.tokens.errors import CertificateNeeded, NotForThisKind, WrongClient, WrongRequest
from xinglin.trust.tokens.web import KeyBox

MOST_ID: Final = 63


@dataclass(frozen=True, slots=True)
class Shown:
    """What a program shows of itself with a request."""

    authorization: str
    form: Mapping[str, str]
    certificate: str | None = None


async def prove(
    database: Database, settings: Settings, box: KeyBox, shown: Shown, *, audience: str, public: bool
) -> Client:
    """Give the program that asks; `public` says whether one without secret may. Raises OAuthError.

    `audience` is the address that statements must be for.
    """
    client = await _proved(database, box, shown, audience)
    named = shown.form.get("client_id")
    if named is not None and named != client.id:
        raise WrongClient
    if client.kind == "public" and not public:
        raise NotForThisKind(kind=client.kind, what=Phrase("what needs proof"))
    if settings.client_certificates == "required" and client.kind == "backend" and not shown.certificate:
        raise CertificateNeeded
    return client


async def _proved(database: Database, box: KeyBox, shown: Shown, audience: str) -> Client:
    form = shown.form
    if "client_secret" in form:
        raise WrongRequest(name="client_secret", detail=Phrase("send it by HTTP Basic"))
    if "client_assertion" in form or "client_assertion_type" in form:
        if shown.authorization:
            raise WrongRequest(name="client_assertion", detail=Phrase("prove yourself in one way only"))
        if form.get("client_assertion_type") != statement.TYPE:
            raise WrongRequest(
                name="client_assertion_type", detail=Phrase("it must be {type}", type=statement.TYPE)
            )
        return await statement.prove(database, form.get("client_assertion", ""), audience, box)
    if shown.authorization:
        return await _by_secret(database, shown.authorization)
    return await _by_name(database, form.get("client_id", ""))


async def _by_secret(database: Database, authorization: str) -> Client:
    id_, given = _basic(authorization)
    async with database.connection() as connection:
        await clients.refuse_wrong_secret(connection, id_, given)
        return await clients.find_enabled(connection, id_)


def _basic(authorization: str) -> tuple[str, str]:
    """Read HTTP Basic, in which both parts are written as in forms. Raises WrongClient."""
    scheme, _space, coded = authorization.partition(" ")
    if scheme.lower() != "basic" or len(coded) > 4 * secret.LONGEST:
        raise WrongClient
    try:
        id_, colon, given = base64.b64decode(coded, validate=True).decode("ascii").partition(":")
    except (binascii.Error, UnicodeDecodeError):
        raise WrongClient from None
    id_, given = unquote(id_), unquote(given)
    if not colon or len(id_) > MOST_ID or not id_.isprintable():
        raise WrongClient
    return id_, given


async def _by_name(database: Database, id_: str) -> Client:
    if not id_ or len(id_) > MOST_ID:
        raise WrongClient
    async with database.connection() as connection:
        client = await clients.find_enabled(connection, id_)
    if client.kind != "public":
        raise WrongClient
    return client
