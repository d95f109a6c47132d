"""Households: who lives together, how they are related, when they were born."""

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import date

from xinglin_demo import identifiers, names
from xinglin_demo.dice import Dice
from xinglin_demo.tables import groups_by

KINDS = ("family", "three generations", "elderly couple", "alone")
WEIGHTS = (50, 25, 16, 9)
"""How common each kind of household is; own choice for a county the young leave (unverified)."""


@dataclass(frozen=True)
class Home:
    """Where a household lives."""

    township: str
    village: str
    village_number: int
    group: int
    door: int

    @property
    def text(self) -> str:
        """The address below the county."""
        return f"{self.township}{self.village}{self.group}组{self.door}号"


@dataclass(frozen=True)
class Person:
    """An invented person; `index` counts from 0 through the whole province."""

    index: int
    sex: str
    born: date
    family: str
    given: str
    phone: str
    home: Home
    mother: "Person | None" = None
    father: "Person | None" = None
    confinements: tuple[date, ...] = ()

    @property
    def resident_number(self) -> str:
        """The identity number that can't be anybody's."""
        return identifiers.resident_number(self.index, self.sex, self.born)

    def age(self, day: date) -> int:
        """Whole years on `day`; negative before birth."""
        return day.year - self.born.year - ((day.month, day.day) < (self.born.month, self.born.day))


def population(seed: int, today: date) -> Iterator[Person]:
    """People without end, household by household; parents come before their children."""
    index = household = 0
    while True:
        members = _household(Dice(seed, "household", household), index, today)
        yield from members
        index += len(members)
        household += 1


def _household(dice: Dice, first: int, today: date) -> list[Person]:
    """Give the members of one household, numbered from `first`."""
    kind = dice.weighted(KINDS, WEIGHTS)
    house = _House(dice, first, today)
    if kind == "alone":
        house.adult(dice.pick(("male", "female")), dice.integer(25, 88))
    elif kind == "elderly couple":
        age = dice.integer(60, 86)
        house.adult("male", age)
        house.adult("female", age - dice.integer(-1, 5))
    else:
        _raise_family(house, with_grandparent=kind == "three generations")
    return house.members


def _raise_family(house: "_House", *, with_grandparent: bool) -> None:
    dice = house.dice
    age = dice.integer(24, 48)
    births = [dice.integer(22, min(age, 34)) for _ in range(dice.weighted((0, 1, 2, 3), (15, 45, 33, 7)))]
    children = sorted({age - at for at in births}, reverse=True)
    # Children's birthdays are drawn first: the mother's record tells of the confinements.
    count = len(house.members)
    birthdays = [house.birthday(house.first + count + 2 + place, old) for place, old in enumerate(children)]
    father = house.adult("male", age + dice.integer(-1, 5))
    mother = house.adult("female", age, confinements=tuple(birthdays))
    for birthday in birthdays:
        house.child(birthday, mother, father)
    if with_grandparent:
        sex = dice.pick(("male", "female"))
        house.adult(sex, age + dice.integer(24, 34), family=father.family if sex == "male" else None)


class _House:
    """A household being filled."""

    def __init__(self, dice: Dice, first: int, today: date) -> None:
        self.dice, self.first, self.today = dice, first, today
        self.members: list[Person] = []
        self.dotted = dice.chance(names.DOTTED_SHARE)
        villages = groups_by("places", "kind")["village"]
        number = dice.integer(0, len(villages) - 1)
        township = dice.pick(groups_by("places", "kind")["township"])["name"]
        self.home = Home(township, villages[number]["name"], number, dice.integer(1, 12), dice.integer(1, 99))

    def birthday(self, index: int, age: int) -> date:
        """Give a birthday of person `index` who is `age` today."""
        day = identifiers.birth_day(index)
        back = self.dice.integer(0, 11)
        months = self.today.year * 12 + self.today.month - 2 - back - age * 12
        return date(months // 12, months % 12 + 1, day)

    def adult(
        self, sex: str, age: int, *, family: str | None = None, confinements: tuple[date, ...] = ()
    ) -> Person:
        """Add an adult with a name and a telephone of their own."""
        index = self.first + len(self.members)
        born = self.birthday(index, age)
        if self.dotted:
            given = f"{names.dotted(self.dice, sex)}·{names.dotted(self.dice, 'male')}"
            family = ""
        else:
            family = family or names.surname(self.dice)
            given = names.given(self.dice, sex, born.year)
        phone = identifiers.phone(self.dice)
        person = Person(index, sex, born, family, given, phone, self.home, confinements=confinements)
        self.members.append(person)
        return person

    def child(self, born: date, mother: Person, father: Person) -> None:
        """Add a child under the father's surname and the mother's telephone."""
        sex = self.dice.pick(("male", "female"))
        if self.dotted:
            given = f"{names.dotted(self.dice, sex)}·{father.given.partition('·')[0]}"
        else:
            given = names.given(self.dice, sex, born.year)
        index = self.first + len(self.members)
        self.members.append(
            Person(index, sex, born, father.family, given, mother.phone, self.home, mother, father)
        )
