"""The gate of one hub: opened for who asks and what for, it gives a hub that looks like the hub."""

from collections.abc import AsyncGenerator
from contextlib import asynccontextmanager
from dataclasses import dataclass

from xinglin.core.errors import XinglinError
from xinglin.core.settings import Settings
from xinglin.hub.hub import Hub
from xinglin.hub.intake import sources
from xinglin.trust.gate.asking import Asking
from xinglin.trust.gate.deciding import Deciding
from xinglin.trust.gate.gated import GatedHub
from xinglin.trust.log.commands import log_of
from xinglin.trust.log.log import Log
from xinglin.trust.login.service import Login
from xinglin.trust.tokens.access import who_of_token
from xinglin.trust.who import Who


@dataclass(frozen=True)
class Gate:
    """What stands between the hub and everybody: who proves whom, who decides, and the log of all of it."""

    settings: Settings
    hub: Hub
    log: Log
    login: Login
    deciding: Deciding

    def open(self, asking: Asking) -> GatedHub:
        """Give the hub as one request may see it."""
        return GatedHub(self.hub, self.log, self.deciding, asking)

    async def ping(self) -> None:
        """Make sure that the hub can work. Raises DatabaseError."""
        await self.hub.ping()

    async def unproven(self, asking: Asking, error: XinglinError) -> None:
        """Write down a proof that was worth nothing."""
        await self.log.append([asking.entry("login", "denied", error=error.code)])

    async def who_of_token(self, token: str, address: str, certificate: str | None) -> Who | None:
        """Give whom an access token speaks for; None where it is worth nothing."""
        return await who_of_token(self.hub.database, token, address, certificate)

    async def who_of_source(self, source: str, token: str, address: str) -> Who:
        """Give a registered source by its token. Raises WrongToken, also for an unknown source."""
        async with self.hub.database.connection() as connection:
            await sources.refuse_wrong_token(connection, source, token)
        return Who(f"source:{source}", "source", name=source, address=address)


@asynccontextmanager
async def open_gate(settings: Settings, hub: Hub) -> AsyncGenerator[Gate]:
    """Open the gate of an open hub."""
    log = log_of(hub, settings)
    yield Gate(settings, hub, log, Login(hub.database, settings, log), Deciding(settings, hub))
