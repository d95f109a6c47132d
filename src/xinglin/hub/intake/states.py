"""The records that facts speak of: how the store knows them, and the versions that it is to keep."""

from collections.abc import Mapping, Sequence
from datetime import datetime
from itertools import count

import msgspec

from xinglin.hub.database import Connection
from xinglin.hub.intake.order import Stamp
from xinglin.hub.intake.settle import State, needs_past
from xinglin.hub.records import Draft, Key, Record
from xinglin.hub.store import Store
from xinglin.standards.conversion import Fact

_PAST = """
SELECT t.name, r.id, r.version, r.updated, r.seq, r.body
FROM unnest(%s::smallint[], %s::text[]) AS k(type, id)
JOIN resource_history r USING (type, id) JOIN resource_type t ON t.code = r.type WHERE r.body IS NOT NULL
"""
_RESTATED = """
SELECT t.name, r.id, r.time FROM unnest(%s::smallint[], %s::text[]) AS k(type, id)
JOIN restated r USING (type, id) JOIN resource_type t ON t.code = r.type
"""
_RESTATE = """
INSERT INTO restated (type, id, time) VALUES (%s, %s, %s)
ON CONFLICT (type, id) DO UPDATE SET time = greatest(restated.time, excluded.time)
"""


async def states_of(
    connection: Connection, store: Store, arriving: Sequence[tuple[Key, Fact, Stamp]]
) -> dict[Key, State]:
    """Give the states of the records that facts speak of; they are locked until the transaction ends."""
    wanted = list({key: None for key, _, _ in arriving})
    current = await store.current(connection, wanted, lock=True)
    restated = await _restated(connection, store, wanted)
    states = {key: State.of(key, current.get(key), restated.get(key)) for key in wanted}
    if current:
        late = {key for key, fact, stamp in arriving if needs_past(states[key], fact, stamp)}
        await _add_past(connection, store, states, sorted(late))
    return states


async def write(connection: Connection, store: Store, states: Mapping[Key, State]) -> list[Record]:
    """Write the versions in rounds, one of a record in each; sorted, so that two can't deadlock."""
    changed = sorted((s for s in states.values() if s.writes), key=lambda state: state.key)
    written: list[Record] = []
    latest = {state.key: state.record for state in changed}
    for turn in count():
        drafts = [Draft(s.key, s.writes[turn], latest[s.key]) for s in changed if len(s.writes) > turn]
        if not drafts:
            break
        records = await store.write(connection, drafts)
        latest |= {record.key: record for record in records}
        written += records
    await _restate(connection, store, [s for s in states.values() if s.newly_restated])
    return written


async def _restated(connection: Connection, store: Store, keys: Sequence[Key]) -> dict[Key, datetime]:
    rows = await (await connection.execute(_RESTATED, _columns(store, keys))).fetchall()
    return {
        Key(kind, id_): time for kind, id_, time in msgspec.convert(rows, list[tuple[str, str, datetime]])
    }


async def _add_past(
    connection: Connection, store: Store, states: Mapping[Key, State], keys: Sequence[Key]
) -> None:
    if not keys:
        return
    rows = await (await connection.execute(_PAST, _columns(store, keys), binary=True)).fetchall()
    for record in await store.records(connection, rows):
        states[record.key].remember(record.content)


def _columns(store: Store, keys: Sequence[Key]) -> list[list[int] | list[str]]:
    return [[store.types[key.type] for key in keys], [key.id for key in keys]]


async def _restate(connection: Connection, store: Store, states: Sequence[State]) -> None:
    rows = sorted((store.types[s.key.type], s.key.id, s.restated) for s in states)
    if rows:
        await connection.cursor().executemany(_RESTATE, rows)
