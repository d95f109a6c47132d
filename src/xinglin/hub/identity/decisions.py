"""What people decide about identity: linked, apart, merged, split; every decision can be undone.

A decision becomes pairs that are held together or apart. On one pair the newest decision in force counts; no
decision may contradict others in force. Decisions are never deleted: an undo is a decision too, and can be
undone.
"""

import unicodedata
from collections.abc import Collection, Iterable, Sequence
from dataclasses import dataclass, field, replace
from datetime import datetime
from typing import Final, cast

from xinglin.core.i18n import Phrase
from xinglin.hub.database import Connection
from xinglin.hub.hub import Hub
from xinglin.hub.identity import rows
from xinglin.hub.identity.comparing import evidently_apart
from xinglin.hub.identity.errors import (
    AgainstDecisions,
    DecidedBefore,
    NoReasonGiven,
    OtherwiseNow,
    UndoneBefore,
    UnknownDecision,
    UnknownPerson,
    WrongDecision,
)
from xinglin.hub.identity.partition import Pair, contradiction, ordered
from xinglin.hub.identity.regroup import regroup
from xinglin.hub.records import Record

LINK, APART, UNLINK, MERGE, SPLIT, UNDO = "link", "apart", "unlink", "merge", "split", "undo"
ACTIONS: Final = (LINK, APART, UNLINK, MERGE, SPLIT)
"""What can be decided; see `Wanted`."""

REACH: Final = 1_000
"""Records around a decision that are looked at for contradictions, at most."""

_DECIDE: Final = """
INSERT INTO person_decision (action, subjects, who, why, undoes) VALUES (%s, %s, %s, %s, %s) RETURNING id
"""
_HOLD: Final = """
INSERT INTO person_constraint (decision, first, second, together)
SELECT %s, * FROM unnest(%s::text[], %s::text[], %s::boolean[]) ON CONFLICT DO NOTHING
"""
_ON_PAIR: Final = """
SELECT d.id, d.who FROM person_constraint c JOIN person_decision d ON d.id = c.decision
WHERE c.first = %s AND c.second = %s AND c.in_force ORDER BY d.id DESC LIMIT 1
"""
_FIND: Final = "SELECT action, subjects, undoes FROM person_decision WHERE id = %s"
_UNDONE_BY: Final = "SELECT id, undoes FROM person_decision WHERE action = 'undo' ORDER BY id"
_PAIRS: Final = "SELECT first, second FROM person_constraint WHERE decision = %s"
_SET_FORCE: Final = "UPDATE person_constraint SET in_force = %s WHERE decision = %s"
_HISTORY: Final = """
SELECT d.id, d.action, d.subjects, d.who, d.why, d.at, d.undoes FROM person_decision d
WHERE (%(ids)s::text[] IS NULL OR d.subjects && %(ids)s::text[] OR d.undoes IN (
    SELECT id FROM person_decision WHERE subjects && %(ids)s::text[]))
    AND d.id < %(before)s ORDER BY d.id DESC LIMIT %(most)s
"""
_MOST_NUMBER: Final = 2**63 - 1


@dataclass(frozen=True, slots=True)
class Wanted:
    """A decision to be made, on ids of source Patients.

    - link, apart: the two of a pair; of a pair that waits for review, or nobody decided on yet;
    - unlink: the first leaves its person, `golden`;
    - split: those given leave their person, `golden`, together;
    - merge: two ids of golden Patients become one person.
    """

    action: str
    subjects: Sequence[str]
    who: str
    why: str
    golden: str | None = None


@dataclass(frozen=True, slots=True)
class Decision:
    """A decision as it is kept; `undone` names the decision that undid it, where it isn't in force."""

    id: int
    action: str
    subjects: Sequence[str]
    who: str
    why: str
    at: datetime
    undoes: int | None
    undone: int | None = None


@dataclass
class _Plan:
    subjects: list[str]
    held: dict[Pair, bool] = field(default_factory=dict[Pair, bool])


async def decide(hub: Hub, wanted: Wanted) -> int:
    """Carry out a decision; give its number. Raises IntakeError where it can't be."""

    async def work(connection: Connection) -> tuple[int, list[Record]]:
        return await decide_within(connection, hub, wanted)

    number, records = await hub.transaction(work)
    hub.written(records)
    return number


async def decide_within(connection: Connection, hub: Hub, wanted: Wanted) -> tuple[int, list[Record]]:
    """Carry out a decision in the caller's transaction; give its number and the golden Patients written."""
    _refuse_nameless(wanted.who, wanted.why)
    await connection.execute(rows.LOCK)
    plan = await _plan(connection, wanted)
    number = await _keep(connection, replace(wanted, subjects=plan.subjects))
    pairs = sorted(plan.held)
    columns = [[one for one, _ in pairs], [other for _, other in pairs], [plan.held[pair] for pair in pairs]]
    await connection.execute(_HOLD, [number, *columns])
    return number, await _follow(connection, hub, pairs)


async def undo(hub: Hub, number: int, who: str, why: str) -> int:
    """Undo a decision, or an undo; give the number of this decision. Raises IntakeError."""

    async def work(connection: Connection) -> tuple[int, list[Record]]:
        return await undo_within(connection, hub, number, who, why)

    made, records = await hub.transaction(work)
    hub.written(records)
    return made


async def undo_within(
    connection: Connection, hub: Hub, number: int, who: str, why: str
) -> tuple[int, list[Record]]:
    """Undo a decision in the caller's transaction."""
    _refuse_nameless(who, why)
    await connection.execute(rows.LOCK)
    row = await (await connection.execute(_FIND, [number])).fetchone()
    if row is None:
        raise UnknownDecision(id=number)
    _, subjects, _ = cast("tuple[str, list[str], int | None]", row)
    undone = await _undone(connection)
    if number in undone:
        raise UndoneBefore(id=number, by=undone[number])
    made = await _keep(connection, Wanted(UNDO, subjects, who, why), number)
    root = await _root(connection, number)
    in_force = root not in await _undone(connection)
    await connection.execute(_SET_FORCE, [in_force, root])
    found = await (await connection.execute(_PAIRS, [root])).fetchall()
    return made, await _follow(connection, hub, cast("list[Pair]", found))


async def _root(connection: Connection, number: int) -> int:
    """Give the decision that a chain of undoings is about."""
    while True:
        row = await (await connection.execute(_FIND, [number])).fetchone()
        undoes = cast("tuple[str, list[str], int | None]", row)[2] if row else None
        if undoes is None:
            return number
        number = undoes


async def _undone(connection: Connection) -> dict[int, int]:
    """Give by decision that isn't in force the undo that is."""
    found = cast("list[tuple[int, int]]", await (await connection.execute(_UNDONE_BY)).fetchall())
    undone: dict[int, int] = {}
    for id_, undoes in reversed(found):
        if id_ not in undone:
            undone[undoes] = id_
    return undone


def _refuse_nameless(who: str, why: str) -> None:
    if not plain(who) or not plain(why):
        raise NoReasonGiven


def plain(text: str) -> str:
    """Give a text on one line, without what steers a terminal or turns the order of what is read."""
    kinds = {one: unicodedata.category(one) for one in set(text)}
    seen = "".join(" " if kinds[one] in ("Cc", "Zl", "Zp") else one for one in text if kinds[one] != "Cf")
    return " ".join(seen.split())


async def _keep(connection: Connection, one: Wanted, undoes: int | None = None) -> int:
    stored = [one.action, list(one.subjects), plain(one.who), plain(one.why), undoes]
    answer = await connection.execute(_DECIDE, stored)
    return cast("tuple[int]", await answer.fetchone())[0]


async def _plan(connection: Connection, wanted: Wanted) -> _Plan:
    given = list(dict.fromkeys(wanted.subjects))
    match wanted.action:
        case "link" | "apart":
            return await _plan_pair(connection, given, together=wanted.action == LINK)
        case "unlink" | "split":
            return await _plan_split(connection, wanted, given)
        case "merge":
            return await _plan_merge(connection, given)
        case _:
            raise WrongDecision(action=wanted.action, detail=Phrase("there is no such decision"))


async def _plan_pair(connection: Connection, given: list[str], *, together: bool) -> _Plan:
    if len(given) != 2:
        action = LINK if together else APART
        raise WrongDecision(action=action, detail=Phrase("it takes two ids"))
    await _must_be_known(connection, given)
    pair = ordered(*given)
    row = await (await connection.execute(_ON_PAIR, pair)).fetchone()
    if row is not None:
        id_, who = cast("tuple[int, str]", row)
        raise DecidedBefore(first=pair[0], second=pair[1], id=id_, who=who)
    return _Plan(list(pair), {pair: together})


async def _plan_split(connection: Connection, wanted: Wanted, given: list[str]) -> _Plan:
    """Keep those given apart from the others of their person; what held them together is overruled."""
    if not given or (wanted.action == UNLINK and len(given) != 1):
        raise WrongDecision(action=wanted.action, detail=Phrase("it takes one id"))
    known = await _must_be_known(connection, given)
    golden = wanted.golden or known[given[0]].golden
    for id_ in given:
        if known[id_].golden != golden:
            raise OtherwiseNow(id=id_, golden=golden)
    rest = [one.patient for one in await rows.members(connection, [golden]) if one.patient not in given]
    if not rest:
        raise WrongDecision(action=wanted.action, detail=Phrase("nothing would be left to part from"))
    return _Plan(given, {ordered(one, other): False for one in given for other in rest})


async def _plan_merge(connection: Connection, given: list[str]) -> _Plan:
    """Hold two persons together, record by record, so that it holds whichever of them goes."""
    if len(given) != 2:
        raise WrongDecision(action=MERGE, detail=Phrase("it takes two ids"))
    found = await rows.members(connection, given)
    sides = [[one.patient for one in found if one.golden == golden] for golden in given]
    for golden, side in zip(given, sides, strict=True):
        if not side:
            raise UnknownPerson(id=golden)
    pairs = {ordered(one, other) for one in sides[0] for other in sides[1]}
    for one in await rows.held(connection, sides[0]):
        if one.pair in pairs and not one.together:
            raise AgainstDecisions(first=one.pair[0], second=one.pair[1], ids=one.decision)
    return _Plan([*given, *(one for side in sides for one in sorted(side))], dict.fromkeys(pairs, True))


async def _must_be_known(connection: Connection, given: Collection[str]) -> dict[str, rows.Link]:
    known = await rows.links(connection, given)
    for id_ in given:
        if id_ not in known:
            raise UnknownPerson(id=id_)
    return known


async def _follow(connection: Connection, hub: Hub, pairs: Iterable[Pair]) -> list[Record]:
    """Refuse contradictions, and bring the persons concerned to the decisions as they are now."""
    ids = {id_ for pair in pairs for id_ in pair}
    await _refuse_contradiction(connection, ids)
    present = (await rows.links(connection, ids)).keys()
    return await regroup(connection, hub.store, present, evidently_apart) if present else []


async def _refuse_contradiction(connection: Connection, ids: Collection[str]) -> None:
    nodes: set[str] = set()
    waiting = set(ids)
    found: dict[Pair, rows.Held] = {}
    while waiting and len(nodes) < REACH:
        nodes |= waiting
        for one in await rows.held(connection, waiting):
            found[one.pair] = one
        waiting = {id_ for pair, one in found.items() if one.together for id_ in pair} - nodes
    pair = contradiction(nodes, rows.constraints(found.values()))
    if pair is not None:
        numbers = sorted({one.decision for key, one in found.items() if one.together or key == pair})
        raise AgainstDecisions(first=pair[0], second=pair[1], ids=", ".join(map(str, numbers)))


async def history(
    connection: Connection, ids: Collection[str] | None = None, *, most: int, before: int = _MOST_NUMBER
) -> list[Decision]:
    """Give decisions, newest first: all, or those about some ids."""
    asked = {"ids": None if ids is None else sorted(ids), "before": before, "most": most}
    found = await (await connection.execute(_HISTORY, asked)).fetchall()
    undone = await _undone(connection)
    told = cast("list[tuple[int, str, list[str], str, str, datetime, int | None]]", found)
    return [
        Decision(id_, action, those, plain(who), plain(why), at, undoes, undone.get(id_))
        for id_, action, those, who, why, at, undoes in told
    ]
