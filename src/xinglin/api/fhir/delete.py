"""delete: the record is no longer current; its versions stay (http://hl7.org/fhir/R4/http.html#delete)."""

from xinglin.api.fhir.exchange import Exchange, Reply
from xinglin.api.fhir.target import target
from xinglin.api.fhir.written import written
from xinglin.hub.changes import Delete
from xinglin.hub.interactions.answers import answer_change


async def delete(exchange: Exchange) -> Reply:
    """Answer `DELETE /fhir/Patient/1` and, conditionally, `DELETE /fhir/Patient?identifier=…`."""
    change = Delete(**target(exchange))
    return written(exchange, answer_change(change, await exchange.hub.change(change)))
