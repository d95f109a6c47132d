"""`xinglin refused …`."""

import getpass
import sys
from pathlib import Path
from typing import Annotated

import typer
from rich.text import Text

from xinglin.commandline.shell import LANGUAGE, _, out, show_table, tell
from xinglin.core import settings as configuration

cli = typer.Typer(
    no_args_is_help=True, help=_("The refused queue: what couldn't be taken, why, and what becomes of it.")
)

EPILOG = _("Exit codes: 0 done; 3 it is refused again; 10 settings; 11 database; 12 no such item waits.")
REFUSED = 3
Number = Annotated[int, typer.Argument(help=_("the item's number in the queue"))]
SourceOption = Annotated[str | None, typer.Option(help=_("only those of this source"))]
CodeOption = Annotated[str | None, typer.Option(help=_("only those with this reason code"))]
DeliveryOption = Annotated[int | None, typer.Option(help=_("only those of this delivery"))]
Who = Annotated[str, typer.Option("--by", help=_("who decides; your login name where none is given"))]


@cli.command("list", help=_("List what waits, with reason and remedy."), epilog=EPILOG)
def list_refused(
    source: SourceOption = None,
    code: CodeOption = None,
    delivery: DeliveryOption = None,
    after: Annotated[int, typer.Option(help=_("go on after this number"))] = 0,
    most: Annotated[int, typer.Option(help=_("how many"), min=1)] = 20,
) -> None:
    from xinglin.hub.intake import queue

    found = queue.list_some(
        configuration.load(), source=source, code=code, delivery=delivery, after=after, most=most
    )
    for one in found:
        file = f"{one.file}/{one.member}" if one.member else one.file
        place = f"{file}:{one.line}" + (f" {one.place}" if one.place else "")
        out.print(
            Text.assemble((str(one.number), "bold"), f"  {one.source}  ", (one.code, "red"), f"  {place}")
        )
        out.print(Text(f"    {one.texts[LANGUAGE]['text']}"))
        out.print(Text(f"    {one.texts[LANGUAGE]['remedy']}", style="dim"))
    reasons = queue.reasons(configuration.load(), source=source)
    show_table(("", "", ""), [(name, reason, f"{count:,}") for name, reason, count in reasons], right=(2,))


@cli.command(help=_("Show an item: where it came from, why it was refused, and its bytes."), epilog=EPILOG)
def show(
    number: Number,
    raw: Annotated[bool, typer.Option("--raw", help=_("only the bytes, as they came"))] = False,
) -> None:
    from xinglin.hub.intake import queue

    one = queue.show(configuration.load(), number)
    if not raw:
        names = ("source", "delivery", "file", "member", "line", "place", "format", "code", "times", "state")
        rows = [(_(name), str(getattr(one, name) or "-")) for name in names]
        rows += [
            (_(name), one.texts[LANGUAGE][key]) for name, key in (("reason", "text"), ("remedy", "remedy"))
        ]
        if one.decision:
            rows.append((_("decision"), f"{one.decision} ({one.decided_by}, {one.decided:%F %T})"))
        show_table(("", ""), rows)
    sys.stdout.flush()
    sys.stdout.buffer.write(one.loaded)


@cli.command(
    help=_("Put a corrected text in the item's place and replay it; what came is kept."), epilog=EPILOG
)
def correct(
    number: Number,
    file: Annotated[Path, typer.Argument(help=_("the corrected bytes"), exists=True, dir_okay=False)],
    who: Who = "",
) -> None:
    from xinglin.hub.intake import queue

    queue.correct(configuration.load(), number, corrected=file.read_bytes(), who=who or getpass.getuser())
    replay([number], who=who)


@cli.command(help=_("Load items again: those named, or all that the filters leave."), epilog=EPILOG)
def replay(
    numbers: Annotated[list[int] | None, typer.Argument(help=_("the items' numbers in the queue"))] = None,
    source: SourceOption = None,
    code: CodeOption = None,
    delivery: DeliveryOption = None,
    who: Who = "",
    everything: Annotated[bool, typer.Option("--all", help=_("replay all that waits"))] = False,
) -> None:
    from xinglin.hub.intake import queue

    if not (numbers or source or code or delivery or everything):
        raise typer.BadParameter(_("name items, give a filter, or say --all"))
    done = queue.replay(
        configuration.load(),
        numbers=numbers or [],
        source=source,
        code=code,
        delivery=delivery,
        who=who or getpass.getuser(),
    )
    again = [one for one in done if not one.done]
    told = _("{done} are in, {again} are refused again.")
    tell(told, done=len(done) - len(again), again=len(again))
    if again:
        sys.exit(REFUSED)


@cli.command(help=_("Decide that an item shall not be taken, and say why. It is kept."), epilog=EPILOG)
def dismiss(
    number: Number,
    reason: Annotated[str, typer.Option(help=_("why"))],
    who: Who = "",
) -> None:
    from xinglin.hub.intake import queue

    queue.dismiss(configuration.load(), number, who=who or getpass.getuser(), why=reason)
