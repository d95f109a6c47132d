"""Read one value of one field: text to its columns, None for what isn't known."""

import re
import unicodedata
from datetime import date
from functools import cache
from typing import Final, TypeAlias

from xinglin.core import clock
from xinglin.standards.persons.addresses import place
from xinglin.standards.persons.births import birth
from xinglin.standards.persons.characters import clean, shape
from xinglin.standards.persons.numbers import identity_number, phone_number
from xinglin.standards.persons.sounds import given_syllables, likeness, surname_syllables
from xinglin.standards.persons.surnames import split

Text: TypeAlias = str | None

_DAY_FIRST: Final = re.compile(r"(\d{1,2})[./-](\d{1,2})[./-](\d{4})")
_SEXES: Final = {
    "1": "male", "男": "male", "男性": "male", "m": "male", "male": "male",
    "2": "female", "女": "female", "女性": "female", "f": "female", "female": "female",
}  # fmt: skip
"""GB/T 2261.1 and FHIR AdministrativeGender; other values say nothing about sex."""


@cache
def _today() -> date:
    return clock.now().date()


def _joined(text: Text) -> Text:
    return text.replace(" ", "") or None if text else None


def surname_forms(text: Text) -> tuple[Text, Text, Text]:
    """Give a surname's normal form, its sound and its sound for other ears."""
    name = clean(text) if text else ""
    if not name:
        return None, None, None
    syllables = surname_syllables(name)
    return _joined(name), _sound(syllables), likeness(syllables)


def given_forms(text: Text) -> tuple[Text, Text, Text, Text]:
    """Give a given name's normal form, its sound, its sound for other ears, and its shape."""
    name = clean(text) if text else ""
    if not name:
        return None, None, None, None
    syllables = given_syllables(name)
    return _joined(name), _sound(syllables), likeness(syllables), _joined(shape(name))


def name_forms(text: str) -> tuple[Text, ...]:
    """Split a full name; give the forms of the surname and of the given name."""
    surname, given = split(clean(text))
    return *surname_forms(surname), *given_forms(given)


def _sound(syllables: tuple[str, ...]) -> Text:
    return "".join(syllables) or None


def read_sex(text: str) -> tuple[Text]:
    """Give `male`, `female`, or None."""
    return (_SEXES.get(text.lower()),)


def read_birth(text: str) -> tuple[Text]:
    """Give a birth date's digits as far as it is known; what can't be a date keeps its digits, for slips."""
    if found := _DAY_FIRST.fullmatch(text):
        text = f"{found[3]}-{found[2]:0>2}-{found[1]:0>2}"
    read = birth(text, _today())
    if read.day:
        return (read.day,)
    digits = re.sub(r"\D", "", text)
    if len(digits) == 8 and (read.year or digits[:4] in {"0000", "9999"} or digits[4:] == "0101"):
        return (None,) if read.year is None else (digits,)
    return (digits if len(digits) in {4, 6, 8} else str(read.year) if read.year else None,)


def read_number(text: str) -> tuple[Text]:
    """Give a resident identity number's 17 digits (old ones completed), or another number as it is."""
    found = identity_number(text)
    if found is None:
        return (None,)
    is_resident = len(found.value) == 18 and found.value[:17].isdigit()
    return (found.value[:17] if is_resident else found.value,)


def read_phone(text: str) -> tuple[Text]:
    """Give the first phone number of a field."""
    return (phone_number(re.split(r"[;,；，、/]", text)[0]),)


def words(text: str) -> tuple[Text]:
    """Give text without case, width and blanks: where blanks stand is the commonest slip of all."""
    plain = unicodedata.normalize("NFKC", text[:300]).lower()
    return (_joined(" ".join(plain.split())),)


def read_place(text: str) -> tuple[Text, Text, Text]:
    """Give an address's division, its street, and the numbers in it; one in letters stays whole."""
    if text.isascii():
        return None, words(text)[0], None
    found = place(text)
    return found.division, found.street, found.house
