"""What labels a record gets. Pure: the same record, rules and day always give the same labels."""

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import date
from typing import Any, Final, cast

from xinglin.core.exact_json import Json
from xinglin.standards.confidentiality.codes import Group
from xinglin.standards.confidentiality.rules import CONFIDENTIALITY, GRADE, SENSITIVITY, Rule, RuleSet

PUBLIC: Final = "public"
RESTRICTED: Final = "restricted"
SENSITIVE: Final = "sensitive"

_SKIPPED: Final = frozenset(
    (
        *("resourceType", "id", "meta", "implicitRules", "language", "identifier", "telecom", "address"),
        *("subject", "patient", "beneficiary", "photo", "data", "hash", "url", "reference", "system"),
        *(
            "status",
            "intent",
            "priority",
            "use",
            "version",
            "unit",
            "gender",
            "birthDate",
            "issued",
            "unitOfTime",
        ),
        *("effectiveDateTime", "effectivePeriod", "period", "recordedDate", "onsetDateTime", "authoredOn"),
        *(
            "valueQuantity",
            "valueDateTime",
            "valuePeriod",
            "referenceRange",
            "family",
            "given",
            "prefix",
            "low",
        ),
        *(
            "high",
            "date",
            "start",
            "end",
            "received",
            "collectedDateTime",
            "performedDateTime",
            "contentType",
        ),
        *("performedPeriod", "sent", "value", "comparator", "countryCode", "timing", "doseAndRate", "link"),
    )
)
"""Members in which no rule looks: who it is about, numbers, times, addresses."""
_PEOPLE: Final = frozenset(("Patient", "Person", "RelatedPerson", "Practitioner"))


@dataclass(frozen=True, slots=True)
class Hit:
    """A rule that a record meets, and what in the record made it."""

    rule: Rule
    what: str


@dataclass(frozen=True, slots=True)
class Derived:
    """What was derived: classes of sensitive information, and the grade."""

    classes: frozenset[str]
    grade: str


_PLAIN: Final = Derived(frozenset(), RESTRICTED)
"""What most records get."""


def derive(rules: RuleSet, content: Json, today: date, inherited: frozenset[str] = frozenset()) -> Derived:
    """Give classes and grade of a record; `inherited` are classes it takes over from what it refers to."""
    kind = content["resourceType"]
    is_public = kind in rules.public
    if is_public and kind not in rules.follow:
        found = frozenset[str]()
    else:
        found = _own_classes(rules, _met(rules, content, today), kind)
    sent, demanded = _sent(rules, content)
    if not (found or inherited or sent or demanded or is_public):
        return _PLAIN
    classes = found | inherited | sent
    if is_public and not demanded:
        return Derived(classes, PUBLIC)
    grades = [RESTRICTED, *demanded, *(rules.classes[one].grade for one in classes)]
    return Derived(classes, rules.grade_of(grades))


def labels(rules: RuleSet, content: Json, today: date, inherited: frozenset[str] = frozenset()) -> list[Json]:
    """Give the codings that the hub sets in `meta.security`: the grade, then the classes."""
    derived = derive(rules, content, today, inherited)
    if derived.grade == PUBLIC or not derived.classes:
        return [{"system": GRADE, "code": derived.grade}]
    sent = classes_among(rules, _kept(content))
    shown = sorted(derived.classes - sent)
    return [{"system": GRADE, "code": derived.grade}, *(_coding(rules, one) for one in shown)]


def labelled(rules: RuleSet, content: Json, today: date, inherited: frozenset[str] = frozenset()) -> Json:
    """Give the record with the hub's labels in the place of any that it had; what a sender set stands first.

    The record itself isn't changed. `meta.security` comes last in `meta`, so that equal records stay equal.
    """
    meta: Any = content.get("meta")
    meta = cast("Json", meta) if isinstance(meta, dict) else {}
    security = [*_kept(content), *labels(rules, content, today, inherited)]
    bare = {name: value for name, value in meta.items() if name != "security"}
    return content | {"meta": bare | {"security": security}}


def without_labels(content: Json) -> Json:
    """Give the record without what the hub derives, as its sender said it; the same one if it has none."""
    meta: Any = content.get("meta")
    if not isinstance(meta, dict) or "security" not in meta:
        return content
    kept = [one for one in _listed(cast("Json", meta)["security"]) if not _is_derived(one)]
    bare: Json = {name: value for name, value in cast("Json", meta).items() if name != "security"}
    if kept:
        bare["security"] = kept
    head = {name: value for name, value in content.items() if name != "meta"}
    return head | {"meta": bare} if bare else head


def explain(rules: RuleSet, content: Json, today: date) -> list[Hit]:
    """Give every rule that a record meets by itself, each with the first thing that made it."""
    kind = content["resourceType"]
    found = _met(rules, content, today)
    return [
        Hit(rule, found[number])
        for number, rule in enumerate(rules.rules)
        if number in found and (not rule.types or kind in rule.types)
    ]


def is_minor_until(rules: RuleSet, content: Json, today: date) -> date | None:
    """Give the day on which rules of age stop to match a Patient; None where none matches now."""
    born = _day(content.get("birthDate"))
    if born is None:
        return None
    ends = [_birthday(born, years) for years, _ in rules.ages]
    return min((end for end in ends if end > today), default=None)


def _own_classes(rules: RuleSet, numbers: Iterable[int], kind: str) -> frozenset[str]:
    found = (rules.rules[number] for number in numbers)
    return frozenset(one.cls for one in found if not one.types or kind in one.types)


def _met(rules: RuleSet, content: Json, today: date) -> dict[int, str]:
    """Give the numbers of the rules that a record meets, each with the first thing that met it."""
    kind = content["resourceType"]
    found: dict[int, str] = {}
    if kind in rules.by_type:
        _note(found, rules.by_type[kind], kind)
    if rules.by_source and (numbers := _by_source(rules, content)):
        _note(found, numbers, content["meta"]["source"])
    if kind == "Patient" and (numbers := _by_age(rules, content, today)):
        _note(found, numbers, str(content["birthDate"]))
    _in_values(rules, _nameless(content) if kind in _PEOPLE else content, kind, found)
    return found


def _note(found: dict[int, str], numbers: Iterable[int], what: str) -> None:
    for number in numbers:
        found.setdefault(number, what)


def _in_values(rules: RuleSet, content: Json, kind: str, found: dict[int, str]) -> None:
    """Look at every coding and text of a record, contained ones included."""
    words, systems, loose = rules.words.rules, rules.systems, rules.loose.get(kind, ())
    stack: list[Any] = [content]
    while stack:
        node = stack.pop()
        if node.__class__ is dict:
            if "code" in node:
                system = node.get("system")
                group = systems.get(system) if system.__class__ is str else None
                _in_code(node["code"], loose if group is None else (group,), found)
            for name, value in node.items():
                if name in _SKIPPED:
                    continue
                if value.__class__ is str:
                    if numbers := words(value):
                        _note(found, numbers, value)
                else:
                    stack.append(value)
        elif node.__class__ is list:
            stack += node
        elif node.__class__ is str and (numbers := words(node)):
            _note(found, numbers, node)


def _in_code(code: Any, groups: Iterable[Group], found: dict[int, str]) -> None:
    if code.__class__ is str:
        for group in groups:
            if numbers := group.rules(code):
                _note(found, numbers, code)


def _nameless(content: Json) -> Json:
    """Give a person's record without names: they say nothing about health, whatever words they hold."""
    return {name: value for name, value in content.items() if name not in ("name", "contact")}


def _by_source(rules: RuleSet, content: Json) -> tuple[int, ...]:
    meta: Any = content.get("meta")
    source = cast("Json", meta).get("source") if isinstance(meta, dict) else None
    if not isinstance(source, str):
        return ()
    name = source.removeprefix("urn:xinglin:source:").partition(":")[0].partition("#")[0]
    return rules.by_source.get(source) or rules.by_source.get(name, ())


def _by_age(rules: RuleSet, content: Json, today: date) -> tuple[int, ...]:
    born = _day(content.get("birthDate"))
    if born is None:
        return ()
    return tuple(number for years, number in rules.ages if _birthday(born, years) > today)


def _day(text: object) -> date | None:
    """Read a date; of a month or a year its last day, so that a child isn't taken for grown up too early."""
    if not isinstance(text, str):
        return None
    try:
        if len(text) == 4:
            return date(int(text), 12, 31)
        if len(text) == 7:
            year, month = int(text[:4]), int(text[5:])
            return date(year + month // 12, month % 12 + 1, 1)
        return date.fromisoformat(text[:10])
    except ValueError:
        return None


def _birthday(born: date, years: int) -> date:
    try:
        return born.replace(year=born.year + years)
    except ValueError:  # born on 29 February, or beyond the calendar
        return date(min(born.year + years, 9999), 3, 1)


def _sent(rules: RuleSet, content: Json) -> tuple[frozenset[str], tuple[str, ...]]:
    """Give the classes that a sender set itself, and the grades that its codes of confidentiality demand."""
    kept = _kept(content)
    if not kept:
        return frozenset(), ()
    codings = [cast("Json", one) for one in kept if isinstance(one, dict)]
    codes = [str(one.get("code")) for one in codings if one.get("system") == CONFIDENTIALITY]
    return classes_among(rules, codings), tuple(rules.raising[one] for one in codes if one in rules.raising)


def _kept(content: Json) -> list[Any]:
    """Give what a sender itself set in `meta.security`."""
    meta: Any = content.get("meta")
    if not isinstance(meta, dict) or "security" not in meta:
        return []
    return [one for one in _listed(cast("Json", meta)["security"]) if not _is_derived(one)]


def _listed(value: Any) -> list[Any]:
    """Give an array; where records aren't checked, anything may stand in its place."""
    return cast("list[Any]", value) if isinstance(value, list) else [value]


def _is_derived(coding: Any) -> bool:
    """Tell whether the hub set a coding: it is of the hub's systems, or bears the hub's mark.

    A class that was chosen stays (`userSelected` true): it can only close more.
    """
    if not isinstance(coding, dict):
        return False
    one = cast("Json", coding)
    chosen = one.get("userSelected")
    return one.get("system") == GRADE or chosen is False or (one.get("system") == SENSITIVITY and not chosen)


def _coding(rules: RuleSet, cls: str) -> Json:
    """Give the coding of a class. `userSelected` false tells it from one that a sender set."""
    system = rules.classes[cls].system
    coding: Json = {"system": system, "code": cls}
    return coding if system == SENSITIVITY else coding | {"userSelected": False}


def classes_among(rules: RuleSet, codings: Iterable[Any]) -> frozenset[str]:
    """Give the classes that codings of `meta.security` name."""
    found: set[str] = set()
    for coding in codings:
        if not isinstance(coding, dict):
            continue
        one = cast("Json", coding)
        known = rules.classes.get(str(one.get("code")))
        if known is not None and known.system == one.get("system"):
            found.add(known.code)
    return frozenset(found)
