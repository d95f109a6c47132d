"""A model trained on the hub's own people decides from then on."""

from collections import Counter
from typing import Any

from benchmarks.identity import as_patient
from tests.integration.test_identity import put, rows
from tests.support import run

from xinglin.core.settings import Settings
from xinglin.hub.hub import Hub
from xinglin.hub.identity import commands
from xinglin.hub.identity.models import model_in_force
from xinglin_demo.population import population

PEOPLE = 1_500


def shares(golden: dict[str, str], entity: dict[str, int]) -> tuple[float, float]:
    """Give precision and recall of the pairs that are linked."""
    linked = pairs(Counter(golden.values()))
    right = pairs(Counter((golden[one], entity[one]) for one in golden))
    return right / linked, right / pairs(Counter(entity.values()))


def pairs(sizes: Counter[Any]) -> int:
    return sum(size * (size - 1) // 2 for size in sizes.values())


def test_training(settings: Settings) -> None:
    people = list(population(PEOPLE, 3))
    entity = {one.id: one.entity for one in people}

    async def store(hub: Hub) -> None:
        await put(hub, *(as_patient(one) for one in people))

    async def golden(hub: Hub) -> dict[str, str]:
        return dict(await rows(hub, "SELECT patient, golden FROM person_link"))  # pyright: ignore[reportArgumentType]

    async def version(hub: Hub) -> int:
        async with hub.database.connection() as connection:
            return (await model_in_force(connection)).version

    run(settings, store)
    commands.run(settings)
    assert run(settings, version) == 0
    precision, recall = shares(run(settings, golden), entity)
    assert precision > 0.99
    assert recall > 0.9
    made, trained_on, compared = commands.train(settings)
    assert run(settings, version) == made == 1
    assert trained_on == PEOPLE
    assert compared > PEOPLE
    assert commands.run(settings, full=True).matched == PEOPLE
    precision, recall = shares(run(settings, golden), entity)
    assert precision > 0.99
    assert recall > 0.95
