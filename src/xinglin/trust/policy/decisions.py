"""Decisions: batched, cached, by policies that are read again within a second of a change.

A policy or table that can't be used never replaces those in force: it is logged with its code, and
`xinglin policy check` says what is wrong.
"""

import time
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from functools import cache
from pathlib import Path
from typing import Final

from xinglin.core.errors import XinglinError
from xinglin.core.settings import Settings
from xinglin.core.telemetry import logger
from xinglin.standards.confidentiality import rules as confidentiality
from xinglin.trust.policy.cases import PUBLIC, Case, Decision
from xinglin.trust.policy.cedar import Answer
from xinglin.trust.policy.engine import Engine, Roles
from xinglin.trust.policy.remedies import Advice, advise
from xinglin.trust.policy.site import Mark, mark_of, read_site
from xinglin.trust.policy.tables import NO_FOLDER, Tables
from xinglin.trust.who import Who

__all__ = ["Case", "Decision", "Opening", "Policies", "policies_of"]

PROGRAMS: Final = "programs"
"""The kind, in roles.csv, of roles that only programs in their own name are given."""

LOOK_SECONDS: Final = 0.5
"""How often the site's folder is looked at: a change takes effect within twice that."""

MOST_CACHED: Final = 100_000
"""Decisions kept; then all are forgotten. In practice there are a few thousand different ones."""


@dataclass(frozen=True, slots=True)
class Opening:
    """What a relation opens of a group: all records but those with a closed label or of a closed grade.

    `masks` and `limits` as in Decision.
    """

    group: str
    relation: str
    closed_labels: frozenset[str]
    closed_grades: frozenset[str]
    masks: frozenset[str]
    limits: frozenset[str]
    rules: tuple[str, ...]


class Policies:
    """The policies in force. One for a process.

    `folder` is where the site keeps its own policies, `classes` where it keeps its sensitive classes.
    """

    def __init__(self, folder: Path = NO_FOLDER, classes: Path = NO_FOLDER) -> None:
        """Read the policies. Raises FaultyPolicy or FaultyPolicyTable."""
        self._folders = folder, classes
        self._mark: Mark = mark_of(*self._folders)
        self._engine = engine_of(folder, classes)
        self._next_look = time.monotonic() + LOOK_SECONDS
        self.generation = 1
        self._forget()

    def _forget(self) -> None:
        self._decided: dict[tuple[Roles, str, Case], Decision] = {}
        self._advised: dict[tuple[Roles, str, str, str], Advice] = {}
        self._opened: dict[tuple[Roles, str, str], tuple[Opening, ...]] = {}
        self._profiles: dict[tuple[str, Roles], Roles] = {}

    @property
    def engine(self) -> Engine:
        """The policies in force, read again first where they have changed."""
        self.refresh()
        return self._engine

    @property
    def tables(self) -> Tables:
        """The tables in force."""
        return self.engine.tables

    def refresh(self) -> None:
        """Read the site's files again where they have changed; looks at them at most twice a second."""
        moment = time.monotonic()
        if moment < self._next_look:
            return
        self._next_look = moment + LOOK_SECONDS
        mark = mark_of(*self._folders)
        if mark == self._mark:
            return
        self._mark = mark
        try:
            self._engine = engine_of(*self._folders)
        except XinglinError as error:
            logger().error("policies not changed", code=error.code, detail=error.text())
            return
        self.generation += 1
        self._forget()
        logger().info("policies changed", rules=len(self._engine.rules))

    def profile(self, who: Who) -> Roles:
        """Give the roles by which somebody is judged: those held, and those that follow from the kind."""
        key = who.kind, who.roles
        found = self._profiles.get(key)
        if found is None:
            tables = self._engine.tables
            kinds = {row["role"]: row["kind"] for row in tables.rows("roles")}
            grantable = {"", PROGRAMS} if who.kind == "client" else {""}
            given = {role for role in who.roles if kinds.get(role) in grantable}
            found = frozenset(given | {role for role, kind in kinds.items() if kind == who.kind})
            self._profiles[key] = found
        return found

    def default_purpose(self, who: Who) -> str:
        """Give the purpose of somebody who names none; "" for who has no role."""
        engine = self.engine
        return next(iter(engine.purposes(self.profile(who))), "")

    def purposes(self, who: Who) -> tuple[str, ...]:
        """Give the purposes that somebody may name, the default first."""
        engine = self.engine
        return engine.purposes(self.profile(who))

    def decide(self, who: Who, purpose: str, cases: Sequence[Case]) -> list[Decision]:
        """Decide cases, in order; `purpose` "" is the default one."""
        self.refresh()
        roles = self.profile(who)
        purpose = purpose or self.default_purpose(who)
        decided = self._decided
        found = [decided.get((roles, purpose, case)) for case in cases]
        if None not in found:
            return [one for one in found if one is not None]
        missing = list(dict.fromkeys(c for c, one in zip(cases, found, strict=True) if one is None))
        if len(decided) + len(missing) > MOST_CACHED:
            self._forget()
            decided = self._decided
        answers = self._engine.answer(roles, purpose, missing)
        made = {
            case: self._decision(roles, purpose, case, answer)
            for case, answer in zip(missing, answers, strict=True)
        }
        decided.update({(roles, purpose, case): one for case, one in made.items()})
        return [made[case] if one is None else one for case, one in zip(cases, found, strict=True)]

    def allows(self, who: Who, purpose: str, case: Case) -> Decision:
        """Decide one case."""
        return self.decide(who, purpose, [case])[0]

    def _decision(self, roles: Roles, purpose: str, case: Case, answer: Answer) -> Decision:
        if answer.allowed:
            masks, limits = self._narrowed(answer)
            return Decision(allowed=True, rules=answer.rules, masks=masks, limits=limits)
        key = roles, purpose, case.action, case.group
        told = self._advised.get(key)
        if told is None:
            told = advise(self._engine, *key)
            self._advised[key] = told
        return Decision(allowed=False, rules=answer.rules, openers=told.openers, remedy=told.remedy)

    def _narrowed(self, answer: Answer) -> tuple[frozenset[str], frozenset[str]]:
        """Give masks and limits: what an unlimited rule leaves open counts; else all masks, any limit."""
        rules = [self._engine.rules[one] for one in answer.rules]
        unlimited = [one.masks for one in rules if not one.limit]
        if unlimited:
            return unlimited[0].intersection(*unlimited), frozenset()
        return frozenset[str]().union(*(one.masks for one in rules)), frozenset(one.limit for one in rules)

    def openings(self, who: Who, purpose: str, action: str) -> tuple[Opening, ...]:
        """Give what each relation opens of each group: what a search over many records is narrowed by.

        The relation "" is none: what is open whoever the records are about. It agrees with `decide` on every
        record, as labels and grades each close by themselves (`xinglin policy check` proves that).
        """
        self.refresh()
        roles = self.profile(who)
        purpose = purpose or self.default_purpose(who)
        key = roles, purpose, action
        found = self._opened.get(key)
        if found is None:
            found = tuple(self._open(roles, purpose, action))
            self._opened[key] = found
        return found

    def _open(self, roles: Roles, purpose: str, action: str) -> Iterator[Opening]:
        engine = self._engine
        labels, grades = engine.tables.words("labels"), engine.tables.words("grades")
        relations = ("", *engine.tables.words("relations"))
        base = [
            Case(action, group, frozenset({one} if one else ()), frozenset(), PUBLIC)
            for group in engine.tables.leaf_groups
            for one in relations
        ]
        for case, answer in zip(base, engine.answer(roles, purpose, base), strict=True):
            if not answer.allowed:
                continue
            each = [replace(case, labels=frozenset({one})) for one in labels]
            each += [replace(case, grade=one) for one in grades]
            answers = engine.answer(roles, purpose, each)
            narrowed = [self._narrowed(one) for one in (answer, *answers) if one.allowed]
            yield Opening(
                group=case.group,
                relation=next(iter(case.relation), ""),
                closed_labels=_closed(labels, answers[: len(labels)]),
                closed_grades=_closed(grades, answers[len(labels) :]),
                masks=frozenset[str]().union(*(masks for masks, _ in narrowed)),
                limits=narrowed[0][1],
                rules=answer.rules,
            )


def _closed(words: Sequence[str], answers: Sequence[Answer]) -> frozenset[str]:
    return frozenset(word for word, one in zip(words, answers, strict=True) if not one.allowed)


def engine_of(folder: Path, classes: Path) -> Engine:
    """Read a site's policies as they stand. Raises FaultyPolicy, FaultyPolicyTable or what classes raise."""
    return Engine(read_site(folder), confidentiality.in_force(classes).classes)


@cache
def _shared(folder: Path, classes: Path) -> Policies:
    return Policies(folder, classes)


def policies_of(settings: Settings) -> Policies:
    """Give this process's policies. Raises FaultyPolicy or FaultyPolicyTable."""
    return _shared(settings.policies, settings.labels)


def actions_of_routes(tables: Tables) -> Mapping[tuple[str, str], tuple[str, str]]:
    """Give, by an API table's name and a route's name, the action and the group (`*`: by resource type)."""
    return {(row["table"], row["route"]): (row["action"], row["group"]) for row in tables.rows("routes")}
