"""transaction: all entries or none, in any order (http://hl7.org/fhir/R4/http.html#transaction)."""

from collections.abc import Sequence
from dataclasses import replace
from typing import Any

from xinglin.core.errors import XinglinError
from xinglin.core.exact_json import Json
from xinglin.hub.changes import Change, Create, Update, carry_out, resolve
from xinglin.hub.database import Connection
from xinglin.hub.hub import Hub
from xinglin.hub.interactions.answers import Answer, answer_change
from xinglin.hub.interactions.entries import Entry, read_entry
from xinglin.hub.interactions.fetch import fetch
from xinglin.hub.references import Unresolved, conditional_references, rewrite


async def transaction(hub: Hub, raw: Sequence[Json], *, base: str) -> list[Answer]:
    """Carry out the entries of a transaction; answers are in the order of the entries.

    FHIR's order of processing (delete, create, update, read) needs no sorting here: every condition is
    resolved before anything is written, no record may be changed twice, and reads come after all writes.
    """
    entries = [read_entry(entry, number) for number, entry in enumerate(raw)]
    wanted = [hub.admission.check(replace(e.change, place=e.place)) for e in entries if e.change is not None]

    async def work(connection: Connection) -> list[Answer]:
        changes = await resolve(connection, wanted, hub.match)
        names = _full_urls(entries, changes) | await _conditional(hub, connection, changes)
        done = await carry_out(connection, hub.store, [_rewritten(change, names) for change in changes])
        made = iter(done)
        return [
            await _fetched(hub, connection, e, base)
            if e.change is None
            else answer_change(e.change, next(made))
            for e in entries
        ]

    answers = await hub.transaction(work)
    hub.written([a.record for a in answers if a.record is not None and a.written])
    return answers


async def _fetched(hub: Hub, connection: Connection, entry: Entry, base: str) -> Answer:
    try:
        return await fetch(hub, entry.url, base=base, connection=connection)
    except XinglinError as error:
        error.expression = f"{entry.place}.{error.expression}" if error.expression else entry.place
        raise


def _full_urls(entries: Sequence[Entry], changes: Sequence[Change]) -> dict[str, str]:
    changing = [entry for entry in entries if entry.change is not None]
    return {
        entry.full_url: str(change.key)
        for entry, change in zip(changing, changes, strict=True)
        if entry.full_url is not None and change.key is not None
    }


async def _conditional(hub: Hub, connection: Connection, changes: Sequence[Change]) -> dict[str, str]:
    names: dict[str, str] = {}
    for change in changes:
        for reference in conditional_references(_content(change)):
            if reference not in names:
                names[reference] = await _find(hub, connection, reference, change.place)
    return names


async def _find(hub: Hub, connection: Connection, reference: str, place: str) -> str:
    kind, _, criteria = reference.partition("?")
    found = await hub.match(connection, kind, criteria, 2)
    if len(found) != 1:
        raise Unresolved(reference=reference, count=len(found), expression=place)
    return str(found[0])


def _content(change: Change) -> Any:
    return change.content if isinstance(change, Create | Update) else None


def _rewritten(change: Change, names: dict[str, str]) -> Change:
    if names and isinstance(change, Create | Update):
        return replace(change, content=rewrite(change.content, names))
    return change
