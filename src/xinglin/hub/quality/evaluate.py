"""Judging what is new, in bounded steps: each is one transaction, so a kill loses at most a step.

The change sequence is followed by the records' present versions alone (docs/decisions/002): a newer version
of a record stands later in the sequence, so every record is met in its last state. What a record's rules
found stands beside it (`quality_record`), so its next version takes the old one's place exactly.
When the rules change, the sequence is followed from its start again; results are replaced on the way.
"""

import asyncio
import re
from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from typing import Final, cast
from zoneinfo import ZoneInfo

from xinglin.core.exact_json import Json, loads
from xinglin.core.telemetry import logger
from xinglin.hub.database import Connection
from xinglin.hub.hub import Hub
from xinglin.hub.identity.golden import is_golden
from xinglin.hub.quality import ledger, windows
from xinglin.hub.quality.judge import Judge, Verdict
from xinglin.hub.quality.ledger import Numbers, Pair, Result
from xinglin.hub.quality.ruleset import RuleSet, in_force
from xinglin.hub.store import Store
from xinglin.standards.search.keys import self_key

UNKNOWN: Final = "unknown"
"""The institution of records that no registered source delivered."""
STEP: Final = 1_000
"""Records judged in one transaction at most."""
WAIT_SECONDS: Final = 0.5
"""How long to leave another process alone that judges."""
WINDOWS_SHARE: Final = 20
"""A step asks one day for so many records it may judge."""

_SOURCE: Final = re.compile(r"urn:xinglin:source:(.+):\d+(?:#.*)?")
_LOCK: Final = "SELECT rules, place FROM quality_progress FOR UPDATE SKIP LOCKED"
_NEXT: Final = """
SELECT seq, updated, version, type, id, body FROM resource
WHERE seq > %s AND seq < (SELECT change_horizon()) ORDER BY seq LIMIT %s
"""
_FIRST: Final = """
SELECT h.type, h.id, h.updated FROM unnest(%s::smallint[], %s::text[]) AS k(type, id)
JOIN resource_history h USING (type, id) WHERE h.version = 1
"""
_GOT_TO: Final = "UPDATE quality_progress SET place = %s, done = done + %s, updated = now()"
_BEGIN: Final = "UPDATE quality_progress SET rules = %s, place = -1, done = 0, updated = now()"
_DROP_OLD_RULES: Final = """
WITH gone AS (
    SELECT number FROM quality_rule WHERE kind = 'sql' AND NOT id = ANY(%s::text[])
), counted AS (
    DELETE FROM quality_count WHERE rule IN (SELECT number FROM gone)
)
DELETE FROM quality_finding WHERE rule IN (SELECT number FROM gone)
"""
_TOUCH_ALL: Final = """
INSERT INTO quality_window (institution, day, touched) SELECT DISTINCT institution, day, now()
FROM quality_count ON CONFLICT DO NOTHING
"""


@dataclass(frozen=True, slots=True)
class Progress:
    """What one step did.

    `records` judged, `removed` (deleted records taken out), `days` asked; `finished`: nothing was left to do;
    `busy`: another process is at it. `unanswered` counts rules that broke on a record, by rule.
    """

    records: int = 0
    removed: int = 0
    days: int = 0
    finished: bool = False
    busy: bool = False
    unanswered: Mapping[str, int] = field(default_factory=dict[str, int])


async def evaluate(hub: Hub, *, most: int, rules: RuleSet | None = None) -> Progress:
    """Judge up to `most` records that are new, in steps, by the rules in force (or `rules`).

    Gives the sums; asked again it goes on from there. Where another process is at it, it waits a moment and
    comes back `busy`. Raises FaultyTable or DatabaseError.
    """
    evaluator = Evaluator(hub, rules or in_force(hub.quality), hub.zone)
    total = Progress()
    while not total.finished and not total.busy and total.records + total.removed < most:
        made = await evaluator.step(most=min(STEP, most))
        total = Progress(
            records=total.records + made.records,
            removed=total.removed + made.removed,
            days=total.days + made.days,
            finished=made.finished,
            busy=made.busy,
            unanswered=Counter(total.unanswered) + Counter(made.unanswered),
        )
    if total.busy:
        await asyncio.sleep(WAIT_SECONDS)
    return total


@dataclass(frozen=True, slots=True)
class _Version:
    seq: int
    pair: Pair
    received: datetime
    content: Json | None


class Evaluator:
    """Judges the records of a hub by a rule set."""

    def __init__(self, hub: Hub, rules: RuleSet, zone: str) -> None:
        self._hub = hub
        self._store: Store = hub.store
        self._rules = rules
        self._judge = Judge(rules, ZoneInfo(zone))
        self._named = [(rule.id, rule.kind) for rule in rules.rules.values()]

    async def step(self, *, most: int) -> Progress:
        """Judge up to `most` records and ask some days, in one transaction. Raises DatabaseError."""
        progress = await self._hub.transaction(lambda connection: self._step(connection, most))
        for rule, count in progress.unanswered.items():
            logger().warning("quality rule broke on records", rule=rule, records=count)
        return progress

    async def _step(self, connection: Connection, most: int) -> Progress:
        row = await (await connection.execute(_LOCK)).fetchone()
        if row is None:
            return Progress(busy=True)
        rules, place = cast("tuple[str, int]", row)
        if rules != self._rules.fingerprint:
            await self._begin(connection)
            place = -1
        versions = await self._versions(connection, place, most)
        present = [one for one in versions if one.content is not None]
        sources = await _institutions(connection, present)
        verdicts = self._verdicts(present)
        known = await ledger.numbers(connection, self._named, sources)
        if versions:
            await self._record(connection, known, versions, verdicts, sources)
            await connection.execute(_GOT_TO, [versions[-1].seq, len(versions)])
        caught_up = len(versions) < most
        allowed = max(1, most // WINDOWS_SHARE)
        days = await windows.ask(
            connection, self._rules, known.rules, self._store.types, most=allowed, caught_up=caught_up
        )
        return Progress(
            records=len(present),
            removed=len(versions) - len(present),
            days=days,
            finished=caught_up and days < allowed,
            unanswered=Counter(rule for one in verdicts for rule in one.unanswered),
        )

    async def _begin(self, connection: Connection) -> None:
        """Start from the first record again, by the rules that are in force now."""
        await connection.execute(_BEGIN, [self._rules.fingerprint])
        await connection.execute(_DROP_OLD_RULES, [[rule.id for rule in self._rules.of_kind("sql")]])
        await connection.execute(_TOUCH_ALL)

    async def _versions(self, connection: Connection, place: int, most: int) -> list[_Version]:
        cursor = await connection.execute(_NEXT, [place, most], binary=True)
        rows = cast("list[tuple[int, datetime, int, int, str, bytes | None]]", await cursor.fetchall())
        later = [(row[3], row[4]) for row in rows if row[2] > 1 and row[5] is not None]
        arrived = await _first_received(connection, later)
        stored = [(kind, id_, version, body) for _, _, version, kind, id_, body in rows if body is not None]
        bodies = iter(await self._store.open_bodies(connection, stored))
        return [
            _Version(
                seq,
                (type_, id_),
                arrived.get((type_, id_), updated),
                _judgeable(loads(next(bodies))) if frame else None,
            )
            for seq, updated, _, type_, id_, frame in rows
        ]

    def _verdicts(self, present: Sequence[_Version]) -> list[Verdict]:
        return [self._judge.judge(one.content or {}, one.received) for one in present]

    async def _record(
        self,
        connection: Connection,
        known: Numbers,
        versions: Sequence[_Version],
        verdicts: Sequence[Verdict],
        sources: Sequence[str],
    ) -> None:
        old = await ledger.before(connection, [one.pair for one in versions])
        present = [one for one in versions if one.content is not None]
        new = [
            Result(
                one.pair,
                (known.institutions[source], verdict.day),
                verdict.subject,
                ledger.written(verdict.facts),
                tuple(known.rules[rule] for rule in verdict.tested),
                tuple(known.rules[rule] for rule in verdict.failed),
            )
            for one, verdict, source in zip(present, verdicts, sources, strict=True)
        ]
        await ledger.replace(connection, known, list(old.values()), new)
        await self._touch(connection, old, new)

    async def _touch(self, connection: Connection, old: Mapping[Pair, Result], new: Sequence[Result]) -> None:
        patient = self._store.types["Patient"]
        windowed = {self._store.types[name] for name in self._judge.windowed}
        changed = [*old.values(), *new]
        people = {one.pair: one for one in new if one.pair[0] == patient}
        before = {pair: one for pair, one in old.items() if pair[0] == patient}
        # New patients, patients that are gone, and those about whom something else is known now.
        news = [
            pair
            for pair in people.keys() | before.keys()
            if (pair in people) != (pair in before) or not _alike(people[pair], before[pair])
        ]
        names = self._store.type_names
        await ledger.touch(
            connection,
            (one.window for one in changed if one.pair[0] in windowed),
            subjects=[self_key("Patient", id_) for _, id_ in news],
            arrived=[self_key(names[t], i) for t, i in (r.pair for r in new) if (t, i) not in old],
            patient=patient,
        )


def _judgeable(content: Json) -> Json | None:
    """Give a record unless nobody answers for it: a golden Patient repeats what sources said."""
    return None if content["resourceType"] == "Patient" and is_golden(content) else content


def _alike(one: Result, other: Result) -> bool:
    """Compare facts by content: the database writes JSON in its own way."""
    facts = [loads(text.encode()) if text else None for text in (one.facts, other.facts)]
    return facts[0] == facts[1]


async def _first_received(connection: Connection, pairs: Sequence[Pair]) -> dict[Pair, datetime]:
    """Tell when records that have several versions were first received."""
    if not pairs:
        return {}
    cursor = await connection.execute(_FIRST, [[t for t, _ in pairs], [i for _, i in pairs]], binary=True)
    rows = cast("list[tuple[int, str, datetime]]", await cursor.fetchall())
    return {(type_, id_): updated for type_, id_, updated in rows}


async def _institutions(connection: Connection, present: Iterable[_Version]) -> list[str]:
    """Tell which institution answers for each record: that of the source it names."""
    named = [source_of((one.content or {}).get("meta", {}).get("source")) for one in present]
    cursor = await connection.execute(
        "SELECT id, institution FROM source WHERE id = ANY(%s::text[])", [sorted({n for n in named if n})]
    )
    known = dict(cast("list[tuple[str, str]]", await cursor.fetchall()))
    return [known.get(name or "", UNKNOWN) for name in named]


def source_of(stamp: object) -> str | None:
    """Read the id of a registered source out of `meta.source`."""
    match = _SOURCE.fullmatch(stamp) if isinstance(stamp, str) else None
    return match[1] if match else None
