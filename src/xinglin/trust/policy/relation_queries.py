"""The searches of relation_queries.csv, as SQL that gives ids of Patients."""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import timedelta
from typing import Final
from urllib.parse import parse_qsl

from xinglin.core.clock import instant, now
from xinglin.core.i18n import Phrase
from xinglin.hub.database import Connection
from xinglin.hub.hub import Hub
from xinglin.hub.search.resolve import Resolver
from xinglin.hub.search.sql import Sql, anything, array, fill
from xinglin.standards.search import parse_search
from xinglin.trust.policy.errors import FaultyPolicyTable
from xinglin.trust.policy.standing import Named, Standing
from xinglin.trust.policy.tables import Row, Tables

ITSELF: Final = "_id"
"""In the column `patient`: the record found is the Patient."""

BY_NUMBER: Final = ":identifier"
"""Asks for references that name somebody by number."""

Pairs = list[tuple[str, str]]


@dataclass(frozen=True, slots=True)
class Arm:
    """A search made ready: its SQL gives the ids of Patients as column `id`."""

    relation: str
    sql: Sql


async def arms(
    hub: Hub,
    connection: Connection,
    stands: Standing,
    tables: Tables,
    *,
    most: int,
    patients: Sequence[str] = (),
) -> list[Arm]:
    """Give the searches for somebody's relations, of `most` records each; only about `patients` if given."""
    resolver = Resolver(connection, hub.store, hub.store.parameters, hub.store.parameters.around())
    made: list[Arm] = []
    times = _times(tables)
    for row in tables.rows("relation_queries"):
        for pairs in _asked(row, stands, times | _kinds(tables, row["type"])):
            about = _about(row["patient"], patients)
            sql = await _sql(hub, resolver, row, [*pairs, *about], most)
            made += [Arm(row["relation"], sql)] if sql is not None else []
    return made


def _times(tables: Tables) -> dict[str, str]:
    present = now()

    def ago(**span: int) -> str:
        return instant(present - timedelta(**span))

    return {
        "grace": ago(hours=tables.value("grace_hours")),
        "open": ago(days=tables.value("open_days")),
        "referral": ago(days=tables.value("referral_days")),
        "tomorrow": ago(days=-1),
    }


def _kinds(tables: Tables, kind: str) -> dict[str, str]:
    """Give the codes of care_kinds.csv for a type, by relation."""
    found: dict[str, list[str]] = {}
    for row in tables.rows("care_kinds"):
        if row["type"] == kind:
            found.setdefault(row["relation"], []).append(f"{row['system']}|{row['code']}")
    return {relation: ",".join(codes) for relation, codes in found.items()}


def _asked(row: Row, stands: Standing, words: Mapping[str, str]) -> Iterator[Pairs]:
    """Give the searches of a row: by reference, and by number where the asker's are known."""
    people: Mapping[str, Named] = {"practitioners": stands.practitioners, "places": stands.places}
    pairs = parse_qsl(row["query"], keep_blank_values=True)
    asked = next((one for one in people if f"{{{one}}}" in row["query"]), None)
    if asked is None:
        detail = Phrase("it must ask for {{practitioners}} or {{places}}")
        raise FaultyPolicyTable(file="relation_queries.csv", row=0, column="query", detail=detail)
    for modifier, values in (("", people[asked].references), (BY_NUMBER, people[asked].numbers)):
        if values:
            filled = {**words, asked: ",".join(values)}
            yield [
                (f"{name}{modifier}" if asked in value else name, _filled(value, filled))
                for name, value in pairs
            ]


def _filled(text: str, words: Mapping[str, str]) -> str:
    for name, word in words.items():
        text = text.replace(f"{{{name}}}", word)
    return text


def _about(parameter: str, patients: Sequence[str]) -> Pairs:
    if not patients:
        return []
    prefix = "" if parameter == ITSELF else "Patient/"
    return [(parameter, ",".join(f"{prefix}{one}" for one in patients))]


async def _sql(hub: Hub, resolver: Resolver, row: Row, pairs: Pairs, most: int) -> Sql | None:
    parameters = hub.store.parameters
    query = parse_search(pairs, parameters.registry, row["type"], reading=parameters.reading)
    prepared = [await resolver.branch(one) for one in query.branches]
    if all(one.empty for one in prepared):
        return None
    if any(one.checks for one in prepared):
        if any(name.endswith(BY_NUMBER) for name, _ in pairs):
            return None  # what a parameter doesn't index by number is found by reference alone
        detail = Phrase("{query} can't be answered by the index alone", query=row["query"])
        raise FaultyPolicyTable(file="relation_queries.csv", row=0, column="query", detail=detail)
    found = anything([one.sql(resolver.compiler) for one in prepared])
    if row["patient"] == ITSELF:
        return Sql(f"SELECT r.id FROM resource r WHERE {found.text} LIMIT %s", (*found.args, most))
    parameter = parameters.registry.get(row["type"], row["patient"])
    salts = () if parameter is None else resolver.lowering.salts(row["type"], parameter, "Patient")
    return fill(
        "SELECT p.id FROM (SELECT r.refs, r.keys FROM resource r WHERE {} LIMIT {}) AS r "
        "CROSS JOIN unnest(r.refs) AS f(ref) JOIN resource p ON p.self_key = f.ref "
        "WHERE p.type = {} AND r.keys && ARRAY(SELECT f.ref # s FROM unnest({}) AS t(s))",
        found,
        Sql("%s", (most,)),
        Sql("%s", (hub.store.types["Patient"],)),
        Sql("%s::bigint[]", (array(salts),)),
    )
