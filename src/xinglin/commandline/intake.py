"""`xinglin intake` and `xinglin deliveries`."""

import re
import sys
from collections.abc import Mapping
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer
from rich.table import Table

from xinglin.commandline.shell import LANGUAGE, Form, _, err, out, show_json, show_table, tell
from xinglin.core import settings as configuration

if TYPE_CHECKING:
    from xinglin.hub.intake.commands import Summary
    from xinglin.hub.intake.counts import Counts

cli = typer.Typer()
REFUSED = 3
"""The exit code where some data was refused."""


STATES = {"waiting": "waiting", "loading": "loading", "done": "done", "failed": "given up"}
"""The states of deliveries in words."""


@cli.command(
    help=_("Take in files, folders, .gz, .zst and .zip, in any of the formats known here."),
    epilog=_("Exit codes: 0 all is in; 3 some was refused and waits in the queue; 10 settings; 11 database."),
)
def intake(
    paths: Annotated[list[Path], typer.Argument(help=_("files and folders"), exists=True)],
    source: Annotated[str | None, typer.Option(help=_("whose data it is; see 'xinglin source list'"))] = None,
    form: Annotated[
        Form, typer.Option("--format", help=_("a summary to read, or one JSON object"))
    ] = Form.text,
) -> None:
    from rich.progress import BarColumn, DownloadColumn, Progress, TextColumn, TimeRemainingColumn

    from xinglin.hub.intake import commands

    columns = (
        TextColumn("{task.description}"),
        BarColumn(),
        DownloadColumn(),
        TextColumn("{task.fields[rate]}"),
        TimeRemainingColumn(),
    )
    with Progress(*columns, console=err, transient=True) as bar:
        task = bar.add_task(_("Taking in"), total=None, rate="")
        received = 0

        def progress(read: int, size: int, counts: "Counts") -> None:
            nonlocal received
            received += counts.received
            seconds = bar.tasks[0].elapsed or 1
            rate = _("{rate} a second").format(rate=f"{received / seconds:,.0f}")
            bar.update(task, completed=read, total=size, rate=rate)

        summary = commands.intake(configuration.load(), source=source, paths=paths, progress=progress)
    if form is Form.json:
        show_json(_as_json(summary))
    else:
        _tell(summary)
    if summary.counts.refused:
        sys.exit(REFUSED)


def _as_json(summary: "Summary") -> dict[str, object]:
    import msgspec

    return msgspec.to_builtins(summary.counts) | {
        "seconds": round(summary.seconds, 3),
        "deliveries": msgspec.to_builtins(summary.deliveries),
    }


def _tell(summary: "Summary") -> None:
    from xinglin.core.errors import all_errors
    from xinglin.core.i18n import translate

    counts = summary.counts
    told = _(
        "{received} received: {accepted} accepted, {unchanged} unchanged, {refused} refused; {rate} a second."
    )
    tell(
        told,
        received=counts.received,
        accepted=counts.accepted,
        unchanged=counts.unchanged,
        refused=counts.refused,
        rate=round(counts.received / max(summary.seconds, 0.001)),
    )
    meanings = {error.code: error.message for error in all_errors()}

    def meaning(code: str) -> str:
        return re.sub(r"\{\w+\}", "…", translate(meanings.get(code, ""), LANGUAGE))

    _table(_("records stored"), [(kind, n, "") for kind, n in _most(counts.by_type)])
    reasons = [(code, n, meaning(code)) for code, n in _most(counts.by_reason)]
    _table(_("reasons for refusal"), reasons)
    _table(_("kept, not understood"), [(what, n, "") for what, n in _most(counts.unknown)[:20]])
    for delivery in summary.deliveries:
        if delivery.fault is not None:
            told = _("{file} couldn't be loaded to its end; it isn't in the queue: {why}")
            out.print(
                told.format(file=delivery.name, why=delivery.fault["texts"][LANGUAGE]["text"]), style="red"
            )
    # A delivery that failed as a whole counts as refused too.
    if counts.refused > sum(one.fault is not None for one in summary.deliveries):
        out.print(_("What was refused is kept: 'xinglin refused list' shows it, why, and what to do."))


def _most(counts: Mapping[str, int]) -> list[tuple[str, int]]:
    return sorted(counts.items(), key=lambda pair: (-pair[1], pair[0]))


def _table(title: str, rows: list[tuple[str, int, str]]) -> None:
    if not rows:
        return
    table = Table(box=None, title=title, title_justify="left", show_header=False)
    for name, count, meaning in rows:
        table.add_row(name, f"{count:,}", meaning)
    out.print(table)


@cli.command(
    help=_("List the latest deliveries with their receipts."),
    epilog=_("Exit codes: 0 listed; 10 settings; 11 database."),
)
def deliveries(
    source: Annotated[str | None, typer.Option(help=_("only those of this source"))] = None,
    most: Annotated[int, typer.Option(help=_("how many"), min=1)] = 20,
    form: Annotated[
        Form, typer.Option("--format", help=_("a table to read, or a JSON object a line"))
    ] = Form.text,
) -> None:
    import msgspec

    from xinglin.hub.intake.deliveries import latest
    from xinglin.hub.opened import with_connection

    found = with_connection(configuration.load(), lambda c: latest(c, source=source, most=most))
    if form is Form.json:
        for one in found:
            show_json(msgspec.to_builtins(one))
        return
    titles = (
        "delivery",
        "source",
        "file",
        "received at",
        "state",
        "received",
        "accepted",
        "unchanged",
        "refused",
    )
    rows = [
        (
            str(one.number),
            one.source,
            one.name,
            f"{one.received.astimezone():%F %T}",
            _(STATES[one.state]),
            *map(
                "{:,}".format,
                (one.counts.received, one.counts.accepted, one.counts.unchanged, one.counts.refused),
            ),
        )
        for one in found
    ]
    show_table([_(title) for title in titles], rows, right=range(5, 9))
