"""Which patients a request is about, where whoever asks is related to more than are told at once.

A relation is cut at values.csv's patients_most. What is asked about some patients is then decided by looking
at these; they are found here without any sight, and nothing of what is found is told.
"""

from collections.abc import Iterable, Sequence
from typing import Final

from xinglin.core.identifiers import is_id
from xinglin.hub.changes import Change, Create, Update
from xinglin.hub.hub import Hub
from xinglin.hub.records import Key
from xinglin.hub.search.search import Asked
from xinglin.hub.sight.reading import last_words
from xinglin.hub.sight.settling import patients_of

MOST: Final = 20
"""Patients of one request that are looked for."""

_TELLING: Final = frozenset({"_id", "identifier"})
"""Parameters of Patients that tell some few of them."""


async def patients_asked(hub: Hub, asked: Asked) -> Iterable[str]:
    """Give the ids of Patients that a search names: by reference, by id or by number."""
    found: dict[str, None] = {}
    if asked.compartment is not None and asked.compartment.type == "Patient":
        found[asked.compartment.identity] = None
    telling: list[tuple[str, str]] = []
    for name, value in asked.pairs:
        plain = name.partition(":")[0]
        if asked.kind == "Patient" and plain in _TELLING:
            telling.append((name, value))
        elif plain in ("patient", "subject") or "Patient/" in value:
            ids = (one.rpartition("Patient/")[2] for one in value.split(","))
            found.update(dict.fromkeys(one for one in ids if is_id(one)))
        elif plain == "_id" and asked.kind is not None and is_id(value):
            found.update(dict.fromkeys(await patients_of_key(hub, Key(asked.kind, value))))
        elif plain in ("patient.identifier", "subject.identifier"):
            telling.append(("identifier", value))
    if telling:
        hits = (await hub.search(Asked([*telling, ("_count", str(MOST))], "Patient"))).matches
        found.update(dict.fromkeys(hit.record.key.id for hit in hits))
    return list(found)[:MOST]


async def patients_of_key(hub: Hub, key: Key | None) -> Iterable[str]:
    """Give the ids of Patients whose record this is, as it is now or last was."""
    return [] if key is None else await _of_keys(hub, [key])


async def patients_changed(hub: Hub, changes: Sequence[Change]) -> Iterable[str]:
    """Give the ids of Patients that changes are about, by what they say and by what is stored."""
    contents = [one.content for one in changes if isinstance(one, Create | Update) and one.content]
    found = patients_of(contents)
    return found | set(await _of_keys(hub, [one.key for one in changes if one.key is not None]))


async def _of_keys(hub: Hub, keys: Sequence[Key]) -> list[str]:
    async with hub.database.connection() as connection:
        current = await hub.store.current(connection, keys)
        gone = [one.key for one in current.values() if one.deleted]
        records = [one for one in current.values() if not one.deleted]
        records += await last_words(hub.store, connection, gone)
    return sorted(patients_of(one.content for one in records))
