"""What of a name is compared: its characters, its sound, and keys of what it is mistaken for."""

import re
from dataclasses import dataclass
from functools import cache, lru_cache
from typing import Final, TypeAlias

from xinglin.standards.persons.characters import clean, is_han, shape
from xinglin.standards.persons.sounds import given_syllables, likeness, sound, surname_syllables
from xinglin.standards.persons.surnames import split
from xinglin.standards.persons.tables import table

TITLES: Final = ("先生", "女士", "小姐", "同志", "老师", "医生", "婆婆", "爷爷", "奶奶")
"""Forms of address behind a name; taken off only where the source says that it writes them."""
_NEWBORN: Final = re.compile(
    "(?P<mother>.{2,20}?)"
    "(?:之双?(?:胞胎)?(?P<before>[长大次小三一二甲乙])?(?:男婴|女婴|婴儿|子|女|男|儿|婴)|男婴|女婴|婴儿)"
    "(?P<behind>[一二三甲乙大小ab123])?"
)
"""How hospitals write newborns that have no name yet: 王丽之女, 王丽之次子, 王丽之子A, 王丽女婴."""
_ORDERS: Final = {
    **dict.fromkeys("长大一甲a1", 1),
    **dict.fromkeys("次小二乙b2", 2),
    **dict.fromkeys("三3", 3),
}
"""Which of twins or triplets a mark means."""
_NEWBORN_ENDS: Final = tuple("子女男儿婴一二三甲乙大小ab123")
_MARRIED: Final = "氏"


_Text: TypeAlias = str | None
NameForms: TypeAlias = tuple[_Text, _Text, _Text, _Text, _Text, _Text, _Text, _Text, _Text, _Text]


@dataclass(frozen=True, slots=True)
class Name:
    """The forms of a name; None for what isn't known.

    `given` has no `·`: it goes, as some systems drop it. `first` and `last` are set for names without a
    surname: the first and the last of the parts between `·`, by which long names are shortened.
    """

    surname: str | None = None
    given: str | None = None
    surname_sound: str | None = None
    given_sound: str | None = None
    surname_like: str | None = None
    given_like: str | None = None
    surname_shape: str | None = None
    given_shape: str | None = None
    first: str | None = None
    last: str | None = None
    mother: str | None = None
    """The mother's name, of a newborn that is registered as hers (王丽之女)."""
    order: int | None = None
    """Which of a multiple birth such a newborn is."""

    def forms(self) -> NameForms:
        """Give all but `mother` and `order`, in their order."""
        return (
            self.surname,
            self.given,
            self.surname_sound,
            self.given_sound,
            self.surname_like,
            self.given_like,
            self.surname_shape,
            self.given_shape,
            self.first,
            self.last,
        )


NAMELESS: Final = Name()


def read_name(
    full: str | None, surname: str | None = None, given: str | None = None, *, titles: bool = False
) -> Name:
    """Read a name from its parts, or where they are missing from the whole.

    `titles`: the source writes 先生 and the like behind names, so they are taken off.
    """
    if not (full or surname or given):
        return NAMELESS
    if surname and given:
        return _forms(clean(surname) or None, clean(given) or None)
    text = clean(full or given or surname or "")
    if titles:
        text = next((text.removesuffix(title) for title in TITLES if text.endswith(title)), text)
    if text in _no_names():
        return NAMELESS
    newborn = _NEWBORN.fullmatch(text) if text.endswith(_NEWBORN_ENDS) else None
    if newborn:
        order = newborn["before"] or newborn["behind"]
        return Name(mother=newborn["mother"], order=_ORDERS[order] if order else None)
    if surname and text.startswith(clean(surname)):
        before = clean(surname)
        return _forms(before, text[len(before) :] or None)
    return _forms(*split(text))


def parts(full: str, surname: str | None = None) -> tuple[str, str] | None:
    """Split a full name as it is written into surname and given name; None where that can't be told for sure.

    Only Han names of a known surname: not newborns' (王丽之女), nor those written with `·` or letters.
    """
    text = full.strip()
    if not all(map(is_han, text)):
        return None
    name = read_name(text, surname)
    if not (name.surname and name.given) or name.surname + name.given != clean(text):
        return None
    return text[: len(name.surname)], text[len(name.surname) :]


@cache
def _no_names() -> frozenset[str]:
    """Give what is written in place of a name that isn't known (无名氏, 不详)."""
    return frozenset(row["text"] for row in table("no_names"))


def _forms(surname: str | None, given: str | None) -> Name:
    family = _surname_forms(surname) if surname and surname != "?" else (None, None, None, None)
    if given is None or given.endswith(_MARRIED):
        # 李王氏: of women entered so no given name is known.
        return Name(family[0], None, family[1], None, family[2], None, family[3])
    first, _, last = given.partition("·")
    syllables = given_syllables(given)
    whole = given.replace("·", "")
    return Name(
        family[0],
        whole,
        family[1],
        sound(syllables),
        family[2],
        likeness(syllables),
        family[3],
        shape(whole),
        first if surname is None else None,
        last.rpartition("·")[2] or whole if surname is None else None,
    )


@lru_cache(maxsize=16_384)
def _surname_forms(surname: str) -> tuple[str, str | None, str | None, str]:
    syllables = surname_syllables(surname)
    return surname, sound(syllables), likeness(syllables), shape(surname)
