"""What the `xinglin terminology` commands do."""

from collections.abc import Callable

from xinglin.core.exact_json import Json
from xinglin.core.settings import Settings
from xinglin.hub.hub import Hub
from xinglin.hub.opened import with_hub
from xinglin.hub.terminology import load as loading
from xinglin.hub.terminology.load import Listed, Outcome
from xinglin.standards.terminology.errors import UnknownSystem
from xinglin.standards.terminology.loading import Release
from xinglin.standards.terminology.model import Concept, Selection


def load(settings: Settings, release: Release, progress: Callable[[int], None] = lambda _: None) -> Outcome:
    """Store a code system; `progress` is told how many more concepts are done."""
    return with_hub(settings, lambda hub: loading.load(hub, release, progress), make=True)


def stored(settings: Settings) -> list[Listed]:
    """Give the stored code systems."""

    async def work(hub: Hub) -> list[Listed]:
        async with hub.database.connection() as connection:
            return await loading.listed(connection)

    return with_hub(settings, work)


def built_in(settings: Settings) -> list[Json]:
    """Give the code tables that come with Xinglin, beside the FHIR specification's own."""
    from xinglin.hub.terminology.terminology import built_in as library

    return library(settings).code_systems()


def show(settings: Settings, url: str, version: str, most: int) -> tuple[str, int, list[Concept]]:
    """Give a system's version, how many concepts it has, and the first of them. Raises UnknownSystem."""

    async def work(hub: Hub) -> tuple[str, int, list[Concept]]:
        async with hub.terminology.library() as library:
            system = await library.system(url, version)
            if system is None:
                raise UnknownSystem(url=f"{url}|{version}" if version else url)
            found = await system.select(Selection(), 0, most)
            return system.head.version, found.total, list(found.concepts)

    return with_hub(settings, work)


def remove(settings: Settings, url: str, version: str) -> Listed:
    """Delete a stored code system and its concepts. Raises UnknownSystem."""
    return with_hub(settings, lambda hub: loading.remove(hub, url, version))
