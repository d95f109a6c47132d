"""What to do about a denial: which rules could allow it, and how to come by that.

It is the same for every record of a group: neither the labels of a record nor the asker's relation to its
patient play a part, so no text tells what a record is about or that it exists.
"""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass

from xinglin.core.i18n import Phrase
from xinglin.trust.policy.cases import PUBLIC, Case
from xinglin.trust.policy.engine import Engine, Roles
from xinglin.trust.policy.texts import Said, listed


@dataclass(frozen=True, slots=True)
class Way:
    """A rule that allows an action on a group, and what it takes: the purpose and the relation."""

    rule: str
    role: str
    purpose: str
    relation: str


@dataclass(frozen=True, slots=True)
class Advice:
    """The rules that could allow it, and what to do, in both languages."""

    openers: tuple[str, ...]
    remedy: Phrase


def ways(engine: Engine, holders: Iterable[Roles], action: str, group: str) -> list[Way]:
    """Give every way in which any of `holders` could be allowed, each relation by itself."""
    relations = ("", *engine.tables.words("relations"))
    cases = [Case(action, group, frozenset({one} if one else ()), frozenset(), PUBLIC) for one in relations]
    found: dict[tuple[str, str], Way] = {}
    for roles in holders:
        name = " ".join(sorted(roles))
        for purpose in dict.fromkeys(engine.meaning(one) for one in engine.purposes(roles)):
            answers = engine.answer(roles, purpose, cases)
            for relation, answer in zip(relations, answers, strict=True):
                for rule in answer.rules if answer.allowed else ():
                    found.setdefault((rule, name), Way(rule, name, purpose, relation))
    return list(found.values())


def advise(engine: Engine, roles: Roles, purpose: str, action: str, group: str) -> Advice:
    """Say what could allow an action on a group to somebody with these roles, who named `purpose`."""
    own = ways(engine, [roles], action, group)
    if own:
        return Advice(_rules(own), listed(_own(engine, own, purpose)))
    if roles <= _unknown(engine):
        return Advice((), _said(engine, "role", "anonymous"))
    when = "duty" if any(engine.tables.row("roles", one)["duty"] for one in roles) else "*"
    others = [frozenset({role}) for role in engine.tables.words("roles") if _is_given(engine, role)]
    given = ways(engine, others, action, group)
    return Advice(_rules(given), _others(engine, given, when))


def _is_given(engine: Engine, role: str) -> bool:
    """Tell whether a role is one that administrators give; the others follow from what somebody is."""
    return not engine.tables.row("roles", role)["kind"]


def _unknown(engine: Engine) -> Roles:
    """Give the roles of who isn't known."""
    return frozenset(row["role"] for row in engine.tables.rows("roles") if row["kind"] == "anonymous")


def _rules(found: Sequence[Way]) -> tuple[str, ...]:
    return tuple(dict.fromkeys(one.rule for one in found))


def _own(engine: Engine, found: Sequence[Way], purpose: str) -> list[Phrase]:
    means, parts = engine.meaning(purpose), dict[str, Phrase]()
    for one in found:
        if one.relation:
            parts.setdefault(one.relation, _said(engine, "relation", one.relation))
        elif one.purpose != means:
            name = engine.tables.name("purposes", one.purpose)
            parts.setdefault(one.purpose, _said(engine, "purpose", "*", code=one.purpose, name=name))
    return [*parts.values()] or [_said(engine, "consent", "*")]


def _others(engine: Engine, found: Sequence[Way], when: str) -> Phrase:
    names = list(dict.fromkeys(one.role for one in found))
    if not names:
        return _said(engine, "none", "*")
    told = listed([engine.tables.name("roles", one) for one in names], separator=(", ", "、"))
    return _said(engine, "role", when, names=told)


def _said(engine: Engine, when: str, what: str, **values: object) -> Said:
    row = engine.tables.by_name["remedies"].get((when, what))
    return Said(row["remedy_en"], row["remedy_zh"], **values) if row else Said(what, what)
