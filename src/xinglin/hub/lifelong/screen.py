"""A person on one screen, with who told each fact: the summary's sections as entries of the timeline."""

import asyncio
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Final
from zoneinfo import ZoneInfo

from xinglin.core.clock import now
from xinglin.core.exact_json import Json
from xinglin.hub.hub import Hub
from xinglin.hub.lifelong.allergies import parted
from xinglin.hub.lifelong.answers import entry
from xinglin.hub.lifelong.gathering import Person, gather
from xinglin.hub.lifelong.gaze import OPEN, Gaze
from xinglin.hub.lifelong.medicines import listed_facts
from xinglin.hub.lifelong.overview import LINES, Overview, overview
from xinglin.hub.lifelong.same import Fact
from xinglin.hub.lifelong.sections import chosen, sections
from xinglin.hub.lifelong.sources import told
from xinglin.hub.lifelong.statuses import status_words
from xinglin.hub.lifelong.timeline import Timeline, place_of
from xinglin.hub.lifelong.units import target_units

VISITS: Final = "visits"
"""The name of the section of visits, which no summary document has."""


@dataclass(frozen=True, slots=True)
class Chosen:
    """A section: its first facts, those that others contradict, and how many there are."""

    id: str
    title: str
    facts: Sequence[Fact]
    contradicted: Sequence[Fact]
    total: int


async def ask_screen(hub: Hub, id_: str, language: str, gaze: Gaze = OPEN) -> Json:
    """Give who a person is, and each section's entries as the timeline tells them.

    `id_` is of any of the person's Patients. Raises Unknown, Gone or TooManyRecords.
    """
    async with hub.database.connection() as connection:
        person = await gather(hub, connection, id_, gaze=gaze)
        today = now().astimezone(ZoneInfo(hub.zone))
        short, parts = await asyncio.to_thread(
            lambda: (overview(person, language, today), _parts(person, language, today.date().isoformat()))
        )
        facts = [fact for part in parts for fact in (*part.facts, *part.contradicted)]
        tellers = await told(hub.store, connection, facts, gaze.sight)
    units = target_units(person.statements)
    shown = Timeline(person, facts, tellers, len(facts), len(person.statements), units, None)
    return _as_json(shown, short, parts, language, today.date().isoformat())


def _parts(person: Person, language: str, today: str) -> list[Chosen]:
    facts = listed_facts(person, today)
    found: list[Chosen] = []
    for section in sections():
        mine, contradicted = parted(chosen(section, facts, today))
        found.append(Chosen(section.id, section.title[language], mine[: 2 * LINES], contradicted, len(mine)))
    visits = sorted((one for one in facts if one.shown.kind == "visit"), key=place_of, reverse=True)
    return [*found, Chosen(VISITS, "", visits[: 2 * LINES], (), len(visits))]


def _as_json(shown: Timeline, short: Overview, parts: Sequence[Chosen], language: str, today: str) -> Json:
    def line(fact: Fact, *, contradicted: bool = False) -> Json:
        return {
            **entry(fact, shown, language),
            "standing": status_words(fact, language, today) or None,
            "contradicted": contradicted,
        }

    return {
        "person": str(shown.person.linked.head),
        "patients": [f"Patient/{one}" for one in short.patients],
        "patient": shown.person.head.content,
        "counts": dict(short.counts),
        "records": short.records,
        "institutions": dict(short.institutions),
        "sections": [
            {
                "id": part.id,
                "title": part.title,
                "total": part.total,
                "entries": [
                    *(line(fact) for fact in part.facts),
                    *(line(fact, contradicted=True) for fact in part.contradicted),
                ],
            }
            for part in parts
        ],
    }
