"""The workbench as a table for spreadsheets: export, decide in the column `decision`, import."""

import csv
import io
from collections.abc import Sequence
from pathlib import Path

from xinglin.core.errors import TerminologyError
from xinglin.core.i18n import Phrase
from xinglin.hub.codes.decisions import ACCEPT, REJECT, WITHDRAW, Decision
from xinglin.hub.codes.workbench import LocalCode
from xinglin.standards.conversion.text import decode
from xinglin.standards.labitems.ranker import Candidate
from xinglin.standards.labitems.table import table

COLUMNS = (
    *("source", "system", "code", "name", "unit", "specimen", "count", "median", "mapped_to"),
    *("proposed", "proposed_name", "score", "why", "decision", "target", "reason"),
)
NEEDED = ("system", "code", "decision", "target", "reason")
MOST_BYTES = 64 * 2**20


class UnusableSheet(TerminologyError):
    """A table of decisions that can't be read."""

    code = "XL8120"
    message = "The table of decisions can't be used: line {line}: {detail}."
    remedy = "Correct it (`xinglin codes export` gives the columns) and import it again; nothing was stored."
    status = 422
    issue = "invalid"


def export(rows: Sequence[tuple[LocalCode, Candidate | None]], language: str = "en") -> str:
    """Write the codes as CSV with a byte order mark, as spreadsheets need it to read Chinese."""
    stream = io.StringIO()
    writer = csv.DictWriter(stream, COLUMNS, restval="")
    writer.writeheader()
    known = table()
    for local, candidate in rows:
        median = local.sketch.quantile(0.5)
        row: dict[str, object] = {
            "source": local.source,
            "system": local.system,
            "code": local.code,
            "name": local.display,
            "unit": local.unit,
            "specimen": local.specimen,
            "count": local.count,
            "median": "" if median is None else f"{median:.3g}",
            "mapped_to": local.target or "",
        }
        if local.target is not None and local.target in known:
            row["proposed_name"] = known[local.target].name
        elif candidate is not None:
            why = "; ".join(reason.phrase.text(language) for reason in candidate.reasons)
            row |= {"proposed": candidate.item.code, "proposed_name": candidate.item.name}
            row |= {"score": f"{candidate.score:.2f}", "why": why}
        writer.writerow({name: _harmless(value) for name, value in row.items()})
    return "\ufeff" + stream.getvalue()


def read(file: Path, who: str) -> list[Decision]:
    """Read the decisions of an exported table, leaving out lines without one. Raises UnusableSheet."""
    if file.stat().st_size > MOST_BYTES:
        raise UnusableSheet(line=1, detail=Phrase("it is larger than {megabytes} MB", megabytes=64))
    return parse(decode(file.read_bytes()), who)


def parse(text: str, who: str) -> list[Decision]:
    """Read the decisions in a table's text (see `read`)."""
    reader = csv.DictReader(io.StringIO(text, newline=""))
    missing = [name for name in NEEDED if name not in (reader.fieldnames or ())]
    if missing:
        raise UnusableSheet(line=1, detail=Phrase("the column {column} is missing", column=missing[0]))
    try:
        return [one for row in reader if (one := _decision(row, reader.line_num, who))]
    except csv.Error:
        raise UnusableSheet(line=reader.line_num, detail=Phrase("it is no CSV")) from None


def _decision(row: dict[str, str | None], line: int, who: str) -> Decision | None:
    value = {name: (text or "").strip().removeprefix("'") for name, text in row.items() if name}
    action = value["decision"].lower()
    if not action:
        return None
    if action not in {ACCEPT, REJECT, WITHDRAW}:
        known = f"{ACCEPT}, {REJECT}, {WITHDRAW}"
        raise UnusableSheet(
            line=line,
            detail=Phrase("the decision is {action}, not one of {known}", action=action, known=known),
        )
    if not value["system"] or not value["code"] or (not value["target"] and action != WITHDRAW):
        raise UnusableSheet(line=line, detail=Phrase("system, code or target is empty"))
    return Decision(
        system=value["system"],
        code=value["code"],
        name=value.get("name", ""),
        action=action,
        target=value["target"],
        reason=value["reason"],
        who=who,
    )


def _harmless(value: object) -> object:
    """Put a quote before text that a spreadsheet would run (CSV injection): sources write what they like."""
    return f"'{value}" if isinstance(value, str) and value[:1] in {"=", "+", "-", "@", "\t", "\r"} else value
