"""All records about a person or an encounter: the compartment, and what its records refer to.

A golden Patient's compartment holds those of all its sources.

http://hl7.org/fhir/R4/patient-operation-everything.html, http://hl7.org/fhir/R4/encounter-operation-everything.html
"""

from collections.abc import Sequence
from dataclasses import dataclass, replace
from functools import partial
from urllib.parse import quote, urlencode

from xinglin.core.clock import now
from xinglin.hub.database import Connection
from xinglin.hub.identity.searching import people
from xinglin.hub.records import Key
from xinglin.hub.search.includes import Includer
from xinglin.hub.search.order import SortKey
from xinglin.hub.search.run import find
from xinglin.hub.search.search import PAGE, Found, Limits, Run, prepare
from xinglin.hub.search.sql import Sql
from xinglin.hub.search.token import read_token, write_token
from xinglin.hub.sight import EVERYTHING, Sight
from xinglin.hub.sight.reading import current_seen
from xinglin.hub.store import Store
from xinglin.standards.search import Compartment, Query, parse_search
from xinglin.standards.search.conditions import Either
from xinglin.standards.search.dates import to_micros
from xinglin.standards.search.errors import UnknownParameter
from xinglin.standards.search.parameters import nearest
from xinglin.standards.search.query import Include

OWNERS = ("Patient", "Encounter")
DEFAULT_COUNT = 100
_ALLOWED = {"_since": "_lastUpdated"} | {name: name for name in ("_type", "_count", "_format", "_pretty")}
"""Parameters, and the search parameters that they mean."""

_REFERRED = Include(reverse=False, source="*", code="*", target="", iterate=False)
_MARK = "date"
"""The kind of the sort value below: a whole number."""


@dataclass(frozen=True, slots=True)
class AskedEverything:
    """Whose records are asked for, with what parameters; `base` is the address below which links are made."""

    owner: Key
    pairs: Sequence[tuple[str, str]]
    base: str

    @property
    def parameters(self) -> list[tuple[str, str]]:
        """The parameters without the page. Raises UnknownParameter."""
        found = [pair for pair in self.pairs if pair[0] != PAGE]
        for name, _ in found:
            if name not in _ALLOWED:
                kind = f"{self.owner.type}/$everything"
                raise UnknownParameter(type=kind, name=name, nearest=nearest(name, _ALLOWED))
        return found

    @property
    def url(self) -> str:
        """The address of the first page."""
        query = urlencode(self.parameters, quote_via=quote)
        return f"{self.base}/{self.owner}/$everything" + (f"?{query}" if query else "")


async def everything(
    store: Store,
    connection: Connection,
    limits: Limits,
    asked: AskedEverything,
    *,
    sight: Sight = EVERYTHING,
) -> Found:
    """Give a page of all that is seen about a person or encounter, itself first.

    Raises Unknown, Gone or SearchError.
    """
    owner, url = asked.owner, asked.url
    await current_seen(store, connection, owner, sight=sight)
    query = parse_search(
        [(_ALLOWED[name], f"ge{value}" if name == "_since" else value) for name, value in asked.parameters],
        store.parameters.registry,
        compartment=Compartment(owner.type, owner.id),
        reading=store.parameters.reading,
    )
    token = next((value for name, value in asked.pairs if name == PAGE), None)
    place, moment = None, to_micros(now())
    if token is not None:
        reading = partial(read_token, store.vault, token, [_MARK], url)
        place, moment = await store.vault.learned(connection, reading)
    run = await prepare(store, connection, query, sight=sight)
    if owner.type == "Patient":
        _widen(run, query, await people(connection, store, owner.id, sight=sight))
    first = Sql("(r.type <> %s)::int::bigint", (store.types[owner.type],))
    order = [SortKey(first, descending=False, kind=_MARK, cast="bigint")]
    finder = replace(run.finder, order=order, links=True)
    size = min(query.count or DEFAULT_COUNT, limits.page)
    page = await find(finder, run.resolver.matcher, place, size)
    includer = Includer(finder, run.resolver.lowering, limits.included)
    included = await includer.follow(page.hits, [_REFERRED])
    following = None
    if page.following is not None:
        mark = quote(write_token(store.vault, page.following, moment, url))
        following = f"{url}{'&' if '?' in url else '?'}{PAGE}={mark}"
    return Found(query, page.hits, included, page.total, url, following)


def _widen(run: Run, query: Query, ids: Sequence[str]) -> None:
    """Have a golden Patient's compartment hold those of all its sources too."""
    if len(ids) < 2:
        return
    for prepared, branch in zip(run.finder.prepared, query.branches, strict=True):
        if branch.within is not None:
            each = [replace(branch, criteria=(), within=replace(branch.within, identity=id_)) for id_ in ids]
            found = [run.resolver.lowering.branch(one).condition for one in each]
            prepared.conditions[0] = Either(tuple(found))
