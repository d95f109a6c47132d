"""The search parameters in use: the specification's, and those that SearchParameter records add.

`hub.search_generation` counts the changes; whoever writes or searches sees by it that another process has
added one. Records written before are indexed again by `reindex`.
"""

from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import cast

from xinglin.core.clock import now
from xinglin.core.exact_json import Json, dumps, loads
from xinglin.core.i18n import Phrase
from xinglin.core.telemetry import describe, logger
from xinglin.hub.database import Connection
from xinglin.hub.sight.membership import told_by
from xinglin.hub.sight.origins import origin_key, origin_of
from xinglin.standards.definitions import Definitions
from xinglin.standards.definitions import r4 as r4_definitions
from xinglin.standards.search import (
    Blind,
    Extractor,
    Index,
    KnownTerminology,
    Reading,
    Registry,
    Surroundings,
    r4,
)
from xinglin.standards.search.dates import to_micros
from xinglin.standards.search.errors import BadParameter

TYPE = "SearchParameter"

_GENERATION = "SELECT search_generation FROM hub"
_LOAD = """
SELECT url, content, types, target IS NOT NULL FROM search_parameter
WHERE content IS NOT NULL OR target IS NOT NULL ORDER BY url
"""
_ADD = """
INSERT INTO search_parameter (url, id, content, types, target)
VALUES (%s, %s, %s, %s, -1)
ON CONFLICT (url) DO UPDATE SET id = excluded.id, content = excluded.content, types = excluded.types,
    target = excluded.target, place = -1, done = 0
"""
_RETIRE = "UPDATE search_parameter SET content = NULL, target = NULL WHERE id = %s AND url <> %s"
COUNT_UP = "UPDATE hub SET search_generation = search_generation + 1"


@dataclass(frozen=True, slots=True)
class Pending:
    """A search parameter whose index is being made."""

    url: str
    code: str
    types: frozenset[str]


class Parameters:
    """What records are searched by, as far as this process knows. One for a process."""

    def __init__(self, definitions: Definitions, *, zone: str, base_url: str = "") -> None:
        """Search by the parameters and value sets of `definitions`."""
        self.reading = Reading(zone, base_url)
        self.generation = 0
        self._waiting = False
        self.pending: tuple[Pending, ...] = ()
        self._blind: Blind | None = None
        self._terminology = KnownTerminology(definitions)
        self._given = _with_packages(definitions)
        self._use(self._given)

    def _use(self, registry: Registry) -> None:
        self.registry = registry
        # Records that wait to be indexed again may have been so before anything was hidden.
        blind = None if self._blind is None else replace(self._blind, mixed=self._waiting)
        zone, base_url = self.reading.zone, self.reading.base_url
        self.extractor = Extractor(registry, zone=zone, base_url=base_url, blind=blind)

    def hide(self, blind: Blind | None) -> None:
        """Hide the values that `blind` says, from now on."""
        if blind != self._blind:
            self._blind = blind
            self._use(self.registry)

    def index(self, content: Json) -> Index:
        """Give the search values of a record, and the key of where the hub has it from."""
        index = self.extractor.extract(content)
        origin = origin_of(content)
        return index if origin is None else index._replace(keys=[*index.keys, origin_key(origin)])

    def around(self, moment: int | None = None) -> Surroundings:
        """Give what a search depends on besides the records; `moment` is now, in microseconds since 1970."""
        return Surroundings(to_micros(now()) if moment is None else moment, self.reading, self._terminology)

    @property
    def waiting(self) -> bool:
        """Whether records wait to be indexed again."""
        return self._waiting

    async def refresh(self, connection: Connection) -> None:
        """Learn what other processes have changed."""
        row = await (await connection.execute(_GENERATION)).fetchone()
        await self.keep_up(connection, cast("tuple[int]", row)[0])

    async def keep_up(self, connection: Connection, generation: int) -> None:
        """Learn the parameters of `generation` where they aren't known yet."""
        if generation == self.generation and not self._waiting:
            return
        rows = await (await connection.execute(_LOAD)).fetchall()
        every = cast("list[tuple[str, str | None, list[str], bool]]", rows)
        found = [(url, text, types, waits) for url, text, types, waits in every if text is not None]
        waited, self._waiting = self._waiting, any(waits for *_, waits in every)
        contents = [loads(text.encode()) for _, text, _, _ in found]
        if generation != self.generation:
            self._use(_extended(self._given, contents) if contents else self._given)
        elif waited != self._waiting and self._blind is not None:
            self._use(self.registry)
        self.pending = tuple(
            Pending(url, content["code"], frozenset(types))
            for (url, _, types, waits), content in zip(found, contents, strict=True)
            if waits
        )
        self.generation = generation

    async def change(self, connection: Connection, changes: Sequence[tuple[str, Json | None]]) -> None:
        """Take SearchParameter records that are being written, given by id; None for a deletion.

        Raises BadParameter where an active one can't be used.
        """
        for id_, content in changes:
            active = content is not None and content.get("status") == "active"
            if content is not None and active:
                types = self._check(content)
                await connection.execute(_RETIRE, [id_, content["url"]])
                text = dumps(_essence(content)).decode()
                await connection.execute(_ADD, [content["url"], id_, text, types])
            else:
                await connection.execute(_RETIRE, [id_, ""])
        await connection.execute(COUNT_UP)

    def _check(self, content: Json) -> list[str]:
        """Give the types that a parameter concerns. Raises BadParameter."""
        return _checked(self.registry, content)[1]


def _extended(registry: Registry, contents: Sequence[Json]) -> Registry:
    """Add parameters that were checked when they were stored.

    One that has come into conflict since, with a package's, is left out: it mustn't stop all writing.
    """
    try:
        return registry.with_parameters(contents)
    except BadParameter:
        for one in contents:
            try:
                registry = registry.with_parameters([one])
            except BadParameter as error:
                logger().warning("search parameter left out", **describe(error))
        return registry


def _with_packages(definitions: Definitions) -> Registry:
    """Add to R4's search parameters those of installed packages; one that can't be used is left out."""
    registry = r4()
    known = {one["url"] for one in r4_definitions().search_parameters}
    for one in definitions.search_parameters:
        if one["url"] not in known:
            try:
                registry, _ = _checked(registry, one)
            except BadParameter as error:
                logger().warning("search parameter of a package left out", **describe(error))
    return registry


def _checked(registry: Registry, content: Json) -> tuple[Registry, list[str]]:
    """Give the registry with a parameter added, and the types it concerns. Raises BadParameter."""
    added = registry.with_parameters([_essence(content)])
    bases = set(content["base"])
    types = sorted(added.types if bases & {"Resource", "DomainResource"} else bases)
    extractor = Extractor(added)
    for one in types:
        extractor.plan(one)
        _refuse_replacing(registry, added, one, content["url"])
    return added, types


def _refuse_replacing(registry: Registry, added: Registry, resource_type: str, url: str) -> None:
    """Make sure that the parameters stay as they are by which is told who may see a record."""
    for code in told_by(resource_type):
        standing = registry.get(resource_type, code)
        if standing is not None and added.get(resource_type, code) != standing:
            reason = Phrase("who may see a record is told by {name}, so it can't be replaced", name=code)
            raise BadParameter(url=url, reason=reason)


def _essence(content: Json) -> Json:
    """Give what searching needs of a SearchParameter."""
    names = ("url", "code", "base", "type", "expression", "target", "component")
    return {name: content[name] for name in names if name in content}
