"""Explaining a decision in words that a privacy officer reads."""

from collections.abc import Sequence
from dataclasses import dataclass

from xinglin.core.i18n import Phrase
from xinglin.trust.policy.cases import Case
from xinglin.trust.policy.engine import Engine, Roles
from xinglin.trust.policy.errors import NoSuchWord
from xinglin.trust.policy.remedies import advise
from xinglin.trust.policy.rules import Rule

ELSEWHERE = "operations"
"""The group of a named operation for which no address is known."""


@dataclass(frozen=True, slots=True)
class Question:
    """What is asked: who (roles), for what purpose, and the case."""

    roles: Roles
    purpose: str
    case: Case


@dataclass(frozen=True, slots=True)
class Explanation:
    """The answer: whether, the rules that decided, those that could open it, and what to do.

    It is for who answers for the policies; unlike a denial it names rules that forbid.
    """

    question: Question
    allowed: bool
    rules: Sequence[Rule]
    openers: Sequence[Rule]
    remedy: Phrase


def ask(
    engine: Engine,
    *,
    who: str,
    what: str,
    purpose: str = "",
    relation: str = "",
    labels: str = "",
    grade: str = "restricted",
) -> Question:
    """Read a question: roles, `action group-or-type`, and words with blanks or commas between.

    Raises NoSuchWord.
    """
    tables = engine.tables
    roles = _words(who)
    for table, words in (
        ("roles", roles),
        ("relations", [one for one in _words(relation) if one != "none"]),
        ("labels", _words(labels)),
        ("grades", [grade]),
        ("purposes", _words(purpose)),
    ):
        for word in words:
            tables.row(table, word)
    held = frozenset(roles)
    found = purpose or next(iter(engine.purposes(held)), "")
    action, group = _what(engine, what)
    related = frozenset(_words(relation)) - {"none"}
    return Question(held, found, Case(action, group, related, frozenset(_words(labels)), grade))


def _words(text: str) -> list[str]:
    return text.replace(",", " ").replace(";", " ").split()


def _what(engine: Engine, what: str) -> tuple[str, str]:
    """Read `read Condition`, `search record` or `emergency.ask`. Raises NoSuchWord."""
    tables = engine.tables
    action, *rest = _words(what) or [""]
    tables.row("actions", action)
    if rest:
        known = (rest[0],) in tables.by_name["types"]
        group = tables.group_of(rest[0]) if known else rest[0]
    else:
        places = [row["group"] for row in tables.rows("routes") if row["action"] == action]
        group = next((one for one in places if one != "*"), "")
        group = group or _in_rules(engine, action) or ELSEWHERE
    if (group,) not in tables.by_name["groups"]:
        raise NoSuchWord(kind="groups.csv", word=group[:80], known=", ".join(tables.words("groups")))
    return action, group


def _in_rules(engine: Engine, action: str) -> str:
    """Give the group of the first rule that names an action."""
    for rule in engine.rules.values():
        if rule.permits and ("Action", action) in rule.entities:
            for kind, group in sorted(rule.entities):
                if kind == "Group":
                    return group
    return ""


def explain(engine: Engine, question: Question) -> Explanation:
    """Answer a question, with the rules behind the answer."""
    case = question.case
    answer = engine.answer(question.roles, question.purpose, [case])[0]
    told = advise(engine, question.roles, question.purpose, case.action, case.group)
    return Explanation(
        question,
        answer.allowed,
        [engine.rules[one] for one in answer.rules],
        [] if answer.allowed else [engine.rules[one] for one in told.openers],
        told.remedy,
    )
