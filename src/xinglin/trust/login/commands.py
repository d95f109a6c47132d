"""What `xinglin user …` and `xinglin role …` do; the machine's own system lets in who may run them."""

import getpass
from collections.abc import Awaitable, Callable
from datetime import UTC, datetime, time
from typing import TypeVar
from zoneinfo import ZoneInfo

import msgspec

from xinglin.core import clock
from xinglin.core.i18n import Phrase
from xinglin.core.settings import Settings
from xinglin.hub.hub import Hub
from xinglin.hub.opened import with_hub
from xinglin.hub.records import Key
from xinglin.trust.log.log import Log
from xinglin.trust.login import accounts, attempts, roles
from xinglin.trust.login.accounts import Account
from xinglin.trust.login.errors import WrongAccount
from xinglin.trust.login.managing import Managing
from xinglin.trust.login.names import read_login
from xinglin.trust.login.roles import Given, Place
from xinglin.trust.login.sealing import key_file, opens
from xinglin.trust.login.service import Login
from xinglin.trust.login.sessions import Session
from xinglin.trust.who import Who

Result = TypeVar("Result")


class Listed(msgspec.Struct, frozen=True):
    """An account with what an administrator wants to see of it."""

    account: Account
    roles: tuple[Given, ...]
    locked_until: datetime | None

    def state(self, now: datetime) -> str:
        """Tell in a word how the account stands: an English message id."""
        if self.account.disabled is not None:
            return "disabled"
        if not self.account.usable(now):
            return "expired"
        return "locked" if self.locked_until else "active"


def operator() -> Who:
    """Give who runs the command: the operating system has let them in."""
    return Who(f"local:{getpass.getuser()}", "local", roles=frozenset({"local"}))


def _managed(
    settings: Settings, work: Callable[[Managing], Awaitable[Result]], *, make: bool = False
) -> Result:
    async def opened(hub: Hub) -> Result:
        return await work(Managing(Login(hub.database, settings, Log(hub.database)), operator()))

    return with_hub(settings, opened, make=make)


def read_end(settings: Settings, given: str | None) -> datetime | None:
    """Read a day, or a time; a day ends at its midnight in the hub's zone. Raises WrongAccount."""
    if given is None:
        return None
    try:
        read = datetime.fromisoformat(given)
    except ValueError:
        raise WrongAccount(name=Phrase("end"), detail=Phrase("it must be like 2027-12-31")) from None
    if len(given) <= len("2027-12-31"):
        read = datetime.combine(read.date(), time(23, 59, 59))
    if read.tzinfo is None:
        read = read.replace(tzinfo=ZoneInfo(settings.time_zone))
    return read.astimezone(UTC)


def add(settings: Settings, login: str, name: str, *, expires: str | None = None) -> str:
    """Make an account; give its one-time password. Raises WrongAccount or AccountTaken."""
    end = read_end(settings, expires)
    return _managed(settings, lambda by: by.add(login, name, expires=end), make=True)


def change(
    settings: Settings,
    login: str,
    *,
    name: str | None = None,
    expires: str | None = None,
    subject: str | None = None,
) -> None:
    """Change what is given; `subject` is whom the site's provider knows. Raises as `Managing.change`."""
    end = read_end(settings, expires)
    if subject is not None and not settings.oidc_issuer:
        raise WrongAccount(name=Phrase("subject"), detail=Phrase("the setting oidc_issuer is empty"))
    known = None if subject is None else (settings.oidc_issuer, subject)
    _managed(settings, lambda by: by.change(login, name=name, expires=end, subject=known))


def list_all(settings: Settings) -> list[Listed]:
    """Give every account with its roles in force."""

    async def work(hub: Hub) -> list[Listed]:
        now = clock.now()
        async with hub.database.connection() as connection:
            return [
                Listed(
                    one,
                    tuple(await roles.in_force(connection, one.login, now)),
                    await attempts.locked_until(connection, one.login, now),
                )
                for one in await accounts.list_all(connection)
            ]

    return with_hub(settings, work)


def enable(settings: Settings, login: str, *, yes: bool) -> None:
    """Let people log in with an account, or stop it. Raises UnknownAccount."""
    _managed(settings, lambda by: by.enable(login, yes=yes))


def unlock(settings: Settings, login: str) -> None:
    """Forget the failed logins of an account. Raises UnknownAccount."""
    _managed(settings, lambda by: by.unlock(login))


def new_password(settings: Settings, login: str) -> str:
    """Give an account a new one-time password. Raises UnknownAccount."""
    return _managed(settings, lambda by: by.new_password(login))


def remove_authenticator(settings: Settings, login: str) -> None:
    """Take the authenticator from who lost it. Raises UnknownAccount."""
    _managed(settings, lambda by: by.remove_authenticator(login))


def sessions(settings: Settings, login: str | None) -> list[Session]:
    """Give the logins that last. Raises UnknownAccount."""
    return _managed(settings, lambda by: by.sessions(login))


def end_sessions(settings: Settings, login: str) -> int:
    """End all logins of an account; give how many. Raises UnknownAccount."""
    return _managed(settings, lambda by: by.end_sessions(login))


def grant(
    settings: Settings,
    login: str,
    role: str,
    place: Place,
    *,
    since: str | None = None,
    until: str | None = None,
) -> int:
    """Give a role in a place whose records are there; give its number. Raises as `Managing.grant`."""
    begins, ends = read_end(settings, since), read_end(settings, until)

    async def work(hub: Hub) -> int:
        for kind, id_ in (
            ("Organization", place.institution),
            ("Organization", place.department),
            ("Practitioner", place.practitioner),
            ("Patient", place.patient),
        ):
            if id_ is not None:
                await hub.read(Key(kind, id_))
        managing = Managing(Login(hub.database, settings, Log(hub.database)), operator())
        return await managing.grant(login, role, place, since=begins, until=ends)

    return with_hub(settings, work)


def revoke(settings: Settings, number: int) -> Given:
    """Take a role away; give it as it was. Raises RoleNotHeld."""
    return _managed(settings, lambda by: by.revoke(number))


def list_roles(settings: Settings, login: str | None) -> list[Given]:
    """Give every role that accounts have or had. Raises UnknownAccount."""

    async def work(hub: Hub) -> list[Given]:
        async with hub.database.connection() as connection:
            if login is None:
                return await roles.list_all(connection)
            account = await accounts.known(connection, read_login(login) or login)
            return await roles.list_all(connection, account.login)

    return with_hub(settings, work)


def authenticators(settings: Settings) -> dict[str, bool]:
    """Tell, by login, of each account with an authenticator whether the login key opens its secret."""
    file = key_file(settings)

    async def work(hub: Hub) -> dict[str, bool]:
        async with hub.database.connection() as connection:
            found = await accounts.list_all(connection)
        return {
            one.login: opens(file, one.totp_secret, one.login) for one in found if one.totp_secret is not None
        }

    return with_hub(settings, work)
