"""Pairs found and compared on Spark: any Spark Connect endpoint (Apache Spark 4, Sail).

The cluster blocks and joins; its workers compare each batch of pairs with the same DuckDB query that runs in
process elsewhere, so both ways give the same levels and weights. Workers need Python with DuckDB and PyArrow.
"""

# pyspark's and pyarrow's classes carry few types or none.
# pyright: reportUnknownMemberType=false, reportUnknownVariableType=false, reportUnknownArgumentType=false

import socket
import sys
from collections.abc import Callable, Generator, Iterable, Iterator
from contextlib import contextmanager
from importlib import import_module
from typing import TYPE_CHECKING, Any, Final
from urllib.parse import urlsplit

from xinglin.hub.identity.linkage.engine import Paired
from xinglin.hub.identity.linkage.errors import ClusterFailed, ExtraMissing

if TYPE_CHECKING:
    from duckdb import DuckDBPyConnection

_PAIRS: Final = (
    "select p.a, p.b, struct(l.*) as l, struct(r.*) as r from pair p"
    " join person l on l.n = p.a join person r on r.n = p.b"
)
"""Pairs with both people as structs, so that a query names their columns as it does in process."""
_NONE: Final = "(select 0::integer as a, 0::integer as b, l, r from person l, person r limit 0) p"

PORT: Final = 15002
"""Where Spark Connect listens unless told otherwise."""
CONNECT_SECONDS: Final = 10

Batches = Iterable[Any]


class Cluster:
    """An engine on Spark, in a session of its own: its tables are that session's temporary views."""

    hashed = "xxhash64"

    def __init__(self, local: "DuckDBPyConnection", session: Any) -> None:
        self.local = local
        self._session = session
        self._keep("person", session.createDataFrame(_answer(local, "select * from person")))

    def make(self, name: str, query: str) -> None:
        """Keep what a query gives; it is computed when it is first asked for."""
        self._keep(name, self._session.sql(query))

    def drop(self, *names: str) -> None:
        """Keep them until the session ends: what isn't computed yet may need them, and their cache."""

    def rows(self, query: str) -> list[tuple[Any, ...]]:
        """Give all rows of a query."""
        found = self._session.sql(query).toArrow()
        return list(zip(*(column.to_pylist() for column in found.columns), strict=True))

    def compare(self, name: str, query: Paired) -> None:
        """Ask `query` of the pairs in the workers, a batch at a time."""
        schema = _answer(self.local, query(_NONE)).schema
        typed = import_module("pyspark.sql.pandas.types").from_arrow_schema(schema)
        asked = self._session.sql(_PAIRS).mapInArrow(_asking(query("batch p")), typed)
        self.local.register("found", asked.toArrow())
        self.local.execute(f"create temp table {name} as select * from found")
        self.local.unregister("found")

    def _keep(self, name: str, frame: Any) -> None:
        frame.persist().createOrReplaceTempView(name)


def _answer(connection: "DuckDBPyConnection", sql: str) -> Any:
    return connection.sql(sql).to_arrow_table()


def _asking(sql: str) -> Callable[[Batches], Iterator[Any]]:
    """Make what a worker does; it is sent there whole, so it brings its own imports."""

    def ask(batches: Batches) -> Iterator[Any]:
        import duckdb
        import pyarrow

        with duckdb.connect(":memory:", config={"threads": 1}) as connection:
            for one in batches:
                connection.register("batch", pyarrow.Table.from_batches([one]))
                answer: Any = connection.sql(sql).to_arrow_table()
                yield from answer.to_batches()
                connection.unregister("batch")

    return ask


@contextmanager
def _named_main() -> Generator[None]:
    """Have pyspark take this process for a program.

    One that was started by `python -c`, as spawned ones are, it takes for a test of its own pages, and
    ends it (pyspark.sql.connect.utils.check_dependencies).
    """
    main: Any = sys.modules["__main__"]
    if hasattr(main, "__file__"):
        yield
        return
    main.__file__ = __file__
    try:
        yield
    finally:
        del main.__file__


@contextmanager
def cluster(local: "DuckDBPyConnection", remote: str) -> Generator[Cluster]:
    """Open a session at the Spark Connect endpoint `remote` (`sc://host:port`).

    Raises ExtraMissing without the extra `spark`, ClusterFailed where the cluster can't be reached or used.
    """
    with _named_main(), _session(remote) as session:
        yield Cluster(local, session)


@contextmanager
def _session(remote: str) -> Generator[Any]:
    try:
        spark: Any = import_module("pyspark.sql").SparkSession
        failures = (import_module("pyspark.errors").PySparkException, import_module("grpc").RpcError)
    except ImportError as error:
        raise ExtraMissing(extra="spark", detail=str(error)) from error
    _must_listen(remote)
    session: Any = None
    try:
        session = spark.builder.remote(remote).create()
        yield session
    except failures as error:
        raise _failed(remote, error) from error
    finally:
        if session is not None:
            session.stop()


def _must_listen(remote: str) -> None:
    """Raise ClusterFailed where nobody listens: the client itself would try again for minutes."""
    try:
        parts = urlsplit(remote)
        with socket.create_connection((parts.hostname or "", parts.port or PORT), CONNECT_SECONDS):
            pass
    except (OSError, ValueError) as error:
        raise _failed(remote, error) from error


def _failed(remote: str, error: Exception) -> ClusterFailed:
    # what follows the semicolon may hold a token
    return ClusterFailed(remote=remote.partition(";")[0], detail=" ".join(str(error).split())[:200])
