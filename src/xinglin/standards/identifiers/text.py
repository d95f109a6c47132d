"""What happens to identifiers on their way through keyboards, spreadsheets and forms, undone."""

import re
import unicodedata
from typing import Final

_DROPPED: Final = frozenset(
    " \t\r\n\f\v\u00a0\u200b\u200c\u200d\u2060\ufeff"  # spaces, seen and unseen
    "-_\u2010\u2011\u2012\u2013\u2014\u2015\u2212"  # hyphens and dashes
    "'\"`\u2018\u2019\u201c\u201d"  # the quote that keeps a number text in a spreadsheet
)
_FRACTION: Final = re.compile(r"([0-9]+)\.0+")
_SCIENTIFIC: Final = re.compile(r"[0-9](\.[0-9]+)?E\+?[0-9]{1,2}")


def compact(text: str) -> str:
    """Make full-width characters ASCII, drop spaces, hyphens and quotes, and make a-z upper-case.

    Doing it twice changes nothing more.
    """
    if text.isascii() and text.isalnum():
        return text.upper()
    kept = (c for c in unicodedata.normalize("NFKC", text) if c not in _DROPPED and not c.isspace())
    # Dropping can bring a letter and an accent together, so compose once more. Only ASCII is made upper-case:
    # elsewhere one letter can become two.
    return unicodedata.normalize("NFKC", "".join(c.upper() if c.isascii() else c for c in kept))


def digits(text: str) -> str:
    """Do as `compact`, and drop the `.0` that a spreadsheet gives to a number."""
    cleaned = compact(text)
    number = _FRACTION.fullmatch(cleaned)
    return number[1] if number else cleaned


def is_rounded(text: str) -> bool:
    """Tell whether compacted `text` is a long number as a spreadsheet shows it (`1.10105E+17`)."""
    return _SCIENTIFIC.fullmatch(text) is not None


def spread(seed: int, *sizes: int) -> list[int]:
    """Give a number below each of `sizes`: other ones for other seeds, as far as their product allows."""
    found: list[int] = []
    for size in sizes:
        seed, rest = divmod(seed, size)
        found.append(rest)
    return found
