"""The hub's connection to PostgreSQL: the embedded server or the one that a setting names."""

import threading
from collections.abc import AsyncGenerator, Generator
from contextlib import asynccontextmanager, contextmanager

import psycopg
from psycopg import AsyncConnection
from psycopg import errors as pg
from psycopg_pool import AsyncConnectionPool, PoolTimeout

from xinglin.core.errors import DatabaseError
from xinglin.core.settings import Settings
from xinglin.core.telemetry import logger
from xinglin.hub.embedded import EmbeddedServer
from xinglin.hub.schema import Unreachable

CONNECT_SECONDS = 30
RECONNECT_SECONDS = 5
"""After this long without success the pool begins anew, with short pauses between attempts."""

WAIT_SECONDS = 10
"""How long a request may wait for a free connection."""

Connection = AsyncConnection[tuple[object, ...]]


class TooSlow(DatabaseError):
    """A statement took longer than the setting allows."""

    code = "XL2007"
    message = "The request needed more than {seconds} seconds of the database."
    remedy = "Ask for less at once, or ask the operator to raise the setting request_timeout_seconds."
    issue = "too-costly"


class Full(DatabaseError):
    """The database has no room."""

    code = "XL2008"
    message = "The database has no room left: {detail}"
    remedy = (
        "Nothing of this request was stored. Free disk space or memory on the server, then send it again."
    )
    status = 507
    issue = "no-store"


@contextmanager
def address(settings: Settings) -> Generator[str]:
    """Give the database's address while it is needed; where none is set, run the embedded server."""
    if settings.database_url:
        yield settings.database_url
        return
    server = EmbeddedServer(settings.folder)
    server.start()
    watch = Watch(server)
    watch.start()
    try:
        yield server.url()
    finally:
        watch.stop()
        server.stop()


class Watch(threading.Thread):
    """Keeps the embedded server running while this process needs it, even if somebody kills it."""

    def __init__(self, server: EmbeddedServer) -> None:
        super().__init__(name="database watch", daemon=True)
        self._server = server
        self._stopped = threading.Event()

    def run(self) -> None:
        """Look once a second."""
        while not self._stopped.wait(1):
            try:
                if self._server.revive():
                    logger().warning("embedded database restarted")
            except DatabaseError as error:
                logger().error("embedded database doesn't restart", code=error.code)

    def stop(self) -> None:
        """End the watch before the server is stopped on purpose."""
        self._stopped.set()
        self.join()


class Database:
    """A pool of connections, opened by `open` and closed by `close`."""

    def __init__(self, url: str, *, connections: int, statement_seconds: int) -> None:
        self._statement_seconds = statement_seconds
        self._pool = AsyncConnectionPool(
            url,
            min_size=1,
            max_size=connections,
            open=False,
            timeout=WAIT_SECONDS,
            configure=self._configure,
            reconnect_timeout=RECONNECT_SECONDS,
            kwargs={"autocommit": True, "prepare_threshold": 0, "application_name": "xinglin"},
        )

    async def open(self) -> None:
        """Connect. Raises Unreachable."""
        try:
            await self._pool.open(wait=True, timeout=CONNECT_SECONDS)
        except (psycopg.OperationalError, PoolTimeout) as error:
            raise Unreachable(detail=_first_line(error)) from None

    async def close(self) -> None:
        """Let go of every connection."""
        await self._pool.close()

    async def _configure(self, connection: AsyncConnection) -> None:
        await connection.execute(
            "SELECT set_config('statement_timeout', %s, false)", [f"{self._statement_seconds}s"]
        )

    @asynccontextmanager
    async def connection(self, given: Connection | None = None) -> AsyncGenerator[Connection]:
        """Lend a connection in autocommit mode, or the one `given`. Raises DatabaseError."""
        if given is not None:
            yield given
            return
        try:
            async with self._pool.connection() as connection:
                yield connection
        except pg.QueryCanceled:
            raise TooSlow(seconds=self._statement_seconds) from None
        except (pg.DiskFull, pg.OutOfMemory) as error:
            raise Full(detail=_first_line(error)) from None
        except (psycopg.OperationalError, PoolTimeout) as error:
            if isinstance(error, pg.DeadlockDetected | pg.SerializationFailure):
                raise
            raise Unreachable(detail=_first_line(error)) from None


def _first_line(error: Exception) -> str:
    return str(error).strip().split("\n")[0]
