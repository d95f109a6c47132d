"""What every answer tells browsers: keep nothing, guess nothing, run nothing, show it in no frame.

https://cheatsheetseries.owasp.org/cheatsheets/REST_Security_Cheat_Sheet.html#security-headers. An answer
that says otherwise itself (a page with its own policy, a file that may be kept) is left as it is.
"""

from typing import Final

from starlette.types import ASGIApp, Message, Receive, Scope, Send

from xinglin.core.settings import Settings
from xinglin.web.clients import is_encrypted

ALWAYS: Final = (
    (b"x-content-type-options", b"nosniff"),
    (b"referrer-policy", b"no-referrer"),
    (b"content-security-policy", b"default-src 'none'; frame-ancestors 'none'; base-uri 'none'"),
    (b"cache-control", b"no-store"),
    (b"permissions-policy", b"camera=(), geolocation=(), microphone=(), payment=(), usb=()"),
    (b"cross-origin-opener-policy", b"same-origin"),
    (b"cross-origin-resource-policy", b"same-origin"),
    (b"x-frame-options", b"DENY"),
)
ENCRYPTED: Final = ((b"strict-transport-security", b"max-age=31536000"),)
"""For a year; browsers heed it over TLS only (RFC 6797, 8.1)."""


class SecurityHeaders:
    """Middleware that adds the headers which an answer lacks."""

    def __init__(self, app: ASGIApp, settings: Settings) -> None:
        self._app = app
        self._settings = settings

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Pass the request on, and the answer with its headers."""
        if scope["type"] != "http":
            await self._app(scope, receive, send)
            return
        wanted = ALWAYS + ENCRYPTED if is_encrypted(self._settings, scope) else ALWAYS

        async def with_headers(message: Message) -> None:
            if message["type"] == "http.response.start":
                headers = list(message.get("headers", ()))
                there = {name.lower() for name, _ in headers}
                message["headers"] = headers + [one for one in wanted if one[0] not in there]
            await send(message)

        await self._app(scope, receive, with_headers)
