"""POST /intake/{source}: deliver a file; GET …/deliveries: receipts."""

import asyncio
from collections.abc import AsyncIterator
from typing import Any, Final

import msgspec
from starlette.requests import ClientDisconnect, Request

from xinglin.api.fhir.exchange import Exchange, Reply
from xinglin.api.plain import MOST, number, reply, whole
from xinglin.trust.gate.rooms import intake as room
from xinglin.trust.gate.values import OPEN, Delivery, WrongToken
from xinglin.web.transfer import CutOff

SILENT_SECONDS: Final = 120
"""How long a sender may fall silent; a large file may take as long as it needs."""


async def post(exchange: Exchange) -> Reply:
    """`POST /intake/{source}?name=`: 200 with the receipt, or 202 with the address where it will be.

    The body is the file as it is, also packed; `name` is what the sender calls it.
    """
    source_id = _own(exchange)
    name = exchange.request.query_params.get("name", "-")[:200]
    receipt = await room.deliver(exchange.hub, exchange.settings, source_id, name, parts(exchange.request))
    place = f"/intake/{source_id}/deliveries/{receipt.number}"
    loaded = receipt.state not in OPEN
    return reply({**shown(receipt), "url": place}, 200 if loaded else 202, {"Location": place})


async def parts(request: Request) -> AsyncIterator[bytes]:
    """Give the body as it comes. Raises CutOff where the sender goes away or falls silent."""
    stream = aiter(request.stream())
    try:
        while True:
            async with asyncio.timeout(SILENT_SECONDS):
                part = await anext(stream, None)
            if part is None:
                return
            yield part
    except (ClientDisconnect, TimeoutError):
        raise CutOff from None


async def receipt(exchange: Exchange) -> Reply:
    """`GET /intake/{source}/deliveries/{number}`: a delivery as it stands."""
    source_id = _own(exchange)
    asked = whole(exchange.path["number"], "number")
    return reply(shown(await room.receipt(exchange.hub, source_id, asked)))


async def receipts(exchange: Exchange) -> Reply:
    """`GET /intake/{source}/deliveries?most=`: a source's latest deliveries."""
    source_id = _own(exchange)
    most = min(number(exchange, "most", 50), MOST)
    found = await room.receipts(exchange.hub, source_id, most=most)
    return reply({"deliveries": [shown(one) for one in found]})


def _own(exchange: Exchange) -> str:
    """Give the source in the address; nobody else speaks for it. Raises WrongToken."""
    source_id: str = exchange.path["source"]
    if exchange.hub.who.id != f"source:{source_id}":
        raise WrongToken(id=source_id)
    return source_id


def shown(delivery: Delivery) -> dict[str, Any]:
    """Give a delivery as JSON, without where its file lies."""
    made = msgspec.to_builtins(delivery)
    return {name: value for name, value in made.items() if name not in ("path", "owned")}
