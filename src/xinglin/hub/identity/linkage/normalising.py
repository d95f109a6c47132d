"""Bring the fields of people to the form in which they are compared (`columns.COLUMNS`).

Each different value is read once, in Python, by the rules of `standards.persons`; what is plain already never
leaves the database.
"""

import os
from collections.abc import Callable, Generator, Iterable, Iterator, Sequence
from concurrent.futures import ProcessPoolExecutor
from contextlib import contextmanager
from dataclasses import dataclass
from multiprocessing import get_context
from typing import TYPE_CHECKING, Final, TypeAlias

from xinglin.hub.identity.linkage.arrow import Cells, packed, registered
from xinglin.hub.identity.linkage.columns import COLUMNS
from xinglin.hub.identity.linkage.database import number
from xinglin.hub.identity.linkage.values import (
    given_forms,
    name_forms,
    read_birth,
    read_number,
    read_phone,
    read_place,
    read_sex,
    surname_forms,
    words,
)

if TYPE_CHECKING:
    from duckdb import DuckDBPyConnection

BATCH: Final = 20_000
MANY: Final = 150_000
"""From so many different values on, more processes read them."""

Reader: TypeAlias = Callable[[str], Sequence[str | None]]


@dataclass(frozen=True, slots=True)
class Field:
    """How one field becomes columns: `read` gives their values; `plain` ones are taken by SQL as they are."""

    name: str
    columns: tuple[str, ...]
    read: Reader
    plain: str = ""
    taken: str = ""


_NAME = COLUMNS[:7]
_FIELDS: Final = (
    Field("surname", _NAME[:3], surname_forms),
    Field("given_name", _NAME[3:], given_forms),
    Field("full_name", _NAME, name_forms),
    Field("sex", ("sex",), read_sex),
    Field(
        "birth_date",
        ("birth",),
        read_birth,
        "regexp_full_match({v}, '(19|20)[0-9][0-9]-?(0[1-9]|1[0-2])-?(0[2-9]|[12][0-9]|3[01])')",
        "replace({v}, '-', '')",
    ),
    Field(
        "identity_number",
        ("number",),
        read_number,
        "regexp_full_match({v}, '[1-9][0-9]{{5}}(19|20)[0-9]{{9}}[0-9X]')",
        "left({v}, 17)",
    ),
    Field(
        "phone",
        ("phone",),
        read_phone,
        "regexp_full_match({v}, '1[3-9][0-9]{{9}}')"
        f" and not regexp_matches({{v}}, '{'|'.join(str(digit) * 5 for digit in range(10))}')",
        "{v}",
    ),
    Field("street_number", ("house",), words),
    Field("address_line", ("city", "street", "house"), read_place),
    Field("address_line2", ("street2",), words),
    Field("city", ("city",), words),
    Field("postal_code", ("postcode",), words),
    Field("state", ("state",), words),
)  # fmt: skip


def normalise(connection: "DuckDBPyConnection") -> int:
    """Make the table `person` (n from 1, side, id, the columns) from `raw`; give how many rows it has.

    Left rows come first: of a pair between two files, the smaller `n` is the left one.
    """
    present = [one for one in _FIELDS if number(connection, f"select count({one.name}) from raw")]
    with _workers() as spread:
        for field in present:
            _look_up(connection, field, spread)
    values = {column: _value(column, present) for column in COLUMNS}
    joins = " ".join(f"left join read_{one.name} on read_{one.name}.v = raw.{one.name}" for one in present)
    listed = ", ".join(f"{value} as {column}" for column, value in values.items())
    connection.execute(
        "create table person as select (row_number() over (order by side))::integer as n, * from ("
        f"select side, id, {listed} from raw {joins})"
    )
    for field in present:
        connection.execute(f"drop table read_{field.name}")
    connection.execute("drop table raw")
    return number(connection, "select count(*) from person")


def _value(column: str, present: Iterable[Field]) -> str:
    found: list[str] = []
    for field in present:
        if column not in field.columns:
            continue
        if field.plain:
            value = f"raw.{field.name}"
            plain, taken = field.plain.format(v=value), field.taken.format(v=value)
            found.append(f"case when {plain} then {taken} else read_{field.name}.{column} end")
        else:
            found.append(f"read_{field.name}.{column}")
    # what has a field of its own comes before what was read out of another
    ordered = sorted(found, key=lambda value: "full_name" in value or "address_line." in value)
    return f"coalesce({', '.join(ordered)}, null)" if ordered else "null::varchar"


def _look_up(connection: "DuckDBPyConnection", field: Field, spread: "Spread") -> None:
    name = field.name
    typed = ", ".join(f"{column} varchar" for column in field.columns)
    connection.execute(f"create table read_{name} (v varchar, {typed})")
    odd = f" and not {field.plain.format(v=name)}" if field.plain else ""
    connection.execute(
        f"create table odd as select distinct {name} as v from raw where {name} is not null{odd}"
    )
    batches = _batches(connection)
    for values, results in spread(field.read, batches, number(connection, "select count(*) from odd")):
        columns: dict[str, Cells] = {"v": values}
        columns.update(zip(field.columns, results, strict=True))
        with registered(connection, "batch", packed(columns, ())):
            connection.execute(f"insert into read_{name} select * from batch")
    connection.execute("drop table odd")


def _batches(connection: "DuckDBPyConnection") -> Iterator[list[str]]:
    reader = connection.cursor()
    reader.execute("select v from odd")
    while found := reader.fetchmany(BATCH):
        yield [value for (value,) in found]


Columns: TypeAlias = tuple[list[str | None], ...]
Spread: TypeAlias = Callable[[Reader, Iterator[list[str]], int], Iterator[tuple[list[str], Columns]]]


def read_batch(read: Reader, values: list[str]) -> tuple[list[str], Columns]:
    """Read a batch of values: the values, and a list for each column."""
    return values, tuple(map(list, zip(*(read(value) for value in values), strict=True)))


@contextmanager
def _workers() -> Generator[Spread]:
    pool: list[ProcessPoolExecutor] = []

    def spread(read: Reader, batches: Iterator[list[str]], count: int) -> Iterator[tuple[list[str], Columns]]:
        if count < MANY:
            return (read_batch(read, batch) for batch in batches)
        if not pool:
            pool.append(ProcessPoolExecutor(os.cpu_count(), mp_context=get_context("spawn")))
        return (one.result() for one in [pool[0].submit(read_batch, read, batch) for batch in batches])

    try:
        yield spread
    finally:
        for one in pool:
            one.shutdown()
