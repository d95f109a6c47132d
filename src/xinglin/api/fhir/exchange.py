"""One request and its reply: what every FHIR interaction shares.

Reads what HTTP says (formats, preferences, language, body), and gives every error as an OperationOutcome.
"""

import asyncio
import uuid
from collections.abc import Awaitable, Callable, Mapping
from dataclasses import dataclass, field
from functools import cached_property
from time import perf_counter
from typing import Any

import msgspec
from starlette.requests import Request
from starlette.responses import Response

from xinglin.api.fhir.negotiation import JSON, WrongContentType, check_accept
from xinglin.api.transfer import compress, read_body
from xinglin.core.clock import http_date
from xinglin.core.errors import XinglinError
from xinglin.core.exact_json import dumps, loads
from xinglin.core.i18n import negotiate
from xinglin.core.settings import Settings
from xinglin.core.telemetry import REQUEST_SECONDS, REQUESTS, describe, logger
from xinglin.hub.hub import Hub
from xinglin.hub.records import Record
from xinglin.standards.outcome import from_error

LARGE = 1_000_000
"""Bytes from which a body is read beside the event loop."""

CONTENT_TYPE = f"{JSON}; charset=utf-8"


@dataclass(slots=True)
class Reply:
    """What an interaction answers: status, JSON text and headers."""

    status: int = 200
    body: bytes | None = None
    headers: dict[str, str] = field(default_factory=dict[str, str])


class Exchange:
    """A request as an interaction sees it."""

    def __init__(self, request: Request) -> None:
        self.request = request
        self.path = request.path_params
        self.hub: Hub = request.app.state.hub
        self.settings: Settings = request.app.state.settings

    @property
    def type(self) -> str:
        """The resource type in the address."""
        return self.path["type"]

    @cached_property
    def base(self) -> str:
        """The address that all the hub's records stand under, without a slash at its end."""
        if self.settings.base_url:
            return self.settings.base_url.rstrip("/")
        return f"{self.request.url.scheme}://{self.request.url.netloc}/fhir"

    @cached_property
    def language(self) -> str:
        """The reader's language."""
        return negotiate(self.request.headers.get("accept-language"), self.settings.language)

    @cached_property
    def preferences(self) -> dict[str, str]:
        """The `Prefer` header (RFC 7240), such as `{"return": "minimal"}`."""
        pairs = (part.strip().partition("=") for part in self.header("prefer").replace(";", ",").split(","))
        return {name.strip().lower(): value.strip().strip('"') for name, _, value in pairs if name}

    def header(self, name: str) -> str:
        """Give a header's value, empty where it is missing."""
        return self.request.headers.get(name, "")

    async def content(self, *types: str) -> Any:
        """Read the body as JSON. Raises RequestError; `types` are the content types taken."""
        found = self.header("content-type").partition(";")[0].strip().lower()
        if found not in (types or (JSON, "application/json")):
            wanted = ", ".join(types or (JSON, "application/json"))
            raise WrongContentType(found=found or "-", wanted=wanted)
        body = await read_body(self.request, self.settings.max_body_bytes)
        # Other requests go on while a large body is read.
        return loads(body) if len(body) < LARGE else await asyncio.to_thread(loads, body)


Handler = Callable[[Exchange], Awaitable[Reply]]
Endpoint = Callable[[Request], Awaitable[Response]]


def interaction(name: str, handle: Handler) -> Endpoint:
    """Make a Starlette endpoint of an interaction, named so in logs and metrics."""

    async def endpoint(request: Request) -> Response:
        started = perf_counter()
        exchange, request_id = Exchange(request), _request_id(request)
        try:
            check_accept(request)
            reply = await handle(exchange)
        except XinglinError as error:
            reply = error_reply(error, exchange.language)
        except Exception as error:
            code = XinglinError.code
            logger().error(
                "request failed", interaction=name, code=code, request_id=request_id, **describe(error)
            )
            reply = error_reply(XinglinError(), exchange.language)
        seconds = perf_counter() - started
        REQUESTS.labels(name, request.method, reply.status).inc()
        REQUEST_SECONDS.labels(name).observe(seconds)
        log = logger().debug if reply.status < 400 else logger().info
        log(
            "request",
            interaction=name,
            status=reply.status,
            ms=round(seconds * 1000, 1),
            request_id=request_id,
        )
        return _response(request, reply, request_id)

    return endpoint


def error_reply(error: XinglinError, language: str) -> Reply:
    """Tell an error as an OperationOutcome."""
    return Reply(error.status, dumps(from_error(error, language)), {"Content-Language": language})


def error_response(error: XinglinError, language: str, headers: Mapping[str, str] | None = None) -> Response:
    """Tell an error where no interaction runs."""
    reply = error_reply(error, language)
    return Response(reply.body, reply.status, {**(headers or {}), **reply.headers}, CONTENT_TYPE)


def record_headers(record: Record) -> dict[str, str]:
    """Give the headers that name a record's version and time."""
    return {"ETag": record.etag, "Last-Modified": http_date(record.updated)}


def _response(request: Request, reply: Reply, request_id: str) -> Response:
    body, headers = reply.body, reply.headers
    headers["X-Request-Id"] = request_id
    if body is None:
        return Response(status_code=reply.status, headers=headers)
    headers.setdefault("Content-Type", CONTENT_TYPE)
    headers["Vary"] = "Accept, Accept-Encoding, Accept-Language"
    if request.query_params.get("_pretty") == "true":
        body = msgspec.json.format(body, indent=2)
    body = compress(body, request.headers.get("accept-encoding", ""), headers)
    return Response(body, reply.status, headers)


def _request_id(request: Request) -> str:
    """Take the client's request id where it is harmless, else make one."""
    given = request.headers.get("x-request-id", "")
    return given if 0 < len(given) <= 64 and given.isascii() and given.isprintable() else uuid.uuid4().hex
