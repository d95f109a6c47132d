"""$import: have the hub fetch NDJSON files (https://github.com/smart-on-fhir/bulk-import).

The answer is 202 with an address that tells how far it is: 202 until all is loaded, then 200.
"""

from typing import Any, cast

from xinglin.api.fhir.exchange import Exchange, Reply
from xinglin.api.fhir.negotiation import JSON
from xinglin.api.intake.deliver import shown
from xinglin.api.plain import reply
from xinglin.core.exact_json import Json
from xinglin.trust.gate.rooms import intake as room
from xinglin.trust.gate.values import (
    OPEN,
    BadManifest,
    Delivery,
    Input,
    read_manifest,
    refuse_addresses,
)


async def begin(exchange: Exchange) -> Reply:
    """POST /fhir/$import?source=…: note what is to be fetched."""
    content = await exchange.content(JSON, "application/json")
    if not isinstance(content, dict):
        raise BadManifest(name="input")
    inputs = read_manifest(cast("Json", content))
    refuse_addresses(inputs, exchange.settings)
    asked = exchange.request.query_params.get("source")
    id_ = await room.begin_import(exchange.hub, asked, inputs)
    return Reply(202, None, {"Content-Location": f"{exchange.base}/$import-status/{id_}"})


async def status(exchange: Exchange) -> Reply:
    """GET /fhir/$import-status/{id}: what became of each file."""
    found = await room.import_status(exchange.hub, exchange.path["id"])
    waiting = sum(_waits(one, delivery) for one, delivery in found)
    files = [_told(one, delivery, exchange.language) for one, delivery in found]
    headers = {"X-Progress": f"{len(found) - waiting}/{len(found)}"} if waiting else {}
    return reply({"files": files}, 202 if waiting else 200, headers)


def _waits(one: Input, delivery: Delivery | None) -> bool:
    return one.state == "waiting" or (delivery is not None and delivery.state in OPEN)


def _told(one: Input, delivery: Delivery | None, language: str) -> dict[str, Any]:
    told: dict[str, Any] = {"url": one.url, "state": one.state if delivery is None else delivery.state}
    if one.fault is not None:
        told["reason"] = one.fault[language]["text"]
    return told if delivery is None else told | {"receipt": shown(delivery)}
