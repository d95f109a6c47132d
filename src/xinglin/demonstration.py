"""The demo province: invented people whose institutions deliver to a hub of their own.

What each institution's system would send (`xinglin_demo.deliveries`) is written into the demo's home, one
folder a source, and goes through the same intake as anybody's.
"""

import asyncio
from collections import defaultdict
from collections.abc import Callable, Iterable
from contextlib import suppress
from pathlib import Path

import msgspec

from xinglin.core.settings import Settings
from xinglin.core.telemetry import configure_logs
from xinglin.demonstration_logins import make_logins
from xinglin.hub import schema
from xinglin.hub.codes import decisions, work, workbench
from xinglin.hub.codes.decisions import Decision, decide
from xinglin.hub.database import address
from xinglin.hub.hub import Hub, open_hub
from xinglin.hub.intake import sources
from xinglin.hub.intake.commands import take_in
from xinglin.hub.intake.formats import NAMES
from xinglin.hub.intake.sources import Source, SourceTaken, checked
from xinglin.hub.quality.evaluate import evaluate
from xinglin.serving import check_address, run_workers
from xinglin_demo import stories
from xinglin_demo.deliveries import Delivery, Sender, deliveries, senders
from xinglin_demo.tables import table

PEOPLE = 200
LOOKED_AT = 25
"""Of so many people the one whom most institutions know is shown."""

DECIDED_FOR = "city-lis"
"""The source of which some codes are mapped; the rest waits on the mapping workbench."""

WHO, REASON = "演示：检验科", "演示：名称与单位一致"
JUDGED = 1_000
"""Records whose quality is judged in one go."""

WAIT_SECONDS = 0.1

Progress = Callable[[int, int], None]
"""Told how many bytes of the deliveries are read, of how many."""


def demo(settings: Settings, *, people: int = PEOPLE, progress: Progress, ready: Callable[[], None]) -> None:
    """Bring up a hub with the demo province in it and run it until it is told to stop.

    Calls `ready`, from another thread, once the hub answers that it can work.

    Without a database of its own by setting, it keeps its data apart from the real hub's.
    """
    settings = own(settings)
    configure_logs(settings)
    check_address(settings)
    with address(settings) as url:
        schema.upgrade(url)
        asyncio.run(fill(settings, url, people, progress))
        run_workers(settings, url, ready=ready)


def own(settings: Settings) -> Settings:
    """Give the settings of the demo's hub: its home is the folder `demo` in the real one's home."""
    if settings.database_url:
        return settings
    # Whoever tries the demo shouldn't need an authenticator; its people are invented.
    return msgspec.structs.replace(settings, home=str(settings.folder / "demo"), second_factor="optional")


def somebody(people: int = PEOPLE) -> str:
    """Give the resident identity number of an invented person whom many institutions know."""
    known = stories(min(people, LOOKED_AT))
    return max(known, key=lambda one: len({visit.place for visit in one.visits})).resident_number


async def fill(settings: Settings, url: str, people: int, progress: Progress) -> None:
    """Register the senders and take in what they deliver, map some codes, and judge the quality.

    The files stand in the home's folder `deliveries`. Last, an account is made for each role. Done again, it
    changes nothing.
    """
    async with open_hub(settings, url) as hub:
        for sender in senders():
            await _register(hub, sender)
        await _deliver(settings, hub, url, deliveries(people), progress)
        await _decide(hub)
        await _judge(hub)
        await make_logins(settings, hub, somebody(people))


async def _deliver(
    settings: Settings, hub: Hub, url: str, found: Iterable[Delivery], progress: Progress
) -> None:
    """Write deliveries and take them in, sender by sender."""
    paths: dict[str, list[Path]] = defaultdict(list)
    for one in found:
        paths[one.sender].append(_write(settings.folder / "deliveries", one))
    total = sum(path.stat().st_size for some in paths.values() for path in some)
    done = 0
    for sender, some in paths.items():
        before = done
        await take_in(
            settings,
            hub,
            url,
            source=sender,
            paths=some,
            progress=lambda read, _size, _counts, before=before: progress(before + read, total),
        )
        done += sum(path.stat().st_size for path in some)
    progress(total, total)


def _write(folder: Path, one: Delivery) -> Path:
    path = folder / one.sender / one.name
    path.parent.mkdir(parents=True, exist_ok=True)
    if not path.exists() or path.read_bytes() != one.content:
        path.write_bytes(one.content)
    return path


async def _register(hub: Hub, sender: Sender) -> None:
    """Register a source unless it is known; what an operator changed of it stays."""
    source = Source(
        id=sender.id,
        institution=sender.institution,
        institution_name=sender.institution_name,
        system=sender.system,
        formats=sender.formats,
        charset=sender.charset,
        ids="own",
        contact=sender.contact,
        declared=sender.declared,
    )
    async with hub.database.connection() as connection:
        with suppress(SourceTaken):
            await sources.add(connection, checked(source, frozenset(NAMES)))


async def _decide(hub: Hub) -> None:
    """Accept the mappings in the demo's table on which nobody has decided yet, and carry them out."""
    targets = {row["city_code"]: row["standard"] for row in table("local_items") if row["standard"]}
    await workbench.fold_all(hub)
    made: list[Decision] = []
    for one in await workbench.all_codes(hub, source=DECIDED_FOR, most=len(table("local_items")) * 10):
        async with hub.database.connection() as connection:
            decided = await decisions.history(connection, one.system, one.code)
        if one.code in targets and not decided:
            target = targets[one.code]
            made.append(Decision(one.system, one.code, one.display, decisions.ACCEPT, target, REASON, WHO))
    if made:
        await decide(hub, made)
    while (step := await work.step(hub)) is not None:
        if step.must_wait:
            await asyncio.sleep(WAIT_SECONDS)


async def _judge(hub: Hub) -> None:
    while not (await evaluate(hub, most=JUDGED)).finished:
        pass
