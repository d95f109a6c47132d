"""What programs read before they ask: SMART configuration, OpenID discovery, the hub's public keys."""

from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import Route

from xinglin.api.oauth.forms import SHARED, base_of, endpoint, error_told, language_of, told
from xinglin.core.errors import XinglinError
from xinglin.core.settings import Settings
from xinglin.trust.tokens import discovery, signing

KEPT = {**SHARED, "Cache-Control": "max-age=300"}


async def smart(request: Request) -> Response:
    """Answer `.well-known/smart-configuration`."""
    return told(discovery.smart(_settings(request), _root(request)), headers=KEPT)


async def openid(request: Request) -> Response:
    """Answer `.well-known/openid-configuration`."""
    return told(discovery.openid(_settings(request), _root(request)), headers=KEPT)


async def jwks(request: Request) -> Response:
    """Answer with the keys that identity tokens are checked with."""
    return told(signing.public_keys(_settings(request)), headers=KEPT)


def _settings(request: Request) -> Settings:
    return request.app.state.settings


def _root(request: Request) -> str:
    return base_of(request).removesuffix("/fhir")


def _refusal(request: Request, error: XinglinError) -> Response:
    return error_told(error, language_of(request))


def routes() -> list[Route]:
    """Give the routes that anybody may read."""
    table = [
        ("/.well-known/smart-configuration", "smart-configuration", smart),
        ("/fhir/.well-known/smart-configuration", "smart-configuration", smart),
        ("/.well-known/openid-configuration", "openid-configuration", openid),
        ("/oauth/jwks", "oauth jwks", jwks),
    ]
    return [Route(path, endpoint(name, handle, _refusal), methods=["GET"]) for path, name, handle in table]
