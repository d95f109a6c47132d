"""Records that make a treating relation, as a person writes them: they must name the writer's own.

Whoever opens a visit may read the patient's records from then on. So nobody opens one in the name of another
institution, or for nobody in particular: what the record says can be asked of its writer afterwards. What
is demanded stands in the policies' table relation_makers.csv; alerts look for relations made by oneself.
"""

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Final, cast

from xinglin.core.exact_json import Json
from xinglin.core.i18n import Phrase
from xinglin.hub.database import Connection
from xinglin.hub.hub import Hub
from xinglin.hub.records import Key
from xinglin.hub.references import literal
from xinglin.hub.search.search import Asked
from xinglin.trust.gate.errors import NotOwnRelation
from xinglin.trust.policy.standing import Named, number, own_places, standing
from xinglin.trust.policy.tables import Row, Tables
from xinglin.trust.who import Who

DEEPEST: Final = 8
"""Levels of an institution's parts."""

PLACE: Final = Phrase("your own institution or department")
PEOPLE: Final = Phrase("you or somebody of your institution")


@dataclass(frozen=True, slots=True)
class Made:
    """A record as it is about to be stored; `place` is where the request has it."""

    content: Json
    place: str = ""


@dataclass(frozen=True, slots=True)
class _Own:
    people: Named
    places: Named


class Relating:
    """Checks what one person writes."""

    def __init__(self, hub: Hub, who: Who, tables: Tables) -> None:
        self._hub, self._who = hub, who
        self._rows: Mapping[str, Row] = {row["type"]: row for row in tables.rows("relation_makers")}

    def concerns(self, kind: str) -> bool:
        """Tell whether records of a type are checked: programs and sources write for whole institutions."""
        return self._who.kind == "user" and kind in self._rows

    async def check(self, connection: Connection, records: Sequence[Made]) -> None:
        """Refuse what makes a relation and isn't the writer's own. Raises NotOwnRelation."""
        making = [one for one in records if self._makes(one.content)]
        if not making:
            return
        places = await own_places(self._hub, connection, self._who)
        own = _Own((await standing(self._hub, connection, self._who)).practitioners, places)
        for one in making:
            await self._check(connection, one, own)

    def _makes(self, content: Json) -> bool:
        kind = str(content.get("resourceType"))
        return self.concerns(kind) and any(content.get(name) for name in self._rows[kind]["relates"].split())

    async def _check(self, connection: Connection, made: Made, own: _Own) -> None:
        row = self._rows[str(made.content["resourceType"])]
        demands = [(row["place"], PLACE, self._is_place), (row["people"], PEOPLE, self._is_person)]
        for paths, missing, is_own in demands:
            if not paths:
                continue
            for reference in _references(made.content, paths):
                if await is_own(connection, reference, own):
                    break
            else:
                named = ", ".join(paths.split())
                raise NotOwnRelation(
                    type=row["type"], missing=missing, elements=named, expression=made.place or None
                )

    async def _is_person(self, connection: Connection, reference: Json, own: _Own) -> bool:
        """Tell whether a reference names the writer, a colleague, or a place of theirs."""
        if _named(reference, own.people):
            return True
        key = _key(reference)
        if key is None or key.type == "Organization":
            return await self._is_place(connection, reference, own)
        if key.type == "PractitionerRole":
            held = [await self._content(connection, key)]
        elif key.type == "Practitioner":
            asked = Asked([("practitioner", str(key)), ("_count", "50")], "PractitionerRole")
            found = await self._hub.search(asked, connection)
            held = [hit.record.content for hit in found.matches]
        else:
            return False
        places = [one["organization"] for one in held if isinstance(one.get("organization"), dict)]
        return any([await self._is_place(connection, cast("Json", one), own) for one in places])

    async def _is_place(self, connection: Connection, reference: Json, own: _Own) -> bool:
        """Tell whether a reference names the writer's institution, its parts included, or department."""
        for _ in range(DEEPEST):
            if _named(reference, own.places):
                return True
            key = _key(reference)
            if key is None or key.type != "Organization":
                return False
            above: Any = (await self._content(connection, key)).get("partOf")
            if not isinstance(above, dict):
                return False
            reference = cast("Json", above)
        return False

    async def _content(self, connection: Connection, key: Key) -> Json:
        found = (await self._hub.store.current(connection, [key])).get(key)
        return {} if found is None or found.deleted else found.content


def _references(content: Json, paths: str) -> Iterator[Json]:
    for path in paths.split():
        found: Iterable[Any] = [content]
        for name in path.split("."):
            found = [
                inner
                for one in found
                if isinstance(one, dict)
                for inner in _listed(cast("Json", one).get(name))
            ]
        yield from (one for one in found if isinstance(one, dict))


def _listed(value: Any) -> list[Any]:
    return cast("list[Any]", value) if isinstance(value, list) else [value]


def _named(reference: Json, named: Named) -> bool:
    identifier: Json = reference.get("identifier") or {}
    system, value = identifier.get("system"), identifier.get("value")
    if system and value and number(system, value) in named.numbers:
        return True
    return str(_key(reference)) in named.references


def _key(reference: Json) -> Key | None:
    text = literal(str(reference.get("reference") or ""))
    return None if text is None else Key(*text.split("/", 1))
