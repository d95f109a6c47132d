"""`xinglin user …`."""

from datetime import datetime
from typing import Annotated

import typer

from xinglin.commandline.shell import Form, Format, _, out, show_json, show_table, tell
from xinglin.core import settings as configuration

cli = typer.Typer(no_args_is_help=True, help=_("Accounts of people: who may log in."))

DONE = _("Exit codes: 0 done; 10 settings; 11 database; 13 there is no such account, or it can't be so.")
Login = Annotated[str, typer.Argument(metavar="LOGIN", help=_("the login name"))]
Expires = Annotated[
    str | None, typer.Option(metavar="YYYY-MM-DD", help=_("the last day on which it can be used"))
]


def _tell_secret(login: str, secret: str) -> None:
    tell(_("One-time password of {login}, shown this once and good for 24 hours:"), login=login)
    out.print(f"  {secret}", markup=False)


@cli.command(help=_("Make an account; prints a one-time password, to be changed at login."), epilog=DONE)
def add(
    login: Login, name: Annotated[str, typer.Option(help=_("the person's name"))], expires: Expires = None
) -> None:
    from xinglin.trust.login import commands

    _tell_secret(login, commands.add(configuration.load(), login, name, expires=expires))


@cli.command("set", help=_("Change an account."), epilog=DONE)
def set_(
    login: Login,
    name: Annotated[str | None, typer.Option(help=_("the person's name"))] = None,
    expires: Expires = None,
    subject: Annotated[
        str | None, typer.Option(help=_("whom the site's own login provider knows by this subject"))
    ] = None,
) -> None:
    from xinglin.trust.login import commands

    commands.change(configuration.load(), login, name=name, expires=expires, subject=subject)


@cli.command("list", help=_("List the accounts."), epilog=DONE)
def list_(form: Format = Form.text) -> None:
    from xinglin.core import clock
    from xinglin.trust.login import commands

    now = clock.now()
    found = commands.list_all(configuration.load())
    told = [
        {
            "login": one.account.login,
            "name": one.account.name,
            "state": one.state(now),
            "roles": [role.role for role in one.roles],
            "authenticator": one.account.totp_since is not None,
            "expires": _time(one.account.expires),
        }
        for one in found
    ]
    if form is Form.json:
        return show_json(told)
    words = {
        "active": _("active"),
        "disabled": _("disabled"),
        "expired": _("expired"),
        "locked": _("locked"),
    }
    rows = [
        (
            one.account.login,
            one.account.name,
            words[one.state(now)],
            ", ".join(role.role for role in one.roles),
            _("yes") if one.account.totp_since else _("no"),
            _time(one.account.expires),
        )
        for one in found
    ]
    titles = (_("login name"), _("name"), _("state"), _("roles"), _("authenticator"), _("until"))
    show_table(titles, rows)
    return None


def _time(moment: datetime | None) -> str:
    return "" if moment is None else moment.astimezone().isoformat(" ", "minutes")


@cli.command(help=_("Stop an account and end its logins. No account is ever removed."), epilog=DONE)
def disable(login: Login) -> None:
    from xinglin.trust.login import commands

    commands.enable(configuration.load(), login, yes=False)


@cli.command(help=_("Let people log in with a stopped account again."), epilog=DONE)
def enable(login: Login) -> None:
    from xinglin.trust.login import commands

    commands.enable(configuration.load(), login, yes=True)


@cli.command(help=_("Forget the failed logins of a locked account."), epilog=DONE)
def unlock(login: Login) -> None:
    from xinglin.trust.login import commands

    commands.unlock(configuration.load(), login)


@cli.command(help=_("Give an account a new one-time password, and end its logins."), epilog=DONE)
def password(login: Login) -> None:
    from xinglin.trust.login import commands

    _tell_secret(login, commands.new_password(configuration.load(), login))


@cli.command(
    help=_("Take the authenticator from who lost it; at the next login they set up another."), epilog=DONE
)
def totp(login: Login) -> None:
    from xinglin.trust.login import commands

    commands.remove_authenticator(configuration.load(), login)


@cli.command(help=_("List the logins that last, of one account or of all; or end an account's."), epilog=DONE)
def sessions(
    login: Annotated[str | None, typer.Argument(metavar="LOGIN", help=_("the login name"))] = None,
    end: Annotated[bool, typer.Option("--end", help=_("end them"))] = False,
) -> None:
    from xinglin.trust.login import commands

    if end and login is not None:
        tell(_("{ended} logins ended."), ended=commands.end_sessions(configuration.load(), login))
        return
    found = commands.sessions(configuration.load(), login)
    rows = [(one.login, one.address, one.how, _time(one.made), _time(one.seen), one.program) for one in found]
    show_table((_("login name"), _("address"), _("how"), _("since"), _("seen"), _("program")), rows)
