"""What an index must be asked: the search tree in terms of keys and rows, ready to become SQL.

See `sinks.Index` for what keys and rows are. Whatever a search truly finds fulfils its condition; where the
condition isn't exact, more does, and what it finds must be checked by `matches.Matcher`.
"""

from dataclasses import dataclass
from decimal import Decimal


@dataclass(frozen=True, slots=True)
class Anything:
    """Every record."""


@dataclass(frozen=True, slots=True)
class Nothing:
    """No record."""


@dataclass(frozen=True, slots=True)
class Keys:
    """Records with any of these keys."""

    keys: frozenset[int]


@dataclass(frozen=True, slots=True)
class Dates:
    """Records with a date row at one of `places` that compares as `prefix` says (`dates.COMPARISONS`).

    For `ap`, low and high are widened already.
    """

    places: tuple[int, ...]
    prefix: str
    low: int
    high: int


@dataclass(frozen=True, slots=True)
class Numbers:
    """Records with a number row at one of `places` that compares as `prefix` says (`numbers.COMPARISONS`).

    `unit` 0 compares as written; else base units, only in rows of that unit.
    """

    places: tuple[int, ...]
    prefix: str
    value: Decimal
    low: Decimal
    high: Decimal
    unit: int


@dataclass(frozen=True, slots=True)
class Strings:
    """Records with a string row at one of `places` that starts with, contains or equals `text`."""

    places: tuple[int, ...]
    mode: str
    text: str


@dataclass(frozen=True, slots=True)
class Display:
    """Records with a key that is one of `salts` XOR the hash of a display text starting with `text`."""

    salts: tuple[int, ...]
    text: str


@dataclass(frozen=True, slots=True)
class Identity:
    """Records with one of these ids."""

    ids: frozenset[str]


@dataclass(frozen=True, slots=True)
class Updated:
    """Records whose last change compares as `prefix` says; a range of one millisecond."""

    prefix: str
    low: int
    high: int


@dataclass(frozen=True, slots=True)
class Forward:
    """Records that refer, at places with `salts`, to a record of `type` that fulfils `condition`."""

    salts: tuple[int, ...]
    type: str
    condition: "Condition"


@dataclass(frozen=True, slots=True)
class Backward:
    """Records that a record of `type` that fulfils `condition` refers to, at places with `salts`."""

    salts: tuple[int, ...]
    type: str
    condition: "Condition"


@dataclass(frozen=True, slots=True)
class All:
    """Records that fulfil all of `parts`."""

    parts: tuple["Condition", ...]


@dataclass(frozen=True, slots=True)
class Either:
    """Records that fulfil any of `parts`."""

    parts: tuple["Condition", ...]


@dataclass(frozen=True, slots=True)
class Not:
    """Records that don't fulfil `part`."""

    part: "Condition"


Condition = (
    Anything
    | Nothing
    | Keys
    | Dates
    | Numbers
    | Strings
    | Display
    | Identity
    | Updated
    | Forward
    | Backward
    | All
    | Either
    | Not
)


@dataclass(frozen=True, slots=True)
class Lowered:
    """A condition, and whether it finds no more than the search does (hash collisions apart)."""

    condition: Condition
    exact: bool = True


def conjunction(parts: list[Lowered]) -> Lowered:
    """Give what fulfils all of `parts`."""
    kept = tuple(dict.fromkeys(one.condition for one in parts if not isinstance(one.condition, Anything)))
    exact = all(one.exact for one in parts)
    if any(isinstance(one, Nothing) for one in kept):
        return Lowered(Nothing())
    if not kept:
        return Lowered(Anything(), exact)
    return Lowered(kept[0] if len(kept) == 1 else All(kept), exact)


def disjunction(parts: list[Lowered]) -> Lowered:
    """Give what fulfils any of `parts`, keys together."""
    if any(isinstance(one.condition, Anything) for one in parts):
        return Lowered(Anything(), any(one.exact and isinstance(one.condition, Anything) for one in parts))
    keys = frozenset(key for one in parts if isinstance(one.condition, Keys) for key in one.condition.keys)
    kept: list[Condition] = [Keys(keys)] if keys else []
    kept += dict.fromkeys(one.condition for one in parts if not isinstance(one.condition, Keys | Nothing))
    if not kept:
        return Lowered(Nothing())
    return Lowered(kept[0] if len(kept) == 1 else Either(tuple(kept)), all(one.exact for one in parts))


def negation(part: Lowered) -> Lowered:
    """Give what doesn't fulfil `part`; if `part` finds too much, that can't be told from an index."""
    if not part.exact:
        return Lowered(Anything(), exact=False)
    if isinstance(part.condition, Nothing):
        return Lowered(Anything())
    return Lowered(Nothing() if isinstance(part.condition, Anything) else Not(part.condition))
