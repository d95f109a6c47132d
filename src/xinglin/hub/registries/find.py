"""Who is registered, and the tree of institutions."""

from collections.abc import AsyncIterator, Sequence
from dataclasses import dataclass
from urllib.parse import parse_qsl, urlsplit

from xinglin.core.exact_json import Json
from xinglin.hub.database import Connection
from xinglin.hub.hub import Hub
from xinglin.hub.intake.order import TAGS
from xinglin.hub.records import Key
from xinglin.hub.registries import records
from xinglin.hub.registries.errors import UnknownInstitution
from xinglin.hub.registries.records import INSTITUTION_SYSTEM, Known
from xinglin.hub.search.search import Asked
from xinglin.hub.sight import EVERYTHING, Sight
from xinglin.hub.sight.reading import all_seen
from xinglin.hub.store import Store
from xinglin.standards.identifiers import Fault

PAGE = 500
DEEPEST = 20
"""Institutions above one another; more can't be right."""


@dataclass(frozen=True, slots=True)
class Entry:
    """A registered institution. `key` is its code, `parent` that of the one above, "" for none."""

    key: str
    parent: str
    record: Json

    @property
    def name(self) -> str:
        """What it is called."""
        return self.record.get("name", "")

    @property
    def active(self) -> bool:
        """Whether it is in business."""
        return self.record.get("active", True)


async def every(
    hub: Hub, kind: str, sort: str, connection: Connection | None = None, *, sight: Sight = EVERYTHING
) -> AsyncIterator[Json]:
    """Give all registered records of a sort that are seen."""
    pairs = [("_tag", f"{TAGS}|{records.tag(sort)}"), ("_count", str(PAGE))]
    while True:
        found = await hub.search(Asked(pairs, kind), connection, sight=sight)
        for hit in found.matches:
            yield hit.record.content
        if found.next_url is None:
            return
        pairs = parse_qsl(urlsplit(found.next_url).query, keep_blank_values=True)


async def entries(
    hub: Hub, connection: Connection | None = None, *, sight: Sight = EVERYTHING
) -> list[Entry]:
    """Give all registered institutions that are seen."""
    made = [one async for one in every(hub, "Organization", "institution", connection, sight=sight)]
    keys = {one["id"]: key_of(one) for one in made}
    return [Entry(keys[one["id"]], keys.get(above_id(one), ""), one) for one in made]


async def known(hub: Hub, connection: Connection | None = None) -> Known:
    """Give the registered institutions: by code, the code of the one above."""
    return {one.key: one.parent for one in await entries(hub, connection)}


async def entry(hub: Hub, code: str, *, sight: Sight = EVERYTHING) -> Json:
    """Give the Organization registered under a code. Raises UnknownInstitution, also where it is hidden."""
    key = records.read_key(code)
    if not isinstance(key, Fault):
        async with hub.database.connection() as connection:
            found = await _registered(hub.store, connection, [records.organization_id(key)], sight)
        for one in found.values():
            return one
    raise UnknownInstitution(code=code)


def key_of(record: Json) -> str:
    """Give the code under which an Organization is registered."""
    codes = [one["value"] for one in record.get("identifier", ()) if one.get("system") == INSTITUTION_SYSTEM]
    return next((code for code in codes if records.organization_id(code) == record["id"]), "")


def above_id(record: Json) -> str:
    """Give the id of the Organization above; "" for none."""
    return record.get("partOf", {}).get("reference", "").removeprefix("Organization/")


async def lines(store: Store, connection: Connection, ids: Sequence[str]) -> dict[str, tuple[str, ...]]:
    """Give, by the id of a registered institution or department, the codes from itself up to the top.

    Ids under which nothing is registered are left out.
    """
    found: dict[str, Json] = {}
    wanted = set(ids)
    for _ in range(DEEPEST):
        wanted -= found.keys()
        if not wanted:
            break
        more = await _registered(store, connection, sorted(wanted))
        found |= more
        wanted = {above for one in more.values() if (above := above_id(one))}
    return {id_: tuple(_line(id_, found)) for id_ in ids if id_ in found}


def _line(id_: str, found: dict[str, Json]) -> list[str]:
    line: list[str] = []
    for _ in range(DEEPEST):
        record = found.get(id_)
        if record is None:
            break
        line += [key] if (key := key_of(record)) else []
        id_ = above_id(record)
    return line


async def _registered(
    store: Store, connection: Connection, ids: Sequence[str], sight: Sight = EVERYTHING
) -> dict[str, Json]:
    keys = [Key("Organization", one) for one in ids]
    current = await all_seen(store, connection, keys, sight=sight)
    live = {key.id: record.content for key, record in current.items() if not record.deleted}
    return {
        id_: content
        for id_, content in live.items()
        if records.is_registered(content, "institution") or records.is_registered(content, "department")
    }
