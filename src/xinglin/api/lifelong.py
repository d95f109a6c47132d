"""The lifelong record for programs: `/person/{id}/timeline`, `…/series`, `/person/coverage`, as JSON."""

from typing import Final

from starlette.routing import Route

from xinglin.api.fhir.exchange import Exchange, Reply
from xinglin.api.plain import Entry, number, reply
from xinglin.api.plain import routes as routes_of
from xinglin.core.i18n import Phrase
from xinglin.hub.lifelong.errors import WrongFilter
from xinglin.trust.gate.rooms import lifelong as room
from xinglin.trust.gate.values import DEFAULT_COUNT, MOST_COUNT
from xinglin.trust.gate.values import AskedTimeline as Asked

_TIMELINE: Final = frozenset({"kind", "from", "to", "institution", "code", "count", "after"})
_SERIES: Final = frozenset({"from", "to", "institution", "code"})


async def timeline(exchange: Exchange) -> Reply:
    """`GET /person/{id}/timeline?kind=&from=&to=&institution=&code=&count=&after=`: a page, newest first."""
    wanted, language = _wanted(exchange, _TIMELINE), exchange.language
    found = await room.timeline(exchange.hub, exchange.path["id"], wanted, language)
    return reply(found, language=language)


async def series(exchange: Exchange) -> Reply:
    """`GET /person/{id}/series?from=&to=&institution=&code=`: a person's results over the years."""
    found = await room.series(exchange.hub, exchange.path["id"], _wanted(exchange, _SERIES))
    return reply(found, language=exchange.language)


async def coverage(exchange: Exchange) -> Reply:
    """`GET /person/coverage`: how far identity has come in each institution."""
    return reply(await room.coverage(exchange.hub), language=exchange.language)


TABLE: Final[tuple[Entry, ...]] = (
    ("GET", "/person/coverage", "person-coverage", coverage),
    ("GET", "/person/{id}/timeline", "person-timeline", timeline),
    ("GET", "/person/{id}/series", "person-series", series),
)


def routes() -> list[Route]:
    """Give the routes of the lifelong record."""
    return routes_of(TABLE)


def _wanted(exchange: Exchange, known: frozenset[str]) -> Asked:
    """Read what is asked for. Raises WrongFilter or WrongParameter."""
    query = exchange.request.query_params
    for name in query:
        if name not in known:
            detail = Phrase("it must be one of {allowed}", allowed=", ".join(sorted(known)))
            raise WrongFilter(name=Phrase("parameter"), value=name[:80], detail=detail)
    kinds = [one for part in query.getlist("kind") for one in part.split(",") if one]
    return Asked(
        kinds=tuple(kinds),
        first=query.get("from") or None,
        last=query.get("to") or None,
        institution=query.get("institution") or None,
        code=query.get("code") or None,
        count=number(exchange, "count", DEFAULT_COUNT, least=1, most=MOST_COUNT),
        after=query.get("after") or None,
    )
