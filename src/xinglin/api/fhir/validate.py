"""$validate: check a record without storing it (http://hl7.org/fhir/R4/resource-operation-validate.html)."""

from typing import Any, cast

from xinglin.api.fhir.exchange import Exchange, Reply
from xinglin.core.exact_json import Json, dumps
from xinglin.core.i18n import Phrase
from xinglin.hub.outline import NotARecord, admit, admit_type
from xinglin.hub.records import Key
from xinglin.standards.outcome import from_findings


async def validate(exchange: Exchange) -> Reply:
    """Answer `POST /fhir/Patient/$validate` and `GET /fhir/Patient/1/$validate`.

    The body is the record, or Parameters with `resource` and `profile`; without one the stored record is
    checked. The answer is 200 with an OperationOutcome whatever was found.
    """
    kind = admit_type(exchange.type)
    profiles = exchange.request.query_params.getlist("profile")
    if exchange.request.method == "GET":
        content = (await exchange.hub.read(Key(kind, exchange.path["id"]))).content
    else:
        content, more = _parameters(admit(await exchange.content()), kind)
        profiles += more
    findings = exchange.hub.admission.examine(content, profiles)
    return Reply(
        200, dumps(from_findings(findings, exchange.language)), {"Content-Language": exchange.language}
    )


def _parameters(content: Json, kind: str) -> tuple[Json, list[str]]:
    if content["resourceType"] != "Parameters" or kind == "Parameters":
        return admit(content, kind), []
    found: dict[str, list[Any]] = {}
    given = content.get("parameter")
    for part in cast("list[Any]", given) if isinstance(given, list) else []:
        if isinstance(part, dict):
            named = cast("Json", part)
            value = named.get("resource") or named.get("valueUri") or named.get("valueCanonical")
            found.setdefault(str(named.get("name")), []).append(value)
    if not found.get("resource"):
        raise NotARecord(detail=Phrase('the parameter "{name}" is missing', name="resource"))
    return admit(found["resource"][0], kind), [
        url for url in found.get("profile", []) if isinstance(url, str)
    ]
