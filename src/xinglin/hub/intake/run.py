"""Loading a delivery from its file: cut it, have the pieces loaded side by side, and make the receipt.

However often this is killed and begun again, every piece is loaded once: a piece's row is committed with its
records, and the same bytes are always cut the same way.
"""

import asyncio
import io
from collections.abc import AsyncGenerator, Callable, Iterator, Mapping
from contextlib import asynccontextmanager
from dataclasses import dataclass, replace
from datetime import timedelta
from functools import partial
from hashlib import sha256
from pathlib import Path
from typing import BinaryIO, Final

from xinglin.core.clock import now
from xinglin.core.errors import IntakeError, XinglinError
from xinglin.core.os_errors import reason
from xinglin.hub.database import Connection
from xinglin.hub.hub import Hub
from xinglin.hub.intake import deliveries, refused, sources
from xinglin.hub.intake.consignment import Consignment
from xinglin.hub.intake.counts import Counts
from xinglin.hub.intake.crew import Crew
from xinglin.hub.intake.deliveries import Delivery
from xinglin.hub.intake.faults import blames_item
from xinglin.hub.intake.formats import formats, recognise
from xinglin.hub.intake.load import Loader, Outcome
from xinglin.hub.intake.refused import Refusal
from xinglin.hub.intake.sources import Source
from xinglin.hub.intake.unpack import START, File, files
from xinglin.standards.conversion import Format, Item, Piece

LARGEST_KEPT: Final = 64 * 2**20
"""Up to this size a file that can't be read goes into the refused queue whole; beyond, the delivery fails."""

PATIENCE: Final = timedelta(minutes=10)
"""How long a file that this process can't read is left to others, before the delivery fails."""

WHOLE_FILE: Final = ""
"""The format of refused items that are files."""

_LOCK: Final = "SELECT pg_try_advisory_lock(hashtextextended('delivery', %s))"
_UNLOCK: Final = "SELECT pg_advisory_unlock(hashtextextended('delivery', %s))"

Told = Callable[[int, int | None, Counts], None]
"""Hears of a delivery by its number: how many bytes are read so far; the counts of a piece that is loaded."""


class FileGone(IntakeError):
    """The file of a delivery can't be read."""

    code = "XL7061"
    message = "The file {name} can't be read: {detail}."
    remedy = "Check that it is there and readable, and deliver it again."
    issue = "not-found"


class TooLargeToKeep(IntakeError):
    """A large file of which a part can't be read at all."""

    code = "XL7062"
    message = "The file {name} can't be read to its end: {detail}"
    remedy = "Correct it and deliver it again; what was loaded of it is known and isn't loaded twice."


class RefusedBefore(IntakeError):
    """The same bytes came before, and were refused."""

    code = "XL7063"
    message = "The same was delivered before and refused (delivery {number}); it waits in the refused queue."
    remedy = "Correct it there and replay it, or send it again corrected."
    issue = "duplicate"


@dataclass(frozen=True, slots=True)
class Cut:
    """A piece with its place in the delivery; or, with `error`, a file that can't be read on.

    `packed` says that it is the delivery as it was sent that can't be unpacked.
    """

    number: int
    consignment: Consignment
    piece: Piece
    error: IntakeError | None = None
    packed: bool = False


@asynccontextmanager
async def held(hub: Hub, number: int) -> AsyncGenerator[Connection | None]:
    """Hold a delivery as long as this process lives, so that nobody else loads it.

    Gives the connection that holds it, in autocommit mode; None where somebody else does.
    """
    async with hub.database.connection() as connection:
        row = await (await connection.execute(_LOCK, [number])).fetchone()
        ours = row == (True,)
        try:
            yield connection if ours else None
        finally:
            if ours:
                await connection.execute(_UNLOCK, [number])


async def run(hub: Hub, crew: Crew, number: int, told: Told) -> None:
    """Load a delivery, or what is left of it. Nothing happens where it is done, or others are at it."""
    async with held(hub, number) as connection:
        if connection is None:
            return
        delivery = await deliveries.find(connection, number)
        if delivery.state not in deliveries.OPEN:
            return
        source = await sources.find(connection, delivery.source)
        await deliveries.begin(connection, number)
        done = await deliveries.loaded_pieces(connection, number)
        try:
            await _load_all(hub, crew, delivery, source=source, done=done, told=told)
        except FileGone as error:
            # Another process, or another machine, may be able to read it: `xinglin intake` runs as its user.
            if now() - delivery.received < PATIENCE:
                await deliveries.leave(connection, number)
            else:
                await deliveries.fail(connection, number, error)
        except IntakeError as error:
            await deliveries.fail(connection, number, error)
        else:
            await deliveries.finish(connection, number)
            if delivery.owned and delivery.path:
                Path(delivery.path).unlink(missing_ok=True)


async def _load_all(
    hub: Hub, crew: Crew, delivery: Delivery, *, source: Source, done: set[int], told: Told
) -> None:
    """Cut and load, a few pieces at once. Raises IntakeError, or what a piece raised."""
    path = Path(delivery.path or "")
    running: set[asyncio.Task[None]] = set()
    try:
        with _opened(path, delivery.name) as stream:
            cuts = cut(stream, delivery, source, formats(hub.mappings))
            while (one := await asyncio.to_thread(next, cuts, None)) is not None:
                if one.number not in done:
                    running.add(asyncio.create_task(_load(hub, crew, one, path, told)))
                    told(delivery.number, stream.tell(), Counts())
                while len(running) > 2 * crew.size:
                    await _one_of(running)
        while running:
            await _one_of(running)
    finally:
        for task in running:
            task.cancel()
        await asyncio.gather(*running, return_exceptions=True)  # the first error tells enough


async def _one_of(running: set[asyncio.Task[None]]) -> None:
    ended, _ = await asyncio.wait(running, return_when=asyncio.FIRST_COMPLETED)
    running -= ended
    for task in ended:
        task.result()


async def _load(hub: Hub, crew: Crew, one: Cut, path: Path, told: Told) -> None:
    if one.error is not None:
        counts = await _refuse_file(hub, one, path, one.error)
    else:
        counts = await crew.load(one.consignment, one.number, one.piece)
    if counts is not None:
        told(one.consignment.delivery, None, counts)


def _opened(path: Path, name: str) -> BinaryIO:
    try:
        return path.open("rb")
    except OSError as error:
        raise FileGone(name=name, detail=reason(error)) from None


def cut(stream: BinaryIO, delivery: Delivery, source: Source, known: Mapping[str, Format]) -> Iterator[Cut]:
    """Give the pieces of a delivery, numbered through; what can't be read on ends with its error."""
    for number, one in enumerate(_cut_all(stream, delivery, source, known), 1):
        yield replace(one, number=number)


def _cut_all(
    stream: BinaryIO, delivery: Delivery, source: Source, known: Mapping[str, Format]
) -> Iterator[Cut]:
    whole = Consignment(delivery.number, source, delivery.received, "")
    try:
        for place, file in enumerate(files(stream, delivery.size, delivery.name), 1):
            one = replace(whole, file=place, member=file.member) if file.member else whole
            yield from _cut_file(file, one, delivery.name, known)
    except IntakeError as error:  # it can't be unpacked, or not to its end
        yield Cut(0, whole, Piece(b""), error, packed=True)


def _cut_file(file: File, consignment: Consignment, name: str, known: Mapping[str, Format]) -> Iterator[Cut]:
    source = consignment.source
    try:
        if file.error is not None:
            raise file.error
        form = recognise(known, file.start, file.member or name, source.formats)
        recognised = replace(consignment, form=form.name)
        for piece in form.pieces(file.stream, source.origin("UTC")):
            yield Cut(0, recognised, piece)
    except IntakeError as error:
        yield Cut(0, consignment, Piece(b""), error)


async def _refuse_file(hub: Hub, one: Cut, path: Path, error: IntakeError) -> Counts | None:
    """Put a file that can't be read into the refused queue, whole. Raises TooLargeToKeep."""
    raw = (
        await asyncio.to_thread(_as_sent, path)
        if one.packed
        else await asyncio.to_thread(_whole, path, one.consignment.file)
    )
    if len(raw) > LARGEST_KEPT:
        name = one.consignment.member or path.name
        raise TooLargeToKeep(name=name, detail=error.phrase())
    return await hub.transaction(lambda connection: _keep_file(connection, one, raw, error))


async def _keep_file(connection: Connection, one: Cut, raw: bytes, error: IntakeError) -> Counts | None:
    consignment = one.consignment
    if not await deliveries.claim_piece(connection, consignment.delivery, one.number):
        return None
    await refused.keep(
        connection,
        source=consignment.source.id,
        delivery=consignment.delivery,
        member=consignment.member,
        form=WHOLE_FILE,
        head=b"",
        refusals=[Refusal(Item(number=1, line=1, raw=raw), error, 1)],
    )
    counts = Counts()
    counts.refuse(error.code, 1)
    await deliveries.count_piece(connection, consignment.delivery, one.number, counts)
    return counts


async def deliver_now(
    hub: Hub, loader: Loader, source: Source, name: str, raw: bytes
) -> tuple[Delivery, XinglinError | None]:
    """Load a small delivery in one transaction; give its receipt, and why its first refused item was refused.

    What came before gives the receipt that it got then.
    """

    async def work(connection: Connection, *, singly: bool = False) -> tuple[Delivery, Outcome]:
        number, new = await deliveries.register(
            connection, source=source.id, name=name, hash_=sha256(raw).digest(), size=len(raw)
        )
        delivery = await deliveries.find(connection, number)
        if not new:
            return delivery, Outcome()
        outcome = Outcome()
        for one in cut(io.BytesIO(raw), delivery, source, formats(hub.mappings)):
            if one.error is not None:
                await _keep_file(connection, one, raw, one.error)
                outcome.refusals.append(Refusal(Item(1, 1, raw), one.error, 1))
            elif part := await loader.load_within(
                connection, one.consignment, one.number, one.piece, singly=singly
            ):
                outcome.add(part)
        await deliveries.finish(connection, number)
        return await deliveries.find(connection, number), outcome

    try:
        receipt, outcome = await hub.transaction(work)
    except Exception as error:
        if not blames_item(error):
            raise
        receipt, outcome = await hub.transaction(partial(work, singly=True))
    hub.written(outcome.records)
    error = outcome.refusals[0].error if outcome.refusals else None
    if error is None and receipt.counts.refused:
        error = RefusedBefore(number=receipt.number)
    return receipt, error


def _whole(path: Path, place: int) -> bytes:
    """Give all of a file that can be read, up to a little more than is kept."""
    parts = bytearray()
    try:
        with path.open("rb") as stream:
            for number, file in enumerate(files(stream, path.stat().st_size), 1):
                if place in (0, number):
                    while len(parts) <= LARGEST_KEPT and (block := file.stream.read(START)):
                        parts += block
                    break
    except IntakeError:  # that is why it is refused
        pass
    return bytes(parts) or _as_sent(path)


def _as_sent(path: Path) -> bytes:
    with path.open("rb") as stream:
        return stream.read(LARGEST_KEPT + 1)
