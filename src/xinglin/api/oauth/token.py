"""The addresses that programs call: token, introspection, revocation."""

from collections.abc import Awaitable, Callable
from functools import partial
from typing import Any

from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import Route

from xinglin.api.oauth.forms import (
    PRIVATE,
    SHARED,
    decoded,
    desk_of,
    endpoint,
    error_told,
    language_of,
    once,
    pairs,
    told,
)
from xinglin.core.errors import XinglinError
from xinglin.trust.tokens.bearer import SECRET_NAMES, refuse_in_address
from xinglin.trust.tokens.desk import Desk
from xinglin.trust.tokens.exchanging import exchange
from xinglin.trust.tokens.inspecting import introspect, revoke
from xinglin.trust.tokens.proving import Shown
from xinglin.trust.tokens.web import KeyBox

Work = Callable[[Desk, Shown], Awaitable[dict[str, Any] | None]]


async def _answer(request: Request, *, box: KeyBox, work: Work) -> Response:
    refuse_in_address((name for name, _value in decoded(request.url.query.encode())), SECRET_NAMES)
    desk = desk_of(request, box)
    form = once(await pairs(request))
    shown = Shown(request.headers.get("authorization", ""), form, desk.certificate)
    found = await work(desk, shown)
    headers = {**PRIVATE, **SHARED}
    return Response(status_code=200, headers=headers) if found is None else told(found, headers=headers)


def _refusal(request: Request, error: XinglinError) -> Response:
    basic = request.headers.get("authorization", "").lower().startswith("basic ")
    return error_told(error, language_of(request), basic=basic)


def routes(box: KeyBox) -> list[Route]:
    """Give the routes for programs."""
    table: list[tuple[str, Work]] = [("token", exchange), ("introspect", introspect), ("revoke", revoke)]
    return [
        Route(
            f"/oauth/{name}",
            endpoint(f"oauth {name}", partial(_answer, box=box, work=work), _refusal),
            methods=["POST"],
        )
        for name, work in table
    ]
