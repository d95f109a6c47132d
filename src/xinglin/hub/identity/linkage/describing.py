"""Fill the table `person` with the features of persons (`standards.persons.COLUMNS`)."""

import os
import re
from collections.abc import Iterable, Iterator, Sequence
from concurrent.futures import ProcessPoolExecutor
from datetime import date
from itertools import islice
from multiprocessing import get_context
from operator import attrgetter
from typing import TYPE_CHECKING, Final, TypeAlias

from xinglin.core import clock
from xinglin.hub.identity.linkage.arrow import Cells, packed, registered
from xinglin.hub.identity.linkage.database import number, rows
from xinglin.standards.persons import COLUMNS, Features, describe

if TYPE_CHECKING:
    from duckdb import DuckDBPyConnection

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
    " nullif(concat(if(contains(coalesce(address_line, ''), state), null, state),"
    " if(contains(coalesce(address_line, ''), city), null, city), address_line, address_line2), '')"
)
_CELLS: Final = attrgetter(*COLUMNS)
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
    return first - 1


def enter_people(connection: "DuckDBPyConnection", people: Iterable[tuple[str, Features]]) -> int:
    """Make the table `person` from ids and features; give how many there are."""
    _create(connection)
    first, source = 1, iter(people)
    while batch := list(islice(source, BATCH)):
        cells = [_CELLS(features) for _, features in batch]
        first = _insert(connection, _packed([0] * len(batch), [id_ for id_, _ in batch], cells), first)
    return first - 1


def describe_batch(batch: Sequence[RawRow], today: date) -> bytes:
    """Read a batch of rows: an Arrow stream of the columns of `person` but `n`."""
    cells = [_CELLS(_described(row[2:], today)) for row in batch]
    return _packed([row[0] for row in batch], [row[1] for row in batch], cells)


def _packed(sides: list[int], ids: list[str], cells: Sequence[Cells]) -> bytes:
    columns = dict(zip(COLUMNS, zip(*cells, strict=True), strict=True))
    return packed({"side": sides, "id": ids} | columns, {"side", *NUMBERS})


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


def _read(batches: Iterator[list[RawRow]], today: date, count: int) -> Iterator[bytes]:
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
    connection.execute(f"create table person (n integer, side integer, id varchar, {typed})")


def _insert(connection: "DuckDBPyConnection", stream: bytes, first: int) -> int:
    with registered(connection, "batch", stream) as count:
        connection.execute(
            f"insert into person select ({first} + row_number() over () - 1)::integer, * from batch"
        )
    return first + count
