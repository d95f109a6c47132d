"""Concepts and map lines as rows: what keeps the tables of terminology true to the records.

`keys` of a concept holds what it is found by. Names stand as they are (`standards.terminology.lexemes`);
the rest is marked by a first character that no name can have.
"""

from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from itertools import islice
from typing import Any, cast

from psycopg.errors import ProgramLimitExceeded

from xinglin.core.exact_json import Json, dumps, loads
from xinglin.core.i18n import Phrase
from xinglin.hub.database import Connection
from xinglin.hub.records import Key
from xinglin.standards.terminology import reading
from xinglin.standards.terminology.errors import BadResource
from xinglin.standards.terminology.lexemes import ancestors_of, lexemes
from xinglin.standards.terminology.model import Concept, Designation, Head, Property

TYPES = frozenset({"CodeSystem", "ValueSet", "ConceptMap"})

ANCESTOR, PARENT, PROPERTY, FOLDED = "\x01", "\x02", "\x03", "\x04"
"""First characters of keys: a code above, the one right above, `name=value`, the code without case."""

LONGEST_VALUE = 200
"""Characters of a property's value that its key holds."""

BATCH = 2_000
"""Concepts between two reports of progress."""

_WRITE = """
INSERT INTO terminology (type, id, url, version, status, source, target, content)
VALUES (%s, %s, %s, %s, %s, %s, %s, %s)
ON CONFLICT (type, id) DO UPDATE SET url = excluded.url, version = excluded.version,
    status = excluded.status, source = excluded.source, target = excluded.target,
    content = excluded.content, changed = now()
RETURNING number, loaded
"""
_REMOVE = "DELETE FROM terminology WHERE type = %s AND id = %s"
_EMPTY = "DELETE FROM concept WHERE system = %s"
_COUNT = "UPDATE terminology SET lines = %s, loaded = %s WHERE number = %s"
_COPY_CONCEPTS = "COPY concept (id, system, code, body, keys) FROM STDIN"
_COPY_LINES = """
COPY mapping (map, place, source_system, source_code, target_system, target_code, equivalence, body)
FROM STDIN
"""
_UNREAD = (
    "SELECT t.type, t.id, r.version, r.body FROM terminology t JOIN resource_type k ON k.name = t.type "
    "JOIN resource r ON r.type = k.code AND r.id = t.id "
    "WHERE t.content IS NULL AND r.body IS NOT NULL LIMIT 100 FOR UPDATE OF t SKIP LOCKED"
)


async def change(connection: Connection, changes: Sequence[tuple[Key, Json | None]]) -> None:
    """Take records that are being written; None for a deletion. In the transaction that writes them."""
    for key, content in changes:
        if key.type in TYPES:
            try:
                await _change(connection, key, content)
            except ProgramLimitExceeded:
                detail = Phrase("an address, a code or a property is too long")
                raise BadResource(kind=key.type, detail=detail) from None
            except (AttributeError, KeyError, TypeError):
                # Only where validation is off can elements be of another kind than FHIR says.
                detail = Phrase("its elements aren't what FHIR asks")
                raise BadResource(kind=key.type, detail=detail) from None


async def _change(connection: Connection, key: Key, content: Json | None) -> None:
    if content is None:
        await connection.execute(_REMOVE, [key.type, key.id])
        return
    content = cast("Json", clean(content))
    bulk = {"CodeSystem": "concept", "ConceptMap": "group"}.get(key.type, "")
    cursor = await connection.execute(
        _WRITE,
        [
            *(key.type, key.id, content.get("url"), content.get("version", ""), content.get("status", "")),
            content.get("sourceUri") or content.get("sourceCanonical"),
            content.get("targetUri") or content.get("targetCanonical"),
            dumps(reading.without(content, bulk) if bulk else content).decode(),
        ],
    )
    number, loaded = cast("tuple[int, str | None]", await cursor.fetchone())
    # A header without concepts keeps those that were loaded for it.
    if key.type == "CodeSystem" and (content.get("concept") or loaded is None):
        await replace_concepts(connection, number, reading.concepts_of(content), Head.of(content))
    elif key.type == "ConceptMap":
        await _replace_lines(connection, number, content)


async def replace_concepts(
    connection: Connection,
    number: int,
    concepts: Sequence[Concept],
    head: Head,
    *,
    loaded: str | None = None,
    progress: Callable[[int], None] = lambda _: None,
) -> None:
    """Put `concepts` in the place of what the system had; `progress` is told how many more are done."""
    await connection.execute(_EMPTY, [number])
    if concepts:
        above = ancestors_of({one.code: one.parents for one in concepts})
        rows = _rows(concepts, number, above, head)
        async with connection.cursor().copy(_COPY_CONCEPTS) as copy:
            while batch := list(islice(rows, BATCH)):
                await copy.write("".join(batch))
                progress(len(batch))
        if len(concepts) >= BATCH:
            # What waits in the index's list makes the planner shun the index.
            await connection.execute("SELECT gin_clean_pending_list('concept_keys')")
    await connection.execute(_COUNT, [len(concepts), loaded, number])


def _rows(
    concepts: Iterable[Concept], number: int, above: Mapping[str, frozenset[str]], head: Head
) -> Iterator[str]:
    for place, one in enumerate(concepts):
        body = (
            {**reading.concept_json(one), "parents": one.parents}
            if one.parents
            else reading.concept_json(one)
        )
        keys = keys_of(one, above[one.code], fold=not head.case_sensitive)
        texts = (str(number << 32 | place), str(number), one.code, dumps(body).decode(), vector(keys))
        yield "\t".join(map(_copied, texts)) + "\n"


def keys_of(concept: Concept, above: Iterable[str], *, fold: bool) -> set[str]:
    """Give all that a concept is found by."""
    keys = set(lexemes(concept))
    keys.update(ANCESTOR + code[:LONGEST_VALUE] for code in above)
    keys.update(PARENT + code[:LONGEST_VALUE] for code in concept.parents)
    keys.update(property_key(one.code, one.text) for one in concept.properties)
    if fold:
        keys.add(FOLDED + concept.code.casefold())
    return keys


def property_key(name: str, value: str) -> str:
    """Give the key of a property's value."""
    return f"{PROPERTY}{name}={value[:LONGEST_VALUE]}"


def vector(keys: Iterable[str]) -> str:
    """Write keys as a tsvector."""
    return " ".join(map(quoted, keys))


def quoted(key: str) -> str:
    """Write one key for a tsvector or tsquery."""
    return "'" + key.replace("\\", "\\\\").replace("'", "''") + "'"


_SPECIAL = str.maketrans({"\\": "\\\\", "\t": "\\t", "\n": "\\n", "\r": "\\r"})


def _copied(text: str) -> str:
    """Write a value for COPY's text format."""
    return text.translate(_SPECIAL)


async def _replace_lines(connection: Connection, number: int, content: Json) -> None:
    await connection.execute("DELETE FROM mapping WHERE map = %s", [number])
    lines = list(reading.mappings_of(content))
    if lines:
        async with connection.cursor().copy(_COPY_LINES) as copy:
            for place, one in enumerate(lines):
                body = {"display": one.target_display, "source": one.source_display, "product": one.products}
                row = (number, place, *one.source, one.target_system, one.target_code, one.equivalence)
                await copy.write_row((*row, dumps(body).decode()))
    await connection.execute(_COUNT, [len(lines), None, number])


def concept_of(body: Json) -> Concept:
    """Read a concept's row."""
    return Concept(
        code=body["code"],
        display=body.get("display", ""),
        definition=body.get("definition", ""),
        designations=tuple(
            Designation(one["value"], one.get("language", ""), one.get("use"))
            for one in body.get("designation", ())
        ),
        properties=tuple(
            Property(one["code"], kind, value)
            for one in body.get("property", ())
            for kind, value in one.items()
            if kind.startswith("value")
        ),
        parents=tuple(body.get("parents", ())),
    )


async def read_unread(connection: Connection, open_bodies: Callable[..., Any]) -> int:
    """Take records that were stored before these tables were; give how many. In a transaction."""
    rows = await (await connection.execute(_UNREAD, binary=True)).fetchall()
    found = cast("list[tuple[str, str, int, bytes]]", rows)
    bodies = await open_bodies(connection, found)
    await change(
        connection,
        [(Key(kind, id_), loads(body)) for (kind, id_, *_), body in zip(found, bodies, strict=True)],
    )
    return len(found)


def clean(value: Any) -> Any:
    """Give a value without the character 0, which PostgreSQL can't hold."""
    if isinstance(value, str):
        return value.replace("\0", "")
    if isinstance(value, dict):
        return {clean(key): clean(one) for key, one in cast("Json", value).items()}
    if isinstance(value, list):
        return [clean(one) for one in cast("list[Any]", value)]
    return value
