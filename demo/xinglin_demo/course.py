"""Plan what happens to a person in the two years before today: dates, places and kinds of visits."""

from dataclasses import dataclass
from datetime import date, timedelta

from xinglin_demo.conditions import Health
from xinglin_demo.dice import Dice
from xinglin_demo.people import Person
from xinglin_demo.tables import Row, table

YEARS = 2
"""How far back the records go."""
FOLLOWED = ("hypertension", "diabetes")
"""Diseases that the basic public health service follows up every quarter
(National basic public health service standard, third edition 2017; unverified)."""
CHECKED_FROM = 65
"""Age from which everybody is examined once a year (same source)."""
WELL_CHILD_MONTHS = (1, 3, 6, 8, 12, 18, 24, 30, 36, 48, 60, 72)
"""Ages at which a small child is measured (same source)."""


@dataclass(frozen=True, order=True)
class Event:
    """Something that is going to happen. `kind`: followup, checkup, acute, stay, delivery, wellchild."""

    day: date
    kind: str
    institution: str
    department: str
    disease: str = ""


def plan(person: Person, health: Health, dice: Dice, today: date) -> list[Event]:
    """Every event of the window, by date."""
    start = max(person.born, date(today.year - YEARS, today.month, 1))
    events = [
        *_followups(health, dice, start, today),
        *_checkups(person, health, dice, start, today),
        *_wellchild(person, dice, start, today),
        *_illnesses(person, dice, start, today),
        *(
            Event(day, "delivery", "county", "obstetrics", "delivery")
            for day in person.confinements
            if day >= start
        ),
    ]
    return sorted(events)


def _followups(health: Health, dice: Dice, start: date, today: date) -> list[Event]:
    onsets = [onset for disease, onset in health.onsets.items() if disease in FOLLOWED]
    if not onsets:
        return []
    day = max(min(onsets), start)
    events: list[Event] = []
    if day > start:
        events.append(Event(day, "followup", "county", "internal"))
    day += timedelta(days=dice.integer(10, 80))
    while day < today:
        place = ("village", "clinic") if dice.chance(0.6) else ("township", "general")
        events.append(Event(day, "followup", *place))
        day += timedelta(days=dice.integer(80, 100))
    return events


def _checkups(person: Person, health: Health, dice: Dice, start: date, today: date) -> list[Event]:
    events: list[Event] = []
    for year in range(start.year, today.year + 1):
        day = date(year, dice.integer(3, 10), dice.integer(1, 28))
        age = person.age(day)
        likely = 0.6 if age >= CHECKED_FROM or health.known(day) else 0.12
        if dice.chance(likely) and age >= 18 and start <= day < today:
            at_county = age < CHECKED_FROM and dice.chance(0.5)
            place = ("county", "internal") if at_county else ("township", "general")
            events.append(Event(day, "checkup", *place))
    return events


def _wellchild(person: Person, dice: Dice, start: date, today: date) -> list[Event]:
    days = (
        after_months(person.born, months) + timedelta(days=dice.integer(0, 12))
        for months in WELL_CHILD_MONTHS
    )
    return [Event(day, "wellchild", "township", "publichealth") for day in days if start <= day < today]


def _illnesses(person: Person, dice: Dice, start: date, today: date) -> list[Event]:
    age = person.age(today)
    a_year = 3 if age < 6 else 2 if age < 14 or age >= 60 else 1
    span = (today - start).days
    if span < 30:
        return []
    events: list[Event] = []
    for _ in range(dice.integer(0, 2 * a_year * max(1, span // 365))):
        day = start + timedelta(days=dice.integer(20, span - 1))
        row = _illness(person, dice, "acute", day)
        if row:
            events.append(Event(day, "acute", *_where(dice, person.age(day)), row["key"]))
    if dice.chance(0.12 if age < 60 else 0.3):
        day = start + timedelta(days=dice.integer(20, span - 1))
        row = _illness(person, dice, "stay", day)
        if row:
            department = (
                "paediatrics"
                if person.age(day) < 14 and row["department"] == "internal"
                else row["department"]
            )
            events.append(Event(day, "stay", "county", department, row["key"]))
    return events


def _illness(person: Person, dice: Dice, course: str, day: date) -> Row | None:
    fitting = [
        row
        for row in table("diseases")
        if row["course"] == course
        and row["sex"] in {"any", person.sex}
        and int(row["age_from"]) <= person.age(day) <= int(row["age_to"])
    ]
    if not fitting:
        return None
    return dice.weighted(fitting, [float(row["weight"]) for row in fitting])


def _where(dice: Dice, age: int) -> tuple[str, str]:
    county = ("county", "paediatrics" if age < 14 else "internal")
    return dice.weighted((("village", "clinic"), ("township", "general"), county), (45, 35, 20))


def after_months(day: date, months: int) -> date:
    """Give the day `months` later; days of birth here never exceed 28, so the day always exists."""
    count = day.year * 12 + day.month - 1 + months
    return date(count // 12, count % 12 + 1, day.day)
