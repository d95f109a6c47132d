"""And, or and not over pieces of SQL, without what is always or never so: what is open costs nothing."""

from collections.abc import Iterable

from xinglin.hub.search.sql import FALSE, TRUE, Sql, anything, everything, fill


def both(parts: Iterable[Sql]) -> Sql:
    """All of the parts."""
    kept = _distinct(one for one in parts if one != TRUE)
    return FALSE if FALSE in kept else everything(kept)


def either(parts: Iterable[Sql]) -> Sql:
    """Any of the parts."""
    kept = _distinct(one for one in parts if one != FALSE)
    return TRUE if TRUE in kept else anything(kept)


def negated(part: Sql) -> Sql:
    """Not the part."""
    if part == TRUE:
        return FALSE
    return TRUE if part == FALSE else fill("NOT ({})", part)


def _distinct(parts: Iterable[Sql]) -> list[Sql]:
    found: list[Sql] = []
    for one in parts:
        if one not in found:
            found.append(one)
    return found
