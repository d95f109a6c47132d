"""Data quality behind the gate: figures, and the ids of records that fail a rule."""

from datetime import date

from xinglin.core.exact_json import Json
from xinglin.hub.quality.answers import ask_failing, ask_scores
from xinglin.hub.quality.ruleset import RuleSet
from xinglin.hub.quality.score import Period
from xinglin.trust.gate.gated import GatedHub


async def scores(
    hub: GatedHub, rules: RuleSet, period: Period, institution: str | None, language: str
) -> Json:
    """Give the scorecards of a period, or those of one institution."""
    return await hub.operate(lambda inner: ask_scores(inner, rules, period, institution, language))


async def failing(
    hub: GatedHub,
    rules: RuleSet,
    rule: str,
    institution: str,
    period: Period,
    *,
    after: tuple[date, str],
    most: int,
) -> Json:
    """Give a page of the records that fail a rule. Raises UnknownRule."""
    return await hub.operate(
        lambda inner: ask_failing(inner, rules, rule, institution, period, after=after, most=most),
        named=lambda found: [_key(one) for one in found["records"]],
    )


def _key(failing: Json) -> tuple[str, str]:
    kind, _, id_ = str(failing["record"]).partition("/")
    return kind, id_
