"""The searches of relation_queries.csv, as SQL that gives ids of Patients.

A row asks for records by `query`, and that any of `by` names whoever asks: by reference, or by number where
the index holds the numbers of such references. What stays the same for a minute is made once in it.
"""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from functools import lru_cache
from typing import Final
from urllib.parse import parse_qsl

from xinglin.core.clock import instant, now
from xinglin.core.i18n import Phrase
from xinglin.hub.database import Connection
from xinglin.hub.hub import Hub
from xinglin.hub.search.resolve import Prepared, Resolver
from xinglin.hub.search.sql import Sql, anything, array, everything, fill, keys
from xinglin.hub.sight.origins import origin_keys
from xinglin.standards.search import conditions as c
from xinglin.standards.search import parse_search
from xinglin.standards.search.keys import self_key
from xinglin.trust.policy.errors import FaultyPolicyTable
from xinglin.trust.policy.standing import Named, Standing
from xinglin.trust.policy.tables import Row, Tables

ITSELF: Final = "_id"
"""In the column `patient`: the record found is the Patient."""
BY_NUMBER: Final = ":identifier"
"""Asks for references that name somebody by number."""
BY_SOURCE: Final = "{sources}"
"""In the column `by`: whoever's institution has sent the record."""
BY_ROLE: Final = "roles:"
"""In the column `by`: whoever has one of these roles, whatever the record says."""
KEPT: Final = 1_000
"""People and places whose searches are kept ready."""

Pairs = list[tuple[str, str]]


@dataclass(frozen=True, slots=True)
class Arm:
    """A search made ready: what row `r` must fulfil, and where it names a Patient (no salts: it is one)."""

    relation: str
    found: Sql
    salts: tuple[int, ...]

    def sql(self, patients: Sequence[str], kind: int, most: int) -> Sql:
        """Give (relation, id of a Patient) of at most `most` records; only about `patients`, if given."""
        columns = Sql("%s::text, r.id", (self.relation,))
        narrowed = everything([self.found, *self._about(patients)])
        if not self.salts:
            return fill("SELECT {} FROM resource r WHERE {} LIMIT {}", columns, narrowed, Sql("%s", (most,)))
        return fill(
            "SELECT {}, p.id FROM (SELECT r.refs, r.keys FROM resource r WHERE {} LIMIT {}) AS r "
            "CROSS JOIN unnest(r.refs) AS f(ref) JOIN resource p ON p.self_key = f.ref "
            "WHERE p.type = {} AND r.keys && ARRAY(SELECT f.ref # s FROM unnest({}) AS t(s))",
            Sql("%s::text", (self.relation,)),
            narrowed,
            Sql("%s", (most,)),
            Sql("%s", (kind,)),
            Sql("%s::bigint[]", (array(self.salts),)),
        )

    def _about(self, patients: Sequence[str]) -> list[Sql]:
        if not patients:
            return []
        if not self.salts:
            return [Sql("r.id = ANY(%s)", (list(patients),))]
        return [keys(self_key("Patient", one) ^ salt for one in patients for salt in self.salts)]


async def arms(hub: Hub, connection: Connection, stands: Standing, tables: Tables) -> Sequence[Arm]:
    """Give the searches for somebody's relations."""
    minute = now().replace(second=0, microsecond=0)
    index = hub.store.parameters.extractor  # another one where parameters or the index's secret change
    kept = _kept(stands, minute, id(tables), id(index))
    if not kept.arms:
        resolver = Resolver(connection, hub.store, hub.store.parameters, hub.store.parameters.around())
        for row in tables.rows("relation_queries"):
            words = _times(tables, minute) | _kinds(tables, row["type"])
            arm = await _arm(hub, resolver, row, stands, words)
            kept.arms += [arm] if arm is not None else []
        kept.held = tables, index
    return kept.arms


class _Kept:
    """Searches kept ready; `held` keeps the objects whose `id` stands in the key, so that it stays theirs."""

    def __init__(self) -> None:
        self.arms: list[Arm] = []
        self.held: object = None


@lru_cache(maxsize=KEPT)
def _kept(_stands: Standing, _minute: datetime, _tables: int, _index: int) -> _Kept:
    return _Kept()


def _times(tables: Tables, present: datetime) -> dict[str, str]:
    def ago(**span: int) -> str:
        return instant(present - timedelta(**span))

    return {
        "grace": ago(hours=tables.value("grace_hours")),
        "open": ago(days=tables.value("open_days")),
        "referral": ago(days=tables.value("referral_days")),
        "notifiable": ago(days=tables.value("notifiable_days")),
        "tomorrow": ago(days=-1),
    }


def _kinds(tables: Tables, kind: str) -> dict[str, str]:
    """Give the codes of care_kinds.csv for a type, by relation."""
    found: dict[str, list[str]] = {}
    for row in tables.rows("care_kinds"):
        if row["type"] == kind:
            found.setdefault(row["relation"], []).append(f"{row['system']}|{row['code']}")
    return {relation: ",".join(codes) for relation, codes in found.items()}


async def _arm(
    hub: Hub, resolver: Resolver, row: Row, stands: Standing, words: Mapping[str, str]
) -> Arm | None:
    """Make a row's search ready; None where nothing can be found."""
    shared = [(name, _filled(value, words)) for name, value in parse_qsl(row["query"])]
    base = await _prepared(hub, resolver, row, shared)
    if base is None:
        return None
    found = base.sql(resolver.compiler)
    if row["by"] == BY_SOURCE:
        if not stands.sources:
            return None
        found = everything([found, keys(sorted(origin_keys(stands.sources)))])
    elif not row["by"].startswith(BY_ROLE):
        named = [await _prepared(hub, resolver, row, [pair]) for pair in _named(row, stands)]
        either = [one.conditions[0] for one in named if one is not None]
        if not either:
            return None
        found = everything([found, _any(resolver, either)])
    elif stands.roles.isdisjoint(one.removeprefix(BY_ROLE) for one in row["by"].split()):
        return None
    if row["patient"] == ITSELF:
        return Arm(row["relation"], found, ())
    registry = hub.store.parameters.registry
    parameter = registry.get(row["type"], row["patient"])
    if parameter is None:
        raise _fault(row, Phrase("{type} has no parameter {name}", type=row["type"], name=row["patient"]))
    return Arm(row["relation"], found, resolver.lowering.salts(row["type"], parameter, "Patient"))


def _any(resolver: Resolver, conditions: Sequence[c.Condition]) -> Sql:
    """Ask for any of the conditions; keys together, as one look into their index."""
    wanted = frozenset(key for one in conditions if isinstance(one, c.Keys) for key in one.keys)
    others = [resolver.compiler.condition(one) for one in conditions if not isinstance(one, c.Keys)]
    return anything([*([keys(wanted)] if wanted else []), *others])


def _named(row: Row, stands: Standing) -> Iterator[tuple[str, str]]:
    """Give the parameters by which whoever asks may be named, with values."""
    people: Mapping[str, Named] = {
        "{practitioners}": stands.practitioners,
        "{places}": stands.places,
    }
    for one in row["by"].split():
        name, _, asked = one.partition("=")
        if asked not in people:
            raise _fault(row, Phrase("it must be one of {words}", words=", ".join(people)))
        if people[asked].references:
            yield name, ",".join(people[asked].references)
        if people[asked].numbers:
            yield f"{name}{BY_NUMBER}", ",".join(people[asked].numbers)


def _filled(text: str, words: Mapping[str, str]) -> str:
    for name, word in words.items():
        text = text.replace(f"{{{name}}}", word)
    return text


async def _prepared(hub: Hub, resolver: Resolver, row: Row, pairs: Pairs) -> Prepared | None:
    """Make parameters ready; None where they find nothing, or numbers that the index doesn't hold."""
    parameters = hub.store.parameters
    query = parse_search(pairs, parameters.registry, row["type"], reading=parameters.reading)
    (branch,) = query.branches
    made = await resolver.branch(branch)
    if made.checks:
        if any(name.endswith(BY_NUMBER) for name, _ in pairs):
            return None
        raise _fault(row, Phrase("{query} can't be answered by the index alone", query=row["query"]))
    return None if made.empty else made


def _fault(row: Row, detail: Phrase) -> FaultyPolicyTable:
    return FaultyPolicyTable(
        file="relation_queries.csv", row=row["relation"], column=row["type"], detail=detail
    )
