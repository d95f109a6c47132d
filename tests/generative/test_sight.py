"""What a sight hides can't be found out: SQL, Python and a plain reference agree on what it hides, and every
question is answered under it as by a hub that never had the hidden records.
"""

import re
from collections.abc import Iterator
from random import Random
from typing import Any
from urllib.parse import parse_qsl, urlencode

import psycopg
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from tests.databases import new_database
from tests.generative.sights import Plain, make_records, make_sight
from tests.generative.test_search_hub import SORTS, SYSTEM, TABLES, Desk
from tests.generative.test_search_index import IDS, RECORD_IDS, queries

from xinglin.core.errors import XinglinError
from xinglin.hub.changes import Create, Delete
from xinglin.hub.embedded import EmbeddedServer
from xinglin.hub.records import Key, Record
from xinglin.hub.search import resolve
from xinglin.hub.search.answer import searchset
from xinglin.hub.search.everything import AskedEverything
from xinglin.hub.search.match import match
from xinglin.hub.search.search import Asked, Found
from xinglin.hub.sight import EVERYTHING, Sight
from xinglin.hub.sight.seen import seen_by
from xinglin.standards.search import Compartment

Json = dict[str, Any]
SHAPES: tuple[tuple[tuple[str, str], ...], ...] = (
    (),
    (("_count", "3"),),
    (("_count", "2"), ("_total", "accurate")),
    (("_total", "estimate"),),
    (("_summary", "count"),),
    (("_elements", "id,status"),),
)
INCLUDES: tuple[tuple[tuple[str, str], ...], ...] = (
    (),
    (("_include", "*"),),
    (("_include:iterate", "Observation:encounter"), ("_include:iterate", "Encounter:part-of")),
    (("_revinclude", "Observation:subject"),),
    (("_revinclude", "*"),),
    (("_revinclude:iterate", "Encounter:part-of"), ("_include", "Patient:organization")),
)
TREES = (("Encounter", "part-of:below"), ("Encounter", "part-of:above"), ("Organization", "partof:below"))


@pytest.fixture(scope="module")
def desk(server: EmbeddedServer, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Desk]:
    with new_database(server) as url:
        made = Desk(url, tmp_path_factory.mktemp("home"))
        yield made
        made.close()


CHAINS = (
    ("Observation", "patient.gender:missing"),
    ("Observation", "subject:Patient.active:missing"),
    ("Observation", "encounter.part-of.class:missing"),
    ("Observation", "patient._has:Encounter:patient:class:missing"),
    ("Observation", "patient.organization.active:missing"),
    ("Encounter", "part-of.class:missing"),
    ("Patient", "organization.active:missing"),
    ("Patient", "_has:Observation:patient:status:missing"),
    ("Patient", "_has:Observation:performer:_has:Observation:patient:status:missing"),
    ("Patient", "_has:Encounter:patient:class:missing"),
    ("Patient", "_has:Encounter:patient:_has:Encounter:part-of:class:missing"),
    ("Encounter", "_has:Observation:encounter:patient.gender:missing"),
)
"""Wide ones, so that nearly every hidden record would change an answer."""

_TIMES = re.compile(r'_page=[\w%-]+|"timestamp":"[^"]*"')
"""Marks of places say when the first page was made, as bundles say when they were."""


class Asker:
    """Asks one hub everything there is to ask, under one sight, and gives what is told."""

    def __init__(self, desk: Desk, sight: Sight) -> None:
        self.desk, self.hub, self.sight = desk, desk.hub, sight

    def told(self, work: Any) -> Any:
        try:
            return self.desk.run(work)
        except XinglinError as error:
            return (error.code, str(error))

    def pages(self, asked: Asked) -> list[Any]:
        """Give every page of a search, without the marks of places in links."""
        pages: list[Any] = []
        while True:
            found = self.told(self.hub.search(asked, sight=self.sight))
            if not isinstance(found, Found):
                return [*pages, found]
            body = searchset(found, "http://hub", "en").decode()
            pages.append((_TIMES.sub("", body), found.total))
            if found.next_url is None or len(pages) > 100:
                return pages
            pairs = parse_qsl(found.next_url.partition("?")[2], keep_blank_values=True)
            asked = Asked(pairs, asked.kind, asked.compartment, base=asked.base)

    def everything(self, key: Key, pairs: list[tuple[str, str]]) -> Any:
        found = self.told(self.hub.everything(AskedEverything(key, pairs, ""), sight=self.sight))
        if not isinstance(found, Found):
            return found
        hits = [[str(hit.record.key) for hit in some] for some in (found.matches, found.included)]
        return hits[0], sorted(hits[1]), found.total, found.next_url is None

    def lastn(self, pairs: list[tuple[str, str]]) -> Any:
        found = self.told(self.hub.lastn(pairs, "", sight=self.sight))
        return [str(hit.record.key) for hit in found.matches] if isinstance(found, Found) else found

    def matched(self, kind: str, criteria: str) -> Any:
        async def work() -> list[str]:
            async with self.hub.database.connection() as connection:
                found = await match(self.hub.store, connection, kind, criteria, 5, sight=self.sight)
                return sorted(map(str, found))

        return self.told(work())

    def history(self, kind: str | None, id_: str | None) -> list[Any]:
        place, found = None, []
        while True:
            more = {"before": place} if place else {}
            page = self.desk.run(self.hub.history(kind=kind, id_=id_, most=7, sight=self.sight, **more))
            found += [(str(one.key), one.version, one.body) for one in page]
            if len(page) < 7:
                return found
            place = (page[-1].updated, page[-1].seq)

    def by_id(self, key: Key, version: int) -> list[Any]:
        asked = Asked([("_id", key.id)], key.type)
        return [
            _plain(self.told(self.hub.read(key, sight=self.sight))),
            _plain(self.told(self.hub.vread(key, version, sight=self.sight))),
            self.pages(asked),
        ]


def _plain(found: Any) -> Any:
    return (found.version, found.body) if isinstance(found, Record) else found


def answers(asker: Asker, rng: Random, keys: list[Key]) -> Iterator[tuple[str, Any]]:
    """Give questions and their answers; equal sources of chance give equal questions."""
    registry = asker.hub.registry
    for _ in range(10):
        kind, pairs = queries.make(rng)
        sort = rng.choice(SORTS)
        shape = [*rng.choice(SHAPES), *rng.choice(INCLUDES)]
        if sort and all(registry.get(kind, one.lstrip("-")) for one in sort.split(",")):
            shape.append(("_sort", sort))
        own = Compartment("Patient", rng.choice(IDS)) if rng.random() < 0.2 else None
        asked = [*pairs, *shape]
        yield f"{own} {kind} {asked}", asker.pages(Asked(asked, kind, own, base="http://hub"))
        yield f"match {kind} {pairs}", asker.matched(kind, urlencode(pairs))
    for _ in range(3):
        pairs = [(name, rng.choice(values)) for name, values in rng.sample(SYSTEM, 1)]
        asked = [*pairs, *rng.choice(SHAPES), ("_sort", rng.choice(("_id", "-_lastUpdated", "_tag")))]
        yield f"system {asked}", asker.pages(Asked(asked, base="http://hub"))
    for kind, name in rng.sample(CHAINS, 6):
        chain = [(name, rng.choice(("true", "false"))), ("_sort", rng.choice(("_id", "-_lastUpdated")))]
        yield f"{kind} {chain}", asker.pages(Asked(chain, kind))
    kind, name = rng.choice(TREES)
    tree = [(name, f"{kind}/{rng.choice(IDS)}")]
    yield f"{kind} {tree}", asker.pages(Asked(tree, kind))
    for one in IDS:
        pairs = [("_count", "4")] if rng.random() < 0.5 else []
        yield f"everything {one}", asker.everything(Key("Patient", one), pairs)
        yield f"everything of encounter {one}", asker.everything(Key("Encounter", one), [])
        yield f"lastn {one}", asker.lastn([("patient", one), ("max", "2")])
    yield "history", asker.history(None, None)
    yield "history of a type", asker.history(rng.choice(("Patient", "Observation")), None)
    for key in rng.sample(keys, min(len(keys), 6)):
        yield f"history of {key}", asker.history(*key)
        yield f"{key} by id", asker.by_id(key, rng.choice((1, 2)))


def seen_of(plain: Plain, sight: Sight, versions: list[Record]) -> tuple[set[Key], set[int]]:
    """Give the records that are seen, and the change numbers of the versions that are."""
    by_key: dict[Key, list[Record]] = {}
    for one in versions:
        by_key.setdefault(one.key, []).append(one)
    records: set[Key] = set()
    shown: set[int] = set()
    for key, several in by_key.items():
        several.sort(key=lambda one: one.version)
        last = next(one for one in reversed(several) if not one.deleted)
        if plain.sees(sight, last.content):
            records.add(key)
            now = several[-1].seq
            shown |= {
                one.seq for one in several if one.seq == now or one.deleted or plain.sees(sight, one.content)
            }
    return records, shown


def forget_hidden(desk: Desk, records: set[Key], shown: set[int], versions: list[Record]) -> None:
    """Make the database as if what is hidden had never been."""
    hidden = [one.seq for one in versions if one.key not in records or one.seq not in shown]
    with psycopg.connect(desk.url, autocommit=True) as connection:
        for table in TABLES.split(", "):
            if table != "search_text":
                connection.execute(f"DELETE FROM {table} WHERE seq = ANY(%s)", [hidden])


def seen_in_sql(desk: Desk, sight: Sight, kind: str) -> set[Key]:
    async def work() -> set[Key]:
        async with desk.hub.database.connection() as connection:
            seen = seen_by(desk.hub.store, sight)
            condition = None if seen is None else seen.condition(kind)
            text, args = ("TRUE", ()) if condition is None else (condition.text, condition.args)
            rows = await connection.execute(
                f"SELECT type, id FROM resource r WHERE body IS NOT NULL AND {text}",
                list(args),
                prepare=False,
            )
            return {Key(desk.hub.store.type_names[code], id_) for code, id_ in await rows.fetchall()}

    found: set[Key] = desk.run(work())
    return found if kind == "Resource" else {one for one in found if one.type == kind}


def fill(desk: Desk, rng: Random) -> list[Record]:
    """Store records, change some and delete some; give all versions."""
    desk.empty()
    desk.write(make_records(rng))
    desk.write(make_records(rng)[:30])
    gone = rng.sample(desk.stored(), 6)
    keys = [Key(one["resourceType"], one["id"]) for one in gone]
    desk.run(desk.hub.change_all([Delete(key.type, key=key) for key in keys]))
    return desk.run(desk.hub.history(most=10_000))


@settings(max_examples=12, deadline=None, suppress_health_check=list(HealthCheck))
@given(st.integers(0, 1 << 32))
def test_sql_python_and_the_reference_agree(desk: Desk, seed: int) -> None:
    rng = Random(seed)
    desk.empty()
    desk.write(make_records(rng))
    stored = desk.stored()
    parameters = desk.hub.store.parameters
    plain = Plain(parameters.registry, parameters.around())
    for _ in range(8):
        sight = make_sight(rng)
        expected = {Key(one["resourceType"], one["id"]) for one in stored if plain.sees(sight, one)}
        seen = seen_by(desk.hub.store, sight)
        judged = {Key(one["resourceType"], one["id"]) for one in stored if seen is None or seen.admits(one)}
        assert judged == expected, sight
        assert seen_in_sql(desk, sight, "Resource") == expected, sight
        for kind in {key.type for key in expected} | {"Patient", "Task"}:
            assert seen_in_sql(desk, sight, kind) == {one for one in expected if one.type == kind}, sight


@settings(max_examples=12, deadline=None, suppress_health_check=list(HealthCheck))
@given(st.integers(0, 1 << 32), st.sampled_from((0, 3, resolve.LOOKED_UP)))
def test_hidden_records_might_as_well_not_exist(desk: Desk, seed: int, looked_up: int) -> None:
    """Chains that find little are looked up first, others followed within the statement: both are tried."""
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(resolve, "LOOKED_UP", looked_up)
        compare(desk, seed)


def compare(desk: Desk, seed: int) -> None:
    rng = Random(seed)
    versions = fill(desk, rng)
    parameters = desk.hub.store.parameters
    sight = make_sight(rng)
    plain = Plain(parameters.registry, parameters.around())
    records, shown = seen_of(plain, sight, versions)
    keys = sorted({one.key for one in versions})
    under = list(answers(Asker(desk, sight), Random(seed), keys))
    forget_hidden(desk, records, shown, versions)
    without = answers(Asker(desk, EVERYTHING), Random(seed), keys)
    for (question, told), (same, expected) in zip(under, without, strict=True):
        assert question == same
        assert told == expected, (question, sight)


@settings(max_examples=10, deadline=None, suppress_health_check=list(HealthCheck))
@given(st.integers(0, 1 << 32))
def test_conditions_of_changes_find_only_what_is_seen(desk: Desk, seed: int) -> None:
    rng = Random(seed)
    versions = fill(desk, rng)
    parameters = desk.hub.store.parameters
    sight = make_sight(rng)
    records, _ = seen_of(Plain(parameters.registry, parameters.around()), sight, versions)
    live = {Key(one["resourceType"], one["id"]) for one in desk.stored()}
    for id_ in rng.sample(RECORD_IDS, 4):
        key = Key("Observation", id_)
        change = Create(
            "Observation",
            criteria=f"_id={id_}",
            content={"resourceType": "Observation", "status": "final", "code": {"text": "x"}},
        )
        (done,) = desk.run(desk.hub.change_all([change], sight=sight))
        found = done.record is not None and done.record.key == key
        assert found == (key in live and key in records)
