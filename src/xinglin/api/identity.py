"""Identity for programs: `/identity/…`, JSON in and out, as `xinglin identity … --format json` writes it."""

from typing import Any, cast

from starlette.routing import Route

from xinglin.api.fhir.exchange import Exchange, Handler, Reply, interaction
from xinglin.core.exact_json import Json, dumps
from xinglin.hub.identity import answers, decisions, questions
from xinglin.hub.identity.decisions import Wanted
from xinglin.hub.identity.errors import WrongIdentityQuestion

MOST = 1_000


async def status(exchange: Exchange) -> Reply:
    """`GET /identity/status`: how identity stands."""
    async with exchange.hub.database.connection() as connection:
        told = await questions.status(connection, exchange.hub.store)
    return _reply(answers.status_as_json(told))


async def person(exchange: Exchange) -> Reply:
    """`GET /identity/persons/{id}`: a person by the id of any of its Patients."""
    async with exchange.hub.database.connection() as connection:
        told = await questions.person(connection, exchange.hub.store, exchange.path["id"])
    return _reply(answers.person_as_json(told, exchange.language))


async def queue(exchange: Exchange) -> Reply:
    """`GET /identity/review?most=&skip=&rule=`: the pairs that wait, the weightiest first."""
    most, skip = _number(exchange, "most", 50, MOST), _number(exchange, "skip", 0, 10**9)
    rule = exchange.request.query_params.get("rule")
    async with exchange.hub.database.connection() as connection:
        found = await questions.queue(connection, most=most, skip=skip, rule=rule)
    return _reply({"pairs": [answers.pair_as_json(one, exchange.language) for one in found]})


async def pair(exchange: Exchange) -> Reply:
    """`GET /identity/review/{one}/{other}`: a pair side by side."""
    one, other = exchange.path["one"], exchange.path["other"]
    async with exchange.hub.database.connection() as connection:
        told = await questions.pair(connection, exchange.hub.store, one, other)
    return _reply(answers.side_by_side_as_json(told, exchange.language))


async def worn(exchange: Exchange) -> Reply:
    """`GET /identity/worn?most=`: numbers that too many people bear."""
    most = _number(exchange, "most", 50, MOST)
    async with exchange.hub.database.connection() as connection:
        found = await questions.worn(connection, most=most)
    return _reply({"numbers": [answers.worn_as_json(one, exchange.language) for one in found]})


async def history(exchange: Exchange) -> Reply:
    """`GET /identity/decisions?patient=&most=`: decisions, newest first."""
    ids = exchange.request.query_params.getlist("patient")
    most = _number(exchange, "most", 50, MOST)
    async with exchange.hub.database.connection() as connection:
        found = await decisions.history(connection, ids or None, most=most)
    return _reply({"decisions": [answers.decision_as_json(one) for one in found]})


async def decide(exchange: Exchange) -> Reply:
    """`POST /identity/decisions` with `{action, patients, who, why, golden?}`."""
    given = await _content(exchange)
    patients: Any = given.get("patients")
    if not isinstance(patients, list) or not all(isinstance(one, str) for one in cast("list[Any]", patients)):
        raise WrongIdentityQuestion(name="patients")
    golden = given.get("golden")
    if golden is not None and not isinstance(golden, str):
        raise WrongIdentityQuestion(name="golden")
    texts = [_needed(given, name) for name in ("action", "who", "why")]
    wanted = Wanted(texts[0], cast("list[str]", patients), texts[1], texts[2], golden)
    return Reply(201, dumps({"decision": await decisions.decide(exchange.hub, wanted)}))


async def undo(exchange: Exchange) -> Reply:
    """`POST /identity/decisions/{number}/undo` with `{who, why}`."""
    given = await _content(exchange)
    text = exchange.path["number"]
    if not text.isascii() or not text.isdigit() or len(text) > 18:
        raise WrongIdentityQuestion(name="number")
    made = await decisions.undo(exchange.hub, int(text), _needed(given, "who"), _needed(given, "why"))
    return Reply(201, dumps({"decision": made}))


def routes() -> list[Route]:
    """Give the routes."""
    return [
        _route("/status", "identity status", status),
        _route("/persons/{id}", "identity person", person),
        _route("/review", "identity review", queue),
        _route("/review/{one}/{other}", "identity pair", pair),
        _route("/worn", "identity worn", worn),
        _route("/decisions", "identity decisions", history),
        _route("/decisions", "identity decide", decide, "POST"),
        _route("/decisions/{number}/undo", "identity undo", undo, "POST"),
    ]


def _route(path: str, name: str, handle: Handler, method: str = "GET") -> Route:
    return Route(f"/identity{path}", interaction(name, handle), methods=[method])


async def _content(exchange: Exchange) -> Json:
    content = await exchange.content("application/json", "application/fhir+json")
    if not isinstance(content, dict):
        raise WrongIdentityQuestion(name="patients")
    return cast("Json", content)


def _needed(given: Json, name: str) -> str:
    value: Any = given.get(name)
    if not isinstance(value, str) or not value.strip():
        raise WrongIdentityQuestion(name=name)
    return value


def _number(exchange: Exchange, name: str, default: int, most: int) -> int:
    text = exchange.request.query_params.get(name)
    if text is None:
        return default
    if not text.isascii() or not text.isdigit() or not int(text[:12]) <= most:
        raise WrongIdentityQuestion(name=name)
    return int(text)


def _reply(content: Json) -> Reply:
    return Reply(200, dumps(content))
