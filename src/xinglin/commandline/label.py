"""`xinglin label …`."""

from pathlib import Path
from typing import Annotated

import typer

from xinglin.commandline.shell import LANGUAGE, Form, Format, _, counting, out, show_json, show_table, tell
from xinglin.core import settings as configuration

cli = typer.Typer(
    no_args_is_help=True, help=_("Labels of confidentiality: how sensitive records are, and why.")
)

_EXITS = _("Exit codes: 0 done; 10 settings; 11 database; 12 a table, or the record.")


@cli.command(
    "list",
    help=_("List the rules in force. Piped, it prints a line each, with tabs between."),
    epilog=_EXITS,
)
def list_(
    classes: Annotated[bool, typer.Option("--classes", help=_("the classes instead"))] = False,
) -> None:
    from xinglin.hub.labels import commands

    found = commands.rules(configuration.load())
    if classes:
        levels = found.levels
        show_table(
            (_("class"), _("name"), _("grade"), "GB/T 39725", _("code system")),
            [
                (one.code, one.name[LANGUAGE], one.grade, levels[one.grade], one.system)
                for one in found.classes.values()
            ],
        )
        return
    show_table(
        (_("rule"), _("class"), _("grade"), _("match"), _("meaning"), _("source"), _("confidence")),
        [
            (
                *(one.id, one.cls, found.classes[one.cls].grade, one.match, one.name[LANGUAGE]),
                *(f"{one.source} {one.edition}".strip(), one.confidence),
            )
            for one in found.rules
        ],
    )


@cli.command(
    help=_("Check a table before it is used; without one, those in force."),
    epilog=_("Exit codes: 0 it can be used; 12 it can't: row, column and reason are told."),
)
def check(
    file: Annotated[
        Path | None, typer.Argument(help=_("a table (CSV), named as the one it belongs to"))
    ] = None,
) -> None:
    from xinglin.hub.labels import commands

    found = commands.check(configuration.load(), file)
    tell(_("The tables can be used; {count} rules are in force."), count=len(found.rules))


@cli.command(help=_("Tell which labels a record has, and which rule gave which."), epilog=_EXITS)
def explain(
    what: Annotated[str, typer.Argument(help=_("a file with a record, or Type/id of a stored one"))],
    form: Format = Form.text,
) -> None:
    from xinglin.hub.labels import commands

    settings = configuration.load()
    kind, slash, id_ = what.partition("/")
    if Path(what).is_file():
        found = commands.explain_file(settings, Path(what))
    else:
        found = commands.explain_record(settings, kind, id_ if slash else "")
    if form is Form.json:
        show_json(
            {
                "labels": list(found.labels),
                "rules": [
                    {"rule": one.rule.id, "class": one.rule.cls, "value": one.what} for one in found.hits
                ],
                "takenOver": [{"class": cls, "from": source} for cls, source in found.taken_over],
            }
        )
        return
    for one in found.labels:
        out.print(f"{one.get('system')}|{one.get('code')}", markup=False)
    show_table(
        (_("rule"), _("class"), _("value"), _("source")),
        [(one.rule.id, one.rule.cls, one.what, one.rule.source) for one in found.hits],
    )
    for cls, source in found.taken_over:
        tell(_("{label}: taken over from a record of type {type} that it refers to"), label=cls, type=source)


@cli.command(
    help=_(
        "Bring records that are here already to the tables as they are now; a running hub does so itself."
    ),
    epilog=_("Exit codes: 0 done; 10 settings; 11 database; 12 a table. Stopped, it goes on where it was."),
)
def apply() -> None:
    from xinglin.hub.labels import commands

    with counting(_("Records looked at")) as bar:
        written = commands.apply(configuration.load(), progress=bar.more)
    tell(_("{records} records changed."), records=written)
