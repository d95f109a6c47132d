"""PIXm: a patient's identifiers in other systems, ITI-83 (https://profiles.ihe.net/ITI/PIXm/ITI-83.html)."""

from typing import Any, cast

from starlette.routing import Route

from xinglin.api.fhir.exchange import Exchange, Reply, interaction
from xinglin.api.plain import WrongParameter
from xinglin.core.exact_json import Json, dumps
from xinglin.core.i18n import Phrase
from xinglin.trust.gate.rooms import identity as room


async def cross_reference(exchange: Exchange) -> Reply:
    """Answer `/fhir/Patient/$ihe-pix?sourceIdentifier=system|value&targetSystem=…` with Parameters."""
    source, targets = await _asked(exchange)
    system, mark, value = source.partition("|")
    if not mark or not system or not value:
        detail = Phrase("it must be system|value")
        raise WrongParameter(name="sourceIdentifier", detail=detail)
    found = await room.cross(exchange.hub, system, value, targets)
    parameters: list[Json] = [
        {"name": "targetIdentifier", "valueIdentifier": one} for one in found.identifiers
    ]
    parameters += [
        {"name": "targetId", "valueReference": {"reference": f"{exchange.base}/Patient/{one}"}}
        for one in found.patients
    ]
    made: Json = {"resourceType": "Parameters"}
    return Reply(200, dumps(made | ({"parameter": parameters} if parameters else {})))


async def _asked(exchange: Exchange) -> tuple[str, list[str]]:
    if exchange.request.method != "POST":
        query = exchange.request.query_params
        return query.get("sourceIdentifier", ""), query.getlist("targetSystem")
    content = await exchange.content()
    given = cast("Json", content).get("parameter") if isinstance(content, dict) else None
    source, targets = "", list[str]()
    for part in cast("list[Any]", given if isinstance(given, list) else []):
        name, text = _parameter(part)
        if name == "sourceIdentifier":
            source = text
        elif name == "targetSystem":
            targets.append(text)
    return source, targets


def _parameter(part: object) -> tuple[str, str]:
    if not isinstance(part, dict):
        return "", ""
    one = cast("Json", part)
    identifier: Any = one.get("valueIdentifier")
    if isinstance(identifier, dict):
        told = cast("Json", identifier)
        return str(one.get("name")), f"{told.get('system', '')}|{told.get('value', '')}"
    return str(one.get("name")), str(one.get("valueUri") or one.get("valueString") or "")


def routes() -> list[Route]:
    """Give the route; it stands before those of FHIR REST, which would take it for a record's."""
    return [Route("/fhir/Patient/$ihe-pix", interaction("ihe-pix", cross_reference), methods=["GET", "POST"])]
