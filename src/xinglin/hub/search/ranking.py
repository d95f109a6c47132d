"""Order by codes, references and addresses: the index has none, so what is found is read and sorted here."""

import asyncio
from collections.abc import Iterator, Sequence
from dataclasses import replace
from typing import Any, cast

from xinglin.core.exact_json import Json
from xinglin.hub.search.errors import TooManyToSort
from xinglin.hub.search.order import Place, Value
from xinglin.hub.search.page import Finder, Hit
from xinglin.hub.search.resolve import Resolver
from xinglin.hub.search.run import BREATHE, Page, checked
from xinglin.standards.search import Index, Lowering, Matcher, Query
from xinglin.standards.search.judge import codings
from xinglin.standards.search.query import Sort

SORTED = 2_000
"""How many records are read and sorted at most."""


async def find_ranked(
    finder: Finder, resolver: Resolver, query: Query, place: Place | None, count: int
) -> Page:
    """Give the page of `count` hits after `place`. Raises TooManyToSort."""
    matcher, lowering, sort = resolver.matcher, resolver.lowering, query.sort
    found = await finder.fetch(None, SORTED + 1)
    if len(found) > SORTED:
        raise TooManyToSort(limit=SORTED, name=sort[0].code)
    hits: list[Hit] = []
    for number, hit in enumerate(await checked(finder, matcher, found)):
        index = lowering.extractor.plain.extract(hit.record.content)
        values = tuple(_value(matcher, lowering, one, hit, index) for one in sort)
        hits.append(replace(hit, place=replace(hit.place, values=values)))
        if number % BREATHE == BREATHE - 1:
            await asyncio.sleep(0)
    descending = [one.descending for one in sort]
    places = {hit.place: hit for hit in hits}
    ranked = _ranked([*places, *([place] if place else [])], descending)
    if place is not None:
        ranked = ranked[len(ranked) - ranked[::-1].index(place) :]
    page = ranked[:count]
    return Page([places[one] for one in page], page[-1] if page and len(ranked) > count else None, len(hits))


def _ranked(places: Sequence[Place], descending: Sequence[bool]) -> list[Place]:
    """Sort by the last key first: sorting keeps the order of equals. What is missing comes last."""
    ranked = sorted(places, key=lambda one: (one.type, one.id))
    for number in reversed(range(len(descending))):
        present = [one for one in ranked if one.values[number] is not None]
        missing = [one for one in ranked if one.values[number] is None]
        present.sort(key=lambda one: cast("Any", one.values[number]), reverse=descending[number])
        ranked = present + missing
    return ranked


def _value(matcher: Matcher, lowering: Lowering, sort: Sort, hit: Hit, index: Index) -> Value:
    if sort.code == "_id":
        return hit.record.key.id
    if sort.code == "_lastUpdated":
        return hit.record.updated
    parameter = matcher.registry.get(hit.record.key.type, sort.code)
    if parameter is None:
        return None
    ids = {at.id for at in lowering.extractor.plain.plan(hit.record.key.type).lookups.get(sort.code, ())}
    found: list[Any]
    match parameter.kind:
        case "date":
            found = [low for place, low, _ in index.dates if place in ids]
        case "number" | "quantity":
            found = [one.low for one in index.numbers if one.place in ids]
        case "string":
            found = [text for place, text in index.strings if place in ids]
        case _:
            found = [text for item in matcher.items(parameter, hit.record.content) for text in _texts(*item)]
    return (max(found) if sort.descending else min(found)) if found else None


def _texts(type_name: str, value: Any) -> Iterator[str]:
    if type_name == "Reference":
        yield str(cast("Json", value).get("reference") or "")
    else:
        yield from (f"{code}|{system}" for system, code in codings(type_name, value))
