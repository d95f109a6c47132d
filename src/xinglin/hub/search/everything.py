"""All records about a person or an encounter: the compartment, and what its records refer to.

http://hl7.org/fhir/R4/patient-operation-everything.html, http://hl7.org/fhir/R4/encounter-operation-everything.html
"""

from collections.abc import Sequence
from dataclasses import replace
from urllib.parse import quote, urlencode

from xinglin.core.clock import now
from xinglin.hub.database import Connection
from xinglin.hub.records import Gone, Key, Unknown
from xinglin.hub.search.includes import Includer
from xinglin.hub.search.order import SortKey
from xinglin.hub.search.run import find
from xinglin.hub.search.search import PAGE, Found, Limits, prepare
from xinglin.hub.search.sql import Sql
from xinglin.hub.search.token import read_token, write_token
from xinglin.hub.store import Store
from xinglin.standards.search import Compartment, parse_search
from xinglin.standards.search.dates import to_micros
from xinglin.standards.search.errors import UnknownParameter
from xinglin.standards.search.parameters import nearest
from xinglin.standards.search.query import Include

OWNERS = ("Patient", "Encounter")
DEFAULT_COUNT = 100
_ALLOWED = {
    "_since": "_lastUpdated",
    "_type": "_type",
    "_count": "_count",
    "_format": "_format",
    "_pretty": "_pretty",
}


async def everything(
    store: Store,
    connection: Connection,
    limits: Limits,
    owner: Key,
    pairs: Sequence[tuple[str, str]],
    base: str,
) -> Found:
    """Give a page of all records about `owner`, itself first. Raises Unknown, Gone or SearchError."""
    await _must_exist(store, connection, owner)
    token = next((value for name, value in pairs if name == PAGE), None)
    asked = [(name, value) for name, value in pairs if name != PAGE]
    for name, _ in asked:
        if name not in _ALLOWED:
            raise UnknownParameter(
                type=f"{owner.type}/$everything", name=name, nearest=nearest(name, _ALLOWED)
            )
    criteria = [(_ALLOWED[name], f"ge{value}" if name == "_since" else value) for name, value in asked]
    parameters = store.parameters
    query = parse_search(
        criteria,
        parameters.registry,
        compartment=Compartment(owner.type, owner.id),
        reading=parameters.reading,
    )
    url = f"{base}/{owner}/$everything" + (f"?{urlencode(asked, quote_via=quote)}" if asked else "")
    run = await prepare(store, connection, query)
    first = SortKey(
        Sql("(r.type <> %s)::int::bigint", (store.types[owner.type],)),
        descending=False,
        kind="date",
        cast="bigint",
    )
    finder = replace(run.finder, order=[first], links=True)
    place, moment = None, to_micros(now())
    if token is not None:
        place, moment = read_token(token, ["date"], url)
    size = min(query.count or DEFAULT_COUNT, limits.page)
    page = await find(finder, run.resolver.matcher, place, size)
    includer = Includer(finder, run.resolver.lowering, limits.included)
    included = await includer.follow(
        page.hits, [Include(reverse=False, source="*", code="*", target="", iterate=False)]
    )
    following = None
    if page.following is not None:
        mark = quote(write_token(page.following, moment, url))
        following = f"{url}{'&' if asked else '?'}{PAGE}={mark}"
    return Found(query, page.hits, included, page.total, url, following)


async def _must_exist(store: Store, connection: Connection, key: Key) -> None:
    record = (await store.current(connection, [key])).get(key)
    if record is None:
        raise Unknown(key=key)
    if record.deleted:
        raise Gone(key=key)
