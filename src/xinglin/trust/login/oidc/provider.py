"""What is known of the provider: its addresses and keys, from its own discovery document.

https://openid.net/specs/openid-connect-discovery-1_0.html
"""

from dataclasses import dataclass
from time import monotonic
from typing import Any, Final, cast

from joserfc.errors import JoseError
from joserfc.jwk import KeySet

from xinglin.core.i18n import Phrase
from xinglin.trust.login.errors import ProviderAway
from xinglin.trust.login.oidc.fetching import checked_address, fetch

KEPT_SECONDS: Final = 3_600
AGAIN_SECONDS: Final = 10
"""So often are keys fetched anew at most, when a token is signed by one that isn't known."""


@dataclass(frozen=True, slots=True)
class Addresses:
    """Where the provider answers, and how it wants to be asked."""

    authorization: str
    token: str
    keys: str
    end_session: str
    names_itself: bool
    """Whether its answers name the issuer (RFC 9207)."""

    secret_in_form: bool
    """Whether it takes the client's secret in the form only, not by HTTP Basic."""


class Provider:
    """One issuer; what it says of itself is kept for an hour."""

    def __init__(self, issuer: str) -> None:
        self.issuer = issuer
        self._addresses: tuple[float, Addresses] | None = None
        self._keys: tuple[float, KeySet] | None = None

    async def addresses(self) -> Addresses:
        """Give its addresses. Raises ProviderAway."""
        if self._addresses is None or monotonic() - self._addresses[0] > KEPT_SECONDS:
            self._addresses = monotonic(), await self._discover()
        return self._addresses[1]

    async def _discover(self) -> Addresses:
        status, told = await fetch(f"{self.issuer.rstrip('/')}/.well-known/openid-configuration")
        if status != 200 or told.get("issuer") != self.issuer:
            raise ProviderAway(detail=Phrase("its discovery document is missing or names another issuer"))
        ways: Any = told.get("token_endpoint_auth_methods_supported", ["client_secret_basic"])
        ending = told.get("end_session_endpoint")
        return Addresses(
            checked_address(told.get("authorization_endpoint")),
            checked_address(told.get("token_endpoint")),
            checked_address(told.get("jwks_uri")),
            checked_address(ending) if ending else "",
            told.get("authorization_response_iss_parameter_supported") is True,
            isinstance(ways, list) and "client_secret_basic" not in cast("list[object]", ways),
        )

    async def keys(self, *, again: bool = False) -> KeySet:
        """Give its public keys; `again` where none of those known signed a token. Raises ProviderAway."""
        age = monotonic() - self._keys[0] if self._keys else KEPT_SECONDS
        if self._keys is None or age > (AGAIN_SECONDS if again else KEPT_SECONDS - 1):
            status, told = await fetch((await self.addresses()).keys)
            try:
                self._keys = monotonic(), KeySet.import_key_set(cast("Any", told))
            except (JoseError, ValueError, KeyError, TypeError):
                raise ProviderAway(detail=Phrase("its keys can't be read")) from None
            if status != 200:
                raise ProviderAway(detail=Phrase("its keys can't be read"))
        return self._keys[1]
