"""Results beyond what a method can measure, as sources write them: `<0.5`, `≥ 100`."""

import re
from typing import Final

_COMPARED: Final = re.compile(r"(<=|>=|<|>|≤|≥|＜|＞)\s*(.+)", re.DOTALL)
_SIGNS: Final = {"≤": "<=", "≥": ">=", "＜": "<", "＞": ">"}


def compared(text: str) -> tuple[str | None, str]:
    """Give FHIR's comparator at the beginning of a text, None where there is none, and what follows it."""
    found = _COMPARED.fullmatch(text)
    return (_SIGNS.get(found[1], found[1]), found[2]) if found else (None, text)
