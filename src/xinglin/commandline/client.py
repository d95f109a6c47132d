"""`xinglin client …`."""

from pathlib import Path
from typing import Annotated, Any

import typer

from xinglin.commandline.shell import Form, Format, _, out, show_json, show_table
from xinglin.core import settings as configuration

cli = typer.Typer(no_args_is_help=True, help=_("Programs that may ask for tokens (SMART on FHIR)."))

CHANGED = _("Exit codes: 0 done; 10 settings; 11 database; 13 what was said can't be.")
Id = Annotated[
    str, typer.Argument(metavar="ID", help=_("the program's id here: small letters, digits, hyphens"))
]
Redirects = Annotated[
    list[str] | None,
    typer.Option("--redirect", help=_("address that it returns to: https, or at 127.0.0.1; several times")),
]
Scopes = Annotated[
    list[str] | None, typer.Option("--scope", help=_("scope it may ask for, as user/Observation.rs"))
]
Roles = Annotated[list[str] | None, typer.Option("--role", help=_("role of a backend service"))]
Purposes = Annotated[
    list[str] | None, typer.Option("--purpose", help=_("purpose it may use data for, as TREAT"))
]
Institution = Annotated[
    str | None, typer.Option(help=_("id of the Organization that it works for (backend services)"))
]
Keys = Annotated[
    Path | None, typer.Option(help=_("file with its public keys (JWK Set)"), dir_okay=False, exists=True)
]
KeysUrl = Annotated[
    str | None, typer.Option("--keys-url", help=_("https address that its public keys are fetched from"))
]
Introspects = Annotated[
    bool | None,
    typer.Option("--introspects/--no-introspects", help=_("may ask what others' tokens are worth")),
]
Contact = Annotated[str | None, typer.Option(help=_("who answers when something is wrong"))]


def _given(keys: Path | None, lists: dict[str, list[str] | None], **values: Any) -> dict[str, Any]:
    """Give what was said of a program; values in lists may stand in one option with spaces or commas."""
    from xinglin.trust.tokens.client import listed
    from xinglin.trust.tokens.commands import read_keys

    given = {name: value for name, value in values.items() if value is not None}
    given |= {name: listed(value) for name, value in lists.items() if value is not None}
    return given | ({} if keys is None else {"keys": read_keys(keys)})


@cli.command(
    help=_("Register a program; prints the secret of a confidential one without keys, once."), epilog=CHANGED
)
def add(
    id_: Id,
    name: Annotated[str, typer.Option(help=_("what people know it as"))],
    kind: Annotated[
        str,
        typer.Option(
            metavar="confidential|public|backend",
            help=_("an app with a server, an app without, or a service without people"),
        ),
    ],
    redirects: Redirects = None,
    scopes: Scopes = None,
    roles: Roles = None,
    purposes: Purposes = None,
    institution: Institution = None,
    keys: Keys = None,
    keys_url: KeysUrl = None,
    introspects: Introspects = None,
    contact: Contact = None,
) -> None:
    from xinglin.trust.tokens import commands

    lists = {"redirects": redirects, "scopes": scopes, "roles": roles, "purposes": purposes}
    given = _given(
        keys,
        lists,
        id=id_,
        name=name,
        kind=kind,
        institution=institution,
        keys_url=keys_url,
        introspects=introspects,
        contact=contact,
    )
    secret = commands.add(configuration.load(), given)
    if secret is None:
        out.print(_("Registered {id}.").format(id=id_))
    else:
        out.print(_("Registered {id}. Its secret, shown this once: {secret}").format(id=id_, secret=secret))


@cli.command(
    "set",
    help=_("Change what is registered of a program; a list that is given takes the old one's place."),
    epilog=CHANGED,
)
def set_(
    id_: Id,
    name: Annotated[str | None, typer.Option(help=_("what people know it as"))] = None,
    redirects: Redirects = None,
    scopes: Scopes = None,
    roles: Roles = None,
    purposes: Purposes = None,
    institution: Institution = None,
    keys: Keys = None,
    keys_url: KeysUrl = None,
    introspects: Introspects = None,
    contact: Contact = None,
) -> None:
    from xinglin.trust.tokens import commands

    lists = {"redirects": redirects, "scopes": scopes, "roles": roles, "purposes": purposes}
    given = _given(
        keys,
        lists,
        name=name,
        institution=institution,
        keys_url=keys_url,
        introspects=introspects,
        contact=contact,
    )
    commands.change(configuration.load(), id_, given)


@cli.command(
    "list", help=_("List the programs."), epilog=_("Exit codes: 0 listed; 10 settings; 11 database.")
)
def list_clients(form: Format = Form.text) -> None:
    import msgspec

    from xinglin.trust.tokens import commands

    found = commands.list_all(configuration.load())
    if form is Form.json:
        show_json(msgspec.to_builtins(found))
        return
    rows = [
        (one.id, one.name, one.kind, " ".join(one.scopes), _("disabled") if one.disabled else _("enabled"))
        for one in found
    ]
    show_table((_("program"), _("name"), _("kind"), _("scopes"), _("state")), rows)


@cli.command(help=_("Show all that is registered of a program."), epilog=CHANGED)
def show(id_: Id, form: Format = Form.text) -> None:
    import msgspec

    from xinglin.trust.tokens import commands

    found = msgspec.to_builtins(commands.find(configuration.load(), id_))
    if form is Form.json:
        show_json(found)
        return
    show_table(("", ""), [(name, _shown(value)) for name, value in found.items()])


def _shown(value: object) -> str:
    return " ".join(map(str, value)) or "-" if isinstance(value, list) else str(value or "-")  # pyright: ignore[reportUnknownVariableType, reportUnknownArgumentType]


@cli.command(help=_("Stop a program: all its tokens end, and are worth nothing for ever."), epilog=CHANGED)
def disable(id_: Id) -> None:
    from xinglin.trust.tokens import commands

    commands.enable(configuration.load(), id_, yes=False)


@cli.command(help=_("Let a disabled program ask for tokens again."), epilog=CHANGED)
def enable(id_: Id) -> None:
    from xinglin.trust.tokens import commands

    commands.enable(configuration.load(), id_, yes=True)


@cli.command(help=_("Give a program a new secret; the old one is worth nothing from now on."), epilog=CHANGED)
def rotate(id_: Id) -> None:
    from xinglin.trust.tokens import commands

    told = _("The new secret of {id}, shown this once: {secret}")
    out.print(told.format(id=id_, secret=commands.rotate(configuration.load(), id_)))


@cli.command(
    help=_("Print an access token of a backend service, to try it out; it lasts minutes."),
    epilog=CHANGED,
)
def token(id_: Id, scopes: Scopes = None) -> None:
    from xinglin.trust.tokens import commands
    from xinglin.trust.tokens.client import listed

    out.print(commands.token(configuration.load(), id_, listed(scopes)).access)
