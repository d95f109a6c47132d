"""Which names the hub answers to.

A hub that listens on the machine itself answers to the machine's own names only: else a page in a browser
there, whose name is made to point to 127.0.0.1 (DNS rebinding), could read and write records.
"""

from starlette.types import ASGIApp, Receive, Scope, Send

from xinglin.api.fhir.exchange import error_response
from xinglin.core.errors import RequestError
from xinglin.core.i18n import negotiate
from xinglin.core.settings import Settings

OWN_NAMES = frozenset({b"localhost", b"127.0.0.1", b"[::1]"})


class OtherHost(RequestError):
    """The request names a host that isn't this hub."""

    code = "XL3052"
    message = "This hub doesn't answer to the name {host}."
    remedy = "Use its own address, or ask the operator to add the name to the setting allowed_hosts."
    status = 421
    issue = "security"


class OwnHosts:
    """Middleware that answers to allowed names only; `*` in the setting allows all."""

    def __init__(self, app: ASGIApp, settings: Settings) -> None:
        self._app = app
        self._language = settings.language
        names = settings.allowed_hosts.replace(",", " ").lower().split()
        self._allowed = OWN_NAMES | {name.encode() for name in names}

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Pass the request on, or refuse it."""
        app = self._app
        if scope["type"] == "http" and b"*" not in self._allowed:
            headers = dict(scope["headers"])
            host = headers.get(b"host", b"")
            if _name(host) not in self._allowed:
                language = negotiate(headers.get(b"accept-language", b"").decode("latin-1"), self._language)
                app = error_response(OtherHost(host=host.decode("latin-1")), language)
        await app(scope, receive, send)


def _name(host: bytes) -> bytes:
    """Cut off the port."""
    host = host.lower()
    return host if host.endswith(b"]") else host.rpartition(b":")[0] or host
