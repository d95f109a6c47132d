"""The full pass in bulk finds the same persons as matching one by one, and keeps what people decided."""

import itertools

import pytest
from benchmarks.identity import as_patient
from tests.integration.test_identity import patient, put, rows
from tests.integration.test_identity_model import shares
from tests.support import run

from xinglin.core.i18n import Phrase
from xinglin.core.settings import Settings
from xinglin.hub.hub import Hub
from xinglin.hub.identity import commands, whole
from xinglin.hub.identity.decisions import Wanted, decide
from xinglin.hub.identity.follow import restart, step
from xinglin.hub.identity.gathering import gather
from xinglin_demo.population import population

PEOPLE = 2_000
Golden = dict[str, str]


async def golden(hub: Hub) -> Golden:
    found = await rows(hub, "SELECT patient, golden FROM person_link")
    return {str(one): str(name) for one, name in found}


def joined(found: Golden) -> set[tuple[str, str]]:
    """Give all pairs of records that belong to one person."""
    persons: dict[str, list[str]] = {}
    for one in sorted(found):
        persons.setdefault(found[one], []).append(one)
    return {pair for those in persons.values() for pair in itertools.combinations(those, 2)}


async def one_by_one(hub: Hub) -> Golden:
    async with hub.database.connection() as connection:
        await restart(connection)
    while not (await step(hub, again=True)).finished:
        pass
    return await golden(hub)


def test_both_ways_agree(settings: Settings) -> None:
    pytest.importorskip("splink", reason="the extra 'identity' isn't installed")
    people = list(population(PEOPLE, 5))
    entity = {one.id: one.entity for one in people}
    told: list[Phrase] = []

    async def store(hub: Hub) -> None:
        await put(hub, *(as_patient(one) for one in people))

    run(settings, store)
    done = commands.run(settings, full=True, tell=told.append)
    assert done.matched == PEOPLE
    assert [str(one) for one in told] == ["No model was trained yet: model 1 is, and in force now."]
    bulk = run(settings, golden)
    precision, recall = shares(bulk, entity)
    assert precision > 0.995
    assert recall > 0.97
    ((charts, waiting),) = run(
        settings,
        lambda hub: rows(
            hub,
            "SELECT (SELECT charts FROM identity_model), (SELECT count(*) FROM person_link WHERE seq < 0)",
        ),
    )
    assert "<svg" in charts["match_weights"]["zh"]
    assert waiting == 0
    single = run(settings, one_by_one)
    by_bulk, by_single = joined(bulk), joined(single)
    assert len(by_bulk ^ by_single) <= 0.005 * len(by_single)
    assert commands.run(settings, full=True).goldens <= 0.01 * PEOPLE
    assert joined(run(settings, golden)) == by_bulk


def test_decisions_hold(settings: Settings) -> None:
    pytest.importorskip("splink", reason="the extra 'identity' isn't installed")

    async def story(hub: Hub) -> None:
        await put(hub, *(as_patient(one) for one in population(1_200, 7)))
        await put(hub, patient("a", seed=1), patient("b", seed=1), patient("c", "李建国", seed=2))
        while not (await step(hub)).finished:
            pass
        await decide(hub, Wanted("apart", ["a", "b"], "eve", "a borrowed card"))
        await decide(hub, Wanted("link", ["a", "c"], "eve", "he took another name"))

    run(settings, story)
    commands.run(settings, full=True)
    found = run(settings, golden)
    assert found["a"] == found["c"]
    assert found["a"] != found["b"]


def test_without_the_extra(settings: Settings, monkeypatch: pytest.MonkeyPatch) -> None:
    told: list[Phrase] = []

    async def store(hub: Hub) -> None:
        await put(hub, patient("a", seed=1), patient("b", seed=1), patient("c", seed=2))

    run(settings, store)
    monkeypatch.setattr(whole, "is_installed", lambda: False)
    assert commands.run(settings, full=True, tell=told.append).matched == 3
    assert "one by one" in str(told[0])
    monkeypatch.undo()
    assert commands.run(settings, full=True, tell=told.append).matched == 3
    assert "too few" in str(told[1])
    found = run(settings, golden)
    assert found["a"] == found["b"] != found["c"]


def test_a_pass_that_ends_early_leaves_nobody_out(settings: Settings) -> None:
    async def story(hub: Hub) -> Golden:
        await put(hub, patient("a", seed=1), patient("b", seed=1))
        while not (await step(hub)).finished:
            pass
        await put(hub, patient("b", seed=2), patient("c", seed=1))
        found = await gather(hub)
        assert found.seqs.keys() == {"a", "b", "c"}
        assert found.entered == {"b", "c"}
        while not (await step(hub)).finished:  # the pass never came to match them
            pass
        return await golden(hub)

    found = run(settings, story)
    assert found["a"] == found["c"] != found["b"]
