"""The refused queue over HTTP: list, show, correct, replay, dismiss."""

import base64
from typing import Annotated, Any, Final

import msgspec
from msgspec import Meta

from xinglin.api.fhir.exchange import Exchange, Reply
from xinglin.api.plain import MOST, number, reply, whole
from xinglin.core.errors import IntakeError
from xinglin.trust.gate.rooms import intake as room
from xinglin.trust.gate.values import NoReason, Refused
from xinglin.web.transfer import read_body


class NothingNamed(IntakeError):
    """A request about many items that says nothing of which."""

    code = "XL7071"
    message = "The request names no items."
    remedy = 'Send {{"numbers": […]}}, or a filter: "source", "code" or "delivery".'
    status = 400
    issue = "required"


class NoCorrection(IntakeError):
    """A correction without content: its replay would take the item out of the queue for nothing."""

    code = "XL7072"
    message = "The corrected text is empty."
    remedy = "Send the corrected bytes; to decide that an item shall not be taken, use $dismiss."
    status = 400
    issue = "required"


class WrongState(IntakeError):
    """A state that items of the queue don't have."""

    code = "XL7073"
    message = 'Items have no state "{found}".'
    remedy = "Use one of {states}."
    status = 400
    issue = "value"


Number = Annotated[int, Meta(ge=1, le=2**63 - 1)]
STATES: Final = ("waiting", "replayed", "dismissed")


class Asked(msgspec.Struct, forbid_unknown_fields=True, kw_only=True):
    """The body of a replay of many: the items by number, or a filter."""

    numbers: list[Number] = []
    source: str | None = None
    code: str | None = None
    delivery: Number | None = None


class Dismissal(msgspec.Struct, forbid_unknown_fields=True):
    """The body of a dismissal."""

    reason: str


async def index(exchange: Exchange) -> Reply:
    """`GET /refused?source=&code=&delivery=&state=&after=&most=`: oldest first; `after` is a number."""
    asked = exchange.request.query_params
    state = asked.get("state", "waiting")
    if state not in STATES:
        raise WrongState(found=state, states=", ".join(STATES))
    found, reasons = await room.list_refused(
        exchange.hub,
        source=asked.get("source"),
        code=asked.get("code"),
        delivery=number(exchange, "delivery", None),
        state=state,
        after=number(exchange, "after", 0),
        most=min(number(exchange, "most", 100), MOST),
    )
    return reply(
        {
            "items": [_shown(one, exchange.language) for one in found],
            "reasons": [{"source": s, "code": c, "items": n} for s, c, n in reasons],
        }
    )


async def show(exchange: Exchange) -> Reply:
    """`GET /refused/{number}`: an item with its bytes (base64)."""
    item = await room.show_refused(exchange.hub, _number(exchange))
    content = {"head": item.head, "raw": item.raw, "corrected": item.corrected}
    encoded = {name: base64.b64encode(raw).decode() for name, raw in content.items() if raw is not None}
    return reply(_shown(item, exchange.language) | encoded)


async def correct(exchange: Exchange) -> Reply:
    """`PUT /refused/{number}`: the body takes the place of what came; the item waits for its replay."""
    body = await read_body(exchange.request, exchange.settings.max_body_bytes)
    if not body.strip():
        raise NoCorrection
    await room.correct(exchange.hub, _number(exchange), body)
    return await show(exchange)


async def replay(exchange: Exchange) -> Reply:
    """`POST /refused/{number}/$replay`: load the item again."""
    (done,) = await room.replay(exchange.hub, [_number(exchange)])
    return reply(msgspec.to_builtins(done))


async def replay_many(exchange: Exchange) -> Reply:
    """`POST /refused/$replay` with `{numbers?, source?, code?, delivery?}`: load items again."""
    try:
        asked = msgspec.convert(await exchange.content("application/json"), Asked)
    except msgspec.ValidationError:
        raise NothingNamed from None
    if not (asked.numbers or asked.source or asked.code or asked.delivery):
        raise NothingNamed
    numbers = asked.numbers or await room.waiting(
        exchange.hub, source=asked.source, code=asked.code, delivery=asked.delivery
    )
    done = await room.replay(exchange.hub, numbers)
    return reply({"items": msgspec.to_builtins(done)})


async def dismiss(exchange: Exchange) -> Reply:
    """`POST /refused/{number}/$dismiss` with `{reason}`: decide that the item shall not be taken."""
    try:
        reason = msgspec.convert(await exchange.content("application/json"), Dismissal).reason
    except msgspec.ValidationError:
        raise NoReason from None
    await room.dismiss(exchange.hub, _number(exchange), reason)
    return await show(exchange)


def _number(exchange: Exchange) -> int:
    return whole(exchange.path["number"], "number")


def _shown(item: Refused, language: str) -> dict[str, Any]:
    made = msgspec.to_builtins(item)
    text = made.pop("texts")[language]
    shown = {name: value for name, value in made.items() if name not in ("head", "raw", "corrected")}
    return shown | {"reason": text["text"], "remedy": text["remedy"]}
