"""How much one client may ask: by address, and less at the doors where passwords and tokens are tried.

Each worker process counts for itself, in memory: a count in the database would cost more than most requests,
and a few too many do no harm. What a worker allows is its share. The machine itself isn't limited, except at
the doors: what runs there (a worker, a benchmark, a proxy that isn't trusted) speaks for many.
"""

import math
import time
from collections.abc import Mapping
from typing import Final

from limits import RateLimitItemPerMinute
from limits.aio.storage import MemoryStorage
from limits.aio.strategies import SlidingWindowCounterRateLimiter
from starlette.types import ASGIApp, Receive, Scope, Send

from xinglin.api.fhir.exchange import error_response
from xinglin.api.tls import is_own
from xinglin.core.errors import TrustError, XinglinError
from xinglin.core.i18n import negotiate
from xinglin.core.settings import Settings
from xinglin.web.clients import client_address, header, is_encrypted, is_proxy, peer

DOORS: Final = ("/login", "/password", "/oauth/token", "/oauth/authorize", "/oauth/decide")
"""Below these addresses somebody says who they are."""

ALIVE: Final = frozenset({"/healthz", "/readyz"})
"""Whoever watches the hub may always ask."""


class TooManyRequests(TrustError):
    """A client asks more than it may."""

    code = "XL9610"
    message = "This address sent more than {most} requests within a minute."
    remedy = (
        "Wait {seconds} seconds. The operator can raise the settings requests_per_minute and "
        "logins_per_minute."
    )
    status = 429
    issue = "throttled"


class NotEncrypted(TrustError):
    """A request came over the network as plain text."""

    code = "XL9611"
    message = "The request came unencrypted, and not from a proxy that this hub trusts."
    remedy = "Use the hub's https address. The operator names proxies that end TLS in trusted_proxies."
    status = 403
    issue = "security"


class Rates:
    """Middleware that refuses what is too much, and what came openly over a network."""

    def __init__(self, app: ASGIApp, settings: Settings) -> None:
        self._app = app
        self._settings = settings
        self._limiter = SlidingWindowCounterRateLimiter(MemoryStorage())
        self._usual = _share(settings.requests_per_minute, settings.workers)
        self._doors = _share(settings.logins_per_minute, settings.workers)

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Pass the request on, or refuse it."""
        app = self._app
        if scope["type"] == "http" and (error := await self._fault(scope)) is not None:
            language = negotiate(header(scope, b"accept-language"), self._settings.language)
            app = error_response(error, language, _headers(error))
        await app(scope, receive, send)

    async def _fault(self, scope: Scope) -> XinglinError | None:
        settings, path = self._settings, scope["path"]
        own = is_own(peer(scope))
        if not (own or is_proxy(settings, scope) or is_encrypted(settings, scope)):
            return NotEncrypted()
        if path in ALIVE:
            return None
        address = client_address(settings, scope)
        door = path.startswith(DOORS)
        limit = self._doors if door else self._usual
        if limit is None or (not door and is_own(address)):
            return None
        if await self._limiter.hit(limit, "door" if door else "any", _network(address)):
            return None
        window = await self._limiter.get_window_stats(limit, "door" if door else "any", _network(address))
        most = settings.logins_per_minute if door else settings.requests_per_minute
        return TooManyRequests(most=most, seconds=max(1, math.ceil(window.reset_time - time.time())))


def _share(most: int, workers: int) -> RateLimitItemPerMinute | None:
    return RateLimitItemPerMinute(max(1, math.ceil(most / workers))) if most else None


def _network(address: str) -> str:
    """Give what stands for one client: an IPv6 customer has a whole /64 of addresses."""
    return ":".join(address.split(":")[:4]) if ":" in address else address


def _headers(error: XinglinError) -> Mapping[str, str]:
    seconds = error.params.get("seconds")
    return {"Retry-After": str(seconds)} if seconds is not None else {}
