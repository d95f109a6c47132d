"""`xinglin codes …`."""

import getpass
from collections.abc import Sequence
from pathlib import Path
from typing import Annotated

import typer

from xinglin.commandline.shell import LANGUAGE, _, counting, out, show_table, tell
from xinglin.core import settings as configuration

cli = typer.Typer(
    no_args_is_help=True, help=_("Bring the codes of institutions to one standard: the mapping workbench.")
)

_EXITS = _("Exit codes: 0 done; 10 settings; 11 database; 12 the code, the decision or the file.")

Source = Annotated[str, typer.Argument(help=_("the source's name, as in 'xinglin source list'"))]
Code = Annotated[str, typer.Argument(help=_("the local code"))]
Target = Annotated[str, typer.Argument(help=_("the code of the standard item"))]
OneSource = Annotated[str | None, typer.Option("--source", help=_("only this source"))]
System = Annotated[str | None, typer.Option(help=_("the code system, where a source has several"))]
Reason = Annotated[str, typer.Option(help=_("why; kept with the decision"))]
Who = Annotated[str | None, typer.Option(help=_("who decides; without it the name you are logged in by"))]


@cli.command(help=_("List local codes without a mapping, the most frequent first."), epilog=_EXITS)
def unmapped(
    source: OneSource = None,
    most: Annotated[int, typer.Option(help=_("how many"), min=1, max=1000)] = 50,
) -> None:
    from xinglin.hub.codes import commands

    rows: list[Sequence[str]] = []
    for local, candidate in commands.unmapped(configuration.load(), source=source, most=most):
        proposed = f"{candidate.item.code} {candidate.item.name}" if candidate else "-"
        score = f"{candidate.score:.2f}" if candidate else ""
        count = f"{local.count:,}"
        rows.append((local.source, local.code, local.display, local.unit, count, proposed, score))
    titles = (_("source"), _("code"), _("name"), _("unit"), _("count"), _("proposed"), _("score"))
    show_table(titles, rows, right=(4,))


@cli.command(help=_("Show what a local code may mean, and why."), epilog=_EXITS)
def candidates(
    source: Source,
    code: Code,
    system: System = None,
    most: Annotated[int, typer.Option(help=_("how many"), min=1, max=50)] = 5,
) -> None:
    from xinglin.hub.codes import commands

    found = commands.candidates(configuration.load(), source=source, code=code, system=system, most=most)
    local = found.local
    out.print(
        f"{local.code}  {local.display}  {local.unit}  {local.specimen}  × {local.count:,}", markup=False
    )
    for one in found.candidates:
        why = "; ".join(reason.phrase.text(LANGUAGE) for reason in one.reasons)
        mark = "*" if one.proposed else " "
        item = one.item
        out.print(f"{mark} {one.score:.2f}  {item.code}  {item.name}  {item.loinc or '-'}", markup=False)
        out.print(f"        {why}", markup=False)
    for made in found.decisions:
        out.print(
            f"{made.at:%Y-%m-%d %H:%M}  {made.who}  {made.action} {made.target}: {made.reason}", markup=False
        )


@cli.command(help=_("Accept a mapping: the local code means this item."), epilog=_EXITS)
def accept(
    source: Source, code: Code, target: Target, reason: Reason, system: System = None, who: Who = None
) -> None:
    _decide(source, code, system, "accept", target, reason, who)


@cli.command(help=_("Reject a mapping: the local code doesn't mean this item."), epilog=_EXITS)
def reject(
    source: Source, code: Code, target: Target, reason: Reason, system: System = None, who: Who = None
) -> None:
    _decide(source, code, system, "reject", target, reason, who)


@cli.command(help=_("Withdraw an accepted mapping; the code is unmapped again."), epilog=_EXITS)
def withdraw(source: Source, code: Code, reason: Reason, system: System = None, who: Who = None) -> None:
    _decide(source, code, system, "withdraw", "", reason, who)


def _decide(
    source: str, code: str, system: str | None, action: str, target: str, reason: str, who: str | None
) -> None:
    from xinglin.hub.codes import commands

    commands.decide_one(
        configuration.load(),
        source=source,
        code=code,
        system=system,
        action=action,
        target=target,
        reason=reason,
        who=who or getpass.getuser(),
    )
    out.print(_("Stored. Records that are here already follow with 'xinglin codes apply'."))


@cli.command(
    "export", help=_("Write local codes and proposals as CSV, to decide in a spreadsheet."), epilog=_EXITS
)
def export(
    file: Annotated[Path, typer.Argument(help=_("the file to write"))], source: OneSource = None
) -> None:
    from xinglin.hub.codes import commands

    count = commands.export(configuration.load(), source=source, file=file, language=LANGUAGE)
    tell(_("Wrote {count} codes to {file}."), count=count, file=file)


@cli.command("import", help=_("Store the decisions of an exported CSV, all or none."), epilog=_EXITS)
def import_(file: Annotated[Path, typer.Argument(help=_("the file to read"))], who: Who = None) -> None:
    from xinglin.hub.codes import commands

    count = commands.import_(configuration.load(), file=file, who=who or getpass.getuser())
    tell(_("Stored {count} decisions."), count=count)


@cli.command(help=_("Tell how far each source is: codes and codings that have a mapping."), epilog=_EXITS)
def report(source: OneSource = None) -> None:
    from xinglin.hub.codes import commands

    rows: list[Sequence[str]] = []
    for one in commands.report(configuration.load(), source=source):
        share = 100 * one.mapped_codings / one.codings if one.codings else 100
        counts = (one.codes, one.mapped_codes, one.codings, one.mapped_codings)
        rows.append((one.source, *map("{:,}".format, counts), f"{share:.1f}"))
    titles = (_("source"), _("codes"), _("mapped"), _("codings"), _("mapped"), "%")
    show_table(titles, rows, right=range(1, 6))


@cli.command(
    help=_("Bring records that are here already to the mappings as they stand now."),
    epilog=_("Exit codes: 0 done; 10 settings; 11 database. Stopped, it goes on where it was."),
)
def apply() -> None:
    from xinglin.hub.codes import commands

    with counting(_("Records standardised")) as bar:
        written = commands.apply(configuration.load(), progress=bar.more)
    tell(_("{records} records changed."), records=written)
