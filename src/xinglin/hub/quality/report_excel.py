"""The report as an Excel workbook. Texts are written as strings, so none of them can be a formula."""

from collections.abc import Sequence
from pathlib import Path
from typing import Final

import xlsxwriter
from xlsxwriter.format import Format
from xlsxwriter.worksheet import Worksheet

from xinglin.core.i18n import translate
from xinglin.hub.quality.ruleset import RuleSet
from xinglin.hub.quality.score import Failing, Scores

Cell = str | float | int | None
_WIDTHS: Final = (34, 24)
"""Of the first two columns, in characters."""
_MOST_ROWS: Final = 1_048_000
"""Rows that a sheet can hold, less its head."""


class _Book:
    """A workbook under way. Some of xlsxwriter's own types are open."""

    def __init__(self, path: Path) -> None:
        options = {"strings_to_formulas": False, "strings_to_urls": False, "strings_to_numbers": False}
        self._book = xlsxwriter.Workbook(str(path), options)
        self._head: Format = self._book.add_format(  # pyright: ignore[reportUnknownMemberType]
            {"bold": True, "bg_color": "#E3F1EB", "bottom": 1}
        )
        self._figure: Format = self._book.add_format(  # pyright: ignore[reportUnknownMemberType]
            {"num_format": "0.0"}
        )

    def sheet(self, name: str, heads: Sequence[str], rows: Sequence[Sequence[Cell]]) -> None:
        """Write a sheet."""
        sheet: Worksheet = self._book.add_worksheet(  # pyright: ignore[reportUnknownMemberType]
            name
        )
        for column, head in enumerate(heads):
            sheet.write_string(0, column, head, self._head)
        for place, row in enumerate(rows[:_MOST_ROWS], 1):
            _write_row(sheet, place, row, self._figure)
        sheet.freeze_panes(1, 0)
        sheet.autofilter(0, 0, max(1, len(rows)), max(0, len(heads) - 1))
        for column, width in enumerate(_WIDTHS):
            sheet.set_column(column, column, width)

    def close(self) -> None:
        self._book.close()


def _write_row(sheet: Worksheet, place: int, row: Sequence[Cell], figure: Format) -> None:
    for column, value in enumerate(row):
        if isinstance(value, str):
            sheet.write_string(place, column, value)
        elif isinstance(value, float):
            sheet.write_number(place, column, value, figure)
        elif value is not None:
            sheet.write_number(place, column, value)


def write_excel(
    path: Path, rules: RuleSet, scores: Scores, examples: Sequence[tuple[str, str, Failing]], language: str
) -> None:
    """Write the workbook: overview, institutions, rules, failing records (institution, rule, record)."""

    def _(text: str) -> str:
        return translate(text, language)

    book = _Book(path)
    book.sheet(_("Overview"), (_("what"), _("value")), _overview(rules, scores, language))
    dimensions = [one.name[language] for one in rules.dimensions.values()]
    book.sheet(
        _("Institutions"),
        (_("institution"), _("code"), _("score"), _("change"), *dimensions),
        [
            [
                *(one.name, one.institution, one.card.overall),
                None if one.before is None or one.card.overall is None else one.card.overall - one.before,
                *(one.card.dimensions[key] for key in rules.dimensions),
            ]
            for one in scores.cards
        ],
    )
    book.sheet(
        _("Rules"),
        (
            _("rule"),
            _("id"),
            _("dimension"),
            _("severity"),
            _("tested"),
            _("failed"),
            _("pass rate"),
            _("counted"),
            _("according to"),
        ),
        _rules(rules, scores, language),
    )
    book.sheet(
        _("Failing records"),
        (_("institution"), _("rule"), _("record"), _("day")),
        [[code, rule, str(one.key), one.day.isoformat()] for code, rule, one in examples],
    )
    book.close()


def _overview(rules: RuleSet, scores: Scores, language: str) -> list[list[Cell]]:
    def _(text: str) -> str:
        return translate(text, language)

    total = scores.total
    rows: list[list[Cell]] = [
        [_("period"), f"{scores.period.first} – {scores.period.last}"],
        [_("as of"), f"{scores.updated:%Y-%m-%d %H:%M} UTC"],
        [_("institutions"), len(scores.cards)],
        [_("tests"), total.tested],
        [_("Overall score"), total.overall],
    ]
    rows += [[one.name[language], total.dimensions[key]] for key, one in rules.dimensions.items()]
    rows += [[f"{one.name[language]} %", total.indicators[key]] for key, one in rules.indicators.items()]
    return rows


def _rules(rules: RuleSet, scores: Scores, language: str) -> list[list[Cell]]:
    rows: list[list[Cell]] = []
    for rule in rules.rules.values():
        tested, failed = scores.total.tallies.get(rule.id, (0, 0))
        rows.append(
            [
                *(rule.name[language], rule.id, rules.dimensions[rule.dimension].name[language]),
                *(rules.severities[rule.severity].name[language], tested, failed),
                100 * (1 - failed / tested) if tested else None,
                *(rule.counted[language], f"{rule.source}, {rule.edition} ({rule.confidence})"),
            ]
        )
    return rows
