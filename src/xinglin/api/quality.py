"""Data quality for programs: `/quality/rules`, `/quality/scores`, `/quality/records` (ids only), as JSON."""

from datetime import date
from typing import Final

from starlette.routing import Route

from xinglin.api.fhir.exchange import Exchange, Reply
from xinglin.api.plain import MOST, Entry, WrongParameter, number, reply, text
from xinglin.api.plain import routes as routes_of
from xinglin.core.i18n import Phrase
from xinglin.hub.quality import in_force
from xinglin.trust.gate.rooms import quality as room
from xinglin.trust.gate.values import Period, period, rules_as_json


async def rules(exchange: Exchange) -> Reply:
    """`GET /quality/rules`: the rules in force."""
    language = exchange.language
    return reply(rules_as_json(in_force(exchange.settings.quality), language), language=language)


async def scores(exchange: Exchange) -> Reply:
    """`GET /quality/scores?institution=&from=&to=`: scorecards, worst first."""
    wanted, language = _period(exchange), exchange.language
    institution = exchange.request.query_params.get("institution") or None
    known = in_force(exchange.settings.quality)
    found = await room.scores(exchange.hub, known, wanted, institution, language)
    return reply(found, language=language)


async def records(exchange: Exchange) -> Reply:
    """`GET /quality/records?rule=&institution=&from=&to=&after=&most=`: records that fail a rule."""
    query = exchange.request.query_params
    found = await room.failing(
        exchange.hub,
        in_force(exchange.settings.quality),
        text(query, "rule"),
        text(query, "institution"),
        _period(exchange),
        after=_after(exchange),
        most=number(exchange, "most", 100, least=1, most=MOST),
    )
    return reply(found, language=exchange.language)


TABLE: Final[tuple[Entry, ...]] = (
    ("GET", "/quality/rules", "quality-rules", rules),
    ("GET", "/quality/scores", "quality-scores", scores),
    ("GET", "/quality/records", "quality-records", records),
)


def routes() -> list[Route]:
    """Give the routes of data quality."""
    return routes_of(TABLE)


def _period(exchange: Exchange) -> Period:
    """Read `from` and `to`. Raises WrongPeriod."""
    query = exchange.request.query_params
    return period(exchange.settings.time_zone, query.get("from"), query.get("to"))


def _after(exchange: Exchange) -> tuple[date, str]:
    """Read `after`, which an answer gave as `next`. Raises WrongParameter."""
    day, _, id_ = exchange.request.query_params.get("after", "").partition(":")
    try:
        return date.fromisoformat(day) if day else date.min, id_
    except ValueError:
        detail = Phrase("it must be what an answer gave as next")
        raise WrongParameter(name="after", detail=detail) from None
