"""`xinglin identity link` and `xinglin identity evaluate`: parts of the group `identity`."""

import sys
from enum import StrEnum
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer
from rich.table import Table

from xinglin.commandline.shell import _, err, out

if TYPE_CHECKING:
    from xinglin.hub.identity.linkage.truth import Evaluation, Share

cli = typer.Typer()


class Partners(StrEnum):
    """How many partners a record may have in the other file."""

    auto = "auto"
    one = "one"
    many = "many"


class Form(StrEnum):
    """In which form an answer is written."""

    text = "text"
    json = "json"


@cli.command(
    help=_("Find the records of one person in two CSV files, or in one; it learns from them, unlabelled."),
    epilog=_("Exit codes: 0 done; 10 the extra 'identity' is missing; 12 a file, the map or the model."),
)
def link(
    left: Annotated[Path, typer.Argument(help=_("a CSV file"), exists=True, dir_okay=False)],
    right: Annotated[
        Path | None,
        typer.Argument(
            help=_("another; without it the first is linked with itself"), exists=True, dir_okay=False
        ),
    ] = None,
    *,
    columns: Annotated[
        Path,
        typer.Option("--map", help=_("YAML: which column holds which field"), exists=True, dir_okay=False),
    ],
    pairs: Annotated[Path, typer.Option("--out", help=_("the CSV to write: the decided links"))],
    threshold: Annotated[
        float, typer.Option(help=_("probability from which a pair is a link"), min=0.0001, max=0.9999)
    ] = 0.5,
    partners: Annotated[
        Partners,
        typer.Option(help=_("in the other file: one, many, or by whether the files have duplicates")),
    ] = Partners.auto,
    use: Annotated[
        Path | None,
        typer.Option(
            "--model", help=_("use this model instead of training one"), exists=True, dir_okay=False
        ),
    ] = None,
    keep: Annotated[Path | None, typer.Option("--save-model", help=_("write the model as JSON"))] = None,
    chart: Annotated[Path | None, typer.Option(help=_("write the model's match weights as SVG"))] = None,
) -> None:
    from rich.progress import Progress, SpinnerColumn, TextColumn, TimeElapsedColumn

    from xinglin.hub.identity.linkage import files
    from xinglin.hub.identity.linkage.storing import load_model, save_chart, save_model

    with Progress(
        SpinnerColumn(), TextColumn("{task.description}"), TimeElapsedColumn(), console=err, transient=True
    ) as bar:
        task = bar.add_task("")
        found = files.link(
            left,
            right,
            columns=columns,
            out=pairs,
            threshold=threshold,
            assignment=partners.value,
            model=load_model(use) if use else None,
            progress=lambda step: bar.update(task, description=_(step)),
        )
    if keep:
        save_model(found.model, keep)
    if chart:
        save_chart(found, chart)
    told = _("{links} links among {people} records; {compared} pairs compared in {seconds} s.")
    out.print(
        told.format(
            links=f"{found.links:,}",
            people=f"{found.left + found.right:,}",
            compared=f"{found.compared:,}",
            seconds=f"{found.seconds:.1f}",
        )
    )
    if right:
        one, many = _("Each record has one partner at most."), _("A record may have several partners.")
        out.print(one if found.is_one_to_one else many)


@cli.command(
    help=_("Measure links against a known truth: precision, recall, F1, and precision by match weight."),
    epilog=_("Exit codes: 0 measured; 10 the extra 'identity' is missing; 12 a file can't be used."),
)
def evaluate(
    pairs: Annotated[Path, typer.Argument(help=_("the links, as 'link' writes them"), exists=True)],
    truth: Annotated[
        Path,
        typer.Option(help=_("CSV: id_left,id_right; or id,entity and columns that mark groups"), exists=True),
    ],
    form: Annotated[Form, typer.Option("--format", help=_("text, or JSON for machines"))] = Form.text,
) -> None:
    from xinglin.core.exact_json import dumps
    from xinglin.hub.identity.linkage import truth as measuring

    found = measuring.evaluate(pairs, truth)
    if form is Form.json:
        sys.stdout.buffer.write(dumps(found.to_json()) + b"\n")
        return
    _tell(found)


def _tell(found: "Evaluation") -> None:
    told = _("{links} links, {right} of them right; {true} pairs are true.")
    out.print(told.format(links=f"{found.links:,}", right=f"{found.right:,}", true=f"{found.true:,}"))
    table = Table(box=None, title=_("with 95 % intervals"), title_justify="left")
    for title in ("", _("precision"), _("recall"), "F1"):
        table.add_column(title)
    table.add_row(_("all"), _share(found.precision), _share(found.recall), _share(found.f1))
    for group in found.groups:
        table.add_row(group.name, _share(group.precision), _share(group.recall), "")
    out.print(table)
    bands = Table(box=None, title=_("precision by match weight"), title_justify="left")
    for title in (_("weight (bits)"), _("links"), _("wrong"), _("precision")):
        bands.add_column(title)
    for band in found.bands:
        range_ = f"{band.weight} - {band.weight + 4}"
        bands.add_row(range_, f"{band.links:,}", f"{band.links - band.right:,}", _share(band.precision))
    out.print(bands)


def _share(one: "Share") -> str:
    return f"{one.value:.5f} ({one.low:.5f}-{one.high:.5f})"
