"""Matching source Patients: each new or changed one finds its partners, and persons follow."""

from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import date
from typing import Final, cast

from xinglin.core.clock import now
from xinglin.hub.database import Connection
from xinglin.hub.identity import institutions, rows
from xinglin.hub.identity.comparing import Compared, compared, evidently_apart, judge, unpack
from xinglin.hub.identity.golden import golden_id
from xinglin.hub.identity.models import model_in_force
from xinglin.hub.identity.partition import Pair, ordered
from xinglin.hub.identity.regroup import regroup
from xinglin.hub.identity.rows import Judged, Known
from xinglin.hub.identity.scoring import Model
from xinglin.hub.identity.tables import LINK
from xinglin.hub.records import Key, Record
from xinglin.hub.store import Store
from xinglin.standards.search.keys import digest

SHOWN: Final = 20
"""Pairs for review of one record at most, the weightiest: more would hide what matters."""

_GOLDENS: Final = "SELECT golden, seq FROM person_golden WHERE golden = ANY(%s::text[])"


@dataclass
class Matched:
    """What matching did: source Patients matched and taken out, and golden Patients written."""

    matched: int = 0
    removed: int = 0
    records: list[Record] = field(default_factory=list[Record])


async def identify(
    connection: Connection, store: Store, ids: Collection[str], *, again: bool = False
) -> Matched:
    """Match source Patients whose present version isn't matched yet (`again`: whether it is or not).

    Works in the caller's transaction, which it makes the only one that matches until it ends. Ids of golden
    Patients are brought back to what identity says, should anybody else have written them.
    """
    await connection.execute(rows.LOCK)
    current = await store.current(connection, [Key("Patient", one) for one in ids])
    goldens = await _goldens(connection, ids)
    spoilt = [one.key.id for one in current.values() if goldens.get(one.key.id, one.seq) != one.seq]
    sources = [one for one in current.values() if one.key.id not in goldens]
    before = await rows.links(connection, [one.key.id for one in sources])
    gone = [before[one.key.id] for one in sources if one.deleted and one.key.id in before]
    fresh = [
        one
        for one in sources
        if not one.deleted and (again or one.key.id not in before or before[one.key.id].seq < one.seq)
    ]
    await rows.forget(connection, gone)
    model = await model_in_force(connection)
    touched = await _match(connection, fresh, model)
    emptied = {one.golden for one in gone} | set(spoilt)
    if not touched and not emptied:
        return Matched()
    records = await regroup(connection, store, touched, evidently_apart, emptied)
    return Matched(len(fresh), len(gone), records)


async def _goldens(connection: Connection, ids: Collection[str]) -> dict[str, int]:
    found = await (await connection.execute(_GOLDENS, [sorted(ids)])).fetchall()
    return dict(cast("list[tuple[str, int]]", found))


async def _match(connection: Connection, fresh: Sequence[Record], model: Model) -> set[str]:
    """Note records and judge their pairs; give all whose pairs may have changed."""
    if not fresh:
        return set()
    today = _today()
    namespaces = await institutions.namespaces(connection)
    said = {one.key.id: compared(one.content, today, namespaces) for one in fresh}
    await rows.enter(
        connection,
        {one.key.id: (golden_id(one.key.id), one.seq) for one in fresh},
        {id_: (one.pack(), one.keys()) for id_, one in said.items()},
    )
    suspects = await _judge(connection, said, model)
    if suspects:  # numbers that are worn from now on: what they linked is judged anew
        again = await rows.known(connection, suspects)
        await _judge(connection, {id_: unpack(one.body) for id_, one in again.items()}, model)
    return said.keys() | suspects


def _today() -> date:
    return now().date()


async def _judge(connection: Connection, said: Mapping[str, Compared], model: Model) -> set[str]:
    """Judge and store the pairs of some records; give those that bear a number worn from now on."""
    keys = {id_: one.keys() for id_, one in said.items()}
    found = await rows.sharing(connection, {key for those in keys.values() for key in those})
    crowded = {key for key, numbers in found.items() if len(numbers) > rows.MOST_SHARING}
    wanted = {number for key, numbers in found.items() if key not in crowded for number in numbers}
    known = await rows.known_numbers(connection, wanted)
    worn = await rows.worn_keys(connection, found)
    pairs: dict[Pair, Judged] = {}
    unpacked = {number: unpack(one.body) for number, one in known.items()}
    for id_, one in said.items():
        partners = {n for key in keys[id_] if key not in crowded for n in found.get(key, ())}
        for number in partners:
            other = unpacked.get(number)
            if other is not None and other.id != id_ and (pair := ordered(id_, other.id)) not in pairs:
                pairs[pair] = judge(*_ordered(one, other), worn, model)
    await rows.set_pairs(connection, said, kept(pairs, said))
    return await _wear(connection, said, known, found, pairs)


def _ordered(one: Compared, other: Compared) -> tuple[Compared, Compared]:
    """Give two records in one order, so that a pair is judged alike from either side."""
    return (one, other) if one.id < other.id else (other, one)


def kept(pairs: Mapping[Pair, Judged], said: Collection[str]) -> dict[Pair, Judged]:
    """Give the pairs worth keeping: links, and of those to be looked at not more than a person can."""
    kept = {pair: one for pair, one in pairs.items() if one.verdict == "link"}
    shown: dict[str, int] = {}
    review = [(pair, one) for pair, one in pairs.items() if one.verdict == "review"]
    for pair, one in sorted(review, key=lambda item: (-(item[1].weight or 0.0), item[0])):
        mine = [id_ for id_ in pair if id_ in said]
        if all(shown.get(id_, 0) < SHOWN for id_ in mine):
            kept[pair] = one
            for id_ in mine:
                shown[id_] = shown.get(id_, 0) + 1
    return kept


async def _wear(
    connection: Connection,
    said: Mapping[str, Compared],
    known: Mapping[int, Known],
    found: Mapping[int, Sequence[int]],
    pairs: Mapping[Pair, Judged],
) -> set[str]:
    """Stop trusting numbers that too many evidently different people bear; give who bears them."""
    bearers: set[str] = set()
    for one in said.values():
        for rule, text in one.rule_keys():
            key = digest(text)
            numbers = found.get(key, ())
            if rule.column == LINK or len(numbers) <= rule.people:
                continue
            others = [known[number] for number in numbers if number in known]
            holders = {other.golden for other in others if _differs(pairs, one.id, other.patient)}
            crowded = len(holders) >= rule.people or len(numbers) > rows.MOST_SHARING
            bearing = max(len(holders) + 1, len(numbers))
            if crowded and await rows.wear(connection, key, rule.id, bearing):
                bearers |= {other.patient for other in others} | {one.id}
    return bearers


def _differs(pairs: Mapping[Pair, Judged], one: str, other: str) -> bool:
    judged = pairs.get(ordered(one, other)) if one != other else None
    return judged is not None and judged.verdict != "link" and bool(judged.evidence["differences"])
