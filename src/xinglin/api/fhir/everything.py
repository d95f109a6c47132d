"""$everything: all about a person or an encounter (http://hl7.org/fhir/R4/patient-operation-everything.html)."""

from urllib.parse import parse_qsl

from xinglin.api.fhir.exchange import Exchange, Reply
from xinglin.hub.records import Key
from xinglin.hub.search.answer import searchset
from xinglin.trust.gate.values import AskedEverything


async def patient_everything(exchange: Exchange) -> Reply:
    """Answer `GET /fhir/Patient/1/$everything`."""
    return await _everything(exchange, "Patient")


async def encounter_everything(exchange: Exchange) -> Reply:
    """Answer `GET /fhir/Encounter/1/$everything`."""
    return await _everything(exchange, "Encounter")


async def _everything(exchange: Exchange, kind: str) -> Reply:
    pairs = parse_qsl(exchange.request.url.query, keep_blank_values=True)
    asked = AskedEverything(Key(kind, exchange.path["id"]), pairs, exchange.base)
    found = await exchange.hub.everything(asked)
    return Reply(200, searchset(found, exchange.base, exchange.language))
