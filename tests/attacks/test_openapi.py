"""Every plain JSON address, as its OpenAPI document tells it, with requests that schemathesis makes up."""

from typing import Any, Final

import pytest
import schemathesis
from hypothesis import HealthCheck, given, settings
from starlette.routing import Route
from tests.attacks.world import OPERATOR, QUALITY, SECURITY, STEWARD, WANG, Who, World, leaks

from xinglin.api.openapi import document

pytestmark = pytest.mark.xdist_group("attacks")

PLAIN: Final = (
    "/identity",
    "/codes",
    "/quality",
    "/person",
    "/emergency",
    "/refused",
    "/intake",
    "/login",
    "/session",
)
WHO: Final[dict[str, Who | None]] = {
    "identity": STEWARD,
    "codes": OPERATOR,
    "quality": QUALITY,
    "lifelong": WANG,
    "emergency": WANG,
    "intake": OPERATOR,
    "login": None,
}
EXAMPLES: Final = 6
SCHEMA: Final = schemathesis.openapi.from_dict(document())
OPERATIONS: Final = {
    f"{one.ok().method.upper()} {one.ok().path}": one.ok() for one in SCHEMA.get_all_operations()
}


def test_the_document_is_true_to_the_routes(world: World) -> None:
    routed = {
        (method, route.path)
        for route in world.client.app.routes  # pyright: ignore[reportFunctionMemberAccess]
        if isinstance(route, Route) and route.path.startswith(PLAIN) and not route.path.endswith(".css")
        for method in route.methods or ()
        if method != "HEAD"
    }
    told = {(method.upper(), path) for path, found in document()["paths"].items() for method in found}
    assert routed - told == set(), "addresses that the document lacks"
    assert told - {("GET", "/password"), ("POST", "/password"), ("POST", "/logout")} == routed
    served = world.client.get("/openapi.json")
    assert served.json() == document()
    assert world.get("/openapi.json").status_code == 200


@pytest.mark.parametrize("name", sorted(OPERATIONS))
def test_made_up_requests(world: World, name: str) -> None:
    operation = OPERATIONS[name]
    tag = operation.definition.raw["tags"][0]
    who = SECURITY if name.startswith(("GET /emergency", "POST /emergency/{")) else WHO[tag]
    if who is not None:
        world.get("/fhir/metadata", who)
    token = {} if who is None else {"Authorization": f"Bearer {world.tokens[who.id]}"}

    @given(case=operation.as_strategy())
    @settings(
        max_examples=EXAMPLES,
        deadline=None,
        derandomize=True,
        database=None,
        suppress_health_check=list(HealthCheck),
    )
    def ask(case: Any) -> None:
        sent = case.as_transport_kwargs(base_url="http://localhost")
        for unused in ("cookies", "timeout", "verify"):
            sent.pop(unused, None)
        if isinstance(data := sent.pop("data", None), bytes | str):
            sent["content"] = data
        headers = {str(k): str(v) for k, v in (sent.pop("headers", None) or {}).items()} | token
        answer = world.client.request(**sent, headers=headers)
        assert answer.status_code < 500, answer.text[:500]
        assert not leaks(answer)
        if answer.status_code >= 400 and "html" not in answer.headers["content-type"]:
            assert answer.json()["resourceType"] == "OperationOutcome"

    ask()
