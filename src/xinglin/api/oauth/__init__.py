"""Addresses of SMART App Launch 2.2, OAuth 2 and OpenID Connect. They translate; `trust.tokens` decides.

`/oauth/authorize` and `/oauth/decide` are pages for people, all others answer programs with JSON.
"""

from starlette.routing import Route

from xinglin.api.oauth import authorize, discovery, token
from xinglin.core.settings import Settings
from xinglin.trust.tokens.web import KeyBox


def routes(settings: Settings) -> list[Route]:
    """Give the routes; the keys that they fetch for programs are kept with them."""
    box = KeyBox(settings.client_key_hosts.replace(",", " ").lower().split())
    return [*discovery.routes(), *token.routes(box), *authorize.routes(box)]
