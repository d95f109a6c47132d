"""Fill the table `person` with the features of persons (`standards.persons.COLUMNS`)."""

import os
import re
from collections.abc import Iterable, Iterator, Sequence
from concurrent.futures import ProcessPoolExecutor
from datetime import date
from dataclasses import replace
from itertools import islice
from multiprocessing import get_context
from typing import TYPE_CHECKING, Final, TypeAlias

from xinglin.core import clock
from xinglin.hub.identity.linkage.database import number, rows
from xinglin.standards.persons import COLUMNS, Features, columns, describe

if TYPE_CHECKING:
    from duckdb import DuckDBPyConnection

Cells: TypeAlias = Sequence[str | int | None]
RawRow: TypeAlias = tuple[int, str, *tuple[str | None, ...]]

BATCH: Final = 10_000
MANY: Final = 60_000
"""From so many rows on, more processes read them."""
AHEAD: Final = 4
"""Batches that wait for the processes at most: memory stays bounded."""
NUMBERS: Final = frozenset({"birth_year", "birth_number", "birth_rough", "identity_checked", "birth_order"})
"""Columns that are whole numbers; all others are text."""
_TAKEN: Final = (
    "side, id, full_name, surname, given_name, sex, birth_date, identity_number, phone, street_number,"
    " nullif(concat(state, city, address_line, address_line2), '')"
)
_BETWEEN: Final = re.compile(r"[;,；，、/]")


def is_chinese(connection: "DuckDBPyConnection") -> bool:
    """Whether most names in `raw` are written in Chinese characters."""
    name = "coalesce(full_name, surname, given_name)"
    found = rows(
        connection,
        f"select count(*), count(*) filter (regexp_matches({name}, '\\p{{Han}}')) from"
        f" (select * from raw where {name} is not null limit 10000)",
    )[0]
    return 2 * int(found[1]) > int(found[0])


def describe_rows(connection: "DuckDBPyConnection") -> int:
    """Make the table `person` from `raw`, left rows first; give how many rows it has."""
    _create(connection)
    reader = connection.cursor()
    reader.execute(f"select {_TAKEN} from raw order by side")
    today = clock.now().date()
    batches = iter(lambda: reader.fetchmany(BATCH), [])
    first = 1
    for table in _read(batches, today, number(connection, "select count(*) from raw")):
        first = _insert(connection, table, first)
    connection.execute("drop table raw")
    disown(connection)
    return first - 1


def enter_people(connection: "DuckDBPyConnection", people: Iterable[tuple[str, Features]]) -> int:
    """Make the table `person` from ids and features; give how many there are."""
    _create(connection)
    first, source = 1, iter(people)
    while batch := list(islice(source, BATCH)):
        cells = list(zip(*(columns(features) for _, features in batch), strict=True))
        first = _insert(connection, [[0] * len(batch), [id_ for id_, _ in batch], *cells], first)
    disown(connection)
    return first - 1


def disown(connection: "DuckDBPyConnection") -> None:
    """Take a mother's identity number off her newborn: it isn't the child's (see `own`)."""
    connection.execute(
        "update person set identity = null, identity_short = null, identity_checked = 0 where mother is not null"
        " and birth is not null and identity_checked = 1 and substr(identity, 7, 8) <> birth"
    )


def own(features: Features) -> Features:
    """Give the features without an identity number that is the mother's.

    So is a number with its check character right, but another birth date, on a record that names a mother.
    """
    is_mothers = (
        features.mother is not None
        and features.birth is not None
        and features.identity is not None
        and bool(features.identity_checked)
        and features.identity[6:14] != features.birth
    )
    if not is_mothers:
        return features
    return replace(features, identity=None, identity_short=None, identity_checked=0)


def describe_batch(batch: Sequence[RawRow], today: date) -> list[Cells]:
    """Read a batch of rows: a list for each column of `person` but `n`."""
    cells = [columns(_described(row[2:], today)) for row in batch]
    return [[row[0] for row in batch], [row[1] for row in batch], *map(list, zip(*cells, strict=True))]


def _described(row: tuple[str | None, ...], today: date) -> Features:
    full, surname, given, sex, born, identity, phone, house, address = row
    return describe(
        today,
        full_name=full,
        surname=surname,
        given_name=given,
        sex=sex,
        birth_date=born,
        identity=identity,
        phones=tuple(_BETWEEN.split(phone)[:2]) if phone else (),
        street_number=house,
        address=address,
    )


def _read(batches: Iterator[list[RawRow]], today: date, count: int) -> Iterator[list[Cells]]:
    if count < MANY:
        yield from (describe_batch(batch, today) for batch in batches)
        return
    with ProcessPoolExecutor(os.cpu_count(), mp_context=get_context("spawn")) as pool:
        waiting = [pool.submit(describe_batch, batch, today) for batch in islice(batches, AHEAD)]
        while waiting:
            table = waiting.pop(0).result()
            waiting += [pool.submit(describe_batch, batch, today) for batch in islice(batches, 1)]
            yield table


def _create(connection: "DuckDBPyConnection") -> None:
    typed = ", ".join(f"{name} {'integer' if name in NUMBERS else 'varchar'}" for name in COLUMNS)
    connection.execute(f"create table person (n integer, side tinyint, id varchar, {typed})")


def _insert(connection: "DuckDBPyConnection", table: list[Cells], first: int) -> int:
    import pyarrow as pa

    count = len(table[0])
    kinds = [pa.int32(), pa.int8(), pa.string()]
    kinds += [pa.int32() if name in NUMBERS else pa.string() for name in COLUMNS]
    arrays = [
        pa.array(values, kind)
        for values, kind in zip([range(first, first + count), *table], kinds, strict=True)
    ]
    connection.register("batch", pa.table(arrays, names=["n", "side", "id", *COLUMNS]))
    connection.execute("insert into person select * from batch")
    connection.unregister("batch")
    return first + count
