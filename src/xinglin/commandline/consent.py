"""`xinglin consent …`."""

from collections.abc import Sequence
from typing import TYPE_CHECKING, Annotated

import typer

from xinglin.commandline.shell import Form, Format, _, show_json, show_table
from xinglin.core import settings as configuration

if TYPE_CHECKING:
    from xinglin.hub.consents.commands import Told

cli = typer.Typer(
    no_args_is_help=True, help=_("Consents in force, as the gate keeps to them, and what of them is unclear.")
)

_EXITS = _("Exit codes: 0 done; 10 settings; 11 database; 12 the request.")


@cli.command("list", help=_("List consents that close anything."), epilog=_EXITS)
def list_(
    unclear: Annotated[
        bool, typer.Option("--unclear", help=_("only those with parts that can't be evaluated"))
    ] = False,
    most: Annotated[int, typer.Option(min=1, max=100_000, help=_("how many at most"))] = 1_000,
    form: Format = Form.text,
) -> None:
    from xinglin.hub.consents import commands

    _show(commands.listed(configuration.load(), unclear=unclear, most=most), form)


@cli.command(help=_("Show a person's consents, and which parts can't be evaluated."), epilog=_EXITS)
def show(
    patient: Annotated[str, typer.Argument(help=_("id of any Patient of the person"))],
    form: Format = Form.text,
) -> None:
    from xinglin.hub.consents import commands

    _show(commands.of_person(configuration.load(), patient), form)


def _show(found: "Sequence[Told]", form: Form) -> None:
    if form is Form.json:
        show_json(
            [
                {"consent": one.id, "patient": one.patient, "rule": one.rule, "unclear": list(one.faults)}
                for one in found
            ]
        )
        return
    show_table(
        (_("consent"), _("patient"), _("can't be evaluated")),
        [(one.id, one.patient, " ".join(one.faults)) for one in found],
    )
