"""update: the next version of a record, or its first (http://hl7.org/fhir/R4/http.html#update)."""

from xinglin.api.fhir.exchange import Exchange, Reply
from xinglin.api.fhir.target import target
from xinglin.api.fhir.written import written
from xinglin.hub.changes import Update
from xinglin.hub.interactions.answers import answer_change
from xinglin.hub.outline import admit


async def update(exchange: Exchange) -> Reply:
    """Answer `PUT /fhir/Patient/1` and, conditionally, `PUT /fhir/Patient?identifier=…`."""
    aim = target(exchange)
    change = Update(
        **aim,
        if_absent=exchange.header("if-none-match").strip() == "*",
        content=admit(await exchange.content(), aim["type"]),
    )
    return written(exchange, answer_change(change, await exchange.hub.change(change)))
