"""What the `xinglin identity` commands do."""

import asyncio
from collections.abc import Callable, Sequence
from typing import Final

import msgspec

from xinglin.core.i18n import Phrase
from xinglin.core.settings import Settings
from xinglin.hub.hub import Hub
from xinglin.hub.identity import decisions, drawing, models, questions, whole
from xinglin.hub.identity.decisions import Decision, Wanted
from xinglin.hub.identity.follow import Progress, restart, step
from xinglin.hub.identity.gathering import gather
from xinglin.hub.identity.linkage.model import Model
from xinglin.hub.identity.questions import PairTold, Person, SideBySide, Status, Worn
from xinglin.hub.opened import with_both, with_hub


def run(
    settings: Settings,
    *,
    full: bool = False,
    progress: Callable[[int], None] = lambda _: None,
    tell: Callable[[Phrase], None] = lambda _: None,
) -> Progress:
    """Match all that is new; `full`: every Patient again. Decisions of people stay as they are.

    A full pass, and one of very many new Patients, goes by the bulk engine where the extra `identity` is
    installed and a trained model is in force; a full pass trains one where there is none. `progress` is told
    how many more were looked at, `tell` what is worth knowing about the way. Gives the sums.
    """

    async def work(hub: Hub) -> Progress:
        done = await _in_bulk(hub, full=full, progress=progress, tell=tell)
        if full and done is None:
            async with hub.database.connection() as connection:
                await restart(connection)
        total = done or Progress()
        while not total.finished:
            made = await step(hub, again=full and done is None)
            if made.busy:  # the hub is at it beside this command
                await asyncio.sleep(1)
            total = total.plus(made)
            progress(made.matched + made.removed)
        return total

    return with_hub(settings, work)


MANY: Final = 20_000
"""New Patients from which on the bulk engine is quicker than one by one."""
ENOUGH: Final = 1_000
"""Patients from which on a full pass trains a model where there is none."""


async def _in_bulk(
    hub: Hub, *, full: bool, progress: Callable[[int], None], tell: Callable[[Phrase], None]
) -> Progress | None:
    """Go by the bulk engine; None where that can't be, which `tell` hears of."""
    async with hub.database.connection() as connection:
        waiting = await questions.waiting(connection, hub.store)
        trained = await models.trained_in_force(connection)
    if not full and (waiting < MANY or trained is None):
        return None
    if not whole.is_installed():
        tell(Phrase("The extra 'identity' isn't installed: pairs are matched one by one, more slowly."))
        return None
    gathered = await gather(hub)
    if trained is None:
        if len(gathered.seqs) < ENOUGH:
            tell(Phrase("There are too few Patients to train a model: pairs are matched one by one."))
            return None
        version, trained, _ = await _train(hub)
        tell(Phrase("No model was trained yet: model {version} is, and in force now.", version=version))
    return await whole.match_all(hub, gathered, trained, progress)


def train(settings: Settings) -> tuple[int, int, int]:
    """Train a model on all source Patients and put it in force for what is matched from now on.

    Gives its version, how many people it was trained on, and how many pairs were compared. Raises
    ExtraMissing where the extra `identity` isn't installed, NothingToLearn where there are too few people.
    """

    async def work(hub: Hub) -> tuple[int, int, int]:
        version, model, compared = await _train(hub)
        return version, model.people, compared

    return with_hub(settings, work)


async def _train(hub: Hub) -> tuple[int, Model, int]:
    from xinglin.hub.identity.linkage.bulk import link_all

    async with hub.database.connection() as connection:
        everybody = await models.people(connection)
        found = await asyncio.to_thread(link_all, everybody, spark=hub.spark)
        trained_from = {"people": found.people, "pairs": found.compared}
        parameters = msgspec.json.decode(msgspec.json.encode(found.model))
        charts = drawing.model_charts(found.model)
        version = await models.keep(connection, parameters, trained_from, charts)
    return version, found.model, found.compared


def status(settings: Settings) -> Status:
    """Tell how identity stands."""
    return with_both(settings, lambda hub, connection: questions.status(connection, hub.store))


def queue(settings: Settings, *, most: int, rule: str | None = None) -> Sequence[PairTold]:
    """Give the pairs that wait for review."""
    return with_both(settings, lambda _, connection: questions.queue(connection, most=most, rule=rule))


def pair(settings: Settings, one: str, other: str) -> SideBySide:
    """Give a pair side by side. Raises UnknownPair."""
    return with_both(settings, lambda hub, connection: questions.pair(connection, hub.store, one, other))


def person(settings: Settings, id_: str) -> Person:
    """Give the person that an id leads to. Raises UnknownPerson."""
    return with_both(settings, lambda hub, connection: questions.person(connection, hub.store, id_))


def worn(settings: Settings, *, most: int) -> Sequence[Worn]:
    """Give the numbers that rules don't trust any more."""
    return with_both(settings, lambda _, connection: questions.worn(connection, most=most))


def history(settings: Settings, ids: Sequence[str], *, most: int) -> Sequence[Decision]:
    """Give decisions, newest first; those about `ids` where there are any."""
    return with_both(settings, lambda _, connection: decisions.history(connection, ids or None, most=most))


def decide(settings: Settings, wanted: Wanted) -> int:
    """Carry out a decision; give its number. Raises IntakeError."""
    return with_hub(settings, lambda hub: decisions.decide(hub, wanted))


def undo(settings: Settings, number: int, who: str, why: str) -> int:
    """Undo a decision; give the number of the undoing. Raises IntakeError."""
    return with_hub(settings, lambda hub: decisions.undo(hub, number, who, why))
