"""Loading a whole code system: its header as a record, its concepts beside it, in one transaction."""

from collections.abc import Callable
from dataclasses import dataclass
from enum import Enum
from hashlib import blake2b
from typing import TYPE_CHECKING, cast

from xinglin.core.exact_json import Json, dumps
from xinglin.hub.changes import Action, Delete, Update, carry_out, resolve
from xinglin.hub.database import Connection
from xinglin.hub.records import Key, Record
from xinglin.hub.terminology.rows import clean, replace_concepts
from xinglin.standards.terminology.errors import UnknownSystem
from xinglin.standards.terminology.loading import Release
from xinglin.standards.terminology.model import Head
from xinglin.standards.terminology.reading import concept_json

if TYPE_CHECKING:
    from xinglin.hub.hub import Hub

FORM = 1
"""Counted up when the rows that are made of a concept change, so that loading again makes them anew."""

_KNOWN = """
SELECT id, loaded FROM terminology WHERE type = 'CodeSystem' AND url = %s AND version = %s
ORDER BY number LIMIT 1
"""
_NUMBER = "SELECT number FROM terminology WHERE type = 'CodeSystem' AND id = %s"
_LIST = """
SELECT url, version, coalesce(content::jsonb->>'title', content::jsonb->>'name', ''), lines,
    loaded IS NOT NULL, id
FROM terminology WHERE type = 'CodeSystem' AND url IS NOT NULL AND content IS NOT NULL ORDER BY url, version
"""


class Outcome(Enum):
    """What became of a load."""

    ADDED = "added"
    REPLACED = "replaced"
    UNCHANGED = "unchanged"


@dataclass(frozen=True, slots=True)
class Listed:
    """A stored code system. `loaded`: its concepts came from a file."""

    url: str
    version: str
    title: str
    concepts: int
    loaded: bool
    id: str


async def load(hub: "Hub", release: Release, progress: Callable[[int], None] = lambda _: None) -> Outcome:
    """Store a code system, all or nothing; the same one again changes nothing.

    `progress` is told how many more concepts are done. Raises TerminologyError or DatabaseError.
    """
    header: Json = clean(release.header)
    mark = fingerprint(release)

    async def work(connection: Connection) -> tuple[Outcome, Record | None]:
        # A load may take longer than any request.
        await connection.execute("SET LOCAL statement_timeout = 0")
        # The index takes large batches sorted, the larger the better.
        await connection.execute("SET LOCAL work_mem = '128MB'")
        await connection.execute("SET LOCAL maintenance_work_mem = '256MB'")
        row = await (await connection.execute(_KNOWN, [header["url"], header.get("version", "")])).fetchone()
        id_, loaded = cast("tuple[str, str | None]", row or (record_id(header), None))
        if loaded == mark:
            return Outcome.UNCHANGED, None
        change = Update("CodeSystem", Key("CodeSystem", id_), content={**header, "id": id_})
        change = hub.admission.check(change)
        done = await carry_out(connection, hub.store, await resolve(connection, [change], hub.match))
        number = cast("tuple[int]", await (await connection.execute(_NUMBER, [id_])).fetchone())[0]
        head = Head.of(header)
        await replace_concepts(connection, number, release.concepts, head, loaded=mark, progress=progress)
        written = None if done[0].action is Action.UNCHANGED else done[0].record
        return (Outcome.REPLACED if row else Outcome.ADDED), written

    outcome, record = await hub.transaction(work)
    if record is not None:
        hub.written([record])
    if outcome is not Outcome.UNCHANGED:
        async with hub.database.connection() as connection:
            await connection.execute("ANALYZE concept")
    return outcome


def record_id(header: Json) -> str:
    """Give the id of the record that a system and version is kept under."""
    name = f"{header['url']}|{header.get('version', '')}"
    return "loaded-" + blake2b(name.encode(), digest_size=16).hexdigest()


def fingerprint(release: Release) -> str:
    """Give what tells this content from another."""
    made = blake2b(dumps([FORM, release.header]), digest_size=16)
    for one in release.concepts:
        made.update(dumps([concept_json(one), one.parents]))
    return made.hexdigest()


async def listed(connection: Connection) -> list[Listed]:
    """Give the stored code systems."""
    rows = await (await connection.execute(_LIST)).fetchall()
    return [Listed(*row) for row in cast("list[tuple[str, str, str, int, bool, str]]", rows)]


async def remove(hub: "Hub", url: str, version: str) -> Listed:
    """Delete a stored code system and its concepts. Raises UnknownSystem."""
    async with hub.database.connection() as connection:
        found = [one for one in await listed(connection) if (one.url, one.version) == (url, version)]
    if not found:
        raise UnknownSystem(url=f"{url}|{version}" if version else url)
    await hub.change(Delete("CodeSystem", Key("CodeSystem", found[0].id)))
    return found[0]
