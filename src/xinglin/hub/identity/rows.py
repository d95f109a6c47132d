"""The rows of identity: links, features, keys and pairs, read and written in the caller's transaction."""

from collections.abc import Callable, Collection, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Final, LiteralString, cast

from psycopg.types.json import Jsonb

from xinglin.core.exact_json import Json
from xinglin.hub.database import Connection
from xinglin.hub.identity.partition import Constraints, Edge, Pair, ordered
from xinglin.hub.vault.vault import vault_of

LOCK: Final = "SELECT pg_advisory_xact_lock(hashtext('xinglin.identity'))"
"""One transaction at a time says who is who; it is held for milliseconds."""

MOST_SHARING: Final = 100
"""A key that more records share than this tells too little to compare them all."""

_LINKS: Final = """
SELECT patient, golden, how, weight, since, number, seq FROM person_link WHERE patient = ANY(%s::text[])
"""
_OF_GOLDENS: Final = """
SELECT patient, golden, how, weight, since, number, seq FROM person_link WHERE golden = ANY(%s::text[])
"""
_ENTER: Final = """
INSERT INTO person_link (patient, golden, how, seq) SELECT * FROM unnest(
    %s::text[], %s::text[], array_fill('alone'::text, ARRAY[%s]), %s::bigint[])
ON CONFLICT (patient) DO UPDATE SET seq = excluded.seq
"""
_SET_FEATURES: Final = """
INSERT INTO person_feature (number, body, keys) SELECT l.number, n.body, n.keys FROM (
    SELECT patient, body, ARRAY(SELECT jsonb_array_elements_text(keys)::bigint) AS keys
    FROM unnest(%s::text[], %s::bytea[], %s::jsonb[]) AS p(patient, body, keys)
) n JOIN person_link l USING (patient)
ON CONFLICT (number) DO UPDATE SET body = excluded.body, keys = excluded.keys
"""
_DROP_KEYS: Final = """
DELETE FROM person_key k USING person_feature f CROSS JOIN unnest(f.keys) AS old(key)
WHERE f.number = ANY(%(numbers)s::bigint[]) AND k.key = old.key AND k.number = f.number
"""
_SET_KEYS: Final = """
INSERT INTO person_key (key, number) SELECT * FROM unnest(%s::bigint[], %s::bigint[]) ON CONFLICT DO NOTHING
"""
_SHARING: Final = """
SELECT k.key, f.number FROM unnest(%s::bigint[]) AS k(key) CROSS JOIN LATERAL (
    SELECT number FROM person_key p WHERE p.key = k.key LIMIT %s) f
"""
_KNOWN: Final = """
SELECT l.patient, l.golden, l.number, f.body FROM person_link l JOIN person_feature f USING (number)
WHERE {column} = ANY(%s)
"""
_FEATURE: Final = "person_feature"
"""What sealed features belong to, with their number."""

_ALL_WORN: Final = "SELECT key FROM person_worn"
_WORN: Final = "SELECT key FROM person_worn WHERE key = ANY(%s::bigint[])"
_WEAR: Final = """
INSERT INTO person_worn (key, rule, holders) VALUES (%s, %s, %s) ON CONFLICT (key) DO NOTHING
"""
_FORGET: Final[tuple[LiteralString, ...]] = (
    _DROP_KEYS,
    "DELETE FROM person_feature WHERE number = ANY(%(numbers)s::bigint[])",
    "DELETE FROM person_pair WHERE first = ANY(%(ids)s::text[]) OR second = ANY(%(ids)s::text[])",
    "DELETE FROM person_link WHERE patient = ANY(%(ids)s::text[])",
)
_DROP_PAIRS: Final = """
DELETE FROM person_pair p USING (
    SELECT first, second FROM person_pair WHERE first = ANY(%(ids)s::text[])
    UNION SELECT first, second FROM person_pair WHERE second = ANY(%(ids)s::text[])
    EXCEPT SELECT * FROM unnest(%(first)s::text[], %(second)s::text[])
) old WHERE p.first = old.first AND p.second = old.second
"""
_SET_PAIRS: Final = """
INSERT INTO person_pair (first, second, state, verdict, weight, probability, rule, evidence)
SELECT f, s, CASE v WHEN 'none' THEN 'apart' ELSE 'review' END, v, w, p, r, e FROM unnest(
    %s::text[], %s::text[], %s::text[], %s::real[], %s::real[], %s::text[], %s::jsonb[]
) AS n(f, s, v, w, p, r, e)
ON CONFLICT (first, second) DO UPDATE SET verdict = excluded.verdict, weight = excluded.weight,
    probability = excluded.probability, rule = excluded.rule, evidence = excluded.evidence
WHERE (person_pair.verdict, person_pair.weight, person_pair.rule, person_pair.evidence)
    IS DISTINCT FROM (excluded.verdict, excluded.weight, excluded.rule, excluded.evidence)
"""
_NEAR: Final = """
SELECT first, second, rule, weight FROM person_pair
WHERE verdict = 'link' AND first = ANY(%(ids)s::text[])
UNION SELECT first, second, rule, weight FROM person_pair
WHERE verdict = 'link' AND second = ANY(%(ids)s::text[])
"""
_CONSTRAINTS: Final = """
SELECT DISTINCT ON (first, second) first, second, together, decision FROM (
    SELECT first, second, together, decision FROM person_constraint
    WHERE in_force AND first = ANY(%(ids)s::text[])
    UNION SELECT first, second, together, decision FROM person_constraint
    WHERE in_force AND second = ANY(%(ids)s::text[])
) c ORDER BY first, second, decision DESC
"""


@dataclass(frozen=True, slots=True)
class Link:
    """A source Patient and the person it belongs to."""

    patient: str
    golden: str
    how: str
    weight: float | None
    since: datetime
    number: int
    seq: int


@dataclass(frozen=True, slots=True)
class Known:
    """A source Patient with what of it is compared, packed."""

    patient: str
    golden: str
    number: int
    body: bytes


@dataclass(frozen=True, slots=True)
class Judged:
    """What rules and model say of a pair: link, review or none; `how` is rule or model."""

    verdict: str
    how: str
    rule: str | None
    weight: float | None
    probability: float | None
    evidence: Json


@dataclass(frozen=True, slots=True)
class Held:
    """A pair that a decision holds together or apart."""

    pair: Pair
    together: bool
    decision: int


async def links(connection: Connection, ids: Collection[str]) -> dict[str, Link]:
    """Give the links of source Patients, by id; those that aren't matched are missing."""
    return {one.patient: one for one in await _links(connection, _LINKS, ids)}


async def members(connection: Connection, goldens: Collection[str]) -> list[Link]:
    """Give the links of all source Patients of some persons."""
    return await _links(connection, _OF_GOLDENS, goldens)


async def _links(connection: Connection, query: LiteralString, ids: Collection[str]) -> list[Link]:
    if not ids:
        return []
    rows = await (await connection.execute(query, [sorted(ids)])).fetchall()
    return [Link(*cast("tuple[str, str, str, float | None, datetime, int, int]", row)) for row in rows]


async def enter(
    connection: Connection,
    arrived: Mapping[str, tuple[str, int]],
    features: Mapping[str, tuple[bytes, Sequence[int]]],
) -> dict[str, Link]:
    """Note source Patients: by id their golden id while alone, change number, features and keys."""
    ids = sorted(arrived)
    columns = [ids, [arrived[one][0] for one in ids], len(ids), [arrived[one][1] for one in ids]]
    await connection.execute(_ENTER, columns)
    found = await links(connection, ids)
    numbers = [found[one].number for one in ids]
    await connection.execute(_DROP_KEYS, {"numbers": numbers})
    vault = vault_of(connection)
    packed = [
        (vault.seal_always(body, _FEATURE, number), sorted(map(vault.hidden, those)))
        for number, (body, those) in zip(numbers, [features[one] for one in ids], strict=True)
    ]
    keys = [Jsonb(those) for _, those in packed]
    await connection.execute(_SET_FEATURES, [ids, [body for body, _ in packed], keys])
    pairs = [(key, number) for number, (_, those) in zip(numbers, packed, strict=True) for key in those]
    await connection.execute(_SET_KEYS, [[key for key, _ in pairs], [number for _, number in pairs]])
    return found


async def sharing(connection: Connection, keys: Collection[int]) -> dict[int, list[int]]:
    """Give by key who shares it, up to one more than `MOST_SHARING`."""
    found: dict[int, list[int]] = {}
    if keys:
        asked = vault_of(connection).hidden_by(keys)
        rows = await (await connection.execute(_SHARING, [sorted(asked), MOST_SHARING + 1])).fetchall()
        for key, number in cast("list[tuple[int, int]]", rows):
            found.setdefault(asked[key], []).append(number)
    return found


async def worn_keys(connection: Connection, keys: Iterable[int]) -> set[int]:
    """Give those keys whose number isn't trusted any more."""
    asked = vault_of(connection).hidden_by(keys)
    found = await (await connection.execute(_WORN, [sorted(asked)])).fetchall()
    return {asked[cast("int", key)] for (key,) in found}


@dataclass(frozen=True, slots=True)
class Worn(Collection[int]):
    """The keys of all numbers that aren't trusted any more, as they are hidden in the table."""

    _keys: frozenset[int]
    _hidden: Callable[[int], int]

    def __contains__(self, key: object) -> bool:
        return isinstance(key, int) and self._hidden(key) in self._keys

    def __iter__(self) -> Iterator[int]:
        return iter(self._keys)

    def __len__(self) -> int:
        return len(self._keys)


async def all_worn(connection: Connection) -> Worn:
    """Give the keys of all numbers that aren't trusted any more."""
    found = await (await connection.execute(_ALL_WORN)).fetchall()
    return Worn(frozenset(cast("int", key) for (key,) in found), vault_of(connection).hidden)


async def wear(connection: Connection, key: int, rule: str, holders: int) -> bool:
    """Stop trusting a number, which `holders` bear; tell whether it was trusted until now."""
    hidden = vault_of(connection).hidden(key)
    return bool((await connection.execute(_WEAR, [hidden, rule, holders])).rowcount)


async def known_numbers(connection: Connection, numbers: Collection[int]) -> dict[int, Known]:
    """Give source Patients with their features, by number."""
    query = _KNOWN.format(column="f.number")
    return {one.number: one for one in await _known(connection, query, sorted(numbers))}


async def known(connection: Connection, ids: Collection[str]) -> dict[str, Known]:
    """Give source Patients with their features, by id."""
    query = _KNOWN.format(column="l.patient")
    return {one.patient: one for one in await _known(connection, query, sorted(ids))}


async def _known(
    connection: Connection, query: LiteralString, wanted: Sequence[str] | Sequence[int]
) -> list[Known]:
    if not wanted:
        return []
    rows = await (await connection.execute(query, [list(wanted)], binary=True)).fetchall()
    found = cast("list[tuple[str, str, int, bytes]]", rows)
    bodies = await open_features(connection, [(number, body) for *_, number, body in found])
    return [Known(*row[:3], body) for row, body in zip(found, bodies, strict=True)]


async def open_features(connection: Connection, kept: Sequence[tuple[int, bytes]]) -> list[bytes]:
    """Open what of source Patients is compared, given with their numbers."""
    vault = vault_of(connection)
    return await vault.learned(
        connection, lambda: [vault.unseal(body, _FEATURE, number) for number, body in kept]
    )


async def forget(connection: Connection, gone: Iterable[Link]) -> None:
    """Take source Patients out that aren't there any more. Decisions about them stay."""
    gone = list(gone)
    if gone:
        parameters = {"numbers": [one.number for one in gone], "ids": [one.patient for one in gone]}
        for query in _FORGET:
            await connection.execute(query, parameters)


async def set_pairs(connection: Connection, ids: Collection[str], judged: Mapping[Pair, Judged]) -> None:
    """Store what rules and model say of all pairs of `ids`; other pairs of theirs are dropped."""
    pairs = sorted(judged)
    first, second = [one for one, _ in pairs], [other for _, other in pairs]
    await connection.execute(_DROP_PAIRS, {"ids": sorted(ids), "first": first, "second": second})
    if not pairs:
        return
    said = [judged[pair] for pair in pairs]
    await connection.execute(
        _SET_PAIRS,
        [
            *(first, second, [one.verdict for one in said], [one.weight for one in said]),
            *([one.probability for one in said], [one.rule for one in said]),
            [Jsonb(one.evidence) for one in said],
        ],
    )


async def near(connection: Connection, ids: Collection[str]) -> list[Edge]:
    """Give the links that rules and model say of `ids`."""
    rows = await (await connection.execute(_NEAR, {"ids": sorted(ids)})).fetchall()
    return [
        Edge((first, second), "rule" if rule else "model", weight or 0.0)
        for first, second, rule, weight in cast("list[tuple[str, str, str | None, float | None]]", rows)
    ]


async def held(connection: Connection, ids: Collection[str]) -> list[Held]:
    """Give the pairs of `ids` that decisions in force hold together or apart; the newest counts."""
    rows = await (await connection.execute(_CONSTRAINTS, {"ids": sorted(ids)})).fetchall()
    return [
        Held((first, second), together, decision)
        for first, second, together, decision in cast("list[tuple[str, str, bool, int]]", rows)
    ]


def constraints(found: Iterable[Held]) -> Constraints:
    """Give decisions as the partition takes them."""
    found = list(found)
    return Constraints(
        frozenset(ordered(*one.pair) for one in found if one.together),
        frozenset(ordered(*one.pair) for one in found if not one.together),
    )
