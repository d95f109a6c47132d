"""Helpers of several tests."""

import asyncio
from collections.abc import AsyncGenerator, Awaitable, Callable
from contextlib import asynccontextmanager
from typing import TypeVar

from starlette.applications import Starlette
from starlette.testclient import TestClient

from xinglin.app import make_app
from xinglin.core.settings import Settings
from xinglin.hub.hub import Hub, open_hub

T = TypeVar("T")


def client_of(settings: Settings) -> TestClient:
    """Make an HTTP client of a hub with these settings; use it in a `with`."""

    @asynccontextmanager
    async def lifespan(app: Starlette) -> AsyncGenerator[None]:
        async with open_hub(settings, settings.database_url) as hub:
            app.state.hub = hub
            yield

    return TestClient(
        make_app(settings, lifespan), "http://localhost", headers={"Content-Type": "application/fhir+json"}
    )


def run(settings: Settings, work: Callable[[Hub], Awaitable[T]]) -> T:
    """Run `work` with an open hub."""

    async def opened() -> T:
        async with open_hub(settings, settings.database_url) as hub:
            return await work(hub)

    return asyncio.run(opened())
