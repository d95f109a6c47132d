"""What `xinglin registry …` does."""

from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Final

from xinglin.core.exact_json import Json
from xinglin.core.settings import Settings
from xinglin.hub.hub import Hub
from xinglin.hub.intake import sources
from xinglin.hub.intake.sources import LOCAL, Source
from xinglin.hub.opened import with_hub
from xinglin.hub.registries import find, institutions, load, sheet
from xinglin.hub.registries.errors import UnknownPlace
from xinglin.hub.registries.find import Entry
from xinglin.hub.registries.load import Outcome
from xinglin.hub.registries.records import INSTITUTION_SYSTEM
from xinglin.hub.registries.speaking import ALL, codes_of
from xinglin.hub.registries.tables import GRADES, KINDS
from xinglin.standards.places import Level, Place, children, path

LOADERS: Final = {
    "institutions": load.load_institutions,
    "departments": load.load_departments,
    "practitioners": load.load_practitioners,
    "devices": load.load_devices,
}


def load_table(settings: Settings, sort: str, file: Path, *, store: bool) -> Outcome:
    """Load a table of `LOADERS`; without `store` only check it. Raises UnusableRegister or OSError."""
    return with_hub(settings, lambda hub: LOADERS[sort](hub, file, store=store), make=True)


def places_below(code: str, deepest: Level) -> list[Place]:
    """Give a place, those above it and those below it, down to a level. Raises UnknownPlace."""
    line = path(code)
    if not line:
        raise UnknownPlace(code=code)
    return [*line, *_below(code, deepest)]


def _below(code: str, deepest: Level) -> Iterator[Place]:
    for one in children(code):
        if one.level <= deepest:
            yield one
            yield from _below(one.code, deepest)


def load_places(
    settings: Settings, code: str, deepest: Level, progress: Callable[[int], None] = lambda _: None
) -> Outcome:
    """Store the Locations of a place, of those above and below it. Raises UnknownPlace."""
    found = places_below(code, deepest)
    return with_hub(settings, lambda hub: load.load_places(hub, found, progress), make=True)


def known_place(code: str) -> tuple[Place, ...]:
    """Give a place with those above it. Raises UnknownPlace."""
    found = path(code)
    if not found:
        raise UnknownPlace(code=code)
    return found


def entries(settings: Settings) -> list[Entry]:
    """Give the registered institutions, by code."""
    return sorted(with_hub(settings, find.entries), key=lambda one: one.key)


def show(settings: Settings, code: str) -> Json:
    """Give the Organization registered under a code. Raises UnknownInstitution."""
    return with_hub(settings, lambda hub: find.entry(hub, code))


def tree(settings: Settings) -> list[tuple[int, Entry]]:
    """Give the institutions with how deep each stands, those below one right after it."""
    known = entries(settings)
    below: dict[str, list[Entry]] = {}
    for one in known:
        below.setdefault(one.parent, []).append(one)

    def walk(parent: str, depth: int) -> Iterator[tuple[int, Entry]]:
        for one in below.get(parent, ()) if depth < find.DEEPEST else ():
            yield depth, one
            yield from walk(one.key, depth + 1)

    return list(walk("", 0))


def export(settings: Settings) -> str:
    """Write the registered institutions as the table that `load` reads."""
    known = entries(settings)
    found = with_hub(settings, _sites)
    return sheet.write(institutions.COLUMNS, (_row(one, found.get(one.key, "")) for one in known))


async def _sites(hub: Hub) -> dict[str, str]:
    """Give the division's code of each institution."""
    keys = {one.record["id"]: one.key for one in await find.entries(hub)}
    found: dict[str, str] = {}
    async for one in find.every(hub, "Location", "site"):
        owner = one["managingOrganization"]["reference"].removeprefix("Organization/")
        found[keys.get(owner, "")] = (
            one.get("partOf", {}).get("reference", "").removeprefix("Location/place-")
        )
    return found


def _row(one: Entry, division: str) -> dict[str, str]:
    record = one.record
    numbers: list[str] = [
        number["value"] for number in record["identifier"] if number["system"] == INSTITUTION_SYSTEM
    ]
    codes = {
        coding["system"]: coding["code"] for concept in record["type"] for coding in concept.get("coding", ())
    }
    address: Json = record.get("address", [{}])[0]
    return {
        "credit_code": next((number for number in numbers if len(number) == 18), ""),
        "institution_code": next((number for number in numbers if len(number) == 22), ""),
        "name": one.name,
        "short_name": record.get("alias", [""])[0],
        "kind": codes.get(KINDS, ""),
        "grade": codes.get(GRADES, ""),
        "parent": one.parent,
        "division": division,
        "address": address.get("text", ""),
        "phone": record.get("telecom", [{}])[0].get("value", ""),
        "state": "active" if one.active else "closed",
    }


def sources_outside(settings: Settings) -> list[tuple[Source, str]]:
    """Give the sources whose own institution, or one that they speak for, isn't registered, with its code."""

    async def work(hub: Hub) -> list[tuple[Source, str]]:
        known = await find.known(hub)
        async with hub.database.connection() as connection:
            listed = await sources.list_all(connection)
        return [
            (one, code)
            for one in listed
            if one.id != LOCAL.id
            for code in sorted(codes_of(one) - known.keys() - {ALL, one.institution_code})
        ]

    return with_hub(settings, work)
