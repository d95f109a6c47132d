"""DuckDB in process: bounded in memory and threads; the only place that imports it."""

import tempfile
from collections.abc import Generator
from contextlib import contextmanager
from typing import TYPE_CHECKING, Any

from xinglin.hub.identity.linkage.errors import ExtraMissing

if TYPE_CHECKING:
    from duckdb import DuckDBPyConnection

MEMORY = "1400MB"
"""What DuckDB may use before it goes to disk; the process needs some more for itself."""


@contextmanager
def database(memory: str = MEMORY) -> "Generator[DuckDBPyConnection]":
    """Open an empty database that ends with the block; large joins go to a temporary folder.

    Raises ExtraMissing without the extra `identity`.
    """
    try:
        import duckdb
    except ImportError as error:
        raise ExtraMissing(extra="identity", detail=str(error)) from error
    with tempfile.TemporaryDirectory(prefix="xinglin-link-") as folder:
        connection = duckdb.connect(":memory:")
        try:
            connection.execute(f"set memory_limit = '{memory}'")
            connection.execute(f"set temp_directory = '{folder}'")
            connection.execute("set preserve_insertion_order = false")
            connection.execute("set enable_progress_bar = false")
            yield connection
        finally:
            connection.close()


def rows(connection: "DuckDBPyConnection", sql: str, *values: object) -> list[tuple[Any, ...]]:
    """Give all rows of a query."""
    return connection.execute(sql, list(values)).fetchall()


def number(connection: "DuckDBPyConnection", sql: str, *values: object) -> int:
    """Give the one whole number that a query asks for."""
    return int(rows(connection, sql, *values)[0][0] or 0)


def quoted(name: str) -> str:
    """Write a name as an SQL identifier."""
    return '"' + name.replace('"', '""') + '"'
