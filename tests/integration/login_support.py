"""What the tests of login over HTTP share: a hub with small hashes, and somebody who may log in."""

import re
from collections.abc import AsyncGenerator
from contextlib import asynccontextmanager

from starlette.applications import Starlette
from starlette.testclient import TestClient

from xinglin.app import make_app
from xinglin.core.settings import Settings
from xinglin.hub.hub import open_hub
from xinglin.trust.gate.gate import Gate, open_gate
from xinglin.trust.login.managing import Managing
from xinglin.trust.login.roles import Place
from xinglin.trust.who import Who

ROOT = Who("local:root", "local")
GOOD = "Apricot-Wood 41"
PAGE = {"Accept": "text/html", "Content-Type": "application/x-www-form-urlencoded"}


def browser_of(settings: Settings, base: str = "http://localhost") -> TestClient:
    """Make a browser of a hub with these settings: it keeps cookies and follows no redirects."""

    @asynccontextmanager
    async def lifespan(app: Starlette) -> AsyncGenerator[None]:
        async with open_hub(settings, settings.database_url) as hub, open_gate(settings, hub) as gate:
            app.state.hub, app.state.gate = hub, gate
            yield

    return TestClient(make_app(settings, lifespan), base, follow_redirects=False)


def gate_of(browser: TestClient) -> Gate:
    return browser.app.state.gate  # pyright: ignore[reportFunctionMemberAccess]


def call(browser: TestClient, work: object, *given: object) -> object:
    portal = browser.portal
    assert portal is not None
    return portal.call(work, *given)  # pyright: ignore[reportArgumentType]


def make_account(browser: TestClient, name: str = "wang", role: str = "clinician") -> str:
    """Make an account; give its one-time password."""
    managing = Managing(gate_of(browser).login, ROOT)

    async def work() -> str:
        secret = await managing.add(name, "Wang Fang")
        await managing.grant(name, role, Place(institution="hospital"))
        return secret

    return str(call(browser, work))


def make_ready(browser: TestClient, name: str = "wang", role: str = "clinician") -> None:
    """Make an account whose password is GOOD."""
    login, secret = gate_of(browser).login, make_account(browser, name, role)

    async def work() -> None:
        entered = await login.login(name, secret)
        done = await login.change_password(entered.token, "", GOOD)
        await login.logout(done.token)

    call(browser, work)


def csrf_in(html: str) -> str:
    found = re.search(r'name="csrf" value="([0-9a-f]+)"', html)
    assert found is not None
    return found[1]
