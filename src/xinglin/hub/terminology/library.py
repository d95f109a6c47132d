"""What is stored, and behind it what comes with Xinglin."""

from collections.abc import Sequence
from typing import cast

from xinglin.core.exact_json import Json, loads
from xinglin.hub.database import Connection
from xinglin.hub.terminology.system import StoredSystem, head_of
from xinglin.standards.terminology import BuiltIn, Coded, Mapping, MapQuery, System
from xinglin.standards.terminology.lexemes import natural

_FIND = """
SELECT number, version, status, content, lines, loaded IS NOT NULL FROM terminology
WHERE type = %s AND url = %s AND content IS NOT NULL
"""
_MAPS = """
SELECT number, content FROM terminology WHERE type = 'ConceptMap' AND content IS NOT NULL
    AND (%(url)s = '' OR url = %(url)s) AND (%(version)s = '' OR version = %(version)s)
    AND (%(source)s = '' OR split_part(source, '|', 1) = split_part(%(source)s, '|', 1))
    AND (%(target)s = '' OR split_part(target, '|', 1) = split_part(%(target)s, '|', 1))
ORDER BY number
"""
_LINES = """
SELECT t.url, m.source_system, m.source_code, m.target_system, m.target_code, m.equivalence, m.body::text
FROM mapping m JOIN terminology t ON t.number = m.map
WHERE m.map = ANY(%s) AND {side} IN (SELECT * FROM unnest(%s::text[], %s::text[]))
ORDER BY m.map, m.place
"""
_FROM = _LINES.format(side="(m.source_code, m.source_system)")
_TO = _LINES.format(side="(m.target_code, m.target_system)")

NUMBER = "_number"
"""Where a stored ConceptMap keeps its number while it is at hand."""

Row = tuple[int, str, str, str, int, bool]


class StoredLibrary:
    """The library of a hub, on a connection that the caller holds: never older than the last commit."""

    def __init__(self, connection: Connection, built_in: BuiltIn) -> None:
        self._connection = connection
        self._built_in = built_in

    async def system(self, url: str, version: str = "") -> System | None:
        """Give a code system, the newest where no version is said; stored ones come first."""
        rows = [one for one in await self._find("CodeSystem", url, version) if one[4]]
        contents = [(one, loads(one[3].encode())) for one in rows]
        # A supplement adds to a system; it isn't one.
        own = [(one, content) for one, content in contents if content.get("content") != "supplement"]
        if not own:
            return await self._built_in.system(url, version)
        (number, _, _, _, lines, loaded), content = own[-1]
        return StoredSystem(self._connection, number, head_of(content, loaded=loaded), lines)

    async def value_set(self, url: str, version: str = "") -> Json | None:
        """Give a ValueSet, the newest where no version is said; stored ones come first."""
        rows = await self._find("ValueSet", url, version)
        return loads(rows[-1][3].encode()) if rows else await self._built_in.value_set(url, version)

    async def _find(self, kind: str, url: str, version: str) -> list[Row]:
        """Give what is stored of `url`, the best last: in use before retired, then the newest version."""
        rows = cast("list[Row]", await (await self._connection.execute(_FIND, [kind, url])).fetchall())
        fit = [one for one in rows if version in {"", one[1]}]
        return sorted(fit, key=lambda one: (one[2] != "retired", natural(one[1]), one[0]))

    async def maps(self, query: MapQuery) -> Sequence[Json]:
        """Give the ConceptMaps meant, without their elements' lines."""
        asked = {
            "url": query.url,
            "version": query.version,
            "source": query.source,
            "target": query.target,
        }
        rows = await (await self._connection.execute(_MAPS, asked)).fetchall()
        stored = [
            {**loads(text.encode()), NUMBER: number} for number, text in cast("list[tuple[int, str]]", rows)
        ]
        if query.url and not query.version and stored:
            return [max(stored, key=lambda one: natural(str(one.get("version", ""))))]
        have = {one.get("url") for one in stored}
        return stored + [one for one in await self._built_in.maps(query) if one.get("url") not in have]

    async def mappings(
        self, maps: Sequence[Json], codings: Sequence[Coded], *, reverse: bool
    ) -> Sequence[Mapping]:
        """Give the lines of `maps` that start (`reverse`: end) at one of `codings`."""
        numbers = [one[NUMBER] for one in maps if NUMBER in one]
        found: list[Mapping] = []
        if numbers:
            args = [numbers, [one.code for one in codings], [one.system for one in codings]]
            rows = await (await self._connection.execute(_TO if reverse else _FROM, args)).fetchall()
            found = [line_of(row) for row in rows]
        rest = [one for one in maps if NUMBER not in one]
        return [*found, *await self._built_in.mappings(rest, codings, reverse=reverse)]


def line_of(row: Sequence[object]) -> Mapping:
    """Read a line of a concept map."""
    url, system, code, target_system, target, equivalence, text = cast(
        "tuple[str | None, str, str, str, str | None, str, str]", row
    )
    body: Json = loads(text.encode())
    return Mapping(
        url or "",
        Coded(system, code),
        target_system,
        target,
        body.get("display", ""),
        equivalence,
        tuple(body.get("product", ())),
        body.get("source", ""),
    )
