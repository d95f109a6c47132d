"""Loading refused items again, after their cause was corrected: in the item, at the source or in the hub."""

import io
from collections.abc import Sequence
from typing import Final

import msgspec
from psycopg import Rollback

from xinglin.core.clock import now
from xinglin.hub.database import Connection
from xinglin.hub.hub import Hub
from xinglin.hub.intake import deliveries, refused, sources
from xinglin.hub.intake.consignment import Consignment
from xinglin.hub.intake.counts import Counts
from xinglin.hub.intake.faults import blames_item, unforeseen
from xinglin.hub.intake.load import Loader, Outcome
from xinglin.hub.intake.refused import Refusal, Refused
from xinglin.hub.intake.run import WHOLE_FILE, cut
from xinglin.hub.intake.sources import Source
from xinglin.hub.references import Unresolved
from xinglin.standards.conversion import Item, Piece

WAITING_FOR_OTHERS: Final = (Unresolved.code,)
"""Refusals that end by themselves when the records come that the item speaks of."""


class Replayed(msgspec.Struct, frozen=True, kw_only=True):
    """What became of an item: `done`, or why it is refused again."""

    number: int
    done: bool
    code: str | None = None


async def replay(hub: Hub, loader: Loader, number: int, *, who: str) -> Replayed:
    """Load one item again: it leaves the queue if all of it is taken. Raises NotRefused."""

    async def work(connection: Connection) -> tuple[Replayed, Outcome]:
        item = await refused.show(connection, number, lock=True)
        outcome = await _load(connection, loader, item)
        if not outcome.refusals:
            await refused.settle(
                connection, number, state="replayed", who=who, why=f"replay at {now():%F %T}Z"
            )
            await deliveries.adjust(connection, item.delivery, _difference(item, outcome))
            return Replayed(number=number, done=True), outcome
        error = outcome.refusals[0].error
        await refused.refuse_again(connection, number, error)
        if error.code != item.code:
            moved = Counts(by_reason={item.code: -item.weight, error.code: item.weight})
            await deliveries.adjust(connection, item.delivery, moved)
        return Replayed(number=number, done=False, code=error.code), Outcome()

    replayed, outcome = await hub.transaction(work)
    hub.written(outcome.records)
    return replayed


def _difference(item: Refused, outcome: Outcome) -> Counts:
    """Give what a replay changes about the receipt of the item's delivery."""
    counts = outcome.counts
    counts.refuse(item.code, -item.weight)
    return counts


async def replay_waiting(hub: Hub, loader: Loader, *, source: str | None = None) -> int:
    """Replay what only waits for other records, as long as that brings something; give how many went in."""
    total = 0
    while done := await _round(hub, loader, source):
        total += done
    return total


async def _round(hub: Hub, loader: Loader, source: str | None) -> int:
    done = 0
    for code in WAITING_FOR_OTHERS:
        for item in await all_waiting(hub, source=source, code=code):
            done += (await replay(hub, loader, item.number, who="xinglin")).done
    return done


async def all_waiting(
    hub: Hub, *, source: str | None = None, code: str | None = None, delivery: int | None = None
) -> Sequence[Refused]:
    """Give every item that waits, without its bytes."""
    found: list[Refused] = []
    async with hub.database.connection() as connection:
        while True:
            after = found[-1].number if found else 0
            page = await refused.list_some(
                connection, source=source, code=code, delivery=delivery, after=after, most=1_000
            )
            if not page:
                return found
            found += page


async def _load(connection: Connection, loader: Loader, item: Refused) -> Outcome:
    """Load what waits, all or nothing: what is refused again stays in the queue whole."""
    source = await sources.find(connection, item.source)
    again = _load_file if item.format == WHOLE_FILE else _load_item
    outcome = Outcome()
    try:
        async with connection.transaction() as savepoint:
            outcome = await again(connection, loader, item, source)
            if outcome.refusals:
                raise Rollback(savepoint)
    except Exception as error:
        if not blames_item(error):
            raise
        whole = Consignment(item.delivery, source, now(), item.format)
        return Outcome(refusals=[Refusal(Item(1, 1, b""), unforeseen(error, whole), 1)])
    return outcome


async def _load_item(connection: Connection, loader: Loader, item: Refused, source: Source) -> Outcome:
    consignment = Consignment(item.delivery, source, now(), item.format, 0, item.member)
    piece = Piece(item.loaded, line=item.line, item=item.item, head=item.head)
    return await loader.replay(connection, consignment, piece)


async def _load_file(connection: Connection, loader: Loader, item: Refused, source: Source) -> Outcome:
    """Load a file; items in it that are refused take its place in the queue."""
    delivery = await deliveries.find(connection, item.delivery)
    file = msgspec.structs.replace(delivery, size=len(item.loaded), received=now())
    outcome = Outcome()
    for one in cut(io.BytesIO(item.loaded), file, source, loader.formats):
        if one.error is not None:
            return Outcome(refusals=[Refusal(Item(1, 1, b""), one.error, 1)])
        part = await loader.replay(connection, one.consignment, one.piece)
        await loader.keep_refusals(connection, one.consignment, one.piece, part)
        outcome.records += part.records
        outcome.counts.add(part.counts)
    return outcome
