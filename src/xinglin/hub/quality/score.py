"""Scores out of counts, and the way down to the failing records.

A rule's rate is the share of its records that pass. A dimension's score is 100 times the mean of its rules'
rates, weighted by their severities; the overall score is the mean of the dimensions' scores, weighted by the
dimensions. Rules that no record was tested by, and dimensions without such rules, are left out.
"""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from typing import Final, cast
from zoneinfo import ZoneInfo

from xinglin.core.clock import now
from xinglin.hub.database import Connection
from xinglin.hub.quality.errors import UnknownRule, WrongPeriod
from xinglin.hub.quality.ruleset import Rule, RuleSet
from xinglin.hub.records import Key

MOST_DAYS: Final = 3_660
DEFAULT_DAYS: Final = 30

_COUNTS: Final = """
SELECT i.code, c.day, q.id, c.tested, c.failed FROM quality_count c
JOIN quality_institution i ON i.number = c.institution JOIN quality_rule q ON q.number = c.rule
WHERE c.day BETWEEN %(first)s AND %(last)s AND (%(institution)s::text IS NULL OR i.code = %(institution)s)
AND (q.id, q.kind) IN (SELECT * FROM unnest(%(ids)s::text[], %(kinds)s::text[]))
"""
_TOTALS: Final = f"""
SELECT code, id, sum(tested)::bigint, sum(failed)::bigint FROM ({_COUNTS}) c
GROUP BY code, id ORDER BY code, id
"""
_DAYS: Final = f"""
SELECT day, id, sum(tested)::bigint, sum(failed)::bigint FROM ({_COUNTS}) c
GROUP BY day, id ORDER BY day, id
"""
_NAMES: Final = (
    "SELECT DISTINCT ON (institution) institution, institution_name FROM source ORDER BY 1, created DESC"
)
_RECORDS: Final = """
SELECT t.name, f.id, f.day FROM quality_finding f
JOIN quality_rule q ON q.number = f.rule JOIN quality_institution i ON i.number = f.institution
JOIN resource_type t ON t.code = f.type
WHERE q.id = %(rule)s AND q.kind = %(kind)s AND i.code = %(institution)s
AND f.day BETWEEN %(first)s AND %(last)s AND (f.day, f.id) > (%(after_day)s, %(after_id)s)
ORDER BY f.day, f.id LIMIT %(most)s
"""
_STATE: Final = "SELECT rules, done, updated FROM quality_progress"

Tally = tuple[int, int]
"""How many records a rule tested, and how many of them failed."""


@dataclass(frozen=True, slots=True)
class Period:
    """Days from `first` to `last`, both included."""

    first: date
    last: date

    def __post_init__(self) -> None:
        if not 0 <= (self.last - self.first).days < MOST_DAYS:
            raise WrongPeriod(first=self.first, last=self.last, most=MOST_DAYS)

    @property
    def before(self) -> "Period":
        """The period of the same length just before; the calendar's first days have the same again."""
        length = (self.last - self.first).days + 1
        if self.first.toordinal() - length < 1:
            return self
        return Period(self.first - timedelta(days=length), self.first - timedelta(days=1))


def period(zone: str, first: str | None, last: str | None) -> Period:
    """Read two days; without them the last thirty up to today in `zone`. Raises WrongPeriod."""
    try:
        end = date.fromisoformat(last) if last else now().astimezone(ZoneInfo(zone)).date()
        start = date.fromisoformat(first) if first else end - timedelta(days=DEFAULT_DAYS - 1)
    except (ValueError, OverflowError):
        raise WrongPeriod(first=first or "-", last=last or "-", most=MOST_DAYS) from None
    return Period(start, end)


@dataclass(frozen=True, slots=True)
class Card:
    """Scores from 0 to 100 out of tallies by rule; None where nothing was tested."""

    overall: float | None
    dimensions: Mapping[str, float | None]
    indicators: Mapping[str, float | None]
    tallies: Mapping[str, Tally]

    @property
    def tested(self) -> int:
        """How many tests there were."""
        return sum(tested for tested, _ in self.tallies.values())

    def worst(self, rules: RuleSet, most: int) -> list[tuple[Rule, Tally]]:
        """Give the failing rules that cost most: by weight times share, then by number of records."""
        failing = [(rules.rules[id_], tally) for id_, tally in self.tallies.items() if tally[1]]
        failing.sort(
            key=lambda one: (
                -rules.severities[one[0].severity].weight * one[1][1] / one[1][0],
                -one[1][1],
                one[0].id,
            )
        )
        return failing[:most]


@dataclass(frozen=True, slots=True)
class Scorecard:
    """How good an institution's data of a period is."""

    institution: str
    name: str
    card: Card
    before: float | None
    """The overall score of the period before."""


@dataclass(frozen=True, slots=True)
class Scores:
    """Scorecards of all institutions asked for, worst first, all together, and day by day."""

    period: Period
    cards: Sequence[Scorecard]
    total: Card
    days: Sequence[tuple[date, Card]]
    current: bool
    """Whether all was judged by the rules that are in force now."""
    updated: datetime


@dataclass(frozen=True, slots=True)
class Failing:
    """A record that fails a rule, and the day it is counted on."""

    key: Key
    day: date


def card(rules: RuleSet, tallies: Mapping[str, Tally]) -> Card:
    """Make a card out of tallies."""
    known = {id_: tally for id_, tally in tallies.items() if id_ in rules.rules and tally[0] > 0}
    dimensions = {
        name: _mean(
            (float(rules.severities[rules.rules[id_].severity].weight), 100 * (1 - failed / tested))
            for id_, (tested, failed) in known.items()
            if rules.rules[id_].dimension == name
        )
        for name in rules.dimensions
    }
    weighted = [
        (float(rules.dimensions[name].weight), score)
        for name, score in dimensions.items()
        if score is not None
    ]
    indicators = {
        name: _rate(tally for id_, tally in known.items() if rules.rules[id_].indicator == name)
        for name in rules.indicators
    }
    return Card(_mean(weighted), dimensions, indicators, known)


def _mean(weighted: Iterable[tuple[float, float]]) -> float | None:
    parts = list(weighted)
    weight = sum(one for one, _ in parts)
    return sum(one * value for one, value in parts) / weight if weight else None


def _rate(tallies: Iterable[Tally]) -> float | None:
    """Give the share of passes over several rules together, in percent: every test counts alike."""
    found = list(tallies)
    tested = sum(one for one, _ in found)
    return 100 * (1 - sum(failed for _, failed in found) / tested) if tested else None


async def scores(
    connection: Connection, rules: RuleSet, period: Period, institution: str | None = None
) -> Scores:
    """Give the scorecards of a period."""
    names = dict(cast("list[tuple[str, str]]", await (await connection.execute(_NAMES)).fetchall()))
    now = await _totals(connection, rules, period, institution)
    then = await _totals(connection, rules, period.before, institution)
    cards = [
        Scorecard(code, names.get(code, ""), card(rules, tallies), card(rules, then.get(code, {})).overall)
        for code, tallies in now.items()
    ]
    cards.sort(key=lambda one: (100.0 if one.card.overall is None else one.card.overall, one.institution))
    fingerprint, updated = await _state(connection)
    return Scores(
        period=period,
        cards=cards,
        total=card(rules, _sum(now.values())),
        days=await _days(connection, rules, period, institution),
        current=fingerprint == rules.fingerprint,
        updated=updated,
    )


async def _state(connection: Connection) -> tuple[str, datetime]:
    row = cast("tuple[str, int, datetime]", await (await connection.execute(_STATE)).fetchone())
    return row[0], row[2]


def _parameters(rules: RuleSet, period: Period, institution: str | None) -> dict[str, object]:
    return {
        "first": period.first,
        "last": period.last,
        "institution": institution,
        "ids": [rule.id for rule in rules.rules.values()],
        "kinds": [rule.kind for rule in rules.rules.values()],
    }


async def _totals(
    connection: Connection, rules: RuleSet, period: Period, institution: str | None
) -> dict[str, dict[str, Tally]]:
    cursor = await connection.execute(_TOTALS, _parameters(rules, period, institution))
    found: dict[str, dict[str, Tally]] = {}
    for code, rule, tested, failed in cast("list[tuple[str, str, int, int]]", await cursor.fetchall()):
        found.setdefault(code, {})[rule] = (tested, failed)
    return found


async def _days(
    connection: Connection, rules: RuleSet, period: Period, institution: str | None
) -> list[tuple[date, Card]]:
    cursor = await connection.execute(_DAYS, _parameters(rules, period, institution))
    found: dict[date, dict[str, Tally]] = {}
    for day, rule, tested, failed in cast("list[tuple[date, str, int, int]]", await cursor.fetchall()):
        found.setdefault(day, {})[rule] = (tested, failed)
    return [(day, card(rules, tallies)) for day, tallies in found.items()]


def _sum(many: Iterable[Mapping[str, Tally]]) -> dict[str, Tally]:
    total: dict[str, Tally] = {}
    for tallies in many:
        for rule, (tested, failed) in tallies.items():
            had = total.get(rule, (0, 0))
            total[rule] = (had[0] + tested, had[1] + failed)
    return total


async def failing(
    connection: Connection,
    rules: RuleSet,
    rule: str,
    institution: str,
    period: Period,
    *,
    after: tuple[date, str] = (date(1, 1, 1), ""),
    most: int,
) -> list[Failing]:
    """Give the records of an institution that fail a rule, by day and id, from behind `after` on.

    Raises UnknownRule.
    """
    if rule not in rules.rules:
        raise UnknownRule(rule=rule)
    parameters = {
        "rule": rule,
        "kind": rules.rules[rule].kind,
        "institution": institution,
        "first": period.first,
        "last": period.last,
        "after_day": after[0],
        "after_id": after[1],
        "most": most,
    }
    rows = await (await connection.execute(_RECORDS, parameters)).fetchall()
    return [Failing(Key(kind, id_), day) for kind, id_, day in cast("list[tuple[str, str, date]]", rows)]
