"""`GET /openapi.json`: the plain JSON addresses as OpenAPI 3.0 (https://spec.openapis.org/oas/v3.0.3).

It is made from the tables that routes are made from, and from the first line of what each function says of
itself: "`POST /codes/decisions`: `{source, code, system?}`, stored or refused." FHIR's own addresses are
told by the CapabilityStatement at /fhir/metadata.
"""

import re
from collections.abc import Callable, Iterable
from functools import cache
from typing import Any, Final

from starlette.routing import Route

from xinglin import __version__
from xinglin.api import codes, emergency, identity, lifelong, quality
from xinglin.api.fhir.exchange import Exchange, Reply, interaction
from xinglin.api.intake import routes as intake
from xinglin.api.login import routes as login
from xinglin.api.plain import LARGEST, reply
from xinglin.core.exact_json import Json

_TOLD: Final = re.compile(r"`(?P<method>[A-Z]+) (?P<path>[^`? ]+)(?:\?(?P<query>[^`]*))?`(?P<rest>[^.]*)")
_BODY: Final = re.compile(r"`\{(?P<names>[^}]*)\}`")
_IN_PATH: Final = re.compile(r"\{(\w+)\}")
_NUMBERS: Final = frozenset({"number", "most", "skip", "count", "delivery"})
_LISTS: Final = frozenset({"patients", "numbers"})

_FILES: Final = frozenset({"deliver", "refused-correct"})
"""Interactions that take any bytes."""

_Entry = tuple[str, str, str, Callable[..., Any]]


@cache
def document() -> Json:
    """Give the document."""
    paths: Json = {}
    for group, table in _tables():
        for method, path, name, handle in table:
            paths.setdefault(path, {})[method.lower()] = _operation(group, method, path, name, handle)
    schemes: Json = {
        "token": {"type": "http", "scheme": "bearer"},
        "session": {"type": "apiKey", "in": "cookie", "name": "__Host-xinglin"},
    }
    return {
        "openapi": "3.0.3",
        "info": {"title": "Xinglin", "version": __version__, "description": "FHIR: see /fhir/metadata."},
        "paths": paths,
        "components": {"securitySchemes": schemes},
        "security": [{"token": []}, {"session": []}],
    }


def _tables() -> Iterable[tuple[str, Iterable[_Entry]]]:
    yield "identity", identity.TABLE
    yield "codes", codes.TABLE
    yield "quality", quality.TABLE
    yield "lifelong", lifelong.TABLE
    yield "emergency", emergency.TABLE
    yield "intake", intake.TABLE
    yield "login", login.TABLE


def _operation(group: str, method: str, path: str, name: str, handle: Callable[..., Any]) -> Json:
    doc = (handle.__doc__ or "").strip()
    found = _TOLD.match(doc)
    query = (found["query"] or "") if found else ""
    parameters = [_parameter(one, "path") for one in _IN_PATH.findall(path)]
    parameters += [_parameter(one.partition("=")[0], "query") for one in query.split("&") if one]
    made: Json = {
        "operationId": re.sub(r"\W+", "-", name),
        "tags": [group],
        "summary": doc.partition("\n")[0],
        "parameters": parameters,
        "responses": _responses(),
    }
    if method in ("POST", "PUT"):
        made["requestBody"] = _body(doc.partition("\n")[0], json=name not in _FILES)
    return made


def _parameter(name: str, place: str) -> Json:
    schema: Json = {"type": "string"}
    if name in _NUMBERS:
        schema = {"type": "integer", "minimum": 0, "maximum": LARGEST}
    if place == "path":
        schema = schema if "minimum" in schema else {"type": "string", "minLength": 1}
    return {"name": name, "in": place, "required": place == "path", "schema": schema}


def _body(doc: str, *, json: bool) -> Json:
    if not json:
        return {"content": {"application/octet-stream": {"schema": {"type": "string", "format": "binary"}}}}
    found = _BODY.search(doc)
    names = [one.strip() for one in found["names"].split(",")] if found else []
    properties = {one.rstrip("?"): _property(one.rstrip("?")) for one in names}
    schema: Json = {"type": "object", "properties": properties}
    needed = [one for one in names if not one.endswith("?")]
    return {"content": {"application/json": {"schema": schema | ({"required": needed} if needed else {})}}}


def _property(name: str) -> Json:
    if name in _LISTS:
        items = {"type": "integer"} if name == "numbers" else {"type": "string"}
        return {"type": "array", "items": items}
    return {"type": "integer" if name in _NUMBERS else "string"}


def _responses() -> Json:
    outcome = {"application/fhir+json": {"schema": {"type": "object"}}}
    return {
        "2XX": {"description": "done"},
        "3XX": {"description": "for browsers: where to go"},
        "4XX": {"description": "refused: an OperationOutcome says why, and what to do", "content": outcome},
    }


async def openapi(exchange: Exchange) -> Reply:
    """`GET /openapi.json`: this document."""
    del exchange
    return reply(document())


def routes() -> list[Route]:
    """Give the route."""
    return [Route("/openapi.json", interaction("openapi", openapi, negotiated=False), methods=["GET"])]
