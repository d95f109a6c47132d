"""What a consent's rules deny to somebody, for a purpose, at a moment: regions of records.

Conditions on who asks, why and when are decided here; what is left are conditions on records, as labels and
types. A region that can't be told apart exactly is made larger where it denies: nothing opens by mistake.
"""

from collections.abc import Iterable, Iterator
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from zoneinfo import ZoneInfo

from xinglin.hub.consents import Rule
from xinglin.hub.sight import Label
from xinglin.standards.confidentiality import CONFIDENTIALITY, GRADE, RuleSet
from xinglin.standards.definitions import resource_types
from xinglin.trust.consent.purposes import wider


@dataclass(frozen=True, slots=True)
class Asked:
    """Who asks (references to them and to what they belong to), for which purpose and when.

    `placed` tells whether it is known to which institution they belong.
    """

    actors: frozenset[str]
    placed: bool
    purpose: str
    now: datetime
    zone: ZoneInfo


@dataclass(frozen=True, slots=True)
class Region:
    """Records with any of `labels`, of any of `types`, among `records` ("Type/id"); None says nothing."""

    labels: frozenset[Label] | None = None
    types: frozenset[str] | None = None
    records: frozenset[str] | None = None


def denied(rule: Rule, asked: Asked, labels: RuleSet) -> frozenset[Region]:
    """Give the records that a consent denies."""
    return frozenset(_denied(rule, asked, labels))


def _denied(rule: Rule, asked: Asked, labels: RuleSet) -> Iterator[Region]:
    if not _concerns(rule, asked):
        return
    region = _region(rule, labels)
    exceptions = [one for one in rule.exceptions if _concerns(one, asked)]
    if not rule.deny:
        for one in exceptions:
            yield from (_within(inner, region) for inner in _denied(one, asked, labels))
        return
    left: Region | None = region
    for one in exceptions:
        # Of two exceptions that meet the same record, the one that denies holds.
        yield from (_within(inner, region) for inner in _denied(one, asked, labels))
        if not one.deny and _is_clear(one, asked):
            left = None if left is None else _without(left, _region(one, labels))
    if left is not None:
        yield left


def _concerns(rule: Rule, asked: Asked) -> bool:
    """Tell whether the conditions on who asks, why and when are met, as far as they are understood."""
    if rule.actors is not None and not _is_actor(rule, asked):
        return False
    if rule.purposes is not None and wider(asked.purpose).isdisjoint(rule.purposes):
        return False
    starts, ends = _moment(rule.starts, asked.zone), _moment(rule.ends, asked.zone, end=True)
    return not (starts and asked.now < starts) and not (ends and asked.now >= ends)


def _is_clear(rule: Rule, asked: Asked) -> bool:
    """Tell whether all conditions of a rule are understood, so that it may permit."""
    times = ((rule.starts, False), (rule.ends, True))
    return not rule.unclear and all(t is None or _moment(t, asked.zone, end=end) for t, end in times)


def _is_actor(rule: Rule, asked: Asked) -> bool:
    """Tell whether who asks is named; who may be of an institution that is named, is denied."""
    actors = rule.actors or ()
    if not asked.actors.isdisjoint(actors):
        return True
    return rule.deny and not asked.placed and any(one.startswith("Organization/") for one in actors)


def _region(rule: Rule, labels: RuleSet) -> Region:
    """Give the records that a rule speaks of; those it denies with stricter grades than it names."""
    types = None if rule.types is None else frozenset(rule.types)
    records = None if rule.records is None else frozenset(rule.records)
    if rule.labels is None:
        return Region(None, types, records)
    found = {(system, code) for system, code in rule.labels}
    if rule.deny:
        found |= set(_stricter(rule.labels, labels))
    return Region(frozenset(found), types, records)


def _stricter(named: Iterable[Label], labels: RuleSet) -> Iterator[Label]:
    for system, code in named:
        grade = code if system == GRADE else labels.raising.get(code, "") if system == CONFIDENTIALITY else ""
        if grade in labels.ranks:
            yield from ((GRADE, one) for one, rank in labels.ranks.items() if rank >= labels.ranks[grade])


def _within(inner: Region, outer: Region) -> Region:
    """Give the part of a denied region that lies in another; all of it where labels can't be told apart."""
    types, records = _both(inner.types, outer.types), _both(inner.records, outer.records)
    return Region(outer.labels if inner.labels is None else inner.labels, types, records)


def _both(some: frozenset[str] | None, others: frozenset[str] | None) -> frozenset[str] | None:
    if some is None or others is None:
        return others if some is None else some
    return some & others


def _without(region: Region, permitted: Region) -> Region | None:
    """Take a permitted region out of a denied one; nothing is taken where that can't be told by types."""
    if permitted.labels is not None or permitted.records is not None:
        return region
    if permitted.types is None:
        return None
    types = (region.types if region.types is not None else resource_types()) - permitted.types
    return replace(region, types=frozenset(types)) if types else None


def _moment(text: str | None, zone: ZoneInfo, *, end: bool = False) -> datetime | None:
    """Read a FHIR time; None where it is none. The end of what is imprecise is where the next one begins."""
    if text is None:
        return None
    try:
        if len(text) > 10:
            found = datetime.fromisoformat(text)
            return found if found.tzinfo else found.replace(tzinfo=zone)
        parts = [int(part) for part in text.split("-")]
        start = datetime(*(*parts, 1, 1)[:3], tzinfo=zone)
    except (TypeError, ValueError):
        return None
    return _next(start, len(parts)) if end else start


def _next(start: datetime, precision: int) -> datetime:
    if precision == 3:
        return start + timedelta(days=1)
    if precision == 1 or start.month == 12:
        return start.replace(year=start.year + 1, month=1)
    return start.replace(month=start.month + 1)
