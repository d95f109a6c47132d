"""Columns in and out of the database as Arrow; pyarrow comes with Splink and has no types for checkers."""

from collections.abc import Generator, Iterable, Mapping, Sequence
from contextlib import contextmanager
from importlib import import_module
from typing import TYPE_CHECKING, Any, TypeAlias

if TYPE_CHECKING:
    from duckdb import DuckDBPyConnection

Cells: TypeAlias = Sequence[str | int | None]


def packed(columns: Mapping[str, Cells], numbers: Iterable[str]) -> bytes:
    """Write columns as an Arrow stream: text, but whole numbers (32 bits) for those named in `numbers`."""
    arrow: Any = import_module("pyarrow")
    whole = set(numbers)
    arrays = [
        arrow.array(cells, arrow.int32() if name in whole else arrow.string())
        for name, cells in columns.items()
    ]
    batch: Any = arrow.record_batch(arrays, names=list(columns))
    sink: Any = arrow.BufferOutputStream()
    with arrow.ipc.new_stream(sink, batch.schema) as stream:
        stream.write_batch(batch)
    return bytes(sink.getvalue().to_pybytes())


@contextmanager
def registered(connection: "DuckDBPyConnection", name: str, stream: bytes) -> Generator[int]:
    """Let a query read an Arrow stream as the table `name` within the block; gives its number of rows."""
    arrow: Any = import_module("pyarrow")
    table: Any = arrow.ipc.open_stream(stream).read_all()
    connection.register(name, table)
    try:
        yield int(table.num_rows)
    finally:
        connection.unregister(name)
