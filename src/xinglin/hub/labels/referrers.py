"""Which records refer to one, among the types that take over its classes."""

from collections.abc import Sequence
from functools import lru_cache
from typing import Final, cast

from xinglin.hub.database import Connection
from xinglin.hub.records import Key
from xinglin.hub.store import Store
from xinglin.standards.search import Extractor
from xinglin.standards.search.keys import self_key

_REFERRERS: Final = """
SELECT r.seq, t.name, r.id FROM resource r JOIN resource_type t ON t.code = r.type
WHERE r.type = ANY(%s::smallint[]) AND r.keys && %s::bigint[] AND r.seq > %s ORDER BY r.seq LIMIT %s
"""


async def referrers(
    connection: Connection, store: Store, key: Key, *, after: int, most: int
) -> Sequence[tuple[int, Key]]:
    """Give the next records, by change number, that refer to one and take over its classes."""
    follow = store.labelling.rules.follow.get(key.type)
    if follow is None:
        return ()
    types = sorted(follow.types)
    salts = {salt for kind in types for salt in _salts(store.parameters.extractor, kind, key.type)}
    own = self_key(*key)
    codes = [store.types[kind] for kind in types if kind in store.types]
    cursor = await connection.execute(_REFERRERS, [codes, sorted(own ^ salt for salt in salts), after, most])
    rows = cast("list[tuple[int, str, str]]", await cursor.fetchall())
    return [(seq, Key(kind, id_)) for seq, kind, id_ in rows]


@lru_cache(maxsize=4096)
def _salts(extractor: Extractor, kind: str, target: str) -> frozenset[int]:
    """Give the salts of references from records of a type to those of another."""
    parameters = extractor.registry.for_type(kind)
    lookups = extractor.plan(kind).lookups
    return frozenset(
        found.salt
        for code, one in parameters.items()
        if one.kind == "reference"
        for found in lookups.get(code, ())
        if found.target in {"", target}
    )
