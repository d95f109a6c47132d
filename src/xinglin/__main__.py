"""The command line: only parses. What a command does is a plain function elsewhere.

Exit codes: 0 done; 1 done, and the answer is no; 2 wrong usage; 3 some of the data was refused; 10 settings;
11 database; 12 the request or its data; 70 unexpected; 130 interrupted.
"""

import sys
from pathlib import Path
from typing import Annotated

import typer
from rich.console import Console
from rich.table import Table

from xinglin import __version__
from xinglin.core import settings as configuration
from xinglin.core.errors import XinglinError
from xinglin.core.i18n import terminal_language, translate
from xinglin.core.telemetry import configure_logs, describe, logger

LANGUAGE = terminal_language()


def _(text: str) -> str:
    return translate(text, LANGUAGE)


out = Console(highlight=False, soft_wrap=True)
err = Console(stderr=True, highlight=False, soft_wrap=True)

cli = typer.Typer(
    no_args_is_help=True,
    add_completion=False,
    pretty_exceptions_enable=False,
    help=_("Xinglin: one health database for a province, out of the systems it already has."),
    epilog=_(
        "Exit codes: 0 done; 1 done, and the answer is no; 2 wrong usage; 3 some data refused; 10 settings; "
        "11 database; 12 the request or its data; 70 unexpected; 130 interrupted. "
        "Settings: environment XINGLIN_NAME, then xinglin.toml, then defaults; see 'xinglin settings'."
    ),
)
db = typer.Typer(no_args_is_help=True, help=_("Look after the database."))
cli.add_typer(db, name="db")


@cli.command(help=_("Run the hub until Ctrl-C or SIGTERM; brings the database's schema up to date first."))
def serve() -> None:
    from xinglin.serving import serve as run

    settings = configuration.load()
    out.print(f"Xinglin {__version__}: http://{settings.host}:{settings.port}/fhir")
    run(settings)


@cli.command(help=_("Bring up a hub with an invented demo province in it, and run it until Ctrl-C."))
def demo(people: Annotated[int, typer.Option(help=_("how many people"), min=1)] = 200) -> None:
    from rich.progress import Progress

    from xinglin.demonstration import demo as run

    settings = configuration.load()
    with Progress(console=err, transient=True) as bar:
        task = bar.add_task(_("Filling the demo province"), total=people + 1)

        def ready() -> None:
            bar.stop()
            _tell_addresses(f"http://{settings.host}:{settings.port}")

        run(
            settings,
            people=people,
            progress=lambda done, _total: bar.update(task, completed=done),
            ready=ready,
        )


def _tell_addresses(root: str) -> None:
    out.print(f"Xinglin {__version__} - " + _("the demo province is up; everyone in it is invented."))
    for text, path in (
        (_("what the hub can do"), "/fhir/metadata"),
        (_("an institution"), "/fhir/Organization/demo-county"),
        (_("its latest versions of everyone"), "/fhir/Patient/_history?_count=5&_pretty=true"),
        (_("figures for the operator"), "/metrics"),
    ):
        out.print(f"  {root}{path}  [dim]{text}[/]", markup=True)
    out.print(_("Ctrl-C stops it; the data stay for the next time."))


@cli.command(help=_("Show every setting: its value, where it came from, what it means. Secrets are masked."))
def settings() -> None:
    table = Table(box=None)
    for title in (_("setting"), _("value"), _("from"), _("meaning")):
        table.add_column(title, overflow="fold")
    for setting in configuration.explain():
        table.add_row(setting.name, setting.shown, setting.origin, _(setting.description))
    out.print(table)


@cli.command(help=_("Show the version."))
def version() -> None:
    out.print(f"Xinglin {__version__}")


@db.command(help=_("Bring the database to the schema of this version. Safe to start from several places."))
def upgrade() -> None:
    from xinglin.hub import commands

    out.print(_("The database has schema {schema}.").format(schema=commands.upgrade(configuration.load())))


@db.command(help=_("Show the database's server, schema, size and number of records."))
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


@db.command(help=_("Write a consistent backup while the hub works. The file appears when it is complete."))
def backup(file: Annotated[Path, typer.Argument(help=_("the file to write"))]) -> None:
    from xinglin.hub import commands

    size = commands.backup(configuration.load(), file)
    out.print(_("Wrote {file} ({size} MiB).").format(file=file, size=f"{size / 2**20:,.1f}"))


@db.command(help=_("Restore a backup into an empty database, all or nothing."))
def restore(file: Annotated[Path, typer.Argument(help=_("a file that 'xinglin db backup' wrote"))]) -> None:
    from xinglin.hub import commands

    commands.restore(configuration.load(), file)
    out.print(_("Restored {file}.").format(file=file))


def main() -> None:
    """Run the command line; every error ends as message, remedy and exit code."""
    try:
        cli()
    except XinglinError as error:
        err.print(f"[bold red]{error.code}[/] {error.text(LANGUAGE)}", markup=True)
        err.print(error.advice(LANGUAGE), markup=False)
        sys.exit(error.exit_code)
    except KeyboardInterrupt:
        sys.exit(130)
    except Exception as error:
        configure_logs(configuration.Settings())
        logger().error("command failed", **describe(error))
        err.print(f"{XinglinError.code} {XinglinError().text(LANGUAGE)} {XinglinError().advice(LANGUAGE)}")
        sys.exit(XinglinError.exit_code)


if __name__ == "__main__":
    main()
