"""patch: change parts of a record (http://hl7.org/fhir/R4/http.html#patch)."""

from collections.abc import Callable

from xinglin.api.fhir.exchange import Exchange, Reply
from xinglin.api.fhir.negotiation import JSON
from xinglin.api.fhir.target import target
from xinglin.api.fhir.written import written
from xinglin.core.exact_json import Json
from xinglin.hub.changes import Patch
from xinglin.hub.interactions.answers import answer_change
from xinglin.hub.interactions.entries import patch_from
from xinglin.hub.outline import admit
from xinglin.standards.patch import json_patch

JSON_PATCH = "application/json-patch+json"


async def patch(exchange: Exchange) -> Reply:
    """Answer `PATCH` with a JSON Patch (RFC 6902) or a FHIRPath Patch (Parameters)."""
    change = Patch(**target(exchange), modify=await _modify(exchange))
    return written(exchange, answer_change(change, await exchange.hub.change(change)))


async def _modify(exchange: Exchange) -> Callable[[Json], Json]:
    content = await exchange.content(JSON_PATCH, JSON)
    if exchange.header("content-type").lower().startswith(JSON_PATCH):
        return lambda record: json_patch.apply(record, content)
    return patch_from(admit(content, "Parameters"))
