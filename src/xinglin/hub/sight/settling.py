"""Consents that a sight names by their rules, put in as Patients, so that single records can be judged.

The database asks for consents row by row (`members_sql`). A record that is judged by what it says names few
Patients; which of them have such a consent is asked on the connection that read it.
"""

import re
from collections.abc import Iterable
from dataclasses import replace
from typing import Final, cast

from xinglin.core.exact_json import Json, dumps
from xinglin.hub.database import Connection
from xinglin.hub.sight.model import Sight, Without
from xinglin.hub.sight.seen import Seen
from xinglin.standards.search.keys import self_key

_PATIENT: Final = re.compile(rb'"(?:[^"]{0,512}/)?Patient/([A-Za-z0-9\-.]{1,64})["/]')
_DENIED: Final = """
SELECT id FROM unnest(%s::text[], %s::bigint[]) AS p(id, key) WHERE consent_denies(key, %s::bigint[])
"""


async def settled(connection: Connection, seen: Seen, contents: Iterable[Json]) -> Seen:
    """Give what judges these records."""
    if not needs_settling(seen.sight):
        return seen
    return replace(seen, sight=await settled_for(connection, seen.sight, patients_of(contents)))


def needs_settling(sight: Sight) -> bool:
    """Tell whether a sight names consents by their rules."""
    return any(one.consents is not None for one in sight.without)


async def settled_for(connection: Connection, sight: Sight, patients: Iterable[str]) -> Sight:
    """Give a sight that judges records of these Patients and no others."""
    ids = sorted(set(patients))
    without = [await _settled(connection, one, ids) for one in sight.without]
    return replace(sight, without=tuple(one for one in without if one.patients != frozenset()))


def patients_of(contents: Iterable[Json]) -> set[str]:
    """Give the ids of all Patients that records are or name anywhere."""
    found: set[str] = set()
    for content in contents:
        if content.get("resourceType") == "Patient":
            found.add(str(content.get("id") or ""))
        found |= {id_.decode() for id_ in _PATIENT.findall(dumps(content))}
    return found


async def _settled(connection: Connection, one: Without, ids: list[str]) -> Without:
    if one.consents is None:
        return one
    asked = [ids, [self_key("Patient", id_) for id_ in ids], sorted(one.consents)]
    rows = await (await connection.execute(_DENIED, asked)).fetchall() if ids else []
    denied = frozenset(row[0] for row in cast("list[tuple[str]]", rows))
    return replace(one, consents=None, patients=denied if one.patients is None else denied & one.patients)
