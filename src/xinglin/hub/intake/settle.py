"""What becomes of a record when facts about it arrive, in whatever order."""

from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from datetime import datetime

from xinglin.core.exact_json import Json
from xinglin.hub.intake.guard import refuse_another_person, refuse_foreign
from xinglin.hub.intake.order import Stamp, said, stamp_of, stamped
from xinglin.hub.records import Key, Record
from xinglin.standards.conversion import Fact, Mode
from xinglin.standards.conversion.merge import merge


@dataclass
class State:
    """A record as it stands while the facts of a piece are taken one after the other.

    `content` is its present state (None: there is none, or it is deleted), `writes` the versions to be
    stored, in order. `past` holds what earlier versions said, `restated` the latest source time at which the
    present content was said again.
    """

    key: Key
    record: Record | None = None
    content: Json | None = None
    stamp: Stamp = field(default_factory=lambda: Stamp(""))
    writes: list[Json | None] = field(default_factory=list["Json | None"])
    past: frozenset[bytes] = frozenset()
    restated: datetime | None = None
    newly_restated: bool = False

    @classmethod
    def of(cls, key: Key, record: Record | None) -> "State":
        """Give the state that is stored."""
        if record is None or record.deleted:
            return cls(key, record)
        return cls(key, record, record.content, stamp_of(record.content))

    def remember(self, earlier: Json) -> None:
        """Take note of what an earlier version said."""
        self.past |= {said(earlier)}

    def copy(self) -> "State":
        """Give the state to try something on."""
        return replace(self, writes=list(self.writes))

    def put(self, content: Json | None, stamp: Stamp) -> bool:
        """Make `content` the present state."""
        self.writes.append(content)
        self.content, self.stamp = content, stamp
        self.restated, self.newly_restated = None, False
        return True


def is_late(state: State, fact: Fact) -> bool:
    """Tell whether a fact may be older than what is known, so that the past matters."""
    known = state.stamp.time
    return fact.mode is Mode.FULL and fact.time is not None and known is not None and fact.time < known


def take(state: State, fact: Fact, stamp: Stamp, namespaces: Mapping[str, str]) -> bool:
    """Take one fact; tell whether it brings a version. Raises IntakeError where it must not be joined."""
    if state.content is None:
        return _take_first(state, fact, stamp)
    refuse_foreign(state.key, state.stamp, stamp, namespaces)
    refuse_another_person(state.key, state.content, fact.resource, fact.mode)
    match fact.mode:
        case Mode.MENTION:
            return False
        case Mode.DELETE:
            return _later(stamp, state) and state.put(None, stamp)
        case Mode.MERGE:
            return _take_part(state, fact, stamp)
        case Mode.FULL:
            return _take_full(state, fact, stamp)


def _take_first(state: State, fact: Fact, stamp: Stamp) -> bool:
    if fact.mode is Mode.DELETE:
        return False
    if state.record is not None and fact.time is not None and fact.time <= state.record.updated:
        return False  # deleted since the source said this
    return state.put(stamped(fact.resource, stamp), stamp)


def _take_part(state: State, fact: Fact, stamp: Stamp) -> bool:
    content = state.content or {}
    later = _later(stamp, state)
    merged = merge(content, fact.resource, fact.lists, older=not later)
    if said(merged) == said(content):
        return False
    newest = stamp if later else state.stamp
    return state.put(stamped(merged, newest), newest)


def _take_full(state: State, fact: Fact, stamp: Stamp) -> bool:
    content = state.content or {}
    says = said(fact.resource)
    if says == said(content) and not state.stamp.mentioned:
        known = state.restated or state.stamp.time
        if stamp.time and known and stamp.time > known:
            state.restated, state.newly_restated = stamp.time, True
        return False
    if _later(stamp, state):
        return state.put(stamped(fact.resource, stamp), stamp)
    if says in state.past:
        return False
    # It comes late: it is kept as a version, and what is known stays the present state.
    state.writes += [stamped(fact.resource, stamp), content]
    state.past |= {says}
    return True


def _later(stamp: Stamp, state: State) -> bool:
    if state.restated and stamp.time and stamp.time < state.restated and not state.stamp.mentioned:
        return False
    return stamp.later_than(state.stamp)
