"""The whole province as a stream of bundles: first the institutions, then one bundle for each person."""

from collections.abc import Iterator
from datetime import date
from itertools import islice

from xinglin_demo.bundle import Chart
from xinglin_demo.conditions import health_of
from xinglin_demo.course import after_months, plan
from xinglin_demo.dice import Dice
from xinglin_demo.fhir import Json
from xinglin_demo.happenings import tell
from xinglin_demo.institutions import institutions
from xinglin_demo.orders import allergy, vaccinate
from xinglin_demo.patients import mother_of, patient
from xinglin_demo.people import Person, population
from xinglin_demo.tables import table
from xinglin_demo.visits import Case

VACCINATED_BELOW = 15
"""Only those younger than this have their immunisations in the records."""
DEFAULT_TODAY = date(2026, 11, 1)


def province(people: int = 200, seed: int = 20261121, today: date = DEFAULT_TODAY) -> Iterator[Json]:
    """Yield transaction bundles: one of institutions and staff, then one for each of `people`.

    The same `seed` and `today` give the same bytes everywhere; a smaller `people` gives the beginning of the
    same stream. Nothing is kept between bundles, so memory doesn't grow. Nothing lies after `today`.
    """
    yield institutions(seed)
    for person in islice(population(seed, today), people):
        yield _story(person, seed, today)


def _story(person: Person, seed: int, today: date) -> Json:
    """Everything about one person."""
    dice = Dice(seed, "person", person.index)
    health = health_of(person, dice, today)
    events = plan(person, health, dice, today)
    chart = Chart(dice)
    seen_at = list(dict.fromkeys(event.institution for event in events)) or ["township"]
    case = Case(person, health, chart, chart.add(patient(person, seen_at)), today)
    if person.mother:
        chart.add(mother_of(person, person.mother, case.patient))
    if dice.chance(0.12) and person.age(today) >= 3:
        allergy(case, date(today.year - dice.integer(1, 2), dice.integer(1, 12), 15))
    if person.age(today) < VACCINATED_BELOW:
        _vaccinations(case)
    for event in events:
        tell(case, event)
    return chart.bundle()


def _vaccinations(case: Case) -> None:
    for row in table("vaccines"):
        day = after_months(case.person.born, int(row["months"]))
        if day < case.today:
            vaccinate(case, row, day)
