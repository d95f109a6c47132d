"""capabilities: what this hub can do, exactly (http://hl7.org/fhir/R4/http.html#capabilities)."""

from collections.abc import Mapping, Sequence
from functools import lru_cache

from xinglin import __version__
from xinglin.api.fhir.exchange import Exchange, Reply
from xinglin.core.exact_json import Json, dumps
from xinglin.standards.definitions import resource_types
from xinglin.standards.search import Registry
from xinglin.trust.log.asked import PARAMETERS

SINCE = "2026-11-21"
"""When the statement below last changed."""

INTERACTIONS = (
    *("read", "vread", "create", "update", "patch", "delete"),
    *("history-instance", "history-type", "search-type"),
)
SYSTEM_INTERACTIONS = ("transaction", "batch", "history-system", "search-system")
EVERYWHERE = (("_has", "special"), ("_list", "special"))
"""Search parameters that no SearchParameter resource describes."""

COMPARTMENTS = ("Device", "Encounter", "Patient", "Practitioner", "RelatedPerson")
_OPERATION = "http://hl7.org/fhir/OperationDefinition"
OPERATIONS: Mapping[str, Sequence[tuple[str, str]]] = {
    "CodeSystem": [
        (name, f"{_OPERATION}/CodeSystem-{name}") for name in ("lookup", "subsumes", "validate-code")
    ],
    "ConceptMap": [("translate", f"{_OPERATION}/ConceptMap-translate")],
    "Encounter": [("everything", f"{_OPERATION}/Encounter-everything")],
    "Observation": [("lastn", f"{_OPERATION}/Observation-lastn")],
    "Patient": [
        ("everything", f"{_OPERATION}/Patient-everything"),
        ("match", f"{_OPERATION}/Patient-match"),
        ("ihe-pix", "https://profiles.ihe.net/ITI/PIXm/OperationDefinition/IHE.PIXm.pix"),
        ("summary", "http://hl7.org/fhir/uv/ips/OperationDefinition/summary"),
    ],
    "ValueSet": [(name, f"{_OPERATION}/ValueSet-{name}") for name in ("expand", "validate-code")],
}
"""By type: name and definition."""

_MCSD = "https://profiles.ihe.net/ITI/mCSD/StructureDefinition/IHE.mCSD"
PROFILES: Mapping[str, Sequence[str]] = {
    "HealthcareService": [f"{_MCSD}.HealthcareService"],
    "Location": [f"{_MCSD}.Location", f"{_MCSD}.FacilityLocation"],
    "Organization": [f"{_MCSD}.Organization", f"{_MCSD}.FacilityOrganization"],
    "Practitioner": [f"{_MCSD}.Practitioner"],
    "PractitionerRole": [f"{_MCSD}.PractitionerRole"],
}
"""By type: the profiles that the registries' records keep (IHE mCSD; docs/registries.md)."""

_SECURITY = "http://terminology.hl7.org/CodeSystem/restful-security-service"

AUDIT = "AuditEvent"

EVERY_TYPE = (("validate", f"{_OPERATION}/Resource-validate"),)


async def capabilities(exchange: Exchange) -> Reply:
    """Answer `GET /fhir/metadata`."""
    told = statement(exchange.base, exchange.hub.registry)
    return Reply(200, told, {"Cache-Control": "max-age=3600"})


@lru_cache(maxsize=8)
def statement(base: str, registry: Registry) -> bytes:
    """Make the CapabilityStatement of the hub at `base` that searches by `registry`, as JSON text."""
    referrers = _referrers(registry)
    made: Json = {
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
                "security": _security(base),
                "resource": [_resource(kind, registry, referrers) for kind in sorted(resource_types())],
                "interaction": [{"code": code} for code in SYSTEM_INTERACTIONS],
                "searchParam": [{"name": "_type", "type": "special"}, *_parameters("Resource", registry)],
                "compartment": [
                    f"http://hl7.org/fhir/CompartmentDefinition/{one.lower()}" for one in COMPARTMENTS
                ],
            }
        ],
    }
    return dumps(made)


def _security(base: str) -> Json:
    """Tell how to prove who asks (http://hl7.org/fhir/smart-app-launch/conformance.html)."""
    root = base.removesuffix("/fhir")
    services = ("SMART-on-FHIR", "OAuth")
    uris = (
        ("authorize", "authorize"),
        ("token", "token"),
        ("introspect", "introspect"),
        ("revoke", "revoke"),
    )
    return {
        "extension": [
            {
                "url": "http://fhir-registry.smarthealthit.org/StructureDefinition/oauth-uris",
                "extension": [{"url": name, "valueUri": f"{root}/oauth/{path}"} for name, path in uris],
            }
        ],
        "service": [{"coding": [{"system": _SECURITY, "code": one}]} for one in services],
        "description": "Each answer is decided on for who asks and the purpose in the header Purpose-Of-Use.",
    }


def _resource(kind: str, registry: Registry, referrers: Mapping[str, Sequence[str]]) -> Json:
    if kind == AUDIT:
        return _audit(registry)
    known = registry.for_type(kind)
    includes = [f"{kind}:{code}" for code, one in sorted(known.items()) if one.kind == "reference"]
    operations = (*OPERATIONS.get(kind, ()), *EVERY_TYPE)
    made: Json = {
        "type": kind,
        "profile": f"http://hl7.org/fhir/StructureDefinition/{kind}",
        **({"supportedProfile": list(PROFILES[kind])} if kind in PROFILES else {}),
        "interaction": [{"code": code} for code in INTERACTIONS],
        "versioning": "versioned-update",
        "readHistory": True,
        "updateCreate": True,
        "conditionalCreate": True,
        "conditionalRead": "full-support",
        "conditionalUpdate": True,
        "conditionalDelete": "single",
        "searchInclude": ["*", *includes],
        "searchRevInclude": ["*", *referrers.get(kind, ())],
        "searchParam": _parameters(kind, registry),
        "operation": [{"name": name, "definition": definition} for name, definition in operations],
    }
    return made


def _audit(registry: Registry) -> Json:
    """Tell of the audit log: it is read and searched, and written by the hub alone."""
    known = registry.for_type(AUDIT)
    return {
        "type": AUDIT,
        "profile": f"http://hl7.org/fhir/StructureDefinition/{AUDIT}",
        "interaction": [{"code": "read"}, {"code": "search-type"}],
        "versioning": "no-version",
        "searchParam": [
            {"name": name, "definition": known[name].url, "type": known[name].kind}
            for name in PARAMETERS
            if name in known
        ],
    }


def _parameters(kind: str, registry: Registry) -> list[Json]:
    known = sorted(registry.for_type(kind).items())
    found: list[Json] = [{"name": code, "definition": one.url, "type": one.kind} for code, one in known]
    return found + [{"name": name, "type": type_name} for name, type_name in EVERYWHERE]


def _referrers(registry: Registry) -> Mapping[str, Sequence[str]]:
    """Give, by type, the reference parameters of other types that may point to it."""
    found: dict[str, list[str]] = {}
    for source in sorted(registry.types):
        for code, one in sorted(registry.for_type(source).items()):
            if one.kind == "reference":
                for target in one.targets or sorted(registry.types):
                    found.setdefault(target, []).append(f"{source}:{code}")
    return found
