"""POST /intake/{source}: deliver a file; GET …/deliveries: receipts."""

import asyncio
from collections.abc import AsyncIterator
from typing import Any, Final

import msgspec
from starlette.requests import ClientDisconnect, Request

from xinglin.api.fhir.exchange import Exchange, Reply
from xinglin.api.plain import MOST, number, reply, whole
from xinglin.api.transfer import CutOff
from xinglin.hub.intake import deliveries, sources
from xinglin.hub.intake.deliveries import Delivery
from xinglin.hub.intake.service import Spool, deliver

SILENT_SECONDS: Final = 120
"""How long a sender may fall silent; a large file may take as long as it needs."""


async def post(exchange: Exchange) -> Reply:
    """Take a delivery: 200 with the receipt, or 202 with the address where the receipt will be.

    The body is the file as it is, also packed; `?name=` is what the sender calls it.
    """
    source_id = await _authorised(exchange)
    async with exchange.hub.database.connection() as connection:
        source = await sources.find_enabled(connection, source_id)
    name = exchange.request.query_params.get("name", "-")[:200]
    async with Spool(exchange.settings) as spool:
        async for part in parts(exchange.request):
            await spool.write(part)
        receipt = await deliver(exchange.hub, source, name, spool)
    place = f"/intake/{source_id}/deliveries/{receipt.number}"
    loaded = receipt.state not in deliveries.OPEN
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
    """Give a delivery as it stands."""
    source_id = await _authorised(exchange)
    asked = whole(exchange.path["number"], "number")
    async with exchange.hub.database.connection() as connection:
        found = await deliveries.find(connection, asked)
    if found.source != source_id:
        raise deliveries.NoDelivery(number=asked)
    return reply(shown(found))


async def receipts(exchange: Exchange) -> Reply:
    """Give a source's latest deliveries."""
    source_id = await _authorised(exchange)
    most = min(number(exchange, "most", 50), MOST)
    async with exchange.hub.database.connection() as connection:
        found = await deliveries.latest(connection, source=source_id, most=most)
    return reply({"deliveries": [shown(one) for one in found]})


async def _authorised(exchange: Exchange) -> str:
    """Give the source whose token the request shows. Raises WrongToken."""
    source_id: str = exchange.path["source"]
    kind, _, token = exchange.header("authorization").partition(" ")
    async with exchange.hub.database.connection() as connection:
        known = token.strip() if kind.lower() == "bearer" else ""
        await sources.refuse_wrong_token(connection, source_id, known)
    return source_id


def shown(delivery: Delivery) -> dict[str, Any]:
    """Give a delivery as JSON, without where its file lies."""
    made = msgspec.to_builtins(delivery)
    return {name: value for name, value in made.items() if name not in ("path", "owned")}
