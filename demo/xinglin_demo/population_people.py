"""The people themselves, household by household: who lives together, what they are called, where they live.

Identity numbers can't be anybody's (see `identifiers`): each block of households gets a division of its own
from 368021 to 368980.
"""

from collections.abc import Iterator
from dataclasses import dataclass, field
from datetime import date

from xinglin_demo.identifiers import resident_check
from xinglin_demo.population_chance import RATES, Chance, Urn, ranked
from xinglin_demo.tables import table

TODAY = date(2026, 11, 1)
"""The day on which ages are counted."""
BLOCK = 150
"""Households of a neighbourhood; every block lies in one county."""
ROUNDS, BANDS, BAND = 6, 10, 49
"""Divisions of a county, and sequences of one division, given out one after the other."""


@dataclass(frozen=True, slots=True)
class Home:
    """Where a household lives: place in the table of counties, township, village or street, two numbers."""

    county: int
    township: str
    street: str
    group: int
    door: int
    rural: bool


@dataclass(slots=True)
class Person:
    """An invented person, with what changed in the course of the years."""

    entity: int
    surname: str
    given: str
    male: bool
    born: tuple[int, int, int]
    number: str
    phone: str
    home: Home
    old_phone: str | None = None
    old_home: Home | None = None
    old_given: str | None = None
    mother: "Person | None" = None
    husband: str | None = None
    twin: bool = False
    rare: bool = False
    household: "list[Person]" = field(default_factory=list["Person"])

    @property
    def age(self) -> int:
        """Years on `TODAY`, by the calendar year."""
        return TODAY.year - self.born[0]


_COUNTIES = len(table("population_counties"))
_STREETS = tuple(row["name"] for row in table("population_streets"))
_RARE = tuple(row["character"] for row in table("population_rare"))
_SURNAMES = Urn(
    [row["surname"] for name in ("surnames", "population_surnames") for row in table(name)],
    [float(row["per_million"]) for name in ("surnames", "population_surnames") for row in table(name)],
)
_LONG = {
    sex: tuple(row["name"] for row in table("population_long_names") if row["sex"] == sex)
    for sex in ("male", "female")
}
_GIVEN = {
    (row["sex"] == "male", year): (float(row["single_share"]), ranked(row["characters"]))
    for row in table("population_given")
    for year in range(int(row["born_from"]), int(row["born_to"]) + 1)
}
_MONTH_DAYS = (31, 28, 31, 30, 31, 30, 31, 31, 30, 31, 30, 31)


def people(chance: Chance) -> Iterator[list[Person]]:
    """Give the people of one block of households after the other, up to 6,000 blocks."""
    entity = 0
    for block in range(_COUNTIES * ROUNDS * BANDS):
        maker = _Block(chance, block, entity)
        for _ in range(BLOCK):
            maker.household()
        entity += len(maker.people)
        yield maker.people


class _Block:
    """A neighbourhood being filled."""

    def __init__(self, chance: Chance, block: int, first: int) -> None:
        self.chance, self.first = chance, first
        county, turn = block % _COUNTIES, block // _COUNTIES
        self.county = county
        self.division = f"36{80 + county % 10}{21 + county // 10 * ROUNDS + turn % ROUNDS}"
        self.band = turn // ROUNDS * BAND
        self.used: set[str] = set()
        self.people: list[Person] = []
        self.members: list[Person] = []
        self.township = chance.pick(_STREETS)
        self.rural = chance.next() < 0.5

    def household(self) -> None:
        """Add a household."""
        chance = self.chance
        self.members = []
        self.long = chance.rate("long_name")
        self.home = Home(
            self.county,
            self.township,
            chance.pick(_STREETS),
            1 + chance.below(18),
            1 + chance.below(120),
            self.rural,
        )
        self.line = self.phone()
        kind = chance.next() - RATES["household_alone"]
        if kind < 0:
            self.adult(chance.next() < 0.5, 20 + chance.below(70))
            return
        kind -= RATES["household_couple"]
        age = 52 + chance.below(38) if kind < 0 else 25 + chance.below(30)
        man = self.adult(male=True, age=age + chance.below(6) - 1)
        wife = self.adult(male=False, age=age)
        wife.husband = man.surname
        if kind >= 0:
            self.children(man, wife)
            if kind < RATES["household_three"]:
                self.elders(man)

    def elders(self, man: Person) -> None:
        """Add the parents of the man of the house."""
        age = man.age + 22 + self.chance.below(10)
        father = self.adult(male=True, age=age, surname=man.surname)
        if self.chance.next() < 0.7:
            self.adult(male=False, age=age - self.chance.below(5)).husband = father.surname

    def children(self, man: Person, wife: Person) -> None:
        """Add children, now and then twins."""
        chance = self.chance
        elder: Person | None = None
        oldest = min(wife.age - 21, 28)
        for _ in range((0, 1, 1, 2, 2, 2, 3)[chance.below(7)]):
            surname = wife.surname if chance.rate("two_surnames") else man.surname
            born = self.day(chance.below(oldest + 1))
            twins = chance.rate("twins")
            shared = elder.given[0] if elder and elder.given and chance.rate("siblings_named_alike") else ""
            if not shared and man.given and chance.rate("named_after_parent"):
                shared = man.given[-1]
            elder = self.person(chance.next() < 0.52, born, surname, wife, shared, child=True)
            if twins:
                self.twin(elder)

    def twin(self, first: Person) -> None:
        """Add the twin of `first`."""
        chance = self.chance
        male = first.male if chance.rate("twins_same_sex") else not first.male
        shared = first.given[0] if chance.rate("twins_named_alike") and "·" not in first.given else ""
        second = self.person(male, first.born, first.surname, first.mother, shared, child=True)
        if second.given == first.given:
            second.given = shared + chance.pick(_STREETS)[0]
        first.twin = second.twin = True

    def day(self, age: int) -> tuple[int, int, int]:
        """Give a day in the year in which somebody `age` years old was born, at the latest in October."""
        month = self.chance.below(10 if age == 0 else 12)
        return TODAY.year - age, month + 1, 1 + self.chance.below(_MONTH_DAYS[month])

    def adult(self, male: bool, age: int, surname: str | None = None) -> Person:
        """Add an adult."""
        return self.person(male, self.day(age), surname, None, "", child=False)

    def person(
        self,
        male: bool,
        born: tuple[int, int, int],
        surname: str | None,
        mother: Person | None,
        shared: str,
        *,
        child: bool,
    ) -> Person:
        """Add a person; `shared` is a character the name begins with."""
        chance = self.chance
        surname, given = self.name(male, born[0], surname, shared)
        if not child and len(self.people) > 20 and chance.rate("same_name_neighbour"):
            other = self.people[-1 - chance.below(20)]
            if other.male == male:
                surname, given = other.surname, other.given
        age = TODAY.year - born[0]
        shares = "elder_phone" if age > 65 else "child_phone"
        line = self.line if chance.rate(shares) else self.phone()
        person = Person(
            self.first + len(self.people),
            surname,
            given,
            male,
            born,
            self.number(male, born),
            mother.phone if mother and age <= 15 else line,
            self.home,
            mother=mother,
            household=self.members,
        )
        self.changes(person)
        self.members.append(person)
        self.people.append(person)
        return person

    def changes(self, person: Person) -> None:
        """Let the years pass: another telephone, another home, another name."""
        chance = self.chance
        if chance.rate("changed_phone"):
            person.old_phone = self.phone()
        if chance.rate("moved"):
            county = chance.below(_COUNTIES) if chance.rate("moved_far") else self.county
            person.old_home = Home(
                county,
                chance.pick(_STREETS),
                chance.pick(_STREETS),
                1 + chance.below(18),
                1 + chance.below(120),
                chance.next() < 0.6,
            )
        if not self.long:
            if chance.rate("rare_character"):
                person.given = person.given[:-1] + chance.pick(_RARE)
                person.rare = True
            if chance.rate("renamed"):
                person.old_given = self.name(person.male, person.born[0], person.surname, "")[1]

    def name(self, male: bool, year: int, surname: str | None, shared: str) -> tuple[str, str]:
        """Give a surname and a given name; names with `·` have no surname."""
        chance = self.chance
        if self.long:
            return "", f"{chance.pick(_LONG['male' if male else 'female'])}·{chance.pick(_LONG['male'])}"
        surname = surname or _SURNAMES.draw(chance)
        single, characters = _GIVEN[male, max(year, 1900)]
        if not shared and chance.next() < single:
            return surname, characters.draw(chance)
        return surname, (shared or characters.draw(chance)) + characters.draw(chance)

    def number(self, male: bool, born: tuple[int, int, int]) -> str:
        """Give an identity number that nobody else has here."""
        front = f"{self.division}{born[0]:04d}{born[1]:02d}{born[2]:02d}"
        at = self.chance.below(BAND)
        while True:
            body = f"{front}{(self.band + at) * 2 + (1 if male else 2):03d}"
            if body not in self.used:
                self.used.add(body)
                return body + resident_check(body)
            at = (at + 1) % BAND

    def phone(self) -> str:
        """Give a number in a mobile prefix that isn't in use (see `identifiers`)."""
        return f"154{self.chance.below(100_000_000):08d}"
