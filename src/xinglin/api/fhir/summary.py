"""$summary: the International Patient Summary (http://hl7.org/fhir/uv/ips/OperationDefinition-summary.html)."""

from typing import Any, Final, cast
from urllib.parse import parse_qsl

from xinglin.api.fhir.exchange import Exchange, Reply
from xinglin.core.exact_json import Json, dumps
from xinglin.hub.lifelong.errors import WrongSummary
from xinglin.trust.gate.rooms import lifelong as room

PROFILE: Final = "http://hl7.org/fhir/uv/ips/StructureDefinition/Bundle-uv-ips"
"""The only profile that can be asked for."""

_GENERAL: Final = frozenset({"_format", "_pretty"})


async def summary(exchange: Exchange) -> Reply:
    """Answer `GET` or `POST /fhir/Patient/1/$summary`, about all the person's linked Patients."""
    pairs = parse_qsl(exchange.request.url.query, keep_blank_values=True)
    if exchange.request.method == "POST":
        pairs += await _posted(exchange)
    _check(pairs)
    made = await room.summary(exchange.hub, exchange.path["id"], exchange.base, exchange.language)
    return Reply(200, dumps(made), {"Content-Language": exchange.language})


async def _posted(exchange: Exchange) -> list[tuple[str, str]]:
    """Read the parameters of a Parameters resource. A POST without a body asks for nothing special."""
    if exchange.header("content-length") in ("", "0") and not exchange.header("transfer-encoding"):
        return []
    content: Any = await exchange.content()
    if not isinstance(content, dict) or cast("Json", content).get("resourceType") != "Parameters":
        raise WrongSummary(name="Parameters")
    listed: Any = cast("Json", content).get("parameter") or []
    if not isinstance(listed, list):
        raise WrongSummary(name="parameter")
    return [_pair(one) for one in cast("list[Any]", listed)]


def _pair(parameter: Any) -> tuple[str, str]:
    if not isinstance(parameter, dict):
        raise WrongSummary(name="parameter")
    given = cast("Json", parameter)
    values = [value for name, value in given.items() if name.startswith("value")]
    return str(given.get("name") or "parameter"), str(values[0]) if values else ""


def _check(pairs: list[tuple[str, str]]) -> None:
    for name, value in pairs:
        if name not in _GENERAL and (name, value.partition("|")[0]) != ("profile", PROFILE):
            raise WrongSummary(name=name)
