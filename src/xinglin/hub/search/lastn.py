"""The latest observations of each kind (http://hl7.org/fhir/R4/observation-operation-lastn.html)."""

import asyncio
from collections.abc import Sequence
from dataclasses import replace
from typing import Any

from xinglin.core.exact_json import Json
from xinglin.hub.database import Connection
from xinglin.hub.search.page import Hit
from xinglin.hub.search.run import BREATHE, find
from xinglin.hub.search.search import Asked, Found, Limits, prepare, understand
from xinglin.hub.sight import EVERYTHING, Sight
from xinglin.hub.store import Store
from xinglin.standards.search import to_pairs
from xinglin.standards.search.errors import BadValue, EmptyValue, TooMuch
from xinglin.standards.search.query import Sort
from xinglin.standards.search.write import to_url

READ = 10_000
"""How many observations one request reads at most."""

SUBJECTS = frozenset({"patient", "subject"})


async def lastn(
    store: Store,
    connection: Connection,
    limits: Limits,
    pairs: Sequence[tuple[str, str]],
    base: str,
    *,
    sight: Sight = EVERYTHING,
) -> Found:
    """Give the `max` (1 if not said) latest observations of each code, newest first, of what is seen.

    Raises SearchError.
    """
    most = _most(next((value for name, value in pairs if name == "max"), "1"))
    asked = Asked([pair for pair in pairs if pair[0] != "max"], "Observation", base=base)
    query = await understand(store, connection, asked, asked.pairs, sight=sight)
    if not any(name.partition(":")[0].partition(".")[0] in SUBJECTS for name, _ in to_pairs(query)):
        raise EmptyValue(name="patient")
    query = replace(query, sort=(Sort("date", descending=True),), includes=(), count=None)
    run = await prepare(store, connection, query, sight=sight)
    page = await find(run.finder, run.resolver.matcher, None, READ)
    if page.following is not None:
        raise TooMuch(count=f"> {READ}", what="observations", limit=READ)
    chosen = await _latest(page.hits, most)
    if len(chosen) > limits.page:
        raise TooMuch(count=len(chosen), what="observations", limit=limits.page)
    url = to_url(replace(query, sort=()), base).replace("/Observation", "/Observation/$lastn", 1)
    return Found(query, chosen, [], len(chosen), f"{url}&max={most}", None)


def _most(text: str) -> int:
    if not (text.isascii() and text.isdigit() and 0 < int(text) < 1_000_000):
        raise BadValue(value=text, name="max", kind="whole number", example="3")
    return int(text)


async def _latest(hits: Sequence[Hit], most: int) -> list[Hit]:
    """Choose by code; observations that share any coding are of one kind. Hits come newest first."""
    kinds: dict[object, int] = {}
    groups: list[list[Hit]] = []
    for number, hit in enumerate(hits):
        marks = _marks(hit.record.content)
        at = next((kinds[one] for one in marks if one in kinds), len(groups))
        if at == len(groups):
            groups.append([])
        kinds.update(dict.fromkeys(marks, at))
        if len(groups[at]) < most:
            groups[at].append(hit)
        if number % BREATHE == BREATHE - 1:
            await asyncio.sleep(0)
    return [hit for group in groups for hit in group]


def _marks(content: Json) -> list[object]:
    code: Json = content.get("code") or {}
    codings: list[Any] = code.get("coding") or []
    found: list[object] = [(one.get("system"), one.get("code")) for one in codings if one.get("code")]
    return found or [code.get("text") or ""]
