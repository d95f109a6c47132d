"""What `xinglin source …` does."""

from collections.abc import Mapping

import msgspec

from xinglin.core.settings import Settings
from xinglin.hub.database import Connection
from xinglin.hub.intake import sources
from xinglin.hub.intake.formats import NAMES
from xinglin.hub.intake.sources import Source, WrongSource
from xinglin.hub.opened import with_connection


def add(settings: Settings, given: Mapping[str, object]) -> str:
    """Register a source; give its token. Raises WrongSource or SourceTaken."""
    source = sources.checked(_read(given), frozenset(NAMES))
    return with_connection(settings, lambda connection: sources.add(connection, source), make=True)


def change(settings: Settings, id_: str, given: Mapping[str, object]) -> None:
    """Change what is given; declared options are added to those there are. Raises WrongSource."""

    async def work(connection: Connection) -> None:
        old = msgspec.to_builtins(await sources.find(connection, id_))
        declared = {**old["declared"], **msgspec.convert(given.get("declared", {}), dict[str, str])}
        await sources.change(
            connection, sources.checked(_read({**old, **given, "declared": declared}), frozenset(NAMES))
        )

    with_connection(settings, work)


def _read(given: Mapping[str, object]) -> Source:
    for name, allowed in (("ids", ("keep", "own")), ("validation", ("errors", "none"))):
        if given.get(name, allowed[0]) not in allowed:
            raise WrongSource(name=name, value=given[name], detail=sources.one_of(allowed))
    return msgspec.convert(given, Source)


def list_all(settings: Settings) -> list[Source]:
    """Give every source."""
    return with_connection(settings, sources.list_all)


def find(settings: Settings, id_: str) -> Source:
    """Give one source. Raises UnknownSource."""
    return with_connection(settings, lambda connection: sources.find(connection, id_))


def enable(settings: Settings, id_: str, *, yes: bool) -> None:
    """Let a source deliver, or stop it. Raises UnknownSource."""
    with_connection(settings, lambda connection: sources.enable(connection, id_, yes=yes))


def renew_token(settings: Settings, id_: str) -> str:
    """Give a source a new token. Raises UnknownSource."""
    return with_connection(settings, lambda connection: sources.renew_token(connection, id_))
