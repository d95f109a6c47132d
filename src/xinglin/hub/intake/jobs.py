"""Background work on deliveries: queued in the database (procrastinate), so that it outlives who began it.

A job is a delivery to be loaded. Whoever loads one holds it (`run.held`) as long as its process lives, so the
jobs of a process that was killed are found at once and go back into the queue.
"""

from collections.abc import AsyncGenerator
from contextlib import asynccontextmanager, suppress
from typing import Final, LiteralString

import msgspec
import procrastinate
from procrastinate.exceptions import AlreadyEnqueued, ConnectorException, UniqueViolation
from procrastinate.jobs import Status

from xinglin.core.clock import now
from xinglin.core.errors import DatabaseError, XinglinError
from xinglin.core.telemetry import describe, logger
from xinglin.hub.database import Connection, Full, NoAnswer
from xinglin.hub.hub import Hub
from xinglin.hub.intake import deliveries
from xinglin.hub.intake.crew import Crew, CrewLost
from xinglin.hub.intake.run import Told, held, run

QUEUE: Final = "intake"
TASK: Final = "load a delivery"
ATTEMPTS: Final = 10
"""How often a job is tried where the database failed; then `recover` queues the delivery anew."""

WAIT_SECONDS: Final = 5
"""Between two attempts. It doesn't grow: a database that is back shall not find deliveries still waiting."""

LOOK_SECONDS: Final = 1.0
"""How often the queue is asked; what is put back after a crash isn't told of by itself."""

TO_THE_END: Final = 7 * 86_400.0
"""Seconds; longer than any delivery takes."""

_DOING: Final = (
    "SELECT id, (args->>'number')::bigint FROM procrastinate_jobs WHERE status = 'doing' AND task_name = %s"
)
_UNQUEUED: Final = """
SELECT number FROM delivery WHERE state IN ('waiting', 'loading') AND NOT EXISTS (
    SELECT FROM procrastinate_jobs WHERE status IN ('todo', 'doing') AND task_name = %s
    AND args->>'number' = delivery.number::text)
ORDER BY number
"""


class Jobs:
    """The queue of deliveries, and the worker that loads them."""

    def __init__(self, hub: Hub, app: procrastinate.App) -> None:
        self._hub = hub
        self._app = app
        self.trouble: DatabaseError | None = None
        """Why a delivery waits to be tried again, where a person has to do something about it first."""

    async def put(self, number: int) -> None:
        """Queue a delivery; one that waits already isn't queued twice."""
        with suppress(AlreadyEnqueued):
            await self._app.configure_task(TASK, queue=QUEUE, queueing_lock=str(number)).defer_async(
                number=number
            )

    async def work(self, *, side_by_side: int, until_empty: bool) -> None:
        """Load what waits, `side_by_side` deliveries at a time; for ever, or until nothing waits.

        Raises NoAnswer where the database goes away.
        """
        try:
            await self.recover()
            await self._app.run_worker_async(
                queues=[QUEUE],
                concurrency=side_by_side,
                wait=not until_empty,
                fetch_job_polling_interval=LOOK_SECONDS,
                delete_jobs="successful",
                install_signal_handlers=False,
                # Stopped, it leaves what it is at: the next one goes on there. Else what it began is to end.
                shutdown_graceful_timeout=TO_THE_END if until_empty else 0,
            )
        except ConnectorException as error:
            logger().error("queue of deliveries doesn't answer", **describe(error))
            raise NoAnswer from None

    async def recover(self) -> None:
        """Put back what a process that is gone left undone, and what was never queued."""
        async with self._hub.database.connection() as connection:
            for job, number in await _rows(connection, _DOING, TASK):
                async with held(self._hub, number) as ours:
                    if ours is not None:
                        await self._put_back(job)
            for (number,) in await _rows(connection, _UNQUEUED, TASK):
                await self.put(number)

    async def _put_back(self, job: int) -> None:
        """Have a job begun again, unless the same delivery was queued meanwhile."""
        try:
            await self._app.job_manager.retry_job_by_id_async(job, now())
        except UniqueViolation:
            await self._app.job_manager.finish_job_by_id_async(job, Status.ABORTED, delete_job=True)


async def _rows(connection: Connection, query: LiteralString, *values: str) -> list[tuple[int, ...]]:
    return msgspec.convert(await (await connection.execute(query, values)).fetchall(), list[tuple[int, ...]])


@asynccontextmanager
async def open_jobs(hub: Hub, crew: Crew, url: str, told: Told) -> AsyncGenerator[Jobs]:
    """Open the queue in the database at `url`, which the hub uses too."""
    app = procrastinate.App(connector=procrastinate.PsycopgConnector(conninfo=url, min_size=1, max_size=4))
    jobs = Jobs(hub, app)

    @app.task(
        name=TASK,
        queue=QUEUE,
        retry=procrastinate.RetryStrategy(
            max_attempts=ATTEMPTS, wait=WAIT_SECONDS, retry_exceptions=[DatabaseError]
        ),
    )
    async def load(number: int) -> None:
        try:
            await run(hub, crew, number, told)
        except (Full, CrewLost) as error:
            jobs.trouble = error
            raise
        except DatabaseError:
            raise
        except Exception as error:  # a fault of ours must not leave it waiting for ever
            logger().error("delivery failed", delivery=number, **describe(error))
            async with hub.database.connection() as connection:
                told_as = error if isinstance(error, XinglinError) else XinglinError()
                await deliveries.fail(connection, number, told_as)

    async with app.open_async():
        yield jobs
