"""Identity behind the gate: who is one person, what waits for review, and what was decided.

Every pair waits for a steward, of whatever class its records are: otherwise nobody would ever decide those.
So of all records alike only what tells the person is shown: no label, no source, no institution's own number.
"""

from collections.abc import Iterable, Sequence
from dataclasses import replace
from typing import Any, Final, cast

from xinglin.core.exact_json import Json
from xinglin.hub.hub import Hub
from xinglin.hub.identity import asking, crossing, decisions, questions
from xinglin.hub.identity.asking import Candidate
from xinglin.hub.identity.crossing import Crossed
from xinglin.hub.identity.decisions import Decision, Wanted
from xinglin.hub.identity.questions import PairTold, Person, SideBySide, Status, Worn
from xinglin.hub.sight import Sight
from xinglin.standards.identifiers import find
from xinglin.trust.gate.gated import GatedHub

_SHOWN: Final = frozenset(
    {"resourceType", "id", "active", "name", "telecom", "gender", "birthDate", "address", "maritalStatus"}
    | {
        "deceasedBoolean",
        "deceasedDateTime",
        "multipleBirthBoolean",
        "multipleBirthInteger",
        "contact",
        "link",
    }
)
"""Elements of a Patient that tell a person; an institution's name or a label would tell what brought them."""


def _demographics(content: Json) -> Json:
    numbers: Any = content.get("identifier") or ()
    national = [one for one in cast("list[Json]", numbers) if find(str(one.get("system"))) is not None]
    kept = [
        {name: one[name] for name in ("system", "value", "type", "period") if name in one} for one in national
    ]
    shown = {name: value for name, value in content.items() if name in _SHOWN}
    return shown | ({"identifier": kept} if kept else {})


async def status(hub: GatedHub) -> Status:
    """Tell how identity stands."""

    async def work(inner: Hub) -> Status:
        async with inner.database.connection() as connection:
            return await questions.status(connection, inner.store)

    return await hub.operate(work)


async def person(hub: GatedHub, id_: str) -> Person:
    """Give a person by the id of any of its Patients. Raises UnknownPerson."""

    async def work(inner: Hub) -> Person:
        async with inner.database.connection() as connection:
            told = await questions.person(connection, inner.store, id_)
        records = {key: _demographics(one) for key, one in told.records.items()}
        return replace(told, content=_demographics(told.content), records=records)

    return await hub.operate(work, what=[("Patient", id_)], told=lambda one: _of_person(one, id_))


def _of_person(told: Person, asked: str) -> Iterable[str]:
    yield asked
    yield told.golden
    for link in told.links:
        yield link.patient


async def queue(hub: GatedHub, *, most: int, skip: int, rule: str | None) -> Sequence[PairTold]:
    """Give the pairs that wait for review, the weightiest first."""

    async def work(inner: Hub) -> Sequence[PairTold]:
        async with inner.database.connection() as connection:
            return await questions.queue(connection, most=most, skip=skip, rule=rule)

    return await hub.operate(work, told=lambda found: [id_ for p in found for id_ in (p.first, p.second)])


async def pair(hub: GatedHub, one: str, other: str) -> SideBySide:
    """Give a pair side by side. Raises UnknownPair."""

    async def work(inner: Hub) -> SideBySide:
        async with inner.database.connection() as connection:
            told = await questions.pair(connection, inner.store, one, other)
        first, second = map(_demographics, told.records)
        return replace(told, records=(first, second))

    return await hub.operate(work, what=[("Patient", one), ("Patient", other)], patients=[one, other])


async def worn(hub: GatedHub, *, most: int) -> Sequence[Worn]:
    """Give the numbers that too many people bear."""

    async def work(inner: Hub) -> Sequence[Worn]:
        async with inner.database.connection() as connection:
            return await questions.worn(connection, most=most)

    return await hub.operate(work, told=lambda found: [id_ for one in found for id_ in one.patients])


async def history(hub: GatedHub, ids: Sequence[str] | None, *, most: int) -> Sequence[Decision]:
    """Give decisions, newest first; those about `ids` where there are any."""

    async def work(inner: Hub) -> Sequence[Decision]:
        async with inner.database.connection() as connection:
            return await decisions.history(connection, ids, most=most)

    return await hub.operate(work, told=lambda found: [id_ for one in found for id_ in one.subjects])


async def decide(hub: GatedHub, wanted: Wanted) -> int:
    """Carry out a decision; give its number. Raises IntakeError."""
    what = [("Patient", one) for one in wanted.subjects]
    return await hub.operate(
        lambda inner: decisions.decide(inner, wanted), what=what, patients=wanted.subjects, changes=True
    )


async def undo(hub: GatedHub, number: int, who: str, why: str) -> int:
    """Undo a decision; give the number of the undoing. Raises IntakeError."""
    return await hub.operate(
        lambda inner: decisions.undo(inner, number, who, why), what=[("decision", str(number))], changes=True
    )


async def match(hub: GatedHub, patient: Json, *, most: int, certain: bool) -> list[Candidate]:
    """Give the persons that a Patient, which isn't stored, may be, as far as they may be seen."""

    async def work(inner: Hub, sight: Sight) -> list[Candidate]:
        async with inner.database.connection() as connection:
            return await asking.candidates(
                connection, inner.store, patient, most=most, certain=certain, sight=sight
            )

    return await hub.candidates(work)


async def cross(hub: GatedHub, system: str, value: str, targets: Sequence[str]) -> Crossed:
    """Give the identifiers of the person with this one, of Patients that may be seen (IHE PIXm)."""

    async def work(inner: Hub, sight: Sight) -> Crossed:
        async with inner.database.connection() as connection:
            return await crossing.cross(connection, inner, system, value, targets, sight=sight)

    return await hub.crossed(work)
