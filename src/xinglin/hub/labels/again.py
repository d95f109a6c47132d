"""Deriving the labels of stored records again, in their place: versions, times and change numbers stay.

FHIR lets labels change without a new version (http://hl7.org/fhir/R4/resource-operation-meta-add.html);
who follows the change sequence has nothing to learn from them, as every hub derives its own. Earlier versions
are labelled as well, for they are read too; each gets what it says itself, and what the present one has.
"""

from collections.abc import Sequence
from typing import Any, Final, cast

from xinglin.core.exact_json import Json, dumps, loads
from xinglin.hub.database import Connection
from xinglin.hub.records import Draft, Key, Record, stamped
from xinglin.hub.store import Indexed, Store
from xinglin.standards.confidentiality import classes_among, labelled

_KEEP_UP: Final = "SELECT generation, keys FROM change_start()"
_PAST: Final = """
SELECT h.seq, t.name, h.id, h.version, h.body FROM unnest(%s::smallint[], %s::text[]) AS k(type, id)
JOIN resource_history h USING (type, id) JOIN resource_type t ON t.code = h.type
WHERE h.body IS NOT NULL ORDER BY h.seq
"""
_REWRITE_PAST: Final = "UPDATE resource_history SET body = %s WHERE seq = %s"


async def derive_again(connection: Connection, store: Store, keys: Sequence[Key]) -> int:
    """Give records the labels that they get now, in the caller's transaction; tell how many changed."""
    generation, sealing = cast("tuple[int, int]", await (await connection.execute(_KEEP_UP)).fetchone())
    await store.keep_up(connection, sealing)
    await store.parameters.keep_up(connection, generation)
    current = await store.current(connection, keys, lock=True)
    drafts = [Draft(key, one.content, one) for key, one in sorted(current.items()) if not one.deleted]
    made, indexes = await store.labelling.put_on(connection, drafts, store.parameters.index)
    changed: list[Indexed] = []
    for draft, index in zip(made, indexes, strict=True):
        record = current[draft.key]
        body = _body(draft.content or {}, record)
        if body != record.body:
            changed.append((Record(record.key, record.version, record.updated, record.seq, body), index))
    if changed:
        await store.rewrite(connection, changed)
    present = {one.key: one.content or {} for one in made}
    return len(changed) + await _past(connection, store, sorted(current), present)


def _body(content: Json, record: Record) -> bytes:
    return dumps(stamped(content, record.key, record.version, record.updated))


async def _past(connection: Connection, store: Store, keys: Sequence[Key], present: dict[Key, Json]) -> int:
    """Label earlier versions; where there is no present one, with what they had besides."""
    columns = [[store.types[one.type] for one in keys], [one.id for one in keys]]
    rows = cast(
        "list[tuple[int, str, str, int, bytes]]",
        await (await connection.execute(_PAST, columns, binary=True)).fetchall(),
    )
    changed: list[tuple[bytes, int]] = []
    for (seq, kind, id_, version, _), body in zip(
        rows, await store.open_bodies(connection, [row[1:] for row in rows]), strict=True
    ):
        content: Json = loads(body)
        key = Key(kind, id_)
        new = dumps(_with_labels(store, content, present.get(key, content)))
        if new != body:
            changed.append((store.pack(key, version, new), seq))
    if changed:
        await connection.cursor().executemany(_REWRITE_PAST, changed)
    return len(changed)


def _with_labels(store: Store, content: Json, present: Json) -> Json:
    """Label an earlier version, its members in the order in which they stand."""
    rules, today = store.labelling.rules, store.labelling.today
    security: Any = present.get("meta", {}).get("security", [])
    made = labelled(rules, content, today, classes_among(rules, security))
    return {name: made[name] for name in content} | made
