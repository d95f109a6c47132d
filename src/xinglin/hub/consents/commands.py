"""What the `xinglin consent` commands do."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any, Final, cast

from xinglin.core.settings import Settings
from xinglin.hub.database import Connection
from xinglin.hub.hub import Hub
from xinglin.hub.identity import rows as identity
from xinglin.hub.opened import with_hub

_FIND: Final = """
SELECT c.id, c.patient, r.rule, c.faults FROM consent c JOIN consent_rule r USING (mark)
WHERE (%(patients)s::text[] IS NULL OR c.patient = ANY(%(patients)s::text[]))
  AND (NOT %(unclear)s OR c.faults <> '[]')
ORDER BY c.patient, c.id LIMIT %(most)s
"""


@dataclass(frozen=True, slots=True)
class Told:
    """A consent in force: whose, what of it is enforced, and the places that can't be evaluated."""

    id: str
    patient: str
    rule: Any
    faults: Sequence[str]


def listed(settings: Settings, *, unclear: bool, most: int) -> Sequence[Told]:
    """Give up to `most` consents that close anything; with `unclear` those not understood in all."""
    return with_hub(settings, lambda hub: _found(hub, None, unclear=unclear, most=most))


def of_person(settings: Settings, patient: str, *, most: int = 1_000) -> Sequence[Told]:
    """Give the consents of a person, by the id of any Patient that they are."""

    async def ask(hub: Hub) -> Sequence[Told]:
        async with hub.database.connection() as connection:
            ids = await _people(connection, patient)
        return await _found(hub, ids, unclear=False, most=most)

    return with_hub(settings, ask)


async def _people(connection: Connection, patient: str) -> list[str]:
    link = (await identity.links(connection, [patient])).get(patient)
    golden = patient if link is None else link.golden
    return sorted({patient, golden, *(one.patient for one in await identity.members(connection, [golden]))})


async def _found(hub: Hub, patients: list[str] | None, *, unclear: bool, most: int) -> Sequence[Told]:
    asked = {"patients": patients, "unclear": unclear, "most": most}
    async with hub.database.connection() as connection:
        rows = await (await connection.execute(_FIND, asked)).fetchall()
    return [Told(*row) for row in cast("list[tuple[str, str, Any, list[str]]]", rows)]
