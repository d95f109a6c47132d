"""Read CSV files into the database, with every fault said in plain words."""

import csv
from collections.abc import Generator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

from xinglin.core.i18n import Phrase
from xinglin.hub.identity.linkage.columns import FIELDS, Names
from xinglin.hub.identity.linkage.database import number, rows
from xinglin.hub.identity.linkage.errors import EmptyTable, MissingColumn, UnusableIds, UnusableTable

if TYPE_CHECKING:
    from duckdb import DuckDBPyConnection


@contextmanager
def readable(path: Path) -> Generator[None]:
    """Say what is wrong with a file as UnusableTable."""
    import duckdb

    try:
        yield
    except duckdb.Error as error:
        raise _unusable(path, str(error)) from error


def _unusable(path: Path, said: str) -> UnusableTable:
    lines = [line.strip() for line in said.splitlines() if line.strip()]
    return UnusableTable(
        file=path.name, detail=Phrase("the reader says: {why}", why=" ".join(lines[:2])[:200])
    )


@dataclass(frozen=True, slots=True)
class Table:
    """A CSV file (RFC 4180, UTF-8): the SQL that reads it, and its columns' names in SQL by their own.

    The file's path is the query's parameter.
    """

    sql: str
    columns: Mapping[str, str]


def table_of(path: Path) -> Table:
    """Read the first line of a file. Raises EmptyTable or UnusableTable."""
    try:
        with path.open(encoding="utf-8-sig", newline="") as file:
            names = next(csv.reader(file, strict=True), None)
    except (UnicodeDecodeError, csv.Error) as error:
        raise _unusable(path, str(error)) from error
    if not names:
        raise EmptyTable(file=path.name)
    trimmed = [name.strip() for name in names]
    if repeated := next((name for at, name in enumerate(trimmed) if name and name in trimmed[:at]), None):
        raise UnusableTable(file=path.name, detail=Phrase("the column {name} stands twice", name=repeated))
    typed = ", ".join(f"'c{at}': 'varchar'" for at in range(len(names)))
    sql = (
        f"read_csv(?, auto_detect = false, header = true, columns = {{{typed}}}, delim = ',', quote = '\"',"
        " escape = '\"', strict_mode = true, null_padding = false, max_line_size = 4194304)"
    )
    return Table(sql, {name: f"c{at}" for at, name in enumerate(trimmed)})


def read_people(connection: "DuckDBPyConnection", path: Path, names: Names, side: int) -> int:
    """Append a file's rows to the table `raw` (side, id and the other fields, text); give how many.

    Raises MissingColumn, UnusableTable, EmptyTable or UnusableIds.
    """
    table = table_of(path)
    for column in names.values():
        if column.strip() not in table.columns:
            raise MissingColumn(file=path.name, column=column, present=", ".join(table.columns)[:300])
    taken = [
        f"nullif(trim({table.columns[names[field].strip()]}), '')" if field in names else "null"
        for field in FIELDS
    ]
    fields = ", ".join(f"{field} varchar" for field in FIELDS)
    connection.execute(f"create table if not exists raw (side tinyint, {fields})")
    with readable(path):
        connection.execute(f"insert into raw select {side}, {', '.join(taken)} from {table.sql}", [str(path)])
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
