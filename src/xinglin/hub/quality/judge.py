"""Judge one record: which rules apply to it, which of them it fails. Pure; no database."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import date, datetime, tzinfo
from typing import Any

from xinglin.core.errors import FhirPathError
from xinglin.core.exact_json import Json
from xinglin.hub.quality.derived import VARIABLES, day_of, variables
from xinglin.hub.quality.facts import facts, subject_key
from xinglin.hub.quality.ruleset import Event, Rule, RuleSet
from xinglin.standards.fhirpath import compile_expression

Test = Callable[[Json, Mapping[str, Any]], bool]


@dataclass(frozen=True, slots=True)
class Verdict:
    """What became of one record. `tested` and `failed` hold rule ids, `unanswered` those that broke on it."""

    day: date
    tested: tuple[str, ...]
    failed: tuple[str, ...]
    unanswered: tuple[str, ...]
    subject: int | None
    facts: Json | None


@dataclass(frozen=True, slots=True)
class _Part:
    """Rules of a type that share a scope: it is asked once."""

    scope: Test | None
    rules: tuple[tuple[str, Test], ...]


class Judge:
    """Judges records by a rule set; dates without a zone are read in `zone`."""

    def __init__(self, rules: RuleSet, zone: tzinfo) -> None:
        self._events: Mapping[str, Event] = rules.events
        self._vital_codes = rules.vital_codes
        self._zone = zone
        self._parts = _parts(rules.of_kind("fhirpath"))
        sql = rules.of_kind("sql")
        self.windowed = frozenset(rule.type for rule in sql)
        """Types that rules over several records speak of."""
        # Those rules look at these types through subject and facts.
        self._about = {rule.type for rule in sql} | {"Patient"}

    def judge(self, content: Json, received: datetime) -> Verdict:
        """Judge a record that the hub first received at `received`."""
        kind = content["resourceType"]
        event = self._events.get(kind)
        known = variables(content, event, received, self._zone)
        day = day_of(event, content, received, self._zone)
        tested: list[str] = []
        failed: list[str] = []
        unanswered: list[str] = []
        for part in self._parts.get(kind, ()):
            if part.scope is not None and not _answer(part.scope, content, known):
                continue
            for rule, test in part.rules:
                answer = _answer(test, content, known)
                if answer is None:
                    unanswered.append(rule)
                    continue
                tested.append(rule)
                if not answer:
                    failed.append(rule)
        about = kind in self._about
        return Verdict(
            day,
            tuple(tested),
            tuple(failed),
            tuple(unanswered),
            subject_key(content) if about else None,
            facts(content, day, self._vital_codes) if about else None,
        )


def _answer(test: Test, content: Json, known: Mapping[str, Any]) -> bool | None:
    """Ask; None where the expression breaks on this record, which says nothing about its quality."""
    try:
        return test(content, known)
    except FhirPathError:
        return None


def _parts(rules: list[Rule]) -> dict[str, tuple[_Part, ...]]:
    by_scope: dict[str, dict[str, list[tuple[str, Test]]]] = {}
    for rule in rules:
        scopes = by_scope.setdefault(rule.type, {})
        scopes.setdefault(rule.scope, []).append((rule.id, _test(rule.test, rule.type)))
    return {
        type_: tuple(
            _Part(_test(scope, type_) if scope else None, tuple(found)) for scope, found in scopes.items()
        )
        for type_, scopes in by_scope.items()
    }


def _test(expression: str, type_: str) -> Test:
    compiled = compile_expression(expression, type_name=type_, strict=True)
    names = tuple(name for name in VARIABLES if f"%{name}" in expression)
    if not names:
        return lambda content, _: compiled.truth(content)
    # Handing over only what is asked for is quicker.
    return lambda content, known: compiled.truth(content, variables={n: known[n] for n in names})
