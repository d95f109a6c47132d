"""What the OAuth addresses share: strict forms in, JSON or an OAuth error out, and the desk they work at."""

from collections.abc import Awaitable, Callable, Mapping
from time import perf_counter
from typing import Any, Final
from urllib.parse import parse_qsl

from starlette.requests import Request
from starlette.responses import Response

from xinglin.api.login.web import own_origin
from xinglin.core.errors import XinglinError
from xinglin.core.exact_json import dumps
from xinglin.core.i18n import Phrase, negotiate
from xinglin.core.settings import Settings
from xinglin.core.telemetry import REQUEST_SECONDS, REQUESTS, describe, logger
from xinglin.trust.gate.gate import Gate
from xinglin.trust.tokens.certificate import certificate_of
from xinglin.trust.tokens.desk import Desk
from xinglin.trust.tokens.errors import OAuthError, WrongRequest
from xinglin.trust.tokens.web import KeyBox
from xinglin.web.authentication import address_of, peer_of
from xinglin.web.transfer import read_body

FORM: Final = "application/x-www-form-urlencoded"
MOST_BYTES: Final = 65_536
MOST_FIELDS: Final = 200
PRIVATE: Final = {"Cache-Control": "no-store", "Pragma": "no-cache"}
SHARED: Final = {"Access-Control-Allow-Origin": "*"}
"""Apps in browsers may read these answers; no cookie counts at the addresses that send this."""

Handler = Callable[[Request], Awaitable[Response]]


def desk_of(request: Request, box: KeyBox) -> Desk:
    """Give the desk for a request."""
    gate: Gate = request.app.state.gate
    settings: Settings = request.app.state.settings
    return Desk(
        hub=gate.hub,
        settings=settings,
        box=box,
        note=lambda entry: gate.log.append([entry]),
        base=base_of(request),
        address=address_of(settings, request),
        certificate=certificate_of(settings, peer_of(request), request.headers),
    )


def base_of(request: Request) -> str:
    """Give the FHIR base, without a slash at its end."""
    settings: Settings = request.app.state.settings
    if settings.base_url:
        return settings.base_url.rstrip("/")
    return f"{own_origin(settings, request)}/fhir"


def language_of(request: Request, wanted: str = "") -> str:
    """Give the reader's language; `wanted` is what an app asks for (`ui_locales`)."""
    settings: Settings = request.app.state.settings
    chosen = negotiate(request.headers.get("accept-language"), settings.language)
    return negotiate(wanted.replace(" ", ",")[:100], chosen)


async def pairs(request: Request) -> list[tuple[str, str]]:
    """Read a form. Raises WrongRequest or RequestError."""
    type_ = request.headers.get("content-type", "").partition(";")[0].strip().lower()
    if type_ != FORM:
        raise WrongRequest(name="Content-Type", detail=Phrase("it must be {type}", type=FORM))
    return decoded(await read_body(request, MOST_BYTES))


def decoded(body: bytes) -> list[tuple[str, str]]:
    """Read what a form or a query holds. Raises WrongRequest."""
    try:
        text = body.decode("ascii")
        return parse_qsl(text, keep_blank_values=True, errors="strict", max_num_fields=MOST_FIELDS)
    except ValueError:  # of which wrong UTF-8 is a kind
        raise WrongRequest(name=Phrase("the form"), detail=Phrase("it can't be read")) from None


def once(given: list[tuple[str, str]]) -> Mapping[str, str]:
    """Give parameters of which each may be there once (RFC 6749, 3.1). Raises WrongRequest."""
    found: dict[str, str] = {}
    for name, value in given:
        if name in found:
            raise WrongRequest(name=name[:80], detail=Phrase("it is there twice"))
        if value:  # one without a value counts as left out
            found[name] = value
    return found


def told(content: object, status: int = 200, headers: Mapping[str, str] | None = None) -> Response:
    """Answer with JSON."""
    return Response(dumps(content), status, dict(headers or {}), "application/json")  # pyright: ignore[reportArgumentType]


def error_told(error: XinglinError, language: str, *, basic: bool = False) -> Response:
    """Answer with an error as RFC 6749 (5.2) has it; `basic`: the program tried HTTP Basic."""
    headers = {**PRIVATE, **SHARED, "Content-Language": language}
    if error.status == 401 and basic:
        headers["WWW-Authenticate"] = 'Basic realm="xinglin"'
    return told(error_content(error, language), error.status, headers)


def error_content(error: XinglinError, language: str) -> dict[str, Any]:
    """Give what is told of an error: the RFC's word and sentence, our code, and what to do."""
    word = error.error if isinstance(error, OAuthError) else "server_error"
    if not isinstance(error, OAuthError) and error.status < 500:
        word = "invalid_request"
    return {
        "error": word,
        "error_description": error.text(language),
        "code": error.code,
        "remedy": error.advice(language),
    }


def endpoint(name: str, handle: Handler, tell: Callable[[Request, XinglinError], Response]) -> Handler:
    """Make an endpoint, named so in logs and metrics; `tell` makes the answer of an error."""

    async def answer(request: Request) -> Response:
        started = perf_counter()
        try:
            response = await handle(request)
        except XinglinError as error:
            response = tell(request, error)
        except Exception as error:
            logger().error("request failed", interaction=name, code=XinglinError.code, **describe(error))
            response = tell(request, XinglinError())
        seconds = perf_counter() - started
        REQUESTS.labels(name, request.method, response.status_code).inc()
        REQUEST_SECONDS.labels(name).observe(seconds)
        logger().debug("request", interaction=name, status=response.status_code, ms=round(seconds * 1000, 1))
        return response

    return answer
