"""`xinglin terminology …`."""

from enum import StrEnum
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer
from rich.table import Table

from xinglin.commandline.shell import _, err, out, tell
from xinglin.core import settings as configuration

if TYPE_CHECKING:
    from xinglin.standards.terminology.loading import Release

cli = typer.Typer(no_args_is_help=True, help=_("Code systems: load, list, show, remove."))


class Form(StrEnum):
    """What a file to load is."""

    table = "table"
    loinc = "loinc"
    snomed = "snomed"
    icd10 = "who-icd10"


class Hierarchy(StrEnum):
    """How a table's codes lie below each other."""

    none = "none"
    prefix = "prefix"


@cli.command(
    help=_("Load a code system: a table (CSV), or a release of LOINC or SNOMED CT. All or nothing."),
    epilog=_("Exit codes: 0 loaded, or the same is there already; 10 settings; 11 database; 12 the file."),
)
def load(
    file: Annotated[Path | None, typer.Argument(help=_("a CSV file, or a release as ZIP or folder"))] = None,
    form: Annotated[Form, typer.Option("--form", help=_("what the file is"))] = Form.table,
    system: Annotated[str, typer.Option(help=_("the code system's address (table)"))] = "",
    version: Annotated[str, typer.Option(help=_("its edition, such as 2.0"))] = "",
    name: Annotated[str, typer.Option(help=_("a short name (table)"))] = "",
    title: Annotated[str, typer.Option(help=_("a name for people (table)"))] = "",
    code_column: Annotated[str, typer.Option(help=_("the column with the codes"))] = "",
    name_column: Annotated[str, typer.Option(help=_("the column with the names"))] = "",
    parent_column: Annotated[str, typer.Option(help=_("the column with the code above"))] = "",
    names: Annotated[
        list[str] | None, typer.Option("--names", help=_("further names: language=column"))
    ] = None,
    hierarchy: Annotated[
        Hierarchy, typer.Option(help=_("prefix: a code begins with the code above it, as in ICD"))
    ] = Hierarchy.none,
    language: Annotated[str, typer.Option(help=_("the language of the names"))] = "zh",
) -> None:
    from rich.progress import MofNCompleteColumn, Progress, TimeRemainingColumn

    from xinglin.hub.terminology import commands
    from xinglin.standards.terminology import loading

    if form is Form.icd10:
        release = loading.read_icd10()
    elif file is None:
        raise typer.BadParameter(_("give the file to load"))
    elif form is Form.loinc:
        release = loading.read_loinc(file, version=version)
    elif form is Form.snomed:
        release = loading.read_snomed(file, version=version, language="en" if language == "zh" else language)
    else:
        if not system or not version:
            raise typer.BadParameter(_("a table needs --system and --version"))
        columns = loading.Columns(
            code_column, name_column, parent_column, _languages(names or []), hierarchy is Hierarchy.prefix
        )
        release = loading.read_table(
            file,
            columns,
            url=system,
            version=version,
            name=name or file.stem,
            title=title,
            language=language,
        )
    with Progress(
        *Progress.get_default_columns()[:2],
        MofNCompleteColumn(),
        TimeRemainingColumn(),
        console=err,
        transient=True,
    ) as bar:
        task = bar.add_task(_("Concepts loaded"), total=len(release.concepts))
        outcome = commands.load(configuration.load(), release, lambda more: bar.advance(task, more))
    _tell(release, outcome.value)


def _languages(given: list[str]) -> tuple[tuple[str, str], ...]:
    pairs = [one.partition("=") for one in given]
    if not all(language and column for language, _mark, column in pairs):
        raise typer.BadParameter(_("write --names language=column, such as en=English"))
    return tuple((language, column) for language, _mark, column in pairs)


def _tell(release: "Release", outcome: str) -> None:
    told = {
        "added": _("Added {system} {version}: {count} concepts."),
        "replaced": _("Replaced {system} {version}: {count} concepts."),
        "unchanged": _("{system} {version} is there already: {count} concepts."),
    }[outcome]
    header = release.header
    tell(told, system=header["url"], version=header["version"], count=len(release.concepts))


@cli.command(
    "list",
    help=_("List the stored code systems, and the code tables that come with Xinglin."),
    epilog=_("Exit codes: 0 listed; 10 settings; 11 there is no database yet, or it can't be reached."),
)
def list_systems(
    built_in: Annotated[
        bool, typer.Option("--built-in", help=_("also the tables that come with Xinglin"))
    ] = False,
) -> None:
    from xinglin.hub.terminology import commands

    settings = configuration.load()
    table = Table(box=None)
    for title in (_("system"), _("version"), _("name"), _("concepts"), _("from")):
        table.add_column(title, overflow="fold")
    for one in commands.stored(settings):
        table.add_row(
            one.url, one.version, one.title, f"{one.concepts:,}", _("a file") if one.loaded else _("a record")
        )
    for one in commands.built_in(settings) if built_in else ():
        title = one.get("title", "")
        table.add_row(one["url"], one.get("version", ""), title, f"{one.get('count', 0):,}", _("Xinglin"))
    out.print(table)


@cli.command(
    help=_("Show a code system and its first concepts."),
    epilog=_("Exit codes: 0 shown; 10 settings; 11 database; 12 it isn't known."),
)
def show(
    system: Annotated[str, typer.Argument(help=_("the code system's address"))],
    version: Annotated[str, typer.Option(help=_("its edition; the newest where none is said"))] = "",
    count: Annotated[int, typer.Option(help=_("how many concepts"), min=1, max=10_000)] = 20,
) -> None:
    from xinglin.hub.terminology import commands

    found, total, concepts = commands.show(configuration.load(), system, version, count)
    tell(_("{system} {version}: {count} concepts."), system=system, version=found, count=total)
    table = Table(box=None)
    for title in (_("code"), _("name"), _("above")):
        table.add_column(title, overflow="fold")
    for one in concepts:
        table.add_row(one.code, one.display, ", ".join(one.parents))
    out.print(table)


@cli.command(
    help=_("Remove a stored code system and its concepts; its record stays in the history."),
    epilog=_("Exit codes: 0 removed; 10 settings; 11 database; 12 it isn't known."),
)
def remove(
    system: Annotated[str, typer.Argument(help=_("the code system's address"))],
    version: Annotated[str, typer.Option(help=_("its edition"))] = "",
) -> None:
    from xinglin.hub.terminology import commands

    found = commands.remove(configuration.load(), system, version)
    told = _("Removed {system} {version}: {count} concepts.")
    tell(told, system=found.url, version=found.version, count=found.concepts)
