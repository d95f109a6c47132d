"""What works behind the answers: loading deliveries, the drop folder, HL7 v2 by MLLP, data quality.

One process beside those that answer requests, or alone on a machine of its own (`xinglin worker`).
"""

import asyncio
import signal
import sys
from collections.abc import Awaitable, Callable
from contextlib import AsyncExitStack
from pathlib import Path
from typing import Final

from xinglin.api.mllp import start_mllp
from xinglin.api.tls import context, refuse_open, tls
from xinglin.core.errors import XinglinError
from xinglin.core.settings import Settings
from xinglin.core.telemetry import configure_logs, describe, logger
from xinglin.hub import schema
from xinglin.hub.codes import work as codes
from xinglin.hub.database import address
from xinglin.hub.hub import Hub, open_hub
from xinglin.hub.identity.follow import follow
from xinglin.hub.intake.counts import Counts
from xinglin.hub.intake.crew import loader, processes
from xinglin.hub.intake.dropping import DropFolder
from xinglin.hub.intake.importing import fetch_all
from xinglin.hub.intake.jobs import open_jobs
from xinglin.hub.intake.messages import Messages
from xinglin.hub.intake.replay import replay_waiting
from xinglin.hub.labels import work as labels
from xinglin.hub.processes import end_with, settle
from xinglin.hub.quality.evaluate import evaluate
from xinglin.hub.stepping import without_waiting
from xinglin.hub.vault import renewing
from xinglin.trust.log import work as audit

LOOK_SECONDS: Final = 2.0
WATCH_SECONDS: Final = 10.0
"""Between two looks at the audit log by the alert rules: each looks whoever was read about up anew."""

REPLAY_SECONDS: Final = 60.0
IDENTITY_PATIENTS: Final = 5_000
QUALITY_SECONDS: Final = 30.0
QUALITY_RECORDS: Final = 5_000
"""Records judged at a time, so that loading isn't held up for long."""

SIDE_BY_SIDE: Final = 4
"""Deliveries that are cut at the same time; their pieces share the crew."""


def background(settings: Settings, parent: int) -> None:
    """Work for the main process `parent` until it ends or says so (SIGTERM).

    What makes it end by itself (the database is away for long) is told in the log; `parent` starts another.
    """
    end_with(parent)
    configure_logs(settings)
    try:
        asyncio.run(work(settings, settings.database_url))
    except Exception as error:
        cause = _cause(error)
        code = cause.code if isinstance(cause, XinglinError) else XinglinError.code
        logger().error("background process can't go on", code=code, **describe(cause))
        sys.exit(1)


def _cause(error: BaseException) -> BaseException:
    """Give the first fault of several tasks."""
    return _cause(error.exceptions[0]) if isinstance(error, BaseExceptionGroup) else error  # pyright: ignore[reportUnknownArgumentType, reportUnknownMemberType, reportUnknownVariableType]


def worker(settings: Settings) -> None:
    """Work alone, beside a hub on the same database, until told to stop. Brings the schema up to date."""
    configure_logs(settings)
    refuse_open(settings)
    with address(settings) as url:
        schema.upgrade(url)
        asyncio.run(work(settings, url))


async def work(settings: Settings, url: str) -> None:
    """Work until this process is told to stop."""
    async with AsyncExitStack() as stack:
        hub = await stack.enter_async_context(open_hub(settings, url))
        crew = await stack.enter_async_context(processes(settings, url, settings.intake_workers))
        jobs = await stack.enter_async_context(open_jobs(hub, crew, url, _nothing))
        hub.matching.start()
        settle()
        if settings.mllp_port:
            found = tls(settings)
            server, listener = await start_mllp(
                settings.host,
                settings.mllp_port,
                Messages(hub).receive,
                language=settings.language,
                tls=None if found is None else context(found),
            )
            stack.push_async_callback(listener.close)
            stack.callback(server.close)
        async with asyncio.TaskGroup() as tasks:
            running = [
                tasks.create_task(
                    _every(LOOK_SECONDS, lambda: jobs.work(side_by_side=SIDE_BY_SIDE, until_empty=False))
                ),
                tasks.create_task(_every(LOOK_SECONDS, jobs.recover)),
                tasks.create_task(_every(LOOK_SECONDS, lambda: fetch_all(hub, settings))),
                tasks.create_task(_every(REPLAY_SECONDS, lambda: _replay(hub))),
                tasks.create_task(_every(REPLAY_SECONDS, lambda: without_waiting(hub, codes.step))),
                tasks.create_task(_every(LOOK_SECONDS, lambda: without_waiting(hub, labels.step))),
                tasks.create_task(_every(QUALITY_SECONDS, lambda: _judge(hub))),
                tasks.create_task(_every(LOOK_SECONDS, lambda: follow(hub, most=IDENTITY_PATIENTS))),
                tasks.create_task(
                    _every(settings.audit_checkpoint_seconds, lambda: audit.sign(hub, settings))
                ),
                tasks.create_task(_every(WATCH_SECONDS, lambda: audit.watch(hub, settings))),
                tasks.create_task(_every(LOOK_SECONDS, lambda: _encrypt_anew(hub))),
            ]
            if settings.intake_folder:
                folder = DropFolder(hub, Path(settings.intake_folder).expanduser())
                running.append(tasks.create_task(_every(LOOK_SECONDS, folder.look)))
            _stop_when_told(running)


def _stop_when_told(running: list[asyncio.Task[None]]) -> None:
    def stop() -> None:
        for task in running:
            task.cancel()

    loop = asyncio.get_running_loop()
    for number in (signal.SIGTERM, signal.SIGINT):
        loop.add_signal_handler(number, stop)


async def _every(seconds: float, work: Callable[[], Awaitable[object]]) -> None:
    """Do `work` again and again; what goes wrong once is told in the log and tried again."""
    while True:
        try:
            await work()
        except XinglinError as error:
            logger().error("background work failed", code=error.code)
        except Exception as error:
            logger().error("background work failed", code=XinglinError.code, **describe(error))
        await asyncio.sleep(seconds)


async def _replay(hub: Hub) -> None:
    await replay_waiting(hub, await loader(hub))


async def _judge(hub: Hub) -> None:
    """Judge all that is new by the rules in force, a bounded number of records at a time."""
    while not ((done := await evaluate(hub, most=QUALITY_RECORDS)).finished or done.busy):
        pass


async def _encrypt_anew(hub: Hub) -> None:
    """Bring what is stored to the newest key, some rows at a time."""
    while await hub.transaction(lambda connection: renewing.step(connection, hub.store)):
        pass


def _nothing(delivery: int, read: int | None, counts: Counts) -> None:
    """Take no note of progress: receipts tell it."""
    del delivery, read, counts
