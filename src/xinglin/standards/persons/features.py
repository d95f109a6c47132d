"""What of a person is compared: flat columns, the same for Python and for SQL.

`describe` fills them from plain values (a row of a table), `features` from a FHIR Patient. Every column is
text or a whole number, or None where the source doesn't tell it.
"""

from dataclasses import dataclass, fields
from datetime import date
from typing import Final

from xinglin.standards.persons.addresses import NOWHERE, place
from xinglin.standards.persons.births import UNKNOWN, Birth, birth
from xinglin.standards.persons.names import Name, read_name
from xinglin.standards.persons.numbers import IdentityNumber, identity_number, phone_number, plain_number


@dataclass(frozen=True, slots=True)
class Features:
    """The columns. Their names are the columns' names in SQL."""

    surname: str | None = None
    """Surname: simplified characters, or small letters."""
    given: str | None = None
    """Given name likewise, without `·`; `?` for a character that isn't known."""
    surname_sound: str | None = None
    given_sound: str | None = None
    """Pinyin without tones, written together; None where a character isn't known."""
    surname_like: str | None = None
    given_like: str | None = None
    """Pinyin with all made one that southern accents don't tell apart."""
    surname_shape: str | None = None
    given_shape: str | None = None
    """Characters with all made one that look alike or are typed for each other."""
    given_first: str | None = None
    given_last: str | None = None
    """First and last part of a name without surname; the whole where it has one part."""
    sex: str | None = None
    """`male` or `female`."""
    birth: str | None = None
    """Day of birth, YYYYMMDD."""
    birth_swapped: str | None = None
    """The same with month and day exchanged, where that is another date."""
    birth_year: int | None = None
    birth_number: int | None = None
    """Days since 0001-01-01, which is 1."""
    birth_rough: int = 0
    """1 where only the year counts: no day is known, or it is 1 January."""
    identity: str | None = None
    """Resident identity number, 18 characters where it can be; else what was written."""
    identity_short: str | None = None
    """Its form of 15 digits."""
    identity_checked: int = 0
    """1 where it was written with 18 characters and the check character agrees."""
    document: str | None = None
    """Another document: `kind:number`."""
    insured: str | None = None
    """Medical insurance number."""
    card: str | None = None
    """Resident health card, social security card or health record: `kind:number`."""
    phone: str | None = None
    phone_other: str | None = None
    division: str | None = None
    """GB/T 2260: two, four or six digits."""
    street: str | None = None
    """Township, village, street: without units and numbers."""
    house: str | None = None
    """The numbers of the address in their order, joined with `-`."""
    city: str | None = None
    postal_code: str | None = None
    state: str | None = None
    mother: str | None = None
    mother_sound: str | None = None
    birth_order: int | None = None
    """Which of a multiple birth; of newborns as in 王丽之子A."""
    mother_identity: str | None = None
    """The identity number of a newborn entered as its mother's (王丽之女), unless it is its own."""


COLUMNS: Final = tuple(field.name for field in fields(Features))
"""Names of the columns, in the order of `columns`."""


def columns(features: Features) -> tuple[str | int | None, ...]:
    """Give the values in the order of `COLUMNS`, for a bulk load."""
    return tuple(getattr(features, name) for name in COLUMNS)


def describe(
    today: date,
    *,
    full_name: str | None = None,
    surname: str | None = None,
    given_name: str | None = None,
    sex: str | None = None,
    birth_date: str | None = None,
    identity: str | None = None,
    document: str | None = None,
    insured: str | None = None,
    card: str | None = None,
    phones: tuple[str, ...] = (),
    street_number: str | None = None,
    address: str | None = None,
    division: str | None = None,
    city: str | None = None,
    postal_code: str | None = None,
    state: str | None = None,
    mother: str | None = None,
    birth_order: int | None = None,
    titles: bool = False,
) -> Features:
    """Fill the columns from plain values; what is empty or a filler becomes None.

    A birth date or sex that isn't given is taken from a checked identity number. `address` is the whole text
    or what is under the division; `division` its GB/T 2260 code where that is known. `titles` as in
    `read_name`.
    """
    name = read_name(full_name, surname, given_name, titles=titles)
    told = birth(birth_date, today) if birth_date else UNKNOWN
    number, lent = _whose(identity_number(identity) if identity else None, name, told)
    if told.year is None and number and number.born:
        told = birth(number.born, today)
    where = place(address or "", division) if address or division else NOWHERE
    return Features(
        *name.forms(),
        _SEXES.get(sex.strip().lower()) if sex else (number.sex if number else None),
        *told.forms(),
        *(number.forms() if number else (None, None, 0)),
        document,
        plain_number(insured) if insured else None,
        card,
        *_phones(phones),
        where.division,
        where.street,
        street_number or where.house,
        _small(city),
        _small(postal_code),
        _small(state),
        *_mother(mother, name),
        birth_order or name.order,
        lent,
    )


def _small(text: str | None) -> str | None:
    return (text.strip().lower() or None) if text else None


_SEXES: Final = {
    **dict.fromkeys(("male", "m", "1", "男", "男性"), "male"),
    **dict.fromkeys(("female", "f", "2", "女", "女性"), "female"),
}
"""FHIR's codes, GB/T 2261.1's and what tables write."""


def _whose(
    number: IdentityNumber | None, name: Name, born: Birth
) -> tuple[IdentityNumber | None, str | None]:
    """Give a person's own number and that of the mother under whom a newborn is entered."""
    if number and name.mother and (number.born is None or number.born != born.day):
        return None, number.value
    return number, None


def _phones(texts: tuple[str, ...]) -> tuple[str | None, str | None]:
    if not texts:
        return None, None
    found = [*dict.fromkeys(number for text in texts if text and (number := phone_number(text)))]
    return found[0] if found else None, found[1] if len(found) > 1 else None


def _mother(text: str | None, child: Name) -> tuple[str | None, str | None]:
    if not (text or child.mother):
        return None, None
    name = read_name(text or child.mother)
    sounds = (name.surname_sound or "") + (name.given_sound or "")
    return (name.surname or "") + (name.given or "") or None, sounds or None
