"""Who told a fact: every record behind it, and who else wrote those records before."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Final, cast

from xinglin.core.exact_json import Json, loads
from xinglin.hub.database import Connection
from xinglin.hub.lifelong.places import Places, Sender, source_of
from xinglin.hub.lifelong.same import Fact
from xinglin.hub.records import Key
from xinglin.hub.sight import EVERYTHING, Sight
from xinglin.hub.sight.seen import seen_by
from xinglin.hub.sight.settling import settled
from xinglin.hub.store import Store

_BEFORE: Final = """
SELECT h.type, h.id, h.version, h.body FROM unnest(%s::smallint[], %s::text[]) AS k(type, id)
JOIN resource_history h USING (type, id) WHERE h.body IS NOT NULL ORDER BY h.type, h.id, h.version DESC
"""
_SOURCES: Final = "SELECT id, institution, institution_name FROM source WHERE id = ANY(%s)"


@dataclass(frozen=True, slots=True)
class Told:
    """A record that tells a fact, and who sent it; `earlier`: a former version of it came from there."""

    key: Key
    sender: Sender
    earlier: bool = False


async def told(
    store: Store, connection: Connection, facts: Sequence[Fact], sight: Sight = EVERYTHING
) -> Mapping[Key, Sequence[Told]]:
    """Give who told each fact, by the record shown; the one shown first. Of earlier versions, those seen."""
    every = [one for fact in facts for one in fact.statements]
    before = await _before(store, connection, [one.key for one in every if one.version > 1], sight)
    return {
        fact.shown.key: [
            entry
            for one in fact.statements
            for entry in (
                Told(one.key, one.sender),
                *(
                    Told(one.key, sender, earlier=True)
                    for sender in before.get(one.key, ())
                    if _new(sender, one.sender)
                ),
            )
        ]
        for fact in facts
    }


def _new(sender: Sender, present: Sender) -> bool:
    return sender.source != present.source


async def _before(
    store: Store, connection: Connection, keys: Sequence[Key], sight: Sight
) -> dict[Key, list[Sender]]:
    """Give the senders of earlier versions: intake makes one record of two that bear one number."""
    if not keys:
        return {}
    cursor = await connection.execute(
        _BEFORE, [[store.types[key.type] for key in keys], [key.id for key in keys]], binary=True
    )
    rows = cast("list[tuple[int, str, int, bytes]]", await cursor.fetchall())
    bodies = await store.open_bodies(connection, rows)
    contents: list[tuple[Key, Json]] = [
        (Key(store.type_names[kind], id_), loads(body))
        for (kind, id_, _, _), body in zip(rows, bodies, strict=True)
    ]
    seen = seen_by(store, sight)
    if seen is not None:
        seen = await settled(connection, seen, [content for _, content in contents])
        contents = [one for one in contents if seen.admits(one[1])]
    places = await _places(connection, [content for _, content in contents])
    found: dict[Key, dict[str, Sender]] = {}
    for key, content in contents:
        sender = places.sender(content)
        found.setdefault(key, {}).setdefault(sender.source, sender)
    return {key: list(senders.values()) for key, senders in found.items()}


async def _places(connection: Connection, contents: Sequence[Json]) -> Places:
    sources = sorted({source_of(one)[0] for one in contents} - {""})
    rows = await (await connection.execute(_SOURCES, [sources])).fetchall() if sources else []
    return Places({id_: (code, name) for id_, code, name in cast("list[tuple[str, str, str]]", rows)}, {})
