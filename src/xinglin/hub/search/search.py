"""A search from its name-value pairs to the page that answers it (http://hl7.org/fhir/R4/search.html)."""

import asyncio
from collections.abc import AsyncGenerator, Sequence
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from functools import partial
from urllib.parse import quote

from xinglin.core.clock import now
from xinglin.core.identifiers import is_id
from xinglin.core.settings import Settings
from xinglin.hub.database import Connection
from xinglin.hub.identity.searching import widened, without_goldens
from xinglin.hub.records import Key, Record
from xinglin.hub.search.errors import TooLong
from xinglin.hub.search.includes import Includer
from xinglin.hub.search.order import Place, sort_keys, sort_kinds
from xinglin.hub.search.page import Finder, Hit
from xinglin.hub.search.parameters import Pending
from xinglin.hub.search.ranking import find_ranked
from xinglin.hub.search.resolve import Resolver
from xinglin.hub.search.run import Page, count, find
from xinglin.hub.search.token import read_token, write_token
from xinglin.hub.sight import EVERYTHING, Sight
from xinglin.hub.sight.blind import refuse_hidden
from xinglin.hub.sight.seen import seen_by
from xinglin.hub.store import Store
from xinglin.standards.search import Bounds, Compartment, Query, parse_search, to_url
from xinglin.standards.search.dates import to_micros
from xinglin.standards.search.errors import SearchError
from xinglin.standards.search.query import Chain, Criterion, Has

DEFAULT_COUNT = 20
PAGE = "_page"


@dataclass(frozen=True, slots=True)
class Asked:
    """A search as it comes: decoded pairs, and where it was asked.

    `kind` None is all types; `base` is the address below which links are made.
    """

    pairs: Sequence[tuple[str, str]]
    kind: str | None = None
    compartment: Compartment | None = None
    strict: bool = True
    base: str = ""


@dataclass(frozen=True, slots=True)
class Found:
    """What a search found: a page of matches, what comes along, and how to go on.

    `cut`: whoever asks may see records of more patients than were looked at.
    """

    query: Query
    matches: Sequence[Hit]
    included: Sequence[Hit]
    total: int | None
    self_url: str
    next_url: str | None
    pending: Sequence[Pending] = field(default_factory=tuple)
    cut: bool = False


@dataclass(frozen=True, slots=True)
class Limits:
    """How much one search may ask for."""

    seconds: int
    page: int
    included: int

    @staticmethod
    def of(settings: Settings) -> "Limits":
        """Take the limits from the settings."""
        return Limits(
            settings.search_timeout_seconds, settings.search_page_most, settings.search_include_most
        )


@asynccontextmanager
async def within(seconds: float) -> AsyncGenerator[None]:
    """Stop what takes longer; the statement under way is cancelled. Raises TooLong."""
    try:
        async with asyncio.timeout(seconds):
            yield
    except TimeoutError:
        raise TooLong(seconds=seconds) from None


def only_id(asked: Asked) -> Key | None:
    """Give the record that a search by one `_id` and nothing else is about: that is a read."""
    match list(asked.pairs):
        case [("_id", id_)] if asked.kind and asked.compartment is None and is_id(id_):
            return Key(asked.kind, id_)
        case _:
            return None


def one_found(asked: Asked, record: Record | None, store: Store) -> Found:
    """Give the answer to such a search."""
    query = parse_search(asked.pairs, store.parameters.registry, asked.kind)
    key = record.key if record is not None else Key("", "")
    hits = [Hit(record, Place((), *key))] if record is not None and not record.deleted else []
    return Found(query, hits, [], len(hits), to_url(query, asked.base), None)


async def search(
    store: Store, connection: Connection, limits: Limits, asked: Asked, *, sight: Sight = EVERYTHING
) -> Found:
    """Answer a search among what `sight` sees. Raises SearchError."""
    given = [pair for pair in asked.pairs if pair[0] != PAGE]
    pairs = await widened(connection, store, given, sight=sight)
    token = next((value for name, value in asked.pairs if name == PAGE), None)
    query = await understand(store, connection, asked, pairs, sight=sight)
    pending = await _pending(store, connection, query)
    sources = without_goldens(query, store.parameters.registry)
    run = await prepare(store, connection, sources, to_url(query, asked.base), token, sight=sight)
    size = min(DEFAULT_COUNT if query.count is None else query.count, limits.page)
    page = await run.page(0 if query.summary == "count" else size)
    included: list[Hit] = []
    if query.includes and page.hits:
        includer = Includer(run.finder, run.resolver.lowering, limits.included)
        included = await includer.follow(page.hits, query.includes)
    following = None
    if page.following is not None and size and query.summary != "count":
        mark = write_token(store.vault, page.following, run.moment, run.url)
        following = f"{run.url}{'&' if '?' in run.url else '?'}{PAGE}={quote(mark)}"
    return Found(
        query,
        page.hits,
        included,
        await run.total(page),
        run.url,
        following,
        pending,
    )


async def _pending(store: Store, connection: Connection, query: Query) -> list[Pending]:
    """Give those parameters of a search whose index is still being made."""
    if pending_of(store.parameters.pending, query):  # another process may have finished them
        await store.parameters.refresh(connection)
    return pending_of(store.parameters.pending, query)


async def understand(
    store: Store,
    connection: Connection,
    asked: Asked,
    pairs: Sequence[tuple[str, str]],
    *,
    sight: Sight = EVERYTHING,
) -> Query:
    """Read the search; what isn't known may have been added by another process a moment ago.

    Raises HiddenParameter where it asks by what `sight` is blind to.
    """
    query = await _read(store, connection, asked, pairs)
    refuse_hidden(query, sight, store.parameters.extractor)
    return query


async def _read(
    store: Store, connection: Connection, asked: Asked, pairs: Sequence[tuple[str, str]]
) -> Query:
    for attempt in (1, 2):
        try:
            return parse_search(
                pairs,
                store.parameters.registry,
                asked.kind,
                compartment=asked.compartment,
                strict=asked.strict,
                reading=store.parameters.reading,
                bounds=Bounds(),
            )
        except SearchError:
            generation = store.parameters.generation
            if attempt == 2:
                raise
            await store.parameters.refresh(connection)
            if generation == store.parameters.generation:
                raise
    raise AssertionError


@dataclass(frozen=True)
class Run:
    """A search made ready on one connection."""

    query: Query
    url: str
    resolver: Resolver
    finder: Finder
    place: Place | None
    moment: int
    ranked: bool

    async def page(self, size: int) -> Page:
        """Give the page of `size` matches."""
        if self.ranked:
            return await find_ranked(self.finder, self.resolver, self.query, self.place, size)
        return await find(self.finder, self.resolver.matcher, self.place, size)

    async def total(self, page: Page) -> int | None:
        """Give how many there are in all, where that is asked or known anyway."""
        if page.total is not None or self.query.total == "none":
            return page.total
        if self.query.summary == "count" or self.query.total:
            accurate = self.query.total != "estimate"
            return await count(self.finder, self.resolver.matcher, accurate=accurate)
        return None


async def prepare(
    store: Store,
    connection: Connection,
    query: Query,
    url: str = "",
    token: str | None = None,
    *,
    sight: Sight = EVERYTHING,
) -> Run:
    """Make a search ready, among what `sight` sees. Raises SearchError."""
    parameters = store.parameters
    place, moment = None, to_micros(now())
    if token is not None:
        kinds = sort_kinds(query, parameters.registry)
        place, moment = await store.vault.learned(
            connection, partial(read_token, store.vault, token, kinds, url)
        )
    seen = seen_by(store, sight)
    resolver = Resolver(connection, store, parameters, parameters.around(moment), seen)
    order = sort_keys(query, resolver.lowering)
    prepared = [await resolver.branch(one) for one in query.branches]
    finder = Finder(connection, store, prepared, order or (), links=bool(query.includes), seen=seen)
    return Run(query, url, resolver, finder, place, moment, ranked=order is None)


def pending_of(pending: Sequence[Pending], query: Query) -> list[Pending]:
    """Give those parameters of a search whose index is still being made."""
    if not pending:
        return []
    used = {name for branch in query.branches for one in branch.criteria for name in _used(one)}
    used |= {one.code for one in query.sort} | {one.code for one in query.includes}
    return [one for one in pending if one.code in used]


def _used(criterion: Criterion) -> set[str]:
    if isinstance(criterion, Chain):
        inner = {name for _, one in criterion.targets for name in _used(one)}
        return {criterion.parameter.code} | inner
    if isinstance(criterion, Has):
        return {criterion.parameter.code} | _used(criterion.inner)
    return {criterion.parameter.code}
