"""`xinglin identity …`."""

import getpass
from enum import StrEnum
from pathlib import Path
from typing import Annotated, Any

import typer

from xinglin.commandline import identity_link
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

cli = typer.Typer(no_args_is_help=True, help=_("One person, one identity: matching, review, decisions."))
review = typer.Typer(no_args_is_help=True, help=_("Pairs that a person must look at."))
cli.add_typer(review, name="review")
cli.add_typer(identity_link.cli)

_EXITS = _(
    "Exit codes: 0 done; 10 settings; 11 database; 12 no such person, pair or decision, or a conflict."
)


class Action(StrEnum):
    """What can be decided."""

    LINK = "link"
    APART = "apart"
    UNLINK = "unlink"
    SPLIT = "split"
    MERGE = "merge"


Why = Annotated[str, typer.Option(help=_("why; kept with the decision"))]
Who = Annotated[str | None, typer.Option(help=_("who decides; without it the name you are logged in by"))]
Most = Annotated[int, typer.Option(help=_("how many"), min=1, max=10_000)]


@cli.command(
    help=_("Match Patients that are new or changed; beside a running hub or without one."),
    epilog=_("Exit codes: 0 all is matched; 10 settings; 11 database. Stopped, it goes on where it was."),
)
def run(
    full: Annotated[bool, typer.Option("--full", help=_("every Patient again; decisions stay"))] = False,
) -> None:
    from xinglin.hub.identity import commands

    with counting(_("Patients matched")) as bar:
        done = commands.run(
            configuration.load(),
            full=full,
            progress=bar.more,
            tell=lambda said: err.print(said.text(LANGUAGE), markup=False),
        )
    told = _("{matched} Patients matched, {removed} removed, {goldens} golden Patients written.")
    tell(told, matched=done.matched, removed=done.removed, goldens=done.goldens)


@cli.command(
    help=_("Train the model on this hub's own Patients, without any labels, and put it in force."),
    epilog=_(
        "Exit codes: 0 done; 10 the extra 'identity' is missing; 11 database; 12 too few to learn from."
    ),
)
def train() -> None:
    from xinglin.hub.identity import commands

    version, people, pairs = commands.train(configuration.load())
    told = _("Model {version} is in force, trained on {people} Patients and {pairs} pairs of them.")
    tell(told, version=str(version), people=people, pairs=pairs)
    out.print(_("Match those that are here already by it with 'xinglin identity run --full'."))


@cli.command(help=_("Tell how identity stands: patients, persons, what waits."), epilog=_EXITS)
def status(form: Format = Form.text) -> None:
    from xinglin.hub.identity import answers, commands

    told = answers.status_as_json(commands.status(configuration.load()))
    if form is Form.json:
        return show_json(told)
    for name, text in (
        ("patients", _("Patients of sources")),
        ("persons", _("persons")),
        ("waiting", _("Patients still to be matched, golden ones included")),
        ("review", _("pairs that wait for review")),
        ("decisions", _("decisions")),
        ("worn_numbers", _("numbers that too many people bear")),
    ):
        out.print(f"{told[name]:>12,}  {text}", markup=False)
    return None


@cli.command(help=_("Show a person: all sources, the golden Patient, and why they are one."), epilog=_EXITS)
def person(
    id_: Annotated[str, typer.Argument(metavar="ID", help=_("id of a Patient, of a source or golden"))],
    form: Format = Form.text,
) -> None:
    from xinglin.hub.identity import answers, commands

    told = answers.person_as_json(commands.person(configuration.load(), id_), LANGUAGE)
    if form is Form.json:
        return show_json(told)
    out.print(f"{told['golden']}  {_summary(told['patient'])}", markup=False)
    rows = [
        (one["patient"], one["source"] or "-", one["how"], _bits(one["weight"]), one["since"][:10])
        for one in told["sources"]
    ]
    show_table((_("Patient"), _("source"), _("how"), _("weight"), _("since")), rows)
    for pair in told["pairs"]:
        _tell_pair(pair)
    return None


@review.command("list", help=_("List the pairs that wait, the weightiest first."), epilog=_EXITS)
def list_(
    most: Most = 50,
    rule: Annotated[str | None, typer.Option(help=_("only what this rule asks about"))] = None,
    form: Format = Form.text,
) -> None:
    from xinglin.hub.identity import answers, commands

    found = commands.queue(configuration.load(), most=most, rule=rule)
    told = [answers.pair_as_json(one, LANGUAGE) for one in found]
    if form is Form.json:
        return show_json(told)
    rows = [
        (
            *one["patients"],
            _bits(one.get("weight")),
            f"{one.get('probability', 0):.4f}",
            one.get("rule", {}).get("text", ""),
        )
        for one in told
    ]
    show_table((_("Patient"), _("Patient"), _("weight"), _("probability"), _("rule")), rows)
    return None


@review.command(help=_("Show a pair side by side, with what each field weighs."), epilog=_EXITS)
def show(
    one: Annotated[str, typer.Argument(help=_("id of a Patient"))],
    other: Annotated[str, typer.Argument(help=_("id of a Patient"))],
    chart: Annotated[
        Path | None, typer.Option(metavar="FILE.svg", help=_("also draw there what each field weighs"))
    ] = None,
    form: Format = Form.text,
) -> None:
    from xinglin.hub.identity import answers, commands, drawing

    found = commands.pair(configuration.load(), one, other)
    if chart:
        chart.write_text(drawing.pair_chart(found.pair, LANGUAGE), "utf-8")
    told = answers.side_by_side_as_json(found, LANGUAGE)
    if form is Form.json:
        return show_json(told)
    first, second = told["patients"]
    show_table(
        (_("field"), first, second),
        [(name, _text(both[0]), _text(both[1])) for name, both in told["compared"].items()],
    )
    _tell_pair(told)
    return None


@review.command(
    help=_("List numbers that too many people bear; no rule trusts them any more."), epilog=_EXITS
)
def worn(most: Most = 50, form: Format = Form.text) -> None:
    from xinglin.hub.identity import answers, commands

    told = [answers.worn_as_json(one, LANGUAGE) for one in commands.worn(configuration.load(), most=most)]
    if form is Form.json:
        return show_json(told)
    rows = [
        (one["rule"]["text"], f"{one['holders']:,}", one["since"][:10], " ".join(one["patients"]))
        for one in told
    ]
    show_table((_("rule"), _("people"), _("since"), _("Patient")), rows)
    return None


@review.command(
    help=_(
        "Decide: link A B, apart A B (of a pair), unlink A (from its person), split A B … (leave it "
        "together), merge G H (two golden Patients)."
    ),
    epilog=_EXITS,
)
def decide(
    action: Annotated[Action, typer.Argument(help=_("what is decided"))],
    ids: Annotated[list[str], typer.Argument(help=_("ids of Patients; of golden ones for merge"))],
    why: Why,
    golden: Annotated[
        str | None, typer.Option(help=_("the person seen; if it has changed since, nothing is done"))
    ] = None,
    who: Who = None,
) -> None:
    from xinglin.hub.identity import commands
    from xinglin.hub.identity.decisions import Wanted

    wanted = Wanted(action.value, ids, who or getpass.getuser(), why, golden)
    number = commands.decide(configuration.load(), wanted)
    told = _("Decision {number} is in force; undo it with 'xinglin identity undo {number}'.")
    out.print(told.format(number=number))


@cli.command(help=_("Undo a decision, or bring it back by undoing the undoing."), epilog=_EXITS)
def undo(
    number: Annotated[int, typer.Argument(help=_("number of the decision"))], why: Why, who: Who = None
) -> None:
    from xinglin.hub.identity import commands

    made = commands.undo(configuration.load(), number, who or getpass.getuser(), why)
    out.print(_("Decision {number} is undone by decision {made}.").format(number=number, made=made))


@cli.command(help=_("List decisions, newest first: all, or those about some Patients."), epilog=_EXITS)
def history(
    ids: Annotated[list[str] | None, typer.Argument(help=_("ids of Patients"))] = None,
    most: Most = 50,
    form: Format = Form.text,
) -> None:
    from xinglin.hub.identity import answers, commands

    found = commands.history(configuration.load(), ids or [], most=most)
    told = [answers.decision_as_json(one) for one in found]
    if form is Form.json:
        return show_json(told)
    for one in told:
        mark = " " if one["in_force"] else "×"
        about = f"{one['action']} {one['undoes']}" if "undoes" in one else one["action"]
        out.print(f"{mark} {one['id']:>6}  {one['at'][:16]}  {one['who']}  {about}", markup=False)
        out.print(f"           {' '.join(one['patients'])}: {one['why']}", markup=False)
    return None


def _tell_pair(pair: dict[str, Any]) -> None:
    first, second = pair["patients"]
    head = f"{first} – {second}: {pair['state']}"
    if "rule" in pair:
        head += f"  {pair['rule']['text']}"
    if "weight" in pair:
        head += f"  {_bits(pair['weight'])}  p={pair['probability']:.4f}"
    out.print()
    out.print(head, markup=False)
    for one in pair["evidence"]:
        out.print(f"  {one['weight']:>+8.2f}  {one['field']}: {one['text']}", markup=False)
    if "decision" in pair:
        made = pair["decision"]
        out.print(f"  {made['id']}  {made['who']}: {made['why']}", markup=False)


def _summary(patient: dict[str, Any]) -> str:
    name = next((one.get("text", "") for one in patient.get("name", [])), "")
    return "  ".join(part for part in (name, patient.get("gender", ""), patient.get("birthDate", "")) if part)


def _bits(weight: float | None) -> str:
    return "" if weight is None else f"{weight:+.1f}"


def _text(value: object) -> str:
    return "" if value is None else str(value)
