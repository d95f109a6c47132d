"""The command line: only parses. What a command does is a plain function elsewhere.

Exit codes: 0 done; 1 done, and the answer is no; 2 wrong usage; 3 some of the data was refused; 10 settings;
11 database; 12 the request or its data; 70 unexpected; 130 interrupted.
"""

import os
import sys
from enum import StrEnum
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, NoReturn

import typer
from rich.console import Console
from rich.table import Table
from rich.text import Text

from xinglin import __version__
from xinglin.core import settings as configuration
from xinglin.core.errors import RequestError, XinglinError
from xinglin.core.i18n import terminal_language, translate
from xinglin.core.os_errors import reason
from xinglin.core.telemetry import configure_logs, describe, logger

if TYPE_CHECKING:
    from xinglin.standards.commands_validate import Summary

LANGUAGE = terminal_language()


class UnusableFile(RequestError):
    """A file that a command was given can't be read or written."""

    code = "XL3061"
    message = "The file {file} can't be used: {detail}."
    remedy = "Check the path and the permissions."


class Form(StrEnum):
    """How `validate` tells what it found."""

    text = "text"
    ndjson = "ndjson"


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
package = typer.Typer(
    no_args_is_help=True, help=_("FHIR packages: profiles and guides beyond the base standard.")
)
cli.add_typer(package, name="package")


def _tell_version(asked: bool) -> None:
    if asked:
        version()
        raise typer.Exit


@cli.callback()
def every_command(
    _version: Annotated[
        bool,
        typer.Option("--version", callback=_tell_version, is_eager=True, help=_("Show the version.")),
    ] = False,
) -> None:
    pass


@cli.command(
    help=_("Run the hub until Ctrl-C or SIGTERM; brings the database's schema up to date first."),
    epilog=_(
        "Exit codes: 0 stopped; 10 settings, address taken; 11 database; 12 a package; 70 workers ended."
    ),
)
def serve() -> None:
    from xinglin.serving import serve as run

    settings = configuration.load()
    run(settings, ready=lambda: out.print(f"Xinglin {__version__}: {_root(settings)}/fhir"))


@cli.command(
    help=_("Bring up a hub with an invented demo province in it, and run it until Ctrl-C."),
    epilog=_(
        "Exit codes: 0 stopped; 10 settings, address taken; 11 database; 12 a package; 70 workers ended."
    ),
)
def demo(people: Annotated[int, typer.Option(help=_("how many people"), min=1)] = 200) -> None:
    from rich.progress import Progress

    from xinglin.demonstration import demo as run
    from xinglin.demonstration import own

    settings = configuration.load()
    with Progress(console=err, transient=True) as bar:
        task = bar.add_task(_("Filling the demo province"), total=people + 1)

        def ready() -> None:
            bar.stop()
            _tell_addresses(_root(settings))
            if not settings.database_url:
                out.print(
                    _("Commands on its database:"), f"XINGLIN_HOME={own(settings).folder} xinglin db status"
                )
            out.print(_("Ctrl-C stops it; the data stay for the next time."))

        run(
            settings,
            people=people,
            progress=lambda done, _total: bar.update(task, completed=done),
            ready=ready,
        )


def _root(settings: configuration.Settings) -> str:
    host = f"[{settings.host}]" if ":" in settings.host else settings.host
    return f"http://{host}:{settings.port}"


def _tell_addresses(root: str) -> None:
    out.print(f"Xinglin {__version__} - " + _("the demo province is up; everyone in it is invented."))
    for text, path in (
        (_("what the hub can do"), "/fhir/metadata"),
        (_("an institution"), "/fhir/Organization/demo-county"),
        (_("people named wang, by pinyin"), "/fhir/Patient?name:pinyin=wang&_count=5&_pretty=true"),
        (_("figures for the operator"), "/metrics"),
    ):
        out.print(f"  {root}{path}  [dim]{text}[/]", markup=True)


@cli.command(
    help=_("Evaluate a FHIRPath expression on a record; each value found is a line of JSON."),
    epilog=_(
        "Exit codes: 2 wrong usage; 12 the expression or the file; with --cases faults stand in the answers."
    ),
)
def fhirpath(
    expression: Annotated[str | None, typer.Argument(help=_("such as 'Patient.name.given'"))] = None,
    file: Annotated[Path | None, typer.Argument(help=_("a record in JSON"))] = None,
    cases: Annotated[
        Path | None, typer.Option(help=_("answer many: lines of id, expression and resource"))
    ] = None,
    strict: Annotated[bool, typer.Option(help=_("unknown elements and wrong types are errors"))] = False,
) -> None:
    from xinglin.core.exact_json import dumps
    from xinglin.standards import commands

    if cases is not None and expression is None:
        lines = (dumps(answer) for answer in commands.fhirpath_cases(path=cases))
    elif expression is not None and file is not None and cases is None:
        lines = commands.fhirpath(expression=expression, file=file, strict=strict)
    else:
        raise typer.BadParameter(_("give an expression and a file, or --cases"))
    for line in lines:
        sys.stdout.buffer.write(line + b"\n")


@cli.command(
    help=_("Check records against FHIR R4 and installed packages. Exit code 1 where there are errors."),
    epilog=_("Exit codes: 0 no errors; 1 some records have errors; 10 settings; 12 a file or a package."),
)
def validate(
    files: Annotated[
        list[Path], typer.Argument(help=_("JSON and NDJSON files, also .gz, and folders of them"))
    ],
    profile: Annotated[
        list[str] | None, typer.Option(help=_("check against this profile too (its URL)"))
    ] = None,
    form: Annotated[
        Form, typer.Option("--format", help=_("a summary, or a line of JSON for each record"))
    ] = Form.text,
) -> None:
    from xinglin.core.exact_json import dumps
    from xinglin.hub.installed import definitions
    from xinglin.standards import commands_validate as commands

    summary = commands.Summary()
    known = definitions(configuration.load())
    for checked in commands.check_files(files, profiles=profile or [], definitions=known):
        summary.add(checked)
        if form is Form.ndjson:
            sys.stdout.buffer.write(dumps(checked.as_json(LANGUAGE)) + b"\n")
    if form is Form.text:
        _tell_findings(summary)
    if summary.refused:
        sys.exit(1)


def _tell_findings(summary: "Summary") -> None:
    colours = {"error": "bold red", "warning": "yellow", "information": "cyan"}
    for severity, rule, count, checked, finding in summary.rows():
        head = (_(severity), colours[severity])
        out.print(Text.assemble(head, f" {rule} ×{count}: {finding.text(LANGUAGE)}"))
        out.print(Text(f"    {checked.file}:{checked.line} {finding.location}", style="dim"))
    told = _("{records} records, {refused} of them with errors.")
    out.print(told.format(records=summary.records, refused=summary.refused))


@package.command(
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


@package.command(
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


@cli.command(
    help=_("Show every setting: its value, where it came from, what it means. Secrets are masked."),
    epilog=_("Piped, it prints a line each, with tabs between. Exit codes: 0 all can be used; 10 one can't."),
)
def settings() -> None:
    found = configuration.explain()
    if not out.is_terminal:  # a line each for other programs, whatever its length
        for one in found:
            print(one.name, one.shown, one.origin, _(one.description), sep="\t")  # noqa: T201 - not folded
        return
    table = Table(box=None)
    for title in (_("setting"), _("value"), _("from"), _("meaning")):
        table.add_column(title, overflow="fold")
    for setting in found:
        table.add_row(setting.name, setting.shown, setting.origin, _(setting.description))
    out.print(table)


@cli.command(help=_("Show the version."))
def version() -> None:
    out.print(f"Xinglin {__version__}")


@cli.command(
    help=_(
        "Index what waits for it after a search parameter was added; beside a running hub or without one."
    ),
    epilog=_("Exit codes: 0 all is indexed; 10 settings; 11 database. Stopped, it goes on where it was."),
)
def reindex(
    everything: Annotated[bool, typer.Option("--everything", help=_("index every record again"))] = False,
) -> None:
    from rich.progress import Progress, TextColumn, TimeElapsedColumn

    from xinglin.hub import commands as hub
    from xinglin.hub.search import commands

    settings = configuration.load()
    hub.refuse_none(settings)
    hub.upgrade(settings)
    columns = TextColumn("{task.description}"), TextColumn("{task.completed:,.0f}"), TimeElapsedColumn()
    with Progress(*columns, console=err, transient=True) as bar:
        task = bar.add_task(_("Records indexed"), total=None)
        parameters = commands.reindex(
            settings, everything=everything, progress=lambda more: bar.advance(task, more)
        )
        total = int(bar.tasks[0].completed)
    for one in parameters:
        told = _("indexed") if one.finished else _("waits for other transactions to end")
        out.print(f"{one.url}  {one.done:,}  {told}")
    out.print(_("{records} records indexed.").format(records=f"{total:,}"))


@db.command(
    help=_("Bring the database to the schema of this version. Safe to start from several places."),
    epilog=_("Exit codes: 0 done; 10 settings; 11 database."),
)
def upgrade() -> None:
    from xinglin.hub import commands

    out.print(_("The database has schema {schema}.").format(schema=commands.upgrade(configuration.load())))


@db.command(
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


@db.command(
    help=_("Write a consistent backup while the hub works. The file appears when it is complete."),
    epilog=_("Exit codes: 0 written; 10 settings; 11 nothing was written."),
)
def backup(file: Annotated[Path, typer.Argument(help=_("the file to write"))]) -> None:
    from xinglin.hub import commands

    size = commands.backup(configuration.load(), file)
    out.print(_("Wrote {file} ({size} MiB).").format(file=file, size=f"{size / 2**20:,.1f}"))


@db.command(
    help=_("Restore a backup into an empty database, all or nothing."),
    epilog=_("Exit codes: 0 restored; 10 settings; 11 nothing was restored."),
)
def restore(file: Annotated[Path, typer.Argument(help=_("a file that 'xinglin db backup' wrote"))]) -> None:
    from xinglin.hub import commands

    commands.restore(configuration.load(), file)
    out.print(_("Restored {file}.").format(file=file))


def main() -> None:
    """Run the command line; every error ends as message, remedy and exit code."""
    try:
        cli()
    except XinglinError as error:
        _tell(error)
    except BrokenPipeError:  # the reader of our output has seen enough
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
    except OSError as error:
        _tell(UnusableFile(file=error.filename, detail=reason(error)))
    except KeyboardInterrupt:
        sys.exit(130)
    except Exception as error:
        configure_logs(configuration.Settings())
        logger().error("command failed", **describe(error))
        _tell(XinglinError())


def _tell(error: XinglinError) -> NoReturn:
    err.print(Text.assemble((error.code, "bold red"), f" {error.text(LANGUAGE)}"))
    err.print(Text(error.advice(LANGUAGE)))
    sys.exit(error.exit_code)


if __name__ == "__main__":
    main()
