"""The tree: a place by its code, what is above it, what is directly below it, what it became."""

from functools import cache

from xinglin.standards.identifiers.divisions import Name, history, lookup
from xinglin.standards.identifiers.model import today_in_china
from xinglin.standards.places.model import Level, Place, level_of
from xinglin.standards.places.tables import changes, townships, villages


def place(code: str, year: int | None = None) -> Place | None:
    """Give what `code` names, in `year` (by default now; see `divisions.lookup`); None where nothing does.

    Rows of GB/T 2260 that only group others (市辖区, 省直辖县级) are no places.
    """
    match level_of(code):
        case None:
            return None
        case Level.TOWNSHIP:
            return townships().get(code[:6], {}).get(code)
        case Level.VILLAGE:
            return villages(code[:9]).get(code)
        case level:
            return _division(code, level, year or today_in_china().year)


def _division(code: str, level: Level, year: int) -> Place | None:
    found = lookup(code, year)
    if found.name is None or found.path[-1:] != (found.name,):
        return None
    return Place(code, found.name, level, found.since, found.until)


def parent(code: str) -> Place | None:
    """Give the place directly above; a county without a prefecture lies in its province."""
    match level_of(code):
        case Level.VILLAGE:
            return place(code[:9])
        case Level.TOWNSHIP:
            return place(code[:6])
        case Level.COUNTY:
            return place(f"{code[:4]}00") or place(f"{code[:2]}0000")
        case Level.PREFECTURE:
            return place(f"{code[:2]}0000")
        case _:
            return None


def path(code: str) -> tuple[Place, ...]:
    """Give the places from the province down to `code`; () where the code names nothing."""
    found = place(code)
    if found is None:
        return ()
    above = parent(code)
    return (*path(above.code), found) if above else (found,)


@cache
def children(code: str) -> tuple[Place, ...]:
    """Give the places of today that lie directly in `code`, by code."""
    match level_of(code):
        case Level.PROVINCE:
            return tuple(_in_province(code[:2]))
        case Level.PREFECTURE:
            return tuple(_counties(code[:4]))
        case Level.COUNTY:
            return tuple(townships().get(code, {}).values())
        case Level.TOWNSHIP:
            return tuple(villages(code).values())
        case _:
            return ()


def provinces() -> tuple[Place, ...]:
    """Give the provinces of today."""
    return tuple(found for number in range(11, 92) if (found := _now(f"{number}0000")))


def _in_province(digits: str) -> list[Place]:
    found: list[Place] = []
    for number in range(1, 100):
        code = f"{digits}{number:02d}00"
        if (prefecture := _now(code)) is not None:
            found.append(prefecture)
        elif _is_used(code):  # a group: its counties belong to the province itself
            found += _counties(code[:4])
    return found


def _counties(digits: str) -> list[Place]:
    return [found for number in range(1, 100) if (found := _now(f"{digits}{number:02d}"))]


def _is_used(code: str) -> bool:
    return any(name.until is None for name in history(code))


def _now(code: str) -> Place | None:
    found = place(code) if _is_used(code) else None
    return found if found and found.current else None


def former(code: str) -> tuple[Name, ...]:
    """Give the names that a county or more once had under this code, and has no more."""
    return tuple(name for name in history(code) if name.until is not None)


def became(code: str) -> tuple[Place, ...]:
    """Give the places that followed one another after `code` ended, the present one last.

    () where it hasn't ended, or nobody says what became of it.
    """
    found: list[Place] = []
    while (change := changes().get(code)) is not None and len(found) < len(changes()):
        code, year = change
        following = place(code, year if code in changes() else None)
        if following is None:
            break
        found.append(following)
    return tuple(found)
