"""Whatever comes, goes and is decided: every record has one person, and every decision can be undone."""

import asyncio
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import psycopg
import pytest
from hypothesis import HealthCheck, event, given, settings
from hypothesis import strategies as st
from tests.databases import new_database

from xinglin.core.errors import IntakeError
from xinglin.core.settings import Settings
from xinglin.hub.changes import Delete, Update
from xinglin.hub.embedded import EmbeddedServer
from xinglin.hub.hub import Hub, open_hub
from xinglin.hub.identity.decisions import Wanted, decide, undo
from xinglin.hub.identity.follow import follow
from xinglin.hub.records import Key
from xinglin.standards.identifiers import invented_resident

Json = dict[str, Any]
IDS = "abcdefg"
STATE = "person_link, person_golden, person_feature, person_key, person_worn, person_pair"
DECISIONS = "person_decision, person_constraint"
NAMES = ("王芳", "李建国", "欧阳明华")
BIRTHS = ("1949-07-03", "1985-12-11")


def patient(id_: str, name: int, birth: int, number: int | None, link: str | None) -> Json:
    made: Json = {"resourceType": "Patient", "id": id_, "name": [{"text": NAMES[name]}]}
    made |= {"birthDate": BIRTHS[birth], "telecom": [{"system": "phone", "value": f"1380000100{name}"}]}
    if number is not None:
        value = invented_resident(number)
        made["identifier"] = [{"system": "urn:oid:2.16.156.10011.1.3", "value": value}]
    if link is not None:
        made["link"] = [{"other": {"reference": f"Patient/{link}"}, "type": "seealso"}]
    return made


ids = st.sampled_from(IDS)
several = st.lists(ids, min_size=1, max_size=3, unique=True)
arrivals = st.builds(
    patient,
    ids,
    st.integers(0, 2),
    st.integers(0, 1),
    st.none() | st.integers(1, 2),
    st.none() | st.none() | ids,
)
steps = st.one_of(
    st.tuples(st.just("put"), arrivals),
    st.tuples(st.just("put"), arrivals),
    st.tuples(st.just("delete"), ids),
    st.tuples(st.sampled_from(["link", "apart"]), st.lists(ids, min_size=2, max_size=2, unique=True)),
    st.tuples(st.just("unlink"), st.lists(ids, min_size=1, max_size=1)),
    st.tuples(st.just("split"), several),
    st.tuples(st.just("merge"), st.lists(ids, min_size=2, max_size=2, unique=True)),
    st.tuples(st.just("undo"), st.integers(1, 6)),
)


class Desk:
    """A hub, and the loop it lives in."""

    def __init__(self, url: str, home: Path) -> None:
        self.runner = asyncio.Runner()
        self.url = url
        self.opened = open_hub(Settings(database_url=url, home=str(home)), url)
        self.hub: Hub = self.runner.run(self.opened.__aenter__())

    def close(self) -> None:
        self.runner.run(self.opened.__aexit__(None, None, None))
        self.runner.close()

    def execute(self, query: str) -> list[Any]:
        with psycopg.connect(self.url, autocommit=True) as connection:
            cursor = connection.execute(query)  # pyright: ignore[reportArgumentType, reportCallIssue]
            return cursor.fetchall() if cursor.description else []

    def empty(self) -> None:
        tables = "resource, resource_history, search_date, search_number, search_string, search_text"
        self.execute(f"TRUNCATE {tables}, {STATE}, {DECISIONS}")
        self.execute("UPDATE identity_progress SET place = -1")
        self.hub.store.rows.forget()

    def match(self) -> None:
        while not self.runner.run(follow(self.hub, most=100)).finished:
            pass

    def persons(self) -> dict[str, frozenset[str]]:
        found: dict[str, set[str]] = {}
        for one, golden in self.execute("SELECT patient, golden FROM person_link"):
            found.setdefault(golden, set()).add(one)
        return {golden: frozenset(those) for golden, those in found.items()}

    def present(self) -> dict[str, Json]:
        found: dict[str, Json] = {}
        seen: set[str] = set()
        for record in self.runner.run(self.hub.history(kind="Patient", most=10_000)):
            if record.key.id not in seen and not record.deleted:
                found[record.key.id] = record.content
            seen.add(record.key.id)
        return found

    def snapshot(self) -> Any:
        """Give all that identity says, without times."""
        pairs = self.execute(
            "SELECT first, second, state, verdict, rule, decision FROM person_pair ORDER BY 1, 2"
        )
        links = self.execute("SELECT patient, golden, how FROM person_link ORDER BY 1")
        goldens = {
            id_: {name: value for name, value in content.items() if name != "meta"}
            for id_, content in self.present().items()
            if id_.startswith("golden-") and content["active"]
        }
        return pairs, links, goldens

    def do(self, action: str, what: Any) -> int | None:
        """Do a step; give the number of a decision. What can't be decided is refused, and changes nothing."""
        if action == "put":
            key = Key("Patient", what["id"])
            self.runner.run(self.hub.change(Update("Patient", key=key, content=what)))
        elif action == "delete":
            self.runner.run(self.hub.change(Delete("Patient", key=Key("Patient", what))))
        else:
            return self.decide(action, what)
        self.match()
        return None

    def decide(self, action: str, what: Any) -> int | None:
        golden = {one: name for name, those in self.persons().items() for one in those}
        if action == "undo":
            numbers = [row[0] for row in self.execute("SELECT id FROM person_decision ORDER BY id")]
            what = numbers[-what] if len(numbers) >= what else 0
        elif action == "merge":
            what = [golden.get(one, one) for one in what]
        before = self.snapshot()
        try:
            if action == "undo":
                return self.runner.run(undo(self.hub, what, "eve", "wrong"))
            return self.runner.run(decide(self.hub, Wanted(action, what, "eve", "seen")))
        except IntakeError as error:
            event(f"{action} refused: {error.code}")
            assert self.snapshot() == before
            return None


@pytest.fixture(scope="module")
def desk(server: EmbeddedServer, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Desk]:
    with new_database(server) as url:
        made = Desk(url, tmp_path_factory.mktemp("home"))
        yield made
        made.close()


def check(desk: Desk) -> None:
    """Check what always holds."""
    persons, present = desk.persons(), desk.present()
    sources = {id_ for id_ in present if not id_.startswith("golden-")}
    assert sorted(one for those in persons.values() for one in those) == sorted(sources)
    active = {id_ for id_ in present if id_.startswith("golden-") and present[id_]["active"]}
    assert active == persons.keys()
    for golden, those in persons.items():
        linked = {link["other"]["reference"] for link in present[golden]["link"]}
        assert linked == {f"Patient/{one}" for one in those}
    golden = {one: name for name, those in persons.items() for one in those}
    newest = "SELECT DISTINCT ON (first, second) first, second, together FROM person_constraint"
    for first, second, together in desk.execute(
        f"{newest} WHERE in_force ORDER BY first, second, decision DESC"
    ):
        if first in golden and second in golden and not together:
            assert golden[first] != golden[second]
        if first in golden and second in golden and together:
            assert golden[first] == golden[second]
    for first, second, state in desk.execute("SELECT first, second, state FROM person_pair"):
        assert (state == "linked") == (golden[first] == golden[second])


@settings(
    max_examples=12,
    deadline=None,
    suppress_health_check=[HealthCheck.function_scoped_fixture, HealthCheck.too_slow],
)
@given(st.lists(steps, min_size=4, max_size=25))
def test_any_sequence(desk: Desk, made: list[tuple[str, Any]]) -> None:
    desk.empty()
    for action, what in made:
        before = desk.snapshot()
        number = desk.do(action, what)
        check(desk)
        if number is not None:
            after = desk.snapshot()
            taken_back = desk.runner.run(undo(desk.hub, number, "eve", "wrong"))
            assert desk.snapshot() == before
            desk.runner.run(undo(desk.hub, taken_back, "eve", "right after all"))
            assert desk.snapshot() == after
    # Who belongs together is told by records and decisions, not by what was there in between.
    persons = set(desk.persons().values())
    desk.execute(f"TRUNCATE {STATE}")
    desk.execute("UPDATE identity_progress SET place = -1")
    desk.execute("DELETE FROM resource WHERE id LIKE 'golden-%'")
    desk.hub.store.rows.forget()
    desk.match()
    assert set(desk.persons().values()) == persons
