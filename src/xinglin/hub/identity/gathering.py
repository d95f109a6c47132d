"""Gathering for the full pass: what is compared of every source Patient, brought up to date.

What is new is entered with the change number `UNMATCHED`: should the pass end early, following finds it.
"""

from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import date
from typing import Final, cast

from xinglin.core.clock import now
from xinglin.hub.database import Connection
from xinglin.hub.hub import Hub
from xinglin.hub.identity import institutions, rows
from xinglin.hub.identity.comparing import Compared, compared
from xinglin.hub.identity.golden import golden_id
from xinglin.hub.identity.tables import LINK
from xinglin.hub.records import Key, Record
from xinglin.standards.search.keys import digest

TOGETHER: Final = 1_000
"""Patients read in one transaction."""
UNMATCHED: Final = -1
"""In place of a change number in `person_link`: no version of this Patient is matched yet."""

_BEGINS: Final = "SELECT change_horizon()"
_SOURCES: Final = """
SELECT r.id FROM resource r LEFT JOIN person_golden g ON g.golden = r.id
WHERE r.type = %(type)s AND r.id > %(after)s AND r.body IS NOT NULL AND g.golden IS NULL
ORDER BY r.id LIMIT %(most)s
"""
_GO_BACK: Final = "UPDATE identity_progress SET place = least(place, %s)"


@dataclass
class Gathered:
    """What a full pass works on.

    `seqs`: change number of each source Patient, by id; `entered`: those that weren't matched yet; `holders`:
    by rule, how many hold each number (its key); `begun`: the change number from which on changes are newer.
    """

    begun: int
    seqs: dict[str, int] = field(default_factory=dict[str, int])
    entered: set[str] = field(default_factory=set[str])
    holders: dict[str, Counter[int]] = field(default_factory=dict[str, Counter[int]])

    def count(self, one: Compared) -> None:
        """Count the numbers of a record. One that another names as the same counts as held by two."""
        for rule, key in one.rule_keys():
            if rule.column != LINK:
                self.holders.setdefault(rule.id, Counter())[digest(key)] += 1
            elif not key.endswith(f"|{one.id}"):
                self.holders.setdefault(rule.id, Counter())[digest(key)] += 2


async def gather(hub: Hub) -> Gathered:
    """Bring what is compared of all source Patients up to date, in bounded transactions."""
    async with hub.database.connection() as connection:
        row = await (await connection.execute(_BEGINS)).fetchone()
    found = Gathered(cast("tuple[int]", row)[0])
    today, after = now().date(), ""
    while True:

        async def work(connection: Connection, after: str = after) -> Sequence[str]:
            return await _gather(connection, hub, found, after, today)

        ids = await hub.transaction(work)
        if not ids:
            return found
        after = ids[-1]


async def _gather(
    connection: Connection, hub: Hub, found: Gathered, after: str, today: date
) -> Sequence[str]:
    asked = {"type": hub.store.types["Patient"], "after": after, "most": TOGETHER}
    answer = await (await connection.execute(_SOURCES, asked)).fetchall()
    ids = [str(id_) for (id_,) in answer]
    current = await hub.store.current(connection, [Key("Patient", one) for one in ids])
    records = [one for one in current.values() if not one.deleted]
    namespaces = await institutions.namespaces(connection)
    said = {one.key.id: compared(one.content, today, namespaces) for one in records}
    entered = await _enter(connection, records, said)
    for record in records:  # after all that may fail, as the transaction may run again
        found.seqs[record.key.id] = record.seq
        found.count(said[record.key.id])
    found.entered |= entered
    return ids


async def _enter(connection: Connection, records: Sequence[Record], said: Mapping[str, Compared]) -> set[str]:
    """Enter what isn't there as it is now; give its ids."""
    known = await rows.known(connection, said)
    links = await rows.links(connection, said)
    new = {
        one.key.id: one.seq
        for one in records
        if (id_ := one.key.id) not in known
        or links[id_].seq != one.seq
        or known[id_].body != said[id_].pack()
    }
    if new:  # the place first: following takes its row before the lock, too
        await connection.execute(_GO_BACK, [min(new.values()) - 1])
        await connection.execute(rows.LOCK)
        await rows.enter(
            connection,
            {id_: (golden_id(id_), UNMATCHED) for id_ in new},
            {id_: (said[id_].pack(), said[id_].keys()) for id_ in new},
        )
    return set(new)
