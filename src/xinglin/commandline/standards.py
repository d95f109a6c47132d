"""`xinglin fhirpath` and `xinglin validate`."""

import sys
from enum import StrEnum
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer
from rich.text import Text

from xinglin.commandline.shell import LANGUAGE, _, out
from xinglin.core import settings as configuration

if TYPE_CHECKING:
    from xinglin.standards.commands_validate import Summary

cli = typer.Typer()


class Form(StrEnum):
    """How `validate` tells what it found."""

    text = "text"
    ndjson = "ndjson"


@cli.command(
    help=_("Evaluate a FHIRPath expression on a record; each value found is a line of JSON."),
    epilog=_(
        "Exit codes: 2 wrong usage; 12 the expression or the file; with --cases faults stand in the answers."
    ),
)
def fhirpath(
    expression: Annotated[str | None, typer.Argument(help=_("such as 'Patient.name.given'"))] = None,
    file: Annotated[Path | None, typer.Argument(help=_("a record in JSON"))] = None,
    cases: Annotated[
        Path | None, typer.Option(help=_("answer many: lines of id, expression and resource"))
    ] = None,
    strict: Annotated[bool, typer.Option(help=_("unknown elements and wrong types are errors"))] = False,
) -> None:
    from xinglin.core.exact_json import dumps
    from xinglin.standards import commands

    if cases is not None and expression is None:
        lines = (dumps(answer) for answer in commands.fhirpath_cases(path=cases))
    elif expression is not None and file is not None and cases is None:
        lines = commands.fhirpath(expression=expression, file=file, strict=strict)
    else:
        raise typer.BadParameter(_("give an expression and a file, or --cases"))
    for line in lines:
        sys.stdout.buffer.write(line + b"\n")


@cli.command(
    help=_("Check records against FHIR R4 and installed packages. Exit code 1 where there are errors."),
    epilog=_("Exit codes: 0 no errors; 1 some records have errors; 10 settings; 12 a file or a package."),
)
def validate(
    files: Annotated[
        list[Path], typer.Argument(help=_("JSON and NDJSON files, also .gz, and folders of them"))
    ],
    profile: Annotated[
        list[str] | None, typer.Option(help=_("check against this profile too (its URL)"))
    ] = None,
    form: Annotated[
        Form, typer.Option("--format", help=_("a summary, or a line of JSON for each record"))
    ] = Form.text,
) -> None:
    from xinglin.core.exact_json import dumps
    from xinglin.hub.installed import definitions
    from xinglin.standards import commands_validate as commands

    summary = commands.Summary()
    known = definitions(configuration.load())
    for checked in commands.check_files(files, profiles=profile or [], definitions=known):
        summary.add(checked)
        if form is Form.ndjson:
            sys.stdout.buffer.write(dumps(checked.as_json(LANGUAGE)) + b"\n")
    if form is Form.text:
        _tell_findings(summary)
    if summary.refused:
        sys.exit(1)


def _tell_findings(summary: "Summary") -> None:
    colours = {"error": "bold red", "warning": "yellow", "information": "cyan"}
    for severity, rule, count, checked, finding in summary.rows():
        head = (_(severity), colours[severity])
        out.print(Text.assemble(head, f" {rule} ×{count}: {finding.text(LANGUAGE)}"))
        out.print(Text(f"    {checked.file}:{checked.line} {finding.location}", style="dim"))
    told = _("{records} records, {refused} of them with errors.")
    out.print(told.format(records=summary.records, refused=summary.refused))
