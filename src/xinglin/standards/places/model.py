"""What a place is."""

from dataclasses import dataclass
from enum import IntEnum


class Level(IntEnum):
    """How far down a place stands; a larger number is further down."""

    PROVINCE = 1
    PREFECTURE = 2
    COUNTY = 3
    TOWNSHIP = 4
    VILLAGE = 5


@dataclass(frozen=True, slots=True)
class Place:
    """A place with its code: six digits down to the county, nine for a township, twelve for a village.

    `since` and `until` are years (None: before the tables begin, or still). `source` names who says so,
    `confidence` how sure that is (read, inferred, unverified).
    """

    code: str
    name: str
    level: Level
    since: int | None = None
    until: int | None = None
    source: str = "GB/T 2260"
    confidence: str = "read"

    @property
    def current(self) -> bool:
        """Whether the newest table still has it."""
        return self.until is None


def level_of(code: str) -> Level | None:
    """Tell the level by a code's form; None where no code looks so."""
    if not (code.isascii() and code.isdigit()):
        return None
    match len(code):
        case 6:
            return _upper(code)
        case 9:
            return Level.TOWNSHIP
        case 12:
            return Level.VILLAGE
        case _:
            return None


def _upper(code: str) -> Level:
    if code.endswith("0000"):
        return Level.PROVINCE
    return Level.PREFECTURE if code.endswith("00") else Level.COUNTY


def is_below(code: str, upper: str) -> bool:
    """Tell whether `code` is a place within `upper`, or that place itself."""
    return code.startswith(stem(upper))


def stem(code: str) -> str:
    """Give the digits that everything within a place begins with."""
    level = level_of(code)
    return code[: int(level) * 2] if level is not None and level <= Level.PREFECTURE else code
