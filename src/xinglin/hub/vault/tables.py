"""The tables that hold sealed values, and bringing some of their rows to the newest key."""

from dataclasses import dataclass
from typing import Final, LiteralString, cast

from psycopg.types.json import Jsonb

from xinglin.hub.database import Connection
from xinglin.hub.intake import refused
from xinglin.hub.records import Key
from xinglin.hub.store import Store
from xinglin.hub.vault.frames import key_number
from xinglin.hub.vault.vault import EVERYTHING, IDENTIFYING, Vault

_BODIES: Final[LiteralString] = """
SELECT seq, type, id, version, body FROM {table}
WHERE seq > %s AND seq < %s AND type = ANY(%s::smallint[]) AND body IS NOT NULL
ORDER BY seq LIMIT %s FOR UPDATE
"""
_SET_BODY: Final[LiteralString] = "UPDATE {table} SET body = %s WHERE seq = %s"
_EVER_ALL: Final = "SELECT EXISTS (SELECT FROM vault_key WHERE purpose = 'data' AND scope = 'all')"
_FEATURES: Final = """
SELECT number, body, keys FROM person_feature WHERE number > %s ORDER BY number LIMIT %s FOR UPDATE
"""
_SET_FEATURE: Final = "UPDATE person_feature SET body = %s, keys = %s WHERE number = %s"
_DROP_KEYS: Final = "DELETE FROM person_key WHERE number = %s"
_SET_KEYS: Final = (
    "INSERT INTO person_key (key, number) SELECT unnest(%s::bigint[]), %s ON CONFLICT DO NOTHING"
)
_WORN: Final = "SELECT key FROM person_worn"
_SET_WORN: Final = "UPDATE person_worn SET key = %s WHERE key = %s"
_REFUSED: Final = """
SELECT number, format, head, raw, corrected, texts FROM refused WHERE number > %s ORDER BY number LIMIT %s
FOR UPDATE
"""
_SET_REFUSED: Final = """
UPDATE refused SET head = %s, raw = %s, corrected = %s, texts = %s, hash = %s WHERE number = %s
"""
_DICTIONARIES: Final = "SELECT id, content FROM dictionary WHERE id > %s ORDER BY id LIMIT %s FOR UPDATE"
_SET_DICTIONARY: Final = "UPDATE dictionary SET content = %s WHERE id = %s"


@dataclass(frozen=True, slots=True)
class Renewed:
    """What a step did: the number of the last row it looked at, how many it saw, how many it changed."""

    place: int
    seen: int
    changed: int


async def resources(
    connection: Connection, store: Store, place: int, target: int, most: int
) -> Renewed | None:
    """Bring current versions to the newest key; None where none are left."""
    return await _bodies("resource", connection, store, place=place, target=target, most=most)


async def history(connection: Connection, store: Store, place: int, target: int, most: int) -> Renewed | None:
    """Bring earlier versions to the newest key."""
    return await _bodies("resource_history", connection, store, place=place, target=target, most=most)


async def _bodies(
    table: LiteralString, connection: Connection, store: Store, *, place: int, target: int, most: int
) -> Renewed | None:
    types = await _types(connection, store)
    cursor = await connection.execute(_BODIES.format(table=table), [place, target, types, most], binary=True)
    rows = cast("list[tuple[int, int, str, int, bytes]]", await cursor.fetchall())
    if not rows:
        return None
    vault, names = store.vault, store.type_names
    due = [row for row in rows if is_due(vault, row[-1], sealed=vault.hides(names[row[1]]))]
    opened = await store.open_bodies(connection, [row[1:] for row in due])
    new = [
        (store.pack(Key(names[kind], id_), version, body), seq)
        for (seq, kind, id_, version, _), body in zip(due, opened, strict=True)
    ]
    await connection.cursor().executemany(_SET_BODY.format(table=table), new)
    return Renewed(rows[-1][0], len(rows), len(due))


async def _types(connection: Connection, store: Store) -> list[int]:
    """Give the types that are encrypted, or ever were."""
    row = await (await connection.execute(_EVER_ALL)).fetchone()
    return [code for name, code in store.types.items() if row == (True,) or name in IDENTIFYING]


def is_due(vault: Vault, frame: bytes, *, sealed: bool) -> bool:
    """Tell whether a frame isn't as it would be written now."""
    return key_number(frame) != (vault.number if sealed else None)


async def features(
    connection: Connection, store: Store, place: int, target: int, most: int
) -> Renewed | None:
    """Bring what identity compares to the newest key; what stood open gets its keys hidden, too."""
    del target
    vault = store.vault
    found = await (await connection.execute(_FEATURES, [place, most], binary=True)).fetchall()
    rows = cast("list[tuple[int, bytes, list[int]]]", found)
    due = [row for row in rows if is_due(vault, row[1], sealed=True)]
    for number, frame, keys in due:
        if key_number(frame) is None:
            keys = sorted(map(vault.hidden, keys))  # noqa: PLW2901 - the row's keys as they shall be
            await connection.execute(_DROP_KEYS, [number])
            await connection.execute(_SET_KEYS, [keys, number])
        body = vault.unseal(frame, "person_feature", number)
        await connection.execute(
            _SET_FEATURE, [vault.seal_always(body, "person_feature", number), keys, number]
        )
    return Renewed(rows[-1][0], len(rows), len(due)) if rows else None


async def hide_worn(connection: Connection, vault: Vault) -> None:
    """Hide the keys of numbers that aren't trusted any more; once, when there are first keys."""
    rows = cast("list[tuple[int]]", await (await connection.execute(_WORN)).fetchall())
    await connection.cursor().executemany(_SET_WORN, [(vault.hidden(key), key) for (key,) in rows])


async def refused_items(
    connection: Connection, store: Store, place: int, target: int, most: int
) -> Renewed | None:
    """Bring the refused queue to the newest key."""
    del target
    vault = store.vault
    found = await (await connection.execute(_REFUSED, [place, most], binary=True)).fetchall()
    rows = cast("list[tuple[int, str, bytes, bytes, bytes | None, object]]", found)
    for number, form, *kept, texts in rows:
        head, raw, corrected = (None if one is None else refused.unseal(vault, one) for one in kept)
        told = refused.open_texts(vault, texts)
        await connection.execute(
            _SET_REFUSED,
            [
                *(None if one is None else refused.seal(vault, one) for one in (head, raw, corrected)),
                Jsonb(refused.seal_texts(vault, told)),
                refused.fingerprint(vault, form, head or b"", raw or b""),
                number,
            ],
        )
    return Renewed(rows[-1][0], len(rows), len(rows)) if rows else None


async def dictionaries(
    connection: Connection, store: Store, place: int, target: int, most: int
) -> Renewed | None:
    """Encrypt dictionaries where all records are: they hold pieces of them."""
    del target
    vault = store.vault
    found = await (await connection.execute(_DICTIONARIES, [place, most], binary=True)).fetchall()
    rows = cast("list[tuple[int, bytes]]", found)
    hidden = vault.scope == EVERYTHING
    due = [row for row in rows if is_due(vault, row[1], sealed=hidden)]
    for number, frame in due:
        content = vault.unseal(frame, "dictionary", number)
        kept = vault.seal(content, "dictionary", number) if hidden else content
        await connection.execute(_SET_DICTIONARY, [kept, number])
    return Renewed(rows[-1][0], len(rows), len(due)) if rows else None
