"""Under which records somebody stands in the hub: the same person, department, institution by number."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from typing import Any

from xinglin.core.exact_json import Json
from xinglin.hub.database import Connection
from xinglin.hub.hub import Hub
from xinglin.hub.intake import sources
from xinglin.hub.records import Key
from xinglin.hub.registries.records import organization_id, read_key
from xinglin.hub.search.search import Asked
from xinglin.standards.identifiers import Fault
from xinglin.trust.who import Who

MOST = 50
"""Records of one person or place, and numbers of each, that are looked for."""


@dataclass(frozen=True, slots=True)
class Named:
    """What others may refer to somebody by: references (`Practitioner/1`) and numbers (`system|value`)."""

    references: tuple[str, ...] = ()
    numbers: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class Standing:
    """Whoever asks, as person and as place: the department, or the institution of who has none; and roles.

    `sources` deliver for the whole institution, in the form of `hub.sight`; none for who is of a department.
    """

    practitioners: Named = Named()
    places: Named = Named()
    roles: frozenset[str] = frozenset()
    sources: frozenset[str] = frozenset()


async def standing(hub: Hub, connection: Connection, who: Who) -> Standing:
    """Find under which records somebody stands."""
    person, place = Named(), Named()
    if who.practitioner is not None:
        person = await _named(hub, connection, "Practitioner", who.practitioner)
        held = await _ids(hub, connection, "PractitionerRole", "practitioner", person.references)
        person = Named((*person.references, *held), person.numbers)
    place_id = who.department or who.institution
    if place_id is not None:
        place = await _named(hub, connection, "Organization", place_id)
    whole = await origins(connection, who) if who.department is None else frozenset[str]()
    return Standing(person, place, who.roles, whole)


async def own_places(hub: Hub, connection: Connection, who: Who) -> Named:
    """Find all records of somebody's department and institution."""
    ids = dict.fromkeys(one for one in (who.department, who.institution) if one)
    found = [await _named(hub, connection, "Organization", one) for one in ids]
    return Named(
        tuple(reference for one in found for reference in one.references),
        tuple(known for one in found for known in one.numbers),
    )


async def _named(hub: Hub, connection: Connection, kind: str, id_: str) -> Named:
    own = f"{kind}/{id_}"
    record = (await hub.store.current(connection, [Key(kind, id_)])).get(Key(kind, id_))
    if record is None or record.deleted:
        return Named((own,))
    numbers = tuple(dict.fromkeys(_numbers(record.content)))[:MOST]
    same = await _ids(hub, connection, kind, "identifier", numbers)
    return Named(tuple(dict.fromkeys([own, *same])), numbers)


def _numbers(content: Json) -> Iterable[str]:
    given: Any = content.get("identifier") or ()
    for one in given:
        system, value = one.get("system"), one.get("value")
        if system and value:
            yield number(system, value)


def number(system: str, value: str) -> str:
    """Write a number as `Named` has it and a search takes it."""
    return f"{_plain(system)}|{_plain(value)}"


def _plain(text: str) -> str:
    """Write a text so that a search takes each sign of it as it is (FHIR 4.0.1, search.html#escaping)."""
    for sign in "\\$,|":
        text = text.replace(sign, f"\\{sign}")
    return text


async def _ids(
    hub: Hub, connection: Connection, kind: str, parameter: str, values: Sequence[str]
) -> list[str]:
    """Give references to the records of a type that answer one of a parameter's values."""
    if not values:
        return []
    asked = Asked([(parameter, ",".join(values)), ("_count", str(MOST)), ("_elements", "id")], kind)
    found = await hub.search(asked, connection)
    return [str(hit.record.key) for hit in found.matches]


async def origins(connection: Connection, who: Who) -> frozenset[str]:
    """Give the sources that deliver for somebody's institution, as `hub.sight` names them."""
    if who.institution is None:
        return frozenset()
    listed = await sources.list_all(connection)
    return frozenset(
        f"source:{one.id}"
        for one in listed
        if one.id != sources.LOCAL.id and who.institution in _registered(one)
    )


def _registered(source: sources.Source) -> set[str]:
    """Give the ids under which a source's institution may be registered."""
    keys = [read_key(code) for code in (source.institution, source.institution_code or "") if code]
    return {organization_id(key) for key in keys if not isinstance(key, Fault)}
