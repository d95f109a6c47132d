"""Bringing persons and their golden Patients to what links and decisions say, around the records touched.

What comes out depends on the links, decisions and records alone, never on what was there before: so undoing
a decision gives back the state from before it.
"""

from collections.abc import Callable, Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any, Final, LiteralString

from xinglin.core.exact_json import Json
from xinglin.hub.changes import Action, Change, Delete, Update, carry_out
from xinglin.hub.database import Connection
from xinglin.hub.identity import rows
from xinglin.hub.identity.golden import TRUST, Spoken, golden, golden_id, heard, replaced
from xinglin.hub.identity.partition import Edge, Partition, partition
from xinglin.hub.identity.rows import Held, Link
from xinglin.hub.intake.order import stamp_of
from xinglin.hub.records import Key, Record
from xinglin.hub.store import Store

REACH: Final = 1_000
"""Records around the touched ones that are looked at together, at most."""

Apart = Callable[[bytes, bytes], bool]
"""Tells of two records' packed features whether they evidently are two people's."""

_MOVE: Final = """
UPDATE person_link l SET golden = n.golden, how = n.how, weight = n.weight,
    since = CASE WHEN l.golden = n.golden THEN l.since ELSE now() END
FROM unnest(%s::text[], %s::text[], %s::text[], %s::real[]) AS n(patient, golden, how, weight)
WHERE l.patient = n.patient
"""
_TOUCHING: Final = """
SELECT first, second FROM person_pair WHERE first = ANY(%(ids)s::text[])
UNION SELECT first, second FROM person_pair WHERE second = ANY(%(ids)s::text[])
"""
_PAIR_STATES: Final[tuple[LiteralString, ...]] = (
    """
    INSERT INTO person_pair (first, second, state, verdict, evidence)
    SELECT DISTINCT c.first, c.second, 'apart', 'none', '{}'::jsonb FROM person_constraint c
    JOIN person_link a ON a.patient = c.first JOIN person_link b ON b.patient = c.second
    WHERE c.in_force AND (c.first = ANY(%(ids)s::text[]) OR c.second = ANY(%(ids)s::text[]))
    ON CONFLICT DO NOTHING
    """,
    f"""
    UPDATE person_pair p SET state = n.state, decision = n.decision, decided_by = n.who, decided = n.at,
        why = n.why
    FROM (
        SELECT p.first, p.second, c.decision, d.who, d.at, d.why,
            CASE WHEN c.together THEN 'linked' WHEN NOT c.together THEN 'apart'
                 WHEN a.golden = b.golden THEN 'linked' WHEN p.verdict = 'none' THEN 'apart'
                 ELSE 'review' END AS state
        FROM ({_TOUCHING}) t JOIN person_pair p USING (first, second)
        JOIN person_link a ON a.patient = p.first JOIN person_link b ON b.patient = p.second
        LEFT JOIN LATERAL (
            SELECT decision, together FROM person_constraint c
            WHERE c.first = p.first AND c.second = p.second AND in_force ORDER BY decision DESC LIMIT 1
        ) c ON true
        LEFT JOIN person_decision d ON d.id = c.decision
    ) n WHERE p.first = n.first AND p.second = n.second
        AND (p.state, p.decision) IS DISTINCT FROM (n.state, n.decision)
    """,
    f"""
    DELETE FROM person_pair p USING ({_TOUCHING}) t
    WHERE p.first = t.first AND p.second = t.second AND p.verdict = 'none' AND p.decision IS NULL
    """,
)
_TRUST: Final = "SELECT id, declared ->> 'trust' FROM source WHERE declared ? 'trust'"
_ACTIVE: Final = """
SELECT golden FROM person_golden WHERE golden = ANY(%s::text[]) AND active ORDER BY golden
"""
_NOTE_GOLDENS: Final = """
INSERT INTO person_golden (golden, seq, active) SELECT * FROM unnest(%s::text[], %s::bigint[], %s::boolean[])
ON CONFLICT (golden) DO UPDATE SET seq = excluded.seq, active = excluded.active
"""


@dataclass
class _Around:
    """The records whose persons may change, and what joins and parts them."""

    links: dict[str, Link] = field(default_factory=dict[str, Link])
    edges: dict[tuple[str, str], Edge] = field(default_factory=dict[tuple[str, str], Edge])
    held: dict[tuple[str, str], Held] = field(default_factory=dict[tuple[str, str], Held])


@dataclass(frozen=True, slots=True)
class _Place:
    """Where a source Patient belongs from now on."""

    golden: str
    how: str
    weight: float | None


async def regroup(
    connection: Connection,
    store: Store,
    ids: Collection[str],
    apart: Apart,
    emptied: Collection[str] = (),
) -> list[Record]:
    """Bring the persons of `ids`, and those that lost members (`emptied` goldens), up to date.

    Gives the golden Patients written. The caller holds `rows.LOCK`.
    """
    around = await _around(connection, ids, emptied)
    found = await _partition(connection, around, apart)
    places = _places(around, found)
    await _move(connection, around, places)
    for query in _PAIR_STATES:
        await connection.execute(query, {"ids": sorted(around.links)})
    changed = {one for one, place in places.items() if place.golden != around.links[one].golden}
    fresh = {places[one].golden for one in (changed | set(ids)) & places.keys()}
    former = {link.golden for link in around.links.values()} | set(emptied)
    fresh |= {places[one].golden for one, link in around.links.items() if link.golden in emptied}
    fresh |= {around.links[one].golden for one in changed}
    living = {place.golden for place in places.values()}
    heirs = {link.golden: places[one].golden for one, link in sorted(around.links.items(), reverse=True)}
    members: dict[str, list[str]] = {}
    for one, place in places.items():
        if place.golden in fresh:
            members.setdefault(place.golden, []).append(one)
    changes = await _golden_changes(connection, store, members)
    changes += [_end(name, heirs.get(name)) for name in await _active(connection, former - living)]
    return await _write(connection, store, changes)


async def _active(connection: Connection, goldens: Collection[str]) -> list[str]:
    """Give those golden Patients that were written and not ended yet."""
    if not goldens:
        return []
    found = await (await connection.execute(_ACTIVE, [sorted(goldens)])).fetchall()
    return [str(name) for (name,) in found]


def _end(name: str, heir: str | None) -> Change:
    """Give what becomes of a golden Patient whose person isn't there any more: replaced, or deleted."""
    key = Key("Patient", name)
    return Delete("Patient", key) if heir is None else Update("Patient", key, content=replaced(name, heir))


async def _around(connection: Connection, ids: Collection[str], emptied: Collection[str]) -> _Around:
    found = _Around()
    waiting: set[str] = set(ids) | {one.patient for one in await rows.members(connection, emptied)}
    while waiting and len(found.links) < REACH:
        near = await rows.links(connection, waiting)
        more = await rows.members(connection, {one.golden for one in near.values()})
        new = {one.patient: one for one in more if one.patient not in found.links}
        found.links |= new
        for edge in await rows.near(connection, new):
            found.edges[edge.pair] = edge
        for one in await rows.held(connection, new):
            found.held[one.pair] = one
        joined = list(found.edges)
        joined += [pair for pair, one in found.held.items() if one.together]
        waiting = {id_ for pair in joined for id_ in pair} - found.links.keys() if new else set[str]()
    return found


async def _partition(connection: Connection, around: _Around, apart: Apart) -> Partition:
    known = await rows.known(connection, around.links) if around.edges else {}

    def evidently_apart(one: str, other: str) -> bool:
        return apart(known[one].body, known[other].body)

    return partition(
        around.links, list(around.edges.values()), rows.constraints(around.held.values()), evidently_apart
    )


def _places(around: _Around, found: Partition) -> dict[str, _Place]:
    places: dict[str, _Place] = {}
    for person in found.persons:
        anchor = min(person, key=lambda one: around.links[one].number)
        name = golden_id(anchor)
        inside = set(person)
        for one in person:
            how, weight = _reason(one, inside, around)
            places[one] = _Place(name, how, weight)
    return places


def _reason(one: str, inside: set[str], around: _Around) -> tuple[str, float | None]:
    """Tell why a record belongs to its person: the strongest of what ties it to another of the person's."""
    if len(inside) == 1:
        return "alone", None
    if any(held.together and one in pair and inside.issuperset(pair) for pair, held in around.held.items()):
        return "decision", None
    edges = [edge for pair, edge in around.edges.items() if one in pair and inside.issuperset(pair)]
    if not edges:
        return "decision", None
    best = min(edges, key=lambda edge: edge.rank)
    return best.how, best.weight or None


async def _move(connection: Connection, around: _Around, places: Mapping[str, _Place]) -> None:
    moved = [
        (one, place)
        for one, place in sorted(places.items())
        if (place.golden, place.how) != (around.links[one].golden, around.links[one].how)
        or abs((place.weight or 0) - (around.links[one].weight or 0)) > 1e-3
    ]
    if moved:
        columns: list[Any] = [
            [one for one, _ in moved],
            *([getattr(place, name) for _, place in moved] for name in ("golden", "how", "weight")),
        ]
        await connection.execute(_MOVE, columns)


async def _golden_changes(
    connection: Connection, store: Store, members: Mapping[str, Sequence[str]]
) -> list[Change]:
    keys = [Key("Patient", one) for those in members.values() for one in those]
    records = await store.current(connection, keys)
    trust = await _trust(connection)
    spoken = {key.id: _spoken(one, trust) for key, one in records.items() if not one.deleted}
    made: list[Change] = []
    for name, those in sorted(members.items()):
        said = [spoken[one] for one in sorted(those) if one in spoken]
        content: Json | None = golden(name, *heard(said, store.labelling.rules)) if said else None
        key = Key("Patient", name)
        made.append(Delete("Patient", key) if content is None else Update("Patient", key, content=content))
    return made


async def _trust(connection: Connection) -> dict[str, int]:
    found: dict[str, int] = {}
    for source, text in await (await connection.execute(_TRUST)).fetchall():
        if str(text).isascii() and str(text).isdigit():
            found[str(source)] = min(int(str(text)), 100)
    return found


def _spoken(record: Record, trust: Mapping[str, int]) -> Spoken:
    stamp = stamp_of(record.content)
    return Spoken(record.key.id, record.content, trust.get(stamp.source, TRUST), stamp.time or record.updated)


async def _write(connection: Connection, store: Store, changes: Iterable[Change]) -> list[Record]:
    done = await carry_out(connection, store, list(changes))
    records = [one.record for one in done if one.record and one.action is not Action.UNCHANGED]
    if records:
        columns = [
            [one.key.id for one in records],
            [one.seq for one in records],
            [not one.deleted and one.content.get("active") is True for one in records],
        ]
        await connection.execute(_NOTE_GOLDENS, columns)
    return records
