"""Helpers of several tests."""

import asyncio
from collections.abc import AsyncGenerator, Awaitable, Callable
from contextlib import asynccontextmanager
from typing import TypeVar

from starlette.applications import Starlette
from starlette.testclient import TestClient
from tests.everything import token_for_everything, write_policies

from xinglin.app import make_app
from xinglin.core.settings import Settings
from xinglin.hub.hub import Hub, open_hub
from xinglin.trust.gate.gate import open_gate

T = TypeVar("T")


def client_of(settings: Settings, *, known: bool = True) -> TestClient:
    """Make an HTTP client of a hub with these settings; use it in a `with`.

    It has a token that may do everything, unless nobody shall be `known` to ask.
    """

    @asynccontextmanager
    async def lifespan(app: Starlette) -> AsyncGenerator[None]:
        async with open_hub(settings, settings.database_url) as hub, open_gate(settings, hub) as gate:
            app.state.hub, app.state.gate = hub, gate
            if known:
                token = await token_for_everything(settings, hub)
                client.headers["Authorization"] = app.state.known = f"Bearer {token}"
            yield

    write_policies(settings.policies)
    client = TestClient(
        make_app(settings, lifespan), "http://localhost", headers={"Content-Type": "application/fhir+json"}
    )
    return client


def known(client: TestClient) -> dict[str, str]:
    """Give the header by which a client of `client_of` may do everything, where it shows another's token."""
    return {"Authorization": client.app.state.known}  # pyright: ignore[reportFunctionMemberAccess]


def run(settings: Settings, work: Callable[[Hub], Awaitable[T]]) -> T:
    """Run `work` with an open hub."""

    async def opened() -> T:
        async with open_hub(settings, settings.database_url) as hub:
            return await work(hub)

    return asyncio.run(opened())
