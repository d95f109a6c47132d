"""Scores, rules and failing records as JSON, for programs."""

from collections.abc import Sequence
from datetime import date
from decimal import Decimal

from xinglin.core.clock import instant
from xinglin.core.exact_json import Json
from xinglin.hub.hub import Hub
from xinglin.hub.quality import score
from xinglin.hub.quality.ruleset import RuleSet
from xinglin.hub.quality.score import Card, Failing, Period, Scores

WORST = 20


async def ask_scores(
    hub: Hub, rules: RuleSet, period: Period, institution: str | None, language: str
) -> Json:
    """Give the scorecards of a period, or those of one institution."""
    async with hub.database.connection() as connection:
        found = await score.scores(connection, rules, period, institution)
    return scores_as_json(rules, found, language)


async def ask_failing(
    hub: Hub,
    rules: RuleSet,
    rule: str,
    institution: str,
    period: Period,
    *,
    after: tuple[date, str],
    most: int,
) -> Json:
    """Give a page of the records that fail a rule. Raises UnknownRule."""
    async with hub.database.connection() as connection:
        found = await score.failing(connection, rules, rule, institution, period, after=after, most=most + 1)
    return failing_as_json(found, most)


def scores_as_json(rules: RuleSet, scores: Scores, language: str) -> Json:
    """Give scorecards: all together, day by day, and one an institution with its worst rules."""
    return {
        "from": scores.period.first.isoformat(),
        "to": scores.period.last.isoformat(),
        "updated": instant(scores.updated),
        "current": scores.current,
        "total": _card(rules, scores.total, language),
        "days": [{"day": day.isoformat(), "overall": _round(one.overall)} for day, one in scores.days],
        "institutions": [
            {
                "institution": one.institution,
                "name": one.name,
                "before": _round(one.before),
                **_card(rules, one.card, language),
            }
            for one in scores.cards
        ],
    }


def _card(rules: RuleSet, card: Card, language: str) -> Json:
    return {
        "overall": _round(card.overall),
        "tested": card.tested,
        "dimensions": {key: _round(value) for key, value in card.dimensions.items()},
        "indicators": {key: _round(value) for key, value in card.indicators.items()},
        "worst": [
            {"rule": rule.id, "name": rule.name[language], "tested": tested, "failed": failed}
            for rule, (tested, failed) in card.worst(rules, WORST)
        ],
    }


def _round(value: float | None) -> Decimal | None:
    return None if value is None else Decimal(f"{value:.2f}")


def rules_as_json(rules: RuleSet, language: str) -> list[Json]:
    """Give the rules in force."""
    return [
        {
            "id": rule.id,
            "name": rule.name[language],
            "dimension": rule.dimension,
            "severity": rule.severity,
            "type": rule.type,
            "kind": rule.kind,
            "scope": rule.scope,
            "test": rule.test,
            "counted": rule.counted[language],
            "indicator": rule.indicator or None,
            "source": rule.source,
            "edition": rule.edition,
            "confidence": rule.confidence,
        }
        for rule in rules.rules.values()
    ]


def failing_as_json(records: Sequence[Failing], most: int) -> Json:
    """Give a page of failing records, and where the next begins: null on the last page."""
    more = len(records) > most
    page = records[:most]
    last = page[-1] if more else None
    return {
        "records": [{"record": str(one.key), "day": one.day.isoformat()} for one in page],
        "next": f"{last.day.isoformat()}:{last.key.id}" if last else None,
    }
