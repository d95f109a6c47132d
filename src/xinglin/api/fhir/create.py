"""create: a new record under an id that the hub gives (http://hl7.org/fhir/R4/http.html#create)."""

from xinglin.api.fhir.exchange import Exchange, Reply
from xinglin.api.fhir.written import written
from xinglin.hub.changes import Create
from xinglin.hub.interactions.answers import answer_change
from xinglin.hub.outline import admit, admit_type


async def create(exchange: Exchange) -> Reply:
    """Answer `POST /fhir/Patient`, with `If-None-Exist` conditionally."""
    kind = admit_type(exchange.type)
    change = Create(
        kind,
        criteria=exchange.header("if-none-exist").removeprefix("?") or None,
        content=admit(await exchange.content(), kind),
    )
    return written(exchange, answer_change(change, await exchange.hub.change(change)))
