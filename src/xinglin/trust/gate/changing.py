"""Changes behind the gate: decided, written down, and only then carried out."""

from collections.abc import AsyncGenerator, Awaitable, Callable, Iterable, Sequence
from contextlib import asynccontextmanager
from dataclasses import dataclass, replace
from typing import TypeVar

from xinglin.core.errors import XinglinError
from xinglin.core.exact_json import Json, dumps
from xinglin.hub.changes import Action, Change, Create, Done, Update, carry_out, resolve
from xinglin.hub.database import Connection
from xinglin.hub.hub import Hub
from xinglin.hub.interactions.answers import Answer
from xinglin.hub.interactions.entries import read_entry
from xinglin.hub.interactions.hubs import Reads
from xinglin.hub.interactions.transaction import transaction
from xinglin.hub.records import Key, Record
from xinglin.hub.search.everything import AskedEverything
from xinglin.hub.search.match import match
from xinglin.hub.search.search import Asked, Found
from xinglin.hub.sight.settling import needs_settling, settled_for
from xinglin.trust.gate import telling
from xinglin.trust.gate.book import Book
from xinglin.trust.gate.cut import patients_changed
from xinglin.trust.gate.deciding import Deciding
from xinglin.trust.gate.errors import NotWritable, Unseen
from xinglin.trust.gate.relating import Made, Relating
from xinglin.trust.gate.seeing import Seeing
from xinglin.trust.gate.writing import Writing

Result = TypeVar("Result")


@dataclass(frozen=True)
class Changing:
    """Carries out the changes of one request; `reader` is the same request's way of reading."""

    hub: Hub
    book: Book
    deciding: Deciding
    reader: Reads

    async def change(self, change: Change) -> Done:
        """Carry out one change; it is durable when this returns. Raises Hidden, Closed, Kept, SeenMasked."""
        writing = await self._writing([change])
        checked = self.hub.check(writing.prepared(change))
        async with self._written_down(writing, [checked]) as down:
            done = await self._carried_out(writing, checked)
            await down([done.record])
        return replace(done, record=writing.shown(done.record))

    async def _carried_out(self, writing: Writing, change: Change) -> Done:
        if isinstance(change, Create) and change.criteria is None and change.key is not None:
            writing.refuse_content(writing.create, change.content, change.key, change.place)
            await self._check_relation(change)
            return await self.hub.change(change)  # together with others that wait
        inside = _Inside(self.hub, writing, self.reader, self._relating)

        async def work(connection: Connection) -> list[Done]:
            return await inside.carry_out(connection, await resolve(connection, [change], inside.matched))

        (done,) = await self.hub.transaction(work)
        if done.record is not None and done.action is not Action.UNCHANGED:
            self.hub.written([done.record])
        return done

    @property
    def _relating(self) -> Relating:
        return Relating(self.hub, self.book.asking.who, self.deciding.policies.tables)

    async def _check_relation(self, change: Create) -> None:
        relating = self._relating
        if change.content is not None and relating.concerns(change.type):
            async with self.hub.database.connection() as connection:
                await relating.check(connection, [Made(change.content, change.place)])

    async def transact(self, raw: Sequence[Json], *, base: str) -> list[Answer]:
        """Carry out the entries of a transaction, all or none. Raises as `change`."""
        entries = [read_entry(entry, number, base) for number, entry in enumerate(raw)]
        changes = [replace(e.change, place=e.place) for e in entries if e.change is not None]
        writing = await self._writing(changes)
        inside = _Inside(self.hub, writing, self.reader, self._relating)
        async with self._written_down(writing, changes) as down:
            answers = await transaction(inside, raw, base=base)
            await down([one.record for one in answers if one.written])
        return [replace(one, record=writing.shown(one.record)) for one in answers]

    async def _writing(self, changes: Sequence[Change]) -> Writing:
        """Give what may be written. Raises Closed for a type of which nothing may be."""
        seeing = [await self._seeing(changes, one) for one in ("read", "create", "write", "delete")]
        writing = Writing(self.hub, self.book.asking.who, *seeing)
        for change in changes:
            action, open_ = writing.action(change)
            if not open_.opens(change.type):
                group = self.deciding.group_of(change.type)
                raise await self.book.closed(action, group, what=[(change.type, "")], place=change.place)
        return writing

    async def _seeing(self, changes: Sequence[Change], action: str) -> Seeing:
        """Give what an action is open for, with what only a look at the patients of the changes tells."""
        seeing = await self.deciding.seeing(self.book.asking, action)
        if not seeing.cut and not needs_settling(seeing.sight):
            return seeing
        patients = await patients_changed(self.hub, changes)
        if seeing.cut:
            seeing = await self.deciding.widened(self.book.asking, action, seeing, patients)
        async with self.hub.database.connection() as connection:
            return replace(seeing, sight=await settled_for(connection, seeing.sight, patients))

    @asynccontextmanager
    async def _written_down(
        self, writing: Writing, changes: Sequence[Change]
    ) -> AsyncGenerator[Callable[[Iterable[Record | None]], Awaitable[None]]]:
        """Write down what is about to be done, and how it failed; the caller tells what became of it."""
        for action in dict.fromkeys(writing.action(one)[0] for one in changes):
            some = [one for one in changes if writing.action(one)[0] == action]
            bodies = [dumps(one.content) for one in some if isinstance(one, Create | Update) and one.content]
            patients = [one.key.id for one in some if one.key is not None and one.key.type == "Patient"]
            await self.book.tell(
                action,
                rules=writing.action(some[0])[1].rules,
                what=[one.key or (one.type, "") for one in some],
                patients=[*patients, *telling.patients_in(bodies)],
            )
        named = {one.key for one in changes if one.key is not None}

        async def down(records: Iterable[Record | None]) -> None:
            more = [one for one in records if one is not None and one.key not in named]
            if more:
                await self.book.tell("write", what=telling.what(more), patients=telling.patients(more))

        try:
            yield down
        except NotWritable as error:
            group = self.deciding.group_of(error.key.type)
            raise await self.book.closed("write", group, what=[error.key], place=error.place) from error
        except Unseen as error:
            raise await self.book.hidden("write", error.key, error.place) from error
        except XinglinError as error:
            await self.book.failed(error, "write", what=[one.key or (one.type, "") for one in changes])
            raise


@dataclass(frozen=True)
class _Inside:
    """The hub inside a transaction, as one request may use it: conditions find only what may be seen."""

    hub: Hub
    writing: Writing
    reader: Reads
    relating: Relating

    @property
    def language(self) -> str:
        return self.reader.language

    async def read(self, key: Key, connection: Connection | None = None) -> Record:
        return await self.reader.read(key, connection)

    async def vread(self, key: Key, version: int, connection: Connection | None = None) -> Record:
        return await self.reader.vread(key, version, connection)

    async def search(self, asked: Asked, connection: Connection | None = None) -> Found:
        return await self.reader.search(asked, connection)

    async def everything(self, asked: AskedEverything, connection: Connection | None = None) -> Found:
        return await self.reader.everything(asked, connection)

    async def lastn(
        self, pairs: Sequence[tuple[str, str]], base: str, connection: Connection | None = None
    ) -> Found:
        return await self.reader.lastn(pairs, base, connection)

    def check(self, change: Change) -> Change:
        return self.hub.check(self.writing.prepared(change))

    async def matched(self, connection: Connection, kind: str, criteria: str, most: int) -> Sequence[Key]:
        sight = self.writing.read.sight
        return await match(self.hub.store, connection, kind, criteria, most, sight=sight)

    async def carry_out(self, connection: Connection, changes: Sequence[Change]) -> list[Done]:
        done = await carry_out(connection, self.hub.store, changes, self.writing.guard)
        made = [
            Made(one.record.content, change.place)
            for change, one in zip(changes, done, strict=True)
            if one.record is not None and one.action in (Action.CREATED, Action.UPDATED)
        ]
        await self.relating.check(connection, made)
        return done

    async def transaction(self, work: Callable[[Connection], Awaitable[Result]]) -> Result:
        return await self.hub.transaction(work)

    def written(self, records: Sequence[Record]) -> None:
        self.hub.written(records)
