"""Who asks, out of an HTTP request: a session's cookie, a bearer token, a source's token, or nobody.

A proof that is worth nothing is refused, never taken for none: who sends an old token must hear of it.
"""

import re
from collections.abc import Mapping
from dataclasses import replace
from typing import Final
from urllib.parse import urlsplit

from starlette.requests import Request

from xinglin.core.errors import IntakeError, TrustError, XinglinError
from xinglin.core.settings import Settings
from xinglin.trust.gate.asking import Asking
from xinglin.trust.gate.gate import Gate
from xinglin.trust.login.errors import NotLoggedIn
from xinglin.trust.login.forgery import refuse_forgery
from xinglin.trust.tokens.bearer import bearer, refuse_in_address
from xinglin.trust.tokens.certificate import certificate_of
from xinglin.trust.tokens.errors import WrongToken
from xinglin.trust.who import NOBODY, Who
from xinglin.web.clients import client_address, is_encrypted, peer

COOKIE: Final = "__Host-xinglin"
"""The session's cookie where the hub is reached by https; `__Host-` ties it to this host alone."""

PLAIN_COOKIE: Final = "xinglin"
"""The session's cookie on the machine itself, where there is no https."""

PURPOSE: Final = "purpose-of-use"
INTAKE: Final = "/intake/"
"""Below it each source has an address of its own."""

_SECRETS: Final = re.compile(
    r"((?:^|&)(?:\w+_token|token|password|secret|client_secret|client_assertion|assertion)=)[^&]*",
    re.IGNORECASE,
)
"""Parameters that mustn't stand in an address, but are sent there; the log keeps that they were, no more."""

LONGEST_QUERY: Final = 4_000
"""Letters of a query that the log keeps."""


async def asking_of(
    gate: Gate, request: Request, interaction: str, request_id: str, *, field: str = ""
) -> Asking:
    """Find out who asks, and for what as they say. Raises TrustError for a proof that is worth nothing.

    `field` is what a form brought to show that a page of ours sent it (see `trust.login.forgery`).
    """
    asking = Asking(
        who=Who(NOBODY.id, NOBODY.kind, address=address_of(gate.settings, request)),
        purpose=request.headers.get(PURPOSE, "").strip(),
        interaction=interaction,
        query=_query(request),
        address=address_of(gate.settings, request),
        request=request_id,
    )
    try:
        return replace(asking, who=await who_asks(gate, request, field=field))
    except (TrustError, IntakeError) as error:
        await gate.unproven(asking, error)
        raise


async def who_asks(gate: Gate, request: Request, *, field: str = "") -> Who:
    """Give whom a request proves to come from; NOBODY where it brings no proof. Raises TrustError."""
    address = address_of(gate.settings, request)
    authorization = request.headers.get("authorization", "")
    refuse_in_address(request.query_params.keys())
    if request.scope["path"].startswith(INTAKE):
        return await _by_source(gate, request, authorization, address)
    token = bearer(authorization)
    if token is not None:
        return await _by_token(gate, request, token, address)
    session = session_of(gate.settings, request)
    if session:
        return await _by_session(gate, request, session, address, field)
    return Who(NOBODY.id, NOBODY.kind, address=address)


async def _by_source(gate: Gate, request: Request, authorization: str, address: str) -> Who:
    """Give the source in the address, whose token alone opens it. Raises WrongToken."""
    scheme, _, token = authorization.partition(" ")
    known = token.strip() if scheme.lower() == "bearer" else ""
    return await gate.who_of_source(request.path_params["source"], known, address)


async def _by_token(gate: Gate, request: Request, token: str, address: str) -> Who:
    certificate = certificate_of(gate.settings, peer(request.scope), request.headers)
    who = await gate.who_of_token(token, address, certificate)
    if who is None:
        raise WrongToken
    return who


async def _by_session(gate: Gate, request: Request, session: str, address: str, field: str) -> Who:
    own = own_origin(gate.settings, request)
    refuse_forgery(request.method, request.headers, own, session=session, field=field)
    who = await gate.login.who_of_session(session, address)
    if who is None:
        raise NotLoggedIn
    return who


def session_of(settings: Settings, request: Request) -> str:
    """Give the token in the session's cookie; empty where there is none.

    Over https only the cookie counts that no other host, and nobody on the way, could have set.
    """
    if "cookie" not in request.headers:
        return ""
    secure = own_origin(settings, request).startswith("https:")
    return request.cookies.get(COOKIE if secure else PLAIN_COOKIE, "")


def own_origin(settings: Settings, request: Request) -> str:
    """Give the origin that the browser sees: the one of base_url, where the request goes there."""
    public = urlsplit(settings.base_url)
    if public.netloc and public.netloc.lower() == request.url.netloc.lower():
        return f"{public.scheme}://{public.netloc}"
    scheme = "https" if is_encrypted(settings, request.scope) else "http"
    return f"{scheme}://{request.url.netloc}"


def address_of(settings: Settings, request: Request) -> str:
    """Give where a request comes from; what a proxy says of it counts only where the proxy is trusted."""
    return client_address(settings, request.scope)


def peer_of(request: Request) -> str:
    """Give the address that the connection itself comes from."""
    return peer(request.scope)


def challenge(error: XinglinError) -> Mapping[str, str]:
    """Give the header that tells how to prove who one is, where that is what was missing (RFC 6750, 3)."""
    if error.status != 401:
        return {}
    return {"WWW-Authenticate": 'Bearer realm="xinglin"'}


def _query(request: Request) -> str:
    """Give what was asked, as it was sent: the method, the address and its query, without what is secret."""
    query = _SECRETS.sub(r"\1…", request.scope.get("query_string", b"").decode("latin-1"))
    asked = f"{request.method} {request.scope['path']}" + (f"?{query}" if query else "")
    return asked[:LONGEST_QUERY]
