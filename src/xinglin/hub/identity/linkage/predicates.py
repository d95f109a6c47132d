"""When two values are near: each predicate once as SQL (DuckDB) and once as Python, which must agree.

Texts are compared as their UTF-8 bytes, as DuckDB does. Both sides are known (not NULL) in the columns that a
comparison is about; others may be unknown, and then a predicate doesn't hold.
"""

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import TypeAlias

from rapidfuzz.distance import DamerauLevenshtein, JaroWinkler

Row: TypeAlias = Mapping[str, str | None]
"""One person: a value for each of `columns.COLUMNS` (a missing key is an unknown value)."""


@dataclass(frozen=True, slots=True)
class Test:
    """A predicate with its columns: `on`, for some also `other`, and the least likeness `at` (0 to 1)."""

    test: str
    on: str
    other: str
    at: float


@dataclass(frozen=True, slots=True)
class Predicate:
    """One predicate in both languages; `sql` has {l} and {r} for `on`, {lo} and {ro} for `other`."""

    sql: str
    holds: Callable[[Row, Row, Test], bool]


def sql_of(test: Test) -> str:
    """Write a predicate on people `l` and `r` as SQL that is true or false, never NULL."""
    names = {"l": f"l.{test.on}", "r": f"r.{test.on}", "lo": f"l.{test.other}", "ro": f"r.{test.other}"}
    return f"coalesce({PREDICATES[test.test].sql.format(**names, at=test.at)}, false)"


def holds(test: Test, left: Row, right: Row) -> bool:
    """Whether a predicate holds between two people."""
    return PREDICATES[test.test].holds(left, right, test)


def _same(one: str | None, other: str | None) -> bool:
    return one is not None and one == other


def _alike(one: str | None, other: str | None, at: float) -> bool:
    if one is None or other is None:
        return False
    return JaroWinkler.similarity(one.encode(), other.encode()) >= at


def _near(left: Row, right: Row, test: Test) -> bool:
    one, other = left.get(test.on), right.get(test.on)
    if one is None or other is None:
        return False
    return DamerauLevenshtein.distance(one.encode(), other.encode(), score_cutoff=1) <= 1


def _crossed(left: Row, right: Row, test: Test) -> bool:
    return _same(left.get(test.on), right.get(test.other)) and _same(left.get(test.other), right.get(test.on))


def _half_crossed(left: Row, right: Row, test: Test) -> bool:
    return _same(left.get(test.on), right.get(test.other)) or _same(left.get(test.other), right.get(test.on))


def _half_alike(left: Row, right: Row, test: Test) -> bool:
    return _alike(left.get(test.on), right.get(test.other), test.at) or _alike(
        left.get(test.other), right.get(test.on), test.at
    )


def _beginning(left: Row, right: Row, test: Test) -> bool:
    one, other = left.get(test.on), right.get(test.on)
    return one is not None and other is not None and (one.startswith(other) or other.startswith(one))


def _parts(left: Row, right: Row, test: Test) -> tuple[list[str], list[str]] | None:
    one, other = left.get(test.on) or "", right.get(test.on) or ""
    if len(one) != 8 or len(other) != 8:
        return None
    return [one[:4], one[4:6], one[6:]], [other[:4], other[4:6], other[6:]]


def _day_month(left: Row, right: Row, test: Test) -> bool:
    parts = _parts(left, right, test)
    return parts is not None and parts[0] == [parts[1][0], parts[1][2], parts[1][1]]


def _two_parts(left: Row, right: Row, test: Test) -> bool:
    parts = _parts(left, right, test)
    return parts is not None and sum(a == b for a, b in zip(*parts, strict=True)) >= 2


_WHOLE = "length({l}) = 8 and length({r}) = 8 and "
PREDICATES: dict[str, Predicate] = {
    "equal": Predicate("{l} = {r}", lambda a, b, t: _same(a.get(t.on), b.get(t.on))),
    # levenshtein is much faster, and at most 2 wherever one exchange of neighbours is all that differs
    "near": Predicate(
        "case when levenshtein({l}, {r}) <= 2 then damerau_levenshtein({l}, {r}) <= 1 else false end", _near
    ),
    "alike": Predicate(
        "jaro_winkler_similarity({l}, {r}) >= {at}", lambda a, b, t: _alike(a.get(t.on), b.get(t.on), t.at)
    ),
    "crossed": Predicate("{l} = {ro} and {lo} = {r}", _crossed),
    "half_crossed": Predicate("coalesce({l} = {ro}, false) or coalesce({lo} = {r}, false)", _half_crossed),
    "half_alike": Predicate(
        "coalesce(jaro_winkler_similarity({l}, {ro}) >= {at}, false)"
        " or coalesce(jaro_winkler_similarity({lo}, {r}) >= {at}, false)",
        _half_alike,
    ),
    "beginning": Predicate("starts_with({l}, {r}) or starts_with({r}, {l})", _beginning),
    "day_month": Predicate(
        _WHOLE + "left({l}, 4) = left({r}, 4) and substr({l}, 5, 2) = substr({r}, 7, 2)"
        " and substr({l}, 7, 2) = substr({r}, 5, 2)",
        _day_month,
    ),
    "two_parts": Predicate(
        _WHOLE + "(left({l}, 4) = left({r}, 4))::int + (substr({l}, 5, 2) = substr({r}, 5, 2))::int"
        " + (substr({l}, 7, 2) = substr({r}, 7, 2))::int >= 2",
        _two_parts,
    ),
}
