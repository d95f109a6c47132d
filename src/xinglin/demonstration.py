"""The demo province: invented people and institutions in a hub of their own."""

import asyncio
from collections.abc import Callable, Iterator
from itertools import islice

import msgspec

from xinglin.core.errors import XinglinError
from xinglin.core.exact_json import Json
from xinglin.core.settings import Settings
from xinglin.core.telemetry import configure_logs
from xinglin.hub import schema
from xinglin.hub.database import address
from xinglin.hub.hub import Hub, open_hub
from xinglin.hub.interactions.transaction import transaction
from xinglin.hub.records import Key
from xinglin.serving import check_address, run_workers
from xinglin_demo import province

PEOPLE = 200
BASE = "urn:xinglin:demo"

Progress = Callable[[int, int], None]
"""Told how many bundles are in, of how many."""


def demo(settings: Settings, *, people: int = PEOPLE, progress: Progress, ready: Callable[[], None]) -> None:
    """Bring up a hub with the demo province in it and run it until it is told to stop.

    Calls `ready`, from another thread, once the hub answers that it can work.

    Without a database of its own by setting, it keeps its data apart from the real hub's.
    """
    settings = own(settings)
    configure_logs(settings)
    check_address(settings)
    with address(settings) as url:
        schema.upgrade(url)
        asyncio.run(_load(settings, url, people, progress))
        run_workers(settings, url, ready=ready)


def own(settings: Settings) -> Settings:
    """Give the settings of the demo's hub: its home is the folder `demo` in the real one's home."""
    if settings.database_url:
        return settings
    return msgspec.structs.replace(settings, home=str(settings.folder / "demo"))


async def _load(settings: Settings, url: str, people: int, progress: Progress) -> None:
    async with open_hub(settings, url) as hub:
        if await _is_known(hub, _last(bundles(people))):
            return
        for number, entries in enumerate(bundles(people), 1):
            await transaction(hub, entries, base=BASE)
            progress(number, people + 1)


async def _is_known(hub: Hub, entries: list[Json]) -> bool:
    kind, _, id_ = entries[-1]["request"]["url"].partition("/")
    try:
        await hub.read(Key(kind, id_))
    except XinglinError:
        return False
    return True


def _last(found: Iterator[list[Json]]) -> list[Json]:
    entries: list[Json] = []
    for entries in found:  # noqa: B007 - the last one is wanted
        pass
    return entries


def bundles(people: int) -> Iterator[list[Json]]:
    """Give the province's transactions, every record under a fixed id: sending them again changes nothing."""
    for bundle in islice(province(people=people), people + 1):
        yield [_with_fixed_id(entry) for entry in bundle["entry"]]


def _with_fixed_id(entry: Json) -> Json:
    if entry["request"]["method"] == "PUT":
        return entry
    resource = entry["resource"]
    id_ = entry["fullUrl"].removeprefix("urn:uuid:")
    head = {"resourceType": resource["resourceType"], "id": id_}
    request = {"method": "PUT", "url": f"{resource['resourceType']}/{id_}"}
    return {"fullUrl": entry["fullUrl"], "resource": head | resource, "request": request}
