"""The report as one HTML page: no scripts, nothing loaded from elsewhere, readable on paper.

The markup stands in `report.html`; everything put into it is escaped.
"""

from collections.abc import Iterable, Sequence
from functools import cache
from html import escape
from importlib.resources import files
from string import Template
from typing import Final

from xinglin.core.i18n import translate
from xinglin.hub.quality.charts import bar, gauge, line
from xinglin.hub.quality.ruleset import RuleSet
from xinglin.hub.quality.score import Card, Scorecard, Scores

WORST: Final = 15
MOST_INSTITUTIONS: Final = 500


@cache
def _template() -> Template:
    return Template((files("xinglin.hub.quality") / "report.html").read_text(encoding="utf-8"))


def html_page(rules: RuleSet, scores: Scores, language: str) -> str:
    """Write the report in `language`."""

    def _(text: str) -> str:
        return escape(translate(text, language))

    first, last = scores.period.first, scores.period.last
    state = "" if scores.current else _("Records are being judged anew by changed rules; figures are mixed.")
    return _template().substitute(
        language=escape(language),
        title=_("Data quality report"),
        period=f"{first} – {last}",
        updated=_("as of") + f" {scores.updated:%Y-%m-%d %H:%M} UTC",
        state=f'<p class="note">{state}</p>' if state else "",
        overall_title=_("Overall score"),
        overall=gauge(scores.total.overall),
        summary=_tiles(scores, _("institutions"), _("tests"), _("tests failed")),
        indicators_title=_("Indicators"),
        indicators=_indicators(rules, scores.total, language),
        dimensions_title=_("Dimensions"),
        dimensions=_dimensions(rules, scores.total, language),
        trend_title=_("Overall score by day"),
        trend=line([(day, card.overall) for day, card in scores.days]),
        institutions_title=_("Institutions, worst first"),
        institutions=_institutions(rules, scores, language),
        rules_title=_("Rules that cost most"),
        rules=_worst(rules, scores.total, language),
        formula_title=_("How it is counted"),
        formula=_(
            "A rule's rate is the share of tested records that pass. A dimension's score is 100 times "
            "the mean of its rules' rates, weighted by severity; the overall score is the weighted mean "
            "of the dimensions."
        ),
    )


def number(value: float | None, unit: str = "") -> str:
    """Write a score with one decimal; a dash where nothing was tested."""
    return "–" if value is None else f"{value:.1f}{unit}"


def _tiles(scores: Scores, *labels: str) -> str:
    failed = sum(one for _, one in scores.total.tallies.values())
    values = (len(scores.cards), scores.total.tested, failed)
    return "".join(
        f'<div class="tile"><b>{value:,}</b><span>{label}</span></div>'
        for value, label in zip(values, labels, strict=True)
    )


def _indicators(rules: RuleSet, card: Card, language: str) -> str:
    return "".join(
        f'<div class="tile"><b>{number(card.indicators[key], "%")}</b>'
        f"<span>{escape(one.name[language])}</span><small>{escape(one.meaning[language])}</small></div>"
        for key, one in rules.indicators.items()
    )


def _dimensions(rules: RuleSet, card: Card, language: str) -> str:
    return _rows(
        [
            [escape(one.name[language]), bar(card.dimensions[key]), number(card.dimensions[key])]
            for key, one in rules.dimensions.items()
        ]
    )


def _institutions(rules: RuleSet, scores: Scores, language: str) -> str:
    def _(text: str) -> str:
        return escape(translate(text, language))

    heads = [_("institution"), _("code"), _("score"), _("change")]
    heads += [escape(one.name[language]) for one in rules.dimensions.values()]
    return _head(heads) + _rows(_institution(rules, one) for one in scores.cards[:MOST_INSTITUTIONS])


def _institution(rules: RuleSet, one: Scorecard) -> list[str]:
    change = None if one.before is None or one.card.overall is None else one.card.overall - one.before
    cells = [escape(one.name), escape(one.institution), f"<b>{number(one.card.overall)}</b>", _change(change)]
    return cells + [number(one.card.dimensions[key]) for key in rules.dimensions]


def _change(value: float | None) -> str:
    if value is None:
        return "–"
    kind = "up" if value >= 0 else "down"
    return f'<span class="{kind}">{value:+.1f}</span>'


def _worst(rules: RuleSet, card: Card, language: str) -> str:
    def _(text: str) -> str:
        return escape(translate(text, language))

    heads = [_("rule"), _("id"), _("dimension"), _("severity"), _("tested"), _("failed"), _("pass rate")]
    rows = [
        [
            f"{escape(rule.name[language])}<br><small>{escape(rule.counted[language])}</small>",
            escape(rule.id),
            escape(rules.dimensions[rule.dimension].name[language]),
            escape(rules.severities[rule.severity].name[language]),
            f"{tested:,}",
            f"{failed:,}",
            number(100 * (1 - failed / tested), "%"),
        ]
        for rule, (tested, failed) in card.worst(rules, WORST)
    ]
    return _head(heads) + _rows(rows)


def _head(cells: Sequence[str]) -> str:
    return "<thead><tr>" + "".join(f"<th>{cell}</th>" for cell in cells) + "</tr></thead>"


def _rows(rows: Iterable[Sequence[str]]) -> str:
    lines = ("<tr>" + "".join(f"<td>{cell}</td>" for cell in row) + "</tr>" for row in rows)
    return "<tbody>" + "".join(lines) + "</tbody>"
