"""Loading one piece of a delivery into the hub, in one transaction with its counts and its refusals."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace

from xinglin.core.errors import DatabaseError, XinglinError
from xinglin.hub.codes import Counts as Seen
from xinglin.hub.codes import note
from xinglin.hub.database import Connection
from xinglin.hub.hub import Hub
from xinglin.hub.intake import deliveries, refused
from xinglin.hub.intake.conditions import bundle_facts_resolved
from xinglin.hub.intake.consignment import Consignment
from xinglin.hub.intake.counts import Counts
from xinglin.hub.intake.faults import blames_item, unforeseen
from xinglin.hub.intake.fhir import Bundled
from xinglin.hub.intake.formats import formats
from xinglin.hub.intake.order import Stamp
from xinglin.hub.intake.prepare import Prepared, check, prepare, read
from xinglin.hub.intake.refused import Refusal
from xinglin.hub.intake.settle import State, take
from xinglin.hub.intake.states import states_of, write
from xinglin.hub.records import Key, Record
from xinglin.hub.registries.speaking import overreach
from xinglin.standards.conversion import Fact, Piece


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
        items = read(self.formats, consignment, piece, origin)
        return [prepare(item, consignment, self._hub.admission) for item in items]

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

    async def _take_all(
        self, connection: Connection, ready: Sequence[Prepared], consignment: Consignment
    ) -> Outcome:
        outcome, seen = Outcome(), Seen()
        ready = await self._entitled(connection, ready, consignment)
        ready = await self._standardised(connection, ready, consignment, seen)
        states = await states_of(connection, self._hub.store, _arriving(ready, consignment))
        for one in ready:
            if one.error is not None:
                outcome.refuse(one, one.error)
            elif one.conditional is None:
                self._take(states, one, consignment, outcome)
        outcome.records += await write(connection, self._hub.store, states)
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

    async def _take_conditional(
        self, connection: Connection, one: Prepared, consignment: Consignment, outcome: Outcome, seen: Seen
    ) -> None:
        """Take entries that set conditions, which see what was stored before them; all or none."""
        origin = consignment.source.origin(self._hub.zone)
        try:
            facts = await bundle_facts_resolved(connection, self._hub.match, one.conditional or {}, origin)
            checked = replace(one, facts=[check(fact, consignment, self._hub.admission) for fact in facts])
        except DatabaseError:
            raise
        except XinglinError as error:
            outcome.refuse(one, error)
            return
        ready = await self._standardised(connection, [checked], consignment, seen)
        states = await states_of(connection, self._hub.store, _arriving(ready, consignment))
        self._take(states, ready[0], consignment, outcome)
        outcome.records += await write(connection, self._hub.store, states)


def _arriving(ready: Sequence[Prepared], consignment: Consignment) -> list[tuple[Key, Fact, Stamp]]:
    return [
        (key, fact, consignment.stamp(one.item.number).of(fact)) for one in ready for key, fact in one.facts
    ]
