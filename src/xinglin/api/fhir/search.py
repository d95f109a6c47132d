"""search: records by what they say (http://hl7.org/fhir/R4/http.html#search)."""

from urllib.parse import parse_qsl

from xinglin.api.fhir.exchange import Exchange, Reply
from xinglin.api.fhir.negotiation import WrongContentType
from xinglin.hub.outline import admit_type
from xinglin.hub.search.answer import searchset
from xinglin.standards.search import Compartment
from xinglin.trust.gate.values import Asked
from xinglin.web.transfer import read_body

FORM = "application/x-www-form-urlencoded"


async def search(exchange: Exchange) -> Reply:
    """Answer `GET /fhir/Patient?name=…`, `GET /fhir?_type=…` and compartments: `GET /fhir/Patient/1/*`."""
    return await _answer(exchange, _in_address(exchange))


async def search_by_post(exchange: Exchange) -> Reply:
    """Answer `POST /fhir/Patient/_search`: parameters in the address and in the body count alike."""
    return await _answer(exchange, [*_in_address(exchange), *await posted_pairs(exchange)])


async def posted_pairs(exchange: Exchange) -> list[tuple[str, str]]:
    """Read the parameters in a form's body. Raises RequestError."""
    found = exchange.header("content-type").partition(";")[0].strip().lower()
    body = await read_body(exchange.request, exchange.settings.max_body_bytes)
    if body and found != FORM:
        raise WrongContentType(found=found or "none", wanted=FORM)
    return parse_qsl(body.decode(errors="replace"), keep_blank_values=True)


async def _answer(exchange: Exchange, pairs: list[tuple[str, str]]) -> Reply:
    kind = exchange.path.get("type")
    owner = exchange.path.get("compartment")
    asked = Asked(
        pairs,
        admit_type(kind) if kind is not None else None,
        Compartment(admit_type(owner), exchange.path["id"]) if owner is not None else None,
        strict=exchange.preferences.get("handling") != "lenient",
        base=exchange.base,
    )
    return Reply(200, searchset(await exchange.hub.search(asked), exchange.base, exchange.language))


def _in_address(exchange: Exchange) -> list[tuple[str, str]]:
    return parse_qsl(exchange.request.url.query, keep_blank_values=True)
