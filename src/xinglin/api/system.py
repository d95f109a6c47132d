"""Addresses for whoever runs the hub: is it alive, can it work, what are its figures."""

import os

import prometheus_client
from prometheus_client import CollectorRegistry, multiprocess
from starlette.requests import Request
from starlette.responses import JSONResponse, Response
from starlette.routing import Route

from xinglin import __version__
from xinglin.core.errors import DatabaseError
from xinglin.hub.hub import Hub


async def healthz(_: Request) -> Response:
    """Say that the process answers."""
    return JSONResponse({"status": "ok", "version": __version__})


async def readyz(request: Request) -> Response:
    """Say whether the hub can do its work: 200, or 503 with the error's code."""
    hub: Hub = request.app.state.hub
    try:
        await hub.ping()
    except DatabaseError as error:
        return JSONResponse({"status": "unavailable", "code": error.code}, status_code=503)
    return JSONResponse({"status": "ready"})


async def metrics(_: Request) -> Response:
    """Give the figures of all worker processes in Prometheus's text format."""
    registry = prometheus_client.REGISTRY
    if "PROMETHEUS_MULTIPROC_DIR" in os.environ:
        registry = CollectorRegistry()
        multiprocess.MultiProcessCollector(registry)
    return Response(
        prometheus_client.generate_latest(registry), media_type=prometheus_client.CONTENT_TYPE_LATEST
    )


def routes() -> list[Route]:
    """Give the routes for operators."""
    return [Route("/healthz", healthz), Route("/readyz", readyz), Route("/metrics", metrics)]
