"""Do two records agree, element by element, and how to say why."""

from collections.abc import Iterator
from fractions import Fraction

from xinglin.core.i18n import Phrase
from xinglin.hub.lifelong.aspects import differ
from xinglin.hub.lifelong.concepts import contradict
from xinglin.hub.lifelong.places import NOWHERE
from xinglin.hub.lifelong.standing import against
from xinglin.hub.lifelong.statements import Part, Statement
from xinglin.hub.lifelong.tables import MINUTE, Rule
from xinglin.hub.lifelong.values import item_of, same_value
from xinglin.standards.labitems import Item


def agree(one: Statement, other: Statement, rule: Rule) -> bool:
    """Tell whether two statements of one type agree in all that the rule names. Symmetric."""
    must = rule.must
    return (
        _sources_may(one, other, rule)
        and not against(one.standing, other.standing, same_institution=_same_institution(one, other))
        and ("time" not in must or apart(one, other) <= rule.time)
        and ("class" not in must or one.class_ == other.class_)
        and ("code" not in must or codes_agree(one, other))
        and not differ(one.aspects, other.aspects)
        and not _numbers_differ(one.numbers, other.numbers)
        and ("number" not in must or not one.numbers.isdisjoint(other.numbers))
        and ("sender" not in must or _same_institution(one, other))
        and ("department" not in must or _not_against(one.department, other.department))
        and ("dose" not in must or _not_against(one.dose, other.dose))
        and ("value" not in must or same_value(one.value, other.value, _item(one, other), rule.tolerance))
        and ("parts" not in must or _same_parts(one, other, rule))
    )


def apart(one: Statement, other: Statement) -> int:
    """Give how many microseconds lie between two times as exact as they are known; 0 where they overlap."""
    if one.when is None or other.when is None:
        return 1 << 62
    return max(0, max(one.when.low, other.when.low) - min(one.when.high, other.when.high))


def _sources_may(one: Statement, other: Statement, rule: Rule) -> bool:
    """Tell whether the rule lets one source say a thing twice: mostly it means two things."""
    if rule.same_source == "yes" or one.sender.source != other.sender.source:
        return True
    return rule.same_source == "exact" and one.when is not None and one.when == other.when


def codes_agree(one: Statement | Part, other: Statement | Part) -> bool:
    """Tell whether two concepts are one: a coding in common and no contradiction, or the same words."""
    shared = one.codes & other.codes
    if contradict(one.codes, other.codes, shared):
        return False
    return bool(shared) or (bool(one.words) and one.words == other.words)


def _numbers_differ(one: frozenset[str], other: frozenset[str]) -> bool:
    """Tell whether one office gave them different numbers."""
    if not one or not other or not one.isdisjoint(other):
        return False
    return not {n.partition("|")[0] for n in one}.isdisjoint({n.partition("|")[0] for n in other})


def _same_institution(one: Statement, other: Statement) -> bool:
    if one.sender.institution and one.sender.institution == other.sender.institution:
        return True
    return one.place == other.place != NOWHERE


def _not_against(one: str, other: str) -> bool:
    return not one or not other or one == other


def _item(one: Statement | Part, other: Statement | Part) -> Item | None:
    return item_of((one.codes & other.codes) or (one.codes | other.codes))


def _same_parts(one: Statement, other: Statement, rule: Rule) -> bool:
    if not one.parts and not other.parts:
        return True
    if len(one.parts) != len(other.parts):
        # Only one of them tells the parts: then the values must have agreed.
        return one.value is not None and not (one.parts and other.parts)
    return all(any(_same_part(mine, theirs, rule) for theirs in other.parts) for mine in one.parts) and all(
        any(_same_part(theirs, mine, rule) for mine in one.parts) for theirs in other.parts
    )


def _same_part(one: Part, other: Part, rule: Rule) -> bool:
    return codes_agree(one, other) and same_value(one.value, other.value, _item(one, other), rule.tolerance)


def reasons(shown: Statement, other: Statement, rule: Rule) -> Iterator[Phrase]:
    """Say why `other` is held to tell the fact that `shown` tells."""
    if "code" in rule.must:
        shared = sorted(shown.codes & other.codes)
        yield Phrase("same code {code}", code=shared[0]) if shared else Phrase("same words")
    if "class" in rule.must:
        yield Phrase("same kind of visit")
    if "sender" in rule.must:
        yield Phrase("same institution")
    if "time" in rule.must:
        gap = apart(shown, other)
        minutes = -(-gap // MINUTE)
        yield Phrase("{minutes} minutes apart", minutes=minutes) if gap else Phrase("times that fit")
    if "number" in rule.must:
        yield Phrase("same number")
    if "value" in rule.must and shown.value is not None:
        yield from _value_reason(shown, other, rule)


def _value_reason(shown: Statement, other: Statement, rule: Rule) -> Iterator[Phrase]:
    if shown.value and other.value and shown.value.shown == other.value.shown:
        yield Phrase("same value")
    else:
        percent = Fraction(rule.tolerance) * 100
        yield Phrase("values within {percent} %", percent=float(percent))
