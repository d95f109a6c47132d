"""Addresses for whoever runs the hub: is it alive, can it work, what are its figures."""

import os
from typing import Final

import prometheus_client
from prometheus_client import CollectorRegistry, multiprocess
from starlette.requests import Request
from starlette.responses import JSONResponse, Response
from starlette.routing import Route

from xinglin import __version__
from xinglin.api.fhir.exchange import Exchange, Reply, interaction
from xinglin.core.errors import DatabaseError
from xinglin.trust.gate.gate import Gate
from xinglin.web.clients import peer

LOOPBACK: Final = frozenset({"127.0.0.1", "::1"})


async def healthz(_: Request) -> Response:
    """Say that the process answers."""
    return JSONResponse({"status": "ok", "version": __version__})


async def readyz(request: Request) -> Response:
    """Say whether the hub can do its work: 200, or 503 with the error's code."""
    gate: Gate = request.app.state.gate
    try:
        await gate.ping()
    except DatabaseError as error:
        return JSONResponse({"status": "unavailable", "code": error.code}, status_code=503)
    return JSONResponse({"status": "ready"})


async def metrics(request: Request) -> Response:
    """Give the figures: on the machine itself to anybody, else to who may see how the hub runs."""
    if peer(request.scope) in LOOPBACK and "x-forwarded-for" not in request.headers:
        return Response(_figures(), media_type=prometheus_client.CONTENT_TYPE_LATEST)
    return await _gated_metrics(request)


async def _metrics(_: Exchange) -> Reply:
    return Reply(200, _figures(), {"Content-Type": prometheus_client.CONTENT_TYPE_LATEST})


_gated_metrics: Final = interaction("metrics", _metrics, negotiated=False)


def _figures() -> bytes:
    """Give the figures of all worker processes in Prometheus's text format."""
    registry = prometheus_client.REGISTRY
    if "PROMETHEUS_MULTIPROC_DIR" in os.environ:
        registry = CollectorRegistry()
        multiprocess.MultiProcessCollector(registry)
    return prometheus_client.generate_latest(registry)


def routes() -> list[Route]:
    """Give the routes for operators."""
    return [Route("/healthz", healthz), Route("/readyz", readyz), Route("/metrics", metrics)]
