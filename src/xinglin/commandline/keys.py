"""`xinglin keys`: the keys that what is stored is encrypted with."""

from typing import TYPE_CHECKING, Annotated

import typer

from xinglin.commandline.shell import _, counting, out, show_table, tell
from xinglin.core import settings as configuration

if TYPE_CHECKING:
    from xinglin.hub.vault.commands import Status

cli = typer.Typer(no_args_is_help=True, help=_("The keys that what is stored is encrypted with."))


@cli.command(
    help=_("Show the keys, what they encrypt, and how far encrypting anew is."),
    epilog=_("Exit codes: 0 the keys open; 10 settings, or the master key isn't at hand; 11 database."),
)
def status() -> None:
    from xinglin.hub.vault import commands

    _show(commands.status(configuration.load()))


@cli.command(
    help=_("Make a new data key, or a new master key, while the hub runs; old ones go on opening."),
    epilog=_(
        "It brings the settings encrypt and encrypt_with into force, if they were changed. Copy the key file "
        "after --master. Exit codes: 0 done; 10 settings or keys; 11 database."
    ),
)
def rotate(
    master: Annotated[
        bool, typer.Option("--master", help=_("a new master key, that wraps all data keys"))
    ] = False,
    wait: Annotated[
        bool, typer.Option("--wait", help=_("encrypt everything anew here, not in the running hub"))
    ] = False,
) -> None:
    from xinglin.hub.vault import commands

    with counting(_("Rows encrypted anew")) as bar:
        found = commands.rotate(configuration.load(), master=master, wait=wait, step=bar.more)
    _show(found)


@cli.command(
    help=_(
        "Open every stored record and every account's authenticator, to see that each opens with its key "
        "and stands in its place."
    ),
    epilog=_("Exit codes: 0 all open; 1 some don't, and which; 10 settings or keys; 11 database."),
)
def check() -> None:
    from xinglin.hub.vault import commands

    with counting(_("Records checked")) as bar:
        found = commands.check(configuration.load(), step=bar.more)
    for number, count in sorted(found.by_key.items(), key=lambda item: item[0] or 0):
        if number is None:
            tell(_("{count} versions aren't encrypted."), count=count)
        else:
            tell(_("{count} versions are under key {number}."), count=count, number=number)
    for one in found.faults:
        out.print(one)
    if found.faults:
        tell(_("{count} versions don't open: they were changed or moved."), count=len(found.faults))
    _check_authenticators()
    if found.faults:
        raise typer.Exit(1)


def _check_authenticators() -> None:
    """Tell whether the login key opens the authenticators; exit if one stays shut."""
    from xinglin.trust.login import commands

    sealed = commands.authenticators(configuration.load())
    shut = [login for login, opened in sealed.items() if not opened]
    tell(_("{count} authenticators open under the login key."), count=len(sealed) - len(shut))
    if shut:
        for login in shut:
            out.print(login)
        tell(_("{count} authenticators don't open: restore login.key from its copy."), count=len(shut))
        raise typer.Exit(1)


def _show(found: "Status") -> None:
    if not found.keys:
        out.print(_("Nothing is encrypted: the setting encrypt is none."))
        return
    rows = [
        (str(one.number), one.purpose, one.algorithm, one.scope, one.master, f"{one.created:%F %T}Z")
        for one in found.keys
    ]
    show_table((_("number"), _("use"), _("algorithm"), _("encrypted"), _("master key"), _("made")), rows)
    for one in found.work:
        told = _("done") if one.finished else _("in progress")
        out.print(f"{one.table}  {one.done:,}  {told}")
