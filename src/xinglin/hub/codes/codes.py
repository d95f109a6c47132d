"""The standardiser of intake: what the accepted mappings make of a record before it is stored.

One `Codes` for a process. For each piece: `await codes.refresh(connection, namespace)` first in the piece's
transaction, `codes.apply(resource, origin, counts)` for every fact, `await note(connection, source, counts)`
at its end.
"""

from collections import OrderedDict
from collections.abc import Mapping, Sequence
from typing import Final, cast

from xinglin.core.exact_json import Json
from xinglin.hub.codes.seen import Counts
from xinglin.hub.database import Connection
from xinglin.standards.conversion.model import CODES, Origin
from xinglin.standards.labitems.standard import Seen, standardised
from xinglin.standards.labitems.table import Item, table

NAMESPACES: Final = 256
"""How many institutions' mappings a process remembers."""

Maps = Mapping[tuple[str, str], Item]

# Taking a transaction number first makes sure that what is stored by old mappings has a change number below
# the target of the work that follows a decision (see `work.py`).
_NEWEST = "SELECT coalesce(max(id), 0) FROM code_decision"
_TAKE_NUMBER = "SELECT pg_current_xact_id()"
_MAPS = "SELECT system, code, target FROM code_map WHERE system >= %s AND system < %s"


class Codes:
    """The accepted mappings, and what they make of records."""

    def __init__(self) -> None:
        self._newest = -1
        self._maps: OrderedDict[str, Maps] = OrderedDict()

    async def refresh(self, connection: Connection, namespace: str) -> None:
        """Learn the mappings of an institution's codes, where they aren't known or have changed.

        Call it inside the transaction that stores what `apply` gives, before the first `apply`.
        """
        await connection.execute(_TAKE_NUMBER)
        row = await (await connection.execute(_NEWEST)).fetchone()
        newest = cast("tuple[int]", row)[0]
        if newest != self._newest:
            self._maps.clear()
            self._newest = newest
        if namespace in self._maps:
            self._maps.move_to_end(namespace)
            return
        self._maps[namespace] = await load(connection, namespace)
        if len(self._maps) > NAMESPACES:
            self._maps.popitem(last=False)

    def apply(
        self, resource: Json, origin: Origin, counts: Counts | None = None
    ) -> tuple[Json, Sequence[Seen]]:
        """Give the record in standard codes and units, and those of its local codes that have no mapping.

        The resource itself isn't changed. `counts` takes note of every local code. Raises KeyError where
        `refresh` wasn't called for the origin's namespace.
        """
        if resource["resourceType"] != "Observation":
            return resource, ()
        maps = self._maps[origin.namespace]
        result, seen = standardised(resource, lambda system, code: maps.get((system, code)))
        if not seen:
            return result, ()
        if counts is not None:
            counts.add("Observation", seen)
        return result, [one for one in seen if one.item is None or one.strange_unit]


async def load(connection: Connection, namespace: str) -> Maps:
    """Give the accepted mappings of an institution's codes."""
    prefix = f"{CODES}:{namespace}:"
    cursor = await connection.execute(_MAPS, [prefix, prefix[:-1] + ";"])  # ";" follows ":"
    rows = cast("list[tuple[str, str, str]]", await cursor.fetchall())
    known = table()
    return {(system, code): known[target] for system, code, target in rows if target in known}
