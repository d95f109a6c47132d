"""`xinglin audit …`."""

import getpass
import sys
from enum import StrEnum
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from xinglin.commandline.shell import (
    LANGUAGE,
    Form,
    Format,
    _,
    counting,
    err,
    out,
    show_json,
    show_table,
    tell,
)
from xinglin.core import settings as configuration

if TYPE_CHECKING:
    from xinglin.trust.log.checking import Report

cli = typer.Typer(no_args_is_help=True, help=_("The audit log: who saw what, and the proof."))
alerts_cli = typer.Typer(no_args_is_help=True, help=_("What the security administrator should look at."))
witnesses_cli = typer.Typer(no_args_is_help=True, help=_("Who signs the log beside the hub."))
cli.add_typer(alerts_cli, name="alerts")
cli.add_typer(witnesses_cli, name="witnesses")

NO = 1
Keys = Annotated[
    list[str] | None,
    typer.Option("--key", help=_("public key of the log, as its operator gave it; may be repeated")),
]
Number = Annotated[int, typer.Argument(help=_("the entry's number, from 0"), min=0)]


class State(StrEnum):
    """Which alerts."""

    open = "open"
    closed = "closed"
    all = "all"


class Signature(StrEnum):
    """How a witness signs."""

    ed25519 = "ed25519"
    sm2 = "sm2"


class Hash(StrEnum):
    """How a log is hashed."""

    sha256 = "sha256"
    sm3 = "sm3"


@cli.command(
    "list",
    help=_("List entries, the latest first."),
    epilog=_("Exit codes: 0 listed; 10 settings; 11 database; 12 a wrong filter."),
)
def list_entries(
    patient: Annotated[
        list[str] | None, typer.Option(help=_("id of a Patient; may be repeated for a person's several"))
    ] = None,
    agent: Annotated[str | None, typer.Option(help=_("who, as user:wang or Practitioner/ID"))] = None,
    first: Annotated[str | None, typer.Option("--from", help=_("from this day or time on"))] = None,
    last: Annotated[str | None, typer.Option("--to", help=_("up to this day or time"))] = None,
    action: Annotated[str | None, typer.Option(help=_("the gate's word, as read or search"))] = None,
    outcome: Annotated[
        str | None, typer.Option(help=_("0 allowed, 4 denied, 8 couldn't be done"), metavar="0|4|8")
    ] = None,
    entity: Annotated[str | None, typer.Option(help=_("a record, as Observation/ID"))] = None,
    count: Annotated[int, typer.Option(help=_("how many"), min=1, max=1000)] = 50,
    after: Annotated[str | None, typer.Option(help=_("the place that a page before gave"))] = None,
    form: Format = Form.text,
) -> None:
    from xinglin.trust.log import commands

    named = {
        "patient": ",".join(patient or ()),
        "agent": agent,
        "subtype": action,
        "outcome": outcome,
        "entity": entity,
        "_count": str(count),
        "_after": after,
    }
    pairs = [(name, value) for name, value in named.items() if value]
    pairs += [("date", f"{prefix}{value}") for prefix, value in (("ge", first), ("le", last)) if value]
    found, place = commands.find(configuration.load(), pairs)
    if form is Form.json:
        show_json([{"number": one.number, **commands.plain(one.body)} for one in found.entries])
        return
    heads = (_("number"), _("when"), _("who"), _("action"), _("outcome"), _("what"))
    rows = [
        (
            str(one.number),
            f"{one.told.at:%F %T}Z",
            one.told.who.id,
            one.told.action,
            _(one.told.outcome),
            " ".join(one.told.what[:3]) + (" …" if len(one.told.what) > 3 else ""),
        )
        for one in found.entries
    ]
    show_table(heads, rows, right=(0,))
    if place:
        err.print(_("More: --after {place}").format(place=place))


@cli.command(
    help=_("Show an entry as FHIR AuditEvent, or its bytes as they were proved."),
    epilog=_("Exit codes: 0 shown; 10 settings; 11 database; 12 no such entry."),
)
def show(
    number: Number,
    leaf: Annotated[bool, typer.Option("--leaf", help=_("as it stands in the tree"))] = False,
) -> None:
    from xinglin.trust.log import commands

    shown = commands.show(configuration.load(), number)
    show_json(shown.leaf if leaf else shown.event)


@cli.command(
    help=_("Prove that an entry is in the log: print entry, path and signed checkpoint as JSON."),
    epilog=_("Exit codes: 0 proved; 10 settings; 11 database; 12 no such entry; 13 the log is broken."),
)
def proof(number: Number) -> None:
    from xinglin.trust.log import commands

    proven, note = commands.prove(configuration.load(), number)
    show_json(
        {
            "number": proven.number,
            "entry": proven.body.decode(),
            "size": proven.size,
            "path": [one.hex() for one in proven.path],
            "root": proven.root.hex(),
            "checkpoint": note.write(),
        }
    )


@cli.command(
    help=_("Sign the log as it stands, and print the checkpoint."),
    epilog=_("Exit codes: 0 signed; 10 settings; 11 database; 13 the log isn't what was signed before."),
)
def checkpoint() -> None:
    from xinglin.trust.log import commands

    sys.stdout.write(commands.checkpoint(configuration.load()).write())


@cli.command(
    help=_("Print the public keys of the log and of its witnesses, to be given to whoever checks it."),
    epilog=_("Exit codes: 0 printed; 10 settings; 11 database; 13 the key can't be used."),
)
def keys() -> None:
    from xinglin.trust.log import commands

    found = commands.keys(configuration.load())
    rows = [("log", one.write()) for one in found.log]
    rows += [("witness", one.write()) for one in found.witnesses]
    show_table((_("whose"), _("public key")), rows)


@cli.command(
    help=_("Write the whole log with its proofs to a folder, for whoever shall check it without a database."),
    epilog=_("Exit codes: 0 written; 10 settings; 11 database; 12 the folder; 13 the log is broken."),
)
def export(folder: Annotated[Path, typer.Argument(help=_("a folder that doesn't exist yet"))]) -> None:
    from xinglin.trust.log import commands

    with counting(_("Entries written")) as bar:
        size = commands.export(configuration.load(), folder, bar.more)
    tell(_("{size} entries written."), size=size)


@cli.command(
    help=_("Check the log: of this hub, or an export in a folder, which needs no database."),
    epilog=_("Exit codes: 0 it is what was signed; 1 it isn't; 10 settings; 11 database; 12 no export."),
)
def verify(
    folder: Annotated[Path | None, typer.Argument(help=_("an export; none: this hub's log"))] = None,
    key: Keys = None,
    witness: Annotated[
        list[str] | None, typer.Option(help=_("public key of a witness; may be repeated"))
    ] = None,
) -> None:
    from xinglin.trust.log import commands

    if folder is None:
        with counting(_("Entries checked")) as bar:
            report = commands.verify(configuration.load(), key or (), bar.more)
    else:
        report = commands.verify_export(folder, key or (), witness or ())
        if not key:
            err.print(_("The keys are those of the export itself; compare them, or give --key."))
    _tell(report)
    if report.faults:
        sys.exit(NO)


def _tell(report: "Report") -> None:
    tell(_("Log {origin}: {size} entries, {checkpoints} checkpoints."), **_figures(report))
    tell(_("Signed up to {signed}, witnessed up to {witnessed} entries."), **_figures(report))
    for name, count in sorted(report.cosigned.items()):
        tell(_("{name} signed {count} checkpoints."), name=name, count=count)
    for fault in sorted(report.faults, key=lambda one: one.place):
        out.print(_("WRONG: {what}.").format(what=fault.what.text(LANGUAGE)), style="red")
    if not report.faults:
        out.print(_("Nothing is wrong."))


def _figures(report: "Report") -> dict[str, object]:
    names = ("origin", "size", "checkpoints", "signed", "witnessed")
    return {name: getattr(report, name) for name in names}


@cli.command(
    help=_("Be a witness: sign an export's checkpoint, or wait for hubs that ask over HTTP."),
    epilog=_("Exit codes: 0 signed, stopped; 10 settings; 12 no export; 13 it refuses: a fork, a rollback."),
)
def witness(
    folder: Annotated[Path, typer.Argument(help=_("where the witness keeps its key and what it knows"))],
    name: Annotated[str, typer.Option(help=_("the witness's name, as example.org/witness"))],
    sign: Annotated[
        Path | None, typer.Option("--export", help=_("sign the checkpoint of this export"))
    ] = None,
    listen: Annotated[str, typer.Option(help=_("wait at this address and port"))] = "127.0.0.1:8652",
    log: Annotated[str | None, typer.Option("--log", help=_("public key of the log to watch"))] = None,
    algorithm: Annotated[Hash, typer.Option("--hash", help=_("how that log is hashed"))] = Hash.sha256,
    signature: Annotated[Signature, typer.Option(help=_("how a new key signs"))] = Signature.ed25519,
) -> None:
    from xinglin.trust.log.commands import witness_export
    from xinglin.trust.log.witness import Witness

    made = Witness(folder, name, signature.value)
    err.print(made.signer.verifier.write())
    if sign is not None:
        sys.stdout.write(witness_export(sign, made, log))
        return
    from xinglin.api.witness import run, watch

    watch(made, log, algorithm.value)
    run(folder, name, signature.value, listen)


@witnesses_cli.command(
    "add",
    help=_("Note a witness's public key, and where the hub asks it to sign."),
    epilog=_("Exit codes: 0 noted; 10 settings; 11 database; 12 not a key."),
)
def add_witness(
    key: Annotated[str, typer.Argument(help=_("its public key, as it prints it"))],
    address: Annotated[str, typer.Argument(help=_("its address, as https://witness.example"))] = "",
) -> None:
    from xinglin.trust.log import commands

    out.print(commands.add_witness(configuration.load(), key, address).name)


@witnesses_cli.command(
    "take",
    help=_("Keep a signature that a witness wrote under an export's checkpoint."),
    epilog=_("Exit codes: 0 kept; 10 settings; 11 database; 12 not a signature; 13 not this witness's."),
)
def take(
    folder: Annotated[Path, typer.Argument(help=_("the export, as it came back from the witness"))],
) -> None:
    from xinglin.trust.log import commands

    tell(_("{count} signatures kept."), count=commands.take_cosignatures(configuration.load(), folder))


@alerts_cli.command(
    "list",
    help=_("List alerts, the latest first."),
    epilog=_("Exit codes: 0 listed; 10 settings, the table of rules; 11 database."),
)
def list_alerts(
    state: Annotated[State, typer.Option(help=_("open, closed or all"))] = State.open,
    count: Annotated[int, typer.Option(help=_("how many"), min=1, max=1000)] = 50,
) -> None:
    from xinglin.trust.log import commands

    settings = configuration.load()
    names = commands.alert_names(settings)
    heads = (_("number"), _("when"), _("severity"), _("who"), _("what"), _("count"), _("entries"), _("state"))
    rows = [
        (
            str(one.number),
            f"{one.at:%F %T}Z",
            _(one.severity),
            one.who,
            names.get(one.rule, {}).get(LANGUAGE, one.rule) + (f" ({one.subject})" if one.subject else ""),
            str(one.count),
            f"{one.first}-{one.last}",
            _(one.state) + (f": {one.closed_by}, {one.why}" if one.closed_by else ""),
        )
        for one in commands.alerts(settings, state=state.value, most=count)
    ]
    show_table(heads, rows, right=(0, 5))


@alerts_cli.command(
    "close",
    help=_("Close an alert, and say what came of it."),
    epilog=_("Exit codes: 0 closed; 10 settings; 11 database; 12 no such open alert."),
)
def close_alert(
    number: Annotated[int, typer.Argument(help=_("the alert's number"))],
    why: Annotated[str, typer.Option("--why", help=_("what it was, and what was done"))],
    who: Annotated[
        str, typer.Option("--by", help=_("who decides; your login name where none is given"))
    ] = "",
) -> None:
    from xinglin.trust.log import commands

    commands.close_alert(configuration.load(), number, who=who or getpass.getuser(), why=why)
