"""Search values of records."""

from collections.abc import Sequence

from xinglin.core.exact_json import Json
from xinglin.hub.database import Connection
from xinglin.hub.records import Key


def index(kind: str, content: Json) -> Sequence[int]:
    """Give the hashed search values of a record."""
    del kind, content
    return ()


async def match(connection: Connection, kind: str, criteria: str, most: int) -> Sequence[Key]:
    """Find records."""
    del connection, kind, criteria, most
    return ()
