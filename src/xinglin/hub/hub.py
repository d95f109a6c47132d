"""The hub: what every other room sees of the health database.

A later gate gives the same interface with policy, masking and audit around it, so rooms above are written
against these methods only.
"""

import asyncio
import random
from collections.abc import AsyncGenerator, Awaitable, Callable, Sequence
from contextlib import asynccontextmanager
from datetime import datetime
from functools import partial
from typing import TypeVar

from xinglin.core.errors import DatabaseError
from xinglin.core.settings import Settings
from xinglin.core.telemetry import WRITE_GROUP, describe, logger
from xinglin.hub import history as past
from xinglin.hub.admission import Admission
from xinglin.hub.changes import Action, Change, Create, Done, Matcher, carry_out, resolve
from xinglin.hub.codes import Codes
from xinglin.hub.database import Connection, Database
from xinglin.hub.gather import Gather
from xinglin.hub.identity.at_once import AtOnce
from xinglin.hub.installed import definitions
from xinglin.hub.labels import Labelling
from xinglin.hub.records import Gone, Key, Record, Unknown, UnknownVersion
from xinglin.hub.search import parameters as search_parameters
from xinglin.hub.search.everything import AskedEverything, everything
from xinglin.hub.search.lastn import lastn
from xinglin.hub.search.match import match
from xinglin.hub.search.parameters import Parameters
from xinglin.hub.search.search import Asked, Found, Limits, one_found, only_id, search, within
from xinglin.hub.search.tending import Tending
from xinglin.hub.sight import EVERYTHING, Sight
from xinglin.hub.sight.reading import present, versions_seen
from xinglin.hub.sight.seen import seen_by
from xinglin.hub.sight.settling import needs_settling
from xinglin.hub.store import RETRY, Store, count
from xinglin.hub.terminology.rows import read_unread
from xinglin.hub.terminology.terminology import Terminology, built_in
from xinglin.hub.vault.renewing import hide_what_stands_open
from xinglin.hub.vault.vault import Vault, lend
from xinglin.standards.definitions import resource_types
from xinglin.standards.search import Registry

Result = TypeVar("Result")
Pairs = Sequence[tuple[str, str]]

ATTEMPTS = 8
"""How often a transaction is begun again when others write the same records."""

READ_TOGETHER = 64
WRITE_TOGETHER = 256
TRAIN_AFTER = 1_000
"""Records a process writes between two looks whether a dictionary is due."""


class Contended(DatabaseError):
    """Others kept changing the same records."""

    code = "XL2006"
    message = "Others kept changing the same records at the same time."
    remedy = "Send the request again in a moment."
    status = 409
    issue = "lock-error"


class Hub:
    """An open health database."""

    def __init__(self, database: Database, store: Store, admission: Admission, settings: Settings) -> None:
        self.admission = admission
        self.database = database
        self.store = store
        self.limits = Limits.of(settings)
        self.language = settings.language
        self.zone = settings.time_zone
        self.spark = settings.spark_remote
        self.mappings = settings.mappings
        self.quality = settings.quality
        self.codes = Codes()
        self.match: Matcher = partial(match, store)
        self.tending = Tending(database, store, self.transaction)
        self.matching = AtOnce(store, self.transaction)
        self.terminology = Terminology(database, built_in(settings))
        self._written = 0
        self._training: asyncio.Task[None] | None = None
        self._read: Gather[Key, Record | None] = Gather(self._read_many, lanes=2, most=READ_TOGETHER)
        self._create: Gather[Create, Done] = Gather(self._create_many, lanes=1, most=WRITE_TOGETHER)

    @property
    def registry(self) -> Registry:
        """The search parameters in use."""
        return self.store.parameters.registry

    async def read(
        self, key: Key, connection: Connection | None = None, *, sight: Sight = EVERYTHING
    ) -> Record:
        """Give the current version. Raises Unknown, also where it is hidden from `sight`, or Gone.

        With `connection` its transaction's own writes are seen; without, reads are gathered.
        """
        record = await self._one(key, connection, sight)
        if record is None:
            raise Unknown(key=key)
        if record.deleted:
            raise Gone(key=key)
        return record

    async def _one(self, key: Key, connection: Connection | None, sight: Sight) -> Record | None:
        """Give the current version of one record, a deletion too; None where it is hidden or never was."""
        if connection is None:
            record = await self._read(key)
        else:
            record = (await self.store.current(connection, [key])).get(key)
        return record if record is None or await self.sees(sight, record, connection) else None

    async def sees(self, sight: Sight, record: Record, connection: Connection | None = None) -> bool:
        """Tell whether the current version of a record, perhaps a deletion, may be seen."""
        seen = seen_by(self.store, sight)
        if seen is None:
            return True
        if not record.deleted and not needs_settling(sight):
            return seen.admits(record.content)
        async with self.database.connection(connection) as used:
            return bool(await present(self.store, used, [record], seen))

    async def vread(
        self, key: Key, version: int, connection: Connection | None = None, *, sight: Sight = EVERYTHING
    ) -> Record:
        """Give one version. Raises UnknownVersion, or Gone where that version is the deletion."""
        seen = seen_by(self.store, sight)
        async with self.database.connection(connection) as used:
            record = await self.store.version(used, key, version)
            if (
                record is not None
                and seen is not None
                and not await versions_seen(self.store, used, [record], seen)
            ):
                record = None
        if record is None:
            raise UnknownVersion(key=key, version=version)
        if record.deleted:
            raise Gone(key=key)
        return record

    async def history(
        self,
        *,
        kind: str | None = None,
        id_: str | None = None,
        since: datetime | None = None,
        before: past.Place = past.FOREVER,
        most: int,
        sight: Sight = EVERYTHING,
    ) -> list[Record]:
        """Give versions of one record, of a type or of all, newest first (see `hub.history`)."""
        async with self.database.connection() as connection:
            return await past.history(
                connection, self.store, kind=kind, id_=id_, since=since, before=before, most=most, sight=sight
            )

    async def search(
        self, asked: Asked, connection: Connection | None = None, *, sight: Sight = EVERYTHING
    ) -> Found:
        """Answer a search; on `connection` its transaction's own writes are seen. Raises SearchError."""
        key = only_id(asked)
        if key is not None and connection is None and not sight.blind:
            return one_found(asked, await self._one(key, None, sight), self.store)
        async with within(self.limits.seconds), self.database.connection(connection) as used:
            return await search(self.store, used, self.limits, asked, sight=sight)

    async def everything(
        self, asked: AskedEverything, connection: Connection | None = None, *, sight: Sight = EVERYTHING
    ) -> Found:
        """Give all records about a Patient or Encounter, a page at a time. Raises SearchError or Unknown."""
        async with within(self.limits.seconds), self.database.connection(connection) as used:
            return await everything(self.store, used, self.limits, asked, sight=sight)

    async def lastn(
        self, pairs: Pairs, base: str, connection: Connection | None = None, *, sight: Sight = EVERYTHING
    ) -> Found:
        """Give the latest observations of each code. Raises SearchError."""
        async with within(self.limits.seconds), self.database.connection(connection) as used:
            return await lastn(self.store, used, self.limits, pairs, base, sight=sight)

    async def changes(self, *, after: int, most: int) -> Sequence[past.ChangeMade]:
        """Give the next changes after the number `after` (see `hub.history.changes`)."""
        async with self.database.connection() as connection:
            return await past.changes(connection, after=after, most=most)

    async def change(self, change: Change, *, sight: Sight = EVERYTHING) -> Done:
        """Carry out one change in a transaction of its own; it is durable when this returns.

        Conditions find only what `sight` sees.
        """
        change = self.admission.check(change)
        if isinstance(change, Create) and change.criteria is None and change.type != search_parameters.TYPE:
            return await self._create(change)
        return (await self.change_all([change], sight=sight))[0]

    async def change_all(self, changes: Sequence[Change], *, sight: Sight = EVERYTHING) -> list[Done]:
        """Carry out all changes or none, in one transaction; whoever calls has had them checked."""

        async def work(connection: Connection) -> list[Done]:
            resolved = await resolve(connection, changes, partial(self.matched, sight=sight))
            return await carry_out(connection, self.store, resolved)

        done = await self.transaction(work)
        self.written([d.record for d in done if d.record and d.action is not Action.UNCHANGED])
        return done

    def check(self, change: Change) -> Change:
        """Give the change back if its record may come in. Raises InvalidRecord."""
        return self.admission.check(change)

    async def matched(
        self, connection: Connection, kind: str, criteria: str, most: int, *, sight: Sight = EVERYTHING
    ) -> Sequence[Key]:
        """Find at most `most` records of a type by search criteria. Raises SearchError."""
        return await match(self.store, connection, kind, criteria, most, sight=sight)

    async def carry_out(self, connection: Connection, changes: Sequence[Change]) -> list[Done]:
        """Lock, check and write resolved changes, all or none (see `changes`)."""
        return await carry_out(connection, self.store, changes)

    async def transaction(self, work: Callable[[Connection], Awaitable[Result]]) -> Result:
        """Run `work` in a transaction, again from the start where others got in its way. Raises Contended."""
        for attempt in range(ATTEMPTS):
            try:
                async with self.database.connection() as connection, connection.transaction():
                    return await work(connection)
            except RETRY:
                # A moment of one's own, so that those who met don't meet again.
                await asyncio.sleep(random.uniform(0, 0.005) * 2**attempt)
        raise Contended

    async def ping(self) -> None:
        """Make sure that the database answers. Raises DatabaseError."""
        async with self.database.connection() as connection:
            await connection.execute("SELECT 1")

    async def _read_many(self, keys: Sequence[Key]) -> list[Record | None]:
        async with self.database.connection() as connection:
            found = await self.store.current(connection, keys)
        return [found.get(key) for key in keys]

    async def _create_many(self, changes: Sequence[Create]) -> list[Done]:
        # New ids meet nobody else's, so requests can share a transaction: none can make another fail.
        WRITE_GROUP.observe(len(changes))
        return await self.change_all(changes)

    def written(self, records: Sequence[Record]) -> None:
        """Take note of records that a transaction has committed."""
        count(records)
        self.matching.take(records)
        if any(record.key.type == search_parameters.TYPE for record in records):
            self.tending.call()
        self._written += len(records)
        if self._written >= TRAIN_AFTER and (self._training is None or self._training.done()):
            self._written = 0
            self._training = asyncio.create_task(self._train())

    async def _train(self) -> None:
        try:
            async with self.database.connection() as connection:
                if await self.store.train(connection):
                    logger().debug("dictionary trained")
        except DatabaseError as error:  # packing goes on with the dictionary there is
            logger().warning("dictionary not trained", **describe(error))

    async def close(self) -> None:
        """Let background work end."""
        await self.tending.stop()
        await self.matching.stop()
        if self._training is not None:
            await self._training


@asynccontextmanager
async def open_hub(settings: Settings, url: str) -> AsyncGenerator[Hub]:
    """Open the hub in the database at `url`, whose schema must be up to date."""
    vault = Vault(settings)
    database = Database(
        url,
        connections=settings.database_connections,
        statement_seconds=settings.request_timeout_seconds,
        made=partial(lend, vault=vault),
    )
    await database.open()
    try:
        known = definitions(settings)
        parameters = Parameters(known, zone=settings.time_zone, base_url=settings.base_url.rstrip("/"))
        store = Store(parameters, vault)
        store.labelling = Labelling(settings.labels, settings.time_zone)
        async with database.connection() as connection, connection.transaction():
            if await store.open(connection, resource_types()):
                await hide_what_stands_open(connection, store)
                await parameters.refresh(connection)  # until all is hidden, searches look for both ways
        labels = store.labelling
        admission = Admission(known, enforce=settings.validation == "errors", labels=lambda: labels.rules)
        hub = Hub(database, store, admission, settings)
        while await hub.transaction(lambda connection: read_unread(connection, store.open_bodies)):
            pass
        hub.tending.start()
        try:
            yield hub
        finally:
            await hub.close()
    finally:
        await database.close()
