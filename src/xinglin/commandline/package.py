"""`xinglin package …`."""

from pathlib import Path
from typing import Annotated

import typer
from rich.table import Table

from xinglin.commandline.shell import _, out
from xinglin.core import settings as configuration

cli = typer.Typer(
    no_args_is_help=True, help=_("FHIR packages: profiles and guides beyond the base standard.")
)


@cli.command(
    help=_("Install a FHIR package (.tgz) for validation and search; takes effect when the hub starts."),
    epilog=_("Exit codes: 0 installed; 10 settings; 12 the package can't be used."),
)
def add(file: Annotated[Path, typer.Argument(help=_("the package as its publisher offers it"))]) -> None:
    from xinglin.standards.definitions import package_add

    info = package_add(file, configuration.load().packages)
    out.print(
        _("Installed {name} {version}: {count} definitions.").format(
            name=info.name, version=info.version, count=info.definitions
        )
    )


@cli.command(
    "list",
    help=_("List the installed packages."),
    epilog=_("Exit codes: 0 listed; 10 settings; 12 a package."),
)
def list_packages() -> None:
    from xinglin.standards.definitions import package_list

    table = Table(box=None)
    for title in (_("name"), _("version"), _("definitions"), _("licence")):
        table.add_column(title)
    for info in package_list(configuration.load().packages):
        table.add_row(info.name, info.version, str(info.definitions), info.license)
    out.print(table)
