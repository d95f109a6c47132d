"""What `xinglin client …` does."""

import getpass
from collections.abc import Awaitable, Callable, Mapping, Sequence
from pathlib import Path
from typing import Any, TypeVar

import msgspec

from xinglin.core.i18n import Phrase
from xinglin.core.os_errors import reason
from xinglin.core.settings import Settings
from xinglin.hub.hub import Hub
from xinglin.hub.opened import with_hub
from xinglin.trust.tokens.client import Client
from xinglin.trust.tokens.errors import WrongRegistration
from xinglin.trust.tokens.grants import Given
from xinglin.trust.tokens.registering import Registering
from xinglin.trust.who import Who

Result = TypeVar("Result")


def add(settings: Settings, given: Mapping[str, Any]) -> str | None:
    """Register a program; give its secret, where it has one. Raises WrongRegistration or ClientTaken."""

    async def work(registering: Registering) -> str | None:
        return (await registering.add(given))[1]

    return _run(settings, work, make=True)


def change(settings: Settings, id_: str, given: Mapping[str, Any]) -> Client:
    """Change what is given. Raises NoSuchClient or WrongRegistration."""
    return _run(settings, lambda registering: registering.change(id_, given))


def list_all(settings: Settings) -> Sequence[Client]:
    """Give every program."""
    return _run(settings, lambda registering: registering.list_all())


def find(settings: Settings, id_: str) -> Client:
    """Give one program. Raises NoSuchClient."""
    return _run(settings, lambda registering: registering.find(id_))


def enable(settings: Settings, id_: str, *, yes: bool) -> None:
    """Let a program ask for tokens, or stop it for good. Raises NoSuchClient."""
    _run(settings, lambda registering: registering.enable(id_) if yes else registering.disable(id_))


def rotate(settings: Settings, id_: str) -> str:
    """Give a program a new secret. Raises NoSuchClient or NoSecret."""
    return _run(settings, lambda registering: registering.rotate(id_))


def token(settings: Settings, id_: str, scopes: Sequence[str]) -> Given:
    """Give an access token of a backend service. Raises NoSuchClient or OAuthError."""
    return _run(settings, lambda registering: registering.token(id_, scopes))


def read_keys(file: Path) -> dict[str, Any]:
    """Read a JWK Set. Raises WrongRegistration."""
    try:
        return msgspec.json.decode(file.read_bytes(), type=dict[str, Any])
    except OSError as error:
        raise WrongRegistration(name="keys", value=str(file), detail=reason(error)) from None
    except (msgspec.DecodeError, msgspec.ValidationError):
        detail = Phrase('it must be a JWK Set with "keys"')
        raise WrongRegistration(name="keys", value=str(file), detail=detail) from None


def _run(
    settings: Settings, work: Callable[[Registering], Awaitable[Result]], *, make: bool = False
) -> Result:
    async def opened(hub: Hub) -> Result:
        name = getpass.getuser()
        who = Who(f"local:{name}", "local", name, roles=frozenset({"local"}))
        return await work(Registering(hub, settings, who))

    return with_hub(settings, opened, make=make)
