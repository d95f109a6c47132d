"""The hub's connection to PostgreSQL: the embedded server or the one that a setting names."""

import asyncio
import threading
from collections.abc import AsyncGenerator, Callable, Generator
from contextlib import asynccontextmanager, contextmanager

import psycopg
from psycopg import AsyncConnection
from psycopg import errors as pg
from psycopg.conninfo import conninfo_to_dict
from psycopg_pool import AsyncConnectionPool, PoolClosed, PoolTimeout

from xinglin.core.errors import DatabaseError, RequestError
from xinglin.core.setting_checks import WRONG_ADDRESS
from xinglin.core.settings import Settings, WrongSetting
from xinglin.core.telemetry import logger
from xinglin.hub import arrays
from xinglin.hub.embedded import EmbeddedServer

CONNECT_SECONDS = 30
RECONNECT_SECONDS = 5
"""After this long without success the pool begins anew, with short pauses between attempts."""

WAIT_SECONDS = 10
"""How long a request may wait for a free connection while the database answers."""

LOOK_SECONDS = 1.0
"""How long it waits before somebody looks whether the database answers at all."""

PROBE_SECONDS = 2
"""How long a look may take; libpq takes no less."""

PAUSE_SECONDS = 0.25
"""Between two looks at a database that doesn't answer."""

Connection = AsyncConnection[tuple[object, ...]]


class Unreachable(DatabaseError):
    """Nothing answers at the database's address."""

    code = "XL2005"
    message = "The database can't be reached: {detail}"
    remedy = "Check XINGLIN_DATABASE_URL, that the server runs, and that it lets this user in."


class TooSlow(DatabaseError):
    """A statement took longer than the setting allows."""

    code = "XL2007"
    message = "The request needed more than {seconds} seconds of the database."
    remedy = "Ask for less at once, or ask the operator to raise the setting request_timeout_seconds."
    issue = "too-costly"


class NoAnswer(DatabaseError):
    """The database went away. Why is for the log: a client has no use for the server's address."""

    code = "XL2009"
    message = "The database doesn't answer at present."
    remedy = "Send the request again in a moment. The operator finds the reason in the hub's log."


class Busy(DatabaseError):
    """Every connection is in use."""

    code = "XL2014"
    message = "All {connections} connections to the database have been busy for {seconds} seconds."
    remedy = (
        "Send the request again in a moment, or ask the operator to raise the setting database_connections."
    )
    issue = "throttled"


class Unstorable(RequestError):
    """A text that no column holds and no query asks for: with U+0000, or half of a surrogate pair."""

    code = "XL3071"
    message = "The request holds a sign that no text may hold here (U+0000, or half of a pair)."
    remedy = "Send it without that sign."


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
        _refuse_unreadable(settings.database_url)
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


def _refuse_unreadable(url: str) -> None:
    """Raise WrongSetting for what libpq can't read; its words may quote a password and aren't told."""
    try:
        conninfo_to_dict(url)
    except psycopg.ProgrammingError:
        raise WrongSetting(name="database_url", origin="XINGLIN_DATABASE_URL", detail=WRONG_ADDRESS) from None


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

    def __init__(
        self,
        url: str,
        *,
        connections: int,
        statement_seconds: int,
        made: Callable[[AsyncConnection], None] | None = None,
    ) -> None:
        """Lend connections to the database at `url`; `made` hears of each new one."""
        self._url = url
        self._made = made
        self._connections = connections
        self._statement_seconds = statement_seconds
        self._away = False
        self._look: asyncio.Task[None] | None = None
        self._seeing: asyncio.Task[None] | None = None
        self._pool: AsyncConnectionPool[AsyncConnection] = AsyncConnectionPool(
            url,
            min_size=1,
            max_size=connections,
            open=False,
            timeout=LOOK_SECONDS,
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
        for look in (self._look, self._seeing):
            if look is not None:
                look.cancel()
                await asyncio.wait([look])
        await self._pool.close()

    async def _configure(self, connection: AsyncConnection) -> None:
        await connection.execute(
            "SELECT set_config('statement_timeout', %s, false)", [f"{self._statement_seconds}s"]
        )
        arrays.teach(connection)
        if self._made is not None:
            self._made(connection)

    @asynccontextmanager
    async def connection(self, given: Connection | None = None) -> AsyncGenerator[Connection]:
        """Lend a connection in autocommit mode, or the one `given`. Raises DatabaseError.

        While the database is known to be away, this fails at once.
        """
        if given is not None:
            yield given
            return
        connection = await self._borrow()
        try:
            async with connection:
                yield connection
        except pg.QueryCanceled:
            raise TooSlow(seconds=self._statement_seconds) from None
        except (pg.DiskFull, pg.OutOfMemory) as error:
            raise Full(detail=_first_line(error)) from None
        except (psycopg.DataError, UnicodeEncodeError) as error:
            if getattr(error, "sqlstate", None) is not None:
                raise  # the database's own opinion of a value: a fault of ours
            raise Unstorable from None
        except (pg.DeadlockDetected, pg.SerializationFailure, pg.ProgramLimitExceeded):
            raise  # the work meets others, or is itself too large: the database answers
        except psycopg.OperationalError as error:
            if connection.closed:
                self._lost(error)
            raise NoAnswer from None
        finally:
            await self._pool.putconn(connection)

    async def _borrow(self) -> AsyncConnection:
        """Take a connection out of the pool. Raises NoAnswer or Busy."""
        for _ in range(round(WAIT_SECONDS / LOOK_SECONDS)):
            if self._away:
                break
            try:
                return await self._pool.getconn()
            except PoolTimeout:
                await self._see()
            except PoolClosed:
                raise NoAnswer from None
        if self._away:
            raise NoAnswer
        raise Busy(connections=self._connections, seconds=WAIT_SECONDS)

    async def _see(self) -> None:
        """Look whether the database answers; if it doesn't, go on looking in the background.

        One looks for all who wait: a thousand that look at once would take every place the database has.
        """
        if self._away:
            return
        if self._seeing is None:
            self._seeing = asyncio.create_task(self._see_for_all())
        await asyncio.shield(self._seeing)

    async def _see_for_all(self) -> None:
        try:
            await self._probe()
        except psycopg.OperationalError as error:
            self._lost(error)
        finally:
            self._seeing = None

    def _lost(self, error: psycopg.OperationalError) -> None:
        """Let requests fail at once until the database answers again."""
        if not self._away:
            self._away = True
            logger().error("database doesn't answer", detail=_first_line(error))
            self._look = asyncio.create_task(self._wait_for_it())

    async def _wait_for_it(self) -> None:
        while True:
            try:
                await self._probe()
                await self._pool.check()  # throws away the connections that broke
            except psycopg.Error:
                await asyncio.sleep(PAUSE_SECONDS)
            else:
                self._away = False
                logger().info("database answers again")
                return

    async def _probe(self) -> None:
        connection = await AsyncConnection.connect(self._url, connect_timeout=PROBE_SECONDS)
        await connection.close()


def _first_line(error: Exception) -> str:
    return str(error).strip().split("\n")[0]
