"""`xinglin role …`."""

from datetime import datetime
from typing import Annotated

import typer

from xinglin.commandline.shell import _, show_table, tell
from xinglin.core import settings as configuration

cli = typer.Typer(no_args_is_help=True, help=_("Roles of accounts: what people may do, and where."))

DONE = _("Exit codes: 0 done; 10 settings; 11 database; 12 no such record; 13 it can't be so.")
Login = Annotated[str, typer.Argument(metavar="LOGIN", help=_("the login name"))]
Id = Annotated[str | None, typer.Option(metavar="ID", help=_("id of the record"))]
Day = Annotated[str | None, typer.Option(metavar="YYYY-MM-DD", help=_("from or until when"))]


@cli.command(
    help=_("Give an account a role in a post; its logins end, so that the next ones have it."), epilog=DONE
)
def grant(
    login: Login,
    role: Annotated[str, typer.Argument(metavar="ROLE", help=_("a role of docs/accounts.md"))],
    institution: Id = None,
    department: Id = None,
    practitioner: Id = None,
    patient: Id = None,
    since: Day = None,
    until: Day = None,
) -> None:
    from xinglin.trust.login import commands
    from xinglin.trust.login.roles import Place

    place = Place(institution, department, practitioner, patient)
    number = commands.grant(configuration.load(), login, role, place, since=since, until=until)
    tell(_("Role {number} given."), number=number)


@cli.command(help=_("Take a role away by its number; the account's logins end."), epilog=DONE)
def revoke(
    number: Annotated[int, typer.Argument(metavar="NUMBER", help=_("its number in the list"))],
) -> None:
    from xinglin.trust.login import commands

    given = commands.revoke(configuration.load(), number)
    tell(_("{login} is {role} no more."), login=given.login, role=given.role)


@cli.command("list", help=_("List the roles that accounts have or had."), epilog=DONE)
def list_(
    login: Annotated[str | None, typer.Argument(metavar="LOGIN", help=_("the login name"))] = None,
) -> None:
    from xinglin.trust.login import commands

    rows = [
        (
            str(one.id),
            one.login,
            one.role,
            one.institution or "",
            one.department or "",
            one.practitioner or one.patient or "",
            _time(one.since),
            _time(one.revoked or one.until),
            one.given_by,
        )
        for one in commands.list_roles(configuration.load(), login)
    ]
    show_table(
        (
            _("its number"),
            _("login name"),
            _("role"),
            _("institution"),
            _("department"),
            _("person"),
            _("since"),
            _("until"),
            _("given by"),
        ),
        rows,
        right={0},
    )


def _time(moment: datetime | None) -> str:
    return "" if moment is None else moment.astimezone().isoformat(" ", "minutes")
