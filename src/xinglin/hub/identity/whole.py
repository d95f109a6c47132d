"""The full pass: everybody weighed at once in bulk, then judged and grouped in bounded transactions.

The bulk engine only finds the pairs. Each is judged as at intake, by the same rules, model and decisions, so
that who belongs together doesn't depend on the way it was found.
"""

from collections.abc import Callable, Collection, Mapping, Sequence
from dataclasses import dataclass
from importlib.util import find_spec
from typing import Final

from xinglin.hub.database import Connection
from xinglin.hub.hub import Hub
from xinglin.hub.identity import rows
from xinglin.hub.identity.candidates import by_model, by_rule, chunks, wear
from xinglin.hub.identity.comparing import evidently_apart, judge, unpack
from xinglin.hub.identity.follow import STEP, Progress
from xinglin.hub.identity.gathering import UNMATCHED, Gathered
from xinglin.hub.identity.linkage.model import Model as Trained
from xinglin.hub.identity.matching import identify, kept
from xinglin.hub.identity.models import model_in_force
from xinglin.hub.identity.partition import Pair, ordered
from xinglin.hub.identity.regroup import regroup
from xinglin.hub.identity.scoring import Model
from xinglin.hub.records import Record
from xinglin.hub.store import Store

TOGETHER: Final = 400
"""Patients that are grouped in one transaction."""

_COUNT: Final = "ANALYZE person_link, person_feature, person_key, person_pair"
_MATCHED: Final = """
UPDATE person_link l SET seq = n.seq FROM unnest(%s::text[], %s::bigint[]) AS n(patient, seq)
WHERE l.patient = n.patient AND l.seq = %s
"""
_SINCE: Final = "SELECT patient FROM person_link WHERE seq >= %s ORDER BY patient"


@dataclass(frozen=True, slots=True)
class _Pass:
    store: Store
    gathered: Gathered
    partners: Mapping[str, Sequence[str]]
    model: Model


def is_installed() -> bool:
    """Tell whether the bulk engine is there."""
    return find_spec("duckdb") is not None


async def match_all(
    hub: Hub, gathered: Gathered, trained: Trained, progress: Callable[[int], None]
) -> Progress:
    """Match everybody who was gathered, anew, by the model in force, `trained`. Raises ExtraMissing.

    What changes meanwhile is matched again at the end, so nothing that others did is lost.
    """
    async with hub.database.connection() as connection:
        await connection.execute(_COUNT)  # queries are planned by what is there now
        model = await model_in_force(connection)
    await wear(hub, gathered, model)
    async with hub.database.connection() as connection:
        worn = await rows.all_worn(connection)
    pairs = await by_model(hub, trained, worn) | await by_rule(hub, gathered, worn)
    ongoing = _Pass(hub.store, gathered, _partners(pairs), model)
    goldens = 0
    for ids in chunks(_in_order(gathered.seqs, ongoing.partners), TOGETHER):

        async def work(connection: Connection, ids: Sequence[str] = ids) -> list[Record]:
            return await _group(connection, ongoing, ids)

        records = await hub.transaction(work)
        hub.written(records)
        goldens += len(records)
        progress(len(ids))
    return Progress(len(gathered.seqs), 0, goldens + await _again(hub, gathered))


def _partners(pairs: Collection[Pair]) -> dict[str, list[str]]:
    found: dict[str, list[str]] = {}
    for one, other in pairs:
        found.setdefault(one, []).append(other)
        found.setdefault(other, []).append(one)
    return found


def _in_order(ids: Collection[str], partners: Mapping[str, Sequence[str]]) -> list[str]:
    """Give the ids so that those which may belong together stand together."""
    found: dict[str, None] = {}
    for first in sorted(ids):
        waiting = [] if first in found else [first]
        while waiting:
            one = waiting.pop()
            if one not in found and one in ids:
                found[one] = None
                waiting += sorted(partners.get(one, ()), reverse=True)
    return list(found)


async def _group(connection: Connection, ongoing: _Pass, ids: Sequence[str]) -> list[Record]:
    """Judge the pairs of some records and bring their persons up to date, in the caller's transaction."""
    await connection.execute(rows.LOCK)
    near = {ordered(one, other) for one in ids for other in ongoing.partners.get(one, ())}
    known = await rows.known(connection, {*ids, *(one for pair in near for one in pair)})
    there = [one for one in ids if one in known]  # others may have been deleted since
    said = {id_: unpack(one.body) for id_, one in known.items()}
    worn = await rows.all_worn(connection)
    judged = {
        (one, other): judge(said[one], said[other], worn, ongoing.model)
        for one, other in near
        if one in said and other in said
    }
    await rows.set_pairs(connection, there, kept(judged, there))
    records = await regroup(connection, ongoing.store, there, evidently_apart)
    fresh = [one for one in there if one in ongoing.gathered.entered]
    await connection.execute(_MATCHED, [fresh, [ongoing.gathered.seqs[one] for one in fresh], UNMATCHED])
    return records


async def _again(hub: Hub, gathered: Gathered) -> int:
    """Match those anew that changed while the pass ran; give how many golden Patients were written."""
    async with hub.database.connection() as connection:
        found = await (await connection.execute(_SINCE, [gathered.begun])).fetchall()
    goldens = 0
    for ids in chunks([str(id_) for (id_,) in found], STEP):

        async def work(connection: Connection, ids: Sequence[str] = ids) -> list[Record]:
            return (await identify(connection, hub.store, ids, again=True)).records

        records = await hub.transaction(work)
        hub.written(records)
        goldens += len(records)
    return goldens
