"""The operations of the terminology service (http://hl7.org/fhir/R4/terminology-service.html).

Each is answered by GET and POST; at a record's own address it is about that record.
"""

from typing import Any, cast
from urllib.parse import parse_qsl

from xinglin.api.fhir.exchange import Exchange, Reply
from xinglin.api.fhir.target import GENERAL
from xinglin.core.exact_json import Json, dumps
from xinglin.core.i18n import Phrase
from xinglin.hub.outline import NotARecord, TypeMismatch, admit, admit_key
from xinglin.standards.outcome import InvalidRecord
from xinglin.standards.terminology import (
    AskedExpansion,
    AskedLookup,
    AskedSubsumption,
    AskedTranslation,
    AskedValidation,
)
from xinglin.standards.terminology.parameters import Given


async def lookup(exchange: Exchange) -> Reply:
    """Answer `CodeSystem/$lookup`: http://hl7.org/fhir/R4/codesystem-operation-lookup.html."""
    asked = AskedLookup.of(await _given(exchange))
    return _told(exchange, await exchange.hub.terminology.lookup(asked))


async def validate_code(exchange: Exchange) -> Reply:
    """Answer `CodeSystem/$validate-code`."""
    given, instance = await _given(exchange), await _instance(exchange, "CodeSystem")
    asked = AskedValidation.of_system(given, resource=instance)
    return _told(exchange, await exchange.hub.terminology.validate_code(asked, exchange.language))


async def validate_code_in_set(exchange: Exchange) -> Reply:
    """Answer `ValueSet/$validate-code`."""
    given, instance = await _given(exchange), await _instance(exchange, "ValueSet")
    asked = AskedValidation.of_set(given, instance)
    return _told(exchange, await exchange.hub.terminology.validate_code(asked, exchange.language))


async def expand(exchange: Exchange) -> Reply:
    """Answer `ValueSet/$expand`: http://hl7.org/fhir/R4/valueset-operation-expand.html."""
    given, instance = await _given(exchange), await _instance(exchange, "ValueSet")
    return _told(exchange, await exchange.hub.terminology.expand(AskedExpansion.of(given, instance)))


async def translate(exchange: Exchange) -> Reply:
    """Answer `ConceptMap/$translate`: http://hl7.org/fhir/R4/conceptmap-operation-translate.html."""
    given, instance = await _given(exchange), await _instance(exchange, "ConceptMap")
    asked = AskedTranslation.of(given, instance)
    return _told(exchange, await exchange.hub.terminology.translate(asked, exchange.language))


async def subsumes(exchange: Exchange) -> Reply:
    """Answer `CodeSystem/$subsumes`: http://hl7.org/fhir/R4/codesystem-operation-subsumes.html."""
    given, instance = await _given(exchange), await _instance(exchange, "CodeSystem")
    if instance is not None:
        own = {"system": [instance.get("url", "")], "version": [instance.get("version", "")]}
        given = Given({**given.values, **own})
    return _told(exchange, await exchange.hub.terminology.subsumes(AskedSubsumption.of(given)))


def _told(exchange: Exchange, content: Json) -> Reply:
    return Reply(200, dumps(content), {"Content-Language": exchange.language})


async def _instance(exchange: Exchange, kind: str) -> Json | None:
    """Give the record at whose address the operation is asked. Raises Unknown or Gone."""
    if "id" not in exchange.path:
        return None
    return (await exchange.hub.read(admit_key(kind, exchange.path["id"]))).content


async def _given(exchange: Exchange) -> Given:
    """Read parameters from the address, and where there is a body, from it first. Raises RequestError."""
    pairs = parse_qsl(exchange.request.url.query, keep_blank_values=True)
    found = Given.of_pairs(pair for pair in pairs if pair[0] not in GENERAL)
    if exchange.request.method != "POST":
        return found
    content = admit(await exchange.content())
    kind: str = content["resourceType"]
    if kind != "Parameters":
        # A body of the operation's own type is what it is about.
        name = {"ValueSet": "valueSet", "CodeSystem": "codeSystem", "ConceptMap": "conceptMap"}.get(kind)
        if name is None:
            raise TypeMismatch(found=kind, wanted="Parameters")
        return Given({name: [_checked(exchange, content)]}).joined(found)
    parameter: Any = content.get("parameter", [])
    if not isinstance(parameter, list) or not all(
        isinstance(one, dict) for one in cast("list[Any]", parameter)
    ):
        raise NotARecord(detail=Phrase('"{name}" must be {kind}', name="parameter", kind=Phrase("an array")))
    given = Given.of_resource(content)
    for name in ("valueSet", "codeSystem", "conceptMap"):
        for one in given.values.get(name, ()):
            _checked(exchange, admit(one))
    return given.joined(found)


def _checked(exchange: Exchange, content: Json) -> Json:
    """Give a resource sent along back if it is a good one. Raises InvalidRecord."""
    findings = exchange.hub.admission.examine(content, ())
    if any(one.severity == "error" for one in findings):
        raise InvalidRecord(findings)
    return content
