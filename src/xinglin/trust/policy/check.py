"""Checking policies as a whole: what Cedar alone can't tell.

Every role, purpose, action, group and relation that a rule could be about is tried. Labels and grades are
tried singly and in pairs wherever a rule depends on them: more of them must never open more, and each must
close by itself, as searches rely on it (see `Policies.openings`).

Words between which no rule makes a difference are tried once: two actions or groups that stand in the same
places of all rules, two labels that no rule names and for which the same clearances hold.
"""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from functools import cache
from itertools import combinations, product
from typing import Any, Final, cast

from xinglin.core.i18n import Phrase
from xinglin.trust.policy.cases import Case
from xinglin.trust.policy.cedar import Answer
from xinglin.trust.policy.engine import Engine, Roles
from xinglin.trust.policy.rules import Rule, literals

_TABLES: Final[Mapping[str, str]] = {"Role": "roles", "Group": "groups", "Action": "actions"}
_WORDS: Final[Mapping[str, str]] = {
    "purpose": "purposes",
    "relations": "relations",
    "labels": "labels",
    "cleared": "labels",
    "grade": "grades",
}
FEW: Final = 20
"""Examples told of one kind of fault."""


@dataclass(frozen=True, slots=True)
class Finding:
    """Something wrong with the policies: the rule or table it is about, and what."""

    about: str
    text: Phrase


@dataclass(frozen=True, slots=True)
class Checked:
    """What the check found, and how many cases it tried."""

    findings: Sequence[Finding]
    rules: int
    cases: int


def check(engine: Engine) -> Checked:
    """Check the policies of an engine."""
    findings = [*unknown_words(engine), *idle_roles(engine)]
    tried = _Tried(engine)
    tried.all()
    findings += [*tried.findings, *tried.unused()]
    return Checked(findings, len(engine.rules), tried.cases)


def unknown_words(engine: Engine) -> Iterator[Finding]:
    """Find names in rules that no table has: a rule with a misspelt word decides nothing, or too much."""
    tables = engine.tables
    for rule in engine.rules.values():
        named = [(_TABLES[kind], word) for kind, word in sorted(rule.entities) if kind in _TABLES]
        named += [(_WORDS[what], word) for what, word in literals(rule.tree) if what in _WORDS]
        named += [("masks", word) for word in sorted(rule.masks)]
        named += [("limits", rule.limit)] if rule.limit else []
        for table, word in dict.fromkeys(named):
            if word not in tables.words(table):
                yield Finding(
                    rule.id, Phrase("{word} doesn't stand in {file}", word=word, file=f"{table}.csv")
                )


def idle_roles(engine: Engine) -> Iterator[Finding]:
    """Find purposes that nobody may name, and roles that no rule and no clearance knows."""
    tables = engine.tables
    named = {one for role in tables.words("roles") for one in engine.purposes([role])}
    for purpose in tables.words("purposes"):
        if engine.meaning(purpose) not in named:
            yield Finding(purpose, Phrase("no role may name this purpose"))
    used = {word for rule in engine.rules.values() for kind, word in rule.entities if kind == "Role"}
    used |= {row["role"] for row in tables.rows("clearances")} | {"program"}
    for role in tables.words("roles"):
        if role not in used:
            yield Finding(role, Phrase("no rule and no clearance is about this role"))


class _Tried:
    """All cases of an engine, tried; what was found on the way."""

    def __init__(self, engine: Engine) -> None:
        self.engine = engine
        self.findings: list[Finding] = []
        self.cases = 0
        self.decided: set[str] = set()
        self.overruled: dict[str, set[str]] = {}
        self._permits = engine.permitting()
        self._heads = {
            rule.id: (_leaves(engine, rule, "action"), _leaves(engine, rule, "resource"))
            for rule in engine.rules.values()
        }

    def all(self) -> None:
        for roles in self._holders():
            for purpose in dict.fromkeys(self.engine.meaning(one) for one in self.engine.purposes(roles)):
                self._of(roles, purpose)

    def _holders(self) -> list[Roles]:
        """Give every role by itself, and any two of the separated duties."""
        rows = list(self.engine.tables.rows("roles"))
        duties = [row["role"] for row in rows if row["duty"]]
        pairs = [frozenset(two) for two in combinations(duties, 2)]
        specialists = {row["role"] for row in self.engine.tables.rows("clearances")}
        beside = [frozenset({"clinician", one}) for one in sorted(specialists - {"clinician"})]
        return [*(frozenset({row["role"]}) for row in rows), *pairs, *beside]

    def _of(self, roles: Roles, purpose: str) -> None:
        relations = ("", *self.engine.tables.words("relations"))
        base = [
            Case(action, group, frozenset({one} if one else ()), grade=self._lowest)
            for action, group in self._pairs(roles)
            for one in relations
        ]
        answers = self._answers(roles, purpose, base)
        permitted = self._permits.answer(roles, purpose, base)
        for answer, permit in zip(answers, permitted, strict=True):
            self.decided |= set(answer.rules)
            for rule in () if answer.allowed else permit.rules:
                self.overruled.setdefault(rule, set()).update(answer.rules)
        for case, answer in zip(base, answers, strict=True):
            self._with_labels(roles, purpose, case, answer)

    @property
    def _lowest(self) -> str:
        return self._grades[0]

    @property
    def _grades(self) -> Sequence[str]:
        rows = sorted(self.engine.tables.rows("grades"), key=lambda row: int(row["order"]))
        return [row["grade"] for row in rows]

    def _answers(self, roles: Roles, purpose: str, cases: Sequence[Case]) -> list[Answer]:
        self.cases += len(cases)
        return self.engine.answer(roles, purpose, cases)

    def _pairs(self, roles: Roles) -> list[tuple[str, str]]:
        """Give actions with groups that a permitting rule could be about, for somebody in these roles."""
        found: dict[tuple[str, str], None] = {}
        for rule in self.engine.rules.values():
            if rule.permits and _may_be(rule, roles):
                actions, groups = self._heads[rule.id]
                found |= dict.fromkeys(product(actions, groups))
        seen = {(self._sort(0, action), self._sort(1, group)): (action, group) for action, group in found}
        return list(seen.values())

    @cache  # noqa: B019 - it lives as long as one check
    def _sort(self, place: int, word: str) -> object:
        """Give what is the same for two actions (or groups) between which no rule makes a difference."""
        table = ("actions", "groups")[place]
        line = set(self.engine.tables.lines(table, word))
        return tuple(
            (word in self._heads[rule.id][place], frozenset(rule.conditioned & line))
            for rule in self.engine.rules.values()
        )

    def _labels(self, roles: Roles, purpose: str) -> list[str]:
        """Give labels to try: of those that are alike, two."""
        cleared = self.engine.cleared(roles, purpose)
        named = {word for rule in self.engine.rules.values() for word in rule.labels}
        alike: dict[object, list[str]] = {}
        for one in self.engine.tables.words("labels"):
            alike.setdefault((one in cleared, one if one in named else ""), []).append(one)
        return [one for some in alike.values() for one in some[:2]]

    def _with_labels(self, roles: Roles, purpose: str, case: Case, base: Answer) -> None:
        """Try labels and grades where a rule depends on them."""
        concerned = [
            rule
            for rule in self.engine.rules.values()
            if rule.about_record and rule.permits is not base.allowed and _may_be(rule, roles)
        ]
        if base.allowed:
            concerned += [rule for one in base.rules if (rule := self.engine.rules[one]).about_record]
        if not any(self._concerns(rule, case) for rule in concerned):
            return
        labels = self._labels(roles, purpose)
        single = [replace(case, labels=frozenset({one})) for one in labels]
        double = [replace(case, labels=frozenset(two)) for two in combinations(labels, 2)]
        grades = [replace(case, grade=one) for one in self._grades]
        answers = self._answers(roles, purpose, [*single, *double, *grades])
        said = [one.allowed for one in answers]
        for answer in answers:
            self.decided |= set(answer.rules)
        by_label = dict(zip(labels, said, strict=False))
        for one, allowed in zip(double, said[len(single) :], strict=False):
            self._agrees(roles, purpose, one, allowed, base.allowed and all(by_label[x] for x in one.labels))
        for one, allowed in zip(single, said, strict=False):
            self._agrees(roles, purpose, one, allowed, base.allowed and allowed)
        before = base.allowed
        for one, allowed in zip(grades, said[len(single) + len(double) :], strict=True):
            before = before and allowed
            self._agrees(roles, purpose, one, allowed, before)

    def _agrees(self, roles: Roles, purpose: str, case: Case, allowed: bool, expected: bool) -> None:
        if allowed == expected or len(self.findings) >= FEW:
            return
        words = " ".join([*sorted(roles), purpose, case.action, case.group, *sorted(case.relation)])
        marks = " ".join([*sorted(case.labels), case.grade])
        text = (
            Phrase("{marks} opens what is closed without it", marks=marks)
            if allowed
            else Phrase("{marks} closes what each of its labels leaves open", marks=marks)
        )
        self.findings.append(Finding(words, text))

    def _concerns(self, rule: Rule, case: Case) -> bool:
        actions, groups = self._heads[rule.id]
        return case.action in actions and case.group in groups

    def unused(self) -> Iterator[Finding]:
        """Find rules that never decide anything: closed by others, or about nothing that can be."""
        for rule in self.engine.rules.values():
            if rule.id in self.decided:
                continue
            others = sorted(self.overruled.get(rule.id, ()))
            if rule.permits and others:
                text = Phrase("all that it permits is forbidden by {rules}", rules=", ".join(others))
            else:
                text = Phrase("it never decides anything: no role, purpose and relation meets it")
            yield Finding(rule.id, text)


def _may_be(rule: Rule, roles: Roles) -> bool:
    """Tell whether the head of a rule lets it be about somebody in these roles."""
    principal: Mapping[str, Any] = rule.tree["principal"]
    found = principal.get("entity")
    return principal["op"] != "in" or not isinstance(found, dict) or found["id"] in roles


def _leaves(engine: Engine, rule: Rule, what: str) -> frozenset[str]:
    """Give the actions or groups that the head of a rule is about."""
    table, every = ("actions", engine.tables.leaf_actions)
    if what == "resource":
        table, every = ("groups", engine.tables.leaf_groups)
    head = cast("Mapping[str, Any]", rule.tree[what])
    entities: list[Any] = list(head.get("entities") or ([head["entity"]] if "entity" in head else []))
    named = {str(one["id"]) for one in entities}
    return frozenset(one for one in every if not named or named & set(engine.tables.lines(table, one)))
