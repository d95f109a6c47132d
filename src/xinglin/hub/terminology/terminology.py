"""The terminology of a hub: what other rooms and the API ask."""

from collections.abc import AsyncGenerator, Sequence
from contextlib import asynccontextmanager
from itertools import chain
from typing import cast

from xinglin.core.exact_json import Json
from xinglin.core.settings import Settings
from xinglin.hub.database import Connection, Database
from xinglin.hub.installed import definitions
from xinglin.hub.terminology.library import StoredLibrary, line_of
from xinglin.standards import terminology as engine
from xinglin.standards.datasets import tables
from xinglin.standards.labitems import fhir as labitems
from xinglin.standards.terminology import (
    AskedExpansion,
    AskedLookup,
    AskedSubsumption,
    AskedTranslation,
    AskedValidation,
    BuiltIn,
    Coded,
    Mapping,
)
from xinglin.standards.terminology.translate import NO_MATCH

_EVERY_LINE = """
SELECT t.url, m.source_system, m.source_code, m.target_system, m.target_code, m.equivalence, m.body::text
FROM mapping m JOIN terminology t ON t.number = m.map
WHERE t.status = 'active' AND m.target_code IS NOT NULL AND NOT m.equivalence = ANY(%s)
    AND (%s::text[] IS NULL OR m.source_system = ANY(%s))
ORDER BY t.url, t.number, m.place
"""


def built_in(settings: Settings) -> BuiltIn:
    """Give what comes with Xinglin and its installed packages."""
    return BuiltIn(definitions(settings), lambda: chain(tables.resources(), labitems.resources()))


class Terminology:
    """Answers questions about codes. On `connection` its transaction's own writes are seen."""

    def __init__(self, database: Database, built_in: BuiltIn) -> None:
        self._database = database
        self.built_in = built_in

    @asynccontextmanager
    async def library(self, connection: Connection | None = None) -> AsyncGenerator[StoredLibrary]:
        """Lend the library, for the functions of `standards.terminology`."""
        async with self._database.connection(connection) as used:
            yield StoredLibrary(used, self.built_in)

    async def lookup(self, asked: AskedLookup, connection: Connection | None = None) -> Json:
        """Tell what is known of a code. Raises TerminologyError."""
        async with self.library(connection) as library:
            return await engine.lookup(library, asked)

    async def validate_code(
        self, asked: AskedValidation, language: str, connection: Connection | None = None
    ) -> Json:
        """Judge a code. Raises TerminologyError."""
        async with self.library(connection) as library:
            return await engine.validate_code(library, asked, language)

    async def expand(self, asked: AskedExpansion, connection: Connection | None = None) -> Json:
        """Give the codes of a value set. Raises TerminologyError."""
        async with self.library(connection) as library:
            return await engine.expand(library, asked)

    async def translate(
        self, asked: AskedTranslation, language: str, connection: Connection | None = None
    ) -> Json:
        """Give the counterparts of a code. Raises TerminologyError."""
        async with self.library(connection) as library:
            return await engine.translate(library, asked, language)

    async def subsumes(self, asked: AskedSubsumption, connection: Connection | None = None) -> Json:
        """Tell which of two codes is the wider. Raises TerminologyError."""
        async with self.library(connection) as library:
            return await engine.subsumes(library, asked)

    async def load_maps(
        self, connection: Connection | None = None, systems: Sequence[str] | None = None
    ) -> dict[Coded, list[Mapping]]:
        """Give all lines of active stored maps, by the code they start from, for work in bulk.

        `systems` bounds the source systems. Lines that say that there is no counterpart are left out.
        """
        wanted = None if systems is None else list(systems)
        found: dict[Coded, list[Mapping]] = {}
        async with self._database.connection(connection) as used:
            cursor = await used.execute(_EVERY_LINE, [sorted(NO_MATCH), wanted, wanted])
            for row in cast("list[Sequence[object]]", await cursor.fetchall()):
                line = line_of(row)
                found.setdefault(line.source, []).append(line)
        return found
