"""Read CSV files into the database, with every fault said in plain words."""

from collections.abc import Generator
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, Final

from xinglin.core.i18n import Phrase
from xinglin.hub.identity.linkage.columns import FIELDS, Names
from xinglin.hub.identity.linkage.database import number, quoted, rows
from xinglin.hub.identity.linkage.errors import EmptyTable, MissingColumn, UnusableIds, UnusableTable

if TYPE_CHECKING:
    from duckdb import DuckDBPyConnection

CSV: Final = (
    "read_csv(?, all_varchar = true, header = true, delim = ',', quote = '\"', escape = '\"',"
    " strict_mode = true, null_padding = false, max_line_size = 4194304)"
)
"""How a CSV file is read (RFC 4180, in UTF-8); its path is the query's parameter."""


@contextmanager
def readable(path: Path) -> Generator[None]:
    """Say what is wrong with a file as UnusableTable."""
    import duckdb

    try:
        yield
    except duckdb.Error as error:
        lines = [line.strip() for line in str(error).splitlines() if line.strip()]
        detail = Phrase("the reader says: {why}", why=" ".join(lines[:2])[:200])
        raise UnusableTable(file=path.name, detail=detail) from error


def header(connection: "DuckDBPyConnection", path: Path) -> dict[str, str]:
    """Give the names of a file's columns: trimmed, to as they stand there."""
    if not path.stat().st_size:
        raise EmptyTable(file=path.name)
    with readable(path):
        found = rows(connection, f"describe select * from {CSV}", str(path))
    return {str(name).strip(): str(name) for name, *_ in found}


def read_people(connection: "DuckDBPyConnection", path: Path, names: Names, side: int) -> int:
    """Append a file's rows to the table `raw` (side, id and the other fields, text); give how many.

    Raises MissingColumn, UnusableTable, EmptyTable or UnusableIds.
    """
    present = header(connection, path)
    for column in names.values():
        if column.strip() not in present:
            raise MissingColumn(file=path.name, column=column, present=", ".join(present)[:300])
    taken = [
        f"nullif(trim({quoted(present[names[field].strip()])}), '')" if field in names else "null"
        for field in FIELDS
    ]
    fields = ", ".join(f"{field} varchar" for field in FIELDS)
    connection.execute(f"create table if not exists raw (side tinyint, {fields})")
    with readable(path):
        connection.execute(f"insert into raw select {side}, {', '.join(taken)} from {CSV}", [str(path)])
    count = number(connection, "select count(*) from raw where side = ?", side)
    if not count:
        raise EmptyTable(file=path.name)
    _check_ids(connection, path, side)
    return count


def _check_ids(connection: "DuckDBPyConnection", path: Path, side: int) -> None:
    faults = rows(
        connection,
        "select id, count(*) - (id is not null)::int from raw where side = ? group by id"
        " having id is null or count(*) > 1 order by id",
        side,
    )
    if faults:
        example = str(faults[0][0]) if faults[0][0] is not None else Phrase("empty")
        raise UnusableIds(file=path.name, count=f"{sum(n for _, n in faults):,}", example=example)
