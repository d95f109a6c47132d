"""`xinglin registry …`."""

from collections.abc import Callable
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer
from rich.table import Table
from rich.text import Text

from xinglin.commandline.shell import LANGUAGE, _, err, out, tell
from xinglin.core import settings as configuration

if TYPE_CHECKING:
    from xinglin.hub.registries.load import Outcome

cli = typer.Typer(no_args_is_help=True, help=_("Registries: places, institutions, their people and devices."))
places = typer.Typer(no_args_is_help=True, help=_("Places, from the province down to the village."))
institutions = typer.Typer(no_args_is_help=True, help=_("Institutions, and which stands under which."))
cli.add_typer(places, name="places")
cli.add_typer(institutions, name="institutions")

LOADED = _(
    "Exit codes: 0 all rows are registered; 3 some were refused; 10 settings; 11 database; 12 the table."
)
ASKED = _("Exit codes: 0 shown; 10 settings; 11 database; 12 it isn't known.")
File = Annotated[Path, typer.Argument(help=_("a CSV file; docs/registries.md lists its columns"))]
Check = Annotated[bool, typer.Option("--check", help=_("only check it; nothing is stored"))]


def _load(sort: str, file: Path, *, store: bool) -> None:
    from xinglin.hub.registries import commands

    outcome = commands.load_table(configuration.load(), sort, file, store=store)
    for finding in outcome.findings:
        err.print(Text.assemble((finding.code, "bold"), f" {finding.text(LANGUAGE)}"))
    _tell(outcome)
    if outcome.refused:
        raise typer.Exit(3)


def _tell(outcome: "Outcome") -> None:
    counts = outcome.written
    told = _(
        "{taken} rows taken, {refused} refused; records: {created} new, {updated} changed, "
        "{unchanged} as they were."
    )
    changed = {name: counts.get(name, 0) for name in ("created", "updated", "unchanged")}
    tell(told, taken=outcome.taken, refused=outcome.refused, **changed)


@institutions.command("load", help=_("Register the institutions of a table."), epilog=LOADED)
def load_institutions(file: File, check: Check = False) -> None:
    _load("institutions", file, store=not check)


def _loader(sort: str, text: str) -> None:
    group = typer.Typer(no_args_is_help=True, help=text)

    def load(file: File, check: Check = False) -> None:
        _load(sort, file, store=not check)

    command: Callable[..., None] = group.command("load", help=text, epilog=LOADED)(load)
    del command
    group.callback()(lambda: None)
    cli.add_typer(group, name=sort)


_loader("departments", _("Register the departments of a table."))
_loader("practitioners", _("Register the people of a table, and where they work."))
_loader("devices", _("Register the devices of a table."))


@institutions.command("list", help=_("List the registered institutions."), epilog=ASKED)
def list_institutions() -> None:
    from xinglin.hub.registries import commands

    table = Table(box=None)
    for title in (_("code"), _("name"), _("under"), _("state")):
        table.add_column(title, overflow="fold")
    for one in commands.entries(configuration.load()):
        table.add_row(one.key, one.name, one.parent or "-", _("active") if one.active else _("closed"))
    out.print(table)


@institutions.command(help=_("Show what is registered of an institution, as its record."), epilog=ASKED)
def show(code: Annotated[str, typer.Argument(help=_("its credit code or health institution code"))]) -> None:
    import json

    from xinglin.core.exact_json import dumps
    from xinglin.hub.registries import commands

    record = commands.show(configuration.load(), code)
    out.print(json.dumps(json.loads(dumps(record)), ensure_ascii=False, indent=2), markup=False)


@institutions.command(help=_("Show the institutions as a tree."), epilog=ASKED)
def tree() -> None:
    from xinglin.hub.registries import commands

    for depth, one in commands.tree(configuration.load()):
        out.print(f"{'    ' * depth}{one.name}  {one.key}", markup=False)


@institutions.command(help=_("Write the registered institutions as a CSV file."), epilog=ASKED)
def export(file: Annotated[Path, typer.Argument(help=_("the file to write"))]) -> None:
    from xinglin.hub.registries import commands

    file.write_text(commands.export(configuration.load()), encoding="utf-8")


@cli.command(
    help=_("Tell which sources speak for an institution that isn't registered."),
    epilog=_("Exit codes: 0 none does; 1 some do; 10 settings; 11 database."),
)
def check() -> None:
    from xinglin.hub.registries import commands

    found = commands.sources_outside(configuration.load())
    for source, code in found:
        told = _("{source} speaks for {code}, which isn't registered.")
        out.print(told.format(source=source.id, code=code))
    if found:
        raise typer.Exit(1)
    out.print(_("Every source's institution is registered."))


@places.command(
    "load",
    help=_("Store a place, and all above and below it, as Locations."),
    epilog=_("Exit codes: 0 stored; 10 settings; 11 database; 12 no place has this code."),
)
def load_places(
    within: Annotated[str, typer.Option(help=_("code of the place; Jiangxi where none is said"))] = "360000",
    villages: Annotated[bool, typer.Option("--villages", help=_("down to the villages"))] = False,
) -> None:
    from rich.progress import Progress

    from xinglin.hub.registries import commands
    from xinglin.standards.places import Level

    deepest = Level.VILLAGE if villages else Level.TOWNSHIP
    total = len(commands.places_below(within, deepest))
    with Progress(console=err, transient=True) as bar:
        task = bar.add_task(_("Places stored"), total=total)
        outcome = commands.load_places(
            configuration.load(), within, deepest, lambda more: bar.advance(task, more)
        )
    _tell(outcome)


@places.command("show", help=_("Show a place: what it lies in, what lies in it."), epilog=ASKED)
def show_place(code: Annotated[str, typer.Argument(help=_("six, nine or twelve digits"))]) -> None:
    from xinglin.hub.registries import commands
    from xinglin.standards.places import became, children

    line = commands.known_place(code)
    out.print(" ".join(one.name for one in line))
    for one in became(code):
        out.print(_("became {code} {name}").format(code=one.code, name=one.name))
    for one in children(code):
        out.print(f"  {one.code}  {one.name}")


@places.command(
    "find",
    help=_("Tell which place an address lies in."),
    epilog=_("Exit codes: 0 found; 1 it can't be told."),
)
def find_place(
    address: Annotated[str, typer.Argument(help=_("an address"))],
    within: Annotated[str, typer.Option(help=_("code of a place known to contain it"))] = "",
) -> None:
    from xinglin.standards.places import find, path

    found = find(address, within)
    for one in path(found.place.code) if found.place else ():
        out.print(f"{one.code}  {one.name}")
    if found.rest:
        out.print(_("not understood: {text}").format(text=found.rest), markup=False)
    for one in found.alternatives:
        whole = "".join(step.name for step in path(one.code))
        out.print(_("it may be {code} {name}").format(code=one.code, name=whole))
    if found.place is None:
        raise typer.Exit(1)
