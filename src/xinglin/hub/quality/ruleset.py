"""The rules in force: the shipped tables with the site's own over them, checked and compiled."""

import hashlib
import json
import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from decimal import Decimal, InvalidOperation
from functools import cache, lru_cache
from pathlib import Path
from typing import Final

from xinglin.core.errors import FhirPathError
from xinglin.core.i18n import Phrase
from xinglin.core.tables import Line
from xinglin.hub.quality import tables
from xinglin.hub.quality.tables import RULES
from xinglin.standards.definitions import resource_types
from xinglin.standards.fhirpath import Compiled, compile_expression

REVISION: Final = 1
"""Raised whenever this code judges records or gathers facts in another way, so that all are judged anew."""

OFF: Final = "off"
"""The severity that switches a rule off."""
KINDS: Final = ("fhirpath", "sql")
WINDOW: Final = ("institution", "day")
"""What an SQL rule is asked for, as `%(institution)s` and `%(day)s`."""
SQL_TABLES: Final = ("diagnosis_limits", "vital_ranges")
"""Tables that SQL rules get as JSON, such as `%(vital_ranges)s::jsonb`."""

_PLACE: Final = re.compile(r"\{([a-z][a-z0-9_]*)\}")
_SQL_PLACE: Final = re.compile(r"%(?:%|\((\w+)\)s)?")
_ID: Final = re.compile(r"[a-z][a-z0-9-]{1,63}")


@dataclass(frozen=True, slots=True)
class Rule:
    """One rule. `test` is FHIRPath on a record of `type` where `scope` holds, or SQL for a day (see docs)."""

    id: str
    name: Mapping[str, str]
    dimension: str
    severity: str
    type: str
    kind: str
    scope: str
    test: str
    counted: Mapping[str, str]
    indicator: str
    source: str
    edition: str
    confidence: str


@dataclass(frozen=True, slots=True)
class Named:
    """A severity, dimension or indicator: its weight (0 where it has none) and its names by language."""

    key: str
    weight: Decimal
    name: Mapping[str, str]
    meaning: Mapping[str, str]


@dataclass(frozen=True, slots=True)
class Event:
    """Where a type's records tell when they happened, and when they were complete; the first found counts."""

    day: tuple[Compiled, ...]
    complete: tuple[Compiled, ...]


@dataclass(frozen=True)
class RuleSet:
    """All rules in force, by id, with what belongs to them."""

    rules: Mapping[str, Rule]
    severities: Mapping[str, Named]
    dimensions: Mapping[str, Named]
    indicators: Mapping[str, Named]
    events: Mapping[str, Event]
    vital_codes: frozenset[str]
    arguments: Mapping[str, object]
    """What SQL rules may ask for by name, beside the window and the types."""
    fingerprint: str
    """Changes whenever records must be judged anew."""

    def of_kind(self, kind: str) -> list[Rule]:
        """Give the rules of a kind."""
        return [rule for rule in self.rules.values() if rule.kind == kind]


def in_force(folder: Path) -> RuleSet:
    """Give the rules with a site's tables in `folder`, read again when one changed. Raises FaultyTable."""
    return _in_force(tuple((path, path.stat().st_mtime_ns) for path in tables.site_files(folder)))


@lru_cache(maxsize=4)
def _in_force(paths: tuple[tuple[Path, int], ...]) -> RuleSet:
    return build(tables.load_site([path for path, _ in paths]))


def check(path: Path) -> RuleSet:
    """Check a table as if it were a site's only one; give the rules that would be in force."""
    return build(tables.load_site([path]))


def build(site: Mapping[str, Sequence[Line]]) -> RuleSet:
    """Make the rule set of the shipped tables with a site's rows over them. Raises FaultyTable."""
    found = tables.overlaid(_shipped(), site)
    severities, dimensions = (
        _named(found["severities.csv"], "severity"),
        _named(found["dimensions.csv"], "dimension"),
    )
    indicators = _named(found["indicators.csv"], "indicator")
    values = {line.cells["name"]: line.cells["value"] for line in found["parameters.csv"]}
    arguments: dict[str, object] = {name: _argument(value) for name, value in values.items()}
    for name in SQL_TABLES:
        arguments[name] = json.dumps([line.cells for line in found[f"{name}.csv"]], ensure_ascii=False)
    words = (severities, dimensions, indicators)
    rules = [_rule(line, words, values, arguments) for line in found[RULES] if line.cells["severity"] != OFF]
    return RuleSet(
        rules={rule.id: rule for rule in rules},
        severities=severities,
        dimensions=dimensions,
        indicators=indicators,
        events={line.cells["type"]: _event(line) for line in found["events.csv"]},
        vital_codes=frozenset(line.cells["code"] for line in found["vital_ranges.csv"]),
        arguments=arguments,
        fingerprint=_fingerprint(rules, found),
    )


@cache
def _shipped() -> dict[str, list[Line]]:
    return tables.shipped()


def _named(lines: Sequence[Line], key: str) -> dict[str, Named]:
    return {
        line.cells[key]: Named(
            line.cells[key],
            Decimal(line.cells.get("weight", "0")),
            _both(line, "name"),
            _both(line, "meaning") if "meaning_zh" in line.cells else {},
        )
        for line in lines
    }


def _both(line: Line, column: str) -> dict[str, str]:
    return {language: line.cells[f"{column}_{language}"] for language in ("zh", "en")}


def _argument(value: str) -> object:
    try:
        return Decimal(value)
    except InvalidOperation:
        return value


def _rule(
    line: Line,
    words: tuple[Mapping[str, Named], Mapping[str, Named], Mapping[str, Named]],
    values: Mapping[str, str],
    arguments: Mapping[str, object],
) -> Rule:
    cells = line.cells
    if not _ID.fullmatch(cells["id"]):
        raise line.fault("id", Phrase("an id is small letters, digits and hyphens"))
    severities, dimensions, indicators = words
    line.choice("severity", [*severities, OFF])
    line.choice("dimension", dimensions)
    line.choice("indicator", ["", *indicators])
    kind = line.choice("kind", KINDS)
    if cells["type"] not in resource_types():
        raise line.fault("type", Phrase("{value} is no resource type", value=cells["type"]))
    scope, test = cells["scope"], cells["test"]
    if kind == "sql":
        _check_sql(line, arguments)
    else:
        scope, test = _filled(line, "scope", values), _filled(line, "test", values)
    return Rule(
        id=cells["id"],
        name=_both(line, "name"),
        dimension=cells["dimension"],
        severity=cells["severity"],
        type=cells["type"],
        kind=kind,
        scope=scope,
        test=test,
        counted=_both(line, "counted"),
        indicator=cells["indicator"],
        source=cells["source"],
        edition=cells["edition"],
        confidence=cells["confidence"],
    )


def _filled(line: Line, column: str, values: Mapping[str, str]) -> str:
    """Put the parameters into an expression, and see that it can be compiled."""
    text = line.cells[column]
    for name in _PLACE.findall(text):
        if name not in values:
            raise line.fault(column, Phrase("there is no parameter {name}", name=name))
    text = _PLACE.sub(lambda match: values[match[1]], text)
    if text:
        _compiled(line, column, text, line.cells["type"])
    return text


def _compiled(line: Line, column: str, text: str, type_: str) -> Compiled:
    try:
        return compile_expression(text, type_name=type_, strict=True)
    except FhirPathError as error:
        raise line.fault(column, error.phrase()) from None


def _check_sql(line: Line, arguments: Mapping[str, object]) -> None:
    text = line.cells["test"]
    if line.cells["scope"]:
        raise line.fault("scope", Phrase("an SQL rule has its scope in its query"))
    if not re.match(r"(?i)(select|with)\s", text) or ";" in text:
        raise line.fault("test", Phrase("an SQL rule is one SELECT, without a semicolon"))
    known = {*WINDOW, *arguments, *resource_types()}
    for match in _SQL_PLACE.finditer(text):
        if match[0] == "%":
            raise line.fault("test", Phrase("a percent sign is written twice"))
        if match[1] and match[1] not in known:
            raise line.fault("test", Phrase("there is no parameter {name}", name=match[1]))
    if not all(f"%({name})s" in text for name in WINDOW):
        raise line.fault("test", Phrase("an SQL rule asks for one institution and one day"))


def _event(line: Line) -> Event:
    type_ = line.choice("type", resource_types())

    def expressions(column: str) -> tuple[Compiled, ...]:
        parts = (part.strip() for part in line.cells[column].split(";"))
        return tuple(_compiled(line, column, part, type_) for part in parts if part)

    return Event(expressions("day"), expressions("complete"))


def _fingerprint(rules: Sequence[Rule], found: Mapping[str, Sequence[Line]]) -> str:
    """Names, weights and citations may change without judging anew; what finds results may not."""
    parts: list[object] = [REVISION]
    parts += [(rule.id, rule.type, rule.kind, rule.scope, rule.test) for rule in rules]
    for name in ("parameters.csv", "events.csv", "diagnosis_limits.csv", "vital_ranges.csv"):
        parts += [sorted(line.cells.items()) for line in found[name]]
    return hashlib.sha256(json.dumps(parts).encode()).hexdigest()
