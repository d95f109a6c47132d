"""The small tables in `data/`, read once. Each row keeps its `source`, `edition` and `confidence`."""

import csv
from functools import cache
from importlib.resources import files

Row = dict[str, str]


@cache
def table(name: str) -> tuple[Row, ...]:
    """Give every row of `data/{name}.csv`, as text by column name."""
    text = (files("xinglin.standards.persons") / "data" / f"{name}.csv").read_text(encoding="utf-8")
    return tuple(csv.DictReader(text.splitlines()))
