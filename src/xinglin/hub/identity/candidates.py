"""Candidates for the full pass: the pairs that the model speaks for, and those that rules speak of."""

import asyncio
from collections import Counter
from collections.abc import Collection, Iterable, Iterator, Sequence
from dataclasses import replace
from itertools import combinations, islice
from typing import Final, TypeVar, cast

from xinglin.hub.database import Connection
from xinglin.hub.hub import Hub
from xinglin.hub.identity import rows
from xinglin.hub.identity.comparing import Compared, judge, trusted, unpack
from xinglin.hub.identity.gathering import Gathered
from xinglin.hub.identity.linkage.model import Model as Trained
from xinglin.hub.identity.models import REVIEW
from xinglin.hub.identity.partition import Pair, ordered
from xinglin.hub.identity.scoring import Model
from xinglin.hub.identity.tables import LINK, Rule, rules
from xinglin.standards.persons import Features

T = TypeVar("T")

KEYS: Final = 1_000
"""Numbers whose holders are asked for at once."""
READ: Final = 5_000
"""Features that are read at once."""
ROUNDING: Final = 0.01
"""Bits by which sums in the database and in Python may differ, and far more."""

_FEATURES: Final = "SELECT number, body FROM person_feature WHERE number > %s ORDER BY number LIMIT %s"


async def wear(hub: Hub, gathered: Gathered, model: Model) -> None:
    """Stop trusting numbers that too many evidently different people bear."""
    for rule in rules():
        held = gathered.holders.get(rule.id, Counter[int]())
        crowded = sorted(key for key, count in held.items() if count > rule.people and rule.column != LINK)
        for keys in chunks(crowded, KEYS):

            async def work(connection: Connection, keys: Sequence[int] = keys, rule: Rule = rule) -> None:
                await connection.execute(rows.LOCK)
                await _wear(connection, rule, keys, model)

            await hub.transaction(work)


async def _wear(connection: Connection, rule: Rule, keys: Sequence[int], model: Model) -> None:
    worn = await rows.worn_keys(connection, keys)
    for key, numbers in (await rows.sharing(connection, set(keys) - worn)).items():
        holders = len(numbers)
        if holders <= rows.MOST_SHARING:
            known = await rows.known_numbers(connection, numbers)
            holders = _people([unpack(one.body) for _, one in sorted(known.items())], rule.people + 1, model)
        if holders > rule.people:
            await rows.wear(connection, key, rule.id, max(holders, len(numbers)))


def _people(holders: Sequence[Compared], most: int, model: Model) -> int:
    """Count people who evidently differ from each other, up to `most`."""
    found: list[Compared] = []
    for one in holders:
        if len(found) < most and all(_differs(one, other, model) for other in found):
            found.append(one)
    return len(found)


def _differs(one: Compared, other: Compared, model: Model) -> bool:
    said = judge(one, other, (), model)
    return said.verdict != "link" and bool(said.evidence["differences"])


async def by_model(hub: Hub, trained: Trained, worn: Collection[int]) -> set[Pair]:
    """Give all pairs that a person would look at, or more, by a trained model. Raises ExtraMissing."""
    from xinglin.hub.identity.linkage.bulk import link_all

    loop = asyncio.get_running_loop()

    def everybody() -> Iterator[tuple[str, Features]]:
        last = -1
        while read := asyncio.run_coroutine_threadsafe(_read(hub, last), loop).result():
            last = read[-1][0]
            for _, body in read:
                one = trusted(unpack(body), worn)
                yield one.id, one.features

    least = REVIEW - ROUNDING
    found = await asyncio.to_thread(link_all, everybody(), alike(trained), least=least, spark=hub.spark)
    return {(one.first, one.second) for one in found.pairs}


def alike(trained: Trained) -> Trained:
    """Give the model without rarity, as single pairs are weighed: the way mustn't change the weight."""
    return replace(trained, comparisons=[replace(one, chance=0.0) for one in trained.comparisons])


async def _read(hub: Hub, last: int) -> list[tuple[int, bytes]]:
    async with hub.database.connection() as connection:
        found = await (await connection.execute(_FEATURES, [last, READ], binary=True)).fetchall()
        kept = cast("list[tuple[int, bytes]]", found)
        bodies = await rows.open_features(connection, kept)
    return [(number, body) for (number, _), body in zip(kept, bodies, strict=True)]


async def by_rule(hub: Hub, gathered: Gathered, worn: Collection[int]) -> set[Pair]:
    """Give all pairs that share a number which a rule compares."""
    held = [one for those in gathered.holders.values() for one in those.items()]
    shared = {key for key, count in held if count > 1 and key not in worn}
    pairs: set[Pair] = set()
    async with hub.database.connection() as connection:
        for keys in chunks(sorted(shared), KEYS):
            found = await rows.sharing(connection, keys)
            numbers = {n for those in found.values() for n in those if len(those) <= rows.MOST_SHARING}
            known = await rows.known_numbers(connection, numbers)
            for those in found.values():
                ids = [known[one].patient for one in those if one in known]
                pairs |= {ordered(one, other) for one, other in combinations(ids, 2)}
    return pairs


def chunks(items: Iterable[T], most: int) -> Iterator[list[T]]:
    """Give `items` in lists of `most` at most."""
    source = iter(items)
    while part := list(islice(source, most)):
        yield part
