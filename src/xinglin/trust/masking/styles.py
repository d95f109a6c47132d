"""What is left of a value that is shown in part. Whatever comes in, the value as a whole doesn't come out."""

from typing import Final

STARS: Final = "***"


def name(text: str) -> str:
    """Give the first letter: 王小明 becomes 王*."""
    text = text.strip()
    return f"{text[0]}*" if len(text) > 1 else "*"


def number(text: str) -> str:
    """Give the ends: 360102199003071234 becomes 3601**********1234."""
    return _ends(text, 4, 4) if len(text) >= 15 else _ends(text, 2, 2) if len(text) >= 8 else STARS


def phone(text: str) -> str:
    """Give the ends: 13812345678 becomes 138****5678; of an e-mail address the first letter."""
    if "@" in text:
        return f"{text[0]}{STARS}"
    return _ends(text, 3, 4) if len(text) >= 11 else STARS


def year(text: str) -> str:
    """Give the year of a FHIR date."""
    return text[:4]


def _ends(text: str, head: int, tail: int) -> str:
    return text[:head] + "*" * (len(text) - head - tail) + text[-tail:]
