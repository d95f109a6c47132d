"""Programs as administrators register and change them; every change is written to the audit log with it."""

from collections.abc import Mapping, Sequence
from typing import Any, Final

import msgspec

from xinglin.core.i18n import Phrase
from xinglin.core.settings import Settings
from xinglin.hub.database import Connection
from xinglin.hub.hub import Hub
from xinglin.standards.search import Registry
from xinglin.trust.log.entry import Entry
from xinglin.trust.log.log import Log
from xinglin.trust.policy.decisions import PROGRAMS, policies_of
from xinglin.trust.policy.tables import Tables
from xinglin.trust.tokens import clients, grants
from xinglin.trust.tokens.client import Client, checked
from xinglin.trust.tokens.errors import NotForThisKind, WrongRegistration, WrongScope
from xinglin.trust.tokens.grants import Given
from xinglin.trust.tokens.scopes import EVERY, Scopes
from xinglin.trust.who import Who

ACTION: Final = "client.manage"
PURPOSE: Final = "HSYSADMIN"
FIXED: Final = frozenset({"id", "kind"})
"""What stays as it was registered."""


class Registering:
    """Changes of the registry by one administrator."""

    def __init__(self, hub: Hub, settings: Settings, who: Who) -> None:
        self._hub = hub
        self._settings = settings
        self._log = Log(hub.database, settings.audit_hash)
        self._who = who

    async def add(self, given: Mapping[str, Any]) -> tuple[Client, str | None]:
        """Register a program; give it with its secret, where it has one.

        `given` are values by the names of `Client`. Raises WrongRegistration or ClientTaken.
        """
        client = self._checked(given)

        async def work(connection: Connection) -> str | None:
            secret = await clients.add(connection, client)
            await self._tell(connection, client.id, "add", msgspec.to_builtins(client))
            return secret

        return client, await self._hub.transaction(work)

    async def change(self, id_: str, given: Mapping[str, Any]) -> Client:
        """Change what is given. Raises NoSuchClient or WrongRegistration."""

        async def work(connection: Connection) -> Client:
            old = await clients.find(connection, id_)
            changes = {name: value for name, value in given.items() if name not in FIXED}
            if "keys" in changes or "keys_url" in changes:
                changes = {"keys": None, "keys_url": None} | changes
            client = self._checked(msgspec.structs.asdict(old) | changes)
            if old.secret != clients.needs_secret(client) and client.kind == "confidential":
                detail = Phrase("a program keeps the way in which it proves itself; register another")
                raise WrongRegistration(name="keys", value="-", detail=detail)
            await clients.change(connection, client)
            await self._tell(connection, id_, "set", changes)
            return client

        return await self._hub.transaction(work)

    async def list_all(self) -> Sequence[Client]:
        """Give every program."""
        return await self._hub.transaction(clients.list_all)

    async def find(self, id_: str) -> Client:
        """Give one program. Raises NoSuchClient."""
        return await self._hub.transaction(lambda connection: clients.find(connection, id_))

    async def disable(self, id_: str) -> None:
        """Stop a program; its tokens end for ever. Raises NoSuchClient."""

        async def work(connection: Connection) -> None:
            await clients.disable(connection, id_)
            await self._tell(connection, id_, "disable")

        await self._hub.transaction(work)

    async def enable(self, id_: str) -> None:
        """Let a program ask for tokens again. Raises NoSuchClient."""

        async def work(connection: Connection) -> None:
            await clients.enable(connection, id_)
            await self._tell(connection, id_, "enable")

        await self._hub.transaction(work)

    async def rotate(self, id_: str) -> str:
        """Give a program a new secret. Raises NoSuchClient or NoSecret."""

        async def work(connection: Connection) -> str:
            secret = await clients.rotate(connection, id_)
            await self._tell(connection, id_, "rotate")
            return secret

        return await self._hub.transaction(work)

    async def token(self, id_: str, scopes: Sequence[str] = ()) -> Given:
        """Give an access token of a backend service, to try it out. Raises NoSuchClient or OAuthError."""

        async def work(connection: Connection) -> Given:
            client = await clients.find(connection, id_)
            await clients.find_enabled(connection, id_)
            if client.kind != "backend":
                raise NotForThisKind(kind=client.kind, what=Phrase("a token without a person"))
            asked = Scopes.parse(scopes).narrowed(client.allowed) if scopes else client.allowed
            given = await grants.give_service(connection, client, asked, self._settings, None)
            await self._tell(connection, id_, "token", {"scopes": list(asked)})
            return given

        return await self._hub.transaction(work)

    def _checked(self, given: Mapping[str, Any]) -> Client:
        try:
            client = msgspec.convert(given, Client)
        except msgspec.ValidationError as error:
            detail = Phrase("it isn't of the right form")
            raise WrongRegistration(
                name=str(error).rpartition("$.")[2].strip("` "), value="-", detail=detail
            ) from None
        client = checked(client)
        refuse_unknown_words(client, policies_of(self._settings).tables)
        try:
            refuse_unknown_restrictions(client.allowed, self._hub.registry)
        except WrongScope as error:
            scope, detail = error.params["scope"], error.params["detail"]
            raise WrongRegistration(name="scopes", value=scope, detail=detail) from None
        return client

    async def _tell(
        self, connection: Connection, client: str, change: str, said: Mapping[str, Any] | None = None
    ) -> None:
        detail = {name: str(value)[:2_000] for name, value in (said or {}).items() if value}
        detail |= {"client": client, "change": change}
        await self._log.append(
            [Entry(self._who, ACTION, "allowed", purpose=PURPOSE, detail=detail)], connection
        )


def refuse_unknown_words(client: Client, tables: Tables) -> None:
    """Raise WrongRegistration for a role or purpose that the tables don't have, or a program can't have."""
    allowed = [
        row["role"]
        for row in tables.rows("roles")
        if not row["duty"] and row["kind"] in {"", "client", PROGRAMS}
    ]
    for name, values, known in (
        ("roles", client.roles, allowed),
        ("purposes", client.purposes, tables.words("purposes")),
    ):
        for value in values:
            if value not in known:
                detail = Phrase("it must be one of {allowed}", allowed=", ".join(known))
                raise WrongRegistration(name=name, value=value, detail=detail)


def refuse_unknown_restrictions(scopes: Scopes, registry: Registry) -> None:
    """Raise WrongScope for a type that FHIR hasn't got, or a restriction that no search of it knows."""
    for scope in scopes.clinical:
        if scope.type == EVERY:
            continue
        if scope.type not in registry.types:
            raise WrongScope(scope=str(scope), detail=Phrase("no such resource type is known"))
        known = registry.for_type(scope.type)
        for name, _value in scope.query:
            if name.partition(":")[0] not in known:
                detail = Phrase("{name} is no search parameter of {type}", name=name, type=scope.type)
                raise WrongScope(scope=str(scope), detail=detail)
