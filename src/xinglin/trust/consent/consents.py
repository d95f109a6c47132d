"""The consents in force, as what they take away from what somebody may see."""

from collections.abc import Iterable
from datetime import datetime
from typing import Any, Final, cast
from zoneinfo import ZoneInfo

import msgspec

from xinglin.core.exact_json import Json
from xinglin.hub.consents import Rule
from xinglin.hub.database import Connection
from xinglin.hub.records import Key
from xinglin.hub.sight import Without
from xinglin.hub.store import Store
from xinglin.trust.consent.deciding import Asked, Region, denied
from xinglin.trust.consent.errors import TooManyConsents
from xinglin.trust.consent.purposes import is_above_consent, is_own
from xinglin.trust.who import Who

MOST: Final = 100_000
"""People whose consents are kept to in one request at most."""
DEEPEST: Final = 8
"""Levels of institutions above who asks."""

_STATE: Final = "SELECT generation FROM consent_state"
_PEOPLE: Final = """
SELECT DISTINCT m.patient FROM person_link m
WHERE m.golden IN (SELECT golden FROM person_link WHERE patient = ANY(%(ids)s::text[]))
   OR m.golden = ANY(%(ids)s::text[])
UNION SELECT DISTINCT m.golden FROM person_link m
WHERE m.patient = ANY(%(ids)s::text[])
"""
_ALL: Final = "SELECT rule::text, array_agg(patient ORDER BY patient) FROM consent GROUP BY rule"
_OF: Final = """
SELECT rule::text, array_agg(patient ORDER BY patient) FROM consent
WHERE patient = ANY(%s::text[]) GROUP BY rule
"""

_rule = msgspec.json.Decoder(Rule).decode


async def state(connection: Connection) -> int:
    """Give a number that is another one whenever a consent has changed; as this connection sees it."""
    row = await (await connection.execute(_STATE)).fetchone()
    return cast("tuple[int]", row)[0]


async def withouts(
    store: Store,
    connection: Connection,
    who: Who,
    purpose: str,
    now: datetime,
    *,
    patients: frozenset[str] | None = None,
) -> tuple[Without, ...]:
    """Give what people have taken away from what `who` may see for a purpose.

    With `patients` only their consents are asked for, and those of the same people's other Patients; without,
    everybody's. Purposes that a law puts above consent give nothing (`data/purposes.csv`). Raises
    TooManyConsents.
    """
    if is_above_consent(purpose):
        return ()
    if patients is None:
        cursor = await connection.execute(_ALL)
    else:
        cursor = await connection.execute(_OF, [sorted(await _same_people(connection, patients))])
    rows = cast("list[tuple[str, list[str]]]", await cursor.fetchall())
    if not rows:
        return ()
    zone = ZoneInfo(store.parameters.reading.zone)
    asked = Asked(await _actors(store, connection, who), who.institution is not None, purpose, now, zone)
    regions: dict[Region, set[str]] = {}
    for text, ids in rows:
        for region in denied(_rule(text), asked, store.labelling.rules):
            regions.setdefault(region, set()).update(ids)
    own = await _same_people(connection, [who.patient]) if is_own(purpose) and who.patient else set[str]()
    return await _withouts(connection, regions, own)


async def _withouts(
    connection: Connection, regions: dict[Region, set[str]], own: set[str]
) -> tuple[Without, ...]:
    if sum(map(len, regions.values())) > MOST:
        raise TooManyConsents(most=f"{MOST:,}")
    found: list[Without] = []
    for region, named in regions.items():
        patients = frozenset(await _same_people(connection, named)) - own
        if patients:
            found.append(Without(patients, region.labels, region.types))
    return tuple(sorted(found, key=repr))


async def _same_people(connection: Connection, ids: Iterable[str]) -> set[str]:
    """Give Patients with all others of the same people, golden ones included."""
    named = sorted(ids)
    cursor = await connection.execute(_PEOPLE, {"ids": named})
    return {row[0] for row in cast("list[tuple[str]]", await cursor.fetchall())} | set(named)


async def _actors(store: Store, connection: Connection, who: Who) -> frozenset[str]:
    """Give references to who asks, and to the institutions above."""
    found = {f"Practitioner/{who.practitioner}"} if who.practitioner else set[str]()
    if who.patient:
        found.add(f"Patient/{who.patient}")
    above = {one for one in (who.institution, who.department) if one}
    for _ in range(DEEPEST):
        found |= {f"Organization/{one}" for one in above}
        above = {
            one for one in await _parents(store, connection, above) if f"Organization/{one}" not in found
        }
        if not above:
            break
    return frozenset(found)


async def _parents(store: Store, connection: Connection, ids: Iterable[str]) -> set[str]:
    records = await store.current(connection, [Key("Organization", one) for one in ids])
    named: list[Any] = [one.content.get("partOf") for one in records.values() if not one.deleted]
    references = [str(cast("Json", one).get("reference", "")) for one in named if isinstance(one, dict)]
    return {text.removeprefix("Organization/") for text in references if text.startswith("Organization/")}
