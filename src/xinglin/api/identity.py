"""Identity for programs: `/identity/…`, JSON in and out, as `xinglin identity … --format json` writes it."""

from typing import Any, Final, cast

from starlette.routing import Route

from xinglin.api.fhir.exchange import Exchange, Reply
from xinglin.api.plain import MOST, Entry, WrongParameter, content, number, reply, text, whole
from xinglin.api.plain import routes as routes_of
from xinglin.core.i18n import Phrase
from xinglin.hub.identity import answers
from xinglin.trust.gate.rooms import identity as room
from xinglin.trust.gate.values import Wanted


async def status(exchange: Exchange) -> Reply:
    """`GET /identity/status`: how identity stands."""
    told = await room.status(exchange.hub)
    return reply(answers.status_as_json(told))


async def person(exchange: Exchange) -> Reply:
    """`GET /identity/persons/{id}`: a person by the id of any of its Patients."""
    told = await room.person(exchange.hub, exchange.path["id"])
    return reply(answers.person_as_json(told, exchange.language))


async def queue(exchange: Exchange) -> Reply:
    """`GET /identity/review?most=&skip=&rule=`: the pairs that wait, the weightiest first."""
    most, skip = number(exchange, "most", 50, most=MOST), number(exchange, "skip", 0)
    rule = exchange.request.query_params.get("rule")
    found = await room.queue(exchange.hub, most=most, skip=skip, rule=rule)
    return reply({"pairs": [answers.pair_as_json(one, exchange.language) for one in found]})


async def pair(exchange: Exchange) -> Reply:
    """`GET /identity/review/{one}/{other}`: a pair side by side."""
    one, other = exchange.path["one"], exchange.path["other"]
    told = await room.pair(exchange.hub, one, other)
    return reply(answers.side_by_side_as_json(told, exchange.language))


async def worn(exchange: Exchange) -> Reply:
    """`GET /identity/worn?most=`: numbers that too many people bear."""
    most = number(exchange, "most", 50, most=MOST)
    found = await room.worn(exchange.hub, most=most)
    return reply({"numbers": [answers.worn_as_json(one, exchange.language) for one in found]})


async def history(exchange: Exchange) -> Reply:
    """`GET /identity/decisions?patient=&most=`: decisions, newest first."""
    ids = exchange.request.query_params.getlist("patient")
    most = number(exchange, "most", 50, most=MOST)
    found = await room.history(exchange.hub, ids or None, most=most)
    return reply({"decisions": [answers.decision_as_json(one) for one in found]})


async def decide(exchange: Exchange) -> Reply:
    """`POST /identity/decisions` with `{action, patients, why, golden?}`."""
    given = await content(exchange)
    patients: Any = given.get("patients")
    if not isinstance(patients, list) or not all(isinstance(one, str) for one in cast("list[Any]", patients)):
        raise WrongParameter(name="patients", detail=Phrase("it must be a list of ids"))
    golden = given.get("golden")
    if golden is not None and not isinstance(golden, str):
        raise WrongParameter(name="golden", detail=Phrase("it must be a text"))
    action, why = text(given, "action"), text(given, "why")
    wanted = Wanted(action, cast("list[str]", patients), exchange.hub.who.id, why, golden)
    return reply({"decision": await room.decide(exchange.hub, wanted)}, 201)


async def undo(exchange: Exchange) -> Reply:
    """`POST /identity/decisions/{number}/undo` with `{why}`."""
    given = await content(exchange)
    undone = whole(exchange.path["number"], "number")
    made = await room.undo(exchange.hub, undone, exchange.hub.who.id, text(given, "why"))
    return reply({"decision": made}, 201)


TABLE: Final[tuple[Entry, ...]] = (
    ("GET", "/identity/status", "identity status", status),
    ("GET", "/identity/persons/{id}", "identity person", person),
    ("GET", "/identity/review", "identity review", queue),
    ("GET", "/identity/review/{one}/{other}", "identity pair", pair),
    ("GET", "/identity/worn", "identity worn", worn),
    ("GET", "/identity/decisions", "identity decisions", history),
    ("POST", "/identity/decisions", "identity decide", decide),
    ("POST", "/identity/decisions/{number}/undo", "identity undo", undo),
)


def routes() -> list[Route]:
    """Give the routes."""
    return routes_of(TABLE)
