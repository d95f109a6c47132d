"""Cross-references: from an identifier in one system to the same person's in others (IHE PIXm)."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any, Final, cast
from urllib.parse import quote

from xinglin.core.exact_json import Json, dumps
from xinglin.hub.database import Connection
from xinglin.hub.hub import Hub
from xinglin.hub.identity.errors import UnknownDomain, UnknownSourceIdentifier
from xinglin.hub.identity.questions import reach
from xinglin.hub.records import Key
from xinglin.hub.search.match import match
from xinglin.hub.sight import EVERYTHING, Sight
from xinglin.hub.sight.reading import all_seen

MOST: Final = 50
"""Source Patients with one identifier that are looked at, at most."""


@dataclass(frozen=True, slots=True)
class Crossed:
    """The identifiers of a person, and the ids of its Patients, the golden one first."""

    identifiers: Sequence[Json]
    patients: Sequence[str]


async def cross(
    connection: Connection,
    hub: Hub,
    system: str,
    value: str,
    targets: Sequence[str],
    *,
    sight: Sight = EVERYTHING,
) -> Crossed:
    """Give the identifiers that the person with this one has in the systems `targets` (none: in all).

    The identifier asked by is left out, and so are Patients that `sight` hides.

    Raises UnknownDomain or UnknownSourceIdentifier.
    """
    for parameter, one in [("sourceIdentifier", system), *(("targetSystem", one) for one in targets)]:
        if not await _find(connection, hub, f"{one}|", 1, sight):
            raise UnknownDomain(parameter=parameter, system=one)
    found = await _find(connection, hub, f"{system}|{value}", MOST, sight)
    if not found:
        raise UnknownSourceIdentifier
    patients: dict[str, None] = {}
    for key in found:
        patients |= dict.fromkeys(await reach(connection, hub.store, key.id, sight=sight))
    keys = [Key("Patient", one) for one in patients]
    records = await all_seen(hub.store, connection, keys, sight=sight)
    identifiers: dict[bytes, Json] = {}
    chosen: dict[str, None] = {}
    for id_ in patients:
        record = records.get(Key("Patient", id_))
        if record is None or record.deleted:
            continue
        mine = [one for one in _identifiers(record.content) if not targets or one.get("system") in targets]
        identifiers |= {
            dumps({"s": one.get("system"), "v": one.get("value")}): one
            for one in mine
            if (one.get("system"), one.get("value")) != (system, value)
        }
        if mine:
            chosen[id_] = None
    return Crossed(list(identifiers.values()), list(chosen))


async def _find(connection: Connection, hub: Hub, token: str, most: int, sight: Sight) -> Sequence[Key]:
    return await match(hub.store, connection, "Patient", f"identifier={quote(token)}", most, sight=sight)


def _identifiers(patient: Json) -> list[Json]:
    found = patient.get("identifier")
    entries = cast("list[Any]", found) if isinstance(found, list) else []
    return [cast("Json", one) for one in entries if isinstance(one, dict)]
