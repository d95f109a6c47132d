"""The small tables in `tables/`, read once. Each row keeps its `source` and how sure it is."""

import csv
from functools import cache
from importlib.resources import files

Row = dict[str, str]


@cache
def table(name: str) -> tuple[Row, ...]:
    """Every row of `tables/{name}.csv`, as text by column name."""
    text = (files("xinglin_demo") / "tables" / f"{name}.csv").read_text(encoding="utf-8")
    return tuple(csv.DictReader(text.splitlines()))


@cache
def rows_by(name: str, column: str) -> dict[str, Row]:
    """Give the rows of a table by a column whose values are unique."""
    return {row[column]: row for row in table(name)}


@cache
def groups_by(name: str, column: str) -> dict[str, tuple[Row, ...]]:
    """Give the rows of a table gathered by a column, in the table's order."""
    groups: dict[str, list[Row]] = {}
    for row in table(name):
        groups.setdefault(row[column], []).append(row)
    return {value: tuple(rows) for value, rows in groups.items()}
