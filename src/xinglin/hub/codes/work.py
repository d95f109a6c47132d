"""Standardising stored records again after a decision, beside the hub's work and resumable.

As in `hub/search/reindex.py`: a step is one transaction, a kill loses at most a step. The first step sets
`target`, its own transaction's number. Whoever stores records by the mappings before the decision has a lower
number, since `Codes.refresh` takes its number before it reads the mappings.
"""

from collections.abc import Sequence
from typing import cast

from xinglin.core.exact_json import Json
from xinglin.hub.changes import Action, Patch, carry_out
from xinglin.hub.database import Connection
from xinglin.hub.hub import Hub
from xinglin.hub.records import Key, Record
from xinglin.hub.stepping import Step
from xinglin.standards.labitems.standard import restored, standardised
from xinglin.standards.labitems.table import Item, table

BATCH = 200

_WAITING = """
SELECT system, code, target, place FROM code_work ORDER BY system, code LIMIT 1 FOR UPDATE SKIP LOCKED
"""
_SET_TARGET = "UPDATE code_work SET target = change_base() WHERE target IS NULL"
_HORIZON = "SELECT change_horizon()"
_RECORDS = """
SELECT seq, id FROM resource
WHERE type = %s AND seq > %s AND seq < %s AND body IS NOT NULL
  AND (keys @> %s::bigint[] OR keys @> %s::bigint[])
ORDER BY seq LIMIT %s
"""
_GOT_TO = "UPDATE code_work SET place = %s, done = done + %s WHERE system = %s AND code = %s"
_DONE = "DELETE FROM code_work WHERE system = %s AND code = %s"
_MAPS = """
SELECT system, code, target FROM code_map
JOIN unnest(%s::text[], %s::text[]) AS k(system, code) USING (system, code)
"""


async def step(hub: Hub) -> Step | None:
    """Do the next records; None where nothing is to be done."""

    async def work(connection: Connection) -> tuple[Step | None, list[Record]]:
        return await _step(hub, connection)

    result, records = await hub.transaction(work)
    hub.written(records)
    return result


async def _step(hub: Hub, connection: Connection) -> tuple[Step | None, list[Record]]:
    row = await (await connection.execute(_WAITING)).fetchone()
    if row is None:
        return None, []
    system, code, target, place = cast("tuple[str, str, int | None, int]", row)
    if target is None:
        await connection.execute(_SET_TARGET)
        return Step(), []
    horizon = cast("tuple[int]", await (await connection.execute(_HORIZON)).fetchone())[0]
    if horizon < target:
        return Step(must_wait=True), []
    keys = _keys(hub, system, code)
    kind = hub.store.types["Observation"]
    cursor = await connection.execute(_RECORDS, [kind, place, target, *keys, BATCH])
    found = cast("list[tuple[int, str]]", await cursor.fetchall())
    if not found:
        await connection.execute(_DONE, [system, code])
        return Step(), []
    written = await _again(hub, connection, [Key("Observation", id_) for _, id_ in found])
    await connection.execute(_GOT_TO, [found[-1][0], len(found), system, code])
    return Step(len(found), len(written)), written


async def _again(hub: Hub, connection: Connection, keys: Sequence[Key]) -> list[Record]:
    """Standardise records anew, from what was sent."""
    current = await hub.store.current(connection, keys, lock=True)
    maps = await _maps(connection, [r.content for r in current.values() if not r.deleted])

    def modify(content: Json) -> Json:
        return standardised(restored(content), lambda system, code: maps.get((system, code)))[0]

    changes = [Patch("Observation", key, modify=modify) for key, r in current.items() if not r.deleted]
    done = await carry_out(connection, hub.store, changes)
    return [one.record for one in done if one.record and one.action is not Action.UNCHANGED]


async def _maps(connection: Connection, records: Sequence[Json]) -> dict[tuple[str, str], Item]:
    """Give the mappings of the local codes in these records."""
    wanted: set[tuple[str, str]] = set()
    for record in records:
        for part in (record, *record.get("component", [])):
            codings = part.get("code", {}).get("coding", [])
            wanted |= {(one.get("system", ""), one.get("code", "")) for one in codings}
    columns = [[system for system, _ in wanted], [code for _, code in wanted]]
    rows = await (await connection.execute(_MAPS, columns)).fetchall()
    known = table()
    return {
        (system, code): known[target]
        for system, code, target in cast("list[tuple[str, str, str]]", rows)
        if target in known
    }


def _keys(hub: Hub, system: str, code: str) -> tuple[list[int], list[int]]:
    """Give the search keys of records with the code, as their code and as a component's."""

    def keys(code: str, *, component: bool) -> set[int]:
        concept = {"coding": [{"system": system, "code": code}]}
        content: Json = {"resourceType": "Observation", "id": "x"}
        content |= {"component": [{"code": concept}]} if component else {"code": concept}
        return set(hub.store.parameters.index(content).keys)

    other = code + "\x01"
    return (
        sorted(keys(code, component=False) - keys(other, component=False)),
        sorted(keys(code, component=True) - keys(other, component=True)),
    )
