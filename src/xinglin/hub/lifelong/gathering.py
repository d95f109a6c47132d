"""Reading all that is known about a person: one look into the index of keys, each record read once."""

import asyncio
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any, Final, cast

import msgspec

from xinglin.core.exact_json import ExactDecimal, Json, dumps
from xinglin.hub.database import Connection
from xinglin.hub.hub import Hub
from xinglin.hub.lifelong.elements import member, objects
from xinglin.hub.lifelong.errors import TooManyRecords
from xinglin.hub.lifelong.gaze import OPEN, Gaze
from xinglin.hub.lifelong.links import Linked, linked
from xinglin.hub.lifelong.places import Places, organizations_of, source_of
from xinglin.hub.lifelong.same import Fact, same_facts
from xinglin.hub.lifelong.statements import Statement, cancelled, statement
from xinglin.hub.lifelong.tables import Rules, rules, shapes
from xinglin.hub.records import Gone, Key, Record, Unknown
from xinglin.hub.search.page import Finder
from xinglin.hub.search.search import prepare
from xinglin.hub.sight import Sight
from xinglin.hub.sight.reading import all_seen
from xinglin.hub.sight.seen import seen_by
from xinglin.hub.store import Store
from xinglin.standards.search import Compartment, parse_search

MOST: Final = 20_000
"""Records of a person that one answer reads at most."""

HEIRS: Final = 5
"""How often one Patient may have been replaced by another; a circle ends here."""

_SOURCES: Final = "SELECT id, institution, institution_name FROM source WHERE id = ANY(%s)"

# What is stored was checked when it was stored, for keys written twice too: reading it again needs no check.
_decode: Final = msgspec.json.Decoder(float_hook=ExactDecimal).decode


@dataclass(frozen=True, slots=True)
class Person:
    """A person, the Patient that stands for them, and what their records say.

    `cancelled` are orders of medicines that were taken back: no facts, but they end what bears their number.
    """

    linked: Linked
    head: Record
    statements: Sequence[Statement]
    cancelled: Sequence[Statement] = ()

    def facts(self, use: Rules) -> list[Fact]:
        """Give what is told, each fact once."""
        return same_facts(self.statements, use)


async def gather(
    hub: Hub,
    connection: Connection,
    id_: str,
    types: Iterable[str] | None = None,
    gaze: Gaze = OPEN,
) -> Person:
    """Give what all records of a person say; `id_` is of any of their Patients, source or golden.

    `types` None: all that the timeline knows. What `gaze` hides is left out, what it conceals taken out.
    Raises Unknown, also where the Patient asked for is hidden, Gone, SearchError or TooManyRecords.
    """
    person, head = await _person(hub.store, connection, id_, gaze)
    wanted = sorted(shapes() if types is None else types)
    contents = await _contents(hub.store, connection, person, wanted, gaze)
    places = await _places(hub.store, connection, [content for content, _ in contents], gaze)
    found = await asyncio.to_thread(_statements, contents, places, hub.zone)
    return Person(person, head, *found)


async def facts_of(
    hub: Hub, connection: Connection, id_: str, types: Iterable[str], gaze: Gaze = OPEN
) -> tuple[Person, list[Fact]]:
    """Give a person and the facts of these types. Raises as `gather`."""
    person = await gather(hub, connection, id_, types, gaze)
    return person, await asyncio.to_thread(person.facts, rules("fact"))


async def _person(store: Store, connection: Connection, id_: str, gaze: Gaze) -> tuple[Linked, Record]:
    """Give whose Patient it is, and who stands for them; a Patient that was replaced gives its heir."""
    hops = 0
    while True:
        person = await _as_seen(store, connection, await linked(connection, id_), id_, gaze.sight)
        head = await _head(store, connection, person, id_)
        heir = _heir(head) if person.golden is None else None
        if heir is None or hops == HEIRS:
            return person, _concealed(head, gaze)
        id_, hops = heir, hops + 1


async def _as_seen(store: Store, connection: Connection, person: Linked, id_: str, sight: Sight) -> Linked:
    """Give of a person's Patients those that are seen, without a golden one the one asked for first.

    Raises Unknown where that is hidden.
    """
    if sight.whole:
        return person
    asked = Key("Patient", id_)
    shown = await all_seen(store, connection, [asked, *person.patients], sight=sight)
    if asked not in shown:
        raise Unknown(key=asked)
    patients = [one for one in person.patients if one in shown]
    if person.golden in shown:
        return Linked(person.golden, tuple(patients))
    return Linked(None, (asked, *(one for one in patients if one != asked)))


def _concealed(record: Record, gaze: Gaze) -> Record:
    shown = gaze.shown(record.content)
    return record if shown is record.content else replace(record, body=dumps(shown))


def _heir(patient: Record) -> str | None:
    """Give the id of the Patient that took a Patient's place."""
    for link in objects(patient.content.get("link")):
        kind, _, id_ = str(member(link.get("other")).get("reference") or "").partition("/")
        if link.get("type") == "replaced-by" and kind == "Patient" and id_:
            return id_
    return None


async def _head(store: Store, connection: Connection, person: Linked, id_: str) -> Record:
    """Give the Patient that stands for the person."""
    asked = Key("Patient", id_)
    found = await store.current(connection, [person.head, asked])
    record = found.get(person.head) or found.get(asked)
    if record is None:
        raise Unknown(key=asked)
    if record.deleted:
        record = found.get(asked)
    if record is None or record.deleted:
        raise Gone(key=asked)
    return record


async def _contents(
    store: Store, connection: Connection, person: Linked, types: Sequence[str], gaze: Gaze
) -> list[tuple[Json, int]]:
    """Read the records of these types in the compartments of all the person's Patients, with versions."""
    condition = (await _finder(store, connection, person, types, gaze.sight)).condition()
    cursor = await connection.execute(
        f"SELECT r.type, r.id, r.version, r.body FROM resource r WHERE {condition.text} LIMIT %s",
        [*condition.args, MOST + 1],
        binary=True,
        prepare=False,
    )
    rows = cast("list[tuple[int, str, int, bytes]]", await cursor.fetchall())
    if len(rows) > MOST:
        raise TooManyRecords(person=person.head, most=MOST)
    bodies = await store.open_bodies(connection, rows)
    return [(gaze.shown(_decode(body)), row[2]) for row, body in zip(rows, bodies, strict=True)]


async def _finder(
    store: Store, connection: Connection, person: Linked, types: Sequence[str], sight: Sight
) -> Finder:
    """Make one finder for all compartments: their keys are looked up together."""
    prepared: list[Any] = []
    for patient in person.patients:
        query = parse_search(
            [("_type", ",".join(types))],
            store.parameters.registry,
            compartment=Compartment("Patient", patient.id),
            reading=store.parameters.reading,
        )
        prepared += (await prepare(store, connection, query)).finder.prepared
    return Finder(connection, store, prepared, seen=seen_by(store, sight))


async def _places(store: Store, connection: Connection, contents: Sequence[Json], gaze: Gaze) -> Places:
    sources = {source_of(one)[0] for one in contents} - {""}
    organizations = {target for one in contents for target in organizations_of(one)}
    rows = await (await connection.execute(_SOURCES, [sorted(sources)])).fetchall() if sources else []
    institutions = {id_: (code, name) for id_, code, name in cast("list[tuple[str, str, str]]", rows)}
    places = Places(institutions, await _names(store, connection, organizations, gaze))
    places.learn(one for one in contents if one["resourceType"] == "Encounter")
    return places


async def _names(
    store: Store, connection: Connection, targets: Iterable[str], gaze: Gaze
) -> Mapping[str, str]:
    """Give the names of Organizations by `Organization/id`."""
    keys = [Key("Organization", target.partition("/")[2]) for target in targets]
    found = await all_seen(store, connection, keys, sight=gaze.sight) if keys else {}
    live = {key: gaze.shown(record.content) for key, record in found.items() if not record.deleted}
    return {str(key): str(content.get("name") or "") for key, content in live.items()}


def _statements(
    contents: Sequence[tuple[Json, int]], places: Places, zone: str
) -> tuple[list[Statement], list[Statement]]:
    """Give what is said, and the orders that were taken back."""
    said: list[Statement] = []
    ends: list[Statement] = []
    for content, version in contents:
        one = statement(content, version, places, zone)
        if one is not None:
            said.append(one)
        elif (end := cancelled(content, version, places, zone)) is not None:
            ends.append(end)
    return said, ends
