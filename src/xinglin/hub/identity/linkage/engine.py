"""Where pairs are found and compared: DuckDB in this process, or a Spark cluster (`cluster`)."""

from collections.abc import Callable, Generator
from contextlib import contextmanager
from typing import TYPE_CHECKING, Any, Final, Protocol

from xinglin.hub.identity.linkage.database import rows

if TYPE_CHECKING:
    from duckdb import DuckDBPyConnection

Paired = Callable[[str], str]
"""Writes a query over pairs: it is given what stands behind `from`, with columns p.a, p.b, l.… and r.…"""

JOINED: Final = "{pairs} p join person l on l.n = p.a join person r on r.n = p.b"
"""Pairs with both people, where the table `person` is at hand."""


class Engine(Protocol):
    """Finds candidate pairs among the people of `local`'s table `person`, and compares them.

    `hashed` names the SQL function that makes one number of several values.
    """

    local: "DuckDBPyConnection"
    hashed: str

    def make(self, name: str, query: str) -> None:
        """Keep what a query gives as the table `name`."""
        ...

    def drop(self, *names: str) -> None:
        """Say that tables aren't asked for again."""
        ...

    def rows(self, query: str) -> list[tuple[Any, ...]]:
        """Give all rows of a query."""
        ...

    def compare(self, name: str, query: Paired) -> None:
        """Ask `query` of the table `pair`; the answer becomes the table `name` of `local`.

        The pairs may be cut into parts and the answers to them put together.
        """
        ...


class InProcess:
    """DuckDB does it all."""

    hashed = "hash"

    def __init__(self, local: "DuckDBPyConnection") -> None:
        self.local = local

    def make(self, name: str, query: str) -> None:
        """Keep what a query gives as the table `name`."""
        self.local.execute(f"create temp table {name} as {query}")

    def drop(self, *names: str) -> None:
        """Forget tables."""
        for name in names:
            self.local.execute(f"drop table {name}")

    def rows(self, query: str) -> list[tuple[Any, ...]]:
        """Give all rows of a query."""
        return rows(self.local, query)

    def compare(self, name: str, query: Paired) -> None:
        """Ask `query` of all pairs at once."""
        self.make(name, query(JOINED.format(pairs="pair")))


@contextmanager
def engine(local: "DuckDBPyConnection", spark: str) -> Generator[Engine]:
    """Give the engine: the Spark Connect endpoint `spark`, or this process where it is empty.

    `local` has the table `person`, complete. Raises ExtraMissing or ClusterFailed.
    """
    if not spark:
        yield InProcess(local)
        return
    from xinglin.hub.identity.linkage.cluster import cluster

    with cluster(local, spark) as found:
        yield found
