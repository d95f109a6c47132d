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
from xinglin.core.clock import http_date
from xinglin.core.errors import XinglinError
from xinglin.core.exact_json import dumps, loads
from xinglin.core.i18n import negotiate
from xinglin.core.settings import Settings
from xinglin.core.telemetry import REQUEST_SECONDS, REQUESTS, describe, logger
from xinglin.hub.records import Record
from xinglin.standards.outcome import from_error
from xinglin.trust.gate.errors import Undecided
from xinglin.trust.gate.gate import Gate
from xinglin.trust.gate.gated import GatedHub
from xinglin.web.authentication import asking_of, challenge
from xinglin.web.transfer import compress, read_body

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
        self.settings: Settings = request.app.state.settings
        self._hub: GatedHub | None = None

    @property
    def hub(self) -> GatedHub:
        """The hub as this request may see it. Raises Undecided where the gate wasn't opened."""
        if self._hub is None:
            raise Undecided
        return self._hub

    async def enter(self, name: str, request_id: str) -> None:
        """Find out who asks, open the gate, and pass the door `name`. Raises TrustError."""
        gate: Gate = self.request.app.state.gate
        asking = await asking_of(gate, self.request, name, request_id)
        self._hub = gate.open(asking)
        await self._hub.enter(name, self.request.method)

    async def leave(self, error: XinglinError | None) -> None:
        """See that what was decided is written down before anything leaves. Raises Undecided."""
        if self._hub is not None:
            await (self._hub.finish() if error is None else self._hub.failure(error))

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


def interaction(name: str, handle: Handler, *, negotiated: bool = True) -> Endpoint:
    """Make a Starlette endpoint of an interaction, named so in logs and metrics and at the gate.

    Without `negotiated` the answer has the one form it has, whatever the client accepts.
    """

    async def endpoint(request: Request) -> Response:
        started = perf_counter()
        exchange, request_id = Exchange(request), _request_id(request)
        reply = await _answered(exchange, name, handle, request_id, negotiated=negotiated)
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


async def _answered(
    exchange: Exchange, name: str, handle: Handler, request_id: str, *, negotiated: bool
) -> Reply:
    """Pass the gate, do what was asked, and let the answer out once it is written down."""
    try:
        await exchange.enter(name, request_id)
        if negotiated:
            check_accept(exchange.request)
        reply = await handle(exchange)
        await exchange.leave(None)
    except XinglinError as error:
        return await _refused(exchange, error)
    except Exception as error:
        code = XinglinError.code
        logger().error(
            "request failed", interaction=name, code=code, request_id=request_id, **describe(error)
        )
        return await _refused(exchange, XinglinError())
    return reply


async def _refused(exchange: Exchange, error: XinglinError) -> Reply:
    try:
        await exchange.leave(error)
    except XinglinError as worse:  # the log can't be written: that is what there is to tell
        error = worse
    reply = error_reply(error, exchange.language)
    reply.headers |= challenge(error)
    return reply


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
