"""capabilities: what this hub can do, exactly (http://hl7.org/fhir/R4/http.html#capabilities)."""

from functools import cache

from xinglin import __version__
from xinglin.api.fhir.exchange import Exchange, Reply
from xinglin.core.exact_json import Json, dumps
from xinglin.standards.definitions import resource_types

SINCE = "2026-11-21"
"""When the statement below last changed."""

INTERACTIONS = ("read", "vread", "create", "update", "patch", "delete", "history-instance", "history-type")
SYSTEM_INTERACTIONS = ("transaction", "batch", "history-system")


async def capabilities(exchange: Exchange) -> Reply:
    """Answer `GET /fhir/metadata`."""
    return Reply(200, dumps(statement(exchange.base)), {"Cache-Control": "max-age=3600"})


@cache
def statement(base: str) -> Json:
    """Make the CapabilityStatement of the hub at `base`."""
    return {
        "resourceType": "CapabilityStatement",
        "status": "active",
        "date": SINCE,
        "kind": "instance",
        "software": {"name": "Xinglin", "version": __version__},
        "implementation": {"description": "Xinglin health database", "url": base},
        "fhirVersion": "4.0.1",
        "format": ["json", "application/fhir+json"],
        "patchFormat": ["application/json-patch+json", "application/fhir+json"],
        "rest": [
            {
                "mode": "server",
                "resource": [_resource(kind) for kind in sorted(resource_types())],
                "interaction": [{"code": code} for code in SYSTEM_INTERACTIONS],
            }
        ],
    }


def _resource(kind: str) -> Json:
    return {
        "type": kind,
        "profile": f"http://hl7.org/fhir/StructureDefinition/{kind}",
        "interaction": [{"code": code} for code in INTERACTIONS],
        "versioning": "versioned-update",
        "readHistory": True,
        "updateCreate": True,
        "conditionalCreate": True,
        "conditionalRead": "full-support",
        "conditionalUpdate": True,
        "conditionalDelete": "single",
    }
