"""Intake behind the gate: deliveries and their receipts, the refused queue, and imports."""

from collections.abc import AsyncIterator, Sequence

from xinglin.core.settings import Settings
from xinglin.hub.hub import Hub
from xinglin.hub.intake import deliveries, importing, refused, sources
from xinglin.hub.intake.crew import loader
from xinglin.hub.intake.deliveries import Delivery
from xinglin.hub.intake.importing import Input
from xinglin.hub.intake.refused import Refused
from xinglin.hub.intake.replay import Replayed, all_waiting
from xinglin.hub.intake.replay import replay as replay_one
from xinglin.hub.intake.service import Spool
from xinglin.hub.intake.service import deliver as take
from xinglin.trust.gate.gated import GatedHub

Reason = tuple[str, str, int]


async def deliver(
    hub: GatedHub, settings: Settings, source_id: str, name: str, parts: AsyncIterator[bytes]
) -> Delivery:
    """Take what a source delivers; give its receipt. Raises IntakeError."""

    async def work(inner: Hub) -> Delivery:
        async with inner.database.connection() as connection:
            source = await sources.find_enabled(connection, source_id)
        async with Spool(settings) as spool:
            async for part in parts:
                await spool.write(part)
            return await take(inner, source, name, spool)

    return await hub.operate(work, what=[("source", source_id)], changes=True)


async def receipt(hub: GatedHub, source_id: str, number: int) -> Delivery:
    """Give a delivery of a source as it stands. Raises NoDelivery, also for another source's."""

    async def work(inner: Hub) -> Delivery:
        async with inner.database.connection() as connection:
            found = await deliveries.find(connection, number)
        if found.source != source_id:
            raise deliveries.NoDelivery(number=number)
        return found

    return await hub.operate(work, what=[("source", source_id), ("delivery", str(number))])


async def receipts(hub: GatedHub, source_id: str, *, most: int) -> Sequence[Delivery]:
    """Give a source's latest deliveries."""

    async def work(inner: Hub) -> Sequence[Delivery]:
        async with inner.database.connection() as connection:
            return await deliveries.latest(connection, source=source_id, most=most)

    return await hub.operate(work, what=[("source", source_id)])


async def list_refused(
    hub: GatedHub,
    *,
    source: str | None,
    code: str | None,
    delivery: int | None,
    state: str,
    after: int,
    most: int,
) -> tuple[list[Refused], list[Reason]]:
    """Give items of the refused queue without their bytes, and how many wait by source and reason."""

    async def work(inner: Hub) -> tuple[list[Refused], list[Reason]]:
        async with inner.database.connection() as connection:
            found = await refused.list_some(
                connection, source=source, code=code, delivery=delivery, state=state, after=after, most=most
            )
            return found, await refused.reasons(connection, source=source)

    return await hub.operate(work)


async def show_refused(hub: GatedHub, number: int) -> Refused:
    """Give an item with its bytes. Raises NotRefused."""

    async def work(inner: Hub) -> Refused:
        async with inner.database.connection() as connection:
            return await refused.show(connection, number)

    return await hub.operate(work, what=[("refused", str(number))])


async def correct(hub: GatedHub, number: int, corrected: bytes) -> None:
    """Keep what shall be loaded in place of what came. Raises NotRefused."""

    async def work(inner: Hub) -> None:
        async with inner.database.connection() as connection:
            await refused.correct(connection, number, corrected=corrected, who=hub.who.id)

    await hub.operate(work, what=[("refused", str(number))], changes=True)


async def dismiss(hub: GatedHub, number: int, why: str) -> None:
    """Decide that an item shall not be taken. Raises NotRefused or NoReason."""

    async def work(inner: Hub) -> None:
        async with inner.database.connection() as connection:
            await refused.settle(connection, number, state="dismissed", who=hub.who.id, why=why)

    await hub.operate(work, what=[("refused", str(number))], changes=True)


async def replay(hub: GatedHub, numbers: Sequence[int]) -> list[Replayed]:
    """Load items again. Raises NotRefused."""

    async def work(inner: Hub) -> list[Replayed]:
        loads = await loader(inner)
        return [await replay_one(inner, loads, one, who=hub.who.id) for one in numbers]

    return await hub.operate(work, what=[("refused", str(one)) for one in numbers], changes=True)


async def waiting(hub: GatedHub, *, source: str | None, code: str | None, delivery: int | None) -> list[int]:
    """Give the numbers of all items that wait and that the filters leave."""

    async def work(inner: Hub) -> list[int]:
        found = await all_waiting(inner, source=source, code=code, delivery=delivery)
        return [one.number for one in found]

    return await hub.operate(work)


async def begin_import(hub: GatedHub, source: str | None, inputs: Sequence[Input]) -> str:
    """Note what is to be fetched; give the import's id. Raises IntakeError."""

    async def work(inner: Hub) -> str:
        async with inner.database.connection() as connection:
            known = source or (await sources.local(connection)).id
            return await importing.ask(connection, known, inputs)

    return await hub.operate(work, what=[("source", source or sources.LOCAL.id)], changes=True)


async def import_status(hub: GatedHub, id_: str) -> list[tuple[Input, Delivery | None]]:
    """Tell what became of each file of an import. Raises IntakeError."""

    async def work(inner: Hub) -> list[tuple[Input, Delivery | None]]:
        async with inner.database.connection() as connection:
            return list(await importing.find(connection, id_))

    return await hub.operate(work, what=[("import", id_)])
