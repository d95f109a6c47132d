"""The command line: only parses. What a command does is a plain function elsewhere.

Exit codes: 0 done; 1 done, and the answer is no; 2 wrong usage; 3 some of the data was refused; 10 settings;
11 database; 12 the request or its data; 70 unexpected; 130 interrupted.
"""

import os
import sys
from typing import Annotated, NoReturn

import typer
from rich.text import Text

from xinglin import __version__
from xinglin.commandline import (
    audit,
    client,
    codes,
    consent,
    db,
    identity,
    intake,
    keys,
    label,
    mapping,
    package,
    person,
    policy,
    quality,
    refused,
    registry,
    role,
    source,
    standards,
    terminology,
    user,
)
from xinglin.commandline.recorded import record_commands
from xinglin.commandline.shell import LANGUAGE, _, counting, err, out, show_table, tell
from xinglin.core import settings as configuration
from xinglin.core.errors import RequestError, XinglinError
from xinglin.core.os_errors import reason
from xinglin.core.telemetry import configure_logs, describe, logger


class UnusableFile(RequestError):
    """A file that a command was given can't be read or written."""

    code = "XL3061"
    message = "The file {file} can't be used: {detail}."
    remedy = "Check the path and the permissions."


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
cli.add_typer(intake.cli)
cli.add_typer(audit.cli, name="audit")
cli.add_typer(source.cli, name="source")
cli.add_typer(client.cli, name="client")
cli.add_typer(refused.cli, name="refused")
cli.add_typer(standards.cli)
cli.add_typer(db.cli, name="db")
cli.add_typer(codes.cli, name="codes")
cli.add_typer(package.cli, name="package")
cli.add_typer(terminology.cli, name="terminology")
cli.add_typer(mapping.cli, name="mapping")
cli.add_typer(quality.cli, name="quality")
cli.add_typer(label.cli, name="label")
cli.add_typer(consent.cli, name="consent")
cli.add_typer(identity.cli, name="identity")
cli.add_typer(person.cli, name="person")
cli.add_typer(policy.cli, name="policy")
cli.add_typer(registry.cli, name="registry")
cli.add_typer(user.cli, name="user")
cli.add_typer(role.cli, name="role")
cli.add_typer(keys.cli, name="keys")


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
    run(
        settings,
        ready=lambda: out.print(f"Xinglin {__version__}: {_root(settings)}/fhir"),
        first=_tell_first,
    )


def _tell_first(secret: str) -> None:
    """Show the first administrator's one-time password: nothing keeps it."""
    tell(
        _("There was no account yet. Log in within 24 hours as 'administrator', at {root}/login, with"),
        root=_root(configuration.load()),
    )
    out.print(f"  {secret}", markup=False)
    out.print(_("It is shown this once; a new one: 'xinglin user password administrator'."))


@cli.command(
    help=_("Load deliveries and judge data quality beside a hub on the same database, until Ctrl-C."),
    epilog=_(
        "A running hub does this itself; more machines load more. Exit codes: 10 settings; 11 database."
    ),
)
def worker() -> None:
    from xinglin.background import worker as run

    run(configuration.load())


@cli.command(
    help=_("Bring up a hub with an invented demo province in it, and run it until Ctrl-C."),
    epilog=_(
        "Exit codes: 0 stopped; 10 settings, address taken; 11 database; 12 a package; 70 workers ended."
    ),
)
def demo(people: Annotated[int, typer.Option(help=_("how many people"), min=1)] = 200) -> None:
    from rich.progress import Progress

    from xinglin.demonstration import demo as run
    from xinglin.demonstration import own, somebody

    settings = configuration.load()
    with Progress(console=err, transient=True) as bar:
        task = bar.add_task(_("Filling the demo province"), total=None)

        def ready() -> None:
            bar.stop()
            _tell_addresses(_root(settings), somebody(people))
            _tell_logins(own(settings))
            _tell_commands(own(settings))
            out.print(_("Ctrl-C stops it; the data stay for the next time."))

        run(
            settings,
            people=people,
            progress=lambda done, total: bar.update(task, completed=done, total=total),
            ready=ready,
        )


def _root(settings: configuration.Settings) -> str:
    host = f"[{settings.host}]" if ":" in settings.host else settings.host
    scheme = "https" if settings.tls_certificate else "http"
    return f"{scheme}://{host}:{settings.port}"


def _tell_addresses(root: str, person: str) -> None:
    out.print(f"Xinglin {__version__} - " + _("the demo province is up; everyone in it is invented."))
    for text, path in (
        (_("what the hub can do"), "/fhir/metadata"),
        (_("one person, as each institution knows them"), f"/fhir/Patient?identifier={person}&_pretty=true"),
        (
            _("what was measured of this person, the latest first"),
            f"/fhir/Observation?patient.identifier={person}&_sort=-date&_count=20&_pretty=true",
        ),
        (_("people named wang, by pinyin"), "/fhir/Patient?name:pinyin=wang&_count=5&_pretty=true"),
        (_("figures for the operator"), "/metrics"),
    ):
        out.print(f"  {root}{path}  [dim]{text}[/]", markup=True)


def _tell_logins(settings: configuration.Settings) -> None:
    """Tell the names and passwords of the demo's invented people."""
    from xinglin.demonstration_logins import logins
    from xinglin_demo.accounts import accounts

    kept = logins(settings)
    tell(
        _("Open {root}/ in a browser and log in as one of these; passwords made for this demo alone:"),
        root=_root(settings),
    )
    for one in accounts():
        out.print(
            f"  {one.login:<15} {kept.get(one.login, ''):<20} [dim]{one.name}, {one.role}[/]", markup=True
        )


def _tell_commands(settings: configuration.Settings) -> None:
    """Tell what to try on the demo's database, and where the files are that the institutions sent."""
    if not settings.database_url:
        out.print(_("Commands on its database:"), f"export XINGLIN_HOME={settings.folder}")
    for text, command in (
        (_("what each institution delivered"), "deliveries"),
        (_("what was refused, and why"), "refused list"),
        (_("local codes that wait for a mapping"), "codes unmapped"),
        (_("how good each institution's data are"), "quality score"),
        (_("who is whom, and which pairs wait for a person to decide"), "identity status"),
    ):
        out.print(f"  xinglin {command}  [dim]{text}[/]", markup=True)
    out.print(_("The files that were sent:"), str(settings.folder / "deliveries"))


@cli.command(
    help=_("Show every setting: its value, where it came from, what it means. Secrets are masked."),
    epilog=_("Piped, it prints a line each, with tabs between. Exit codes: 0 all can be used; 10 one can't."),
)
def settings() -> None:
    found = configuration.explain()
    rows = [(one.name, one.shown, one.origin, _(one.description)) for one in found]
    show_table((_("setting"), _("value"), _("from"), _("meaning")), rows)


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
    from xinglin.hub.search import commands

    with counting(_("Records indexed")) as bar:
        parameters = commands.reindex(configuration.load(), everything=everything, progress=bar.more)
    for one in parameters:
        told = _("indexed") if one.finished else _("waits for other transactions to end")
        out.print(f"{one.url}  {one.done:,}  {told}")
    tell(_("{records} records indexed."), records=bar.done)


def main() -> None:
    """Run the command line; every error ends as message, remedy and exit code."""
    record_commands()
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
