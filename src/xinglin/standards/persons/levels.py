"""How near two persons are, field by field: small whole numbers, higher is nearer, 0 is disagreement.

Every function takes two `Features` and gives None where a side lacks what it compares. They use only
equality, prefixes, lengths, Damerau-Levenshtein distance and Jaro-Winkler similarity, so that SQL can say the
same. What a level means in words is in `data/levels.csv`.
"""

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from functools import cache
from typing import Final

from rapidfuzz.distance import DamerauLevenshtein, JaroWinkler

from xinglin.standards.persons.features import Features
from xinglin.standards.persons.tables import table

NEAR: Final = 0.88
"""Jaro-Winkler similarity from which two spellings are much alike."""
NEAR_STREET: Final = 0.9
LETTERS: Final = 4
"""Length from which one differing character is a slip: Chinese names are shorter, spelled names longer."""
LUNAR: Final = (17, 53)
"""Days by which a date of the lunar calendar, taken for solar, comes too early: new year falls between
21 January and 20 February, and a leap month adds up to one more (inferred)."""

_slip = DamerauLevenshtein.distance


def _similar(one: str, other: str, score_cutoff: float) -> float:
    """Give the Jaro-Winkler similarity of the UTF-8 bytes: that is what DuckDB compares."""
    return JaroWinkler.similarity(one.encode(), other.encode(), score_cutoff=score_cutoff)


def _one_off(one: str, other: str) -> bool:
    """Tell whether one character is another, lost or added, or two neighbours are exchanged."""
    return _slip(one, other, score_cutoff=1) <= 1


def surname(a: Features, b: Features) -> int | None:
    """Compare surnames: 5 same, 4 same sound, 3 alike, 2 spelled much alike, 1 exchanged, 0 other."""
    one, other = a.surname, b.surname
    if one is None or other is None:
        return None
    if one == other:
        return 5
    if a.surname_sound == b.surname_sound and a.surname_sound is not None:
        return 4
    if a.surname_shape == b.surname_shape or (
        a.surname_like == b.surname_like and a.surname_like is not None
    ):
        return 3
    if len(one) >= LETTERS and len(other) >= LETTERS:
        if _one_off(one, other):
            return 3
        if _similar(one, other, score_cutoff=NEAR) >= NEAR:
            return 2
    return int(one == b.given or other == a.given)


def given(a: Features, b: Features) -> int | None:
    """Compare given names: 6 same, 5 but for unknown characters, 4 sound, 3 alike, 2 part, 1 exchanged."""
    one, other = a.given, b.given
    if one is None or other is None:
        return None
    if one == other:
        return 6
    if ("?" in one and _fits(other, one)) or ("?" in other and _fits(one, other)):
        return 5
    if a.given_sound == b.given_sound and a.given_sound is not None:
        return 4
    if a.given_shape == b.given_shape or (a.given_like == b.given_like and a.given_like is not None):
        return 3
    return _spelled(one, other) or int(one == b.surname or other == a.surname)


def _fits(name: str, pattern: str) -> bool:
    """Tell whether `name` is `pattern`, in which `?` stands for any one character."""
    return len(name) == len(pattern) and all(p in ("?", c) for c, p in zip(name, pattern, strict=True))


def _spelled(one: str, other: str) -> int:
    """Give 3 for one slip in a long name, 2 for a part that is the same or a spelling much alike, else 0."""
    if len(one) >= LETTERS and len(other) >= LETTERS:
        if _one_off(one, other):
            return 3
        if _similar(one, other, score_cutoff=NEAR) >= NEAR:
            return 2
    if len(one) == 2 == len(other):
        return 2 if one[0] == other[0] or one[1] == other[1] else 0
    if one.startswith(other) or one.endswith(other) or other.startswith(one) or other.endswith(one):
        return 2
    return 0


def sex(a: Features, b: Features) -> int | None:
    """Compare the sex: 1 same, 0 other."""
    return None if a.sex is None or b.sex is None else int(a.sex == b.sex)


def birth(a: Features, b: Features) -> int | None:
    """Compare birth dates: 8 same, 7 exchanged, 6 a digit, 5 year off, 4 lunar, 3-1 year only, 0 other."""
    if a.birth_year is None or b.birth_year is None:
        return None
    apart = abs(a.birth_year - b.birth_year)
    if a.birth_rough or b.birth_rough or a.birth is None or b.birth is None:
        return 3 if apart == 0 else int(apart <= 2)
    if a.birth == b.birth:
        return 8
    if a.birth_swapped == b.birth:
        return 7
    if _one_off(a.birth, b.birth):
        return 6
    if apart in (1, 10) and a.birth[4:] == b.birth[4:]:
        return 5
    if LUNAR[0] <= abs((a.birth_number or 0) - (b.birth_number or 0)) <= LUNAR[1]:
        return 4
    return 2 if apart == 0 else 0


def identity(a: Features, b: Features) -> int | None:
    """Compare identity numbers: 4 same and checked, 3 same, 2 a digit, 1 other and one unchecked, 0 other."""
    one, other = a.identity, b.identity
    if one is None or other is None:
        return None
    both = a.identity_checked and b.identity_checked
    if one == other:
        return 4 if both else 3
    if not both:
        if a.identity_short == b.identity_short and a.identity_short is not None:
            return 3
        return 2 if _one_off(one, other) else 1
    return 0


def document(a: Features, b: Features) -> int | None:
    """Compare other documents' numbers: 1 same, 0 other."""
    return None if a.document is None or b.document is None else int(a.document == b.document)


def insured(a: Features, b: Features) -> int | None:
    """Compare insurance numbers: 1 same, 0 other."""
    return None if a.insured is None or b.insured is None else int(a.insured == b.insured)


def card(a: Features, b: Features) -> int | None:
    """Compare card and health record numbers: 1 same, 0 other."""
    return None if a.card is None or b.card is None else int(a.card == b.card)


def phone(a: Features, b: Features) -> int | None:
    """Compare telephones: 2 one is the same, 1 the first differ by a digit, 0 other."""
    if a.phone is None or b.phone is None:
        return None
    if a.phone == b.phone:
        return 2
    if a.phone_other is not None and a.phone_other in (b.phone, b.phone_other):
        return 2
    if b.phone_other == a.phone:
        return 2
    return int(_one_off(a.phone, b.phone))


def address(a: Features, b: Features) -> int | None:
    """Compare addresses: 5 same, 4 same street, 3 street alike, 2 county, 1 city, 0 other."""
    here, there = a.division, b.division
    if (a.street is None or b.street is None) and (here is None or there is None):
        return None
    if here is None or there is None or here.startswith(there) or there.startswith(here):
        found = _street(a, b)
        if found:
            return found
    if here is None or there is None or here[:4] != there[:4]:
        return 0
    return 2 if here == there and len(here) == 6 else int(len(here) >= 4)


def _street(a: Features, b: Features) -> int:
    if a.street is None or b.street is None:
        return 0
    if a.street == b.street:
        return 5 if a.house == b.house and a.house is not None else 4
    return 3 if _similar(a.street, b.street, score_cutoff=NEAR_STREET) >= NEAR_STREET else 0


def mother(a: Features, b: Features) -> int | None:
    """Compare mothers' names: 2 same, 1 same sound, 0 other."""
    if a.mother is None or b.mother is None:
        return None
    if a.mother == b.mother:
        return 2
    return int(a.mother_sound == b.mother_sound and a.mother_sound is not None)


def birth_order(a: Features, b: Features) -> int | None:
    """Compare the place in a multiple birth: 1 same, 0 other."""
    return None if a.birth_order is None or b.birth_order is None else int(a.birth_order == b.birth_order)


COMPARISONS: Final[Mapping[str, Callable[[Features, Features], int | None]]] = {
    "surname": surname,
    "given": given,
    "sex": sex,
    "birth": birth,
    "identity": identity,
    "document": document,
    "insured": insured,
    "card": card,
    "phone": phone,
    "address": address,
    "mother": mother,
    "birth_order": birth_order,
}
"""The fields that are compared, in the order of `levels`."""
FIELDS: Final = tuple(COMPARISONS)


def levels(a: Features, b: Features) -> tuple[int | None, ...]:
    """Compare two persons: one level a field, in the order of `FIELDS`."""
    return tuple(compare(a, b) for compare in COMPARISONS.values())


@dataclass(frozen=True, slots=True)
class Level:
    """What a level of a field means, in both languages, and where the choice comes from."""

    field: str
    level: int
    name_en: str
    name_zh: str
    source: str
    edition: str
    confidence: str

    def name(self, language: str = "en") -> str:
        """Say it in `language` ("en" or "zh")."""
        return self.name_zh if language == "zh" else self.name_en


@cache
def meanings() -> Mapping[tuple[str, int], Level]:
    """Give what every level means, by field and level."""
    return {
        (row["field"], int(row["level"])): Level(
            row["field"],
            int(row["level"]),
            row["name_en"],
            row["name_zh"],
            row["source"],
            row["edition"],
            row["confidence"],
        )
        for row in table("levels")
    }
