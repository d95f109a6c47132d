"""Questions about identity: how it stands, who belongs to a person and why, what waits for review."""

from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Final, cast

from xinglin.core.exact_json import Json
from xinglin.hub.database import Connection
from xinglin.hub.identity import rows
from xinglin.hub.identity.comparing import unpack
from xinglin.hub.identity.errors import UnknownPair, UnknownPerson
from xinglin.hub.identity.partition import ordered
from xinglin.hub.identity.rows import Link
from xinglin.hub.records import Key, Record
from xinglin.hub.sight import EVERYTHING, Sight
from xinglin.hub.sight.reading import all_seen
from xinglin.hub.store import Store

_COUNTS: Final = """
SELECT (SELECT count(*) FROM person_link), (SELECT count(DISTINCT golden) FROM person_link),
    (SELECT count(*) FROM person_pair WHERE state = 'review'),
    (SELECT count(*) FROM person_decision), (SELECT count(*) FROM person_worn)
"""
_BEHIND: Final = """
SELECT count(*) FROM resource WHERE seq > (SELECT place FROM identity_progress) AND type = %s
"""
_BY_HOW: Final = "SELECT how, count(*) FROM person_link GROUP BY how ORDER BY how"
_PAIR: Final = """
SELECT first, second, state, verdict, weight, probability, rule, evidence, since, decision, decided_by,
    decided, why FROM person_pair
"""
_OF_PERSON: Final = f"{_PAIR} WHERE first = ANY(%(ids)s::text[]) AND second = ANY(%(ids)s::text[])"
_QUEUE: Final = f"""
{_PAIR} WHERE state = 'review' AND (%(rule)s::text IS NULL OR rule = %(rule)s)
ORDER BY weight DESC NULLS LAST, first, second LIMIT %(most)s OFFSET %(skip)s
"""
_WORN: Final = """
SELECT w.rule, w.holders, w.since, ARRAY(
    SELECT l.patient FROM person_key k JOIN person_link l USING (number) WHERE k.key = w.key
    ORDER BY l.number LIMIT 5)
FROM person_worn w ORDER BY w.holders DESC, w.key LIMIT %s
"""


@dataclass(frozen=True, slots=True)
class Status:
    """How many source Patients, persons, pairs in review, decisions, worn numbers, and Patients to match."""

    patients: int
    persons: int
    review: int
    decisions: int
    worn: int
    waiting: int
    by_how: Mapping[str, int]


@dataclass(frozen=True, slots=True)
class PairTold:
    """A pair with what speaks for and against it, and the decision in force on it."""

    first: str
    second: str
    state: str
    verdict: str
    weight: float | None
    probability: float | None
    rule: str | None
    evidence: Json
    since: datetime
    decision: int | None
    decided_by: str | None
    decided: datetime | None
    why: str | None


_PairRow = tuple[str, str, str, str, float, float, str, Json, datetime, int, str, datetime, str]


@dataclass(frozen=True, slots=True)
class SideBySide:
    """A pair with what is compared of each of its records, and the persons they belong to."""

    pair: PairTold
    compared: Mapping[str, tuple[object, object]]
    goldens: tuple[str, str]
    records: tuple[Json, Json]


@dataclass(frozen=True, slots=True)
class Person:
    """A person: the golden Patient, its source Patients, and the pairs among them."""

    golden: str
    content: Json
    links: Sequence[Link]
    records: Mapping[str, Json]
    pairs: Sequence[PairTold]


@dataclass(frozen=True, slots=True)
class Worn:
    """A number that isn't trusted any more: its rule, how many bore it, and some who do."""

    rule: str
    holders: int
    since: datetime
    patients: Sequence[str]


async def status(connection: Connection, store: Store) -> Status:
    """Tell how identity stands."""
    row = await (await connection.execute(_COUNTS)).fetchone()
    patients, persons, review, decisions, worn_out = cast("tuple[int, int, int, int, int]", row)
    behind = await waiting(connection, store)
    by_how = dict(cast("list[tuple[str, int]]", await (await connection.execute(_BY_HOW)).fetchall()))
    return Status(patients, persons, review, decisions, worn_out, behind, by_how)


async def waiting(connection: Connection, store: Store) -> int:
    """Tell how many changes of Patients following hasn't looked at yet, golden ones included."""
    row = await (await connection.execute(_BEHIND, [store.types["Patient"]])).fetchone()
    return cast("tuple[int]", row)[0]


async def queue(
    connection: Connection, *, most: int, skip: int = 0, rule: str | None = None
) -> list[PairTold]:
    """Give the pairs that wait for review, the weightiest first; `rule` those that it asks about only."""
    asked = {"most": most, "skip": skip, "rule": rule}
    found = await (await connection.execute(_QUEUE, asked)).fetchall()
    return [_pair(row) for row in found]


def _pair(row: Sequence[object]) -> PairTold:
    return PairTold(*cast("_PairRow", row))


async def pair(connection: Connection, store: Store, one: str, other: str) -> SideBySide:
    """Give a pair side by side. Raises UnknownPair."""
    first, second = ordered(one, other)
    asked = {"ids": [first, second]}
    row = await (await connection.execute(_OF_PERSON, asked)).fetchone()
    known = await rows.known(connection, [first, second])
    if row is None or len(known) < 2:
        raise UnknownPair(first=first, second=second)
    sides = [unpack(known[id_].body).features for id_ in (first, second)]
    names = [name for name in _SHOWN if any(getattr(side, name) is not None for side in sides)]
    records = await _contents(connection, store, [first, second])
    return SideBySide(
        _pair(row),
        {name: (getattr(sides[0], name), getattr(sides[1], name)) for name in names},
        (known[first].golden, known[second].golden),
        (records.get(first, {}), records.get(second, {})),
    )


_SHOWN: Final = (
    *("surname", "given", "sex", "birth", "identity", "document", "insured", "card"),
    *("phone", "phone_other", "division", "street", "house", "mother", "birth_order"),
)


async def person(connection: Connection, store: Store, id_: str, *, sight: Sight = EVERYTHING) -> Person:
    """Give the person that a source Patient or golden Patient belongs to, as far as it is seen.

    Raises UnknownPerson.
    """
    found = await links_of(connection, store, id_)
    golden = found[0].golden
    shown = await _shown(connection, store, [id_, golden, *(one.patient for one in found)], sight)
    if id_ not in shown and not sight.whole:
        raise UnknownPerson(id=id_)
    found = [one for one in found if one.patient in shown]
    golden = golden if golden in shown else ""
    ids = [one.patient for one in found]
    pairs = await (await connection.execute(_OF_PERSON, {"ids": ids})).fetchall()
    records = await _contents(connection, store, [golden, *ids])
    content = records.pop(golden, {})
    return Person(golden, content, found, records, [_pair(row) for row in pairs])


async def _shown(connection: Connection, store: Store, ids: Sequence[str], sight: Sight) -> Collection[str]:
    if sight.whole:
        return ids
    found = await all_seen(store, connection, [Key("Patient", one) for one in ids], sight=sight)
    return {key.id for key in found}


async def links_of(connection: Connection, store: Store, id_: str) -> list[Link]:
    """Give the links of the person that an id leads to, also that of a golden Patient replaced since.

    Raises UnknownPerson.
    """
    for _ in range(8):  # a golden Patient that was replaced names the one that replaced it
        known = await rows.links(connection, [id_])
        golden = known[id_].golden if id_ in known else id_
        found = await rows.members(connection, [golden])
        if found:
            return sorted(found, key=lambda one: one.number)
        heir = _heir((await store.current(connection, [Key("Patient", id_)])).get(Key("Patient", id_)))
        if heir is None:
            break
        id_ = heir
    raise UnknownPerson(id=id_)


def _heir(record: Record | None) -> str | None:
    if record is None or record.deleted or record.content.get("active") is not False:
        return None
    for link in record.content.get("link", []):
        if link.get("type") == "replaced-by":
            return str(link["other"]["reference"]).removeprefix("Patient/")
    return None


async def _contents(connection: Connection, store: Store, ids: Collection[str]) -> dict[str, Json]:
    current = await store.current(connection, [Key("Patient", one) for one in ids])
    return {key.id: one.content for key, one in current.items() if not one.deleted}


async def worn(connection: Connection, *, most: int) -> list[Worn]:
    """Give the numbers that rules don't trust any more, the most borne first."""
    found = await (await connection.execute(_WORN, [most])).fetchall()
    return [Worn(*row) for row in cast("list[tuple[str, int, datetime, list[str]]]", found)]


async def reach(connection: Connection, store: Store, id_: str, *, sight: Sight = EVERYTHING) -> list[str]:
    """Give the ids of all Patients that an id's person has, the golden one first; of one unknown, itself.

    Those that `sight` hides are left out; a hidden one is as one unknown.
    """
    try:
        found = await links_of(connection, store, id_)
    except UnknownPerson:
        return [id_]
    ids = [found[0].golden, *(one.patient for one in found)]
    shown = await _shown(connection, store, [id_, *ids], sight)
    return [one for one in ids if one in shown] if id_ in shown else [id_]
