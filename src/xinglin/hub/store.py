"""The store: one row a record for the present, one a version for the past, and the change sequence over both.

Everything here works on a connection that the caller holds; `write` belongs inside a transaction.
"""

import asyncio
from collections.abc import Iterable, Sequence
from datetime import datetime, timedelta
from typing import Any, cast
from weakref import WeakKeyDictionary

from psycopg import errors as pg

from xinglin.core.clock import now
from xinglin.core.exact_json import dumps
from xinglin.core.telemetry import RECORDS_WRITTEN
from xinglin.hub import consents, copying
from xinglin.hub.bodies import Bodies, train
from xinglin.hub.database import Connection
from xinglin.hub.labels import Labelling
from xinglin.hub.records import Draft, Key, Record, stamped
from xinglin.hub.search import parameters as search_parameters
from xinglin.hub.search.parameters import Parameters
from xinglin.hub.search.rows import Rows
from xinglin.hub.terminology import rows as terminology
from xinglin.hub.vault.vault import EVERYTHING, Vault
from xinglin.standards.search import Index
from xinglin.standards.search.keys import self_key

TRAIN_AT = (500, 20_000)
"""How many records the hub has when it trains its first and second dictionary (see `bodies`)."""

TRAIN_SAMPLES = 4_000
PEOPLE = ("Patient", "Person", "RelatedPerson", "Practitioner")

_COLUMNS = "t.name, r.id, r.version, r.updated, r.seq, r.body"

_CURRENT = (
    f"SELECT {_COLUMNS} FROM unnest(%s::smallint[], %s::text[]) AS k(type, id) "
    "JOIN resource r USING (type, id) JOIN resource_type t ON t.code = r.type"
)

_VERSION = f"""
SELECT {_COLUMNS} FROM (
    SELECT type, id, version, updated, seq, body FROM resource WHERE type = %(type)s AND id = %(id)s
    UNION ALL
    SELECT type, id, version, updated, seq, body FROM resource_history
    WHERE type = %(type)s AND id = %(id)s AND version = %(version)s
) r JOIN resource_type t ON t.code = r.type WHERE r.version = %(version)s
"""

_COPY_NEW = (
    "COPY resource (seq, updated, version, type, id, self_key, body, keys, refs) FROM STDIN (FORMAT BINARY)"
)

_BEGIN = "SELECT base, generation, keys FROM change_start()"

_MOVE_TO_HISTORY = """
INSERT INTO resource_history (seq, updated, version, type, id, body)
SELECT r.seq, r.updated, r.version, r.type, r.id, r.body
FROM unnest(%s::smallint[], %s::text[]) AS k(type, id) JOIN resource r USING (type, id)
"""

_REPLACE = """
UPDATE resource SET seq = %s, updated = %s, version = %s, body = %s, keys = %s, refs = %s
WHERE type = %s AND id = %s
"""

_REWRITE = "UPDATE resource SET body = %s, keys = %s::bigint[], refs = %s::bigint[] WHERE seq = %s"

_TRAINABLE = "resource WHERE body IS NOT NULL AND NOT type = ANY(%s::smallint[])"
_COUNT_TRAINABLE = f"SELECT count(*) FROM (SELECT FROM {_TRAINABLE} LIMIT %s) r"
_SAMPLE_TRAINABLE = f"SELECT type, id, version, body FROM {_TRAINABLE} ORDER BY hashtext(id) LIMIT %s"


_RECORD, _DICTIONARY = "resource", "dictionary"
"""What sealed bytes belong to."""

Stored = tuple[str | int, str, int, bytes]
"""A stored body: type (its name or code), id, version and frame."""

Indexed = tuple[Record, Index | None]
"""A record with its search values; None for a deletion."""


class Store:
    """Reads and writes versions. One for a process."""

    def __init__(self, parameters: Parameters, vault: Vault) -> None:
        self.types: dict[str, int] = {}
        self.type_names: dict[int, str] = {}
        self.parameters = parameters
        self.vault = vault
        self.labelling = Labelling(zone=parameters.reading.zone)
        self.rows = Rows()
        self._bodies = Bodies()
        self._places: WeakKeyDictionary[Connection, tuple[int, int]] = WeakKeyDictionary()

    async def open(self, connection: Connection, types: Iterable[str]) -> bool:
        """Learn keys, type codes and dictionaries, adding types that are missing; in a transaction.

        Tells whether the hub's first keys were made. Raises TrustError where the keys can't be had.
        """
        first = await self.vault.open(connection)
        self.parameters.hide(self.vault.blind)
        await connection.execute(
            "INSERT INTO resource_type (name) SELECT unnest(%s::text[]) "
            "EXCEPT SELECT name FROM resource_type ORDER BY 1 ON CONFLICT DO NOTHING",
            [sorted(types)],
        )
        rows = await (await connection.execute("SELECT name, code FROM resource_type")).fetchall()
        self.types = dict(cast("list[tuple[str, int]]", rows))
        self.type_names = {code: name for name, code in self.types.items()}
        await self.learn(connection)
        await self.parameters.refresh(connection)
        return first

    async def keep_up(self, connection: Connection, keys: int) -> None:
        """Learn the keys up to number `keys` where they aren't known yet."""
        await self.vault.keep_up(connection, keys)
        self.parameters.hide(self.vault.blind)

    async def learn(self, connection: Connection) -> None:
        """Learn the keys and dictionaries that other processes have made."""
        await self.vault.learn(connection)
        query = "SELECT id, content FROM dictionary WHERE id > %s ORDER BY id"
        rows = await (await connection.execute(query, [self._bodies.newest])).fetchall()
        for number, content in cast("list[tuple[int, bytes]]", rows):
            self._bodies.add(number, self.vault.unseal(content, _DICTIONARY, number))

    async def current(
        self, connection: Connection, keys: Sequence[Key], *, lock: bool = False
    ) -> dict[Key, Record]:
        """Give the current versions, deletions included; `lock` holds them until the transaction ends."""
        known = sorted(k for k in set(keys) if k.type in self.types)
        query = _CURRENT + (" ORDER BY r.type, r.id FOR UPDATE OF r" if lock else "")
        parameters = [[self.types[k.type] for k in known], [k.id for k in known]]
        rows = await (await connection.execute(query, parameters, binary=True)).fetchall()
        return {record.key: record for record in await self.records(connection, rows)}

    async def version(self, connection: Connection, key: Key, version: int) -> Record | None:
        """Give one version, or None."""
        parameters = {"type": self.types.get(key.type), "id": key.id, "version": version}
        rows = await (await connection.execute(_VERSION, parameters, binary=True)).fetchall()
        found = await self.records(connection, rows)
        return found[0] if found else None

    async def records(self, connection: Connection, rows: Sequence[Sequence[Any]]) -> list[Record]:
        """Make records of rows (type name, id, version, updated, seq, body)."""
        try:
            return [self._record(row) for row in rows]
        except KeyError:  # another process has trained a dictionary meanwhile
            await self.learn(connection)
            return [self._record(row) for row in rows]

    async def open_bodies(self, connection: Connection, rows: Sequence[Stored]) -> list[bytes]:
        """Open stored bodies, given with type (its name or code), id and version."""
        try:
            return [self._open(*row) for row in rows]
        except KeyError:
            await self.learn(connection)
            return [self._open(*row) for row in rows]

    def _open(self, kind: str | int, id_: str, version: int, frame: bytes) -> bytes:
        name = kind if isinstance(kind, str) else self.type_names[kind]
        return self._bodies.open(self.vault.unseal(frame, _RECORD, name, id_, version))

    def pack(self, key: Key, version: int, body: bytes) -> bytes:
        """Give a body as it is stored."""
        packed = self._bodies.pack(body)
        return self.vault.seal(packed, _RECORD, *key, version) if self.vault.hides(key.type) else packed

    def _record(self, row: Sequence[Any]) -> Record:
        kind, id_, version, updated, seq, frame = row
        body = None if frame is None else self._open(kind, id_, version, frame)
        return Record(Key(kind, id_), version, updated, seq, body)

    async def write(self, connection: Connection, drafts: Sequence[Draft]) -> list[Record]:
        """Write new versions inside the caller's transaction and give them, in order.

        Each key may stand once. For a draft with `previous` the caller holds the row's lock (`current` with
        `lock`). Raises UniqueViolation where a record without `previous` has come to exist meanwhile.
        """
        row = await (await connection.execute(_BEGIN, binary=True)).fetchone()
        (base, generation, keys), moment = cast("tuple[int, int, int]", row), now()
        await self.keep_up(connection, keys)
        await self.parameters.keep_up(connection, generation)
        await self._change_parameters(connection, drafts)
        await terminology.change(connection, [(d.key, d.content) for d in drafts])
        drafts, indexes = await self.labelling.put_on(connection, drafts, self.parameters.index)
        await consents.change(connection, [(d.key, d.content) for d in drafts], self.labelling.rules)
        first = self._first_place(connection, base, len(drafts))
        records = [self._draft_to_record(d, seq, moment) for seq, d in enumerate(drafts, first)]
        old = [d.previous.seq for d in drafts if d.previous is not None and not d.previous.deleted]
        await self.rows.remove(connection, old)
        rows = list(zip(records, indexes, strict=True))
        await self._replace(connection, [r for r, d in zip(rows, drafts, strict=True) if d.previous])
        await self._add(connection, [r for r, d in zip(rows, drafts, strict=True) if not d.previous])
        await self.rows.write(connection, [(r.seq, index) for r, index in rows if index is not None])
        return records

    def _first_place(self, connection: Connection, base: int, count: int) -> int:
        """Give the first of `count` change numbers; a transaction that writes again goes on counting."""
        before, used = self._places.get(connection, (base, 0))
        first = used if before == base else 0
        self._places[connection] = (base, first + count)
        return base + first

    async def _change_parameters(self, connection: Connection, drafts: Sequence[Draft]) -> None:
        changes = [(d.key.id, d.content) for d in drafts if d.key.type == search_parameters.TYPE]
        if changes:
            await self.parameters.change(connection, changes)

    @staticmethod
    def _draft_to_record(draft: Draft, seq: int, moment: datetime) -> Record:
        version = 1
        if draft.previous is not None:
            version = draft.previous.version + 1
            # Clocks of several machines differ; a record's versions never go back in time.
            moment = max(moment, draft.previous.updated + timedelta(milliseconds=1))
        body = None
        if draft.content is not None:
            body = dumps(stamped(draft.content, draft.key, version, moment))
        return Record(draft.key, version, moment, seq, body)

    async def _add(self, connection: Connection, new: Sequence[Indexed]) -> None:
        await copying.copy_rows(connection, _COPY_NEW, [self._row(record, index) for record, index in new])

    def _row(self, record: Record, index: Index | None) -> bytes:
        return copying.row(
            copying.int8(record.seq),
            copying.moment(record.updated),
            copying.int4(record.version),
            copying.int2(self.types[record.key.type]),
            copying.raw(record.key.id.encode()),
            copying.int8(self_key(*record.key)),
            copying.raw(self._pack(record)),
            copying.NULL if index is None else copying.int8_array(index.keys),
            copying.NULL if index is None else copying.int8_array(index.references),
        )

    async def _replace(self, connection: Connection, changed: Sequence[Indexed]) -> None:
        if not changed:
            return
        types = [self.types[r.key.type] for r, _ in changed]
        await connection.execute(_MOVE_TO_HISTORY, [types, [r.key.id for r, _ in changed]])
        await connection.cursor().executemany(
            _REPLACE,
            [
                (
                    *(r.seq, r.updated, r.version, self._pack(r)),
                    *((None, None) if index is None else (index.keys, index.references)),
                    *(code, r.key.id),
                )
                for (r, index), code in zip(changed, types, strict=True)
            ],
        )

    async def rewrite(self, connection: Connection, changed: Sequence[Indexed]) -> None:
        """Store versions anew in their place: what the hub derives about them has changed, nothing else."""
        await connection.cursor().executemany(
            _REWRITE,
            [
                (self._pack(r), *((None, None) if i is None else (i.keys, i.references)), r.seq)
                for r, i in changed
            ],
        )
        await self.rows.remove(connection, [r.seq for r, _ in changed])
        await self.rows.write(connection, [(r.seq, index) for r, index in changed if index is not None])

    def _pack(self, record: Record) -> bytes | None:
        return None if record.body is None else self.pack(record.key, record.version, record.body)

    async def train(self, connection: Connection) -> bool:
        """Train the next dictionary if the hub has grown enough for it; tell whether it did."""
        generation = self._bodies.newest
        if generation >= len(TRAIN_AT):
            return False
        samples = await self._samples(connection, enough=TRAIN_AT[generation])
        number = generation + 1
        content = await asyncio.to_thread(train, samples, number) if samples else None
        if content is None:
            return False
        hidden = self.vault.scope == EVERYTHING  # it holds pieces of the records it was made from
        # Where two processes train at once, the first one's dictionary stands and both learn it.
        await connection.execute(
            "INSERT INTO dictionary (id, samples, content) VALUES (%s, %s, %s) ON CONFLICT DO NOTHING",
            [number, len(samples), self.vault.seal(content, _DICTIONARY, number) if hidden else content],
        )
        await self.learn(connection)
        return True

    async def _samples(self, connection: Connection, enough: int) -> list[bytes]:
        """Give a random sample of the bodies to learn from; none while there are too few."""
        people = [self.types[name] for name in PEOPLE]
        count = await connection.execute(_COUNT_TRAINABLE, [people, enough])
        if await count.fetchone() != (enough,):
            return []
        rows = await connection.execute(_SAMPLE_TRAINABLE, [people, TRAIN_SAMPLES], binary=True)
        return await self.open_bodies(connection, cast("list[Stored]", await rows.fetchall()))


def count(records: Sequence[Record]) -> None:
    """Count committed versions for the metrics."""
    for record in records:
        RECORDS_WRITTEN.labels(record.key.type).inc()


RETRY = (pg.UniqueViolation, pg.DeadlockDetected, pg.SerializationFailure)
"""What a transaction may meet when others write the same records; begun again, it sees what they did."""
