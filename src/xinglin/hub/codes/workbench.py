"""The mapping workbench: which local codes wait, what they may mean, how far each source is."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any, cast

from xinglin.core.errors import TerminologyError
from xinglin.hub.codes import decisions as decided
from xinglin.hub.codes.decisions import Decided
from xinglin.hub.codes.seen import fold
from xinglin.hub.database import Connection
from xinglin.hub.hub import Hub
from xinglin.standards.labitems.local import Local
from xinglin.standards.labitems.ranker import Candidate, Ranker, best
from xinglin.standards.labitems.sketch import Sketch

MOST = 1_000
"""Codes that one list gives."""

# A code may come with several units: the commonest one speaks for it.
_CODES = """
SELECT system, code, min(source), (array_agg(display ORDER BY count DESC))[1],
    (array_agg(unit ORDER BY count DESC))[1], (array_agg(specimen ORDER BY count DESC))[1],
    (array_agg(l.sketch ORDER BY count DESC))[1], sum(count)::bigint, min(first_seen), max(last_seen),
    (array_agg(m.target))[1]
FROM local_code l LEFT JOIN code_map m USING (system, code)
"""
_GROUPED = " GROUP BY system, code"
_UNMAPPED = f"""{_CODES} WHERE m.target IS NULL AND (%(source)s::text IS NULL OR source = %(source)s)
{_GROUPED} ORDER BY 8 DESC, 1, 2 LIMIT %(most)s OFFSET %(skip)s"""
_ALL = f"""{_CODES} WHERE %(source)s::text IS NULL OR source = %(source)s
{_GROUPED} ORDER BY 1, 2 LIMIT %(most)s OFFSET %(skip)s"""
_ONE = f"""{_CODES} WHERE source = %(source)s AND code = %(code)s
AND (%(system)s::text IS NULL OR system = %(system)s) {_GROUPED} ORDER BY 1 LIMIT 2"""
_REPORT = """
SELECT source, count(*), count(m.target), sum(n)::bigint,
    coalesce(sum(n) FILTER (WHERE m.target IS NOT NULL), 0)::bigint
FROM (SELECT source, system, code, sum(count) AS n FROM local_code GROUP BY 1, 2, 3) l
LEFT JOIN code_map m USING (system, code)
WHERE %(source)s::text IS NULL OR source = %(source)s GROUP BY source ORDER BY source
"""


class UnknownCode(TerminologyError):
    """A local code that was never seen."""

    code = "XL8110"
    message = "{source} has never sent the code {code}."
    remedy = "List its codes with `xinglin codes export`; codes appear when records with them have come in."
    status = 404
    issue = "not-found"


class AmbiguousCode(TerminologyError):
    """A local code that stands in several code systems of its source."""

    code = "XL8111"
    message = "{source} has the code {code} in several code systems: {systems}."
    remedy = "Say which one is meant with --system (or `system`)."
    status = 409
    issue = "multiple-matches"


@dataclass(frozen=True, slots=True)
class LocalCode:
    """A local code as it was seen; `target` is the item that it is mapped to, None while it has none."""

    system: str
    code: str
    source: str
    display: str
    unit: str
    specimen: str
    sketch: Sketch
    count: int
    first_seen: datetime
    last_seen: datetime
    target: str | None

    @property
    def local(self) -> Local:
        """What the ranker is told."""
        return Local(self.code, self.display, self.unit, self.specimen, self.sketch)


@dataclass(frozen=True, slots=True)
class Standing:
    """How far a source is: codes and codings, all and mapped."""

    source: str
    codes: int
    mapped_codes: int
    codings: int
    mapped_codings: int


@dataclass(frozen=True, slots=True)
class Bench:
    """One local code with all that an officer needs to decide on it."""

    local: LocalCode
    candidates: Sequence[Candidate]
    decisions: Sequence[Decided]


async def unmapped(
    hub: Hub, *, source: str | None = None, most: int = MOST, skip: int = 0
) -> list[LocalCode]:
    """Give the local codes without a mapping, the most frequent first."""
    return await _list(hub, _UNMAPPED, source=source, most=most, skip=skip)


async def all_codes(
    hub: Hub, *, source: str | None = None, most: int = MOST, skip: int = 0
) -> list[LocalCode]:
    """Give all local codes, in order of their systems."""
    return await _list(hub, _ALL, source=source, most=most, skip=skip)


async def bench(hub: Hub, *, source: str, code: str, system: str | None = None, most: int = 5) -> Bench:
    """Give a local code with its candidates. Raises UnknownCode or AmbiguousCode."""
    local = await one(hub, source=source, code=code, system=system)
    async with hub.database.connection() as connection:
        ranker = Ranker(learned=await decided.learned(connection))
        without = await decided.rejected(connection, local.system, local.code)
        made = await decided.history(connection, local.system, local.code)
    return Bench(local, ranker.candidates(local.local, most=most, without=without), made)


async def one(hub: Hub, *, source: str, code: str, system: str | None = None) -> LocalCode:
    """Give a local code. Raises UnknownCode or AmbiguousCode."""
    await fold_all(hub)
    async with hub.database.connection() as connection:
        cursor = await connection.execute(_ONE, {"source": source, "code": code, "system": system})
        rows = [_code(row) for row in await cursor.fetchall()]
    if not rows:
        raise UnknownCode(source=source, code=code)
    if len(rows) > 1:
        raise AmbiguousCode(source=source, code=code, systems=", ".join(row.system for row in rows))
    return rows[0]


async def proposals(hub: Hub, codes: Sequence[LocalCode]) -> list[tuple[LocalCode, Candidate | None]]:
    """Give each code with the candidate that is good enough to propose, if there is one."""
    async with hub.database.connection() as connection:
        ranker = Ranker(learned=await decided.learned(connection))
        found: list[tuple[LocalCode, Candidate | None]] = []
        for one_code in codes:
            without = await decided.rejected(connection, one_code.system, one_code.code)
            found.append((one_code, best(ranker.candidates(one_code.local, most=1, without=without))))
    return found


async def report(hub: Hub, *, source: str | None = None) -> list[Standing]:
    """Tell how far each source is."""
    await fold_all(hub)
    async with hub.database.connection() as connection:
        rows = await (await connection.execute(_REPORT, {"source": source})).fetchall()
    return [Standing(*cast("tuple[str, int, int, int, int]", row)) for row in rows]


async def fold_all(hub: Hub) -> None:
    """Add all notes of intake to the codes seen."""

    async def work(connection: Connection) -> int:
        return await fold(connection)

    while await hub.transaction(work):
        pass


async def _list(hub: Hub, query: Any, **parameters: object) -> list[LocalCode]:
    await fold_all(hub)
    async with hub.database.connection() as connection:
        rows = await (await connection.execute(query, parameters)).fetchall()
    return [_code(row) for row in rows]


def _code(row: Sequence[Any]) -> LocalCode:
    system, code, source, display, unit, specimen, sketch, count, first, last, target = row
    return LocalCode(
        system, code, source, display, unit, specimen, Sketch.of(sketch), count, first, last, target
    )
