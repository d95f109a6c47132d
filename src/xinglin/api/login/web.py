"""What the addresses of login share: bodies, cookies, the hub's own origin, answers and errors."""

from collections.abc import Awaitable, Callable, Mapping
from dataclasses import dataclass
from time import perf_counter
from typing import Any, Final, cast
from urllib.parse import parse_qsl

from starlette.requests import Request
from starlette.responses import Response

from xinglin.api.fhir.exchange import error_response
from xinglin.api.fhir.negotiation import WrongContentType
from xinglin.api.pages import policy
from xinglin.core.errors import XinglinError
from xinglin.core.exact_json import dumps, loads
from xinglin.core.i18n import LANGUAGES, negotiate
from xinglin.core.settings import Settings
from xinglin.core.telemetry import REQUEST_SECONDS, REQUESTS, describe, logger
from xinglin.trust.login.forgery import FIELD, own_path, refuse_forgery
from xinglin.trust.login.oidc.flow import ByProvider
from xinglin.trust.login.service import Login
from xinglin.trust.policy.decisions import Policies, policies_of
from xinglin.web.authentication import COOKIE, PLAIN_COOKIE, address_of, own_origin, session_of
from xinglin.web.transfer import read_body

FORM: Final = "application/x-www-form-urlencoded"
JSON: Final = "application/json"
MOST_BYTES: Final = 20_000
MOST_FIELDS: Final = 20

FORM_COOKIE: Final = "xinglin-form"
"""Held while nobody is logged in: the login form counts only in the browser it was given to."""

FLOW_COOKIE: Final = "xinglin-provider"
"""Held while the login goes on at the provider."""

SECURE: Final = "__Host-"

HEADERS: Final = {
    "Cache-Control": "no-store",
    "Content-Security-Policy": policy("'self'"),
    "Referrer-Policy": "same-origin",
    "X-Content-Type-Options": "nosniff",
    "X-Frame-Options": "DENY",
}
"""On every answer here. Without a referrer browsers would name no origin, and forms would look forged."""


@dataclass(frozen=True, slots=True)
class Body:
    """What was sent: texts by name, and whether a page's form sent it."""

    values: Mapping[str, str]
    form: bool

    def __getitem__(self, name: str) -> str:
        """Give a value, empty where it is missing."""
        return self.values.get(name, "")


class Visit:
    """A request to an address of login."""

    def __init__(self, request: Request) -> None:
        self.request = request
        self.settings: Settings = request.app.state.settings
        self.login: Login = request.app.state.gate.login
        self.address = address_of(self.settings, request)
        self.program = request.headers.get("user-agent", "")
        wanted = request.query_params.get("language")
        self.language = (
            wanted
            if wanted in LANGUAGES
            else negotiate(request.headers.get("accept-language"), self.settings.language)
        )

    @property
    def origin(self) -> str:
        """The hub's own origin: the one that the setting names, if the request goes there."""
        return own_origin(self.settings, self.request)

    @property
    def secure(self) -> bool:
        """Whether the browser came by https."""
        return self.origin.startswith("https:")

    @property
    def token(self) -> str:
        """The token in the session's cookie; empty where there is none."""
        return session_of(self.settings, self.request)

    def cookie(self, name: str) -> str:
        """Give another cookie of ours."""
        return self.request.cookies.get((SECURE if self.secure else "") + name, "")

    @property
    def then(self) -> str:
        """Where to go after login; empty where nothing of ours is named."""
        return own_path(self.request.query_params.get("next", ""))

    @property
    def wants_page(self) -> bool:
        """Whether a person's browser asks."""
        return "text/html" in self.request.headers.get("accept", "")

    @property
    def policies(self) -> Policies:
        """The policies in force."""
        return policies_of(self.settings)

    def provider(self) -> ByProvider:
        """Give the way by the site's provider; one for all requests, which knows its keys."""
        state = self.request.app.state
        if not hasattr(state, "login_provider"):
            state.login_provider = ByProvider(self.login)
        return cast("ByProvider", state.login_provider)

    async def body(self) -> Body:
        """Read a form or a JSON object of texts. Raises RequestError."""
        kind = self.request.headers.get("content-type", "").partition(";")[0].strip().lower()
        if kind not in (FORM, JSON):
            raise WrongContentType(found=kind or "-", wanted=f"{JSON}, {FORM}")
        raw = await read_body(self.request, MOST_BYTES)
        if kind == JSON:
            found: Any = loads(raw) if raw else {}
            given = cast("dict[str, object]", found) if isinstance(found, dict) else {}
            return Body({n: str(v) for n, v in given.items() if isinstance(v, str | int)}, form=False)
        try:
            pairs = parse_qsl(raw.decode("ascii"), keep_blank_values=True, max_num_fields=MOST_FIELDS)
        except ValueError:
            pairs = []
        return Body(dict(pairs), form=True)

    async def own_body(self) -> Body:
        """Read the body of a request that counts only from a page of ours. Raises Forged or RequestError."""
        body = await self.body()
        self.refuse_forgery(body[FIELD])
        return body

    def refuse_forgery(self, field: str = "") -> None:
        """Raise Forged unless a page of ours has sent the request."""
        refuse_forgery(
            self.request.method, self.request.headers, self.origin, session=self.token, field=field
        )

    def keep(self, answer: Response, token: str) -> Response:
        """Have the browser keep a session's token, and drop what it needed before."""
        self.set_cookie(answer, COOKIE if self.secure else PLAIN_COOKIE, token)
        self.drop_cookie(answer, FORM_COOKIE)
        return answer

    def drop(self, answer: Response) -> Response:
        """Have the browser drop the session's token."""
        answer.delete_cookie(
            COOKIE if self.secure else PLAIN_COOKIE, secure=self.secure, httponly=True, samesite="lax"
        )
        return answer

    def set_cookie(self, answer: Response, name: str, value: str, seconds: int | None = None) -> None:
        """Have the browser keep something until it ends, out of reach of scripts and of other sites."""
        answer.set_cookie(
            name, value, max_age=seconds, path="/", secure=self.secure, httponly=True, samesite="lax"
        )

    def set_own(self, answer: Response, name: str, value: str, seconds: int) -> None:
        """Set a cookie that only login itself reads."""
        self.set_cookie(answer, (SECURE if self.secure else "") + name, value, seconds)

    def drop_cookie(self, answer: Response, name: str) -> None:
        """Have the browser drop a cookie that only login itself reads."""
        name = (SECURE if self.secure else "") + name
        if name in self.request.cookies:
            answer.delete_cookie(name, path="/", secure=self.secure, httponly=True, samesite="lax")


def json_reply(content: object, status: int = 200) -> Response:
    """Answer with JSON."""
    return Response(dumps(cast("Any", content)), status, media_type=JSON)


Handler = Callable[[Visit], Awaitable[Response]]


def address(name: str, handle: Handler) -> Callable[[Request], Awaitable[Response]]:
    """Make a Starlette endpoint, named so in logs and metrics; errors are told as everywhere."""

    async def endpoint(request: Request) -> Response:
        started, visit = perf_counter(), Visit(request)
        try:
            answer = await handle(visit)
        except XinglinError as error:
            answer = refusal(visit, error)
        except Exception as error:
            logger().error("request failed", interaction=name, code=XinglinError.code, **describe(error))
            answer = refusal(visit, XinglinError())
        REQUESTS.labels(name, request.method, answer.status_code).inc()
        REQUEST_SECONDS.labels(name).observe(perf_counter() - started)
        for header, value in HEADERS.items():
            answer.headers.setdefault(header, value)
        return answer

    return endpoint


def refusal(visit: Visit, error: XinglinError) -> Response:
    """Tell an error as an OperationOutcome; how long to wait stands in a header too."""
    headers = {"Vary": "Accept-Language"}
    minutes = error.params.get("minutes")
    if isinstance(minutes, int):
        headers["Retry-After"] = str(minutes * 60)
    return error_response(error, visit.language, headers)
