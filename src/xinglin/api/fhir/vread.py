"""vread: one version of a record (http://hl7.org/fhir/R4/http.html#vread)."""

from xinglin.api.fhir.exchange import Exchange, Reply
from xinglin.api.fhir.read import show
from xinglin.hub.outline import admit_key
from xinglin.hub.records import UnknownVersion

MOST_DIGITS = 9
"""Versions are counted in 32 bits."""


async def vread(exchange: Exchange) -> Reply:
    """Answer `GET /fhir/Patient/1/_history/2`."""
    key = admit_key(exchange.type, exchange.path["id"])
    number = exchange.path["version"]
    if not number.isascii() or not number.isdigit() or len(number) > MOST_DIGITS:
        raise UnknownVersion(key=key, version=number)
    return show(exchange, await exchange.hub.vread(key, int(number)))
