"""Loading one piece of a delivery into the hub, in one transaction with its counts and its refusals."""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace
from datetime import datetime
from itertools import count
from typing import cast

import msgspec
import psycopg
from psycopg.errors import ProgramLimitExceeded

from xinglin.core.errors import DatabaseError, XinglinError
from xinglin.core.exact_json import Json
from xinglin.core.identifiers import is_id
from xinglin.core.telemetry import describe, logger
from xinglin.hub.changes import BadId
from xinglin.hub.codes import Counts as Seen
from xinglin.hub.codes import note
from xinglin.hub.database import Connection
from xinglin.hub.hub import Hub
from xinglin.hub.intake import deliveries, refused
from xinglin.hub.intake.conditions import bundle_facts_resolved
from xinglin.hub.intake.counts import Counts
from xinglin.hub.intake.fhir import Bundled, entries_of
from xinglin.hub.intake.formats import formats
from xinglin.hub.intake.guard import refuse_future
from xinglin.hub.intake.order import Stamp
from xinglin.hub.intake.refused import Refusal
from xinglin.hub.intake.settle import State, needs_past, take
from xinglin.hub.intake.sources import Source
from xinglin.hub.outline import admit
from xinglin.hub.records import Draft, Key, Record
from xinglin.hub.registries.speaking import Statement, overreach
from xinglin.standards.conversion import Fact, Format, Item, Mode, Origin, Piece
from xinglin.standards.outcome import InvalidRecord

_PAST = """
SELECT t.name, r.id, r.version, r.updated, r.seq, r.body
FROM unnest(%s::smallint[], %s::text[]) AS k(type, id)
JOIN resource_history r USING (type, id) JOIN resource_type t ON t.code = r.type WHERE r.body IS NOT NULL
"""
_RESTATED = """
SELECT t.name, r.id, r.time FROM unnest(%s::smallint[], %s::text[]) AS k(type, id)
JOIN restated r USING (type, id) JOIN resource_type t ON t.code = r.type
"""
_RESTATE = """
INSERT INTO restated (type, id, time) VALUES (%s, %s, %s)
ON CONFLICT (type, id) DO UPDATE SET time = greatest(restated.time, excluded.time)
"""


@dataclass(frozen=True, slots=True)
class Consignment:
    """What every piece of one file of a delivery has in common. `file` counts the files of an archive."""

    delivery: int
    source: Source
    received: datetime
    form: str
    file: int = 0
    member: str = ""

    def stamp(self, item: int) -> Stamp:
        """Give the stamp of an item of this file."""
        return Stamp(self.source.id, self.delivery, self.file, item)


@dataclass(frozen=True, slots=True)
class Prepared:
    """An item that is sound in itself, or why it isn't."""

    item: Item
    facts: Sequence[tuple[Key, Fact]] = ()
    error: XinglinError | None = None

    @property
    def weight(self) -> int:
        """How many items it counts for."""
        return self.item.count if isinstance(self.item, Bundled) else 1

    @property
    def conditional(self) -> Json | None:
        """The bundle whose conditions are to be resolved first."""
        return self.item.conditional if isinstance(self.item, Bundled) else None

    def statement(self) -> Statement:
        """Give its records, for the question in whose name they are; a mention isn't in anybody's."""
        said = [fact.resource for _, fact in self.facts if fact.mode is not Mode.MENTION]
        named = {str(key): fact.resource for key, fact in self.facts if key.type == "Organization"}
        for entry in entries_of(self.conditional) if self.conditional else ():
            record = entry.get("resource")
            if isinstance(record, dict):
                said.append(cast("Json", record))
                named[str(entry.get("fullUrl", ""))] = cast("Json", record)
        return Statement(said, named)


@dataclass
class Outcome:
    """What a piece brought: counts, refusals, and the versions stored."""

    counts: Counts = field(default_factory=Counts)
    refusals: list[Refusal] = field(default_factory=list[Refusal])
    records: list[Record] = field(default_factory=list[Record])

    def refuse(self, prepared: Prepared, error: XinglinError) -> None:
        """Refuse an item."""
        self.counts.refuse(error.code, prepared.weight)
        self.refusals.append(Refusal(prepared.item, error, prepared.weight))

    def add(self, other: "Outcome") -> None:
        """Add what other items brought."""
        self.counts.add(other.counts)
        self.refusals += other.refusals
        self.records += other.records

    def take(self, prepared: Prepared, written: int) -> None:
        """Count an item of whose facts so many brought a version."""
        weight = prepared.weight
        accepted = written if isinstance(prepared.item, Bundled) else min(written, 1)
        self.counts.take(accepted=accepted, unchanged=weight - accepted, unknown=prepared.item.unknown)


class Loader:
    """Loads pieces into a hub. `namespaces` tells by source whose numbers its records bear."""

    def __init__(self, hub: Hub, namespaces: Mapping[str, str]) -> None:
        self._hub = hub
        self._namespaces = namespaces
        self.formats = formats(hub.mappings)

    async def load(self, consignment: Consignment, number: int, piece: Piece) -> Counts | None:
        """Load piece `number` of a delivery; None where that was done before. Durable when this returns.

        Should it fail in a way nobody foresaw, its items are loaded one by one: only the culprit is refused.
        """
        ready = self._read(consignment, piece)
        try:
            outcome = await self._hub.transaction(
                lambda connection: self._load(connection, consignment, number, piece, ready)
            )
        except Exception as error:
            if not blames_item(error):
                raise
            outcome = await self._hub.transaction(
                lambda connection: self._load(connection, consignment, number, piece, ready, singly=True)
            )
        if outcome is None:
            return None
        self._hub.written(outcome.records)
        return outcome.counts

    async def load_within(
        self, connection: Connection, consignment: Consignment, number: int, piece: Piece, *, singly: bool
    ) -> Outcome | None:
        """Load a piece in the caller's transaction; None where that was done before.

        `singly` loads each item by itself, and refuses those that fail in a way nobody foresaw.
        """
        ready = self._read(consignment, piece)
        return await self._load(connection, consignment, number, piece, ready, singly=singly)

    async def _load(
        self,
        connection: Connection,
        consignment: Consignment,
        number: int,
        piece: Piece,
        ready: Sequence[Prepared],
        *,
        singly: bool = False,
    ) -> Outcome | None:
        if not await deliveries.claim_piece(connection, consignment.delivery, number):
            return None
        take = self._take_singly if singly else self._take_all
        outcome = await take(connection, ready, consignment)
        await self.keep_refusals(connection, consignment, piece, outcome)
        await deliveries.count_piece(connection, consignment.delivery, number, outcome.counts)
        return outcome

    def _read(self, consignment: Consignment, piece: Piece) -> list[Prepared]:
        origin = consignment.source.origin(self._hub.zone)
        return [self._prepare(item, consignment) for item in read(self.formats, consignment, piece, origin)]

    async def replay(self, connection: Connection, consignment: Consignment, piece: Piece) -> Outcome:
        """Load an item again in the caller's transaction; what is refused isn't kept anew."""
        return await self._take_all(connection, self._read(consignment, piece), consignment)

    async def keep_refusals(
        self, connection: Connection, consignment: Consignment, piece: Piece, outcome: Outcome
    ) -> None:
        """Put what a piece refused into the queue."""
        await refused.keep(
            connection,
            source=consignment.source.id,
            delivery=consignment.delivery,
            member=consignment.member,
            form=consignment.form,
            head=piece.head,
            refusals=outcome.refusals,
        )

    def _prepare(self, item: Item, consignment: Consignment) -> Prepared:
        if item.error is not None:
            return Prepared(item, error=item.error)
        try:
            facts = [self._checked(fact, consignment) for fact in item.facts]
        except XinglinError as error:
            return Prepared(item, error=error)
        except Exception as error:
            return Prepared(item, error=unforeseen(error, consignment))
        return Prepared(item, facts)

    def _checked(self, fact: Fact, consignment: Consignment) -> tuple[Key, Fact]:
        """Give the record's key with the fact, if it keeps the rules of FHIR."""
        content = admit(fact.resource)
        key = Key(content["resourceType"], content["id"])
        if not is_id(key.id):
            raise BadId(found=key.id)
        refuse_future(key, fact.time, consignment.received)
        if consignment.source.validation == "errors" and fact.mode is not Mode.DELETE:
            findings = self._hub.admission.examine(content)
            if any(finding.severity == "error" for finding in findings):
                raise InvalidRecord(findings)
        return key, fact

    async def _take_all(
        self, connection: Connection, ready: Sequence[Prepared], consignment: Consignment
    ) -> Outcome:
        outcome, seen = Outcome(), Seen()
        ready = await self._entitled(connection, ready, consignment)
        ready = await self._standardised(connection, ready, consignment, seen)
        states = await self._states(connection, ready, consignment)
        for one in ready:
            if one.error is not None:
                outcome.refuse(one, one.error)
            elif one.conditional is None:
                self._take(states, one, consignment, outcome)
        outcome.records += await self._write(connection, states)
        for one in ready:
            if one.error is None and one.conditional is not None:
                await self._take_conditional(connection, one, consignment, outcome, seen)
        await note(connection, consignment.source.id, seen)
        outcome.counts.store(record.key.type for record in outcome.records)
        return outcome

    async def _take_singly(
        self, connection: Connection, ready: Sequence[Prepared], consignment: Consignment
    ) -> Outcome:
        """Take each item in a savepoint of its own; what makes the database or us fail is refused."""
        outcome = Outcome()
        for one in ready:
            try:
                async with connection.transaction():
                    outcome.add(await self._take_all(connection, [one], consignment))
            except Exception as error:
                if not blames_item(error):
                    raise
                outcome.refuse(one, unforeseen(error, consignment))
        return outcome

    async def _entitled(
        self, connection: Connection, ready: Sequence[Prepared], consignment: Consignment
    ) -> list[Prepared]:
        """Refuse items in the name of an institution for which the source may not speak."""
        faults = await overreach(
            self._hub.store, connection, consignment.source, [one.statement() for one in ready]
        )
        return [
            replace(one, error=fault) if fault is not None and one.error is None else one
            for one, fault in zip(ready, faults, strict=True)
        ]

    async def _standardised(
        self, connection: Connection, ready: Sequence[Prepared], consignment: Consignment, seen: Seen
    ) -> list[Prepared]:
        """Bring codes and units to the standard; what has no mapping is counted in `seen`."""
        codes, source = self._hub.codes, consignment.source
        await codes.refresh(connection, source.namespace)
        origin = source.origin(self._hub.zone)

        def standard(fact: Fact) -> Fact:
            resource, _ = codes.apply(fact.resource, origin, seen)
            return fact if resource is fact.resource else replace(fact, resource=resource)

        return [replace(one, facts=[(key, standard(fact)) for key, fact in one.facts]) for one in ready]

    def _take(
        self, states: dict[Key, State], one: Prepared, consignment: Consignment, outcome: Outcome
    ) -> None:
        """Take an item's facts, all or none."""
        stamp = consignment.stamp(one.item.number)
        tried: dict[Key, State] = {}
        written = 0
        try:
            for key, fact in one.facts:
                state = tried.get(key) or states[key].copy()
                tried[key] = state
                written += take(state, fact, stamp.of(fact), self._namespaces)
        except XinglinError as error:
            outcome.refuse(one, error)
            return
        except Exception as error:
            outcome.refuse(one, unforeseen(error, consignment))
            return
        states.update(tried)
        outcome.take(one, written)

    async def _states(
        self, connection: Connection, ready: Sequence[Prepared], consignment: Consignment
    ) -> dict[Key, State]:
        wanted = list({key: None for one in ready for key, _ in one.facts})
        current = await self._hub.store.current(connection, wanted, lock=True)
        restated = await self._restated(connection, wanted)
        states = {key: State.of(key, current.get(key), restated.get(key)) for key in wanted}
        if current:
            late = {
                key
                for one in ready
                for key, fact in one.facts
                if needs_past(states[key], fact, consignment.stamp(one.item.number).of(fact))
            }
            await self._add_past(connection, states, sorted(late))
        return states

    async def _restated(self, connection: Connection, keys: Sequence[Key]) -> dict[Key, datetime]:
        rows = await (await connection.execute(_RESTATED, self._columns(keys))).fetchall()
        return {
            Key(kind, id_): time for kind, id_, time in msgspec.convert(rows, list[tuple[str, str, datetime]])
        }

    async def _add_past(
        self, connection: Connection, states: Mapping[Key, State], keys: Sequence[Key]
    ) -> None:
        if not keys:
            return
        rows = await (await connection.execute(_PAST, self._columns(keys), binary=True)).fetchall()
        for record in await self._hub.store.records(connection, rows):
            states[record.key].remember(record.content)

    def _columns(self, keys: Sequence[Key]) -> list[list[int] | list[str]]:
        return [[self._hub.store.types[key.type] for key in keys], [key.id for key in keys]]

    async def _write(self, connection: Connection, states: Mapping[Key, State]) -> list[Record]:
        """Write the versions in rounds, one of a record in each; sorted, so that two can't deadlock."""
        changed = sorted((s for s in states.values() if s.writes), key=lambda state: state.key)
        written: list[Record] = []
        latest = {state.key: state.record for state in changed}
        for turn in count():
            drafts = [Draft(s.key, s.writes[turn], latest[s.key]) for s in changed if len(s.writes) > turn]
            if not drafts:
                break
            records = await self._hub.store.write(connection, drafts)
            latest |= {record.key: record for record in records}
            written += records
        await self._restate(connection, [s for s in states.values() if s.newly_restated])
        return written

    async def _restate(self, connection: Connection, states: Sequence[State]) -> None:
        types = self._hub.store.types
        rows = sorted((types[s.key.type], s.key.id, s.restated) for s in states)
        if rows:
            await connection.cursor().executemany(_RESTATE, rows)

    async def _take_conditional(
        self, connection: Connection, one: Prepared, consignment: Consignment, outcome: Outcome, seen: Seen
    ) -> None:
        """Take entries that set conditions, which see what was stored before them; all or none."""
        origin = consignment.source.origin(self._hub.zone)
        try:
            facts = await bundle_facts_resolved(connection, self._hub.match, one.conditional or {}, origin)
            checked = replace(one, facts=[self._checked(fact, consignment) for fact in facts])
        except DatabaseError:
            raise
        except XinglinError as error:
            outcome.refuse(one, error)
            return
        ready = await self._standardised(connection, [checked], consignment, seen)
        states = await self._states(connection, ready, consignment)
        self._take(states, ready[0], consignment, outcome)
        outcome.records += await self._write(connection, states)


def read(
    known: Mapping[str, Format], consignment: Consignment, piece: Piece, origin: Origin
) -> Iterator[Item]:
    """Read a piece; should a format fail on it in an unforeseen way, the rest is refused whole, not lost."""
    form = known[consignment.form]
    number, line = piece.item, piece.line
    try:
        for item in form.items(piece, origin):
            number, line = item.number + 1, item.line
            yield item
    except Exception as error:
        yield Item(number, line, piece.body, error=unforeseen(error, consignment))


def blames_item(error: Exception) -> bool:
    """Tell whether loading failed for what an item holds, so that it would fail again.

    A database that is away, full or busy, and a machine out of memory, are no item's fault.
    """
    if isinstance(error, psycopg.Error):
        return isinstance(error, (psycopg.DataError, ProgramLimitExceeded))
    return not isinstance(error, (DatabaseError, OSError, MemoryError))


def unforeseen(error: Exception, consignment: Consignment) -> XinglinError:
    """Log a fault of ours, and give what the item is refused with: one item must not hold up the others."""
    if isinstance(error, XinglinError):
        return error
    logger().error("item failed", format=consignment.form, delivery=consignment.delivery, **describe(error))
    return XinglinError()
