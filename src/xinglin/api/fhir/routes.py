"""The FHIR interactions and their addresses: what stands here works, and `capabilities` says so."""

from starlette.routing import Route

from xinglin.api.fhir.bundle import post_bundle
from xinglin.api.fhir.capabilities import capabilities
from xinglin.api.fhir.create import create
from xinglin.api.fhir.delete import delete
from xinglin.api.fhir.exchange import Handler, interaction
from xinglin.api.fhir.history import history
from xinglin.api.fhir.patch import patch
from xinglin.api.fhir.read import read
from xinglin.api.fhir.update import update
from xinglin.api.fhir.vread import vread

TABLE: tuple[tuple[str, str, str, Handler], ...] = (
    ("GET", "/metadata", "capabilities", capabilities),
    ("GET", "/_history", "history-system", history),
    ("GET", "/{type}/_history", "history-type", history),
    ("GET", "/{type}/{id}/_history", "history-instance", history),
    ("GET", "/{type}/{id}/_history/{version}", "vread", vread),
    ("GET", "/{type}/{id}", "read", read),
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
    return [
        Route(f"/fhir{path}", interaction(name, handler), methods=[method], name=name)
        for method, path, name, handler in TABLE
    ]
