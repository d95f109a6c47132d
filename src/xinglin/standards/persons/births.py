"""Birth dates as far as they are known: the day, only the year, or nothing behind a filler."""

import re
from dataclasses import dataclass
from datetime import date
from functools import lru_cache
from typing import Final

_FORM: Final = re.compile(
    r"([0-9]{4})[-/.年]?(?:([0-9]{1,2})[-/.月]?(?:([0-9]{1,2})日?)?)?(?:[T ].*)?", re.DOTALL
)
_FILLERS: Final = frozenset({"18000101", "19000101", "19010101", "99991231", "00010101", "19700101"})
"""Dates that systems write where none is known; 1970-01-01 is the zero of Unix clocks."""
_EARLIEST: Final = 1850


@dataclass(frozen=True, slots=True)
class Birth:
    """A birth date. `day` is YYYYMMDD where it is known; `number` counts days (proleptic ordinal).

    `swapped` is the day with month and day exchanged, where that is another date. On 1 January (`rough`)
    people are entered whose day isn't known, so only the year counts.
    """

    year: int | None = None
    day: str | None = None
    swapped: str | None = None
    number: int | None = None
    rough: bool = False

    def forms(self) -> tuple[str | None, str | None, int | None, int | None, int]:
        """Give day, swapped day, year, number and 1 where it is rough."""
        return self.day, self.swapped, self.year, self.number, int(self.rough)


UNKNOWN: Final = Birth()


@lru_cache(maxsize=65_536)
def birth(text: str, today: date) -> Birth:
    """Read a date as FHIR, GB/T 7408 and people write it; in the future or before 1850 it counts as none."""
    found = _FORM.fullmatch(text.strip()[:40])
    if not found:
        return UNKNOWN
    year, month, day = int(found[1]), int(found[2] or 0), int(found[3] or 0)
    if not _EARLIEST <= year <= today.year or f"{year:04d}{month:02d}{day:02d}" in _FILLERS:
        return UNKNOWN
    try:
        number = date(year, month, day).toordinal()
    except ValueError:
        return Birth(year, rough=True)
    if number > today.toordinal():
        return UNKNOWN
    swapped = f"{year:04d}{day:02d}{month:02d}" if day <= 12 and day != month else None
    written = f"{year:04d}{month:02d}{day:02d}"
    return Birth(year, written, swapped, number, written.endswith("0101"))
