"""Read CSV files into the database, with every fault said in plain words."""

import csv
import shutil
import tempfile
from collections.abc import Generator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Final

from xinglin.core.i18n import Phrase
from xinglin.hub.identity.linkage.columns import FIELDS, Names
from xinglin.hub.identity.linkage.database import number, rows
from xinglin.hub.identity.linkage.errors import EmptyTable, MissingColumn, UnusableIds, UnusableTable

if TYPE_CHECKING:
    from duckdb import DuckDBPyConnection

CHUNK: Final = 1 << 20
"""Characters read at a time."""


@dataclass(frozen=True, slots=True)
class Table:
    """A CSV file (RFC 4180): the SQL that reads it, and its columns' names in SQL by their own.

    The query's parameter is `file`, which holds the same text in UTF-8.
    """

    sql: str
    columns: Mapping[str, str]
    file: str


@contextmanager
def opened(path: Path) -> Generator[Table]:
    """Read a CSV file in UTF-8 or GB 18030 within the block. Raises EmptyTable or UnusableTable."""
    import duckdb

    with tempfile.TemporaryDirectory(prefix="xinglin-link-") as folder:
        try:
            file = _as_utf8(path, Path(folder))
            yield _table(path.name, file)
        except (UnicodeDecodeError, csv.Error, duckdb.Error) as error:
            lines = [line.strip() for line in str(error).splitlines() if line.strip()]
            why = Phrase("the reader says: {why}", why=" ".join(lines[:2])[:200])
            raise UnusableTable(file=path.name, detail=why) from error


def _as_utf8(path: Path, folder: Path) -> Path:
    """Give the file itself where it is UTF-8, else a copy read as GB 18030, as Windows in China writes it."""
    try:
        with path.open(encoding="utf-8") as given:
            while given.read(CHUNK):
                pass
    except UnicodeDecodeError:
        copy = folder / "copy.csv"
        with (
            path.open(encoding="gb18030", newline="") as given,
            copy.open("w", encoding="utf-8", newline="") as out,
        ):
            shutil.copyfileobj(given, out, CHUNK)
        return copy
    return path


def _table(name: str, file: Path) -> Table:
    with file.open(encoding="utf-8-sig", newline="") as given:
        names = next(csv.reader(given, strict=True), None)
    if not names:
        raise EmptyTable(file=name)
    trimmed = [one.strip() for one in names]
    if repeated := next((one for at, one in enumerate(trimmed) if one and one in trimmed[:at]), None):
        raise UnusableTable(file=name, detail=Phrase("the column {name} stands twice", name=repeated))
    typed = ", ".join(f"'c{at}': 'varchar'" for at in range(len(names)))
    sql = (
        f"read_csv(?, auto_detect = false, header = true, columns = {{{typed}}}, delim = ',', quote = '\"',"
        " escape = '\"', strict_mode = true, null_padding = false, max_line_size = 4194304)"
    )
    return Table(sql, {one: f"c{at}" for at, one in enumerate(trimmed)}, str(file))


def read_people(connection: "DuckDBPyConnection", path: Path, names: Names, side: int) -> int:
    """Append a file's rows to the table `raw` (side, id and the other fields, text); give how many.

    Raises MissingColumn, UnusableTable, EmptyTable or UnusableIds.
    """
    fields = ", ".join(f"{field} varchar" for field in FIELDS)
    connection.execute(f"create table if not exists raw (side tinyint, {fields})")
    with opened(path) as table:
        for column in names.values():
            if column.strip() not in table.columns:
                raise MissingColumn(file=path.name, column=column, present=", ".join(table.columns)[:300])
        taken = [
            f"nullif(trim({table.columns[names[field].strip()]}), '')" if field in names else "null"
            for field in FIELDS
        ]
        query = f"insert into raw select {side}, {', '.join(taken)} from {table.sql}"
        connection.execute(query, [table.file])
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
