"""Accounts and roles as administrators change them; every change is appended to the audit log."""

from collections.abc import Mapping
from datetime import datetime

import msgspec

from xinglin.core import clock
from xinglin.core.i18n import Phrase
from xinglin.hub.database import Connection
from xinglin.trust.log.entry import Entry
from xinglin.trust.login import accounts, attempts, roles, sessions, totp
from xinglin.trust.login.accounts import Account
from xinglin.trust.login.errors import WrongAccount
from xinglin.trust.login.first import set_one_time
from xinglin.trust.login.names import checked_login, read_login
from xinglin.trust.login.roles import Given, Place
from xinglin.trust.login.service import Login
from xinglin.trust.login.sessions import Session
from xinglin.trust.who import Who


class Managing:
    """Changes of accounts by one administrator."""

    def __init__(self, login: Login, who: Who) -> None:
        self._login = login
        self._who = who

    async def _tell(
        self, action: str, account: str, change: str, detail: Mapping[str, str] | None = None
    ) -> None:
        told = {"account": account, "change": change, **(detail or {})}
        self._login.forget()
        await self._login.append(
            Entry(self._who, action, "allowed", purpose="HSYSADMIN", detail=told, at=clock.now())
        )

    async def add(self, login: str, name: str, *, expires: datetime | None = None) -> str:
        """Make an account; give its one-time password. Raises WrongAccount or AccountTaken."""
        login, name, now = checked_login(login), accounts.checked_name(name), clock.now()
        _refuse_past(expires, now)
        async with self._login.database.connection() as connection, connection.transaction():
            await accounts.add(connection, login=login, name=name, now=now, expires=expires)
            secret = await set_one_time(connection, self._login.hasher, login, now)
        await self._tell("user.manage", login, "add")
        return secret

    async def change(
        self,
        login: str,
        *,
        name: str | None = None,
        expires: datetime | None = None,
        subject: tuple[str, str] | None = None,
    ) -> None:
        """Change what is given: the name, the end, issuer and subject at the provider.

        Raises UnknownAccount, WrongAccount or AccountTaken.
        """
        now = clock.now()
        _refuse_past(expires, now)
        async with self._login.database.connection() as connection, connection.transaction():
            account = await _known(connection, login)
            issuer, sub = subject or (account.issuer, account.subject)
            changed = msgspec.structs.replace(
                account,
                name=account.name if name is None else accounts.checked_name(name),
                expires=expires or account.expires,
                issuer=issuer,
                subject=sub,
            )
            await accounts.change(connection, changed)
            if changed.subject != account.subject:
                await sessions.end_all(connection, account.login)
        fields = [one for one, given in (("name", name), ("expires", expires), ("subject", subject)) if given]
        await self._tell("user.manage", account.login, "set", {"fields": " ".join(fields)})

    async def enable(self, login: str, *, yes: bool) -> None:
        """Let people log in with an account, or end its logins and stop it. Raises UnknownAccount."""
        async with self._login.database.connection() as connection, connection.transaction():
            account = await _known(connection, login)
            await accounts.enable(connection, account.login, clock.now(), yes=yes)
            if not yes:
                await sessions.end_all(connection, account.login)
        await self._tell("user.manage", account.login, "enable" if yes else "disable")

    async def unlock(self, login: str) -> None:
        """Forget the failed logins of an account. Raises UnknownAccount."""
        async with self._login.database.connection() as connection, connection.transaction():
            account = await _known(connection, login)
            await attempts.unlock(connection, account.login)
        await self._tell("user.manage", account.login, "unlock")

    async def new_password(self, login: str) -> str:
        """Give an account a new one-time password, and end its logins. Raises UnknownAccount."""
        async with self._login.database.connection() as connection, connection.transaction():
            account = await _known(connection, login)
            secret = await set_one_time(connection, self._login.hasher, account.login, clock.now())
            await sessions.end_all(connection, account.login)
        await self._tell("user.manage", account.login, "password")
        return secret

    async def remove_authenticator(self, login: str) -> None:
        """Take the authenticator from who lost it, and end the logins. Raises UnknownAccount."""
        async with self._login.database.connection() as connection, connection.transaction():
            account = await _known(connection, login)
            await totp.remove(connection, account.login)
            await sessions.end_all(connection, account.login)
        await self._tell("user.manage", account.login, "authenticator")

    async def sessions(self, login: str | None = None) -> list[Session]:
        """Give the logins that last, of one account or of all. Raises UnknownAccount."""
        async with self._login.database.connection() as connection:
            name = None if login is None else (await _known(connection, login)).login
            return await sessions.list_all(connection, clock.now(), name)

    async def end_sessions(self, login: str) -> int:
        """End all logins of an account; give how many. Raises UnknownAccount."""
        async with self._login.database.connection() as connection, connection.transaction():
            account = await _known(connection, login)
            ended = await sessions.end_all(connection, account.login)
        await self._tell("user.manage", account.login, "sessions")
        return ended

    async def grant(
        self,
        login: str,
        role: str,
        place: Place,
        *,
        since: datetime | None = None,
        until: datetime | None = None,
    ) -> int:
        """Give a role, and end the account's logins; give its number.

        Raises UnknownRole, or as `roles.grant`.
        """
        roles.check_role(self._login.settings, role)
        async with self._login.database.connection() as connection, connection.transaction():
            name = (await _known(connection, login)).login
            number = await roles.grant(
                connection, name, role, place, by=self._who.id, now=clock.now(), since=since, until=until
            )
            await sessions.end_all(connection, name)
        await self._tell("role.grant", name, "grant", {"role": role, "number": str(number), **_told(place)})
        return number

    async def revoke(self, number: int) -> Given:
        """Take a role away, and end the account's logins. Raises RoleNotHeld."""
        async with self._login.database.connection() as connection, connection.transaction():
            given = await roles.revoke(connection, number, by=self._who.id, now=clock.now())
            await sessions.end_all(connection, given.login)
        detail = {"role": given.role, "number": str(number), **_told(given.place)}
        await self._tell("role.grant", given.login, "revoke", detail)
        return given


def _told(place: Place) -> dict[str, str]:
    return {name: value for name, value in msgspec.structs.asdict(place).items() if value}


async def _known(connection: Connection, login: str) -> Account:
    return await accounts.known(connection, read_login(login) or login)


def _refuse_past(expires: datetime | None, now: datetime) -> None:
    if expires is not None and expires <= now:
        raise WrongAccount(name=Phrase("end"), detail=Phrase("it is over already"))
