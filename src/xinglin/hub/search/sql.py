"""Conditions as parameterised SQL: every value asked for is a parameter, never part of the text."""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from itertools import zip_longest
from typing import LiteralString, Protocol

from xinglin.core.identifiers import is_id
from xinglin.hub.search.rows import SHORT, TEXT_MOST, even, number_place, odd
from xinglin.standards.search import conditions as c

EPOCH = datetime(1970, 1, 1, tzinfo=UTC)
EARLIEST = datetime(1, 1, 2, tzinfo=UTC)
LATEST = datetime(9999, 12, 30, tzinfo=UTC)
MILLISECOND = 1_000


@dataclass(frozen=True, slots=True)
class Sql:
    """A piece of SQL with a `%s` for each of `args`, in order."""

    text: LiteralString
    args: tuple[object, ...] = ()


TRUE, FALSE = Sql("TRUE"), Sql("FALSE")


def fill(template: LiteralString, *parts: Sql) -> Sql:
    """Put parts for the `{}` of a template that has no `%s` of its own."""
    # A type checker holds that `*` gives texts of the code only; `str.format` has no place for them.
    text: LiteralString = ""
    for piece, one in zip_longest(template.split("{}"), parts):
        text += piece + ("" if one is None else one.text)
    return Sql(text, tuple(arg for one in parts for arg in one.args))


def join(between: LiteralString, parts: Sequence[Sql]) -> Sql:
    """Join parts, each in parentheses."""
    return Sql(
        between.join([f"({one.text})" for one in parts]), tuple(arg for one in parts for arg in one.args)
    )


def listed(parts: Sequence[Sql]) -> Sql:
    """Join parts by commas."""
    return Sql(", ".join([one.text for one in parts]), tuple(arg for one in parts for arg in one.args))


def everything(parts: Sequence[Sql]) -> Sql:
    """All of the parts; safe to stand in any condition."""
    return _together(" AND ", parts) if parts else TRUE


def anything(parts: Sequence[Sql]) -> Sql:
    """Any of the parts; safe to stand in any condition."""
    return _together(" OR ", parts) if parts else FALSE


def _together(between: LiteralString, parts: Sequence[Sql]) -> Sql:
    return parts[0] if len(parts) == 1 else fill("({})", join(between, parts))


class Seeing(Protocol):
    """Says which rows may be seen."""

    def condition(self, resource_type: str) -> Sql:
        """Give what row `r`, not a deletion, must fulfil to be seen, given its type ("Resource": any)."""
        ...


@dataclass(frozen=True, slots=True)
class Compiler:
    """Compiles conditions on the row named `r`; `types` gives the codes of resource types.

    What `seen` hides is found by no condition; without it everything is seen.
    """

    types: dict[str, int]
    seen: Seeing | None = None

    def records(self, resource_type: str, condition: c.Condition) -> Sql:
        """Give what current records of a type ("Resource": any) must fulfil."""
        parts = [Sql("r.body IS NOT NULL")]
        if resource_type != "Resource":
            parts.append(Sql("r.type = %s", (self.types[resource_type],)))
        parts.append(self.condition(condition))
        if self.seen is not None and (seen := self.seen.condition(resource_type)) != TRUE:
            parts.append(seen)
        return everything(parts)

    def condition(self, condition: c.Condition) -> Sql:
        """Give a condition as SQL."""
        match condition:
            case c.All():
                return self._all(condition.parts)
            case c.Either():
                return anything([self.condition(one) for one in condition.parts])
            case c.Not():
                # A condition on keys that are null is neither true nor false; then the record is a deletion.
                return fill("NOT ({})", self.condition(condition.part))
            case c.Forward() | c.Backward():  # `resolve` makes these itself
                raise AssertionError(condition)
            case _:
                return _simple(condition)

    def _all(self, parts: Sequence[c.Condition]) -> Sql:
        """Give all parts, single keys and dates at one place together, so that an index can use them so."""
        single = [key for one in parts if isinstance(one, c.Keys) and len(one.keys) == 1 for key in one.keys]
        by_places: dict[tuple[int, ...], list[c.Dates]] = {}
        rest: list[c.Condition] = []
        for one in parts:
            if isinstance(one, c.Dates):
                by_places.setdefault(one.places, []).append(one)
            elif not (isinstance(one, c.Keys) and len(one.keys) == 1):
                rest.append(one)
        found = [Sql("r.keys @> %s::bigint[]", (array(single),))] if single else []
        found += [dates(several) for several in by_places.values()]
        return everything([*found, *(self.condition(one) for one in rest)])


def array(values: Iterable[int]) -> str:
    """Write a bigint[] as PostgreSQL reads it, for `%s::bigint[]`: quicker than the driver's own way."""
    return "{" + ",".join(map(str, values)) + "}"


def keys(wanted: Iterable[int]) -> Sql:
    """Any of the keys."""
    return Sql("r.keys && %s::bigint[]", (array(wanted),))


Simple = (
    c.Anything | c.Nothing | c.Keys | c.Dates | c.Numbers | c.Strings | c.Display | c.Identity | c.Updated
)


def _simple(condition: Simple) -> Sql:
    match condition:
        case c.Anything():
            return TRUE
        case c.Nothing():
            return FALSE
        case c.Keys():
            return keys(condition.keys)
        case c.Dates():
            return dates([condition])
        case c.Numbers():
            return _numbers(condition)
        case c.Strings():
            return _strings(condition)
        case c.Display():
            return _display(condition)
        case c.Identity():
            return Sql("r.id = ANY(%s)", (sorted(filter(is_id, condition.ids)),))
        case c.Updated():
            return updated(condition)


def forward(salts: Sequence[int], other: Sql) -> Sql:
    """Follow the references of each record at places with `salts`; `other` is asked of what they lead to."""
    return fill(
        "EXISTS (SELECT FROM unnest(r.refs) AS f(ref) WHERE r.keys && ARRAY[{}] AND EXISTS ("
        "SELECT FROM resource r WHERE r.self_key = f.ref AND {}))",
        _salted("f.ref", salts),
        other,
    )


def backward(salts: Sequence[int], other: Sql) -> Sql:
    """Look for records that refer to each record at places with `salts`, and of which `other` holds."""
    return fill(
        "EXISTS (SELECT FROM (SELECT r.self_key AS key) AS b, resource r WHERE r.keys && ARRAY[{}] AND {})",
        _salted("b.key", salts),
        other,
    )


def selves(wanted: Iterable[int]) -> Sql:
    """Look for one of these self keys."""
    return Sql("r.self_key = ANY(%s::bigint[])", (array(wanted),))


def _salted(key: LiteralString, salts: Sequence[int]) -> Sql:
    return Sql(", ".join([f"{key} # %s::bigint" for _ in salts]), tuple(salts))


def bind(template: LiteralString, values: Mapping[str, object]) -> Sql:
    """Put a parameter for each `%(name)s`."""
    text, *pieces = template.split("%(")
    args: list[object] = []
    for piece in pieces:
        name, _, rest = piece.partition(")s")
        text += "%s" + rest
        args.append(values[name])
    return Sql(text, tuple(args))


_DATES: dict[str, LiteralString] = {
    "eq": "d.low >= %(low)s AND d.high <= %(high)s",
    "ne": "NOT (d.low >= %(low)s AND d.high <= %(high)s)",
    "gt": "d.high > %(high)s",
    "lt": "d.low < %(low)s",
    "ge": "(d.high > %(high)s OR d.low >= %(low)s)",
    "le": "(d.low < %(low)s OR d.high <= %(high)s)",
    "sa": "d.low >= %(high)s",
    "eb": "d.high <= %(low)s",
    "ap": "(d.low < %(high)s AND d.high > %(low)s)",
}
"""`dates.COMPARISONS` in SQL."""

_BOUNDS: dict[str, LiteralString] = {
    "eq": "d.low < %(high)s",
    "gt": "d.low > %(high_less)s",
    "ge": "d.low > %(least)s",
    "le": "d.low < %(greatest)s",
    "eb": "d.low < %(low)s",
    "ap": "d.low > %(low_less)s",
}
"""What the comparisons mean for the low end of a short date; an index is ordered by it."""


def date_row(condition: c.Dates, *, short: bool) -> Sql:
    """Give what row `d` must fulfil; of `short` ones also what that means for their low end."""
    low, high = condition.low, condition.high
    values = {
        "low": low,
        "high": high,
        "low_less": low - SHORT,
        "high_less": high - SHORT,
        "least": min(low - 1, high - SHORT),
        "greatest": max(low, high),
    }
    parts = [bind(_DATES[condition.prefix], values)]
    if short and condition.prefix in _BOUNDS:
        parts.append(bind(_BOUNDS[condition.prefix], values))
    return everything(parts)


def dates(wanted: Sequence[c.Dates]) -> Sql:
    """All of the date conditions, which are about the same places."""
    places = wanted[0].places
    short = fill(
        "SELECT d.seq FROM search_date d WHERE d.place = ANY({}) AND {}",
        Sql("%s::int[]", ([even(one) for one in places],)),
        everything([date_row(one, short=True) for one in wanted]),
    )
    if len(places) > 1 and len(wanted) > 1:  # one value may fulfil one condition, another the other
        return everything([dates([one]) for one in wanted])
    others = [
        fill(
            "SELECT d.seq FROM search_date d WHERE d.place = ANY({}) AND {}",
            Sql("%s::int[]", ([odd(one) for one in places],)),
            date_row(one, short=False),
        )
        for one in wanted
    ]
    return fill("r.seq IN ({} UNION ALL ({}))", short, join(" INTERSECT ", others))


_NUMBERS: dict[str, LiteralString] = {
    "eq": "d.low >= %(low)s AND coalesce(d.high, d.low) < %(high)s",
    "ne": "NOT (d.low >= %(low)s AND coalesce(d.high, d.low) < %(high)s)",
    "gt": "coalesce(d.high, d.low) > %(value)s",
    "lt": "d.low < %(value)s",
    "ge": "coalesce(d.high, d.low) >= %(value)s",
    "le": "d.low <= %(value)s",
    "sa": "d.low > %(value)s",
    "eb": "coalesce(d.high, d.low) < %(value)s",
    "ap": "d.low <= %(high)s AND coalesce(d.high, d.low) >= %(low)s",
}
"""`numbers.COMPARISONS` in SQL."""


def _numbers(condition: c.Numbers) -> Sql:
    values = {"low": condition.low, "high": condition.high, "value": condition.value}
    places = [number_place(one, condition.unit) for one in condition.places]
    return fill(
        "EXISTS (SELECT FROM search_number d WHERE d.seq = r.seq AND {} AND {})",
        Sql("d.place = ANY(%s::bigint[])", (places,)),
        bind(_NUMBERS[condition.prefix], values),
    )


def _strings(condition: c.Strings) -> Sql:
    text = condition.text.replace("\0", "")
    kept = text[:TEXT_MOST]
    match condition.mode:
        case "equals":
            test = Sql("d.text = %s", (kept,))
        case "contains":
            # Of a text that was cut the rest may hold it; `resolve` has these checked.
            test = Sql("(strpos(d.text, %s) > 0 OR length(d.text) = %s)", (kept, TEXT_MOST))
        case _:
            test = Sql("d.text ^@ %s", (kept,))
    return fill(
        "EXISTS (SELECT FROM search_string d WHERE d.seq = r.seq AND {} AND {})",
        Sql("d.place = ANY(%s::int[])", (list(condition.places),)),
        test,
    )


def _display(condition: c.Display) -> Sql:
    text = condition.text.replace("\0", "")
    return Sql(
        "r.keys && ARRAY(SELECT x.hash # s FROM search_text x, unnest(%s::bigint[]) AS t(s)"
        " WHERE x.text ^@ %s)",
        (list(condition.salts), text[:TEXT_MOST]),
    )


_UPDATED: dict[str, LiteralString] = {
    "eq": "r.updated >= %(low)s AND r.updated <= %(before)s",
    "ne": "NOT (r.updated >= %(low)s AND r.updated <= %(before)s)",
    "gt": "r.updated > %(before)s",
    "lt": "r.updated < %(low)s",
    "ge": "(r.updated > %(before)s OR r.updated >= %(low)s)",
    "le": "(r.updated < %(low)s OR r.updated <= %(before)s)",
    "sa": "r.updated >= %(high)s",
    "eb": "r.updated <= %(early)s",
    "ap": "r.updated < %(high)s AND r.updated > %(early)s",
}
"""As for dates, of a range of one millisecond; `before` and `early` are high and low less that."""


def updated(condition: c.Updated) -> Sql:
    """Compare the time of the last change."""
    values = {
        "low": moment(condition.low),
        "high": moment(condition.high),
        "before": moment(condition.high - MILLISECOND),
        "early": moment(condition.low - MILLISECOND),
    }
    return bind(_UPDATED[condition.prefix], values)


def moment(microseconds: int) -> datetime:
    """Give microseconds since 1970 as a datetime, within what one can say."""
    try:
        return min(max(EPOCH + timedelta(microseconds=microseconds), EARLIEST), LATEST)
    except OverflowError:
        return EARLIEST if microseconds < 0 else LATEST
