"""A person as one institution recorded them: what is missing, old or wrong, at the rates of the tables."""

from datetime import date, timedelta
from typing import NamedTuple

from xinglin_demo import population_slips as slips
from xinglin_demo.population_chance import RATES, Chance, Urn
from xinglin_demo.population_people import Home, Person
from xinglin_demo.tables import Row, table


class Record(NamedTuple):
    """A row: what the record says, and behind `city` what is true of it."""

    id: str
    source: str
    full_name: str
    surname: str
    given_name: str
    sex: str
    birth_date: str
    identity_number: str
    phone: str
    address_line: str
    city: str
    entity: int
    twin: bool
    """The person has a twin."""
    borrowed: bool
    """The identity number is another person's."""
    newborn: bool
    """An infant under its mother's name and number."""


COLUMNS = Record._fields
RECORDED = COLUMNS[: COLUMNS.index("entity")]
"""The columns of the record itself; the others are the truth about it."""


class Sender:
    """An institution's habits, from `tables/population_sources.csv`."""

    def __init__(self, row: Row) -> None:
        self.name = row["sender"]
        self.no_identity, self.no_phone = float(row["no_identity"]), float(row["no_phone"])
        self.no_address, self.no_sex = float(row["no_address"]), float(row["no_sex"])
        self.rough_birth, self.no_birth = float(row["rough_birth"]), float(row["no_birth"])
        self.parts, self.full_address = row["parts"] == "yes", row["full_address"] == "yes"
        self.newborns = row["newborns"] == "yes"
        slips_more = float(row["slips"])
        self.rates = {name: rate * slips_more for name, rate in RATES.items()}
        self.any_name = sum(self.rates[name] for name in _NAME_SLIPS)
        self.any_birth = sum(self.rates[name] for name in _BIRTH_SLIPS)


_NAME_SLIPS = (
    "name_sound",
    "name_shape",
    "name_speech",
    "name_turned",
    "name_short",
    "name_spaced",
    "name_traditional",
)
_BIRTH_SLIPS = ("birth_digit", "birth_turned", "birth_year")
_SENDERS = {row["sender"]: Sender(row) for row in table("population_sources")}
_WHICH = Urn(list(_SENDERS), [float(row["share"]) for row in table("population_sources")])
_COUNTIES = tuple((row["city"], row["county"]) for row in table("population_counties"))
_NUMERALS = "零一二三四五六七八九十"
_SEXES = (("男", "女"), ("male", "female"), ("1", "2"))
_COUNTS = (1, 1, 2, 2, 3, 3, 3, 4, 4, 5)
"""How many records a person has."""


def records(person: Person, people: list[Person], chance: Chance) -> list[Record]:
    """Give all records of `person`; `people` are those of the neighbourhood."""
    return [
        record(person, people, _SENDERS[_WHICH.draw(chance)], chance)
        for _ in range(_COUNTS[chance.below(len(_COUNTS))])
    ]


def record(person: Person, people: list[Person], sender: Sender, chance: Chance) -> Record:
    """Give the record that `sender` made of `person`."""
    roll = chance.next
    if person.mother and person.age < 1 and sender.newborns and chance.rate("infant"):
        return _newborn(person, person.mother, sender, chance)
    number, borrowed = _number(person, people, sender, chance)
    surname, given = _name(person, sender, chance)
    sexes = _SEXES[chance.below(3)]
    male = person.male if roll() >= sender.rates["sex_wrong"] else not person.male
    home = person.old_home if person.old_home and roll() < 0.35 else person.home
    return Record(
        "",
        sender.name,
        surname + given,
        surname if sender.parts and person.surname else "",
        given if sender.parts and person.surname else "",
        "" if roll() < sender.no_sex else sexes[not male],
        _birth(person, sender, chance),
        number,
        "" if roll() < sender.no_phone else _phone(person, sender, chance),
        "" if roll() < sender.no_address else _address(home, sender, chance),
        _COUNTIES[home.county][0],
        person.entity,
        person.twin,
        borrowed,
        newborn=False,
    )


def _newborn(person: Person, mother: Person, sender: Sender, chance: Chance) -> Record:
    twins = [one for one in person.household if one.twin and one.born == person.born]
    order = ("大", "小")[twins.index(person)] if len(twins) == 2 else ""
    name = f"{mother.surname}{mother.given}之{order}{'子' if person.male else '女'}"
    return Record(
        "",
        sender.name,
        name,
        "",
        "",
        _SEXES[0][not person.male],
        _day(person.born),
        mother.number,
        mother.phone,
        _address(person.home, sender, chance),
        _COUNTIES[person.home.county][0],
        person.entity,
        person.twin,
        borrowed=True,
        newborn=True,
    )


def _name(person: Person, sender: Sender, chance: Chance) -> tuple[str, str]:
    """Give the surname and the given name as entered."""
    surname, given = person.surname, person.given
    if person.old_given and chance.next() < 0.4:
        given = person.old_given
    if not surname:
        return "", _long(given, chance)
    if person.rare and chance.rate("rare_typed") and not person.old_given:
        given = given[:-1] + slips.substitute(given[-1], chance)
    if not person.male and person.born[0] < 1940 and person.husband and chance.rate("married_name"):
        return person.husband, f"{surname}氏"
    roll = chance.next()
    if roll >= sender.any_name:
        return surname, given
    for slip in _NAME_SLIPS:
        roll -= sender.rates[slip]
        if roll < 0:
            return _slipped(slip, surname, given, chance)
    return surname, given


def _long(given: str, chance: Chance) -> str:
    if chance.rate("long_name_short"):
        return given.partition("·")[0]
    return slips.dotted(given, chance) if chance.rate("long_name_dot") else given


def _slipped(slip: str, surname: str, given: str, chance: Chance) -> tuple[str, str]:
    """Let one thing go wrong with a name; compound surnames stay whole."""
    if slip == "name_turned":
        return surname, given[::-1]
    if slip == "name_short":
        return surname, given[-1]
    if slip == "name_spaced":
        return surname, f" {given}"
    if slip == "name_traditional":
        return slips.traditional(surname), slips.traditional(given)
    change = {"name_sound": slips.sounded, "name_shape": slips.mistaken, "name_speech": slips.misheard}[slip]
    written = change(surname + given, chance)
    return written[: len(surname)], written[len(surname) :]


def _day(born: tuple[int, int, int]) -> str:
    return f"{born[0]:04d}-{born[1]:02d}-{born[2]:02d}"


def _birth(person: Person, sender: Sender, chance: Chance) -> str:
    """Give the birth date as entered."""
    year, month, day = person.born
    roll = chance.next() - sender.no_birth
    if roll < 0:
        return ""
    roll -= sender.rough_birth * (3 if year < 1960 else 1)
    if roll < 0:
        return f"{year:04d}-01-01"
    if year < 1970 and chance.rate("lunar_birthday"):
        return (date(year, month, day) - timedelta(days=20 + chance.below(31))).isoformat()
    roll = chance.next()
    if roll >= sender.any_birth:
        return f"{year:04d}-{month:02d}-{day:02d}"
    return _wrong_birth(person.born, roll, sender, chance)


def _wrong_birth(born: tuple[int, int, int], roll: float, sender: Sender, chance: Chance) -> str:
    year, month, day = born
    roll -= sender.rates["birth_turned"]
    if roll < 0 and day <= 12:
        return f"{year:04d}-{day:02d}-{month:02d}"
    if roll < sender.rates["birth_year"]:
        year += (1, -1, 10, -10)[chance.below(4)]
        return _day((min(year, 2026), month, min(day, 28)))
    for _ in range(9):
        written = slips.digit(f"{year:04d}{month:02d}{day:02d}", chance)
        try:
            changed = date(int(written[:4]), int(written[4:6]), int(written[6:]))
        except ValueError:
            continue
        if 1900 < changed.year <= 2026:
            return changed.isoformat()
    return _day(born)


def _number(person: Person, people: list[Person], sender: Sender, chance: Chance) -> tuple[str, bool]:
    """Give the identity number as entered, and whether it is another person's."""
    roll = chance.next() - sender.no_identity * (2.5 if person.age < 3 else 1)
    if roll < 0:
        return "", False
    if person.age > 15 and chance.rate("borrowed"):
        lenders = person.household if len(person.household) > 1 and chance.next() < 0.7 else people
        lender = lenders[chance.below(len(lenders))]
        if lender is not person and lender.age > 15:
            return lender.number, True
    number = person.number
    if 1900 < person.born[0] < 1985 and chance.rate("old_number"):
        return slips.old_number(number), False
    roll = chance.next() - sender.rates["identity_digit"]
    if roll < 0:
        return slips.digit(number, chance), False
    if roll < sender.rates["identity_turned"]:
        return slips.turned(number, chance), False
    return number, False


def _phone(person: Person, sender: Sender, chance: Chance) -> str:
    phone = person.old_phone if person.old_phone and chance.next() < 0.4 else person.phone
    return slips.digit(phone, chance) if chance.next() < sender.rates["phone_digit"] else phone


def _address(home: Home, sender: Sender, chance: Chance) -> str:
    """Give the address as the sender writes addresses."""
    city, county = _COUNTIES[home.county]
    above = f"江西省{city}{county}" if sender.full_address else county if chance.next() < 0.7 else ""
    door = home.door
    if chance.next() < sender.rates["address_digit"]:
        door = 1 + chance.below(120)
    if not home.rural:
        return f"{above}{home.township}街道{home.street}路{_house(door, '号', chance)}"
    group = f"{home.group}组" if home.group > 10 or chance.next() < 0.8 else f"{_NUMERALS[home.group]}组"
    return f"{above}{home.township}镇{home.street}村{group}{_house(door, '号', chance)}"


def _house(door: int, unit: str, chance: Chance) -> str:
    return "" if chance.rate("address_short") else f"{door}{unit}"
