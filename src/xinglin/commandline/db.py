"""`xinglin db …`."""

from pathlib import Path
from typing import Annotated

import typer
from rich.table import Table

from xinglin.commandline.shell import _, out
from xinglin.core import settings as configuration

cli = typer.Typer(no_args_is_help=True, help=_("Look after the database."))


@cli.command(
    help=_("Bring the database to the schema of this version. Safe to start from several places."),
    epilog=_("Exit codes: 0 done; 10 settings; 11 database."),
)
def upgrade() -> None:
    from xinglin.hub import commands

    out.print(_("The database has schema {schema}.").format(schema=commands.upgrade(configuration.load())))


@cli.command(
    help=_("Show the database's server, schema, size and number of records."),
    epilog=_("Exit codes: 0 shown; 10 settings; 11 there is no database yet, or it can't be reached."),
)
def status() -> None:
    from xinglin.hub import commands

    found = commands.status(configuration.load())
    table = Table(box=None, show_header=False)
    table.add_row(_("server"), f"PostgreSQL {found.server}" + (_(" (embedded)") if found.embedded else ""))
    table.add_row(_("schema"), f"{found.schema or '-'} / {found.newest_schema}")
    table.add_row(_("records"), f"{found.records:,}")
    table.add_row(_("versions"), f"{found.versions:,}")
    table.add_row(_("size"), f"{found.bytes / 2**20:,.1f} MiB")
    out.print(table)


@cli.command(
    help=_("Write a consistent backup while the hub works. The file appears when it is complete."),
    epilog=_("Exit codes: 0 written; 10 settings; 11 nothing was written."),
)
def backup(file: Annotated[Path, typer.Argument(help=_("the file to write"))]) -> None:
    from xinglin.hub import commands

    settings = configuration.load()
    _write_down(settings)
    size = commands.backup(settings, file)
    out.print(_("Wrote {file} ({size} MiB).").format(file=file, size=f"{size / 2**20:,.1f}"))


@cli.command(
    help=_("Restore a backup into an empty database, all or nothing."),
    epilog=_("Exit codes: 0 restored; 10 settings; 11 nothing was restored."),
)
def restore(file: Annotated[Path, typer.Argument(help=_("a file that 'xinglin db backup' wrote"))]) -> None:
    from xinglin.hub import commands

    settings = configuration.load()
    commands.restore(settings, file)
    _write_down(settings)
    out.print(_("Restored {file}.").format(file=file))


def _write_down(settings: configuration.Settings) -> None:
    """Have what takes all records out or brings them in written down, in a hub of this version's schema."""
    from xinglin.hub import commands
    from xinglin.hub.hub import Hub
    from xinglin.hub.opened import with_hub

    async def nothing(_: Hub) -> None:
        """Do no more: opening the hub writes the command down (see `recorded`)."""

    found = commands.status(settings)
    if found.schema == found.newest_schema:
        with_hub(settings, nothing)
