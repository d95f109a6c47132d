"""Running a search: pages of checked hits, and totals."""

import asyncio
from collections.abc import Sequence
from dataclasses import dataclass
from typing import cast

from xinglin.core.exact_json import Json
from xinglin.hub.search.order import Place
from xinglin.hub.search.page import Finder, Hit
from xinglin.standards.search import Matcher

CHECKED = 5_000
"""How many records one request reads at most to check them; the next page goes on from there."""

BREATHE = 50
"""After so many checks others get their turn."""

COUNTED = 10_000
"""Up to here a total asked for as an estimate is counted."""


@dataclass(frozen=True, slots=True)
class Page:
    """The hits of a page, the place where the next begins, and the total where it is known."""

    hits: Sequence[Hit]
    following: Place | None
    total: int | None = None


async def find(finder: Finder, matcher: Matcher, place: Place | None, count: int) -> Page:
    """Give the page of `count` hits after `place`; it may hold fewer where much must be checked."""
    hits: list[Hit] = []
    start, read = place, 0
    checking = any(one.checks for one in finder.prepared)
    while True:
        limit = max(2 * count, 50) if checking else count + 1
        found = await finder.fetch(place, min(limit, CHECKED))
        hits += await checked(finder, matcher, found) if checking else found
        read += len(found)
        if len(hits) > count:
            return Page(hits[:count], hits[count - 1].place if count else start)
        if len(found) < limit:
            return Page(hits, None, len(hits) if start is None else None)
        place = found[-1].place
        if read >= CHECKED:
            return Page(hits, place)


async def checked(finder: Finder, matcher: Matcher, hits: Sequence[Hit]) -> list[Hit]:
    """Give those hits that answer also what the index can't tell."""
    prepared = {one.type: one for one in finder.prepared}
    kept: list[Hit] = []
    for number, hit in enumerate(hits):
        mine = prepared.get(hit.record.key.type) or prepared["Resource"]
        if mine.passes(matcher, hit.record.content):
            kept.append(hit)
        if number % BREATHE == BREATHE - 1:
            await asyncio.sleep(0)
    return kept


async def count(finder: Finder, matcher: Matcher, *, accurate: bool) -> int:
    """Count what is found; unless `accurate`, large numbers are the planner's estimate.

    Where something is hidden, all is counted: the planner's estimates know the hidden too.
    """
    accurate = accurate or finder.seen is not None
    condition = finder.condition()
    if any(one.checks for one in finder.prepared):
        return await _count_checked(finder, matcher)
    inner = f"SELECT FROM resource r WHERE {condition.text}"
    limit = None if accurate else COUNTED + 1
    cursor = await finder.connection.execute(
        f"SELECT count(*) FROM ({inner} LIMIT %s) AS found", [*condition.args, limit], prepare=False
    )
    total = cast("tuple[int]", await cursor.fetchone())[0]
    if accurate or total <= COUNTED:
        return total
    cursor = await finder.connection.execute(f"EXPLAIN (FORMAT JSON) {inner}", condition.args, prepare=False)
    plan = cast("tuple[list[Json]]", await cursor.fetchone())[0]
    return max(total, int(plan[0]["Plan"]["Plan Rows"]))


async def _count_checked(finder: Finder, matcher: Matcher) -> int:
    total, place = 0, None
    while True:
        found = await finder.fetch(place, CHECKED)
        total += len(await checked(finder, matcher, found))
        if len(found) < CHECKED:
            return total
        place = found[-1].place
