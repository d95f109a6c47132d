"""PDQm: who is it, by demographics (https://profiles.ihe.net/ITI/PDQm/).

ITI-78 searches persons, so it has an address of its own, where a Patient is a golden one: `/pdqm/Patient`.
ITI-119 is FHIR's $match, here and under /fhir.
"""

from urllib.parse import parse_qsl

from starlette.routing import Route

from xinglin.api.fhir.exchange import Exchange, Reply, interaction
from xinglin.api.fhir.match import match
from xinglin.api.fhir.search import posted_pairs
from xinglin.hub.identity.golden import TAG
from xinglin.hub.records import Key
from xinglin.hub.search.answer import searchset
from xinglin.trust.gate.values import Asked


async def search(exchange: Exchange) -> Reply:
    """Answer `GET /pdqm/Patient?family=…&birthdate=…` (ITI-78): golden Patients in use."""
    pairs = parse_qsl(exchange.request.url.query, keep_blank_values=True)
    if exchange.request.method == "POST":
        pairs += await posted_pairs(exchange)
    golden = [("_tag", f"{TAG['system']}|{TAG['code']}"), ("active", "true")]
    asked = Asked(
        [*pairs, *(one for one in golden if one not in pairs)],
        "Patient",
        strict=exchange.preferences.get("handling") != "lenient",
        base=_base(exchange),
    )
    found = await exchange.hub.search(asked, action="person.find")
    return Reply(200, searchset(found, exchange.base, exchange.language))


async def read(exchange: Exchange) -> Reply:
    """Answer `GET /pdqm/Patient/1`: the same record as under /fhir."""
    record = await exchange.hub.read(Key("Patient", exchange.path["id"]))
    return Reply(200, record.body)


def _base(exchange: Exchange) -> str:
    return exchange.base.removesuffix("/fhir") + "/pdqm"


def routes() -> list[Route]:
    """Give the routes."""
    return [
        Route("/pdqm/Patient", interaction("pdqm-search", search)),
        Route("/pdqm/Patient/_search", interaction("pdqm-search", search), methods=["POST"]),
        Route("/pdqm/Patient/$match", interaction("match", match), methods=["POST"]),
        Route("/pdqm/Patient/{id}", interaction("pdqm-read", read)),
    ]
