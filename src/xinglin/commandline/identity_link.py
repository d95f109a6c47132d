"""`xinglin identity link` and `xinglin identity evaluate`: parts of the group `identity`."""

from collections.abc import Callable, Generator
from contextlib import contextmanager
from enum import StrEnum
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer
from rich.table import Table

from xinglin.commandline.shell import Form, Format, _, err, out, show_json, tell
from xinglin.core import settings as configuration

if TYPE_CHECKING:
    from xinglin.hub.identity.linkage.files import Linked
    from xinglin.hub.identity.linkage.truth import Evaluation, Share

cli = typer.Typer()


class Partners(StrEnum):
    """How many partners a record may have in the other file."""

    auto = "auto"
    one = "one"
    many = "many"


Left = Annotated[Path, typer.Argument(help=_("a CSV file"), exists=True, dir_okay=False)]
Right = Annotated[
    Path | None,
    typer.Argument(
        help=_("another; without it the first is linked with itself"), exists=True, dir_okay=False
    ),
]
Map = Annotated[
    Path, typer.Option("--map", help=_("YAML: which column holds which field"), exists=True, dir_okay=False)
]
Out = Annotated[Path, typer.Option("--out", help=_("the CSV to write: the decided links"))]
Threshold = Annotated[
    float, typer.Option(help=_("probability from which a pair is a link"), min=0.0001, max=0.9999)
]
PartnersOption = Annotated[
    Partners, typer.Option(help=_("in the other file: one, many, or by whether the files have duplicates"))
]
Use = Annotated[
    Path | None,
    typer.Option("--model", help=_("use this model instead of training one"), exists=True, dir_okay=False),
]
Keep = Annotated[Path | None, typer.Option("--save-model", help=_("write the model as JSON"))]
Chart = Annotated[Path | None, typer.Option(help=_("write the model's match weights as SVG"))]


@cli.command(
    help=_("Find the records of one person in two CSV files, or in one; it learns from them, unlabelled."),
    epilog=_("Exit codes: 0 done; 10 the extra 'identity' is missing; 12 a file, the map or the model."),
)
def link(
    left: Left,
    right: Right = None,
    *,
    columns: Map,
    pairs: Out,
    threshold: Threshold = 0.5,
    partners: PartnersOption = Partners.auto,
    use: Use = None,
    keep: Keep = None,
    chart: Chart = None,
) -> None:
    from xinglin.hub.identity.linkage import files
    from xinglin.hub.identity.linkage.storing import load_model, save_chart, save_model

    with _steps() as progress:
        found = files.link(
            left,
            right,
            columns=columns,
            out=pairs,
            threshold=threshold,
            assignment=partners.value,
            model=load_model(use) if use else None,
            spark=configuration.load().spark_remote,
            also=(keep, chart),
            progress=progress,
        )
    if keep:
        save_model(found.model, keep)
    if chart:
        save_chart(found, chart)
    _tell_linked(found, with_itself=right is None)


@contextmanager
def _steps() -> Generator[Callable[[str], None]]:
    """Show, on a terminal, which step a work is at."""
    from rich.progress import Progress, SpinnerColumn, TextColumn, TimeElapsedColumn

    columns = SpinnerColumn(), TextColumn("{task.description}"), TimeElapsedColumn()
    with Progress(*columns, console=err, transient=True) as bar:
        task = bar.add_task("")
        yield lambda step: bar.update(task, description=_(step))


def _tell_linked(found: "Linked", *, with_itself: bool) -> None:
    told = _("{links} links among {people} records; {compared} pairs compared in {seconds} s.")
    people, seconds = found.left + found.right, f"{found.seconds:.1f}"
    tell(told, links=found.links, people=people, compared=found.compared, seconds=seconds)
    if not with_itself:
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
    form: Format = Form.text,
) -> None:
    from xinglin.hub.identity.linkage import truth as measuring

    found = measuring.evaluate(pairs, truth)
    if form is Form.json:
        show_json(found.to_json())
        return
    _tell(found)


def _tell(found: "Evaluation") -> None:
    told = _("{links} links, {right} of them right; {true} pairs are true.")
    tell(told, links=found.links, right=found.right, true=found.true)
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
