"""The FHIR interactions and their addresses: what stands here works, and `capabilities` says so."""

from collections.abc import Mapping

from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import Route

from xinglin.api.fhir import audit, import_
from xinglin.api.fhir.bundle import post_bundle
from xinglin.api.fhir.capabilities import capabilities
from xinglin.api.fhir.create import create
from xinglin.api.fhir.delete import delete
from xinglin.api.fhir.everything import encounter_everything, patient_everything
from xinglin.api.fhir.exchange import Endpoint, Handler, interaction
from xinglin.api.fhir.history import history
from xinglin.api.fhir.lastn import lastn
from xinglin.api.fhir.match import match
from xinglin.api.fhir.patch import patch
from xinglin.api.fhir.read import read
from xinglin.api.fhir.search import search, search_by_post
from xinglin.api.fhir.summary import summary
from xinglin.api.fhir.terminology import (
    expand,
    lookup,
    subsumes,
    translate,
    validate_code,
    validate_code_in_set,
)
from xinglin.api.fhir.update import update
from xinglin.api.fhir.validate import validate
from xinglin.api.fhir.vread import vread

TABLE: tuple[tuple[str, str, str, Handler], ...] = (
    ("GET", "/metadata", "capabilities", capabilities),
    ("POST", "/$import", "import", import_.begin),
    ("GET", "/$import-status/{id}", "import-status", import_.status),
    ("GET", "/_history", "history-system", history),
    ("GET", "/{type}/_history", "history-type", history),
    ("GET", "/{type}/{id}/_history", "history-instance", history),
    ("GET", "/{type}/{id}/_history/{version}", "vread", vread),
    ("POST", "/{type}/$validate", "validate", validate),
    ("POST", "/{type}/{id}/$validate", "validate", validate),
    ("GET", "/{type}/{id}/$validate", "validate", validate),
    ("GET", "/Patient/{id}/$everything", "everything", patient_everything),
    ("GET", "/Encounter/{id}/$everything", "everything", encounter_everything),
    ("GET", "/Patient/{id}/$summary", "summary", summary),
    ("POST", "/Patient/{id}/$summary", "summary", summary),
    ("POST", "/Patient/$match", "match", match),
    ("GET", "/Observation/$lastn", "lastn", lastn),
    ("GET", "/CodeSystem/$lookup", "lookup", lookup),
    ("POST", "/CodeSystem/$lookup", "lookup", lookup),
    ("GET", "/CodeSystem/$validate-code", "validate-code", validate_code),
    ("POST", "/CodeSystem/$validate-code", "validate-code", validate_code),
    ("GET", "/CodeSystem/{id}/$validate-code", "validate-code", validate_code),
    ("POST", "/CodeSystem/{id}/$validate-code", "validate-code", validate_code),
    ("GET", "/CodeSystem/$subsumes", "subsumes", subsumes),
    ("POST", "/CodeSystem/$subsumes", "subsumes", subsumes),
    ("GET", "/CodeSystem/{id}/$subsumes", "subsumes", subsumes),
    ("POST", "/CodeSystem/{id}/$subsumes", "subsumes", subsumes),
    ("GET", "/ValueSet/$expand", "expand", expand),
    ("POST", "/ValueSet/$expand", "expand", expand),
    ("GET", "/ValueSet/{id}/$expand", "expand", expand),
    ("POST", "/ValueSet/{id}/$expand", "expand", expand),
    ("GET", "/ValueSet/$validate-code", "validate-code", validate_code_in_set),
    ("POST", "/ValueSet/$validate-code", "validate-code", validate_code_in_set),
    ("GET", "/ValueSet/{id}/$validate-code", "validate-code", validate_code_in_set),
    ("POST", "/ValueSet/{id}/$validate-code", "validate-code", validate_code_in_set),
    ("GET", "/ConceptMap/$translate", "translate", translate),
    ("POST", "/ConceptMap/$translate", "translate", translate),
    ("GET", "/ConceptMap/{id}/$translate", "translate", translate),
    ("POST", "/ConceptMap/{id}/$translate", "translate", translate),
    ("GET", "/AuditEvent/{id}", "audit-read", audit.read),
    ("GET", "/AuditEvent", "audit-search", audit.search),
    ("POST", "/AuditEvent/_search", "audit-search", audit.search),
    ("GET", "/{compartment}/{id}/*", "search-compartment", search),
    ("GET", "/{compartment}/{id}/{type}", "search-compartment", search),
    ("GET", "/{type}/{id}", "read", read),
    ("GET", "/{type}", "search-type", search),
    ("GET", "/", "search-system", search),
    ("GET", "", "search-system", search),
    ("POST", "/{type}/_search", "search-type", search_by_post),
    ("POST", "/_search", "search-system", search_by_post),
    ("POST", "/{compartment}/{id}/_search", "search-compartment", search_by_post),
    ("POST", "/{compartment}/{id}/{type}/_search", "search-compartment", search_by_post),
    ("POST", "/", "bundle", post_bundle),
    ("POST", "", "bundle", post_bundle),
    ("POST", "/{type}", "create", create),
    ("PUT", "/{type}/{id}", "update", update),
    ("PUT", "/{type}", "update-conditional", update),
    ("PATCH", "/{type}/{id}", "patch", patch),
    ("PATCH", "/{type}", "patch-conditional", patch),
    ("DELETE", "/{type}/{id}", "delete", delete),
    ("DELETE", "/{type}", "delete-conditional", delete),
)
"""Method, address under `/fhir`, name in logs and metrics, and the function."""


def routes() -> list[Route]:
    """Give the routes of FHIR REST."""
    by_path: dict[str, dict[str, Endpoint]] = {}
    for method, path, name, handler in TABLE:
        by_path.setdefault(path, {})[method] = interaction(name, handler)
    return [Route(f"/fhir{path}", _by_method(ways), methods=list(ways)) for path, ways in by_path.items()]


def _by_method(ways: Mapping[str, Endpoint]) -> Endpoint:
    """Make one endpoint of an address's interactions, so that a 405 can name all its methods."""

    async def endpoint(request: Request) -> Response:
        return await ways["GET" if request.method == "HEAD" else request.method](request)

    return endpoint
