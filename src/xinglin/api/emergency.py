"""Breaking the glass for programs: `POST /emergency` asks for access, `/emergency/review` looks at it."""

from typing import Final

import msgspec
from starlette.routing import Route

from xinglin.api.fhir.exchange import Exchange, Reply
from xinglin.api.plain import MOST, Entry, content, number, reply, text, whole
from xinglin.api.plain import routes as routes_of
from xinglin.trust.gate.rooms import emergency as room
from xinglin.trust.policy.grants import Grant


async def ask(exchange: Exchange) -> Reply:
    """`POST /emergency` with `{patient, reason, words}`: access for some hours, which will be reviewed.

    `reason` is a code of the policies' table reasons.csv, `words` say what has happened. What was opened is
    asked for with the header `Purpose-Of-Use: BTG`.
    """
    given = await content(exchange)
    patient = text(given, "patient").removeprefix("Patient/")
    made = await room.ask(exchange.hub, patient, reason=text(given, "reason"), words=text(given, "words"))
    return reply({"grant": made.id, "patient": made.patient, "until": made.until.isoformat()}, 201)


async def waiting(exchange: Exchange) -> Reply:
    """`GET /emergency/review?after=&most=`: accesses that wait for their review."""
    most, after = number(exchange, "most", 100, least=1, most=MOST), number(exchange, "after", 0)
    found = await room.waiting(exchange.hub, after=after, most=most)
    return reply({"grants": [_shown(one) for one in found]})


async def review(exchange: Exchange) -> Reply:
    """`POST /emergency/{number}/review` with `{outcome, why}`: justified, unjustified or unclear."""
    given = await content(exchange)
    reviewed = whole(exchange.path["number"], "number")
    made = await room.review(exchange.hub, reviewed, outcome=text(given, "outcome"), why=text(given, "why"))
    return reply(_shown(made))


TABLE: Final[tuple[Entry, ...]] = (
    ("POST", "/emergency", "emergency-ask", ask),
    ("GET", "/emergency/review", "emergency-waiting", waiting),
    ("POST", "/emergency/{number}/review", "emergency-review", review),
)


def routes() -> list[Route]:
    """Give the routes."""
    return routes_of(TABLE)


def _shown(one: Grant) -> object:
    return msgspec.to_builtins(one)
