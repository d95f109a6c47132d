"""The table of alert rules, read strictly; a site's own is `audit/alerts.csv` in its home folder."""

import csv
import io
import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, time
from importlib.resources import files
from pathlib import Path
from typing import Final, Literal, cast
from zoneinfo import ZoneInfo

from xinglin.core.i18n import Phrase
from xinglin.core.os_errors import reason
from xinglin.trust.log.entry import Told
from xinglin.trust.log.errors import BadRule

Chosen = Literal["any", "labelled", "family", "colleague", "untreated", "self-made"]
Counted = Literal["patients", "entries"]
Hours = tuple[time, time]

TABLE: Final = "alerts.csv"
COLUMNS: Final = (
    *("rule", "outcome", "actions", "purposes", "kinds", "hours", "patients", "labels", "count"),
    *("threshold", "minutes", "severity", "name_en", "name_zh", "source", "edition", "confidence"),
)
CHOSEN: Final = ("any", "labelled", "family", "colleague", "untreated", "self-made")
COUNTED: Final = ("patients", "entries")
SEVERITIES: Final = ("low", "medium", "high")
_HOURS: Final = re.compile(r"([01]\d|2[0-3]):([0-5]\d)-([01]\d|2[0-3]):([0-5]\d)")


@dataclass(frozen=True, slots=True)
class Rule:
    """When to raise an alert about somebody.

    Entries count that have this `outcome` and one of `actions`, `purposes` and `kinds` (empty: any), within
    `hours` of the local day, about patients that are `patients` (labelled: with one of `labels`, as
    system|code). An alert is raised when `threshold` different patients or entries came together within
    `minutes`; with 0 minutes, for each patient alone.
    """

    id: str
    outcome: str
    actions: frozenset[str]
    purposes: frozenset[str]
    kinds: frozenset[str]
    hours: Hours | None
    patients: Chosen
    labels: frozenset[tuple[str, str]]
    count: Counted
    threshold: int
    minutes: int
    severity: str
    names: Mapping[str, str]

    def concerns(self, told: Told, zone: ZoneInfo) -> bool:
        """Tell whether an entry counts, its patients aside."""
        return (
            (not self.outcome or told.outcome == self.outcome)
            and (not self.actions or told.action in self.actions)
            and (not self.purposes or told.purpose in self.purposes)
            and (not self.kinds or told.who.kind in self.kinds)
            and (self.count == "entries" or bool(told.patients))
            and (self.hours is None or _within(self.hours, told.at.astimezone(zone)))
        )


def _within(hours: Hours, moment: datetime) -> bool:
    start, end = hours
    at = moment.time()
    return start <= at < end if start <= end else at >= start or at < end


def load(folder: Path | None) -> Sequence[Rule]:
    """Read the site's table where there is one, else the one that is shipped. Raises BadRule."""
    own = folder / TABLE if folder else None
    if own is not None and own.exists():
        try:
            return read(own.read_text(encoding="utf-8-sig"), str(own))
        except OSError as error:
            raise BadRule(file=own, line=0, detail=reason(error)) from None
        except UnicodeDecodeError:
            raise BadRule(file=own, line=0, detail=Phrase("it isn't UTF-8")) from None
    shipped = files("xinglin.trust.log.alerts") / TABLE
    return read(shipped.read_text(encoding="utf-8"), TABLE)


def read(text: str, file: str) -> Sequence[Rule]:
    """Read a table. Raises BadRule."""
    reader = csv.DictReader(io.StringIO(text, newline=""))
    if tuple(reader.fieldnames or ()) != COLUMNS:
        raise BadRule(
            file=file, line=1, detail=Phrase("its columns must be {names}", names=", ".join(COLUMNS))
        )
    rules: dict[str, Rule] = {}
    for line, row in enumerate(reader, 2):
        if None in row or None in row.values():
            raise BadRule(file=file, line=line, detail=Phrase("it has more or fewer cells than columns"))
        rule = _rule(row, file, line)
        if rule.id in rules:
            raise BadRule(file=file, line=line, detail=Phrase("{value} stands twice", value=rule.id))
        rules[rule.id] = rule
    return tuple(rules.values())


def _rule(row: Mapping[str, str], file: str, line: int) -> Rule:
    def refuse(column: str) -> BadRule:
        told = Phrase('"{value}" can\'t stand in the column {column}', value=row[column], column=column)
        return BadRule(file=file, line=line, detail=told)

    for column, words in (("patients", CHOSEN), ("count", COUNTED), ("severity", SEVERITIES)):
        if row[column] not in words:
            raise refuse(column)
    for column, least in (("threshold", 1), ("minutes", 0)):
        if not (row[column].isascii() and row[column].isdecimal() and int(row[column]) >= least):
            raise refuse(column)
    hours = _HOURS.fullmatch(row["hours"])
    if row["hours"] and hours is None:
        raise refuse("hours")
    labels = [one.rpartition("|") for one in row["labels"].split()]
    if not row["rule"] or any(not system for system, _, _ in labels):
        raise refuse("labels" if row["rule"] else "rule")
    if row["minutes"] == "0" and (row["count"], row["threshold"]) != ("patients", "1"):
        raise refuse("minutes")
    return Rule(
        row["rule"],
        row["outcome"],
        *(frozenset(row[name].split()) for name in ("actions", "purposes", "kinds")),
        hours=_hours(hours) if hours else None,
        patients=cast("Chosen", row["patients"]),
        labels=frozenset((system, code) for system, _, code in labels),
        count=cast("Counted", row["count"]),
        threshold=int(row["threshold"]),
        minutes=int(row["minutes"]),
        severity=row["severity"],
        names={"en": row["name_en"], "zh": row["name_zh"]},
    )


def _hours(match: re.Match[str]) -> Hours:
    first, second, third, fourth = map(int, match.groups())
    return time(first, second), time(third, fourth)
