"""Following the log with the rules, in bounded steps.

Each step is one transaction with its place in the log, so a kill loses at most a step and no entry is counted
twice. Entries have numbers without holes and become visible in their order: nothing is passed over.
"""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import Final, cast
from zoneinfo import ZoneInfo

import msgspec

from xinglin.core.identifiers import is_id
from xinglin.core.telemetry import logger
from xinglin.hub.database import Connection
from xinglin.hub.hub import Hub
from xinglin.trust.log.alerts import queue
from xinglin.trust.log.alerts.choosing import Choosing
from xinglin.trust.log.alerts.queue import Raised
from xinglin.trust.log.alerts.rules import Rule
from xinglin.trust.log.entry import Told, decode
from xinglin.trust.log.errors import BrokenLog
from xinglin.trust.log.rows import column
from xinglin.trust.policy.tables import Tables

STEP: Final = 500
"""Entries looked at in one transaction."""

_LOCK: Final = "SELECT place FROM audit_follow FOR UPDATE SKIP LOCKED"
_NEXT: Final = "SELECT number, body FROM audit_entry WHERE number >= %s ORDER BY number LIMIT %s"
_GOT_TO: Final = "UPDATE audit_follow SET place = %s, updated = now()"
_TALLIES: Final = (
    "SELECT rule, who, item, at, number FROM audit_tally"
    " JOIN unnest(%s::text[], %s::text[]) AS w (rule, who) USING (rule, who)"
)
_FORGET: Final = (
    "DELETE FROM audit_tally USING unnest(%s::text[], %s::text[]) AS w (rule, who)"
    " WHERE audit_tally.rule = w.rule AND audit_tally.who = w.who"
)
_KEEP: Final = (
    "INSERT INTO audit_tally (rule, who, item, at, number)"
    " SELECT * FROM unnest(%s::text[], %s::text[], %s::text[], %s::timestamptz[], %s::bigint[])"
)
_OLD: Final = "DELETE FROM audit_tally WHERE at < %s"

Pair = tuple[str, str]
"""A rule and an agent."""


@dataclass(slots=True)
class Tally:
    """What has been counted of one agent by one rule: when each item came last, and in which entry."""

    rule: Rule
    items: dict[str, tuple[datetime, int]] = field(default_factory=dict[str, tuple[datetime, int]])

    def add(self, who: str, items: Sequence[str], at: datetime, number: int) -> Raised | None:
        """Count items of an entry; at the threshold give the alert, and begin anew."""
        for one in items:
            self.items.pop(one, None)
            self.items[one] = (at, number)
        if len(self.items) < self.rule.threshold:
            return None
        oldest = at - timedelta(minutes=self.rule.minutes)
        self.items = {item: seen for item, seen in self.items.items() if seen[0] > oldest}
        if len(self.items) < self.rule.threshold:
            return None
        first = min(seen for _, seen in self.items.values())
        raised = Raised(self.rule.id, who, "", self.rule.severity, len(self.items), first, number, at)
        self.items = {}
        return raised


@dataclass(frozen=True, slots=True)
class Progress:
    """What a step did: entries looked at, alerts raised or grown; `finished`: nothing was left to do."""

    entries: int
    alerts: int
    finished: bool


async def follow(hub: Hub, rules: Sequence[Rule], tables: Tables, *, most: int) -> Progress:
    """Look at up to about `most` entries that are new, in steps; asked again it goes on from there."""
    entries = alerts = 0
    while entries < most:
        done = await step(hub, rules, tables)
        entries, alerts = entries + done.entries, alerts + done.alerts
        if done.finished:
            return Progress(entries, alerts, finished=True)
    return Progress(entries, alerts, finished=False)


async def step(hub: Hub, rules: Sequence[Rule], tables: Tables) -> Progress:
    """Look at the next entries, in a transaction of its own; where another process is at it, do nothing."""

    async def work(connection: Connection) -> Progress:
        row = await (await connection.execute(_LOCK)).fetchone()
        if row is None:
            return Progress(0, 0, finished=True)
        found = await (await connection.execute(_NEXT, [row[0], STEP])).fetchall()
        if not found:
            return Progress(0, 0, finished=True)
        entries = list(_readable(cast("list[tuple[int, bytes]]", found)))
        raised = await _judge(
            connection, Judging(Choosing(hub, connection, tables), ZoneInfo(hub.zone)), rules, entries
        )
        await queue.put(connection, raised)
        await connection.execute(_GOT_TO, [cast("int", found[-1][0]) + 1])
        return Progress(len(found), len(raised), finished=len(found) < STEP)

    return await hub.transaction(work)


def _readable(found: Sequence[tuple[int, bytes]]) -> Iterator[tuple[int, Told]]:
    """Read entries; one that somebody spoilt mustn't keep the rules from all that come after it."""
    for number, body in found:
        try:
            yield number, decode(body)
        except (msgspec.DecodeError, ValueError):
            logger().error("audit entry can't be read", code=BrokenLog.code, number=number)


@dataclass(frozen=True, slots=True)
class Judging:
    """What judging needs beside rules and entries."""

    choosing: Choosing
    zone: ZoneInfo


async def _judge(
    connection: Connection, judging: Judging, rules: Sequence[Rule], entries: Sequence[tuple[int, Told]]
) -> list[Raised]:
    met = [
        (rule, number, told)
        for number, told in entries
        for rule in rules
        if rule.concerns(told, judging.zone)
    ]
    pairs = {(rule.id, column(told.who.id)): rule for rule, _, told in met if rule.minutes}
    tallies = await _tallies(connection, pairs)
    raised: list[Raised] = []
    for rule, number, told in met:
        items = await _items(judging.choosing, rule, number, told)
        if rule.minutes == 0:
            raised += [
                Raised(rule.id, column(told.who.id), one, rule.severity, 1, number, number, told.at)
                for one in items
            ]
        elif items:
            alert = tallies[rule.id, column(told.who.id)].add(column(told.who.id), items, told.at, number)
            raised += [alert] if alert else []
    await _keep(connection, tallies)
    if not entries:
        return raised
    longest = max((rule.minutes for rule in rules), default=0)
    oldest = min(told.at for _, told in entries)
    await connection.execute(_OLD, [oldest - timedelta(minutes=longest)])
    return raised


async def _items(choosing: Choosing, rule: Rule, number: int, told: Told) -> list[str]:
    if rule.count == "entries":
        return [str(number)]
    patients = [one for one in told.patients if is_id(one)]
    if rule.patients == "self-made":
        return [one for one in patients if await choosing.is_self_made(told.who, one, told.at)]
    return await choosing.chosen(rule, told.who, patients)


async def _tallies(connection: Connection, pairs: dict[Pair, Rule]) -> dict[Pair, Tally]:
    tallies = {pair: Tally(rule) for pair, rule in pairs.items()}
    if pairs:
        asked = [[rule for rule, _ in pairs], [who for _, who in pairs]]
        found = await (await connection.execute(_TALLIES, asked)).fetchall()
        for rule, who, item, at, number in cast("list[tuple[str, str, str, datetime, int]]", found):
            tallies[rule, who].items[item] = (at, number)
    return tallies


async def _keep(connection: Connection, tallies: dict[Pair, Tally]) -> None:
    if not tallies:
        return
    await connection.execute(_FORGET, [[rule for rule, _ in tallies], [who for _, who in tallies]])
    rows = [(*pair, item, *seen) for pair, tally in tallies.items() for item, seen in tally.items.items()]
    if rows:
        await connection.execute(_KEEP, [list(column) for column in zip(*rows, strict=True)])
