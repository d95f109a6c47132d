"""A person's timeline: facts of all linked Patients by time, filtered and paged."""

from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import date
from typing import Final

from xinglin.core.i18n import Phrase
from xinglin.hub.hub import Hub
from xinglin.hub.lifelong.errors import WrongFilter
from xinglin.hub.lifelong.gathering import Person, facts_of
from xinglin.hub.lifelong.gaze import OPEN, Gaze
from xinglin.hub.lifelong.same import Fact
from xinglin.hub.lifelong.sources import Told, told
from xinglin.hub.lifelong.tables import kinds, shapes
from xinglin.hub.lifelong.units import target_units
from xinglin.hub.records import Key
from xinglin.standards.search.dates import MIN_TIME, date_range

DEFAULT_COUNT: Final = 50
MOST_COUNT: Final = 500


@dataclass(frozen=True, slots=True)
class Asked:
    """What of a timeline is wanted.

    `kinds` empty: all. `first` and `last` are FHIR dates (in the hub's zone, both included); `institution` is
    a name or part of one, a credit code, a reference or a source's id. `after`: what a page gave as `next`.
    """

    kinds: tuple[str, ...] = ()
    first: str | None = None
    last: str | None = None
    institution: str | None = None
    code: str | None = None
    count: int = DEFAULT_COUNT
    after: str | None = None

    def types(self) -> list[str]:
        """Give the resource types to be read. Raises WrongFilter."""
        for kind in self.kinds:
            if kind not in kinds():
                detail = Phrase("it must be one of {allowed}", allowed=", ".join(kinds()))
                raise WrongFilter(name="kind", value=kind, detail=detail)
        wanted = [one.type for one in shapes().values() if not self.kinds or one.kind in self.kinds]
        # Visits tell where the records made in them were made.
        return [*wanted, *(["Encounter"] if "Encounter" not in wanted else [])]


@dataclass(frozen=True, slots=True)
class Timeline:
    """A page of a timeline, newest first.

    `facts` are its entries, `told` who told each; `total` counts all entries asked for, `records` the
    records behind those; `units` gives results' common units by code; `following` begins the next page.
    """

    person: Person
    facts: Sequence[Fact]
    told: Mapping[Key, Sequence[Told]]
    total: int
    records: int
    units: Mapping[str, str]
    following: str | None


async def timeline(hub: Hub, id_: str, asked: Asked, gaze: Gaze = OPEN) -> Timeline:
    """Give a page of a person's timeline. Raises Unknown, Gone, WrongFilter or TooManyRecords."""
    types, passes = asked.types(), filter_of(asked, hub.zone)
    if not 0 < asked.count <= MOST_COUNT:
        detail = Phrase("at most {most} at once", most=MOST_COUNT)
        raise WrongFilter(name="count", value=asked.count, detail=detail)
    async with hub.database.connection() as connection:
        person, facts = await facts_of(hub, connection, id_, types, gaze)
        found = sorted(filter(passes, facts), key=place_of, reverse=True)
        page, following = _page(found, asked)
        return Timeline(
            person=person,
            facts=page,
            told=await told(hub.store, connection, page, gaze.sight),
            total=len(found),
            records=sum(len(fact.statements) for fact in found),
            units=target_units(one for fact in facts for one in fact.statements),
            following=following,
        )


def filter_of(asked: Asked, zone: str) -> Callable[[Fact], bool]:
    """Give what a fact must pass. Raises WrongFilter."""
    low, high = _bound("from", asked.first, zone), _bound("to", asked.last, zone)
    wanted = (asked.institution or "").casefold()

    def passes(fact: Fact) -> bool:
        return (
            (not asked.kinds or fact.shown.kind in asked.kinds)
            and (low is None or _reaches(fact, low[0]))
            and (high is None or (fact.shown.when is not None and fact.shown.when.low < high[1]))
            and (not wanted or any(_at(fact, wanted)))
            and (asked.code is None or asked.code in _symbols(fact))
        )

    return passes


def _bound(name: str, text: str | None, zone: str) -> tuple[int, int] | None:
    if not text:
        return None
    try:
        return date_range(text, zone)
    except ValueError:
        detail = Phrase("a date is written as {example}", example=date(2026, 11, 1).isoformat())
        raise WrongFilter(name=name, value=text, detail=detail) from None


def _reaches(fact: Fact, low: int) -> bool:
    """Tell whether a fact was still so at `low`; one without an end lasted for its start only."""
    return fact.shown.when is not None and fact.shown.when.high > low


def _at(fact: Fact, wanted: str) -> Iterable[bool]:
    for one in fact.statements:
        names = (one.place.name, one.sender.name)
        yield any(wanted in name.casefold() for name in names if name)
        yield wanted in {
            one.place.id.casefold(),
            one.place.id.rpartition("/")[2].casefold(),
            one.sender.institution.casefold(),
            one.sender.source.casefold(),
        } - {""}


def _symbols(fact: Fact) -> set[str]:
    return {name for one in fact.statements for code in one.codes for name in (code, code.rpartition("|")[2])}


def place_of(fact: Fact) -> tuple[int, str, str]:
    """Give a fact's place in the timeline: by its start; those without a time are the oldest."""
    shown = fact.shown
    return (shown.when.low if shown.when else MIN_TIME, shown.key.type, shown.key.id)


def _page(found: Sequence[Fact], asked: Asked) -> tuple[Sequence[Fact], str | None]:
    start = 0
    if asked.after is not None:
        before = _read_place(asked.after)
        start = next((at for at, fact in enumerate(found) if place_of(fact) < before), len(found))
    page = found[start : start + asked.count]
    more = start + asked.count < len(found)
    return page, _write_place(page[-1]) if more else None


def _write_place(fact: Fact) -> str:
    low, kind, id_ = place_of(fact)
    return f"{low}:{kind}:{id_}"


def _read_place(text: str) -> tuple[int, str, str]:
    low, _, rest = text.partition(":")
    kind, _, id_ = rest.partition(":")
    digits = low.removeprefix("-")
    if not (digits.isascii() and digits.isdigit() and len(digits) < 20 and kind and id_):
        detail = Phrase("it must be what an answer gave as next")
        raise WrongFilter(name="after", value=text[:80], detail=detail)
    return int(low), kind, id_
