"""Reading all that is known about a person: one look into the index of keys, each record read once."""

import asyncio
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Final, cast

import msgspec

from xinglin.core.exact_json import ExactDecimal, Json
from xinglin.hub.database import Connection
from xinglin.hub.hub import Hub
from xinglin.hub.lifelong.elements import member, objects
from xinglin.hub.lifelong.errors import TooManyRecords
from xinglin.hub.lifelong.links import Linked, linked
from xinglin.hub.lifelong.places import Places, organizations_of, source_of
from xinglin.hub.lifelong.same import Fact, same_facts
from xinglin.hub.lifelong.statements import Statement, cancelled, statement
from xinglin.hub.lifelong.tables import Rules, rules, shapes
from xinglin.hub.records import Gone, Key, Record, Unknown
from xinglin.hub.search.page import Finder
from xinglin.hub.search.search import prepare
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


async def gather(hub: Hub, connection: Connection, id_: str, types: Iterable[str] | None = None) -> Person:
    """Give what all records of a person say; `id_` is of any of their Patients, source or golden.

    `types` None: all that the timeline knows. Raises Unknown, Gone, SearchError or TooManyRecords.
    """
    person, head = await _person(hub.store, connection, id_)
    wanted = sorted(shapes() if types is None else types)
    contents = await _contents(hub.store, connection, person, wanted)
    places = await _places(hub.store, connection, [content for content, _ in contents])
    found = await asyncio.to_thread(_statements, contents, places, hub.zone)
    return Person(person, head, *found)


async def facts_of(
    hub: Hub, connection: Connection, id_: str, types: Iterable[str]
) -> tuple[Person, list[Fact]]:
    """Give a person and the facts of these types. Raises as `gather`."""
    person = await gather(hub, connection, id_, types)
    return person, await asyncio.to_thread(person.facts, rules("fact"))


async def _person(store: Store, connection: Connection, id_: str) -> tuple[Linked, Record]:
    """Give whose Patient it is, and who stands for them; a Patient that was replaced gives its heir."""
    hops = 0
    while True:
        person = await linked(connection, id_)
        head = await _head(store, connection, person, id_)
        heir = _heir(head) if person.golden is None else None
        if heir is None or hops == HEIRS:
            return person, head
        id_, hops = heir, hops + 1


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
    store: Store, connection: Connection, person: Linked, types: Sequence[str]
) -> list[tuple[Json, int]]:
    """Read the records of these types in the compartments of all the person's Patients, with versions."""
    condition = (await _finder(store, connection, person, types)).condition()
    cursor = await connection.execute(
        f"SELECT r.version, r.body FROM resource r WHERE {condition.text} LIMIT %s",
        [*condition.args, MOST + 1],
        binary=True,
        prepare=False,
    )
    rows = cast("list[tuple[int, bytes]]", await cursor.fetchall())
    if len(rows) > MOST:
        raise TooManyRecords(person=person.head, most=MOST)
    bodies = await store.open_bodies(connection, [body for _, body in rows])
    return [(_decode(body), version) for (version, _), body in zip(rows, bodies, strict=True)]


async def _finder(store: Store, connection: Connection, person: Linked, types: Sequence[str]) -> Finder:
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
    return Finder(connection, store, prepared)


async def _places(store: Store, connection: Connection, contents: Sequence[Json]) -> Places:
    sources = {source_of(one)[0] for one in contents} - {""}
    organizations = {target for one in contents for target in organizations_of(one)}
    rows = await (await connection.execute(_SOURCES, [sorted(sources)])).fetchall() if sources else []
    institutions = {id_: (code, name) for id_, code, name in cast("list[tuple[str, str, str]]", rows)}
    places = Places(institutions, await _names(store, connection, organizations))
    places.learn(one for one in contents if one["resourceType"] == "Encounter")
    return places


async def _names(store: Store, connection: Connection, targets: Iterable[str]) -> Mapping[str, str]:
    """Give the names of Organizations by `Organization/id`."""
    keys = [Key("Organization", target.partition("/")[2]) for target in targets]
    found = await store.current(connection, keys) if keys else {}
    return {
        str(key): str(record.content.get("name") or "") for key, record in found.items() if not record.deleted
    }


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
