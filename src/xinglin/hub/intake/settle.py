"""What becomes of a record when facts about it arrive, in whatever order."""

from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from datetime import datetime

from xinglin.core.clock import now
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
    present state was said again, or at which the record was deleted.
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
    def of(cls, key: Key, record: Record | None, restated: datetime | None) -> "State":
        """Give the state that is stored."""
        if record is None or record.deleted:
            return cls(key, record, restated=restated)
        stamp = stamp_of(record.content)
        if not stamp.source:  # written by an interaction: said at the moment in which it was stored
            stamp = replace(stamp, time=record.updated, mentioned=False)
        return cls(key, record, record.content, stamp, restated=restated)

    @property
    def known(self) -> datetime | None:
        """The latest source time of the present state or of the deletion; its arrival where it has none."""
        if self.content is None and self.restated is None and self.record is not None:
            return self.record.updated
        return max((time for time in (self.stamp.time, self.restated) if time), default=None)

    def remember(self, earlier: Json) -> None:
        """Take note of what an earlier version said."""
        self.past |= {said(earlier)}

    def restate(self, time: datetime | None) -> None:
        """Take note that the present state was said again at `time`."""
        if time and self.known and time > self.known:
            self.restated, self.newly_restated = time, True

    def copy(self) -> "State":
        """Give the state to try something on."""
        return replace(self, writes=list(self.writes))

    def put(self, content: Json | None, stamp: Stamp) -> bool:
        """Make `content` the present state."""
        if self.content is not None:
            self.remember(self.content)
        self.writes.append(content)
        self.content, self.stamp = content, stamp
        return True

    def delete(self, stamp: Stamp) -> bool:
        """Make it deleted; a deletion has no content to tell its source time, so that is noted beside it."""
        self.restated, self.newly_restated = stamp.time or now(), True
        return self.put(None, Stamp(""))

    def keep(self, content: Json, stamp: Stamp) -> bool:
        """Store what comes late as a version; what is known stays the present state."""
        self.remember(content)
        self.writes += [stamped(content, stamp), self.content]
        return True


def needs_past(state: State, fact: Fact, stamp: Stamp) -> bool:
    """Tell whether a fact may be older than what is known, so that the past matters."""
    if fact.mode is Mode.MENTION or fact.mode is Mode.DELETE or (state.record is None):
        return False
    if stamp.time and state.known:
        return stamp.time <= state.known
    return not _later(stamp, state)


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
            return _later(stamp, state) and state.delete(stamp)
        case Mode.MERGE:
            return _take_part(state, fact, stamp)
        case Mode.FULL:
            return _take_full(state, fact, stamp)


def _take_first(state: State, fact: Fact, stamp: Stamp) -> bool:
    """Take a fact about a record that isn't there: not yet, or not any more."""
    gone = state.known
    if fact.mode is Mode.DELETE:
        if stamp.time and (gone is None or stamp.time > gone):  # it may come before the record does
            state.restated, state.newly_restated = stamp.time, True
        return False
    if gone is None:
        return state.put(stamped(fact.resource, stamp), stamp)
    if fact.mode is Mode.MENTION:
        return False
    if stamp.time and stamp.time <= gone and said(fact.resource) in state.past:
        return False
    if stamp.time and stamp.time < gone:
        return state.keep(fact.resource, stamp)
    return state.put(stamped(fact.resource, stamp), stamp)


def _take_part(state: State, fact: Fact, stamp: Stamp) -> bool:
    content = state.content or {}
    later = _later(stamp, state)
    merged = merge(content, fact.resource, fact.lists, older=not later, removed=fact.removed, gaps=fact.gaps)
    if said(merged) == said(content):
        state.restate(stamp.time)
        return False
    newest = stamp if later else state.stamp
    return state.put(stamped(merged, newest), newest)


def _take_full(state: State, fact: Fact, stamp: Stamp) -> bool:
    says = said(fact.resource)
    if says == said(state.content or {}) and not state.stamp.mentioned:
        state.restate(stamp.time)
        return False
    if not state.stamp.mentioned and _is_known(stamp, state) and says in state.past:
        return False
    if _later(stamp, state):
        return state.put(stamped(fact.resource, stamp), stamp)
    return says not in state.past and state.keep(fact.resource, stamp)


def _later(stamp: Stamp, state: State) -> bool:
    if state.restated and stamp.time and stamp.time < state.restated and not state.stamp.mentioned:
        return False
    return stamp.later_than(state.stamp)


def _is_known(stamp: Stamp, state: State) -> bool:
    return stamp.time is not None and state.known is not None and stamp.time <= state.known
