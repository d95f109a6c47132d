"""What `xinglin intake`, `source`, `refused` and `deliveries` do."""

import asyncio
import time
from collections.abc import AsyncGenerator, Callable, Iterable, Iterator, Sequence
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Final

import msgspec

from xinglin.core.settings import Settings
from xinglin.hub.database import NoAnswer
from xinglin.hub.hub import Hub
from xinglin.hub.intake import deliveries, sources
from xinglin.hub.intake.counts import Counts
from xinglin.hub.intake.crew import Crew, Here, loader, processes
from xinglin.hub.intake.deliveries import Delivery
from xinglin.hub.intake.jobs import Jobs, open_jobs
from xinglin.hub.intake.replay import replay_waiting
from xinglin.hub.intake.sources import Source
from xinglin.hub.opened import quiet, with_address

ALONE_BYTES: Final = 4_000_000
"""Up to so much is loaded in one process: starting more takes longer than the work."""

LOOK_SECONDS: Final = 0.5
PATIENCE_SECONDS: Final = 60
"""How long a database that went away is waited for: restarted, it may have to read its log."""

SIDE_BY_SIDE: Final = 4
"""Deliveries that are cut at the same time; their pieces share the crew."""

Progress = Callable[[int, int, Counts], None]
"""Told how many bytes are read, of how many, and the counts of what was loaded since it was last told."""


class Summary(msgspec.Struct, kw_only=True):
    """What one `xinglin intake` brought; what had come before is `unchanged`, or still refused."""

    counts: Counts
    deliveries: list[Delivery]
    seconds: float


def files_of(paths: Iterable[Path]) -> Iterator[Path]:
    """Give the files, those of folders in the order of their names; hidden files and folders are left out."""
    for path in paths:
        if not path.is_dir():
            yield path
            continue
        for inner in sorted(path.rglob("*")):
            if inner.is_file() and not any(part.startswith(".") for part in inner.relative_to(path).parts):
                yield inner


def intake(settings: Settings, *, source: str | None, paths: Sequence[Path], progress: Progress) -> Summary:
    """Deliver files as `source`, wait until they are loaded, and give what became of them.

    Without a source they are the hub's own (`LOCAL`). What another process begins to load is waited for, and
    what one left undone is gone on with. Raises UnknownSource, SourceDisabled, or OSError for a path.
    """
    own = quiet(settings)
    return with_address(
        own,
        lambda hub, url: take_in(own, hub, url, source=source, paths=paths, progress=progress),
        make=True,
    )


async def take_in(
    settings: Settings, hub: Hub, url: str, *, source: str | None, paths: Sequence[Path], progress: Progress
) -> Summary:
    """Do what `intake` does, with an open hub in the database at `url`."""
    found = [(path, path.stat().st_size) for path in files_of(paths)]
    size = sum(size for _, size in found)
    began = time.monotonic()
    known = await _known(hub, source)
    seen = _Seen(size, progress)
    async with _crew(settings, hub, url, size) as crew, open_jobs(hub, crew, url, seen.hear) as jobs:
        numbers = [(await _put(hub, jobs, known, path, size)) for path, size in found]
        await _to_the_end(hub, jobs, [number for number, _ in numbers])
        await replay_waiting(hub, await loader(hub), source=known.id)
    return await _summary(hub, numbers, time.monotonic() - began)


async def _known(hub: Hub, id_: str | None) -> Source:
    """Give the source as it is registered; the hub's own is made when it is first needed."""
    async with hub.database.connection() as connection:
        if id_ is None:
            await sources.local(connection)
        return await sources.find_enabled(connection, id_ or sources.LOCAL.id)


@asynccontextmanager
async def _crew(settings: Settings, hub: Hub, url: str, size: int) -> AsyncGenerator[Crew]:
    if size <= ALONE_BYTES or settings.intake_workers == 1:
        yield Here(hub)
        return
    async with processes(settings, url, settings.intake_workers) as crew:
        yield crew


class _Seen:
    """Adds up what is heard of several deliveries."""

    def __init__(self, size: int, progress: Progress) -> None:
        self._size = size
        self._progress = progress
        self._read: dict[int, int] = {}

    def hear(self, delivery: int, read: int | None, counts: Counts) -> None:
        """Tell of the whole."""
        if read is not None:
            self._read[delivery] = read
        self._progress(sum(self._read.values()), self._size, counts)


async def _put(hub: Hub, jobs: Jobs, source: Source, path: Path, size: int) -> tuple[int, bool]:
    """Register and queue a file; give its delivery's number, and whether any of it is left to load."""
    hash_ = await asyncio.to_thread(deliveries.hash_of, path)
    async with hub.database.connection() as connection:
        number, _ = await deliveries.register(
            connection, source=source.id, name=path.name, hash_=hash_, size=size, path=path
        )
        left = (await deliveries.find(connection, number)).state in deliveries.OPEN
        if left:
            await jobs.put(number)
    return number, left


async def _to_the_end(hub: Hub, jobs: Jobs, numbers: Sequence[int]) -> None:
    """Load until the deliveries are done, by whomever: another process that was at one may be killed.

    While the database doesn't answer this waits a while, then raises NoAnswer. Raises Full or CrewLost where
    a person must help first; what isn't loaded waits.
    """
    answered = time.monotonic()
    while True:
        try:
            await jobs.work(side_by_side=SIDE_BY_SIDE, until_empty=True)
            if jobs.trouble is not None:
                raise jobs.trouble
            async with hub.database.connection() as connection:
                if not await deliveries.open_among(connection, numbers):
                    return
            answered = time.monotonic()
        except NoAnswer:
            if time.monotonic() - answered > PATIENCE_SECONDS:
                raise
        await asyncio.sleep(LOOK_SECONDS)


async def _summary(hub: Hub, numbers: Sequence[tuple[int, bool]], seconds: float) -> Summary:
    counts, found = Counts(), list[Delivery]()
    async with hub.database.connection() as connection:
        for number, left in numbers:
            one = await deliveries.find(connection, number)
            counts.add(one.counts if left else one.counts.again())
            if one.fault is not None:
                counts.refuse(one.fault["code"], 1)
            found.append(one)
    return Summary(counts=counts, deliveries=found, seconds=seconds)
