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
"""Different rules that consents may say for one purpose at most; how many people say them doesn't matter."""
FEW: Final = 2_000
"""Consents that are told by their Patients; more are asked for in the database, by their rules."""
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
_ALL: Final = "SELECT rule::text, mark FROM consent_rule"
_OF: Final = """
SELECT rule::text, mark FROM consent_rule WHERE mark IN
    (SELECT mark FROM consent WHERE patient = ANY(%s::text[]))
"""
_SAYING: Final = "SELECT mark, patient FROM consent WHERE mark = ANY(%s::bigint[]) LIMIT %s"
_SAYING_OF: Final = """
SELECT mark, patient FROM consent WHERE mark = ANY(%s::bigint[]) AND patient = ANY(%s::text[])
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
    everybody's: where many have any, they are named by their rules alone. Purposes that a law puts above
    consent give nothing (`data/purposes.csv`). Raises TooManyConsents.
    """
    if is_above_consent(purpose):
        return ()
    people = None if patients is None else sorted(await _same_people(connection, patients))
    if people is None:
        cursor = await connection.execute(_ALL)
    else:
        cursor = await connection.execute(_OF, [people])
    rows = cast("list[tuple[str, int]]", await cursor.fetchall())
    if not rows:
        return ()
    if len(rows) > MOST:
        raise TooManyConsents(most=f"{MOST:,}")
    zone = ZoneInfo(store.parameters.reading.zone)
    asked = Asked(await _actors(store, connection, who), who.institution is not None, purpose, now, zone)
    regions: dict[Region, set[int]] = {}
    for text, mark in rows:
        for region in denied(_rule(text), asked, store.labelling.rules):
            regions.setdefault(region, set()).add(mark)
    if not regions:
        return ()
    own = await _same_people(connection, [who.patient]) if is_own(purpose) and who.patient else set[str]()
    return await _withouts(connection, regions, own, people)


async def _withouts(
    connection: Connection, regions: dict[Region, set[int]], own: set[str], people: list[str] | None
) -> tuple[Without, ...]:
    saying = await _saying(connection, set[int]().union(*regions.values()), people)
    found: list[Without] = []
    for region, marks in regions.items():
        if saying is None:
            found.append(Without(None, region.labels, region.types, None, frozenset(marks), region.records))
            continue
        named = {one for mark in marks for one in saying.get(mark, ())}
        patients = frozenset(await _same_people(connection, named)) - own if named else frozenset[str]()
        if patients:
            found.append(Without(patients, region.labels, region.types, records=region.records))
    return tuple(sorted(found, key=repr))


async def _saying(
    connection: Connection, marks: set[int], people: list[str] | None
) -> dict[int, list[str]] | None:
    """Give whose consents say the rules; None: too many to be named."""
    listed = sorted(marks)
    if people is None:
        cursor = await connection.execute(_SAYING, [listed, FEW + 1])
    else:
        cursor = await connection.execute(_SAYING_OF, [listed, people])
    rows = cast("list[tuple[int, str]]", await cursor.fetchall())
    if people is None and len(rows) > FEW:
        return None
    found: dict[int, list[str]] = {}
    for mark, patient in rows:
        found.setdefault(mark, []).append(patient)
    return found


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
