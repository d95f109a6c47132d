"""transaction: all entries or none, in any order (http://hl7.org/fhir/R4/http.html#transaction)."""

from collections.abc import Sequence
from dataclasses import replace

from xinglin.core.exact_json import Json
from xinglin.hub.changes import Change, Create, Matcher, Update, resolve
from xinglin.hub.database import Connection
from xinglin.hub.interactions.answers import Answer, answer_change
from xinglin.hub.interactions.entries import Entry, SameFullUrl, at, read_entry
from xinglin.hub.interactions.fetch import fetch
from xinglin.hub.interactions.hubs import Transacts
from xinglin.hub.outline import admit_type
from xinglin.hub.records import Key
from xinglin.hub.references import Names, Unresolved, conditional_references, literal, normal, rewrite


async def transaction(hub: Transacts, raw: Sequence[Json], *, base: str) -> list[Answer]:
    """Carry out the entries of a transaction; answers are in the order of the entries.

    FHIR's order of processing (delete, create, update, read) needs no sorting here: every condition is
    resolved before anything is written, no record may be changed twice, and reads come after all writes.
    """
    entries = [read_entry(entry, number, base) for number, entry in enumerate(raw)]
    _refuse_same_names(entries)
    changing = [entry for entry in entries if entry.change is not None]
    wanted = [hub.check(replace(e.change, place=e.place)) for e in changing if e.change is not None]

    async def work(connection: Connection) -> list[Answer]:
        changes = await resolve(connection, wanted, _match_at_place(hub.matched, wanted))
        found = await _conditional(hub, connection, changes)
        names = Names(_full_urls(entries, changes) | found)
        rewritten = [_rewritten(c, names, e.full_url) for e, c in zip(changing, changes, strict=True)]
        made = iter(await hub.carry_out(connection, rewritten))
        return [
            await _fetched(hub, connection, e, base)
            if e.change is None
            else answer_change(e.change, next(made))
            for e in entries
        ]

    answers = await hub.transaction(work)
    hub.written([a.record for a in answers if a.record is not None and a.written])
    return answers


def _refuse_same_names(entries: Sequence[Entry]) -> None:
    seen: dict[str, str] = {}
    for entry in entries:
        if entry.full_url is not None:
            first = seen.setdefault(normal(entry.full_url), entry.place)
            if first != entry.place:
                raise SameFullUrl(first=first, second=entry.place, expression=f"{entry.place}.fullUrl")


def _match_at_place(match: Matcher, wanted: Sequence[Change]) -> Matcher:
    """Have errors in a condition tell the first entry that makes it."""
    places = {(c.type, c.criteria): c.place for c in reversed(wanted)}

    async def matched(connection: Connection, kind: str, criteria: str, most: int) -> Sequence[Key]:
        with at(places[kind, criteria]):
            return await match(connection, kind, criteria, most)

    return matched


async def _fetched(hub: Transacts, connection: Connection, entry: Entry, base: str) -> Answer:
    with at(entry.place):
        return await fetch(hub, entry.url, base=base, connection=connection)


def _full_urls(entries: Sequence[Entry], changes: Sequence[Change]) -> dict[str, str]:
    """Give what each `fullUrl` stands for: the record that is changed, or read by its address."""
    names: dict[str, str] = {}
    keys = iter([change.key for change in changes])
    for entry in entries:
        place = literal(entry.url) if entry.change is None else next(keys)
        if entry.full_url is not None and place is not None:
            names[entry.full_url] = str(place)
    return names


async def _conditional(hub: Transacts, connection: Connection, changes: Sequence[Change]) -> dict[str, str]:
    names: dict[str, str] = {}
    for change in changes:
        for reference in conditional_references(_content(change)):
            if reference not in names:
                with at(change.place):
                    names[reference] = await _find(hub, connection, reference)
    return names


async def _find(hub: Transacts, connection: Connection, reference: str) -> str:
    kind, _, criteria = reference.partition("?")
    found = await hub.matched(connection, admit_type(kind), criteria, 2)
    if len(found) != 1:
        raise Unresolved(reference=reference, count=len(found))
    return str(found[0])


def _content(change: Change) -> Json | None:
    return change.content if isinstance(change, Create | Update) else None


def _rewritten(change: Change, names: Names, full_url: str | None) -> Change:
    match change:
        case Create(content=content) | Update(content=content) if content is not None:
            with at(change.place):
                return replace(change, content=rewrite(content, names, full_url))
        case _:
            return change
