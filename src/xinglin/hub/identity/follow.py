"""Following the change sequence: every Patient that came or changed is matched, in bounded steps.

Each step is one transaction with its place in the sequence, so a kill loses at most a step and nothing is
left out. What was matched at intake already is passed over.
"""

import asyncio
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Final, cast

from xinglin.hub.database import Connection
from xinglin.hub.hub import Hub
from xinglin.hub.identity.matching import Matched, identify

STEP: Final = 200
"""Patients matched in one transaction at most."""
WINDOW: Final = 20_000
"""Changes of all types looked through in one step."""
WAIT_SECONDS: Final = 0.5
"""How long to leave another process alone that follows."""

_LOCK: Final = "SELECT place FROM identity_progress FOR UPDATE SKIP LOCKED"
_NEXT: Final = """
WITH near AS MATERIALIZED (
    SELECT seq, type, id FROM resource WHERE seq > %(place)s AND seq < (SELECT change_horizon())
    ORDER BY seq LIMIT %(window)s
), found AS (
    SELECT seq, id FROM near WHERE type = %(type)s ORDER BY seq LIMIT %(most)s
)
SELECT (SELECT array_agg(id ORDER BY seq) FROM found), (SELECT max(seq) FROM found),
    (SELECT max(seq) FROM near), (SELECT count(*) FROM near)
"""
_GOT_TO: Final = "UPDATE identity_progress SET place = %s, done = done + %s, updated = now()"


@dataclass(frozen=True, slots=True)
class Progress:
    """What following did: Patients matched and taken out, golden Patients written.

    `finished`: nothing was left to do; `busy`: another process is at it.
    """

    matched: int = 0
    removed: int = 0
    goldens: int = 0
    finished: bool = False
    busy: bool = False

    def plus(self, other: "Progress") -> "Progress":
        """Give the sums, and how the later one ended."""
        return Progress(
            self.matched + other.matched,
            self.removed + other.removed,
            self.goldens + other.goldens,
            other.finished,
            other.busy,
        )


async def follow(hub: Hub, *, most: int, again: bool = False) -> Progress:
    """Match up to about `most` Patients that are new, in steps; asked again it goes on from there.

    `again` matches those anew that were matched before (rules or model have changed).
    """
    total = Progress()
    while not total.finished and not total.busy and total.matched + total.removed < most:
        total = total.plus(await step(hub, again=again))
    if total.busy:
        await asyncio.sleep(WAIT_SECONDS)
    return total


async def step(hub: Hub, *, again: bool = False) -> Progress:
    """Do one step, in a transaction of its own."""

    async def work(connection: Connection) -> tuple[Progress, Matched]:
        return await _step(connection, hub, again=again)

    progress, matched = await hub.transaction(work)
    hub.written(matched.records)
    return progress


async def _step(connection: Connection, hub: Hub, *, again: bool) -> tuple[Progress, Matched]:
    row = await (await connection.execute(_LOCK)).fetchone()
    if row is None:
        return Progress(busy=True), Matched()
    asked = {"place": row[0], "window": WINDOW, "type": hub.store.types["Patient"], "most": STEP}
    answer = await (await connection.execute(_NEXT, asked)).fetchone()
    ids, last, looked_to, looked = cast(
        "tuple[Sequence[str] | None, int | None, int | None, int]", answer or (None, None, None, 0)
    )
    ids = ids or ()
    full = len(ids) == STEP
    place = last if full else looked_to
    matched = await identify(connection, hub.store, ids, again=again) if ids else Matched()
    if place is not None:
        await connection.execute(_GOT_TO, [place, matched.matched])
    finished = not full and looked < WINDOW
    told = Progress(matched.matched, matched.removed, len(matched.records), finished=finished)
    return told, matched


async def restart(connection: Connection) -> None:
    """Have all Patients looked at again, from the first."""
    await connection.execute("UPDATE identity_progress SET place = -1, done = 0, updated = now()")
