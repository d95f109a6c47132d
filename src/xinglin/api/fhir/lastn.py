"""$lastn: the latest observations of each kind (http://hl7.org/fhir/R4/observation-operation-lastn.html)."""

from urllib.parse import parse_qsl

from xinglin.api.fhir.exchange import Exchange, Reply
from xinglin.hub.search.answer import searchset


async def lastn(exchange: Exchange) -> Reply:
    """Answer `GET /fhir/Observation/$lastn?patient=1&max=3`."""
    pairs = parse_qsl(exchange.request.url.query, keep_blank_values=True)
    found = await exchange.hub.lastn(pairs, exchange.base)
    return Reply(200, searchset(found, exchange.base, exchange.language))
