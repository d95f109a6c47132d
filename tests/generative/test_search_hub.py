"""What the hub finds is what FHIRPath finds in the records, whatever was written and deleted before."""

import asyncio
from collections.abc import Iterator
from pathlib import Path
from random import Random
from typing import Any
from urllib.parse import parse_qsl

import psycopg
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from tests.databases import new_database
from tests.generative.test_search_index import IDS, queries, records

from xinglin.core.errors import SearchError
from xinglin.core.settings import Settings
from xinglin.hub.changes import Delete, Update
from xinglin.hub.embedded import EmbeddedServer
from xinglin.hub.hub import Hub, open_hub
from xinglin.hub.records import Key
from xinglin.hub.search.search import Asked
from xinglin.standards.search import Compartment, brute_force, parse_search

Json = dict[str, Any]
SORTS = (
    "",
    "_id",
    "-_lastUpdated",
    "date",
    "-date,_id",
    "birthdate",
    "name",
    "-family",
    "code",
    "value-quantity",
)
TABLES = "resource, resource_history, search_date, search_number, search_string, search_text"


class Desk:
    """A hub and the loop it lives in."""

    def __init__(self, url: str, home: Path) -> None:
        self.runner = asyncio.Runner()
        self.url = url
        self.opened = open_hub(Settings(database_url=url, home=str(home)), url)
        self.hub: Hub = self.runner.run(self.opened.__aenter__())

    def run(self, work: Any) -> Any:
        return self.runner.run(work)

    def empty(self) -> None:
        with psycopg.connect(self.url, autocommit=True) as connection:
            connection.execute(f"TRUNCATE {TABLES}")
        self.hub.store.rows.forget()

    def write(self, resources: list[Json]) -> None:
        by_key = {Key(one["resourceType"], one["id"]): one for one in resources}
        self.run(self.hub.change_all([Update(key.type, key=key, content=one) for key, one in by_key.items()]))

    def stored(self) -> list[Json]:
        found = self.run(self.hub.history(most=10_000))
        newest = {}
        for record in found:
            if record.key not in newest or newest[record.key].version < record.version:
                newest[record.key] = record
        return [record.content for record in newest.values() if not record.deleted]

    def close(self) -> None:
        self.runner.run(self.opened.__aexit__(None, None, None))
        self.runner.close()


@pytest.fixture(scope="module")
def desk(server: EmbeddedServer, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Desk]:
    with new_database(server) as url:
        made = Desk(url, tmp_path_factory.mktemp("home"))
        yield made
        made.close()


def found(desk: Desk, pairs: list[tuple[str, str]], kind: str | None, **rest: Any) -> list[str]:
    """Follow the pages to the end; no record may come twice."""
    addresses: list[str] = []
    while True:
        page = desk.run(desk.hub.search(Asked(pairs, kind, **rest)))
        addresses += [str(hit.record.key) for hit in page.matches]
        if page.total is not None and page.next_url is None and len(addresses) == len(page.matches):
            assert page.total == len(addresses)
        if page.next_url is None:
            assert len(addresses) == len(set(addresses))
            return addresses
        pairs = parse_qsl(page.next_url.partition("?")[2], keep_blank_values=True)


def check(desk: Desk, rng: Random, resources: list[Json]) -> None:
    hub = desk.hub
    for _ in range(12):
        kind, pairs = queries.make(rng)
        registry = hub.store.parameters.registry
        try:
            tree = parse_search(pairs, registry, kind)
            around = hub.store.parameters.around()
            expected = brute_force(tree, resources, registry, around)
        except SearchError:
            continue
        shape = [("_count", str(rng.choice((1, 3, 20, 100))))]
        sort = rng.choice(SORTS)
        if all(registry.get(kind, one.lstrip("-")) for one in sort.split(",") if one):
            shape += [("_sort", sort)] if sort else []
        assert sorted(found(desk, [*pairs, *shape], kind)) == sorted(expected), (pairs, shape)


@settings(max_examples=40, deadline=None, suppress_health_check=list(HealthCheck))
@given(st.integers(0, 1 << 32))
def test_hub_and_reference_find_the_same(desk: Desk, seed: int) -> None:
    rng = Random(seed)
    desk.empty()
    desk.write(records.make(rng))
    check(desk, rng, desk.stored())
    desk.write(records.make(rng)[:30])
    gone = rng.sample(desk.stored(), 5)
    keys = [Key(one["resourceType"], one["id"]) for one in gone]
    desk.run(desk.hub.change_all([Delete(key.type, key=key) for key in keys]))
    check(desk, rng, desk.stored())


@settings(max_examples=10, deadline=None, suppress_health_check=list(HealthCheck))
@given(st.integers(0, 1 << 32), st.sampled_from((None, "Observation", "Encounter", "Patient")))
def test_compartments_agree(desk: Desk, seed: int, kind: str | None) -> None:
    desk.empty()
    desk.write(records.make(Random(seed)))
    hub, resources = desk.hub, desk.stored()
    registry = hub.store.parameters.registry
    for identity in IDS:
        own = Compartment("Patient", identity)
        tree = parse_search([], registry, kind, compartment=own)
        expected = brute_force(tree, resources, registry, hub.store.parameters.around())
        assert sorted(found(desk, [("_count", "4")], kind, compartment=own)) == sorted(expected)


SYSTEM = (
    ("_tag", ("http://loinc.org|ABC", "8480-6", "urn:oid:2.16.156|")),
    ("_profile", ("http://a.cn/p", "http://a.cn/p|1")),
    ("_profile:below", ("http://a.cn",)),
    ("_id", ("a,b,c,d", "l")),
    ("_id:not", ("a,b,c",)),
    ("_source", ("http://a.cn/s",)),
    ("_text", ("high", "血压")),
    ("_tag:not", ("8480-6",)),
    ("_has:Observation:subject:status", ("final",)),
    ("_type", ("Patient,Observation", "Encounter,Group,Organization")),
)


@settings(max_examples=15, deadline=None, suppress_health_check=list(HealthCheck))
@given(st.integers(0, 1 << 32))
def test_searches_over_all_types_agree(desk: Desk, seed: int) -> None:
    rng = Random(seed)
    desk.empty()
    desk.write(records.make(rng))
    resources = desk.stored()
    registry = desk.hub.store.parameters.registry
    for _ in range(10):
        pairs = [(name, rng.choice(values)) for name, values in rng.sample(SYSTEM, rng.choice((1, 2)))]
        try:
            tree = parse_search(pairs, registry, None)
        except SearchError:  # not every type has every parameter
            continue
        expected = brute_force(tree, resources, registry, desk.hub.store.parameters.around())
        shape = [
            ("_count", str(rng.choice((2, 50)))),
            ("_sort", rng.choice(("_id", "-_lastUpdated", "_tag"))),
        ]
        assert sorted(found(desk, [*pairs, *shape], None)) == sorted(expected), (pairs, shape)
