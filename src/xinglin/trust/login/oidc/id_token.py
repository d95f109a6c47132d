"""The ID token: whether it is the provider's, for us, for this login, and of now (OIDC Core 3.1.3.7)."""

from typing import Any, Final

from joserfc import jwt
from joserfc.errors import InvalidKeyIdError, JoseError
from joserfc.jwk import KeySet
from joserfc.jwt import JWTClaimsRegistry

from xinglin.core import clock
from xinglin.core.i18n import Phrase
from xinglin.trust.login.errors import NotProved
from xinglin.trust.login.oidc.provider import Provider

ALGORITHMS: Final = ["RS256", "RS384", "RS512", "PS256", "PS384", "PS512", "ES256", "ES384", "ES512", "EdDSA"]
"""Signatures by private keys only: with `none`, or with HMAC under a public key, anybody could sign."""

LEEWAY_SECONDS: Final = 60
OLDEST_SECONDS: Final = 600
"""A token for a login that goes on now was issued just now."""

LONGEST: Final = 100_000


async def claims_of(provider: Provider, token: object, *, client: str, nonce: str) -> dict[str, Any]:
    """Give what a token claims, once all of it is proved. Raises NotProved or ProviderAway."""
    if not isinstance(token, str) or len(token) > LONGEST:
        raise NotProved(detail=Phrase("it gave no ID token"))
    try:
        claims = _signed(token, await provider.keys())
    except (InvalidKeyIdError, ValueError):
        claims = None
    except JoseError:
        raise NotProved(detail=Phrase("the ID token isn't signed by it")) from None
    if claims is None:
        try:
            claims = _signed(token, await provider.keys(again=True))
        except (JoseError, ValueError):
            raise NotProved(detail=Phrase("the ID token isn't signed by it")) from None
    _check(claims, provider.issuer, client, nonce)
    return claims


def _signed(token: str, keys: KeySet) -> dict[str, Any]:
    return dict(jwt.decode(token, keys, algorithms=ALGORITHMS).claims)


def _check(claims: dict[str, Any], issuer: str, client: str, nonce: str) -> None:
    """Raise NotProved for a token that isn't for this client and this login."""
    now = int(clock.now().timestamp())
    asked = JWTClaimsRegistry(
        now=now,
        leeway=LEEWAY_SECONDS,
        iss={"essential": True, "value": issuer},
        sub={"essential": True},
        aud={"essential": True, "value": client},
        exp={"essential": True},
        iat={"essential": True},
        nonce={"essential": True, "value": nonce},
    )
    try:
        asked.validate(claims)
    except (JoseError, TypeError, ValueError):
        raise NotProved(detail=Phrase("the ID token isn't for this login")) from None
    audience = claims["aud"]
    others = isinstance(audience, list) and audience != [client]
    if claims.get("azp", None if others else client) != client or now - claims["iat"] > OLDEST_SECONDS:
        raise NotProved(detail=Phrase("the ID token isn't for this login"))
    if not 0 < len(claims["sub"]) <= 255:
        raise NotProved(detail=Phrase("the ID token isn't for this login"))
