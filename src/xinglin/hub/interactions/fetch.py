"""The reading interactions by their address, as entries of a bundle name them."""

from xinglin.hub.admission import admit_type
from xinglin.hub.database import Connection
from xinglin.hub.hub import Hub
from xinglin.hub.interactions.answers import Answer
from xinglin.hub.interactions.entries import BadEntry
from xinglin.hub.preconditions import version_of
from xinglin.hub.records import Key


async def fetch(hub: Hub, url: str, *, base: str, connection: Connection | None = None) -> Answer:
    """Read `Patient/1` or `Patient/1/_history/2`; on `connection` to see what its transaction wrote."""
    path, query, _ = url.removeprefix(base).partition("?")
    parts = path.strip("/").split("/")
    admit_type(parts[0])
    match parts:
        case [kind, id_] if not query and not id_.startswith(("_", "$")):
            return Answer(200, await hub.read(Key(kind, id_), connection))
        case [kind, id_, "_history", number]:
            return Answer(200, await hub.vread(Key(kind, id_), version_of(number) or 0, connection))
        case _:
            raise BadEntry(detail=f"GET {url} isn't possible in a bundle", expression="request.url")
