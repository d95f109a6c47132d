"""The lifelong record for programs: `/person/{id}/timeline`, `…/series`, `/person/coverage`, as JSON."""

from collections.abc import Awaitable, Callable
from typing import Any, Final

from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import Route

from xinglin.api.fhir.exchange import error_response
from xinglin.api.transfer import compress
from xinglin.core.errors import XinglinError
from xinglin.core.exact_json import dumps
from xinglin.core.i18n import Phrase, negotiate
from xinglin.core.settings import Settings
from xinglin.core.telemetry import describe, logger
from xinglin.hub.hub import Hub
from xinglin.hub.lifelong.answers import ask_timeline
from xinglin.hub.lifelong.coverage import ask_coverage
from xinglin.hub.lifelong.errors import WrongFilter
from xinglin.hub.lifelong.series import ask_series
from xinglin.hub.lifelong.timeline import DEFAULT_COUNT, Asked

_TIMELINE: Final = frozenset({"kind", "from", "to", "institution", "code", "count", "after"})
_SERIES: Final = frozenset({"from", "to", "institution", "code"})


class Question:
    """A request, read."""

    def __init__(self, request: Request) -> None:
        self._asked = request.query_params
        settings: Settings = request.app.state.settings
        self.hub: Hub = request.app.state.hub
        self.id: str = request.path_params.get("id", "")
        self.language = negotiate(request.headers.get("accept-language"), settings.language)

    def wanted(self, known: frozenset[str]) -> Asked:
        """Read what is asked for. Raises WrongFilter."""
        for name in self._asked:
            if name not in known:
                detail = Phrase("it must be one of {allowed}", allowed=", ".join(sorted(known)))
                raise WrongFilter(name=Phrase("parameter"), value=name[:80], detail=detail)
        kinds = [one for part in self._asked.getlist("kind") for one in part.split(",") if one]
        return Asked(
            kinds=tuple(kinds),
            first=self._optional("from"),
            last=self._optional("to"),
            institution=self._optional("institution"),
            code=self._optional("code"),
            count=self._count(),
            after=self._optional("after"),
        )

    def _optional(self, name: str) -> str | None:
        return self._asked.get(name) or None

    def _count(self) -> int:
        text = self._optional("count")
        if text is None:
            return DEFAULT_COUNT
        if not (text.isascii() and text.isdigit() and len(text) < 6):
            raise WrongFilter(name="count", value=text[:80], detail=Phrase("a whole number is needed"))
        return int(text)


async def _timeline(asked: Question) -> Any:
    return await ask_timeline(asked.hub, asked.id, asked.wanted(_TIMELINE), asked.language)


async def _series(asked: Question) -> Any:
    return await ask_series(asked.hub, asked.id, asked.wanted(_SERIES))


async def _coverage(asked: Question) -> Any:
    return await ask_coverage(asked.hub)


def _endpoint(
    name: str, answer: Callable[[Question], Awaitable[Any]]
) -> Callable[[Request], Awaitable[Response]]:
    async def endpoint(request: Request) -> Response:
        asked = Question(request)
        try:
            body = dumps(await answer(asked))
        except XinglinError as error:
            return error_response(error, asked.language)
        except Exception as error:
            logger().error("request failed", interaction=name, code=XinglinError.code, **describe(error))
            return error_response(XinglinError(), asked.language)
        headers = {"Content-Language": asked.language, "Vary": "Accept-Encoding, Accept-Language"}
        body = compress(body, request.headers.get("accept-encoding", ""), headers)
        return Response(body, media_type="application/json", headers=headers)

    return endpoint


def routes() -> list[Route]:
    """Give the routes of the lifelong record."""
    return [
        Route("/person/coverage", _endpoint("person-coverage", _coverage)),
        Route("/person/{id}/timeline", _endpoint("person-timeline", _timeline)),
        Route("/person/{id}/series", _endpoint("person-series", _series)),
    ]
