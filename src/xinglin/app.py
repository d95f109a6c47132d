"""The composition root: puts the rooms together to one ASGI application."""

from starlette.applications import Starlette
from starlette.exceptions import HTTPException
from starlette.middleware import Middleware
from starlette.requests import Request
from starlette.responses import Response
from starlette.types import Lifespan

from xinglin.api import codes, emergency, identity, ihe, lifelong, oauth, openapi, quality, system
from xinglin.api.fhir import routes as fhir
from xinglin.api.fhir.exchange import error_response
from xinglin.api.headers import SecurityHeaders
from xinglin.api.hosts import OwnHosts
from xinglin.api.intake import routes as intake
from xinglin.api.login import routes as login
from xinglin.api.rates import Rates
from xinglin.core.errors import RequestError
from xinglin.core.i18n import negotiate
from xinglin.core.settings import Settings
from xinglin.portal import routes as portal
from xinglin.portal.answering import Room


class NoSuchAddress(RequestError):
    """Nothing answers at this address."""

    code = "XL3050"
    message = "Nothing answers at {path}."
    remedy = "FHIR records stand under /fhir; /fhir/metadata lists what can be asked."
    status = 404
    issue = "not-found"


class NoSuchMethod(RequestError):
    """The address doesn't take this method."""

    code = "XL3051"
    message = "{path} doesn't take {method}."
    remedy = "Look at /fhir/metadata for the interactions that work."
    status = 405
    issue = "not-supported"


def make_app(settings: Settings, lifespan: Lifespan[Starlette]) -> Starlette:
    """Make the application; `lifespan` sets `app.state.hub`."""
    room = portal.room_of(settings)
    app = Starlette(
        routes=[
            *system.routes(),
            *openapi.routes(),
            *login.routes(),
            *oauth.routes(settings),
            *emergency.routes(),
            *codes.routes(),
            *quality.routes(),
            *lifelong.routes(),
            *identity.routes(),
            *ihe.routes(),
            *intake.routes(),
            *fhir.routes(),
            *portal.routes(room),
        ],
        lifespan=lifespan,
        exception_handlers={HTTPException: _unrouted},
        middleware=[
            Middleware(SecurityHeaders, settings=settings),
            Middleware(OwnHosts, settings=settings),
            Middleware(Rates, settings=settings),
        ],
    )
    app.router.redirect_slashes = False
    app.state.settings = settings
    app.state.portal = room
    return app


async def _unrouted(request: Request, error: Exception) -> Response:
    """Tell what no route answers: to a person as a page, else in the form that FHIR clients read."""
    path = request.url.path
    found = NoSuchAddress(path=path)
    headers: dict[str, str] = {}
    if isinstance(error, HTTPException) and error.status_code == 405:
        found = NoSuchMethod(path=path, method=request.method)
        headers = dict(error.headers or {})
    if "text/html" in request.headers.get("accept", ""):
        room: Room = request.app.state.portal
        return await room.nowhere(request, found)
    settings: Settings = request.app.state.settings
    language = negotiate(request.headers.get("accept-language"), settings.language)
    return error_response(found, language, headers)
