"""Introspection (RFC 7662) and revocation (RFC 7009): what a token is worth, and ending it."""

from typing import Any, Final

from xinglin.core.clock import now
from xinglin.core.i18n import Phrase
from xinglin.hub.database import Connection
from xinglin.trust.tokens import access, grants, secret
from xinglin.trust.tokens.access import Held
from xinglin.trust.tokens.client import Client
from xinglin.trust.tokens.desk import Desk
from xinglin.trust.tokens.errors import OAuthError, WrongRequest
from xinglin.trust.tokens.exchanging import fhir_user
from xinglin.trust.tokens.proving import Shown, prove

INACTIVE: Final[dict[str, Any]] = {"active": False}
"""All that is told of a token that is worth nothing, or that isn't the asking program's business."""


async def introspect(desk: Desk, shown: Shown) -> dict[str, Any]:
    """Tell what a token is worth at this moment. Raises OAuthError.

    A program is told of its own tokens; of others' only where it is registered to introspect.
    """
    client = await _prove(desk, shown, "introspect", public=False)
    hash_ = _hash(shown)
    async with desk.hub.database.connection() as connection:
        held = await access.look(connection, hash_)
    if held is None or held.ends <= now() or not (client.introspects or held.client == client.id):
        told = INACTIVE
    else:
        told = _told(desk, held)
    detail = {"active": told["active"], "of": None if told is INACTIVE or held is None else held.client}
    await desk.tell("token.introspect", "allowed", client=client, detail=detail)
    return told


def _told(desk: Desk, held: Held) -> dict[str, Any]:
    user = fhir_user(held.who)
    told: dict[str, Any] = {
        "active": True,
        "scope": str(held.scopes),
        "client_id": held.client,
        "sub": held.who.id,
        "iss": desk.root,
        "aud": desk.base,
        "iat": int(held.made.timestamp()),
        "exp": int(held.ends.timestamp()),
        "patient": held.who.claims.get(access.PATIENT),
        "fhirUser": f"{desk.base}/{user}" if user and "fhirUser" in held.scopes.words else None,
        "token_type": "Bearer" if held.kind == "access" else None,
        "cnf": None if held.certificate is None else {"x5t#S256": held.certificate},
    }
    return {name: value for name, value in told.items() if value is not None}


async def revoke(desk: Desk, shown: Shown) -> None:
    """End a token of the asking program; a refresh token ends all that came of the same consent.

    What isn't its own, or is worth nothing, is answered alike. Raises OAuthError.
    """
    client = await _prove(desk, shown, "revoke", public=True)
    hash_ = _hash(shown)

    async def work(connection: Connection) -> Held | None:
        held = await access.look(connection, hash_)
        if held is None or held.client != client.id:
            return None
        if held.kind == "refresh":
            await grants.revoke(connection, held.grant, "revoked")
        else:
            await grants.revoke_token(connection, hash_)
        return held

    held = await desk.hub.transaction(work)
    detail = {"kind": held.kind if held else None, "why": "revoked"}
    await desk.tell("token.revoke", "allowed" if held else "failed", client=client, detail=detail)


async def _prove(desk: Desk, shown: Shown, path: str, *, public: bool) -> Client:
    """Give the program that asks; statements are for the token endpoint here too."""
    try:
        return await prove(
            desk.hub.database, desk.settings, desk.box, shown, audience=desk.at("token"), public=public
        )
    except OAuthError as error:
        await desk.tell(f"token.{path}", "denied", detail={"code": error.code, "why": error})
        raise


def _hash(shown: Shown) -> bytes:
    token = shown.form.get("token", "")
    if not token:
        raise WrongRequest(name="token", detail=Phrase("it must be a text"))
    return secret.hashed(token[: secret.LONGEST])
