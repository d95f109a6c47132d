"""Under which records somebody stands in the hub: the same person, department, institution by number."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from typing import Any

from xinglin.core.exact_json import Json
from xinglin.hub.database import Connection
from xinglin.hub.hub import Hub
from xinglin.hub.records import Key
from xinglin.hub.search.search import Asked
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
    """Whoever asks, as person and as place: the department, or the institution of who has none; and roles."""

    practitioners: Named = Named()
    places: Named = Named()
    roles: frozenset[str] = frozenset()


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
    return Standing(person, place, who.roles)


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
            yield f"{_plain(system)}|{_plain(value)}"


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
