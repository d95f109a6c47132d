"""Tables as pages declare them, and their rows put in order, page by page."""

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Final, Literal

from xinglin.web.visit import Visit

Kind = Literal["text", "number", "percent", "bytes", "date", "moment", "badge", "code"]
"""How cells are written. `badge` shows a word in the tone that the row's `NAME_tone` gives."""

PAGE: Final = 25
"""Rows on one page, where a page says nothing else."""

EXPORT_MOST: Final = 100_000
"""Rows of a table that are taken away as a file at most."""


@dataclass(frozen=True, slots=True)
class Column:
    """A column: its name in the rows, its title (a message id), how cells are written.

    `link` names the value of the row that is the address to go to; `sorts` says that rows can be put in order
    by it.
    """

    name: str
    title: str
    kind: Kind = "text"
    link: str = ""
    sorts: bool = True


@dataclass(frozen=True, slots=True)
class Table:
    """A table: the name of its value among a page's, its title and columns (see `arranged`).

    `empty` says in words what it means that there are no rows.
    """

    name: str
    title: str
    columns: tuple[Column, ...]
    empty: str = ""

    def parameter(self, what: str) -> str:
        """Give the name of its parameter in the address's query, as `sort` or `page`."""
        return f"{self.name}.{what}"


def arranged(
    visit: Visit, table: Table, rows: Sequence[Mapping[str, Any]], *, sort: str = "", size: int = PAGE
) -> dict[str, Any]:
    """Put all rows of a table in order as the address says, and give those of one page.

    `sort` is the order where the address says none: a column's name, with a hyphen before it downwards. For
    files every row is given.
    """
    wanted = visit.text(table.parameter("sort"), sort)
    columns = {one.name for one in table.columns if one.sorts}
    name = wanted.removeprefix("-")
    if name in columns:
        rows = _in_order(rows, name, down=wanted.startswith("-"))
    if visit.whole:
        return paged(rows, total=len(rows), sort=wanted)
    pages = max(1, math.ceil(len(rows) / size))
    page = min(visit.number(table.parameter("page"), 1, least=1), pages)
    return paged(rows[(page - 1) * size : page * size], total=len(rows), page=page, size=size, sort=wanted)


def paged(
    rows: Sequence[Mapping[str, Any]],
    *,
    total: int,
    page: int = 1,
    size: int | None = None,
    sort: str = "",
) -> dict[str, Any]:
    """Give one page of rows that the database put in order; `total` counts them all."""
    pages = 1 if size is None else max(1, math.ceil(total / size))
    return {"rows": list(rows), "total": total, "page": page, "pages": pages, "sort": sort}


def _in_order(rows: Sequence[Mapping[str, Any]], name: str, *, down: bool) -> list[Mapping[str, Any]]:
    """Put rows in order by a value; those without one come last either way."""
    known = [one for one in rows if one.get(name) is not None]
    unknown = [one for one in rows if one.get(name) is None]
    return sorted(known, key=lambda one: _key(one[name]), reverse=down) + unknown


def _key(value: Any) -> tuple[int, Any]:
    """Have numbers, moments and texts stand apart, so that any two values can be compared."""
    if isinstance(value, int | float) or hasattr(value, "as_tuple"):
        return 0, value
    return (1, value) if hasattr(value, "isoformat") else (2, str(value))
