"""Tables into the registries: every row checked, what is sound stored, the rest told with its line."""

from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Final, Protocol, TypeVar

from xinglin.core.errors import XinglinError
from xinglin.core.exact_json import Json
from xinglin.core.i18n import Phrase
from xinglin.hub.changes import Update
from xinglin.hub.hub import Hub
from xinglin.hub.records import Key
from xinglin.hub.registries import departments, devices, find, institutions, practitioners, sheet
from xinglin.hub.registries.institutions import Institution
from xinglin.hub.registries.records import Known
from xinglin.hub.registries.sheet import Column, Row
from xinglin.standards.places import Place, location, path

TOGETHER: Final = 1_000
"""Records written in one transaction where order doesn't matter."""


class _Keyed(Protocol):
    @property
    def key(self) -> object: ...


One = TypeVar("One", bound=_Keyed)


@dataclass
class Outcome:
    """What became of a table: rows taken and refused, what was found, and records by what became of them."""

    taken: int = 0
    refused: int = 0
    findings: list[XinglinError] = field(default_factory=list[XinglinError])
    written: dict[str, int] = field(default_factory=dict[str, int])


async def load_institutions(hub: Hub, file: Path, *, store: bool = True) -> Outcome:
    """Register the institutions of a table; without `store` only check it. Raises UnusableRegister."""
    rows = [(row, institutions.check(row)) for row in sheet.read(file, institutions.COLUMNS)]
    _refuse_twice(rows)
    institutions.refuse_wrong_trees(rows, await find.known(hub))
    return await _finish(hub, rows, _institution_records, store=store)


def _institution_records(taken: Sequence[Institution]) -> Iterator[Json]:
    places = {step.code: step for one in taken if one.place for step in path(one.place.code)}
    yield from map(location, places.values())
    for one in taken:
        yield institutions.organization(one)
        yield institutions.site(one)


async def load_departments(hub: Hub, file: Path, *, store: bool = True) -> Outcome:
    """Register the departments of a table."""
    return await _load(hub, file, departments.COLUMNS, departments.check, _department_records, store=store)


def _department_records(taken: Sequence[departments.Department]) -> Iterator[Json]:
    for one in taken:
        yield departments.organization(one)
        yield departments.service(one)


async def load_practitioners(hub: Hub, file: Path, *, store: bool = True) -> Outcome:
    """Register the people of a table and their posts."""
    return await _load(hub, file, practitioners.COLUMNS, practitioners.check, _people, store=store)


def _people(taken: Sequence[practitioners.Post]) -> Iterator[Json]:
    people = {practitioners.practitioner_id(one): one for one in taken}
    yield from (practitioners.practitioner(one) for one in people.values())
    yield from (practitioners.post(one) for one in taken)


async def load_devices(hub: Hub, file: Path, *, store: bool = True) -> Outcome:
    """Register the devices of a table."""
    return await _load(
        hub, file, devices.COLUMNS, devices.check, lambda taken: map(devices.device, taken), store=store
    )


async def load_places(hub: Hub, places: Iterable[Place], progress: Callable[[int], None]) -> Outcome:
    """Store the Locations of places; `progress` is told how many more are done."""
    made = [location(one) for one in places]
    outcome = Outcome(taken=len(made))
    for start in range(0, len(made), TOGETHER):
        part = made[start : start + TOGETHER]
        await _write(hub, part, outcome)
        progress(len(part))
    return outcome


async def _load(
    hub: Hub,
    file: Path,
    columns: Sequence[Column],
    check: Callable[[Row, Known], One],
    make: Callable[[Sequence[One]], Iterable[Json]],
    *,
    store: bool,
) -> Outcome:
    known = await find.known(hub)
    rows = [(row, check(row, known)) for row in sheet.read(file, columns)]
    _refuse_twice(rows)
    return await _finish(hub, rows, make, store=store)


def _refuse_twice(rows: Iterable[tuple[Row, _Keyed]]) -> None:
    first: dict[object, int] = {}
    for row, one in rows:
        if not row.refused and first.setdefault(one.key, row.line) != row.line:
            row.wrong("-", Phrase("it is the same as line {line}", line=first[one.key]))


async def _finish(
    hub: Hub,
    rows: Sequence[tuple[Row, One]],
    make: Callable[[Sequence[One]], Iterable[Json]],
    *,
    store: bool,
) -> Outcome:
    taken = [one for row, one in rows if not row.refused]
    findings = [finding for row, _ in rows for finding in row.findings]
    outcome = Outcome(len(taken), len(rows) - len(taken), findings)
    if store:
        await _write(hub, list(make(taken)), outcome)
    return outcome


async def _write(hub: Hub, made: Sequence[Json], outcome: Outcome) -> None:
    """Write records, all or none; those that say nothing new stay as they are."""
    changes = [_update(hub, record) for record in made]
    for done in await hub.change_all(changes):
        name = done.action.value
        outcome.written[name] = outcome.written.get(name, 0) + 1


def _update(hub: Hub, record: Json) -> Update:
    key = Key(record["resourceType"], record["id"])
    change = Update(key.type, key, content=record)
    hub.admission.check(change)
    return change
