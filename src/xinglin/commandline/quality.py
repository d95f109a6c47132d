"""`xinglin quality …`."""

from enum import StrEnum
from pathlib import Path
from typing import Annotated

import typer

from xinglin.commandline.shell import LANGUAGE, Form, Format, _, counting, out, show_json, show_table, tell
from xinglin.core import settings as configuration

cli = typer.Typer(no_args_is_help=True, help=_("Data quality: rules, scorecards, reports."))

First = Annotated[str | None, typer.Option("--from", help=_("first day, as 2026-11-01"))]
Last = Annotated[str | None, typer.Option("--to", help=_("last day; today where none is given"))]


class Report(StrEnum):
    """In which form a report is written."""

    html = "html"
    xlsx = "xlsx"


@cli.command(
    help=_("Judge what is new; beside a running hub or without one. Stopped, it goes on where it was."),
    epilog=_("Exit codes: 0 all is judged; 10 settings; 11 database; 12 a rule table."),
)
def run() -> None:
    from xinglin.hub.quality import commands

    with counting(_("Records judged")) as bar:
        done = commands.run(configuration.load(), progress=bar.more)
    told = _("{records} records judged, {removed} removed, {days} days asked.")
    tell(told, records=done.records, removed=done.removed, days=done.days)


@cli.command(
    help=_("List the rules in force. Piped, it prints a line each, with tabs between."),
    epilog=_("Exit codes: 0 listed; 10 settings; 12 a rule table."),
)
def rules() -> None:
    from xinglin.hub.quality import in_force

    found = in_force(configuration.load().quality)
    rows = [
        (
            rule.id,
            rule.name[LANGUAGE],
            found.dimensions[rule.dimension].name[LANGUAGE],
            found.severities[rule.severity].name[LANGUAGE],
            rule.type,
            rule.indicator,
        )
        for rule in found.rules.values()
    ]
    show_table((_("id"), _("rule"), _("dimension"), _("severity"), _("type"), _("indicator")), rows)


@cli.command(
    help=_("Check a table of rules before it is used."),
    epilog=_("Exit codes: 0 it can be used; 12 it can't: row, column and reason are told."),
)
def check(file: Annotated[Path, typer.Argument(help=_("a table of rules (CSV)"))]) -> None:
    from xinglin.hub.quality import ruleset

    found = ruleset.check(file)
    out.print(
        _("{file} can be used; with it {count} rules are in force.").format(
            file=file.name, count=len(found.rules)
        )
    )


@cli.command(
    help=_("Show scores by institution, worst first, and what costs most."),
    epilog=_("Exit codes: 0 shown; 10 settings; 11 database; 12 wrong days."),
)
def score(
    institution: Annotated[str | None, typer.Option(help=_("unified social credit code"))] = None,
    first: First = None,
    last: Last = None,
    form: Format = Form.text,
) -> None:
    from xinglin.hub.quality import commands
    from xinglin.hub.quality.answers import scores_as_json
    from xinglin.hub.quality.report_html import number
    from xinglin.hub.quality.score import period

    settings = configuration.load()
    known, found = commands.scores(settings, period(settings.time_zone, first, last), institution)
    if form is Form.json:
        show_json(scores_as_json(known, found, LANGUAGE))
        return
    heads = [_("institution"), _("code"), _("score")]
    heads += [one.name[LANGUAGE] for one in known.dimensions.values()]
    rows = [
        (
            *(one.name, one.institution, number(one.card.overall)),
            *(number(one.card.dimensions[key]) for key in known.dimensions),
        )
        for one in found.cards
    ]
    show_table(heads, rows)
    out.print()
    for key, one in known.indicators.items():
        out.print(f"{one.name[LANGUAGE]}  {number(found.total.indicators[key], '%')}")
    out.print()
    show_table(
        (_("rule"), _("id"), _("tested"), _("failed")),
        [
            (rule.name[LANGUAGE], rule.id, f"{tested:,}", f"{failed:,}")
            for rule, (tested, failed) in found.total.worst(known, 10)
        ],
    )


@cli.command(
    help=_("List records of an institution that fail a rule (ids only)."),
    epilog=_("Exit codes: 0 listed; 10 settings; 11 database; 12 no such rule, wrong days."),
)
def records(
    rule: Annotated[str, typer.Argument(help=_("id of the rule"))],
    institution: Annotated[str, typer.Option(help=_("unified social credit code"))],
    day: Annotated[str | None, typer.Option(help=_("one day only"))] = None,
    first: First = None,
    last: Last = None,
    most: Annotated[int, typer.Option(help=_("most records listed"), min=1, max=100_000)] = 1_000,
) -> None:
    from xinglin.hub.quality import commands
    from xinglin.hub.quality.score import period

    settings = configuration.load()
    wanted = period(settings.time_zone, day or first, day or last)
    for one in commands.failing(settings, rule, institution, wanted, most=most):
        print(one.day, one.key, sep="\t")  # noqa: T201 - a line each for other programs


@cli.command(
    help=_("Write a report as a page (HTML) and a workbook (Excel)."),
    epilog=_("Exit codes: 0 written; 10 settings; 11 database; 12 wrong days, or no such form."),
)
def report(
    output: Annotated[Path, typer.Option(help=_("a folder, or a file that ends in .html or .xlsx"))],
    first: First = None,
    last: Last = None,
    form: Annotated[Report | None, typer.Option("--format", help=_("only this form"))] = None,
) -> None:
    from xinglin.hub.quality import commands
    from xinglin.hub.quality.score import period

    settings = configuration.load()
    wanted = period(settings.time_zone, first, last)
    written = commands.report(settings, wanted, output, form=form and form.value, language=settings.language)
    for path in written:
        out.print(_("Wrote {file}.").format(file=path))
