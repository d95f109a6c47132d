"""The records that the criteria of a conditional interaction find.

http://hl7.org/fhir/R4/http.html#cond-update
"""

from collections.abc import Sequence
from urllib.parse import parse_qsl

from xinglin.hub.database import Connection
from xinglin.hub.identity.searching import without_goldens
from xinglin.hub.records import Key
from xinglin.hub.search.run import find
from xinglin.hub.search.search import Asked, prepare, understand
from xinglin.hub.sight import EVERYTHING, Sight
from xinglin.hub.store import Store


async def match(
    store: Store,
    connection: Connection,
    kind: str,
    criteria: str,
    most: int,
    *,
    sight: Sight = EVERYTHING,
) -> Sequence[Key]:
    """Find at most `most` records of a type among what `sight` sees. Raises SearchError."""
    asked = Asked(parse_qsl(criteria, keep_blank_values=True), kind)
    query = await understand(store, connection, asked, asked.pairs, sight=sight)
    run = await prepare(store, connection, without_goldens(query, store.parameters.registry), sight=sight)
    page = await find(run.finder, run.resolver.matcher, None, most)
    return [hit.record.key for hit in page.hits]
