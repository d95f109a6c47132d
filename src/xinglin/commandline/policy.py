"""`xinglin policy …`."""

from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer
from rich.text import Text

from xinglin.commandline.shell import LANGUAGE, Form, Format, _, err, out, show_json, show_table, tell
from xinglin.core import settings as configuration

if TYPE_CHECKING:
    from xinglin.trust.policy.explain import Explanation
    from xinglin.trust.policy.grants import Grant
    from xinglin.trust.policy.rules import Rule

cli = typer.Typer(no_args_is_help=True, help=_("Policies: who may do what, and why."))
emergency_cli = typer.Typer(no_args_is_help=True, help=_("Emergency access, and its review."))
grant_cli = typer.Typer(no_args_is_help=True, help=_("Grants under a contract."))
cli.add_typer(emergency_cli, name="emergency")
cli.add_typer(grant_cli, name="grant")

CODES = _("Exit codes: 0 shown; 10 settings; 13 the policies or the question.")
STORED = _("Exit codes: 0 stored; 10 settings; 11 database; 13 it can't be.")
Number = Annotated[int, typer.Argument(help=_("the grant's number"), min=1)]


@cli.command("list", help=_("Show every rule in force, in words."), epilog=CODES)
def list_rules(form: Format = Form.text) -> None:
    from xinglin.trust.policy import commands

    rules = list(commands.engine(configuration.load()).rules.values())
    if form is Form.json:
        show_json([_rule_as_json(one) for one in rules])
        return
    rows = [(one.file, one.id, _effect(one), one.title.text(LANGUAGE), one.source) for one in rules]
    show_table((_("file"), _("rule"), _("effect"), _("what it says"), _("source")), rows)


def _effect(rule: "Rule") -> str:
    return _("permits") if rule.permits else _("forbids")


def _rule_as_json(rule: "Rule") -> dict[str, object]:
    return {
        "id": rule.id,
        "effect": rule.effect,
        "file": rule.file,
        "title": rule.title.text(LANGUAGE),
        "comment": rule.comment,
        "source": rule.source,
        "masks": sorted(rule.masks),
        "limit": rule.limit,
        "text": rule.text,
    }


@cli.command(
    help=_("Check the policies: names, conflicts, rules that never decide, labels that would open more."),
    epilog=_("Exit codes: 0 nothing found; 1 something found; 10 settings; 13 they can't be used."),
)
def check() -> None:
    from xinglin.trust.policy import commands

    found = commands.check(configuration.load())
    for one in found.findings:
        err.print(Text.assemble((one.about, "bold"), f" {one.text.text(LANGUAGE)}"))
    told = _("{rules} rules, {cases} cases tried, {findings} findings.")
    tell(told, rules=found.rules, cases=found.cases, findings=len(found.findings))
    if found.findings:
        raise typer.Exit(1)


@cli.command(
    help=_("Explain a decision: who may do what, by which rules, and what to do where it isn't allowed."),
    epilog=_("Exit codes: 0 allowed; 1 denied; 10 settings; 13 the policies or the question."),
)
def explain(
    who: Annotated[str, typer.Option(help=_("roles, with commas between"))],
    what: Annotated[str, typer.Option(help=_('an action and a group or type, as "read Condition"'))],
    purpose: Annotated[str, typer.Option(help=_("purpose of use; empty: the role's own"))] = "",
    relation: Annotated[str, typer.Option(help=_("relations to the patient, as treating"))] = "",
    labels: Annotated[str, typer.Option(help=_("sensitive classes of the record, as PSY,HIV"))] = "",
    grade: Annotated[str, typer.Option(help=_("public, restricted or sensitive"))] = "restricted",
    form: Format = Form.text,
) -> None:
    from xinglin.trust.policy import commands

    found = commands.explain(
        configuration.load(),
        who=who,
        what=what,
        purpose=purpose,
        relation=relation,
        labels=labels,
        grade=grade,
    )
    _tell_json(found) if form is Form.json else _tell_explained(found)
    if not found.allowed:
        raise typer.Exit(1)


def _tell_json(found: "Explanation") -> None:
    show_json(
        {
            "allowed": found.allowed,
            "purpose": found.question.purpose,
            "rules": [_rule_as_json(one) for one in found.rules],
            "openers": [one.id for one in found.openers],
            "remedy": None if found.allowed else found.remedy.text(LANGUAGE),
        }
    )


def _tell_explained(found: "Explanation") -> None:
    said = _("Allowed") if found.allowed else _("Denied")
    out.print(
        Text.assemble((said, "bold green" if found.allowed else "bold red"), f" ({found.question.purpose})")
    )
    if not found.rules:
        tell(_("No rule permits it, and what no rule permits is denied."))
    for rule in found.rules:
        _tell_rule(rule)
    if found.allowed:
        return
    if found.openers:
        tell(_("Rules that could allow it:"))
        for rule in found.openers:
            out.print(f"  {rule.id}  {rule.title.text(LANGUAGE)}", markup=False)
    tell(_("What to do: {remedy}"), remedy=found.remedy.text(LANGUAGE))


def _tell_rule(rule: "Rule") -> None:
    out.print(Text.assemble((rule.id, "bold"), f"  {_effect(rule)}: {rule.title.text(LANGUAGE)}"))
    for line in (rule.comment, f"{rule.file}; {rule.source}"):
        if line:
            out.print(f"  {line}", markup=False)
    if rule.masks:
        tell(_("  masked: {masks}"), masks=", ".join(sorted(rule.masks)))
    if rule.limit:
        tell(_("  limited to: {limit}"), limit=rule.limit)


@cli.command(
    "test",
    help=_("Try a table of cases (CSV or YAML), the shipped one where none is named."),
    epilog=_("Exit codes: 0 all as the table says; 1 some aren't; 10 settings; 13 it can't be used."),
)
def try_cases(
    file: Annotated[Path | None, typer.Argument(help=_("the table; docs/policies.md"))] = None,
) -> None:
    from xinglin.trust.policy import commands

    found = commands.try_cases(configuration.load(), file)
    for one in found.failures:
        said = _("allowed") if one.allowed else _("denied")
        rules = ", ".join(one.rules) or "-"
        err.print(Text.assemble((f"{one.row.place} {one.row.cells['case']}", "bold"), f" {said}: {rules}"))
    tell(
        _("{cases} cases, {failures} not as the table says."), cases=found.cases, failures=len(found.failures)
    )
    if found.failures:
        raise typer.Exit(1)


@emergency_cli.command(
    "list",
    help=_("List emergency access that waits for a review."),
    epilog=_("Exit codes: 0 shown; 10 settings; 11 database."),
)
def list_emergencies(
    every: Annotated[bool, typer.Option("--all", help=_("also what has been reviewed"))] = False,
    form: Format = Form.text,
) -> None:
    from xinglin.trust.policy import commands

    found = commands.emergencies(configuration.load(), every=every)
    if form is Form.json:
        show_json([_grant_as_json(one) for one in found])
        return
    rows = [
        (
            str(g.id),
            g.since.isoformat(" ", "minutes"),
            g.who,
            g.patient or "-",
            g.reason,
            g.words,
            g.outcome or "-",
        )
        for g in map(_local, found)
    ]
    titles = (_("number"), _("since"), _("who"), _("patient"), _("reason"), _("in words"), _("outcome"))
    show_table(titles, rows, right=(0,))


def _local(grant: "Grant") -> "Grant":
    import msgspec

    return msgspec.structs.replace(grant, since=grant.since.astimezone(), until=grant.until.astimezone())


def _grant_as_json(grant: "Grant") -> dict[str, object]:
    import msgspec

    return msgspec.to_builtins(grant)


@emergency_cli.command("review", help=_("Store what the review of emergency access found."), epilog=STORED)
def review(
    number: Number,
    outcome: Annotated[str, typer.Option(help=_("justified, unjustified or unclear"))],
    why: Annotated[str, typer.Option(help=_("what was found"))],
) -> None:
    from xinglin.trust.policy import commands

    commands.review(configuration.load(), number, outcome=outcome, why=why)
    tell(_("Grant {number}: {outcome}."), number=str(number), outcome=outcome)


@grant_cli.command("add", help=_("Let somebody use data under a contract."), epilog=STORED)
def add_grant(
    who: Annotated[str, typer.Option(help=_("who may, as user:wang or client:study-7"))],
    contract: Annotated[str, typer.Option(help=_("number of the contract"))],
    words: Annotated[str, typer.Option(help=_("what it is for"))],
    until: Annotated[str, typer.Option(help=_("last day, as 2027-01-31"))],
) -> None:
    from xinglin.trust.policy import commands

    made = commands.add_contract(
        configuration.load(), who=who, contract=contract, words=words, last_day=until
    )
    tell(_("Grant {number} for {who} until {until}."), number=str(made.id), who=made.who, until=until)


@grant_cli.command(
    "list",
    help=_("List grants under a contract."),
    epilog=_("Exit codes: 0 shown; 10 settings; 11 database."),
)
def list_grants(form: Format = Form.text) -> None:
    from xinglin.trust.policy import commands

    found = commands.contract_grants(configuration.load())
    if form is Form.json:
        show_json([_grant_as_json(one) for one in found])
        return
    rows = [
        (
            str(g.id),
            g.who,
            g.reason,
            g.words,
            g.until.isoformat(" ", "minutes"),
            _("ended") if g.ended else "-",
        )
        for g in map(_local, found)
    ]
    show_table(
        (_("number"), _("who"), _("contract"), _("in words"), _("until"), _("ended")), rows, right=(0,)
    )


@grant_cli.command("end", help=_("End a grant before its time."), epilog=STORED)
def end_grant(number: Number) -> None:
    from xinglin.trust.policy import commands

    commands.end_grant(configuration.load(), number)
    tell(_("Grant {number} has ended."), number=str(number))
