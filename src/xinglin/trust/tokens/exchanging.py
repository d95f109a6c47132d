"""The token endpoint: codes, refresh tokens and signed statements become access tokens.

http://hl7.org/fhir/smart-app-launch/app-launch.html, backend-services.html; RFC 6749, 7636, 9700.
"""

import base64
import hmac
import re
import time
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta
from hashlib import sha256
from typing import Any, Final

import msgspec

from xinglin.core.clock import now
from xinglin.core.i18n import Phrase
from xinglin.hub.database import Connection
from xinglin.trust.tokens import grants, people, secret, signing
from xinglin.trust.tokens.client import Client
from xinglin.trust.tokens.desk import Desk
from xinglin.trust.tokens.errors import (
    NotForThisKind,
    OAuthError,
    UnknownGrantType,
    WrongGrant,
    WrongScope,
)
from xinglin.trust.tokens.grants import Given, Why
from xinglin.trust.tokens.proving import Shown, prove
from xinglin.trust.tokens.registering import refuse_unknown_restrictions
from xinglin.trust.tokens.scopes import Scopes, parsed
from xinglin.trust.who import Who

VERIFIER: Final = re.compile(r"[A-Za-z0-9\-._~]{43,128}")
CLEAN_SECONDS: Final = 60
"""So often a process removes what ended long ago."""

_CODE: Final = """
SELECT g.id, g.client, g.ends, g.scopes, g.person, g.patient, g.nonce, g.authenticated, g.certificate,
    k.redirect, k.challenge, k.ends > %(now)s AND k.used IS NULL AND g.revoked IS NULL, k.used IS NOT NULL
FROM client_code k JOIN client_grant g ON g.id = k.grant_id WHERE k.hash = %(hash)s FOR UPDATE OF k, g
"""
_REFRESH: Final = """
SELECT g.id, g.client, g.ends, t.scopes, g.person, g.patient, g.nonce, g.authenticated, g.certificate,
    '', '', t.ends > %(now)s AND t.used IS NULL AND g.revoked IS NULL AND g.ends > %(now)s, t.used IS NOT NULL
FROM client_token t JOIN client_grant g ON g.id = t.grant_id
WHERE t.hash = %(hash)s AND t.kind = 'refresh' FOR UPDATE OF t, g
"""


class _Found(msgspec.Struct, array_like=True):
    """A code or refresh token with its grant. `fresh`: it may be exchanged; `used`: it was before."""

    grant: int
    client: str
    ends: datetime
    scopes: tuple[str, ...]
    person: dict[str, Any] | None
    patient: str | None
    nonce: str | None
    authenticated: datetime | None
    certificate: str | None
    redirect: str
    challenge: str
    fresh: bool
    used: bool


@dataclass(frozen=True, slots=True)
class _Made:
    """What an exchange came to: tokens for a person, or why there are none."""

    given: Given | None = None
    found: _Found | None = None
    who: Who | None = None
    why: Why | None = None


_cleaned = [0.0]


async def exchange(desk: Desk, shown: Shown) -> dict[str, Any]:
    """Answer a request at the token endpoint. Raises OAuthError."""
    kind = shown.form.get("grant_type", "")
    client: Client | None = None
    try:
        client = await prove(
            desk.hub.database, desk.settings, desk.box, shown, audience=desk.at("token"), public=True
        )
        return await _exchange(desk, client, kind, shown.form)
    except OAuthError as error:
        detail = {"grant_type": kind[:40], "code": error.code, "why": error}
        await desk.tell("token.give", "denied", client=client, detail=detail)
        raise


async def _exchange(desk: Desk, client: Client, kind: str, form: Mapping[str, str]) -> dict[str, Any]:
    await _clean(desk)
    match kind:
        case "client_credentials":
            return await _for_itself(desk, client, form)
        case "authorization_code":
            _refuse_backend(client, kind)
            made = await desk.hub.transaction(lambda connection: _of_code(connection, desk, client, form))
        case "refresh_token":
            _refuse_backend(client, kind)
            made = await desk.hub.transaction(lambda connection: _of_refresh(connection, desk, client, form))
        case _:
            raise UnknownGrantType(found=kind[:40] or "-")
    return await _told(desk, client, kind, made)


def _refuse_backend(client: Client, kind: str) -> None:
    if client.kind == "backend":
        raise NotForThisKind(kind=client.kind, what=kind)


async def _clean(desk: Desk) -> None:
    if time.monotonic() - _cleaned[0] > CLEAN_SECONDS:
        _cleaned[0] = time.monotonic()
        async with desk.hub.database.connection() as connection:
            await grants.clean(connection)


async def _for_itself(desk: Desk, client: Client, form: Mapping[str, str]) -> dict[str, Any]:
    """Give a backend service its token (SMART Backend Services)."""
    if client.kind != "backend":
        raise NotForThisKind(kind=client.kind, what="client_credentials")
    asked = Scopes.parse(form.get("scope", ""))
    scopes = asked.narrowed(client.allowed).at("system")
    if not scopes:
        raise WrongScope(scope=form.get("scope", "")[:80] or "-", detail=Phrase("none of them is registered"))
    refuse_unknown_restrictions(scopes, desk.hub.registry)
    certificate = desk.certificate
    given = await desk.hub.transaction(
        lambda connection: grants.give_service(connection, client, scopes, desk.settings, certificate)
    )
    await desk.tell("token.give", "allowed", client=client, detail={"scopes": str(given.scopes)})
    return _answer(given)


async def _of_code(connection: Connection, desk: Desk, client: Client, form: Mapping[str, str]) -> _Made:
    """Exchange a code. It is used up by the first who shows it, right or wrong."""
    found = await _find(connection, _CODE, form.get("code", ""))
    if found is None:
        return _Made()
    if not found.fresh:
        return await _refused(connection, found, "code-reused" if found.used else "ended")
    hash_ = secret.hashed(form["code"])
    await connection.execute("UPDATE client_code SET used = %s WHERE hash = %s", [now(), hash_])
    right = (
        found.client == client.id
        and form.get("redirect_uri") == found.redirect
        and _fits(form.get("code_verifier", ""), found.challenge)
    )
    who = await people.current(connection, found.person or {}) if right else None
    if who is None:
        return await _refused(connection, found, "code-misused")
    if desk.certificate is not None:
        bound = [desk.certificate, found.grant]
        await connection.execute("UPDATE client_grant SET certificate = %s WHERE id = %s", bound)
    given = await _give(connection, desk, client, found, parsed(found.scopes))
    return _Made(given, found, who)


async def _of_refresh(connection: Connection, desk: Desk, client: Client, form: Mapping[str, str]) -> _Made:
    """Exchange a refresh token for new ones. Raises WrongScope, which uses nothing up."""
    found = await _find(connection, _REFRESH, form.get("refresh_token", ""))
    if found is None:
        return _Made()
    if not found.fresh:
        return await _refused(connection, found, "refresh-reused" if found.used else "ended")
    if found.client != client.id or found.certificate not in (None, desk.certificate):
        return await _refused(connection, found, "refresh-misused")
    whole = parsed(found.scopes)
    asked = Scopes.parse(form["scope"]) if "scope" in form else whole
    if not whole.covers(asked):
        raise WrongScope(scope=form["scope"][:80], detail=Phrase("it is more than the person allowed"))
    who = await people.current(connection, found.person or {})
    if who is None:
        return await _refused(connection, found, "ended")
    hash_ = secret.hashed(form["refresh_token"])
    await connection.execute("UPDATE client_token SET used = %s WHERE hash = %s", [now(), hash_])
    return _Made(await _give(connection, desk, client, found, asked), found, who)


async def _find(connection: Connection, query: Any, given: str) -> _Found | None:
    asked = {"hash": secret.hashed(given[: secret.LONGEST]), "now": now()}
    row = await (await connection.execute(query, asked)).fetchone()
    return None if row is None else msgspec.convert(row, _Found)


async def _refused(connection: Connection, found: _Found, why: Why) -> _Made:
    await grants.revoke(connection, found.grant, why)
    return _Made(found=found, why=why)


async def _give(connection: Connection, desk: Desk, client: Client, found: _Found, asked: Scopes) -> Given:
    """Give tokens; the refresh token keeps all that was allowed (RFC 6749, 6)."""
    lasts = timedelta(minutes=desk.settings.app_token_minutes)
    return await grants.give(
        connection,
        found.grant,
        asked.narrowed(client.allowed),
        lasts=lasts,
        ends=found.ends,
        renewable=parsed(found.scopes),
    )


def _fits(verifier: str, challenge: str) -> bool:
    """Tell whether a PKCE verifier is the one that the app thought of (RFC 7636, 4.6)."""
    if not VERIFIER.fullmatch(verifier):
        return False
    made = base64.urlsafe_b64encode(sha256(verifier.encode()).digest()).rstrip(b"=")
    return hmac.compare_digest(made, challenge.encode())


async def _told(desk: Desk, client: Client, kind: str, made: _Made) -> dict[str, Any]:
    """Tell what came of an exchange. Raises WrongGrant."""
    found, who = made.found, made.who
    if made.given is None or found is None or who is None:
        if made.why is not None:
            detail = {"grant_type": kind, "why": made.why}
            await desk.tell("token.revoke", "allowed", client=client, detail=detail)
        raise WrongGrant
    detail = {"grant_type": kind, "scopes": str(made.given.scopes)}
    await desk.tell("token.give", "allowed", client=client, who=who, patient=found.patient, detail=detail)
    told = _answer(made.given)
    if found.patient is not None:
        told |= {"patient": found.patient, "need_patient_banner": True}
    if "openid" in made.given.scopes.words:
        told["id_token"] = _identity(desk, client, who, found, made.given)
    return told


def _answer(given: Given) -> dict[str, Any]:
    told = {
        "access_token": given.access,
        "token_type": "Bearer",
        "expires_in": given.seconds,
        "scope": str(given.scopes),
    }
    return told | ({"refresh_token": given.refresh} if given.refresh else {})


def _identity(desk: Desk, client: Client, who: Who, found: _Found, given: Given) -> str:
    """Say who logged in, signed for the app (OpenID Connect Core, 2; SMART fhirUser)."""
    moment = int(now().timestamp())
    claims: dict[str, Any] = {
        "iss": desk.root,
        "sub": who.id,
        "aud": client.id,
        "iat": moment,
        "exp": moment + given.seconds,
    }
    if found.authenticated is not None:
        claims["auth_time"] = int(found.authenticated.timestamp())
    if found.nonce is not None:
        claims["nonce"] = found.nonce
    if "fhirUser" in given.scopes.words and (user := fhir_user(who)) is not None:
        claims["fhirUser"] = f"{desk.base}/{user}"
    return signing.sign(desk.settings, claims)


def fhir_user(who: Who) -> str | None:
    """Give the record of a person, as `Practitioner/17`."""
    if who.practitioner is not None:
        return f"Practitioner/{who.practitioner}"
    return None if who.patient is None else f"Patient/{who.patient}"
