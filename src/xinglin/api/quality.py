"""Data quality for programs: `/quality/rules`, `/quality/scores`, `/quality/records` (ids only), as JSON."""

from collections.abc import Awaitable, Callable
from datetime import date
from typing import Any

from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import Route

from xinglin.api.fhir.exchange import error_response
from xinglin.core.errors import IntakeError, XinglinError
from xinglin.core.exact_json import dumps
from xinglin.core.i18n import negotiate
from xinglin.core.settings import Settings
from xinglin.core.telemetry import describe, logger
from xinglin.hub.hub import Hub
from xinglin.hub.quality import RuleSet, in_force
from xinglin.hub.quality.answers import ask_failing, ask_scores, rules_as_json
from xinglin.hub.quality.score import Period, period

MOST = 1_000
"""Records on one page at most."""


class WrongQuestion(IntakeError):
    """A parameter of the address is missing or can't be read."""

    code = "XL7605"
    message = "The parameter {name} is missing or can't be read."
    remedy = "Give {name} as docs/quality.md says."
    status = 400


class Question:
    """A request, read."""

    def __init__(self, request: Request) -> None:
        self._asked = request.query_params
        self._settings: Settings = request.app.state.settings
        self.hub: Hub = request.app.state.hub
        self.language = negotiate(request.headers.get("accept-language"), self._settings.language)

    def rules(self) -> RuleSet:
        """Give the rules in force."""
        return in_force(self._settings.quality)

    def period(self) -> Period:
        """Read `from` and `to`. Raises WrongPeriod."""
        return period(self._settings.time_zone, self._asked.get("from"), self._asked.get("to"))

    def optional(self, name: str) -> str | None:
        """Read a parameter that may be missing."""
        return self._asked.get(name) or None

    def needed(self, name: str) -> str:
        """Read a parameter. Raises WrongQuestion."""
        value = self.optional(name)
        if value is None:
            raise WrongQuestion(name=name)
        return value

    def most(self) -> int:
        """Read `most`. Raises WrongQuestion."""
        text = self.optional("most") or "100"
        if not (text.isascii() and text.isdigit() and len(text) < 6 and 0 < int(text) <= MOST):
            raise WrongQuestion(name="most")
        return int(text)

    def after(self) -> tuple[date, str]:
        """Read `after`, which an answer gave as `next`. Raises WrongQuestion."""
        text = self.optional("after")
        if text is None:
            return date.min, ""
        day, _, id_ = text.partition(":")
        try:
            return date.fromisoformat(day), id_
        except ValueError:
            raise WrongQuestion(name="after") from None


async def _rules(asked: Question) -> Any:
    return rules_as_json(asked.rules(), asked.language)


async def _scores(asked: Question) -> Any:
    wanted = asked.period()
    return await ask_scores(asked.hub, asked.rules(), wanted, asked.optional("institution"), asked.language)


async def _records(asked: Question) -> Any:
    rule, institution = asked.needed("rule"), asked.needed("institution")
    return await ask_failing(
        asked.hub,
        asked.rules(),
        rule,
        institution,
        asked.period(),
        after=asked.after(),
        most=asked.most(),
    )


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
        return Response(body, media_type="application/json", headers={"Content-Language": asked.language})

    return endpoint


def routes() -> list[Route]:
    """Give the routes of data quality."""
    return [
        Route("/quality/rules", _endpoint("quality-rules", _rules)),
        Route("/quality/scores", _endpoint("quality-scores", _scores)),
        Route("/quality/records", _endpoint("quality-records", _records)),
    ]
