"""The small tables in `data/`, read once. Each row keeps its `source`, `edition` and `confidence`."""

from functools import cache

from xinglin.core.tables import rows_of

Row = dict[str, str]


@cache
def table(name: str) -> tuple[Row, ...]:
    """Give every row of `data/{name}.csv`, as text by column name."""
    return tuple(rows_of("xinglin.standards.persons", "data", f"{name}.csv"))
