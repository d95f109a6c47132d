"""What every answer to a program needs: the hub, its addresses, who asks from where, and the audit log."""

from collections.abc import Awaitable, Callable, Mapping
from dataclasses import dataclass
from typing import Final

from xinglin.core.settings import Settings
from xinglin.hub.hub import Hub
from xinglin.trust.log.entry import Entry, Outcome
from xinglin.trust.tokens.client import Client
from xinglin.trust.tokens.web import KeyBox
from xinglin.trust.who import NOBODY, Who

Note = Callable[[Entry], Awaitable[object]]
"""Writes an entry to the audit log; it is durable when this returns."""

MOST_DETAIL: Final = 500


@dataclass(frozen=True, slots=True)
class Desk:
    """One request of a program.

    `base` is the FHIR base without a slash at its end; `certificate` the thumbprint of the connection's
    certificate, where it shows one and the settings look at it.
    """

    hub: Hub
    settings: Settings
    box: KeyBox
    note: Note
    base: str
    address: str = ""
    certificate: str | None = None

    @property
    def root(self) -> str:
        """The address that all others stand under, which is also the issuer's name."""
        return self.base.removesuffix("/fhir")

    def at(self, path: str) -> str:
        """Give the address of one of our endpoints."""
        return f"{self.root}/oauth/{path}"

    async def tell(
        self,
        action: str,
        outcome: Outcome,
        *,
        client: Client | None = None,
        who: Who | None = None,
        patient: str | None = None,
        detail: Mapping[str, object] | None = None,
    ) -> None:
        """Write what was done or tried to the audit log. Secrets never come here, only what was decided."""
        known = NOBODY if client is None else service(client)
        told = {name: str(value)[:MOST_DETAIL] for name, value in (detail or {}).items() if value is not None}
        if client is not None:
            told["client"] = client.id
        await self.note(
            Entry(
                who or known,
                action,
                outcome,
                patients=() if patient is None else (patient,),
                address=self.address,
                detail=told,
            )
        )


def service(client: Client) -> Who:
    """Give a program as one that asks for itself."""
    return Who(
        f"client:{client.id}",
        "client",
        client.name,
        roles=frozenset(client.roles),
        institution=client.institution,
        client=client.id,
    )
