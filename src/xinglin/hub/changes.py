"""What a request wants to change, and carrying it out: the one way by which records are written.

A change is made in two steps inside one transaction. `resolve` finds out which record each change is about
(conditional ones search, under a lock on their criteria, so that two equal requests can't both find nothing).
`carry_out` locks those records, checks the preconditions and writes. In between, a transaction's references
can be rewritten, for then every id is known.
"""

from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from enum import Enum
from hashlib import blake2b
from typing import Protocol, TypeVar

from xinglin.core.errors import RequestError, XinglinError
from xinglin.core.exact_json import Json
from xinglin.core.identifiers import is_id, new_id
from xinglin.hub.database import Connection
from xinglin.hub.outline import admit
from xinglin.hub.preconditions import ANY_VERSION
from xinglin.hub.records import Draft, Gone, Key, Record, Unknown, same
from xinglin.hub.store import Store

Found = TypeVar("Found")
Decided = TypeVar("Decided")


class Action(Enum):
    """What became of a change."""

    CREATED = "created"
    UPDATED = "updated"
    UNCHANGED = "unchanged"
    DELETED = "deleted"


@dataclass(frozen=True, slots=True)
class Change:
    """A wanted change to the record `key`, or to the one that `criteria` (a search, without `?`) finds.

    `if_match` is the version that must be the current one (ANY_VERSION: there must be one); `if_absent`
    demands that there is none.
    `place` is put into errors, where the change is one of many.
    """

    type: str
    key: Key | None = None
    criteria: str | None = None
    if_match: int | None = None
    if_absent: bool = False
    place: str = ""


@dataclass(frozen=True, slots=True)
class Create(Change):
    """Store a new record; with `criteria`, only if they find none."""

    content: Json | None = None


@dataclass(frozen=True, slots=True)
class Update(Change):
    """Store the next version of a record, or its first."""

    content: Json | None = None


@dataclass(frozen=True, slots=True)
class Patch(Change):
    """Store what `modify` makes of the current version."""

    modify: Callable[[Json], Json] = dict


@dataclass(frozen=True, slots=True)
class Delete(Change):
    """Delete a record."""


@dataclass(frozen=True, slots=True)
class Done:
    """What became of a change, and the record's version now. `record` is None where there never was one."""

    action: Action
    record: Record | None


class Matcher(Protocol):
    """Finds at most `most` records of a type by search criteria."""

    async def __call__(self, connection: Connection, kind: str, criteria: str, most: int) -> Sequence[Key]:
        """Give the keys found, in any order."""
        ...


class VersionConflict(RequestError):
    """The record has moved on since the client read it."""

    code = "XL3020"
    message = "{key} is at version {current}, not at version {wanted} as the request demands."
    remedy = "Read the record again, apply the change to what it says now, and send it with the new version."
    status = 412
    issue = "conflict"


class NotThere(RequestError):
    """The record doesn't exist, though the request demands that it does."""

    code = "XL3019"
    message = "{key} isn't there, though the request demands it."
    remedy = "Send the request without If-Match to store a first version."
    status = 412
    issue = "conflict"


class AlreadyThere(RequestError):
    """The record exists, though the request demands that it doesn't."""

    code = "XL3021"
    message = "{key} exists already."
    remedy = "Update it without If-None-Match, or choose another id."
    status = 412
    issue = "conflict"


class SeveralMatches(RequestError):
    """A conditional change found more than one record."""

    code = "XL3022"
    message = "The condition {kind}?{criteria} finds more than one record."
    remedy = "Make the condition narrower, for example with an identifier and its system."
    status = 412
    issue = "multiple-matches"


class IdMismatch(RequestError):
    """The record's id isn't the one that the request names."""

    code = "XL3023"
    message = "The record says id {found}, the request is about {wanted}."
    remedy = "Send the record with the id that the address names."
    status = 400
    issue = "value"


class NoId(RequestError):
    """An update whose record has no id."""

    code = "XL3029"
    message = "The record has no id; the request is about {wanted}."
    remedy = "Send the record with the id that the address names."
    issue = "required"


class BadId(RequestError):
    """An id in a form that FHIR doesn't know."""

    code = "XL3024"
    message = "{found} can't be an id."
    remedy = "An id has 1 to 64 of the letters A-Z and a-z, digits, '-' and '.'."
    status = 400
    issue = "value"


class SameRecordTwice(RequestError):
    """One transaction changes one record twice."""

    code = "XL3025"
    message = "The transaction changes {key} more than once."
    remedy = "Send one change for a record in a transaction."
    status = 400
    issue = "duplicate"


async def resolve(connection: Connection, changes: Sequence[Change], match: Matcher) -> list[Change]:
    """Give the changes with their keys known.

    A Create whose criteria find a record gets that record's key and keeps its criteria.
    """
    conditions = sorted({(c.type, c.criteria) for c in changes if c.criteria is not None})
    for kind, criteria in conditions:
        await connection.execute("SELECT pg_advisory_xact_lock(%s)", [_lock_number(kind, criteria)])
    found = {(k, c): await match(connection, k, c, 2) for k, c in conditions}
    _refuse_stored_twice(c for c in changes if c.criteria is not None and not found[c.type, c.criteria])
    return [_at_place(_with_key, c, found.get((c.type, c.criteria or ""), [])) for c in changes]


Guard = Callable[[Sequence[Change], Mapping[Key, Record]], Sequence[Change]]
"""Looks at resolved changes and the current versions they are about, deletions included, before anything else
is asked of them; gives the changes to be carried out, or raises."""


async def carry_out(
    connection: Connection, store: Store, changes: Sequence[Change], guard: Guard | None = None
) -> list[Done]:
    """Lock, check and write resolved changes, all or none; give what became of each, in order."""
    keys = [c.key for c in changes if c.key is not None]
    fresh = {c.key for c in changes if isinstance(c, Create) and c.criteria is None}
    current = await store.current(connection, [k for k in keys if k not in fresh], lock=True)
    if guard is not None:
        changes = guard(changes, current)
    _refuse_twice(changes)
    plans = [_at_place(_plan, c, current.get(c.key) if c.key else None) for c in changes]
    drafts = [p for p in plans if isinstance(p, Draft)]
    written = {r.key: r for r in await store.write(connection, drafts)} if drafts else {}
    return [_done(p, written) if isinstance(p, Draft) else p for p in plans]


def _refuse_stored_twice(unmatched: Iterable[Change]) -> None:
    """Refuse two changes of one transaction that would each store the record which their condition misses."""
    seen: set[tuple[str, str | None]] = set()
    for change in unmatched:
        condition = (change.type, change.criteria)
        if isinstance(change, Create | Update) and condition in seen:
            raise SameRecordTwice(key="?".join(map(str, condition)), expression=change.place or None)
        seen.add(condition)


def _refuse_twice(changes: Sequence[Change]) -> None:
    seen: dict[Key, Change] = {}
    for change in changes:
        first = seen.setdefault(change.key, change) if change.key else change
        # Two conditional creates that find the same record only read it.
        if first is not change and not (isinstance(change, Create) and isinstance(first, Create)):
            raise SameRecordTwice(key=change.key, expression=change.place or None)


def _at_place(decide: Callable[[Change, Found], Decided], change: Change, found: Found) -> Decided:
    try:
        return decide(change, found)
    except XinglinError as error:
        error.expression = error.expression or change.place or None
        raise


def _done(draft: Draft, written: dict[Key, Record]) -> Done:
    if draft.content is None:
        action = Action.DELETED
    elif draft.previous is None or draft.previous.deleted:
        action = Action.CREATED
    else:
        action = Action.UPDATED
    return Done(action, written[draft.key])


def _with_key(change: Change, found: Sequence[Key]) -> Change:
    if len(found) > 1:
        raise SeveralMatches(kind=change.type, criteria=change.criteria)
    key = found[0] if found else change.key
    match change:
        case Create() if key is None:
            return replace(change, key=Key(change.type, new_id()), criteria=None)
        case Update(content=content) if content is not None:
            key = _updated_key(change, content, key)
        case _:
            pass
    return replace(change, key=key)


def _updated_key(change: Change, content: Json, key: Key | None) -> Key:
    own = content.get("id")
    if key is None:
        key = Key(change.type, new_id() if own is None else own)
    elif own is None and change.criteria is None:
        raise NoId(wanted=key.id)
    elif own not in (None, key.id):
        raise IdMismatch(found=own, wanted=key.id)
    if not is_id(key.id):
        raise BadId(found=key.id)
    return key


def _plan(change: Change, current: Record | None) -> Draft | Done:
    """Decide what to write: a draft, or nothing because it is done already."""
    key = change.key
    if key is None:  # a conditional patch or delete that found nothing
        return _nothing_found(change)
    _check_preconditions(change, key, current)
    match change:
        case Create(content=content):
            # resolve() keeps the criteria only where they found this record
            return Draft(key, content) if change.criteria is None else Done(Action.UNCHANGED, current)
        case Update(content=content) if content is not None:
            if current is not None and not current.deleted and same(content, current):
                return Done(Action.UNCHANGED, current)
            return Draft(key, content, current)
        case Patch(modify=modify):
            return _plan_patch(key, modify, current)
        case _:
            if current is None or current.deleted:
                return Done(Action.UNCHANGED, current)
            return Draft(key, None, current)


def _plan_patch(key: Key, modify: Callable[[Json], Json], current: Record | None) -> Draft | Done:
    if current is None:
        raise Unknown(key=key)
    if current.deleted:
        raise Gone(key=key)
    content = admit(modify(current.content), key.type)
    if content.get("id") != key.id:
        raise IdMismatch(found=content.get("id"), wanted=key.id)
    return Done(Action.UNCHANGED, current) if same(content, current) else Draft(key, content, current)


def _nothing_found(change: Change) -> Done:
    if isinstance(change, Delete):
        return Done(Action.UNCHANGED, None)
    raise Unknown(key=f"{change.type}?{change.criteria}")


def _check_preconditions(change: Change, key: Key, current: Record | None) -> None:
    present = current is not None and not current.deleted
    if change.if_absent and present:
        raise AlreadyThere(key=key)
    if change.if_match is None:
        return
    if current is None or (change.if_match == ANY_VERSION and not present):
        raise NotThere(key=key)
    if change.if_match not in (ANY_VERSION, current.version):
        raise VersionConflict(key=key, current=current.version, wanted=change.if_match)


def _lock_number(kind: str, criteria: str) -> int:
    return int.from_bytes(blake2b(f"{kind}?{criteria}".encode(), digest_size=8).digest(), signed=True)
