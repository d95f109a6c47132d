"""A person on one screen: who, problems, medicines, allergies, latest results, last visits, how much."""

import asyncio
from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Final
from zoneinfo import ZoneInfo

from xinglin.core.clock import now
from xinglin.core.i18n import Phrase
from xinglin.hub.hub import Hub
from xinglin.hub.lifelong.allergies import parted
from xinglin.hub.lifelong.answers import measured, title
from xinglin.hub.lifelong.gathering import Person, gather
from xinglin.hub.lifelong.gaze import OPEN, Gaze
from xinglin.hub.lifelong.medicines import listed_facts
from xinglin.hub.lifelong.people import Who, who
from xinglin.hub.lifelong.same import Fact, same_facts
from xinglin.hub.lifelong.sections import chosen, sections
from xinglin.hub.lifelong.statuses import status_words
from xinglin.hub.lifelong.tables import kinds, rules
from xinglin.hub.lifelong.timeline import place_of
from xinglin.hub.lifelong.units import target_units

LINES: Final = 6
"""Lines a section has on the screen."""


@dataclass(frozen=True, slots=True)
class Listed:
    """A section: its title, its first lines as day and words, and how many lines there are."""

    title: str
    lines: Sequence[tuple[str, str]]
    total: int


@dataclass(frozen=True, slots=True)
class Overview:
    """A person in short.

    `id` is of the Patient that stands for the person, `patients` of those sources sent; `counts` are facts by
    kind, `records` the records behind them, `institutions` how many facts each one told.
    """

    id: str
    who: Who
    patients: Sequence[str]
    counts: Mapping[str, int]
    records: int
    institutions: Mapping[str, int]
    lists: Sequence[Listed]


async def ask_overview(hub: Hub, id_: str, language: str, gaze: Gaze = OPEN) -> Overview:
    """Give a person in short. Raises Unknown, Gone or TooManyRecords."""
    async with hub.database.connection() as connection:
        person = await gather(hub, connection, id_, gaze=gaze)
    today = now().astimezone(ZoneInfo(hub.zone))
    return await asyncio.to_thread(overview, person, language, today)


def overview(person: Person, language: str, today: datetime) -> Overview:
    """Make the overview of a person; `today` in the hub's zone."""
    facts = same_facts(person.statements, rules("fact"))
    counts = Counter(fact.shown.kind for fact in facts)
    golden = person.linked.golden
    return Overview(
        id=person.head.key.id,
        who=who(person.head.content),
        patients=[key.id for key in person.linked.patients if key != golden],
        counts={kind: counts[kind] for kind in kinds() if counts[kind]},
        records=len(person.statements),
        institutions=_institutions(facts),
        lists=[*_lists(person, language, today), _visits(facts, language)],
    )


def _institutions(facts: Sequence[Fact]) -> Mapping[str, int]:
    """Count each institution's facts, by its name."""
    told = Counter(
        name
        for fact in facts
        for name in {one.place.name or one.place.id or one.sender.name for one in fact.statements}
        if name
    )
    return dict(told.most_common())


def _lists(person: Person, language: str, today: datetime) -> list[Listed]:
    day = today.date().isoformat()
    facts = listed_facts(person, day)
    units = target_units(person.statements)
    found: list[Listed] = []
    for section in sections():
        mine, contradicted = parted(chosen(section, facts, day))
        lines = [(fact.shown.start[:10], _line(fact, units, language, day)) for fact in mine[:LINES]]
        lines += [(fact.shown.start[:10], _against(fact, language)) for fact in contradicted]
        found.append(Listed(section.title[language], lines, len(mine)))
    return found


def _line(fact: Fact, units: Mapping[str, str], language: str, today: str) -> str:
    shown = fact.shown
    words = [title(shown, language)]
    if shown.value is not None:
        value = measured(shown, shown.content, units)
        words += [value["text"], value.get("flag", "")]
    words += [part.value.shown for part in shown.parts if part.value is not None]
    status = status_words(fact, language, today)
    return " ".join(word for word in (*words, f"({status})" if status else "") if word)


def _against(fact: Fact, language: str) -> str:
    """Name what the lines above speak against."""
    return Phrase("Contradicted by the above: {told}", told=title(fact.shown, language)).text(language)


def _visits(facts: Sequence[Fact], language: str) -> Listed:
    visits = sorted((one for one in facts if one.shown.kind == "visit"), key=place_of, reverse=True)
    lines = [
        (one.shown.start[:10], f"{title(one.shown, language)} {one.shown.place.name}".strip())
        for one in visits[:LINES]
    ]
    return Listed(Phrase("Visits").text(language), lines, len(visits))
