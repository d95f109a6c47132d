"""`xinglin mapping …`."""

from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from xinglin.commandline.shell import LANGUAGE, _, err, out, show_table
from xinglin.core import settings as configuration

if TYPE_CHECKING:
    from xinglin.standards.conversion import Item

cli = typer.Typer(
    no_args_is_help=True, help=_("Mappings of national data sets: what the columns of a table mean.")
)


@cli.command(
    "list",
    help=_("List the mappings, shipped and of this site."),
    epilog=_("Exit codes: 0 listed; 10 settings; 12 a mapping can't be read."),
)
def list_mappings() -> None:
    from xinglin.standards.datasets.commands import all_mappings

    rows = [
        (
            one.name,
            one.title,
            one.standard,
            str(len(one.columns)),
            ", ".join(dict.fromkeys(block.resource for block in one.blocks)),
        )
        for one in all_mappings(configuration.load().mappings)
    ]
    show_table((_("name"), _("data set"), _("standard"), _("columns"), _("resources")), rows, right=(3,))


@cli.command(
    help=_("Show a mapping's columns: the names that a header may use."),
    epilog=_("Exit codes: 0 shown; 10 settings; 12 there is no such mapping."),
)
def show(name: Annotated[str, typer.Argument(help=_("the mapping's name"))]) -> None:
    from xinglin.standards.datasets.commands import one_mapping

    mapping = one_mapping(name, configuration.load().mappings)
    out.print(f"{mapping.title}  {mapping.source}  ({mapping.confidence})")
    rows = [
        (
            one.name,
            one.id,
            one.element,
            f"{one.kind} {one.format}  {one.table}".strip(),
            ", ".join(one.also),
            _("yes") if one.required else "",
        )
        for one in mapping.columns.values()
    ]
    titles = (_("column"), _("internal id"), _("data element"), _("type"), _("also"), _("needed"))
    show_table(titles, rows)


@cli.command(
    help=_(
        "Check a mapping file: columns, FHIR elements, code tables, keys, and what an invented row gives."
    ),
    epilog=_("Exit codes: 0 nothing is wrong; 1 something is; 12 the file can't be read."),
)
def check(file: Annotated[Path, typer.Argument(help=_("the mapping file (YAML)"))]) -> None:
    from xinglin.standards.datasets.commands import check_file

    problems = check_file(file)
    for one in problems:
        word = _("error") if one.severity == "error" else _("warning")
        out.print(f"{file}:{one.line}: {word}: {one.text.text(LANGUAGE)}", markup=False)
    if any(one.severity == "error" for one in problems):
        raise typer.Exit(1)
    out.print(_("The mapping can be used."))


@cli.command(
    "try",
    help=_("Show the resources that the first rows of a table give; stores nothing."),
    epilog=_("Exit codes: 0 all were understood; 3 a row was refused; 10 settings; 12 the file."),
)
def try_mapping(
    file: Annotated[Path, typer.Argument(help=_("the table: CSV, xlsx, xls or ods"))],
    mapping: Annotated[str, typer.Option(help=_("the mapping's name, where the header fits several"))] = "",
    declare: Annotated[
        list[str] | None, typer.Option(help=_("what a source would declare, such as abnormal-flag=WS363"))
    ] = None,
    charset: Annotated[str | None, typer.Option(help=_("character set, where it isn't found"))] = None,
    rows: Annotated[int, typer.Option(help=_("how many rows"), min=1)] = 5,
) -> None:
    from xinglin.standards.datasets.commands import try_table

    settings = configuration.load()
    declared = {one.partition("=")[0]: one.partition("=")[2] for one in declare or []}
    if mapping:
        declared["mapping"] = mapping
    refused = False
    for item in try_table(
        file, settings.mappings, declared=declared, charset=charset, zone=settings.time_zone, rows=rows
    ):
        _tell(item)
        refused = refused or item.error is not None
    if refused:
        raise typer.Exit(3)


def _tell(item: "Item") -> None:
    from xinglin.core.exact_json import dumps

    for fact in item.facts:
        out.print(dumps(fact.resource).decode(), markup=False)
    line = _("line {line}").format(line=item.line)
    for note in item.unknown:
        err.print(f"{line}: " + _("not understood: {what}").format(what=note), markup=False)
    if item.error:
        err.print(f"{line}: {item.error.code} {item.error.text(LANGUAGE)}", markup=False)
        err.print(item.error.advice(LANGUAGE), markup=False)
