"""`xinglin source …`."""

from typing import Annotated

import typer

from xinglin.commandline.shell import _, out, show_table
from xinglin.core import settings as configuration

cli = typer.Typer(no_args_is_help=True, help=_("Sources: the systems that deliver data."))

CHANGED = _("Exit codes: 0 done; 10 settings; 11 database; 12 what was said can't be.")
Id = Annotated[
    str, typer.Argument(metavar="ID", help=_("the source's name here: small letters, digits, hyphens"))
]
Institution = Annotated[
    str | None, typer.Option(help=_("unified social credit code of the institution (18 characters)"))
]
Name = Annotated[str | None, typer.Option(help=_("name of the institution"))]
Code = Annotated[str | None, typer.Option(help=_("its health institution code (WS 218)"))]
System = Annotated[str | None, typer.Option(help=_("what delivers: HIS, LIS, a public health platform"))]
Namespace = Annotated[
    str | None,
    typer.Option(
        help=_("whose numbers these are; systems that share their numbers share it (the credit code)")
    ),
]
Formats = Annotated[
    list[str] | None, typer.Option("--format", help=_("a format it may send; any where none"))
]
Charset = Annotated[str | None, typer.Option(help=_("character set of its texts: UTF-8, GB18030, GBK"))]
Zone = Annotated[str | None, typer.Option(help=_("time zone of its times (IANA name)"))]
Ids = Annotated[
    str | None,
    typer.Option(help=_("ids of its FHIR records: keep them, or make them its own"), metavar="keep|own"),
]
Validation = Annotated[
    str | None, typer.Option(help=_("what is refused: records with errors, or none"), metavar="errors|none")
]
Contact = Annotated[str | None, typer.Option(help=_("who answers when something is wrong"))]
Declare = Annotated[
    list[str] | None,
    typer.Option(help=_("an option of its format, as name=value; see 'Connect your system'")),
]


def _given(id_: str, declare: list[str] | None, **values: object) -> dict[str, object]:
    """Give what was said of a source; the commands' parameters are named as its fields."""
    given = {"id": id_} | {name: value for name, value in values.items() if value is not None}
    if declare is not None:
        pairs = [one.partition("=") for one in declare]
        given["declared"] = {name: value for name, _sign, value in pairs}
    return given


@cli.command(
    help=_("Register a source; prints the token with which it delivers by HTTP, once."), epilog=CHANGED
)
def add(
    id_: Id,
    institution: Annotated[
        str, typer.Option(help=_("unified social credit code of the institution (18 characters)"))
    ],
    institution_name: Annotated[str, typer.Option("--name", help=_("name of the institution"))],
    institution_code: Code = None,
    system: System = None,
    namespace: Namespace = None,
    formats: Formats = None,
    charset: Charset = None,
    zone: Zone = None,
    ids: Ids = None,
    validation: Validation = None,
    contact: Contact = None,
    declare: Declare = None,
) -> None:
    given = _given(**locals())  # the parameters alone: nothing else has a name yet
    from xinglin.hub.intake import registry

    token = registry.add(configuration.load(), given)
    out.print(_("Registered {id}. Its token, shown this once: {token}").format(id=id_, token=token))


@cli.command("set", help=_("Change what is known of a source."), epilog=CHANGED)
def set_(
    id_: Id,
    institution: Institution = None,
    institution_name: Annotated[str | None, typer.Option("--name", help=_("name of the institution"))] = None,
    institution_code: Code = None,
    system: System = None,
    formats: Formats = None,
    charset: Charset = None,
    zone: Zone = None,
    ids: Ids = None,
    validation: Validation = None,
    contact: Contact = None,
    declare: Declare = None,
) -> None:
    given = _given(**locals())  # the parameters alone: nothing else has a name yet
    from xinglin.hub.intake import registry

    registry.change(configuration.load(), id_, given)


@cli.command("list", help=_("List the sources."), epilog=_("Exit codes: 0 listed; 10 settings; 11 database."))
def list_sources() -> None:
    from xinglin.hub.intake import registry

    rows = [
        (
            one.id,
            one.institution_name,
            one.system or "",
            ", ".join(one.formats) or _("any"),
            _("disabled") if one.disabled else _("may deliver"),
        )
        for one in registry.list_all(configuration.load())
    ]
    show_table((_("source"), _("institution"), _("sending system"), _("formats"), _("state")), rows)


@cli.command(help=_("Show all that is known of a source."), epilog=CHANGED)
def show(id_: Id) -> None:
    import msgspec

    from xinglin.hub.intake import registry

    found = msgspec.to_builtins(registry.find(configuration.load(), id_))
    show_table(("", ""), [(name, str(value or "-")) for name, value in found.items()])


@cli.command(help=_("Stop a source from delivering; what it delivered stays."), epilog=CHANGED)
def disable(id_: Id) -> None:
    from xinglin.hub.intake import registry

    registry.enable(configuration.load(), id_, yes=False)


@cli.command(help=_("Let a disabled source deliver again."), epilog=CHANGED)
def enable(id_: Id) -> None:
    from xinglin.hub.intake import registry

    registry.enable(configuration.load(), id_, yes=True)


@cli.command(help=_("Give a source a new token; the old one is worth nothing from now on."), epilog=CHANGED)
def token(id_: Id) -> None:
    from xinglin.hub.intake import registry

    told = _("The new token of {id}, shown this once: {token}")
    out.print(told.format(id=id_, token=registry.renew_token(configuration.load(), id_)))
