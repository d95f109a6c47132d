"""Decisions on local codes: mappings are accepted, rejected and withdrawn; no decision is ever deleted."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import cast

from xinglin.core.errors import TerminologyError
from xinglin.hub.changes import Update, carry_out
from xinglin.hub.codes.maps import concept_map
from xinglin.hub.database import Connection
from xinglin.hub.hub import Hub
from xinglin.hub.records import Key, Record
from xinglin.standards.labitems.ranker import Learned
from xinglin.standards.labitems.table import table

ACCEPT, REJECT, WITHDRAW = "accept", "reject", "withdraw"

# Decisions are numbered in the order in which they become visible: whoever knows the newest knows all.
_LOCK = "SELECT pg_advisory_xact_lock(hashtext('xinglin.code_decision'))"
_DECIDE = """
INSERT INTO code_decision (system, code, name, action, target, reason, who)
VALUES (%s, %s, %s, %s, %s, %s, %s) RETURNING id
"""
_SET = """
INSERT INTO code_map (system, code, name, target, decision) VALUES (%s, %s, %s, %s, %s)
ON CONFLICT (system, code) DO UPDATE
SET name = excluded.name, target = excluded.target, decision = excluded.decision
"""
_UNSET = "DELETE FROM code_map WHERE system = %s AND code = %s"
_CURRENT = "SELECT target FROM code_map WHERE system = %s AND code = %s"
_WORK = """
INSERT INTO code_work (system, code) VALUES (%s, %s)
ON CONFLICT (system, code) DO UPDATE SET target = NULL, place = -1, done = 0
"""
_OF_SYSTEM = "SELECT code, name, target FROM code_map WHERE system = %s ORDER BY code"
_HISTORY = """
SELECT id, system, code, name, action, target, reason, who, at FROM code_decision
WHERE system = %s AND code = %s ORDER BY id
"""
_ACCEPTED = "SELECT name, target, count(*) FROM code_map GROUP BY 1, 2"
_REJECTED = """
SELECT name, target, count(DISTINCT (system, code)) FROM code_decision WHERE action = 'reject' GROUP BY 1, 2
"""
_REJECTED_HERE = """
SELECT DISTINCT ON (target) target, action FROM code_decision
WHERE system = %s AND code = %s AND action IN ('accept', 'reject') ORDER BY target, id DESC
"""


class UnknownTarget(TerminologyError):
    """A mapping to an item that the table doesn't have."""

    code = "XL8100"
    message = "The table of laboratory items has no item {target}."
    remedy = "Look for the item with `xinglin codes candidates`, and give its code, not LOINC's or a name."
    status = 422
    issue = "not-found"


class NothingToWithdraw(TerminologyError):
    """A mapping is to be withdrawn that isn't there."""

    code = "XL8101"
    message = "{code} has no accepted mapping."
    remedy = "Look at what was decided with `xinglin codes candidates`."
    status = 409
    issue = "conflict"


class NoReason(TerminologyError):
    """A decision without who or why."""

    code = "XL8102"
    message = "A decision needs a reason and the name of whoever decides."
    remedy = "Give both; they are kept with the mapping."
    status = 422
    issue = "required"


@dataclass(frozen=True, slots=True)
class Decision:
    """What is decided on a local code; `action` is accept, reject or withdraw (without `target`)."""

    system: str
    code: str
    name: str
    action: str
    target: str
    reason: str
    who: str


@dataclass(frozen=True, slots=True)
class Decided:
    """A decision as it was stored."""

    id: int
    system: str
    code: str
    name: str
    action: str
    target: str
    reason: str
    who: str
    at: datetime


async def decide(hub: Hub, decisions: Sequence[Decision]) -> None:
    """Store decisions, all or none, and the ConceptMap records that follow from them.

    Raises UnknownTarget, NothingToWithdraw or NoReason.
    """
    for one in decisions:
        if one.action != WITHDRAW and one.target not in table():
            raise UnknownTarget(target=one.target)
        if not one.reason.strip() or not one.who.strip():
            raise NoReason

    async def work(connection: Connection) -> list[Record]:
        await connection.execute(_LOCK)
        changed = {one.system for one in decisions if await _decide(connection, one)}
        return [r for system in sorted(changed) if (r := await _write_map(hub, connection, system))]

    hub.written(await hub.transaction(work))


async def _decide(connection: Connection, one: Decision) -> bool:
    """Store one decision; tell whether a mapping has changed."""
    row = await (await connection.execute(_CURRENT, [one.system, one.code])).fetchone()
    current = cast("str | None", row[0] if row else None)
    if one.action == WITHDRAW and current is None:
        raise NothingToWithdraw(code=one.code)
    target = one.target or current
    stored = [one.system, one.code, one.name, one.action, target, one.reason, one.who]
    number = await (await connection.execute(_DECIDE, stored)).fetchone()
    if one.action == ACCEPT:
        await connection.execute(_SET, [one.system, one.code, one.name, target, number[0] if number else 0])
    elif current is not None and current == target:  # a rejection of what was accepted withdraws it
        await connection.execute(_UNSET, [one.system, one.code])
    else:
        return False
    if one.action != ACCEPT or current != target:
        await connection.execute(_WORK, [one.system, one.code])
    return True


async def _write_map(hub: Hub, connection: Connection, system: str) -> Record | None:
    """Write the ConceptMap of a system's accepted mappings."""
    rows = await (await connection.execute(_OF_SYSTEM, [system])).fetchall()
    content = concept_map(system, cast("list[tuple[str, str, str]]", rows))
    key = Key("ConceptMap", content["id"])
    done = await carry_out(connection, hub.store, [Update("ConceptMap", key, content=content)])
    return done[0].record


async def history(connection: Connection, system: str, code: str) -> list[Decided]:
    """Give all that was decided on a code, in order."""
    rows = await (await connection.execute(_HISTORY, [system, code])).fetchall()
    return [Decided(*cast("tuple[int, str, str, str, str, str, str, str, datetime]", row)) for row in rows]


async def rejected(connection: Connection, system: str, code: str) -> set[str]:
    """Give the items that were rejected for a code, and not accepted since."""
    rows = await (await connection.execute(_REJECTED_HERE, [system, code])).fetchall()
    return {target for target, action in cast("list[tuple[str, str]]", rows) if action == REJECT}


async def learned(connection: Connection) -> Learned:
    """Give what all decisions teach about names."""
    found = Learned()
    accepted = await (await connection.execute(_ACCEPTED)).fetchall()
    for name, target, times in cast("list[tuple[str, str, int]]", accepted):
        found.accept(name, target, times)
    rejected = await (await connection.execute(_REJECTED)).fetchall()
    for name, target, times in cast("list[tuple[str, str, int]]", rejected):
        found.reject(name, target, times)
    return found
