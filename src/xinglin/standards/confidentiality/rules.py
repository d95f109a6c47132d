"""The rules in force, checked and made ready: tables in, dictionaries and one expression out."""

import hashlib
import json
import re
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from functools import lru_cache
from pathlib import Path
from typing import Final

from xinglin.core.i18n import Phrase
from xinglin.core.tables import Line
from xinglin.standards.confidentiality import tables
from xinglin.standards.confidentiality.codes import Group
from xinglin.standards.confidentiality.tables import RULES, Tables
from xinglin.standards.confidentiality.words import Words
from xinglin.standards.definitions import resource_types

REVISION: Final = 1
"""Raised whenever this code derives labels in another way, so that all are derived anew."""

GRADE: Final = "urn:xinglin:grade"
SENSITIVITY: Final = "urn:xinglin:sensitivity"
CONFIDENTIALITY: Final = "http://terminology.hl7.org/CodeSystem/v3-Confidentiality"

OFF: Final = "off"
MATCHES: Final = ("code", "text", "source", "age", "type")
ANY: Final = "*"


@dataclass(frozen=True, slots=True)
class Class:
    """A class of sensitive information: the coding that says so, and the grade it demands."""

    code: str
    system: str
    grade: str
    follows: bool
    name: Mapping[str, str]


@dataclass(frozen=True, slots=True)
class Rule:
    """One rule: records of `types` (empty: all) that it matches are of its class."""

    id: str
    cls: str
    match: str
    types: frozenset[str]
    system: str
    values: tuple[str, ...]
    exceptions: tuple[str, ...]
    name: Mapping[str, str]
    source: str
    edition: str
    confidence: str


@dataclass(frozen=True, slots=True)
class Follow:
    """Records of `types` that refer to a labelled one take over `classes`."""

    types: frozenset[str]
    classes: frozenset[str]


@dataclass(frozen=True)
class RuleSet:
    """All that labels are derived by."""

    rules: tuple[Rule, ...]
    classes: Mapping[str, Class]
    ranks: Mapping[str, int]
    """Grades by rank, the mildest 0."""
    levels: Mapping[str, str]
    """The level of GB/T 39725-2020 of each grade."""
    public: frozenset[str]
    raising: Mapping[str, str]
    """Codes of HL7's v3-Confidentiality that a sender may set, and the grade they demand."""
    follow: Mapping[str, Follow]
    order: tuple[str, ...]
    """Types that others follow, so that those that are followed stand before."""
    fingerprint: str
    systems: Mapping[str, Group] = field(repr=False)
    loose: Mapping[str, tuple[Group, ...]] = field(repr=False)
    """By resource type, the groups that codes of unknown systems may be of."""
    words: Words = field(repr=False)
    by_type: Mapping[str, tuple[int, ...]] = field(repr=False)
    by_source: Mapping[str, tuple[int, ...]] = field(repr=False)
    ages: tuple[tuple[int, int], ...] = field(repr=False)
    """Years below which a rule matches, and its number."""

    def knows(self, system: str, code: str) -> bool:
        """Tell whether records can have a label."""
        if system == GRADE:
            return code in self.ranks
        if system == CONFIDENTIALITY:
            return code in self.raising
        return code in self.classes and self.classes[code].system == system

    def grade_of(self, grades: Iterable[str]) -> str:
        """Give the strictest of some grades."""
        return max(grades, key=lambda one: self.ranks[one])


def in_force(folder: Path) -> RuleSet:
    """Give the rules with a site's tables in `folder`, read again when one changed.

    Raises FaultyLabelTable.
    """
    return _in_force(tuple((path, path.stat().st_mtime_ns) for path in tables.site_files(folder)))


@lru_cache(maxsize=4)
def _in_force(paths: tuple[tuple[Path, int], ...]) -> RuleSet:
    return build(tables.with_site(path for path, _ in paths))


def check(path: Path) -> RuleSet:
    """Check a table as if it were a site's only one; give the rules that would be in force."""
    return build(tables.with_site([path]))


def build(found: Tables) -> RuleSet:
    """Make the rule set of tables. Raises FaultyLabelTable."""
    ranks = {line.cells["grade"]: _whole(line, "rank") for line in found["grades.csv"]}
    classes = {line.cells["class"]: _class(line, ranks) for line in found["classes.csv"]}
    groups = {line.cells["group"] for line in found["systems.csv"]}
    lines = [line for line in found[RULES] if line.cells["class"] != OFF]
    rules = tuple(_rule(line, classes, groups) for line in lines)
    _refuse_conflicts(lines, rules)
    public = frozenset(_type(line) for line in found["types.csv"] if line.choice("grade", ranks) == "public")
    follow = {line.cells["from"]: _follow(line, classes, public) for line in found["follow.csv"]}
    systems, loose = _groups(found["systems.csv"], rules)
    return RuleSet(
        rules=rules,
        classes=classes,
        ranks=ranks,
        levels={line.cells["grade"]: line.cells["gbt39725"] for line in found["grades.csv"]},
        public=public,
        raising={line.cells["code"]: line.choice("grade", ranks) for line in found["confidentiality.csv"]},
        follow=follow,
        order=_ordered(found["follow.csv"], follow),
        fingerprint=_fingerprint(found),
        systems=systems,
        loose=loose,
        words=Words(_by_value(rules, "text"), _by_exception(rules)),
        by_type={one: tuple(numbers) for one, numbers in _by_value(rules, "type").items()},
        by_source={one: tuple(numbers) for one, numbers in _by_value(rules, "source").items()},
        ages=tuple((int(one.values[0]), number) for number, one in enumerate(rules) if one.match == "age"),
    )


def _whole(line: Line, column: str) -> int:
    if not re.fullmatch(r"[0-9]{1,3}", line.cells[column]):
        raise line.fault(column, Phrase("{value} is no whole number", value=line.cells[column]))
    return int(line.cells[column])


def _type(line: Line) -> str:
    _known_types(line, "type")
    return line.cells["type"]


def _known_types(line: Line, column: str) -> frozenset[str]:
    names = frozenset(line.cells[column].split())
    for name in sorted(names - resource_types()):
        raise line.fault(column, Phrase("{value} is no resource type", value=name))
    return names


def _class(line: Line, ranks: Mapping[str, int]) -> Class:
    cells = line.cells
    return Class(
        cells["class"],
        cells["system"],
        line.choice("grade", ranks),
        line.choice("follows", ("yes", "no")) == "yes",
        {"zh": cells["name_zh"], "en": cells["name_en"]},
    )


def _rule(line: Line, classes: Mapping[str, Class], groups: Iterable[str]) -> Rule:
    cells = line.cells
    match = line.choice("match", MATCHES)
    values = tuple(part.strip() for part in cells["value"].split("|") if part.strip())
    if match == "code" and cells["system"] not in groups and ":" not in cells["system"]:
        raise line.fault("system", Phrase("it is neither a group of systems.csv nor an address"))
    if match == "age" and (len(values) != 1 or not values[0].isdecimal()):
        raise line.fault("value", Phrase("{value} is no whole number", value=cells["value"]))
    if match == "text" and any(len(one.rstrip("*")) < 2 for one in values):
        raise line.fault("value", Phrase("a word has at least two letters"))
    if match == "type" and not resource_types().issuperset(values):
        raise line.fault("value", Phrase("{value} is no resource type", value=cells["value"]))
    return Rule(
        cells["rule"],
        line.choice("class", [*classes, OFF]),
        match,
        _known_types(line, "types"),
        cells["system"],
        values,
        tuple(part.strip() for part in cells["except"].split("|") if part.strip()),
        {"zh": cells["name_zh"], "en": cells["name_en"]},
        cells["source"],
        cells["edition"],
        cells["confidence"],
    )


def _refuse_conflicts(lines: Sequence[Line], rules: Sequence[Rule]) -> None:
    """Refuse what can't be meant: a value twice for one class, or an exception that is a word of its rule."""
    seen: dict[tuple[str, str, str, frozenset[str], str], str] = {}
    for line, rule in zip(lines, rules, strict=True):
        for value in rule.values:
            key = (rule.cls, rule.match, rule.system, rule.types, value.casefold())
            if key in seen:
                raise line.fault(
                    "value", Phrase("{value} stands already in {rule}", value=value, rule=seen[key])
                )
            seen[key] = rule.id
        for value in {*rule.values} & {*rule.exceptions}:
            raise line.fault("except", Phrase("{value} is also a word of the rule", value=value))


def _follow(line: Line, classes: Mapping[str, Class], public: frozenset[str]) -> Follow:
    if line.cells["from"] not in resource_types():
        raise line.fault("from", Phrase("{value} is no resource type", value=line.cells["from"]))
    names = frozenset(line.cells["classes"].split())
    for name in sorted(names - classes.keys() - {ANY}):
        raise line.fault("classes", Phrase("there is no class {value}", value=name))
    every = frozenset(one for one, known in classes.items() if known.follows)
    types = resource_types() - public if line.cells["types"] == ANY else _known_types(line, "types")
    return Follow(frozenset(types) - {line.cells["from"]}, every if ANY in names else names & every)


def _ordered(lines: Sequence[Line], follow: Mapping[str, Follow]) -> tuple[str, ...]:
    """Put what is followed before what follows. Raises FaultyLabelTable where they go round in a circle."""
    left = {one: {other for other, rule in follow.items() if one in rule.types} for one in follow}
    done: list[str] = []
    while left:
        ready = sorted(one for one, before in left.items() if not before - set(done))
        if not ready:
            line = next(one for one in lines if one.cells["from"] in left)
            raise line.fault("from", Phrase("its labels would come back to it"))
        done += ready
        for one in ready:
            del left[one]
    return tuple(done)


def _groups(
    lines: Sequence[Line], rules: Sequence[Rule]
) -> tuple[dict[str, Group], dict[str, tuple[Group, ...]]]:
    """Give the codes by system, and those that codes of unknown systems are held against by type."""
    codes: dict[str, list[tuple[str, int]]] = {}
    for number, rule in enumerate(rules):
        if rule.match == "code":
            codes.setdefault(rule.system, []).extend((value, number) for value in rule.values)
    systems: dict[str, list[tuple[str, int]]] = {}
    loose: dict[str, list[Group]] = {}
    for line in lines:
        own = codes.get(line.cells["group"], [])
        if line.cells["system"] != ANY:
            systems.setdefault(line.cells["system"], []).extend(own)
            continue
        group = Group(own, _pattern(line))
        for name in _known_types(line, "types"):
            loose.setdefault(name, []).append(group)
    for system, values in codes.items():
        if ":" in system:
            systems.setdefault(system, []).extend(values)
    return (
        {system: Group(values) for system, values in systems.items()},
        {name: tuple(found) for name, found in loose.items()},
    )


def _pattern(line: Line) -> re.Pattern[str]:
    try:
        return re.compile(line.cells["pattern"])
    except re.error as error:
        raise line.fault("pattern", str(error)) from None


def _by_value(rules: Sequence[Rule], match: str) -> dict[str, list[int]]:
    found: dict[str, list[int]] = {}
    for number, rule in enumerate(rules):
        if rule.match == match:
            for value in rule.values:
                found.setdefault(value, []).append(number)
    return found


def _by_exception(rules: Sequence[Rule]) -> dict[str, list[int]]:
    found: dict[str, list[int]] = {}
    for number, rule in enumerate(rules):
        for value in rule.exceptions:
            found.setdefault(value, []).append(number)
    return found


_TOLD: Final = frozenset(("name_zh", "name_en", "meaning_zh", "meaning_en", "why", "why_zh", "why_en"))
_CITED: Final = frozenset(("source", "edition", "confidence", "gbt39725"))


def _fingerprint(found: Tables) -> str:
    """Names and citations may change without deriving anew; what decides on labels may not."""
    parts: list[object] = [REVISION]
    for name in sorted(found):
        parts.append(name)
        parts += sorted(
            sorted((c, v) for c, v in line.cells.items() if c not in _TOLD and c not in _CITED)
            for line in found[name]
        )
    return hashlib.sha256(json.dumps(parts, ensure_ascii=False).encode()).hexdigest()
