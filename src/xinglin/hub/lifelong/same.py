"""Same facts: records that tell one thing, found by the rules of `tables/same_facts.csv`.

Two records *agree* when everything the rule names agrees. Agreement isn't transitive (10:00 and 10:08 agree,
10:08 and 10:16 too, 10:00 and 10:16 don't), and no record may become part of a fact that it contradicts.
So a fact is a set of records of which *every two* agree. Records are taken in an order that is their own (the
most exact time first, then the earlier, then by id); each joins the first fact with all of whose records it
agrees. Every record is in exactly one fact, so "tells the same fact" is an equivalence relation, whatever
order the records came in. Nothing is deleted: a fact keeps all its records.
"""

from collections.abc import Iterable, Mapping, Sequence
from typing import Final

import msgspec

from xinglin.hub.lifelong.agree import agree
from xinglin.hub.lifelong.statements import SETTLED, Statement
from xinglin.hub.lifelong.tables import Rule, Rules
from xinglin.standards.search.dates import MAX_TIME, MIN_TIME, SECOND

_DAY: Final = 86_400 * SECOND
_WIDE: Final = 40
"""Days from which a time isn't looked up day by day."""
_LOOKED_AT: Final = 100
"""Facts that a record is compared with at most; more of one code on one day come from broken senders only."""


class Fact(msgspec.Struct, frozen=True):
    """One fact: the statement that is shown, all statements that tell it (that one first), and by which rule.

    A statement that no rule joins with another is a fact by itself.
    """

    shown: Statement
    statements: tuple[Statement, ...]
    rule: Rule | None


Place = tuple[str, str, int | None]
"""Where facts are looked for: resource type, code or words, and day."""


class _Group:
    __slots__ = ("_sorts", "asked", "members", "rule")

    def __init__(self, first: Statement, rule: Rule | None) -> None:
        self.members = [first]
        self.rule = rule
        # Members that say the very same agree with the same others, so only one of each sort is asked.
        self.asked = [first]
        self._sorts: set[object] = set()

    def add(self, one: Statement, rule: Rule) -> None:
        self._sorts.add(_sort(self.members[0], rule))
        self.members.append(one)
        sort = _sort(one, rule)
        if sort not in self._sorts:
            self._sorts.add(sort)
            self.asked.append(one)


def _sort(one: Statement, rule: Rule) -> object:
    """Give all that agreement by a rule looks at."""
    return (
        *(
            one.codes,
            one.words,
            one.value,
            one.parts,
            one.numbers,
            one.class_,
            one.place,
            one.dose,
            one.standing,
            one.aspects,
        ),
        *(one.sender.source, one.sender.institution, one.department),
        one.when if "time" in rule.must else None,
    )


def same_facts(statements: Iterable[Statement], rules: Rules) -> list[Fact]:
    """Join the statements that tell the same fact. The order of `statements` doesn't matter."""
    groups: list[_Group] = []
    known: dict[Place, list[_Group]] = {}
    for one in sorted(statements, key=_order):
        rule = _rule(one, rules)
        if rule is None or ("time" in rule.must and one.when is None):
            groups.append(_Group(one, rule))
            continue
        words = _words(one, rule)
        near = _places(one, rule, words, rule.time)
        group = _found(one, rule, near, known)
        if group is None:
            group = _Group(one, rule)
            groups.append(group)
        else:
            group.add(one, rule)
        for place in near if len(near) == len(words) else _places(one, rule, words, 0):
            groups_there = known.setdefault(place, [])
            if not groups_there or groups_there[-1] is not group:
                groups_there.append(group)
    return [_fact(group) for group in groups]


def _order(one: Statement) -> tuple[int, int, str, str]:
    if one.when is None:
        return (MAX_TIME, MAX_TIME, one.key.type, one.key.id)
    return (one.when.high - one.when.low, one.when.low, one.key.type, one.key.id)


def _rule(one: Statement, rules: Rules) -> Rule | None:
    for rule in rules.get(one.key.type, ()):
        if not rule.class_ or rule.class_ == one.class_:
            return rule
    return None


def _found(
    one: Statement, rule: Rule, near: Sequence[Place], known: Mapping[Place, Sequence[_Group]]
) -> _Group | None:
    looked_at: set[int] = set()
    for place in near:
        for group in known.get(place, ()):
            if id(group) in looked_at:
                continue
            if len(looked_at) == _LOOKED_AT:
                return None
            looked_at.add(id(group))
            if group.rule is rule and all(agree(one, other, rule) for other in group.asked):
                return group
    return None


def _places(one: Statement, rule: Rule, words: Sequence[str], tolerance: int) -> Sequence[Place]:
    """Give where a statement's fact is looked for: by what it is about, and by the days it may be of."""
    if "time" not in rule.must:
        return [(rule.type, word, None) for word in words]
    days = _days(one, tolerance)
    return [(rule.type, word, day) for word in words for day in days]


def _words(one: Statement, rule: Rule) -> Sequence[str]:
    if "code" not in rule.must:
        return [one.class_]
    found = sorted(one.codes) if len(one.codes) > 1 else [*one.codes]
    return [*found, one.words] if one.words else found


def _days(one: Statement, tolerance: int) -> Sequence[int]:
    assert one.when is not None  # noqa: S101 - asked before
    first, last = (one.when.low - tolerance) // _DAY, (one.when.high - 1 + tolerance) // _DAY
    # Whoever covers many days is compared by its first ones; agreement needs a day in common.
    return range(first, min(last, first + _WIDE) + 1)


def _fact(group: _Group) -> Fact:
    if len(group.members) == 1:
        return Fact(group.members[0], (group.members[0],), None)
    first = group.rule.first if group.rule else ()
    ranked = sorted(group.members, key=lambda one: one.key)
    ranked.sort(key=lambda one: [_rank(one, name) for name in first], reverse=True)
    return Fact(ranked[0], tuple(ranked), group.rule)


def _rank(one: Statement, name: str) -> tuple[int, int]:
    match name:
        case "settled":
            return (one.status in SETTLED, 0)
        case "detail":
            return (one.detail, 0)
        case _:  # recent
            return (one.when.low if one.when else MIN_TIME, one.sender.delivery)
